/* test_pdq.c - PDQ against a slow, literal reading of the published algorithm, and
 * against hashes that Meta's C++ reference computed for the same drawings. */
#include "hashing/pdq.h"
#include "tests/support/t_cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE CW_PDQ_SIDE

static uint64_t random_state;

/* xorshift64 (Marsaglia 2003). */
static unsigned next_random(unsigned below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 33) % below;
}

/* ---- the oracle ---------------------------------------------------------------------
 */

/* Mean of a window that slides along a line: one value in, one out, in this order. */
static void oracle_box(const float *in, float *out, int n, int stride, int window)
{
    const int ahead = (window + 2) / 2 - 1;
    float sum = 0;
    int size = 0;
    for (int at = -ahead; at < n; at++) {
        const int enters = at + ahead;
        const int leaves = enters - window;
        if (enters < n) {
            sum += in[enters * stride];
            size++;
        }
        if (leaves >= 0) {
            sum -= in[leaves * stride];
            size--;
        }
        if (at >= 0) {
            out[at * stride] = sum / (float)size;
        }
    }
}

static void oracle_blur(float *plane, float *other, int width, int height)
{
    for (int round = 0; round < 2; round++) {
        for (int y = 0; y < height; y++) {
            oracle_box(plane + y * width, other + y * width, width, 1,
                       (width + 127) / 128);
        }
        for (int x = 0; x < width; x++) {
            oracle_box(other + x, plane + x, height, width, (height + 127) / 128);
        }
    }
}

static int compare_floats(const void *a, const void *b)
{
    const float x = *(const float *)a;
    const float y = *(const float *)b;
    return (x > y) - (x < y);
}

static void oracle_dct(float small[64][64], float out[16][16])
{
    float d[16][64];
    float half[16][64];
    const float scale = (float)sqrt(2.0 / 64.0);
    for (int i = 0; i < 16; i++) {
        for (int j = 0; j < 64; j++) {
            d[i][j] = (float)((double)scale *
                              cos(acos(-1.0) / 2.0 / 64.0 * (i + 1) * (2 * j + 1)));
        }
    }
    for (int i = 0; i < 16; i++) {
        for (int j = 0; j < 64; j++) {
            half[i][j] = 0;
            for (int k = 0; k < 64; k++) {
                half[i][j] += d[i][k] * small[k][j];
            }
        }
    }
    for (int i = 0; i < 16; i++) {
        for (int j = 0; j < 16; j++) {
            out[i][j] = 0;
            for (int k = 0; k < 64; k++) {
                out[i][j] += half[i][k] * d[j][k];
            }
        }
    }
}

static int oracle_quality(float small[64][64])
{
    int sum = 0;
    for (int i = 0; i < 64; i++) {
        for (int j = 0; j < 64; j++) {
            sum += i < 63 ? abs((int)((small[i][j] - small[i + 1][j]) * 100 / 255)) : 0;
            sum += j < 63 ? abs((int)((small[i][j] - small[i][j + 1]) * 100 / 255)) : 0;
        }
    }
    return sum / 90 > 100 ? 100 : sum / 90;
}

static struct cw_hash oracle_hash(float *plane, int width, int height, int *out_quality)
{
    static float other[SIDE * SIDE];
    float small[64][64];
    float coefficients[16][16];
    float sorted[256];
    struct cw_hash h = {0};
    if (width < 5 || height < 5) {
        *out_quality = 0;
        return h;
    }
    if (width != 64 || height != 64) {
        oracle_blur(plane, other, width, height);
    }
    for (int i = 0; i < 64; i++) {
        for (int j = 0; j < 64; j++) {
            const int y = (int)((i + 0.5) * height / 64);
            const int x = (int)((j + 0.5) * width / 64);
            small[i][j] = plane[y * width + x];
        }
    }
    *out_quality = oracle_quality(small);
    oracle_dct(small, coefficients);
    memcpy(sorted, coefficients, sizeof sorted);
    qsort(sorted, 256, sizeof sorted[0], compare_floats);
    for (int bit = 0; bit < 256; bit++) {
        if (coefficients[bit / 16][bit % 16] > sorted[127]) {
            h.b[31 - bit / 8] |= (uint8_t)(1U << (bit % 8));
        }
    }
    return h;
}

/* ---- drawings -----------------------------------------------------------------------
 */

enum drawing { NOISE, BLACK, WHITE, CHECKERS, COLOURED, DISC, SHADES, DRAWING_COUNT };

/* Without any function of libm, so that the pixels are the same everywhere. */
static float drawn(enum drawing kind, int x, int y, int width, int height)
{
    const int dx = 2 * x - width;
    const int dy = 2 * y - height;
    switch (kind) {
    case NOISE:
        return (float)next_random(256);
    case WHITE:
        return 255;
    case CHECKERS:
        return (x / 7 + y / 9) % 2 == 0 ? 0 : 255;
    case COLOURED:
        return 0.299F * (float)next_random(256) + 0.587F * (float)(x % 256) +
               0.114F * (float)(y % 256);
    case DISC:
        return dx * dx + dy * dy < width * height / 3 ? 10 : 240;
    case SHADES:
        return (float)((x * x / 97 + x * y / 53 + y * 3) % 256);
    default:
        return 0;
    }
}

static void draw(float *plane, enum drawing kind, int width, int height)
{
    random_state = 88172645463325252U;
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            plane[y * width + x] = drawn(kind, x, y, width, height);
        }
    }
}

static struct cw_pdq_work *work;

static int open_work(void **state)
{
    (void)state;
    return cw_pdq_work_new(&work, NULL);
}

static int close_work(void **state)
{
    (void)state;
    cw_pdq_work_free(&work);
    return 0;
}

static struct cw_pdq hash_of(enum drawing kind, int width, int height)
{
    struct cw_pdq pdq;
    draw(cw_pdq_luma(work), kind, width, height);
    cw_pdq_hash(work, (uint32_t)width, (uint32_t)height, &pdq);
    return pdq;
}

static void assert_same_as_oracle(enum drawing kind, int width, int height)
{
    static float plane[SIDE * SIDE];
    int quality = 0;
    draw(plane, kind, width, height);
    const struct cw_hash expected = oracle_hash(plane, width, height, &quality);
    const struct cw_pdq pdq = hash_of(kind, width, height);
    assert_int_equal(cw_hash_distance(&expected, &pdq.turns[CW_TURN_ORIG]), 0);
    assert_int_equal(quality, pdq.quality);
}

/* ---- tests --------------------------------------------------------------------------
 */

static void equals_the_oracle_at_full_size(void **state)
{
    (void)state;
    for (int kind = 0; kind < DRAWING_COUNT; kind++) {
        assert_same_as_oracle((enum drawing)kind, SIDE, SIDE);
    }
}

static void equals_the_oracle_at_every_window(void **state)
{
    static const int SIDES[] = {5,   6,   17,  63,  64,  65,  127, 128,
                                129, 255, 256, 257, 384, 385, 511};
    (void)state;
    for (size_t i = 0; i < sizeof SIDES / sizeof SIDES[0]; i++) {
        for (int kind = 0; kind < DRAWING_COUNT; kind++) {
            assert_same_as_oracle((enum drawing)kind, SIDES[i], SIDES[i]);
            assert_same_as_oracle((enum drawing)kind, SIDES[i], 300);
            assert_same_as_oracle((enum drawing)kind, 401, SIDES[i]);
        }
    }
}

struct known {
    enum drawing kind;
    int width, height;
    const char *hash;
    int quality;
};

/* Computed by Meta's C++ reference (ThreatExchange baefb4ed) from these planes. */
static const struct known KNOWN[] = {
    {NOISE, 512, 512, "1a60dec68c752214f353ab395d7295e4e83970f2cf10d52b893b2dccdec5a349",
     100},
    {NOISE, 300, 200, "e27bb3ea52c038d4c6241dafc7f4ac6fa845fbacc930167c84972292de45ad64",
     100},
    {BLACK, 512, 512, "0000000000000000000000000000000000000000000000000000000000000000",
     0},
    {BLACK, 300, 200, "0000000000000000000000000000000000000000000000000000000000000000",
     0},
    {WHITE, 512, 512, "00001134000011342c4b00002c4b1134000000002c4b2c4b00002c4b8200554b",
     0},
    {WHITE, 300, 200, "00001134000011342c4b00002c4b1134000000002c4b2c4b00002c4b8200554b",
     0},
    {CHECKERS, 512, 512,
     "5000ffff50005555500055555000ffff5000ffff5000ffff5000ffff5000ffff", 100},
    {CHECKERS, 300, 200,
     "5556505255525052ffff5552ffff5052555655565052505255525552dfdf5052", 100},
    {COLOURED, 512, 512,
     "1a60dec68c752214f353ab395d7295e4e83970f2cf10d52b893b2dccdec5a349", 100},
    {COLOURED, 300, 200,
     "e27bb3ea52c038d4c6241dafc7f4ac6fa845fbacc930167c84972292de45ad64", 100},
    {COLOURED, 64, 64, "390ceb8bfcfd8659001c866d55f3033782eafe3b2186706bc4839abfd0fa258a",
     100},
    {COLOURED, 65, 64, "4a9520fbf378a121c47b04385886992af5ae0f8e54dbdd4211332f2f4df3473f",
     100},
    {COLOURED, 129, 400,
     "82386fd7b8444345a40e659d66ee0ab735aaade929e69bf30e47d9233d0cf608", 100},
    {DISC, 512, 512, "5866e1996587965986983c671a6961e769e6979b878658595a58a5a5a5e17357",
     100},
    {DISC, 300, 200, "30cdb336334ccb33c3364cf3cf333cce2cb2f2ccb0cbce2cc30c2c302d3c7393",
     100},
    {SHADES, 512, 512, "0fff7ffdfff0ff800000ce00cf00bf80cf00ff00ef40ff40cf80df80df80bf80",
     100},
    {SHADES, 300, 200, "1ddd3cdd7555b0dea1ea2dfec9889980631e9e1e707e8ff078008ff078208b70",
     100},
    {SHADES, 64, 64, "8a5155aeab5174a4995b26b5d14a2695d96b24d4caa97556da2d24dadb652e9a",
     82},
    {SHADES, 65, 64, "aad155aeaa5154ac9b5b2ea5514aaeb5536b64949a294556ba2d65d293652eba",
     85},
    {SHADES, 129, 400, "552aea5b5592eb7354c6eb1e54fcff0000fcff0000fcff0004fcff0440fcff00",
     100},
};

static void equals_the_reference(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof KNOWN / sizeof KNOWN[0]; i++) {
        const struct known *k = &KNOWN[i];
        const struct cw_pdq pdq = hash_of(k->kind, k->width, k->height);
        char text[CW_HASH_TEXT_CAP];
        cw_hash_format(&pdq.turns[CW_TURN_ORIG], text);
        assert_string_equal(text, k->hash);
        assert_int_equal(pdq.quality, k->quality);
    }
}

static void tiny_pictures_have_the_zero_hash(void **state)
{
    (void)state;
    const struct cw_hash zero = {0};
    const struct cw_pdq narrow = hash_of(NOISE, 4, 300);
    const struct cw_pdq low = hash_of(NOISE, 300, 4);
    for (int turn = 0; turn < CW_TURN_COUNT; turn++) {
        assert_memory_equal(&narrow.turns[turn], &zero, sizeof zero);
        assert_memory_equal(&low.turns[turn], &zero, sizeof zero);
    }
    assert_int_equal(narrow.quality, 0);
}

static void blank_pictures_have_no_quality(void **state)
{
    (void)state;
    assert_int_equal(hash_of(BLACK, SIDE, SIDE).quality, 0);
    assert_int_equal(hash_of(WHITE, 200, 300).quality, 0);
    assert_int_equal(hash_of(NOISE, 64, 64).quality, 100);
}

/* Turns the plane as `turn` says: rot90 is anti-clockwise, flipx is top to bottom. */
static void turn_plane(const float *in, float *out, int width, int height,
                       enum cw_turn turn)
{
    const bool transposed = turn == CW_TURN_ROT90 || turn == CW_TURN_ROT270 ||
                            turn == CW_TURN_FLIPPLUS || turn == CW_TURN_FLIPMINUS;
    const int out_width = transposed ? height : width;
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            const int right = width - 1 - x;
            const int below = height - 1 - y;
            const int places[CW_TURN_COUNT][2] = {
                [CW_TURN_ORIG] = {x, y},           [CW_TURN_ROT90] = {y, right},
                [CW_TURN_ROT180] = {right, below}, [CW_TURN_ROT270] = {below, x},
                [CW_TURN_FLIPX] = {x, below},      [CW_TURN_FLIPY] = {right, y},
                [CW_TURN_FLIPPLUS] = {y, x},       [CW_TURN_FLIPMINUS] = {below, right}};
            out[places[turn][1] * out_width + places[turn][0]] = in[y * width + x];
        }
    }
}

static void turned_views_are_near_the_turned_picture(void **state)
{
    (void)state;
    static float plane[SIDE * SIDE];
    const int width = 400;
    const int height = 300;
    const struct cw_pdq upright = hash_of(SHADES, width, height);
    draw(plane, SHADES, width, height);
    for (int turn = 0; turn < CW_TURN_COUNT; turn++) {
        const bool transposed = turn == CW_TURN_ROT90 || turn == CW_TURN_ROT270 ||
                                turn == CW_TURN_FLIPPLUS || turn == CW_TURN_FLIPMINUS;
        struct cw_pdq turned;
        turn_plane(plane, cw_pdq_luma(work), width, height, (enum cw_turn)turn);
        cw_pdq_hash(work, transposed ? 300 : 400, transposed ? 400 : 300, &turned);
        const unsigned distance =
            cw_hash_distance(&upright.turns[turn], &turned.turns[CW_TURN_ORIG]);
        assert_true(distance <= 12);
    }
}

static void turning_bits_back_gives_the_same_bits(void **state)
{
    (void)state;
    static const enum cw_turn BACK[CW_TURN_COUNT] = {
        CW_TURN_ORIG,  CW_TURN_ROT270, CW_TURN_ROT180,   CW_TURN_ROT90,
        CW_TURN_FLIPX, CW_TURN_FLIPY,  CW_TURN_FLIPPLUS, CW_TURN_FLIPMINUS};
    const struct cw_pdq pdq = hash_of(SHADES, 300, 200);
    for (int turn = 0; turn < CW_TURN_COUNT; turn++) {
        const struct cw_hash there =
            cw_pdq_turn_bits(&pdq.turns[CW_TURN_ORIG], (enum cw_turn)turn);
        const struct cw_hash back = cw_pdq_turn_bits(&there, BACK[turn]);
        assert_int_equal(cw_hash_distance(&pdq.turns[CW_TURN_ORIG], &back), 0);
    }
}

static void large_pictures_have_a_square_plane(void **state)
{
    (void)state;
    assert_int_equal(cw_pdq_plane_size(513, 10).width, SIDE);
    assert_int_equal(cw_pdq_plane_size(513, 10).height, SIDE);
    assert_int_equal(cw_pdq_plane_size(512, 10).height, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_oracle_at_full_size),
        cmocka_unit_test(equals_the_oracle_at_every_window),
        cmocka_unit_test(equals_the_reference),
        cmocka_unit_test(tiny_pictures_have_the_zero_hash),
        cmocka_unit_test(blank_pictures_have_no_quality),
        cmocka_unit_test(turned_views_are_near_the_turned_picture),
        cmocka_unit_test(turning_bits_back_gives_the_same_bits),
        cmocka_unit_test(large_pictures_have_a_square_plane),
    };
    return cmocka_run_group_tests(tests, open_work, close_work);
}
