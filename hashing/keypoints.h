/* keypoints.h - where in a picture something is drawn that can be found again. */
#ifndef CW_HASHING_KEYPOINTS_H
#define CW_HASHING_KEYPOINTS_H

#include "hashing/pyramid.h"

#define CW_KEYPOINTS_MAX 2048 /* kept of one picture */
#define CW_KEYPOINT_MARGIN 19 /* px from the border of its level, at least */

struct cw_keypoint {
    int64_t rank;   /* Harris response; larger is better */
    uint16_t x, y;  /* px of its level */
    uint16_t angle; /* towards the bright side around it, 65536 = one turn */
    uint8_t level;
};

/* Working memory (about 3 MB), kept from one picture to the next. */
struct cw_keypoints;

/* Owns  caller owns *out; free accepts a pointer to NULL. Errors: CW_E_NO_MEMORY */
int cw_keypoints_new(struct cw_keypoints **out, struct cw_err *err) CW_CHECKED;
void cw_keypoints_free(struct cw_keypoints **k);

/* The best `want` keypoints of all levels, spread over the picture: FAST corners of nine
 * of sixteen, 8 grey levels apart, that outdo their neighbours; the best by Harris in
 * each of 10 x 10 fields, one after the other.
 *
 * pyramid  built
 * want     1..CW_KEYPOINTS_MAX
 * out      room for `want`
 * Returns  how many there are
 * Threads  one per `k`
 * Cost     about 3 ms for 768 x 768 with AVX2, 700 wanted; no allocation. Bounded by four
 *          times that on hostile pictures
 * Source   E. Rosten and T. Drummond, "Machine learning for high-speed corner detection",
 *          2006; E. Rublee et al., "ORB", 2011 (levels, ranking, orientation); recipe 2
 */
size_t cw_keypoints_find(struct cw_keypoints *k, const struct cw_pyramid *pyramid,
                         size_t want, struct cw_keypoint *out);

#endif
