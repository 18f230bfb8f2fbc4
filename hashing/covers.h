/* covers.h - may the local descriptors of one frame stand for those of another? */
#ifndef CW_HASHING_COVERS_H
#define CW_HASHING_COVERS_H

#include "hashing/compare.h"

/* True if every part of `frame` shows what `keyframe` has at the same place: a crop of
 * any part of the one is then found by the descriptors of the other. A hold, a blink, a
 * talking mouth and a pan of some pixels do; a figure that has moved does not.
 *
 * placed   keyframe placed in frame, by cw_compare_local
 * Threads  pure
 * Cost     0.05 ms for 300 by 300 descriptors
 * Source   hashing/LOCAL.md, "Runs" */
bool cw_covers(const struct cw_fingerprint *frame, const struct cw_fingerprint *keyframe,
               const struct cw_geometry *placed);
/* The same for a keyframe that lies in the frame exactly as it is, which needs no
 * comparison to be placed: most frames of most runs. */
bool cw_covers_unmoved(const struct cw_fingerprint *frame,
                       const struct cw_fingerprint *keyframe);

#endif
