/* ink.h - the picture as a drawing: where it changes, however strongly it does.
 *
 * A pixel of the ink map says how steep the brightness is there compared with the steep
 * places around it. A pencil line, the edge of a flat colour and the negative of either
 * give nearly the same map, and so do other exposures of one picture. */
#ifndef CW_HASHING_INK_H
#define CW_HASHING_INK_H

#include "hashing/plane.h"

/* Two megabytes of working memory, kept from one picture to the next. */
struct cw_ink;

int cw_ink_new(struct cw_ink **out, struct cw_err *err) CW_CHECKED;
void cw_ink_free(struct cw_ink **ink);

/* Draws the ink map of `luma` (0 = even, 255 = the steepest).
 *
 * luma      sides 1 .. CW_PLANE_SIDE
 * returns   a plane of the same size, borrowed until the next call or cw_ink_free
 * Threads   one per `ink`
 * Cost      about 2.3 ms for 768 x 576
 * Source    section on views in hashing/RECIPES.md */
struct cw_plane cw_ink_draw(struct cw_ink *ink, const struct cw_plane *luma);

#endif
