#include "hashing/bitmap.h"

#include <stdlib.h>
#include <string.h>

#define WORD_BITS 64

/* Eight bytes of 0 or 1, the first one lowest, to eight bits: the product moves byte i to
 * bit 56 + i, and no two of its terms meet. */
static uint64_t pack8(const uint8_t *flags)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++) {
        v |= (uint64_t)flags[i] << (8 * i);
    }
    return (v * 0x0102040810204080ULL) >> 56;
}

static void pack_row(const uint8_t flags[CW_PLANE_SIDE], uint64_t out[CW_BITMAP_WORDS])
{
    for (size_t w = 0; w < CW_BITMAP_WORDS; w++) {
        out[w] = 0;
        for (size_t i = 0; i < WORD_BITS; i += 8) {
            out[w] |= pack8(flags + w * WORD_BITS + i) << i;
        }
    }
}

/* flags[i] = a[i] and b[i] differ by more than limit */
static void differing(const uint8_t *restrict a, const uint8_t *restrict b, unsigned n,
                      uint8_t limit, uint8_t *restrict flags)
{
    for (unsigned i = 0; i < n; i++) {
        const uint8_t high = a[i] > b[i] ? a[i] : b[i];
        const uint8_t low = a[i] > b[i] ? b[i] : a[i];
        flags[i] = (uint8_t)(high - low) > limit ? 1 : 0;
    }
}

static void start(const struct cw_plane *plane, struct cw_bitmap *out)
{
    out->width = plane->width;
    out->height = plane->height;
}

void cw_bitmap_not_tone(const struct cw_plane *plane, int tone, int limit,
                        struct cw_bitmap *out)
{
    uint8_t flags[CW_PLANE_SIDE] = {0};
    uint8_t even[CW_PLANE_SIDE];
    memset(even, tone, sizeof even);
    start(plane, out);
    for (unsigned y = 0; y < plane->height; y++) {
        differing(plane->px + (size_t)y * plane->stride, even, plane->width,
                  (uint8_t)limit, flags);
        pack_row(flags, out->word[y]);
    }
}

void cw_bitmap_steps_down(const struct cw_plane *plane, int limit, struct cw_bitmap *out)
{
    uint8_t flags[CW_PLANE_SIDE] = {0};
    start(plane, out);
    for (unsigned y = 0; y + 1 < plane->height; y++) {
        const uint8_t *row = plane->px + (size_t)y * plane->stride;
        differing(row, row + plane->stride, plane->width, (uint8_t)limit, flags);
        pack_row(flags, out->word[y]);
    }
    memset(out->word[plane->height - 1], 0, sizeof out->word[0]);
}

void cw_bitmap_steps_right(const struct cw_plane *plane, int limit, struct cw_bitmap *out)
{
    uint8_t flags[CW_PLANE_SIDE] = {0};
    start(plane, out);
    for (unsigned y = 0; y < plane->height; y++) {
        const uint8_t *row = plane->px + (size_t)y * plane->stride;
        differing(row, row + 1, plane->width - 1, (uint8_t)limit, flags);
        pack_row(flags, out->word[y]);
    }
}

static uint64_t valid_bits(unsigned width, unsigned w)
{
    const unsigned first = w * WORD_BITS;
    if (width >= first + WORD_BITS) {
        return ~0ULL;
    }
    return width <= first ? 0 : (1ULL << (width - first)) - 1;
}

/* in, and in moved by `by` to both sides */
static void grow_row(const uint64_t *in, unsigned width, unsigned by, uint64_t *out)
{
    for (unsigned w = 0; w < CW_BITMAP_WORDS; w++) {
        const uint64_t before = w > 0 ? in[w - 1] : 0;
        const uint64_t after = w + 1 < CW_BITMAP_WORDS ? in[w + 1] : 0;
        const uint64_t right = in[w] << by | before >> (WORD_BITS - by);
        const uint64_t left = in[w] >> by | after << (WORD_BITS - by);
        out[w] = (in[w] | left | right) & valid_bits(width, w);
    }
}

void cw_bitmap_grow(const struct cw_bitmap *in, unsigned by, struct cw_bitmap *out)
{
    out->width = in->width;
    out->height = in->height;
    memset(out->word, 0, sizeof out->word[0] * in->height);
    for (unsigned y = 0; y < in->height; y++) {
        uint64_t wide[CW_BITMAP_WORDS];
        grow_row(in->word[y], in->width, by, wide);
        for (unsigned w = 0; w < CW_BITMAP_WORDS; w++) {
            out->word[y][w] |= wide[w];
            if (y >= by) {
                out->word[y - by][w] |= wide[w];
            }
            if (y + by < in->height) {
                out->word[y + by][w] |= wide[w];
            }
        }
    }
}

/* A block of 64 x 64 about its diagonal: halves, then halves of halves (Warren, "Hacker's
 * Delight", 7-3; here with the lowest bit first). */
static void transpose_block(uint64_t block[WORD_BITS])
{
    uint64_t mask = 0x00000000FFFFFFFFULL;
    for (unsigned j = WORD_BITS / 2; j != 0; j >>= 1, mask ^= mask << j) {
        for (unsigned k = 0; k < WORD_BITS; k = ((k | j) + 1) & ~j) {
            const uint64_t t = (block[k] >> j ^ block[k | j]) & mask;
            block[k] ^= t << j;
            block[k | j] ^= t;
        }
    }
}

void cw_bitmap_transpose(const struct cw_bitmap *in, struct cw_bitmap *out)
{
    out->width = in->height;
    out->height = in->width;
    for (unsigned y = 0; y < CW_PLANE_SIDE; y += WORD_BITS) {
        for (unsigned w = 0; w < CW_BITMAP_WORDS; w++) {
            uint64_t block[WORD_BITS];
            for (unsigned i = 0; i < WORD_BITS; i++) {
                block[i] = y + i < in->height ? in->word[y + i][w] : 0;
            }
            transpose_block(block);
            for (unsigned i = 0; i < WORD_BITS && w * WORD_BITS + i < out->height; i++) {
                out->word[w * WORD_BITS + i][y / WORD_BITS] = block[i];
            }
        }
    }
}

/* First x >= from whose bit is `wanted`, or CW_PLANE_SIDE. */
static unsigned find(const uint64_t *row, unsigned from, bool wanted)
{
    const uint64_t flip = wanted ? 0 : ~0ULL;
    unsigned w = from / WORD_BITS;
    if (w >= CW_BITMAP_WORDS) {
        return CW_PLANE_SIDE;
    }
    uint64_t v = (row[w] ^ flip) & ~0ULL << (from % WORD_BITS);
    while (v == 0) {
        if (++w == CW_BITMAP_WORDS) {
            return CW_PLANE_SIDE;
        }
        v = row[w] ^ flip;
    }
    return w * WORD_BITS + (unsigned)__builtin_ctzll(v);
}

unsigned cw_bitmap_runs(const struct cw_bitmap *b, unsigned y,
                        struct cw_run out[CW_BITMAP_MAX_RUNS])
{
    unsigned n = 0;
    unsigned x = find(b->word[y], 0, true);
    while (x < CW_PLANE_SIDE) {
        const unsigned end = find(b->word[y], x, false);
        out[n++] = (struct cw_run){.from = (uint16_t)x, .to = (uint16_t)(end - 1)};
        x = find(b->word[y], end, true);
    }
    return n;
}
