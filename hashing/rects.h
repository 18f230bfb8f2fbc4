/* rects.h - parts of a picture that may be a picture of their own: frames on a sheet,
 * panels of a storyboard page, windows of a screenshot. */
#ifndef CW_HASHING_RECTS_H
#define CW_HASHING_RECTS_H

#include "hashing/plane.h"

#define CW_RECTS_MAX 16

/* About 400 KB of working memory, kept from one picture to the next. */
struct cw_rects;

int cw_rects_new(struct cw_rects **out, struct cw_err *err) CW_CHECKED;
void cw_rects_free(struct cw_rects **rects);

/* At most CW_RECTS_MAX rectangles by falling area. Each has sides of at least 40 px, an
 * area of 2 to 97 % of the plane, is at most 4.5 times as long as it is wide, and no two
 * of them are nearly the same.
 *
 * plane     sides at most CW_PLANE_SIDE
 * Threads   one per `rects`
 * Cost      about 1 ms for 768 x 576, 5 ms for the worst of 768 x 768: bounded, the
 *           candidates are 27 shapes and CW_EDGES_MAX rectangles of edges
 * Source    section on views in hashing/RECIPES.md */
unsigned cw_rects_find(struct cw_rects *rects, const struct cw_plane *plane,
                       struct cw_rect out[CW_RECTS_MAX]);

#endif
