/* describe.h - the local descriptors of a picture: its luminance plane brought to the
 * size that they are taken from, and the best of them. */
#ifndef CW_HASHING_DESCRIBE_H
#define CW_HASHING_DESCRIBE_H

#include "hashing/lpdq.h"
#include "hashing/plane.h"

/* Working memory, about 8 MB, kept from one picture to the next. */
struct cw_describe;

/* Owns  caller owns *out; free accepts a pointer to NULL. Errors: CW_E_NO_MEMORY */
int cw_describe_new(struct cw_describe **out, struct cw_err *err) CW_CHECKED;
void cw_describe_free(struct cw_describe **d);

/* Most that one picture has: the whole, and of each part that is looked at closely. */
#define CW_DESCRIBE_PARTS 4
#define CW_DESCRIBE_PART_POINTS 150
#define CW_DESCRIBE_MAX                                                                  \
    (CW_LPDQ_QUERY_POINTS + CW_DESCRIBE_PARTS * CW_DESCRIBE_PART_POINTS)

/* Describes what is registered: CW_LPDQ_REGISTRY_POINTS of a map of
 * CW_LPDQ_REGISTRY_SIDE, those first that resemble no other of the picture; none if there
 * are fewer than CW_LPDQ_FEW_POINTS, because a plain picture proves nothing.
 *
 * plane     upright luminance, both sides 1 .. CW_LPDQ_QUERY_SIDE
 * out       room for CW_DESCRIBE_MAX; the most telling first
 * Errors    CW_E_NO_MEMORY
 * Threads   one per `d`
 * Cost      4 ms (hashing/LOCAL.md)
 * Source    hashing/LOCAL.md */
int cw_describe_asset(struct cw_describe *d, const struct cw_plane *plane,
                      struct cw_local *out, size_t *out_n, struct cw_err *err) CW_CHECKED;

/* Describes what was found: CW_LPDQ_QUERY_POINTS of the whole, and
 * CW_DESCRIBE_PART_POINTS of each of the largest rectangles that may be a picture of
 * their own, looked at more closely; all in places of the whole.
 *
 * plane     both sides up to CW_LPDQ_QUERY_SIDE
 * parts     rectangles of the plane, the largest first
 * Cost      10 ms, and 1.5 ms for each part that is described */
int cw_describe_found(struct cw_describe *d, const struct cw_plane *plane,
                      const struct cw_rect *parts, size_t n_parts, struct cw_local *out,
                      size_t *out_n, struct cw_err *err) CW_CHECKED;

#endif
