/* test_trim.c - margins are cut to the pixel, pictures are not. */
#include "hashing/trim.h"
#include "tests/support/t_canvas.h"
#include "tests/support/t_cmocka.h"

#include <stdlib.h>

static struct t_canvas canvas;

static void assert_rect(struct cw_rect is, struct cw_rect wanted)
{
    assert_int_equal(is.x, wanted.x);
    assert_int_equal(is.y, wanted.y);
    assert_int_equal(is.width, wanted.width);
    assert_int_equal(is.height, wanted.height);
}

static void assert_whole(void)
{
    assert_rect(cw_trim(&canvas.plane), cw_plane_whole(&canvas.plane));
}

/* A picture none of whose lines is even. */
static void noise_in(struct cw_rect r)
{
    uint64_t state = 42;
    for (unsigned y = r.y; y < r.y + r.height; y++) {
        for (unsigned x = r.x; x < r.x + r.width; x++) {
            canvas.px[y * canvas.plane.stride + x] = (uint8_t)t_random(&state, 256);
        }
    }
}

static void cuts_even_margins_to_the_pixel(void **state)
{
    static const struct cw_rect RECTS[] = {{100, 80, 500, 300},
                                           {0, 80, 600, 240},
                                           {200, 0, 300, 400},
                                           {599 - 150, 1, 150, 80}};
    (void)state;
    for (size_t i = 0; i < sizeof RECTS / sizeof RECTS[0]; i++) {
        for (int tone = 0; tone < 256; tone += 85) {
            t_blank(&canvas, 600, 400, tone);
            noise_in(RECTS[i]);
            assert_rect(cw_trim(&canvas.plane), RECTS[i]);
        }
    }
}

static void cuts_a_grainy_margin(void **state)
{
    uint64_t random = 7;
    const struct cw_rect r = {60, 50, 400, 300};
    (void)state;
    t_blank(&canvas, 600, 400, 0);
    for (size_t i = 0; i < (size_t)600 * 400; i++) {
        canvas.px[i] = (uint8_t)(200 + t_random(&random, 12));
    }
    for (int i = 0; i < 40; i++) { /* dust, at most one speck a line */
        canvas.px[i * 600 + 13 * i] = 0;
    }
    noise_in(r);
    assert_rect(cw_trim(&canvas.plane), r);
}

static void cuts_a_frame_behind_a_margin(void **state)
{
    const struct cw_rect r = {60, 50, 400, 300};
    (void)state;
    t_blank(&canvas, 600, 400, 255);
    t_fill(&canvas, (struct cw_rect){40, 30, 440, 340}, 0);
    noise_in(r);
    assert_rect(cw_trim(&canvas.plane), r);
}

static void leaves_what_has_no_margin(void **state)
{
    (void)state;
    t_noise(&canvas, 600, 400);
    assert_whole();
    t_blank(&canvas, 600, 400, 90); /* every line is margin */
    const struct cw_rect r = cw_trim(&canvas.plane);
    assert_true(r.width >= CW_TRIM_MIN_SIDE && r.height >= CW_TRIM_MIN_SIDE);
}

static void leaves_what_would_become_too_small(void **state)
{
    (void)state;
    t_blank(&canvas, 600, 400, 255);
    noise_in((struct cw_rect){300, 100, CW_TRIM_MIN_SIDE - 1, 200});
    const struct cw_rect r = cw_trim(&canvas.plane);
    assert_true(r.width >= CW_TRIM_MIN_SIDE);
    t_blank(&canvas, 250, 200, 255);
    noise_in((struct cw_rect){100, 90, CW_TRIM_MIN_SIDE - 1, 40});
    assert_whole();
}

static void any_size_will_do(void **state)
{
    static const unsigned SIDES[] = {1, 2, 5, 31, 47, 48, 49, 768};
    (void)state;
    for (size_t i = 0; i < sizeof SIDES / sizeof SIDES[0]; i++) {
        for (size_t j = 0; j < sizeof SIDES / sizeof SIDES[0]; j++) {
            t_blank(&canvas, SIDES[i], SIDES[j], 128);
            const struct cw_rect even = cw_trim(&canvas.plane);
            assert_true(even.width >= 1 && even.height >= 1);
            assert_true(even.x + even.width <= SIDES[i]);
            assert_true(even.y + even.height <= SIDES[j]);
            t_noise(&canvas, SIDES[i], SIDES[j]);
            (void)cw_trim(&canvas.plane);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_even_margins_to_the_pixel),
        cmocka_unit_test(cuts_a_grainy_margin),
        cmocka_unit_test(cuts_a_frame_behind_a_margin),
        cmocka_unit_test(leaves_what_has_no_margin),
        cmocka_unit_test(leaves_what_would_become_too_small),
        cmocka_unit_test(any_size_will_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
