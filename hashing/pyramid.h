/* pyramid.h - a picture in eight sizes, each five sixths of the one before, sharp and
 * blurred. Keypoints are looked for in the sharp ones, described in the blurred ones. */
#ifndef CW_HASHING_PYRAMID_H
#define CW_HASHING_PYRAMID_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define CW_PYRAMID_LEVELS 8
#define CW_PYRAMID_MAX_SIDE 1024 /* px; of the largest level */
#define CW_PYRAMID_MIN_SIDE 39   /* px; smaller levels have no room for a keypoint */
/* px repeated around a blurred level, so that it is read without care at its edges */
#define CW_PYRAMID_PAD 16

/* Luminance: row-major, 0 = black .. 255 = white, `stride` bytes from row to row. */
struct cw_luma_map {
    const uint8_t *px;
    unsigned width, height;
    size_t stride;
};

struct cw_level {
    struct cw_luma_map sharp;  /* level 0 is the caller's map itself */
    struct cw_luma_map smooth; /* same size; px[0] is the pixel at (0, 0) */
};

/* The levels and their memory (7 bytes a pixel), kept from one picture to the next. */
struct cw_pyramid;

/* max_side  largest width and height it can take, up to CW_PYRAMID_MAX_SIDE
 * Errors    CW_E_INVALID max_side, CW_E_NO_MEMORY
 * Owns      caller owns *out; free accepts a pointer to NULL */
int cw_pyramid_new(unsigned max_side, struct cw_pyramid **out,
                   struct cw_err *err) CW_CHECKED;
void cw_pyramid_free(struct cw_pyramid **p);

/* Fills the levels. A side of 0 or above max_side makes a pyramid without levels; levels
 * below CW_PYRAMID_MIN_SIDE are left out.
 *
 * map      borrowed for as long as the levels are used: level 0 points into it
 * Threads  one per pyramid
 * Cost     about 1.5 ms for 768 x 768 with AVX2; no allocation
 * Source   hashing/LOCAL.md */
void cw_pyramid_build(struct cw_pyramid *p, const struct cw_luma_map *map);
unsigned cw_pyramid_count(const struct cw_pyramid *p);
/* Level i < cw_pyramid_count. Borrowed until the next build. */
const struct cw_level *cw_pyramid_level(const struct cw_pyramid *p, unsigned i);

/* The share of the side (in units of `one` per side) at which the middle of pixel `at`
 * of level i lies, for a level 0 of `side` px: (at + 1/2) * (6/5)^i / side * one. */
uint32_t cw_pyramid_place(unsigned i, unsigned at, unsigned side, uint32_t one);

#endif
