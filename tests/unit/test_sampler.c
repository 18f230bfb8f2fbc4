#include "hashing/sampler.h"
#include "tests/support/t_cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/t_encode.h"

static float plane[CW_PDQ_SIDE * CW_PDQ_SIDE];

/* Feeds a picture as stored; the sampler turns it. */
static void feed(struct cw_sampler *s, const struct t_image *p, unsigned orientation)
{
    const struct cw_layout layout = {.width = p->width,
                                     .height = p->height,
                                     .bands = 3,
                                     .orientation = (uint8_t)orientation};
    cw_sampler_init(s, plane);
    assert_int_equal(s->sink.begin(&s->sink, &layout, NULL), 0);
    for (uint32_t y = 0; y < p->height; y++) {
        s->sink.row(&s->sink, y, p->rgb + (size_t)y * p->width * 3);
    }
}

static float luminance(const struct t_image *p, unsigned x, unsigned y)
{
    const uint8_t *rgb = p->rgb + ((size_t)y * p->width + x) * 3;
    return 0.299F * (float)rgb[0] + 0.587F * (float)rgb[1] + 0.114F * (float)rgb[2];
}

static void assert_plane_is(const struct t_image *upright)
{
    const struct cw_pdq_size size = cw_pdq_plane_size(upright->width, upright->height);
    for (unsigned y = 0; y < size.height; y++) {
        for (unsigned x = 0; x < size.width; x++) {
            const float expected = luminance(upright, x * upright->width / size.width,
                                             y * upright->height / size.height);
            assert_true(plane[y * size.width + x] == expected);
        }
    }
}

static void assert_sampled(unsigned width, unsigned height)
{
    struct t_image upright = t_image_draw(3, width, height);
    for (unsigned orientation = 1; orientation <= 8; orientation++) {
        struct t_image stored = t_image_stored(&upright, orientation);
        struct cw_sampler s;
        memset(plane, 0, sizeof plane);
        feed(&s, &stored, orientation);
        assert_int_equal(s.width, width);
        assert_int_equal(s.height, height);
        assert_plane_is(&upright);
        t_image_done(&stored);
    }
    t_image_done(&upright);
}

static void small_pictures_are_taken_as_they_are(void **state)
{
    (void)state;
    assert_sampled(31, 17);
    assert_sampled(512, 300);
    assert_sampled(1, 1);
}

static void large_pictures_take_the_nearest_pixel(void **state)
{
    (void)state;
    assert_sampled(1280, 719);
    assert_sampled(513, 1024);
}

static void a_short_side_is_stretched(void **state)
{
    (void)state;
    assert_sampled(900, 7);
    assert_sampled(3, 600);
}

static void grey_is_luminance(void **state)
{
    (void)state;
    const uint8_t pixels[] = {0, 7, 255};
    const struct cw_layout layout = {
        .width = 3, .height = 1, .bands = 1, .orientation = 2};
    struct cw_sampler s;
    cw_sampler_init(&s, plane);
    assert_int_equal(s.sink.begin(&s.sink, &layout, NULL), 0);
    s.sink.row(&s.sink, 0, pixels);
    assert_true(plane[0] == 255.0F && plane[1] == 7.0F && plane[2] == 0.0F);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_pictures_are_taken_as_they_are),
        cmocka_unit_test(large_pictures_take_the_nearest_pixel),
        cmocka_unit_test(a_short_side_is_stretched),
        cmocka_unit_test(grey_is_luminance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
