/* components.h - the bounding boxes of the connected shapes of a bitmap. */
#ifndef CW_HASHING_COMPONENTS_H
#define CW_HASHING_COMPONENTS_H

#include "hashing/bitmap.h"

/* Boxes of the shapes that hang together (also at corners), the largest boxes only.
 *
 * out, max   room for the largest boxes, ordered by falling area, then by where their
 *            last row ends
 * returns    how many there are, at most max
 * Threads    pure; about 20 KB of stack
 * Cost       grows with the number of runs, at most 384 a row: 0.1 ms for a drawing of
 *            768 x 576, 3 ms at worst */
unsigned cw_components(const struct cw_bitmap *b, struct cw_rect *out, unsigned max);

#endif
