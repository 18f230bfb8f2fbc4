/* describe.h - the local descriptors of a picture: its luminance plane brought to the
 * size that they are taken from, and the best of them. */
#ifndef CW_HASHING_DESCRIBE_H
#define CW_HASHING_DESCRIBE_H

#include "hashing/lpdq.h"
#include "hashing/views.h"

/* Working memory, about 8 MB, kept from one picture to the next. */
struct cw_describe;

/* Owns  caller owns *out; free accepts a pointer to NULL. Errors: CW_E_NO_MEMORY */
int cw_describe_new(struct cw_describe **out, struct cw_err *err) CW_CHECKED;
void cw_describe_free(struct cw_describe **d);

/* Describes a picture.
 *
 * plane     upright luminance, both sides 1 .. CW_PLANE_SIDE
 * purpose   CW_TO_REGISTER: CW_LPDQ_REGISTRY_POINTS of a map of CW_LPDQ_REGISTRY_SIDE, or
 *           none if there are fewer than CW_LPDQ_FEW_POINTS: a plain picture proves
 *           nothing; CW_TO_MATCH: CW_LPDQ_QUERY_POINTS of CW_LPDQ_QUERY_SIDE
 * out       room for CW_LPDQ_QUERY_POINTS; the most telling first
 * Errors    CW_E_NO_MEMORY
 * Threads   one per `d`
 * Cost      8 ms to match, 4 ms to register (hashing/LOCAL.md)
 * Source    hashing/LOCAL.md */
int cw_describe_plane(struct cw_describe *d, const struct cw_plane *plane,
                      enum cw_purpose purpose, struct cw_local *out, size_t *out_n,
                      struct cw_err *err) CW_CHECKED;

#endif
