#include "hashing/describe.h"

#include <stdlib.h>

struct cw_describe {
    struct cw_lpdq *lpdq;
    struct cw_area area;
    uint8_t *px; /* CW_LPDQ_QUERY_SIDE squared */
};

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

int cw_describe_plane(struct cw_describe *d, const struct cw_plane *plane,
                      enum cw_purpose purpose, struct cw_local *out, size_t *out_n,
                      struct cw_err *err)
{
    const bool registered = purpose == CW_TO_REGISTER;
    struct cw_luma_map map;
    CW_TRY(map_of(d, plane, registered ? CW_LPDQ_REGISTRY_SIDE : CW_LPDQ_QUERY_SIDE, &map,
                  err));
    const size_t n = cw_lpdq_extract(
        d->lpdq, &map, registered ? CW_LPDQ_REGISTRY_POINTS : CW_LPDQ_QUERY_POINTS, out);
    *out_n = registered && n < CW_LPDQ_FEW_POINTS ? 0 : n;
    return 0;
}
