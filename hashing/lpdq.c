/* A patch is 32 x 32 samples of a blurred level, laid out along the keypoint's direction;
 * its descriptor is the signs of the 256 lowest coefficients of its cosine transform.
 *
 * The transform is two small matrix products. Cosines of even frequency are the same from
 * both ends, those of odd frequency opposite, so a line is folded in the middle before it
 * is multiplied: half the work, and exact symmetry for the mirror image. Floats hold the
 * samples; each sum adds up in the written order and nothing is fused (this file is
 * compiled with -ffp-contract=off), so all processors agree. */
#include "hashing/lpdq.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/simd.h"
#include "hashing/angle.h"
#include "hashing/keypoints.h"

#define SIDE 32 /* samples */
#define HALF 16
#define N_FREQ 17 /* frequencies 0..16 in each direction */
#define LANES 24  /* N_FREQ, rounded up for vector instructions */
#define STEP_NUM                                                                         \
    11             /* from sample to sample, px of the level: 11 / 8 = 22 / 16, so that */
#define STEP_DEN 8 /* the patch reaches 21.3 px from its middle */
#define FRAC 16    /* bits behind the point of a sampling position */
/* A coefficient this small (grey levels times samples, 8 bits behind the point) counts as
 * zero: what rounding leaves of it must not decide a bit. */
#define NOTHING 64.0F

_Static_assert(CW_FP_MAX_LOCAL <= CW_KEYPOINTS_MAX, "whatever fits a fingerprint");

struct cw_lpdq {
    struct cw_pyramid *pyramid;     /* owned */
    struct cw_keypoints *keypoints; /* owned */
    float cosine[N_FREQ][HALF];     /* cos(pi k (2 i + 1) / 64) */
    uint8_t bit_row[CW_HASH_BITS];  /* which coefficient decides a bit */
    uint8_t bit_col[CW_HASH_BITS];
    struct cw_keypoint points[CW_KEYPOINTS_MAX];
};

/* By row plus column frequency, then by row; not the mean. */
static void fill_bits(struct cw_lpdq *l)
{
    unsigned bit = 0;
    for (unsigned sum = 1; bit < CW_HASH_BITS; sum++) {
        for (unsigned row = 0; row <= sum && bit < CW_HASH_BITS; row++) {
            if (row < N_FREQ && sum - row < N_FREQ) {
                l->bit_row[bit] = (uint8_t)row;
                l->bit_col[bit++] = (uint8_t)(sum - row);
            }
        }
    }
}

static void fill_cosines(struct cw_lpdq *l)
{
    const double pi = 3.14159265358979323846;
    for (unsigned k = 0; k < N_FREQ; k++) {
        for (unsigned i = 0; i < HALF; i++) {
            /* Rounded to 15 bits, so that no libm's last bit shows. */
            const double c = cos(pi * k * (2 * i + 1) / (2 * SIDE));
            l->cosine[k][i] = (float)(floor(c * 32768 + 0.5) / 32768);
        }
    }
}

int cw_lpdq_new(unsigned max_side, struct cw_lpdq **out, struct cw_err *err)
{
    CW_AUTO(cw_lpdq_free) struct cw_lpdq *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for local descriptors");
    }
    CW_TRY(cw_pyramid_new(max_side, &l->pyramid, err));
    CW_TRY(cw_keypoints_new(&l->keypoints, err));
    fill_bits(l);
    fill_cosines(l);
    *out = l;
    l = NULL;
    return 0;
}

void cw_lpdq_free(struct cw_lpdq **l)
{
    if (*l != NULL) {
        cw_pyramid_free(&(*l)->pyramid);
        cw_keypoints_free(&(*l)->keypoints);
        free(*l);
        *l = NULL;
    }
}

/* ---- one patch -------------------------------------------------------------------- */

/* Where the samples lie: start plus column times right plus row times down. */
struct grid {
    int32_t x, y; /* of sample (0, 0), FRAC bits behind the point */
    int32_t right_x, right_y;
};

static struct grid grid_of(const struct cw_keypoint *p)
{
    const struct cw_turned turn = cw_angle_turn(p->angle);
    const int shift = CW_ANGLE_ONE - FRAC;
    const int64_t half = (int64_t)STEP_DEN << (shift - 1);
    const int64_t whole = (int64_t)STEP_DEN << shift;
    struct grid g;
    /* Steps are even, so that half of 31 steps is whole. */
    g.right_x = (int32_t)((turn.cos * (int64_t)STEP_NUM + half) / whole) & ~1;
    g.right_y = (int32_t)((turn.sin * (int64_t)STEP_NUM + half) / whole) & ~1;
    g.x = ((int32_t)p->x << FRAC) - (SIDE - 1) * (g.right_x / 2) +
          (SIDE - 1) * (g.right_y / 2);
    g.y = ((int32_t)p->y << FRAC) - (SIDE - 1) * (g.right_y / 2) -
          (SIDE - 1) * (g.right_x / 2);
    return g;
}

/* One row of samples, each between four pixels, times 256, the middle grey at 0. */
CW_BODY void sample_row(const struct cw_luma_map *m, int32_t x, int32_t y,
                        const struct grid *g, float out[SIDE])
{
    int32_t at[SIDE];
    int32_t fx[SIDE];
    int32_t fy[SIDE];
    const int32_t stride = (int32_t)m->stride;
    for (int32_t i = 0; i < SIDE; i++) {
        const int32_t px = x + i * g->right_x;
        const int32_t py = y + i * g->right_y;
        at[i] = (py >> FRAC) * stride + (px >> FRAC);
        fx[i] = (px >> (FRAC - 8)) & 255;
        fy[i] = (py >> (FRAC - 8)) & 255;
    }
    uint16_t top[SIDE]; /* two pixels beside each other, the left one lowest */
    uint16_t low[SIDE];
    for (unsigned i = 0; i < SIDE; i++) {
        const uint8_t *px = m->px + at[i];
        top[i] = (uint16_t)(px[0] | px[1] << 8);
        low[i] = (uint16_t)(px[stride] | px[stride + 1] << 8);
    }
    for (unsigned i = 0; i < SIDE; i++) {
        const int32_t a = (top[i] & 255) * 256 + ((top[i] >> 8) - (top[i] & 255)) * fx[i];
        const int32_t b = (low[i] & 255) * 256 + ((low[i] >> 8) - (low[i] & 255)) * fx[i];
        const int32_t sample = (a * 256 + (b - a) * fy[i]) >> 8;
        out[i] = (float)(sample - 128 * 256);
    }
}

CW_BODY void sample_patch(const struct cw_luma_map *m, const struct cw_keypoint *p,
                          float patch[SIDE][SIDE])
{
    const struct grid g = grid_of(p);
    for (int32_t row = 0; row < SIDE; row++) {
        sample_row(m, g.x - row * g.right_y, g.y + row * g.right_x, &g, patch[row]);
    }
}

/* Transforms the columns of a patch, and folds the result for the rows:
 * even[i][k] and odd[i][k] belong to samples i and 31 - i of row frequency k. */
CW_BODY void transform_columns(const struct cw_lpdq *l, float patch[SIDE][SIDE],
                               float even[HALF][LANES], float odd[HALF][LANES])
{
    float minus[HALF][SIDE];
    for (unsigned y = 0; y < HALF; y++) {
        for (unsigned x = 0; x < SIDE; x++) {
            const float a = patch[y][x];
            const float b = patch[SIDE - 1 - y][x];
            patch[y][x] = a + b;
            minus[y][x] = a - b;
        }
    }
    for (unsigned k = 0; k < N_FREQ; k++) {
        const float(*in)[SIDE] = (const float(*)[SIDE])(k % 2 == 0 ? patch : minus);
        float sum[SIDE] = {0};
        for (unsigned y = 0; y < HALF; y++) {
            const float c = l->cosine[k][y];
            for (unsigned x = 0; x < SIDE; x++) {
                sum[x] += c * in[y][x];
            }
        }
        for (unsigned x = 0; x < HALF; x++) {
            even[x][k] = sum[x] + sum[SIDE - 1 - x];
            odd[x][k] = sum[x] - sum[SIDE - 1 - x];
        }
    }
}

/* Transforms the rows: out[column frequency][row frequency]. */
CW_BODY void transform_rows(const struct cw_lpdq *l, float even[HALF][LANES],
                            float odd[HALF][LANES], float out[N_FREQ][LANES])
{
    for (unsigned k = 0; k < N_FREQ; k++) {
        const float(*in)[LANES] = (const float(*)[LANES])(k % 2 == 0 ? even : odd);
        float sum[LANES] = {0};
        for (unsigned x = 0; x < HALF; x++) {
            const float c = l->cosine[k][x];
            for (unsigned i = 0; i < LANES; i++) {
                sum[i] += c * in[x][i];
            }
        }
        memcpy(out[k], sum, sizeof sum);
    }
}

CW_BODY void describe_body(const struct cw_lpdq *l, const struct cw_luma_map *m,
                           const struct cw_keypoint *p, struct cw_hash *out)
{
    float patch[SIDE][SIDE];
    float even[HALF][LANES] = {0};
    float odd[HALF][LANES] = {0};
    float coefficients[N_FREQ][LANES];
    sample_patch(m, p, patch);
    transform_columns(l, patch, even, odd);
    transform_rows(l, even, odd, coefficients);
    for (unsigned byte = 0; byte < CW_HASH_BYTES; byte++) {
        unsigned bits = 0;
        for (unsigned i = 0; i < 8; i++) {
            const unsigned bit = byte * 8 + i;
            const float c = coefficients[l->bit_col[bit]][l->bit_row[bit]];
            bits |= (unsigned)(c > NOTHING) << i;
        }
        out->b[byte] = (uint8_t)bits;
    }
}

CW_FOR_AVX2 static void describe_avx2(const struct cw_lpdq *l,
                                      const struct cw_luma_map *m,
                                      const struct cw_keypoint *p, struct cw_hash *out)
{
    describe_body(l, m, p, out);
}

static void describe_plain(const struct cw_lpdq *l, const struct cw_luma_map *m,
                           const struct cw_keypoint *p, struct cw_hash *out)
{
    describe_body(l, m, p, out);
}

/* ---- a whole map ------------------------------------------------------------------ */

/* One pixel of level i, in 1 / CW_LOCAL_SCALE_ONE of the map's longer side. */
static uint16_t scale_of(unsigned i, const struct cw_luma_map *map)
{
    uint64_t six = CW_LOCAL_SCALE_ONE;
    uint64_t five = 1;
    for (unsigned k = 0; k < i; k++) {
        six *= 6;
        five *= 5;
    }
    const uint64_t side = map->width > map->height ? map->width : map->height;
    const uint64_t scale = (six + five * side / 2) / (five * side);
    return (uint16_t)(scale < UINT16_MAX ? scale : UINT16_MAX);
}

size_t cw_lpdq_extract(struct cw_lpdq *l, const struct cw_luma_map *map, size_t want,
                       struct cw_local *out)
{
    cw_pyramid_build(l->pyramid, map);
    const size_t n =
        cw_keypoints_find(l->keypoints, l->pyramid,
                          want < CW_FP_MAX_LOCAL ? want : CW_FP_MAX_LOCAL, l->points);
    const bool avx2 = cw_has_avx2();
    for (size_t i = 0; i < n; i++) {
        const struct cw_keypoint *p = &l->points[i];
        const struct cw_luma_map *m = &cw_pyramid_level(l->pyramid, p->level)->smooth;
        out[i].x = (uint16_t)cw_pyramid_place(p->level, p->x, map->width, UINT16_MAX);
        out[i].y = (uint16_t)cw_pyramid_place(p->level, p->y, map->height, UINT16_MAX);
        out[i].scale = scale_of(p->level, map);
        out[i].angle = p->angle;
        (avx2 ? describe_avx2 : describe_plain)(l, m, p, &out[i].bits);
    }
    return n;
}
