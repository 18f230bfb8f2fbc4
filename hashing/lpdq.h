/* lpdq.h - local descriptors: what PDQ does for a picture, done for the surroundings of
 * each of some hundred keypoints, upright or turned. They find a drawing in part of a
 * picture, on a sheet, turned, or under scribbles. */
#ifndef CW_HASHING_LPDQ_H
#define CW_HASHING_LPDQ_H

#include "hashing/local.h"
#include "hashing/pyramid.h"

/* The longer side of the map, px: it is shrunk to at most this and enlarged to at least
 * CW_LPDQ_LEAST_SIDE. */
#define CW_LPDQ_REGISTRY_SIDE 512
#define CW_LPDQ_QUERY_SIDE 1024
#define CW_LPDQ_LEAST_SIDE 400
#define CW_LPDQ_REGISTRY_POINTS 300
#define CW_LPDQ_QUERY_POINTS 800
/* A registered picture with fewer is not to be matched by them (hashing.md 5.5). */
#define CW_LPDQ_FEW_POINTS 60

/* Working memory (about 7 MB for side 768), kept from one picture to the next. */
struct cw_lpdq;

/* max_side  largest map it takes, px, up to CW_PYRAMID_MAX_SIDE
 * Errors    CW_E_INVALID max_side, CW_E_NO_MEMORY
 * Owns      caller owns *out; free accepts a pointer to NULL */
int cw_lpdq_new(unsigned max_side, struct cw_lpdq **out, struct cw_err *err) CW_CHECKED;
void cw_lpdq_free(struct cw_lpdq **l);

/* Describes the best keypoints of a map.
 *
 * map      luminance, or an ink map; one with a side below CW_PYRAMID_MIN_SIDE or above
 *          max_side has no keypoints
 * want     1..CW_FP_MAX_LOCAL
 * out      room for `want`. bits: bit i of the descriptor, lowest frequency first, is
 *          bit i % 8 of byte i / 8. scale: one pixel of the keypoint's level, in 2^-20 of
 *          the map's longer side
 * Returns  how many there are
 * Threads  one per `l`
 * Cost     5 ms for a query, 3.5 ms for a registered picture (hashing/LOCAL.md); no
 *          allocation
 * Source   hashing/LOCAL.md */
size_t cw_lpdq_extract(struct cw_lpdq *l, const struct cw_luma_map *map, size_t want,
                       struct cw_local *out);

#endif
