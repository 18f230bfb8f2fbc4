/* test_ink.c - the ink map against its formula in doubles, and what it is for: negatives,
 * exposures and flat colours look alike in it. */
#include "hashing/ink.h"
#include "tests/support/t_canvas.h"
#include "tests/support/t_cmocka.h"

#include <math.h>
#include <stdlib.h>

static struct t_canvas canvas;
static struct cw_ink *ink;

static int open_ink(void **state)
{
    (void)state;
    return cw_ink_new(&ink, NULL);
}

static int close_ink(void **state)
{
    (void)state;
    cw_ink_free(&ink);
    return 0;
}

/* ---- the oracle: the formula at full size, nothing rounded, borders repeated ----------
 */

#define OW 160
#define OH 120
static double luma[OH][OW], smooth[OH][OW], steep[OH][OW], around[OH][OW], half[OH][OW];

static int inside(int v, int n)
{
    return v < 0 ? 0 : v >= n ? n - 1 : v;
}

static void oracle_gauss(double in[OH][OW], double out[OH][OW], double sigma)
{
    const int radius = (int)ceil(4 * sigma);
    for (int pass = 0; pass < 2; pass++) {
        for (int y = 0; y < OH; y++) {
            for (int x = 0; x < OW; x++) {
                double sum = 0;
                double weights = 0;
                for (int i = -radius; i <= radius; i++) {
                    const double w = exp(-i * i / (2 * sigma * sigma));
                    sum += w * (pass == 0 ? in[y][inside(x + i, OW)]
                                          : half[inside(y + i, OH)][x]);
                    weights += w;
                }
                (pass == 0 ? half : out)[y][x] = sum / weights;
            }
        }
    }
}

static double at(int x, int y)
{
    return smooth[inside(y, OH)][inside(x, OW)];
}

static void oracle(void)
{
    for (int y = 0; y < OH; y++) {
        for (int x = 0; x < OW; x++) {
            luma[y][x] = canvas.px[y * OW + x];
        }
    }
    oracle_gauss(luma, smooth, 0.0022 * OW + 0.3);
    for (int y = 0; y < OH; y++) {
        for (int x = 0; x < OW; x++) {
            const double dx = at(x + 1, y - 1) + 2 * at(x + 1, y) + at(x + 1, y + 1) -
                              at(x - 1, y - 1) - 2 * at(x - 1, y) - at(x - 1, y + 1);
            const double dy = at(x - 1, y + 1) + 2 * at(x, y + 1) + at(x + 1, y + 1) -
                              at(x - 1, y - 1) - 2 * at(x, y - 1) - at(x + 1, y - 1);
            steep[y][x] = sqrt(dx * dx + dy * dy) / 4;
        }
    }
    oracle_gauss(steep, around, 0.05 * OW);
}

/* Away from the borders, where the small map knows less of what is around. */
static void is_the_formula(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 4; seed++) {
        double difference = 0;
        t_blank(&canvas, OW, OH, 0);
        t_draw(&canvas, (struct cw_rect){0, 0, OW, OH}, seed);
        oracle();
        const struct cw_plane map = cw_ink_draw(ink, &canvas.plane);
        for (int y = 0; y < OH; y++) {
            for (int x = 0; x < OW; x++) {
                const double v = steep[y][x] / (1.5 * around[y][x] + 3);
                const double wanted = 255 * v / (v + 1);
                const double is = map.px[(size_t)y * map.stride + (size_t)x];
                const bool inner = x >= 16 && x < OW - 16 && y >= 16 && y < OH - 16;
                assert_true(!inner || fabs(is - wanted) < 24);
                difference += fabs(is - wanted);
            }
        }
        assert_true(difference / (OW * OH) < 1.2);
    }
}

static void an_even_picture_has_no_ink(void **state)
{
    static const unsigned SIDES[][2] = {{768, 768}, {1, 1}, {1, 768}, {768, 1}, {9, 31}};
    (void)state;
    for (size_t i = 0; i < sizeof SIDES / sizeof SIDES[0]; i++) {
        for (int tone = 0; tone < 256; tone += 51) {
            t_blank(&canvas, SIDES[i][0], SIDES[i][1], tone);
            const struct cw_plane map = cw_ink_draw(ink, &canvas.plane);
            assert_int_equal(map.width, SIDES[i][0]);
            assert_int_equal(map.height, SIDES[i][1]);
            for (size_t k = 0; k < (size_t)map.width * map.height; k++) {
                assert_int_equal(map.px[k], 0);
            }
        }
    }
}

static uint8_t before[T_CANVAS_SIDE * T_CANVAS_SIDE];

/* Mean difference of the map of the canvas to the map that was kept. */
static double difference_to_kept(void)
{
    const struct cw_plane map = cw_ink_draw(ink, &canvas.plane);
    double sum = 0;
    const size_t n = (size_t)map.width * map.height;
    for (size_t i = 0; i < n; i++) {
        sum += abs(map.px[i] - before[i]);
    }
    return sum / (double)n;
}

static void keep_map(void)
{
    const struct cw_plane map = cw_ink_draw(ink, &canvas.plane);
    memcpy(before, map.px, (size_t)map.width * map.height);
}

static void a_negative_has_the_same_ink(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 4; seed++) {
        t_blank(&canvas, 768, 500, 0);
        t_draw(&canvas, (struct cw_rect){0, 0, 768, 500}, seed);
        keep_map();
        for (size_t i = 0; i < (size_t)768 * 500; i++) {
            canvas.px[i] = (uint8_t)(255 - canvas.px[i]);
        }
        assert_true(difference_to_kept() < 0.2);
    }
}

static void half_the_contrast_has_nearly_the_same_ink(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 4; seed++) {
        t_blank(&canvas, 768, 500, 0);
        t_draw(&canvas, (struct cw_rect){0, 0, 768, 500}, seed);
        keep_map();
        for (size_t i = 0; i < (size_t)768 * 500; i++) {
            canvas.px[i] = (uint8_t)(60 + canvas.px[i] / 2);
        }
        assert_true(difference_to_kept() < 3);
    }
}

static void a_turned_picture_has_the_turned_ink(void **state)
{
    (void)state;
    t_blank(&canvas, 400, 400, 0);
    t_draw(&canvas, (struct cw_rect){0, 0, 400, 400}, 1);
    keep_map();
    for (unsigned y = 0; y < 400; y++) {
        for (unsigned x = 0; x < y; x++) {
            const uint8_t t = canvas.px[y * 400 + x];
            canvas.px[y * 400 + x] = canvas.px[x * 400 + y];
            canvas.px[x * 400 + y] = t;
        }
    }
    const struct cw_plane map = cw_ink_draw(ink, &canvas.plane);
    for (unsigned y = 0; y < 400; y++) {
        for (unsigned x = 0; x < 400; x++) {
            assert_true(abs(map.px[y * 400 + x] - before[x * 400 + y]) <= 6);
        }
    }
}

/* One pixel more or less in width must not reach for what is not there. */
static void any_size_and_any_stride_will_do(void **state)
{
    (void)state;
    t_noise(&canvas, 768, 768);
    for (unsigned width = 1; width < 40; width++) {
        for (unsigned height = 1; height < 40; height += 3) {
            const struct cw_plane crop =
                cw_plane_crop(&canvas.plane, (struct cw_rect){5, 7, width, height});
            (void)cw_ink_draw(ink, &crop);
        }
    }
    static const unsigned SIDES[] = {1, 2, 7, 8, 9, 761, 767, 768};
    for (size_t i = 0; i < sizeof SIDES / sizeof SIDES[0]; i++) {
        const struct cw_plane high =
            cw_plane_crop(&canvas.plane, (struct cw_rect){0, 0, SIDES[i], 768});
        const struct cw_plane wide =
            cw_plane_crop(&canvas.plane, (struct cw_rect){0, 0, 768, SIDES[i]});
        (void)cw_ink_draw(ink, &high);
        (void)cw_ink_draw(ink, &wide);
    }
}

/* Checkers of black and white: the largest slopes there are. */
static void the_steepest_picture_does_not_overflow(void **state)
{
    (void)state;
    t_blank(&canvas, 256, 256, 0);
    for (unsigned y = 0; y < 256; y++) {
        for (unsigned x = 0; x < 256; x++) {
            canvas.px[y * 256 + x] = (x / 16 + y / 16) % 2 == 0 ? 0 : 255;
        }
    }
    const struct cw_plane map = cw_ink_draw(ink, &canvas.plane);
    assert_true(map.px[120 * 256 + 112] > 120); /* on an edge */
    assert_true(map.px[120 * 256 + 120] < 10);  /* in a square */
    t_blank(&canvas, 4, 4, 0);                  /* no blur to speak of */
    for (unsigned i = 0; i < 16; i++) {
        canvas.px[i] = i % 4 >= 2 ? 255 : 0;
    }
    const struct cw_plane tiny = cw_ink_draw(ink, &canvas.plane);
    assert_true(tiny.px[1] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_formula),
        cmocka_unit_test(an_even_picture_has_no_ink),
        cmocka_unit_test(a_negative_has_the_same_ink),
        cmocka_unit_test(half_the_contrast_has_nearly_the_same_ink),
        cmocka_unit_test(a_turned_picture_has_the_turned_ink),
        cmocka_unit_test(any_size_and_any_stride_will_do),
        cmocka_unit_test(the_steepest_picture_does_not_overflow),
    };
    return cmocka_run_group_tests(tests, open_ink, close_ink);
}
