/* test_rects.c - frames on sheets are found; bitmaps and components against literal
 * readings of what they should be; nothing breaks on pictures that have no frame. */
#include "hashing/bitmap.h"
#include "hashing/components.h"
#include "hashing/edges.h"
#include "hashing/rects.h"
#include "tests/support/t_canvas.h"
#include "tests/support/t_cmocka.h"

#include <stdlib.h>

static struct t_canvas canvas;
static struct cw_bitmap bits, other;
static struct cw_rects *rects;

static int open_rects(void **state)
{
    (void)state;
    return cw_rects_new(&rects, NULL);
}

static int close_rects(void **state)
{
    (void)state;
    cw_rects_free(&rects);
    return 0;
}

static bool bit(const struct cw_bitmap *b, unsigned x, unsigned y)
{
    return (b->word[y][x / 64] >> (x % 64) & 1) != 0;
}

/* ---- bitmaps ------------------------------------------------------------------------
 */

static const unsigned SIDES[][2] = {{1, 1},   {1, 768},  {768, 1},   {63, 65}, {64, 64},
                                    {65, 63}, {200, 90}, {768, 768}, {767, 5}};
#define N_SIDES (sizeof SIDES / sizeof SIDES[0])

/* Sparse points, so that growing them leaves gaps. */
static void sparse(unsigned width, unsigned height, unsigned one_in)
{
    uint64_t random = 99;
    t_blank(&canvas, width, height, 100);
    for (size_t i = 0; i < (size_t)width * height; i++) {
        if (t_random(&random, one_in) == 0) {
            canvas.px[i] = 130;
        }
    }
}

static void thresholds_are_literal(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SIDES; i++) {
        const unsigned width = SIDES[i][0];
        const unsigned height = SIDES[i][1];
        t_noise(&canvas, width, height);
        cw_bitmap_not_tone(&canvas.plane, 128, 18, &bits);
        for (unsigned y = 0; y < height; y++) {
            for (unsigned x = 0; x < CW_PLANE_SIDE; x++) {
                const bool wanted =
                    x < width && abs((int)canvas.px[y * width + x] - 128) > 18;
                assert_int_equal(bit(&bits, x, y), wanted);
            }
        }
    }
}

static void steps_are_literal(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SIDES; i++) {
        const unsigned width = SIDES[i][0];
        const unsigned height = SIDES[i][1];
        t_noise(&canvas, width, height);
        cw_bitmap_steps_down(&canvas.plane, 40, &bits);
        cw_bitmap_steps_right(&canvas.plane, 40, &other);
        for (unsigned y = 0; y < height; y++) {
            for (unsigned x = 0; x < width; x++) {
                const int here = canvas.px[y * width + x];
                const int below = y + 1 < height ? canvas.px[(y + 1) * width + x] : here;
                const int right = x + 1 < width ? canvas.px[y * width + x + 1] : here;
                assert_int_equal(bit(&bits, x, y), abs(here - below) > 40);
                assert_int_equal(bit(&other, x, y), abs(here - right) > 40);
            }
        }
    }
}

static void growing_in_steps_is_a_square(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SIDES; i++) {
        const int width = (int)SIDES[i][0];
        const int height = (int)SIDES[i][1];
        sparse(SIDES[i][0], SIDES[i][1], 200);
        cw_bitmap_not_tone(&canvas.plane, 100, 18, &bits);
        cw_bitmap_grow(&bits, 1, &other);
        cw_bitmap_grow(&other, 2, &bits);
        cw_bitmap_grow(&bits, 1, &other);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                bool wanted = false;
                for (int v = y - 4; v <= y + 4; v++) {
                    for (int u = x - 4; u <= x + 4; u++) {
                        wanted = wanted || (u >= 0 && u < width && v >= 0 && v < height &&
                                            canvas.px[v * width + u] == 130);
                    }
                }
                assert_int_equal(bit(&other, (unsigned)x, (unsigned)y), wanted);
            }
        }
    }
}

static void transposes(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SIDES; i++) {
        sparse(SIDES[i][0], SIDES[i][1], 3);
        cw_bitmap_not_tone(&canvas.plane, 100, 18, &bits);
        cw_bitmap_transpose(&bits, &other);
        assert_int_equal(other.width, bits.height);
        assert_int_equal(other.height, bits.width);
        for (unsigned y = 0; y < bits.height; y++) {
            for (unsigned x = 0; x < bits.width; x++) {
                assert_int_equal(bit(&bits, x, y), bit(&other, y, x));
            }
        }
    }
}

/* ---- components ---------------------------------------------------------------------
 */

/* Flood filling, one shape after the other; returns the areas of the boxes, sorted. */
static unsigned flood_areas(unsigned *areas)
{
    static uint32_t stack[T_CANVAS_SIDE * T_CANVAS_SIDE];
    const int width = (int)canvas.plane.width;
    const int height = (int)canvas.plane.height;
    unsigned n_shapes = 0;
    for (int start = 0; start < width * height; start++) {
        if (canvas.px[start] != 130) {
            continue;
        }
        size_t n = 0;
        int x0 = width;
        int x1 = 0;
        int y0 = height;
        int y1 = 0;
        stack[n++] = (uint32_t)start;
        canvas.px[start] = 100;
        while (n > 0) {
            const int at = (int)stack[--n];
            const int x = at % width;
            const int y = at / width;
            x0 = x < x0 ? x : x0;
            x1 = x > x1 ? x : x1;
            y0 = y < y0 ? y : y0;
            y1 = y > y1 ? y : y1;
            for (int k = 0; k < 9; k++) {
                const int u = x + k % 3 - 1;
                const int v = y + k / 3 - 1;
                if (u >= 0 && u < width && v >= 0 && v < height &&
                    canvas.px[v * width + u] == 130) {
                    canvas.px[v * width + u] = 100;
                    stack[n++] = (uint32_t)(v * width + u);
                }
            }
        }
        areas[n_shapes++] = (unsigned)((x1 - x0 + 1) * (y1 - y0 + 1));
    }
    return n_shapes;
}

static int by_falling_value(const void *a, const void *b)
{
    const unsigned x = *(const unsigned *)a;
    const unsigned y = *(const unsigned *)b;
    return (x < y) - (x > y);
}

static void components_are_those_of_flood_filling(void **state)
{
    static unsigned areas[T_CANVAS_SIDE * T_CANVAS_SIDE];
    static struct cw_rect found[1000];
    (void)state;
    for (size_t i = 0; i < N_SIDES; i++) {
        for (unsigned one_in = 2; one_in < 40; one_in = one_in * 2 - 1) {
            sparse(SIDES[i][0], SIDES[i][1], one_in);
            cw_bitmap_not_tone(&canvas.plane, 100, 18, &bits);
            const unsigned n = cw_components(&bits, found, 1000);
            const unsigned wanted = flood_areas(areas);
            qsort(areas, wanted, sizeof areas[0], by_falling_value);
            assert_int_equal(n, wanted < 1000 ? wanted : 1000);
            for (unsigned k = 0; k < n; k++) {
                assert_int_equal(found[k].width * found[k].height, areas[k]);
            }
        }
    }
}

/* ---- rectangles ---------------------------------------------------------------------
 */

/* Every bound of `wanted` is met within `slack` px by one of the rectangles. */
static bool finds(struct cw_rect wanted, int slack)
{
    struct cw_rect found[CW_RECTS_MAX];
    const unsigned n = cw_rects_find(rects, &canvas.plane, found);
    for (unsigned i = 0; i < n; i++) {
        const struct cw_rect r = found[i];
        if (abs((int)r.x - (int)wanted.x) <= slack &&
            abs((int)r.y - (int)wanted.y) <= slack &&
            abs((int)(r.x + r.width) - (int)(wanted.x + wanted.width)) <= slack &&
            abs((int)(r.y + r.height) - (int)(wanted.y + wanted.height)) <= slack) {
            return true;
        }
    }
    return false;
}

static void finds_a_frame_on_a_sheet(void **state)
{
    const struct cw_rect frame = {150, 120, 420, 260};
    (void)state;
    for (unsigned seed = 0; seed < 5; seed++) {
        t_blank(&canvas, 768, 576, 250);
        t_draw(&canvas, frame, seed);
        t_fill(&canvas, (struct cw_rect){150, 430, 200, 12}, 30); /* a line of text */
        t_fill(&canvas, (struct cw_rect){150, 460, 90, 12}, 30);
        assert_true(finds(frame, 4));
    }
}

static void finds_the_panels_of_a_page(void **state)
{
    static const struct cw_rect PANELS[] = {{40, 40, 330, 200},
                                            {398, 40, 330, 200},
                                            {40, 290, 330, 200},
                                            {398, 290, 330, 200}};
    (void)state;
    t_blank(&canvas, 768, 576, 235);
    for (unsigned i = 0; i < 4; i++) {
        t_draw(&canvas, PANELS[i], i + 10);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_true(finds(PANELS[i], 4));
    }
}

/* The sheet has no tone of its own, so that only the edges tell. */
static void finds_a_window_on_a_busy_ground(void **state)
{
    const struct cw_rect window = {200, 90, 400, 380};
    (void)state;
    t_blank(&canvas, 768, 576, 0);
    for (unsigned y = 0; y < 576; y++) {
        for (unsigned x = 0; x < 768; x++) {
            canvas.px[y * 768 + x] = (uint8_t)(40 + x / 6 + y / 8);
        }
    }
    t_fill(&canvas, window, 255);
    t_line_frame(&canvas, window, 2, 0);
    t_draw(&canvas, (struct cw_rect){240, 130, 320, 300}, 3);
    assert_true(finds(window, 4));
}

static void rectangles_keep_their_bounds(void **state)
{
    (void)state;
    uint64_t random = 3;
    for (int round = 0; round < 60; round++) {
        const unsigned width = 40 + t_random(&random, 729);
        const unsigned height = 40 + t_random(&random, 729);
        struct cw_rect found[CW_RECTS_MAX];
        t_blank(&canvas, width, height, (int)t_random(&random, 256));
        for (int i = 0; i < 12; i++) {
            const unsigned w = 1 + t_random(&random, width);
            const unsigned h = 1 + t_random(&random, height);
            t_fill(&canvas,
                   (struct cw_rect){t_random(&random, width - w + 1),
                                    t_random(&random, height - h + 1), w, h},
                   (int)t_random(&random, 256));
        }
        const unsigned n = cw_rects_find(rects, &canvas.plane, found);
        for (unsigned i = 0; i < n; i++) {
            const struct cw_rect r = found[i];
            assert_true(r.width >= 40 && r.height >= 40);
            assert_true(r.x + r.width <= width && r.y + r.height <= height);
            assert_true(r.width * r.height * 50 >= width * height);
            assert_true(i == 0 ||
                        r.width * r.height <= found[i - 1].width * found[i - 1].height);
        }
    }
}

static void pictures_without_frames_do_no_harm(void **state)
{
    static const unsigned ODD[] = {1, 2, 5, 31, 39, 40, 41, 768};
    struct cw_rect found[CW_RECTS_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof ODD / sizeof ODD[0]; i++) {
        for (size_t j = 0; j < sizeof ODD / sizeof ODD[0]; j++) {
            t_blank(&canvas, ODD[i], ODD[j], 77);
            assert_int_equal(cw_rects_find(rects, &canvas.plane, found), 0);
            t_noise(&canvas, ODD[i], ODD[j]);
            (void)cw_rects_find(rects, &canvas.plane, found);
        }
    }
}

/* Stripes and grids have more edges than are taken on. */
static void the_worst_pictures_are_bounded(void **state)
{
    struct cw_rect found[CW_RECTS_MAX];
    (void)state;
    for (unsigned period = 1; period < 80; period += 3) {
        t_blank(&canvas, 768, 768, 0);
        for (unsigned y = 0; y < 768; y++) {
            for (unsigned x = 0; x < 768; x++) {
                const bool line = x / period % 2 == 0 || y / period % 2 == 0;
                canvas.px[y * 768 + x] = line ? 255 : 0;
            }
        }
        assert_true(cw_rects_find(rects, &canvas.plane, found) <= CW_RECTS_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thresholds_are_literal),
        cmocka_unit_test(steps_are_literal),
        cmocka_unit_test(growing_in_steps_is_a_square),
        cmocka_unit_test(transposes),
        cmocka_unit_test(components_are_those_of_flood_filling),
        cmocka_unit_test(finds_a_frame_on_a_sheet),
        cmocka_unit_test(finds_the_panels_of_a_page),
        cmocka_unit_test(finds_a_window_on_a_busy_ground),
        cmocka_unit_test(rectangles_keep_their_bounds),
        cmocka_unit_test(pictures_without_frames_do_no_harm),
        cmocka_unit_test(the_worst_pictures_are_bounded),
    };
    return cmocka_run_group_tests(tests, open_rects, close_rects);
}
