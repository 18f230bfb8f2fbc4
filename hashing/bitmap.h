/* bitmap.h - one bit per pixel, 64 of them in a word: masks of a plane that are grown,
 * transposed and read as runs. */
#ifndef CW_HASHING_BITMAP_H
#define CW_HASHING_BITMAP_H

#include "hashing/plane.h"

#define CW_BITMAP_WORDS (CW_PLANE_SIDE / 64)
#define CW_BITMAP_MAX_RUNS (CW_PLANE_SIDE / 2) /* of one row */

/* Bit x % 64 of word[y][x / 64] is pixel (x, y). Bits outside are 0. */
struct cw_bitmap {
    unsigned width, height; /* <= CW_PLANE_SIDE */
    uint64_t word[CW_PLANE_SIDE][CW_BITMAP_WORDS];
};

/* Pixels that are set without a gap, from .. to inclusive. */
struct cw_run {
    uint16_t from, to;
};

/* Sets the pixels that differ from `tone` by more than `limit`. */
void cw_bitmap_not_tone(const struct cw_plane *plane, int tone, int limit,
                        struct cw_bitmap *out);
/* Sets (x, y) where the plane's (x, y) and its neighbour below differ by more than
 * `limit`; and the same for the neighbour to the right. The last row, or column, is 0. */
void cw_bitmap_steps_down(const struct cw_plane *plane, int limit, struct cw_bitmap *out);
void cw_bitmap_steps_right(const struct cw_plane *plane, int limit,
                           struct cw_bitmap *out);

/* out is set wherever `in` is set at a distance of exactly 0 or `by` in either direction:
 * grows shapes that are at least `by` px wide and high by that much on every side, also
 * those that a border of the plane has cut. Not in place.
 *
 * by   1..63 */
void cw_bitmap_grow(const struct cw_bitmap *in, unsigned by, struct cw_bitmap *out);

/* out becomes `in` with rows and columns exchanged; not in place. */
void cw_bitmap_transpose(const struct cw_bitmap *in, struct cw_bitmap *out);

/* The runs of row y from left to right; returns how many. */
unsigned cw_bitmap_runs(const struct cw_bitmap *b, unsigned y,
                        struct cw_run out[CW_BITMAP_MAX_RUNS]);

#endif
