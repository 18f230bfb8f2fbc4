/* Shrinking by exactly six to five needs no table: five pixels come from six, each from
 * two of them, with weights 5:1, 4:2, 3:3, 2:4, 1:5. Those are the shares of the source
 * pixels in the area a new pixel covers, so nothing is aliased and nothing is skipped.
 *
 * The blur is the binomial 1 6 15 20 15 6 1 (sigma 1.22): sixteen-bit integers all the
 * way. */
#include "hashing/pyramid.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/simd.h"

#define REACH 3 /* px the blur looks to each side */
#define RING 8  /* rows of the half-blurred picture that are kept */
#define ROOM (CW_PYRAMID_MAX_SIDE + 2 * REACH + 32)

struct cw_pyramid {
    unsigned max_side;
    unsigned n;
    struct cw_level levels[CW_PYRAMID_LEVELS];
    uint8_t *memory;                    /* owned; the levels lie in it */
    uint8_t *sharp[CW_PYRAMID_LEVELS];  /* [0] unused */
    uint8_t *smooth[CW_PYRAMID_LEVELS]; /* start of the padded plane */
    uint16_t ring[RING][ROOM];          /* blurred along the row only */
    uint16_t rows[ROOM];                /* two rows, weighed and added */
    uint8_t padded[ROOM];
};

static unsigned shrunk(unsigned side)
{
    return side * 5 / 6;
}

static size_t padded_size(unsigned side)
{
    return (size_t)(side + 2 * CW_PYRAMID_PAD) * (side + 2 * CW_PYRAMID_PAD);
}

int cw_pyramid_new(unsigned max_side, struct cw_pyramid **out, struct cw_err *err)
{
    if (max_side == 0 || max_side > CW_PYRAMID_MAX_SIDE) {
        return cw_fail(err, CW_E_INVALID, "a pyramid's side is 1..%d px",
                       CW_PYRAMID_MAX_SIDE);
    }
    size_t total = 0;
    unsigned side = max_side;
    for (unsigned i = 0; i < CW_PYRAMID_LEVELS; i++, side = shrunk(side)) {
        total += (size_t)side * side + padded_size(side);
    }
    struct cw_pyramid *p = calloc(1, sizeof *p);
    uint8_t *memory = malloc(total);
    if (p == NULL || memory == NULL) {
        free(p);
        free(memory);
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for a pyramid");
    }
    p->max_side = max_side;
    p->memory = memory;
    side = max_side;
    for (unsigned i = 0; i < CW_PYRAMID_LEVELS; i++, side = shrunk(side)) {
        p->sharp[i] = memory;
        p->smooth[i] = memory + (size_t)side * side;
        memory = p->smooth[i] + padded_size(side);
    }
    *out = p;
    return 0;
}

void cw_pyramid_free(struct cw_pyramid **p)
{
    if (*p != NULL) {
        free((*p)->memory);
        free(*p);
        *p = NULL;
    }
}

unsigned cw_pyramid_count(const struct cw_pyramid *p)
{
    return p->n;
}

const struct cw_level *cw_pyramid_level(const struct cw_pyramid *p, unsigned i)
{
    return &p->levels[i];
}

uint32_t cw_pyramid_place(unsigned i, unsigned at, unsigned side, uint32_t one)
{
    uint64_t six = 1;
    uint64_t five = 1;
    for (unsigned k = 0; k < i; k++) {
        six *= 6;
        five *= 5;
    }
    const uint64_t place =
        (2 * (uint64_t)at + 1) * six * one / (2 * (uint64_t)side * five);
    return place < one ? (uint32_t)place : one;
}

/* ---- shrinking -------------------------------------------------------------------- */

/* Two rows in the shares of row `phase` of five: 0..255 becomes 0..1530. */
CW_BODY void weigh_rows(const uint8_t *restrict a, const uint8_t *restrict b,
                        unsigned phase, size_t n, uint16_t *restrict out)
{
    const uint16_t wa = (uint16_t)(5 - phase);
    const uint16_t wb = (uint16_t)(1 + phase);
    for (size_t x = 0; x < n; x++) {
        out[x] = (uint16_t)(wa * a[x] + wb * b[x]);
    }
}

/* One pixel of the new row: divides by 36 and rounds; 1821 / 65536 is 1 / 36. */
static inline uint8_t weigh_pair(const uint16_t *in, unsigned phase)
{
    const uint32_t sum = (5 - phase) * in[0] + (1 + phase) * in[1];
    return (uint8_t)(((sum + 18) * 1821) >> 16);
}

static void weigh_columns(const uint16_t *in, unsigned n, uint8_t *out)
{
    unsigned x = 0;
    for (; x + 5 <= n; x += 5, in += 6) {
        out[x] = weigh_pair(in, 0);
        out[x + 1] = weigh_pair(in + 1, 1);
        out[x + 2] = weigh_pair(in + 2, 2);
        out[x + 3] = weigh_pair(in + 3, 3);
        out[x + 4] = weigh_pair(in + 4, 4);
    }
    for (unsigned phase = 0; x < n; x++, phase++) {
        out[x] = weigh_pair(in + phase, phase);
    }
}

CW_BODY void shrink_body(struct cw_pyramid *p, const struct cw_luma_map *in, uint8_t *out,
                         unsigned width, unsigned height)
{
    for (unsigned y = 0; y < height; y++) {
        const uint8_t *a = in->px + (size_t)(y + y / 5) * in->stride;
        weigh_rows(a, a + in->stride, y % 5, in->width, p->rows);
        weigh_columns(p->rows, width, out + (size_t)y * width);
    }
}

/* ---- blurring --------------------------------------------------------------------- */

/* Along the row, of n pixels and REACH more at each end: 0..255 becomes 0..1020. */
CW_BODY void blur_row(const uint8_t *restrict in, size_t n, uint16_t *restrict out)
{
    for (size_t x = 0; x < n; x++) {
        const uint16_t sum =
            (uint16_t)(20 * in[x + 3] + 15 * (in[x + 2] + in[x + 4]) +
                       6 * (in[x + 1] + in[x + 5]) + in[x] + in[x + 6] + 8);
        out[x] = (uint16_t)(sum >> 4);
    }
}

CW_BODY void blur_next(struct cw_pyramid *p, const struct cw_luma_map *m, unsigned row)
{
    const uint8_t *px = m->px + (size_t)row * m->stride;
    memset(p->padded, px[0], REACH);
    memcpy(p->padded + REACH, px, m->width);
    memset(p->padded + REACH + m->width, px[m->width - 1], REACH);
    blur_row(p->padded, m->width, p->ring[row % RING]);
}

/* Down the columns: seven half-blurred rows to one of pixels. */
CW_BODY void blur_columns(const uint16_t *const r[2 * REACH + 1], size_t n,
                          uint8_t *restrict out)
{
    const uint16_t *r0 = r[0], *r1 = r[1], *r2 = r[2], *r3 = r[3];
    const uint16_t *r4 = r[4], *r5 = r[5], *r6 = r[6];
    for (size_t x = 0; x < n; x++) {
        const uint16_t outer = (uint16_t)(r0[x] + r6[x] + 128);
        const uint16_t wide = (uint16_t)(6 * (uint16_t)(r1[x] + r5[x]));
        const uint16_t near = (uint16_t)(15 * (uint16_t)(r2[x] + r4[x]));
        const uint16_t sum = (uint16_t)(outer + wide + near + (uint16_t)(20 * r3[x]));
        out[x] = (uint8_t)(sum >> 8);
    }
}

static unsigned clamped(int at, unsigned n)
{
    return at < 0 ? 0 : (unsigned)at < n ? (unsigned)at : n - 1;
}

CW_BODY void smooth_body(struct cw_pyramid *p, const struct cw_luma_map *in, uint8_t *out,
                         size_t stride)
{
    unsigned ready = 0; /* rows blurred along the row so far */
    for (unsigned y = 0; y < in->height; y++, out += stride) {
        for (; ready <= clamped((int)y + REACH, in->height); ready++) {
            blur_next(p, in, ready);
        }
        const uint16_t *rows[2 * REACH + 1];
        for (int k = -REACH; k <= REACH; k++) {
            rows[k + REACH] = p->ring[clamped((int)y + k, in->height) % RING];
        }
        blur_columns(rows, in->width, out);
        memset(out - CW_PYRAMID_PAD, out[0], CW_PYRAMID_PAD);
        memset(out + in->width, out[in->width - 1], CW_PYRAMID_PAD);
    }
}

/* Repeats the first and the last row of a padded plane outwards. */
static void pad_rows(uint8_t *plane, size_t stride, unsigned height)
{
    uint8_t *first = plane + CW_PYRAMID_PAD * stride;
    uint8_t *last = first + (height - 1) * stride;
    for (size_t y = 0; y < CW_PYRAMID_PAD; y++) {
        memcpy(plane + y * stride, first, stride);
        memcpy(last + (y + 1) * stride, last, stride);
    }
}

/* ---- both, for every level -------------------------------------------------------- */

CW_BODY void build_body(struct cw_pyramid *p)
{
    for (unsigned i = 0;; i++) {
        struct cw_level *level = &p->levels[i];
        const size_t stride = level->sharp.width + 2 * CW_PYRAMID_PAD;
        uint8_t *first = p->smooth[i] + CW_PYRAMID_PAD * stride + CW_PYRAMID_PAD;
        level->smooth = level->sharp;
        level->smooth.px = first;
        level->smooth.stride = stride;
        smooth_body(p, &level->sharp, first, stride);
        pad_rows(p->smooth[i], stride, level->sharp.height);
        p->n = i + 1;
        const unsigned width = shrunk(level->sharp.width);
        const unsigned height = shrunk(level->sharp.height);
        if (p->n == CW_PYRAMID_LEVELS || width < CW_PYRAMID_MIN_SIDE ||
            height < CW_PYRAMID_MIN_SIDE) {
            return;
        }
        shrink_body(p, &level->sharp, p->sharp[i + 1], width, height);
        level[1].sharp = (struct cw_luma_map){
            .px = p->sharp[i + 1], .width = width, .height = height, .stride = width};
    }
}

CW_FOR_AVX2 static void build_avx2(struct cw_pyramid *p)
{
    build_body(p);
}

static void build_plain(struct cw_pyramid *p)
{
    build_body(p);
}

void cw_pyramid_build(struct cw_pyramid *p, const struct cw_luma_map *map)
{
    p->n = 0;
    if (map->width < CW_PYRAMID_MIN_SIDE || map->height < CW_PYRAMID_MIN_SIDE ||
        map->width > p->max_side || map->height > p->max_side) {
        return;
    }
    p->levels[0].sharp = *map;
    if (cw_has_avx2()) {
        build_avx2(p);
    } else {
        build_plain(p);
    }
}
