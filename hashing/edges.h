/* edges.h - rectangles whose sides are long straight edges: frames on a sheet, windows,
 * photographs on a page. */
#ifndef CW_HASHING_EDGES_H
#define CW_HASHING_EDGES_H

#include "hashing/bitmap.h"

#define CW_EDGES_MAX 400 /* rectangles that are looked at, at most */

/* Two bitmaps and the edges found in them: 220 KB of working memory. */
struct cw_edges;

int cw_edges_new(struct cw_edges **out, struct cw_err *err) CW_CHECKED;
void cw_edges_free(struct cw_edges **edges);

/* Rectangles between two horizontal edges that begin and end alike, or between two
 * horizontal and two vertical edges of which each runs along nine tenths of its side.
 *
 * out       room for CW_EDGES_MAX, in no useful order; may hold near-duplicates
 * returns   how many there are
 * Threads   one per `edges`
 * Cost      0.4 ms for 768 x 576; at worst (noise, grids) 3 ms, since only 26 edges of
 *           a direction and CW_EDGES_MAX rectangles are taken on */
unsigned cw_edges_rects(struct cw_edges *edges, const struct cw_plane *plane,
                        struct cw_rect out[CW_EDGES_MAX]);

#endif
