#include "hashing/describe.h"

#include <stdlib.h>

/* Keypoints that are looked at to choose those of an asset, and when two of them resemble
 * each other: half of the chosen ones more, as far as two may be and still match. A patch
 * that the picture has twice cannot tell where it is. Measured in hashing/LOCAL.md. */
#define CANDIDATES ((size_t)2 * CW_LPDQ_REGISTRY_POINTS)
#define ALIKE CW_LOCAL_RADIUS
/* A part is described from a map of this side. Larger parts of the picture are seen well
 * enough in the whole, and of two parts that mostly overlap the larger stands for both.
 */
#define PART_SIDE CW_LPDQ_LEAST_SIDE
#define PART_MOST 0.7    /* of the whole's area */
#define PART_OVERLAP 0.6 /* of the one described already */

struct cw_describe {
    struct cw_lpdq *lpdq;
    struct cw_area area;
    uint8_t *px; /* CW_LPDQ_QUERY_SIDE squared */
    struct cw_local candidates[CANDIDATES];
};

_Static_assert(CW_DESCRIBE_MAX <= CW_FP_MAX_LOCAL, "a fingerprint holds them all");

int cw_describe_new(struct cw_describe **out, struct cw_err *err)
{
    CW_AUTO(cw_describe_free) struct cw_describe *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for local descriptors");
    }
    d->px = malloc((size_t)CW_LPDQ_QUERY_SIDE * CW_LPDQ_QUERY_SIDE);
    if (d->px == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for local descriptors");
    }
    CW_TRY(cw_lpdq_new(CW_LPDQ_QUERY_SIDE, &d->lpdq, err));
    *out = d;
    d = NULL;
    return 0;
}

void cw_describe_free(struct cw_describe **d)
{
    if (*d != NULL) {
        cw_lpdq_free(&(*d)->lpdq);
        cw_area_done(&(*d)->area);
        free((*d)->px);
    }
    free(*d);
    *d = NULL;
}

/* The plane as it is, shrunk to at most max_side, or enlarged to CW_LPDQ_LEAST_SIDE: the
 * coarse levels of the pyramid need room. */
static int map_of(struct cw_describe *d, const struct cw_plane *plane, unsigned max_side,
                  struct cw_luma_map *out, struct cw_err *err)
{
    const unsigned longer = plane->width > plane->height ? plane->width : plane->height;
    struct cw_plane map = *plane;
    if (longer > max_side) {
        cw_plane_fit(plane->width, plane->height, max_side, &map.width, &map.height);
        map.px = d->px;
        map.stride = map.width;
        CW_TRY(cw_plane_reduce(plane, &d->area, &map, err));
    } else if (longer < CW_LPDQ_LEAST_SIDE) {
        map.width = (plane->width * CW_LPDQ_LEAST_SIDE + longer / 2) / longer;
        map.height = (plane->height * CW_LPDQ_LEAST_SIDE + longer / 2) / longer;
        map.px = d->px;
        map.stride = map.width;
        if (map.width == 0 || map.height == 0) { /* a line, not a picture */
            map = *plane;
        } else {
            cw_plane_enlarge(plane, &map);
        }
    }
    *out = (struct cw_luma_map){
        .px = map.px, .width = map.width, .height = map.height, .stride = map.stride};
    return 0;
}

static bool is_alike(const struct cw_local *l, const struct cw_local *chosen, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (cw_hash_distance(&l->bits, &chosen[i].bits) <= ALIKE) {
            return true;
        }
    }
    return false;
}

/* The best candidates that are like no other, then the best of the rest. */
static size_t choose(struct cw_local *candidates, size_t n, struct cw_local *out)
{
    bool left[CANDIDATES] = {false};
    size_t chosen = 0;
    for (size_t i = 0; i < n && chosen < CW_LPDQ_REGISTRY_POINTS; i++) {
        left[i] = is_alike(&candidates[i], out, chosen);
        if (!left[i]) {
            out[chosen++] = candidates[i];
        }
    }
    for (size_t i = 0; i < n && chosen < CW_LPDQ_REGISTRY_POINTS; i++) {
        if (left[i]) {
            out[chosen++] = candidates[i];
        }
    }
    return chosen;
}

int cw_describe_asset(struct cw_describe *d, const struct cw_plane *plane,
                      struct cw_local *out, size_t *out_n, struct cw_err *err)
{
    struct cw_luma_map map;
    CW_TRY(map_of(d, plane, CW_LPDQ_REGISTRY_SIDE, &map, err));
    const size_t n = cw_lpdq_extract(d->lpdq, &map, CANDIDATES, d->candidates);
    *out_n = n < CW_LPDQ_FEW_POINTS ? 0 : choose(d->candidates, n, out);
    return 0;
}

/* ---- parts of a found picture ------------------------------------------------------ */

static double area_of(const struct cw_rect *r)
{
    return (double)r->width * r->height;
}

static unsigned shared(unsigned a, unsigned a_size, unsigned b, unsigned b_size)
{
    const unsigned from = a > b ? a : b;
    const unsigned to = a + a_size < b + b_size ? a + a_size : b + b_size;
    return to > from ? to - from : 0;
}

static bool covers(const struct cw_rect *old, const struct cw_rect *r)
{
    const double common = (double)shared(old->x, old->width, r->x, r->width) *
                          shared(old->y, old->height, r->y, r->height);
    return common > PART_OVERLAP * area_of(old);
}

static unsigned choose_parts(const struct cw_plane *plane, const struct cw_rect *parts,
                             size_t n_parts, struct cw_rect out[CW_DESCRIBE_PARTS])
{
    const struct cw_rect whole = cw_plane_whole(plane);
    unsigned n = 0;
    for (size_t i = 0; i < n_parts && n < CW_DESCRIBE_PARTS; i++) {
        const struct cw_rect r = parts[i];
        bool wanted = area_of(&r) <= PART_MOST * area_of(&whole);
        for (unsigned k = 0; k < n; k++) {
            wanted = wanted && !covers(&out[k], &r);
        }
        if (wanted) {
            out[n++] = r;
        }
    }
    return n;
}

static uint16_t place(unsigned from, unsigned size, unsigned side, uint16_t at)
{
    return (uint16_t)(((uint64_t)from * UINT16_MAX + (uint64_t)size * at) / side);
}

/* From places of a part to places of the whole. */
static void move(const struct cw_plane *plane, const struct cw_rect *part,
                 struct cw_local *local, size_t n)
{
    const unsigned whole = plane->width > plane->height ? plane->width : plane->height;
    const unsigned side = part->width > part->height ? part->width : part->height;
    for (size_t i = 0; i < n; i++) {
        struct cw_local *l = &local[i];
        const uint64_t scale = ((uint64_t)l->scale * side + whole / 2) / whole;
        l->x = place(part->x, part->width, plane->width, l->x);
        l->y = place(part->y, part->height, plane->height, l->y);
        l->scale = (uint16_t)(scale > 0 ? scale : 1);
    }
}

int cw_describe_found(struct cw_describe *d, const struct cw_plane *plane,
                      const struct cw_rect *parts, size_t n_parts, struct cw_local *out,
                      size_t *out_n, struct cw_err *err)
{
    struct cw_rect rects[CW_DESCRIBE_PARTS];
    struct cw_luma_map map;
    const unsigned n_rects = choose_parts(plane, parts, n_parts, rects);
    CW_TRY(map_of(d, plane, CW_LPDQ_QUERY_SIDE, &map, err));
    size_t n = cw_lpdq_extract(d->lpdq, &map, CW_LPDQ_QUERY_POINTS, out);
    for (unsigned i = 0; i < n_rects; i++) {
        const struct cw_plane part = cw_plane_crop(plane, rects[i]);
        CW_TRY(map_of(d, &part, PART_SIDE, &map, err));
        const size_t m = cw_lpdq_extract(d->lpdq, &map, CW_DESCRIBE_PART_POINTS, out + n);
        move(plane, &rects[i], out + n, m);
        n += m;
    }
    *out_n = n;
    return 0;
}
