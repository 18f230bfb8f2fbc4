/* Two ways to see a frame. On an even sheet everything that is not of the sheet's tone is
 * grown by a little, and hangs together or does not: with different growths a panel is
 * found with and without its caption. On an uneven sheet a frame has four straight edges.
 */
#include "hashing/rects.h"

#include <stdlib.h>
#include <string.h>

#include "hashing/bitmap.h"
#include "hashing/components.h"
#include "hashing/edges.h"

#define SHEET_LIMIT 18 /* grey levels around the sheet's tone that are sheet */
#define PER_GROWTH 9   /* largest shapes taken at each growth */
#define MAX_CANDIDATES 60
#define EDGE_RECTS 10   /* rectangles of edges taken */
#define MIN_SIDE 40     /* px */
#define MIN_AREA_CENT 2 /* of the plane */
#define MAX_AREA_CENT 97
#define MAX_SHAPE_CENT 450 /* width to height; the other way 22 in 100 */
#define MIN_SHAPE_CENT 22
#define SAME_CENT 90 /* intersection over union above which two are one */

/* Steps in which shapes are grown, a point to be 2 * GROWN + 1 px wide in the end; no
 * step is longer than the half that a border leaves of a point. */
#define N_GROWTHS 3
#define N_STEPS 2
static const unsigned STEPS[N_GROWTHS][N_STEPS] = {{1, 0}, {2, 1}, {5, 1}};
static const unsigned GROWN[N_GROWTHS] = {1, 4, 10};

struct candidates {
    unsigned n;
    struct cw_rect rects[MAX_CANDIDATES];
};

struct cw_rects {
    struct cw_bitmap shapes[2];
    unsigned current; /* the one that holds the shapes; the other is being made */
    struct cw_edges *edges;
    struct cw_rect of_edges[CW_EDGES_MAX];
    struct candidates candidates;
};

int cw_rects_new(struct cw_rects **out, struct cw_err *err)
{
    CW_AUTO(cw_rects_free) struct cw_rects *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory to look for rectangles");
    }
    CW_TRY(cw_edges_new(&r->edges, err));
    *out = r;
    r = NULL;
    return 0;
}

void cw_rects_free(struct cw_rects **rects)
{
    if (*rects != NULL) {
        cw_edges_free(&(*rects)->edges);
    }
    free(*rects);
    *rects = NULL;
}

static unsigned area_of(struct cw_rect r)
{
    return r.width * r.height;
}

static unsigned shared_length(unsigned a, unsigned a_len, unsigned b, unsigned b_len)
{
    const unsigned from = a > b ? a : b;
    const unsigned to = a + a_len < b + b_len ? a + a_len : b + b_len;
    return to > from ? to - from : 0;
}

static bool is_same(struct cw_rect a, struct cw_rect b)
{
    const unsigned both = shared_length(a.x, a.width, b.x, b.width) *
                          shared_length(a.y, a.height, b.y, b.height);
    return both * 100 > SAME_CENT * (area_of(a) + area_of(b) - both);
}

static bool is_fit(struct cw_rect r, const struct cw_plane *plane)
{
    const unsigned whole = plane->width * plane->height;
    return r.width >= MIN_SIDE && r.height >= MIN_SIDE &&
           area_of(r) * 100 >= MIN_AREA_CENT * whole &&
           area_of(r) * 100 <= MAX_AREA_CENT * whole &&
           r.width * 100 <= MAX_SHAPE_CENT * r.height &&
           r.width * 100 >= MIN_SHAPE_CENT * r.height;
}

/* True if the rectangle is now among the candidates and was not before. */
static bool add(struct candidates *c, struct cw_rect r, const struct cw_plane *plane)
{
    if (c->n == MAX_CANDIDATES || !is_fit(r, plane)) {
        return false;
    }
    for (unsigned i = 0; i < c->n; i++) {
        if (is_same(c->rects[i], r)) {
            return false;
        }
    }
    c->rects[c->n++] = r;
    return true;
}

/* The tone of the sheet: the median of the plane's outermost pixels. */
static int border_tone(const struct cw_plane *plane)
{
    unsigned counts[256] = {0};
    const size_t last_row = (size_t)(plane->height - 1) * plane->stride;
    for (unsigned x = 0; x < plane->width; x++) {
        counts[plane->px[x]]++;
        counts[plane->px[last_row + x]]++;
    }
    for (unsigned y = 0; y < plane->height; y++) {
        counts[plane->px[(size_t)y * plane->stride]]++;
        counts[plane->px[(size_t)y * plane->stride + plane->width - 1]]++;
    }
    unsigned below = 0;
    int tone = 0;
    while (below + counts[tone] <= plane->width + plane->height) {
        below += counts[tone++];
    }
    return tone;
}

/* The box of a shape before it was grown. */
static struct cw_rect shrunk(struct cw_rect r, unsigned by)
{
    r.x += by;
    r.y += by;
    r.width = r.width > 2 * by ? r.width - 2 * by : 0;
    r.height = r.height > 2 * by ? r.height - 2 * by : 0;
    return r;
}

static void grow(struct cw_rects *rects, const unsigned steps[N_STEPS])
{
    for (unsigned i = 0; i < N_STEPS && steps[i] != 0; i++) {
        cw_bitmap_grow(&rects->shapes[rects->current], steps[i],
                       &rects->shapes[1 - rects->current]);
        rects->current = 1 - rects->current;
    }
}

static void add_shapes(struct cw_rects *rects, const struct cw_plane *plane)
{
    rects->current = 0;
    cw_bitmap_not_tone(plane, border_tone(plane), SHEET_LIMIT, &rects->shapes[0]);
    for (unsigned i = 0; i < N_GROWTHS; i++) {
        struct cw_rect largest[PER_GROWTH];
        grow(rects, STEPS[i]);
        const unsigned n =
            cw_components(&rects->shapes[rects->current], largest, PER_GROWTH);
        for (unsigned k = 0; k < n; k++) {
            (void)add(&rects->candidates, shrunk(largest[k], GROWN[i]), plane);
        }
    }
}

/* Insertion sort by falling area: the lists are short, and equal areas keep their order.
 */
static void sort_by_area(struct cw_rect *v, unsigned n)
{
    for (unsigned i = 1; i < n; i++) {
        const struct cw_rect r = v[i];
        unsigned at = i;
        for (; at > 0 && area_of(v[at - 1]) < area_of(r); at--) {
            v[at] = v[at - 1];
        }
        v[at] = r;
    }
}

static void add_edge_rects(struct cw_rects *rects, const struct cw_plane *plane)
{
    const unsigned n = cw_edges_rects(rects->edges, plane, rects->of_edges);
    unsigned taken = 0;
    sort_by_area(rects->of_edges, n);
    for (unsigned i = 0; i < n && taken < EDGE_RECTS; i++) {
        if (add(&rects->candidates, rects->of_edges[i], plane)) {
            taken++;
        }
    }
}

unsigned cw_rects_find(struct cw_rects *rects, const struct cw_plane *plane,
                       struct cw_rect out[CW_RECTS_MAX])
{
    struct candidates *c = &rects->candidates;
    c->n = 0;
    if (plane->width < MIN_SIDE || plane->height < MIN_SIDE) {
        return 0;
    }
    add_shapes(rects, plane);
    add_edge_rects(rects, plane);
    sort_by_area(c->rects, c->n);
    const unsigned n = c->n < CW_RECTS_MAX ? c->n : CW_RECTS_MAX;
    memcpy(out, c->rects, n * sizeof *out);
    return n;
}
