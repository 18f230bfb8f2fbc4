/* test_plane.c - planes, shrinking by area averages and the sink that does it row by row,
 * against a literal average that knows every share of every pixel. */
#include "hashing/plane.h"
#include "hashing/plane_sink.h"
#include "hashing/tee_sink.h"
#include "tests/support/t_canvas.h"
#include "tests/support/t_cmocka.h"

#include <stdlib.h>

/* Lines and columns, so that the sides alone decide what is drawn. */
static uint8_t pixel_at(uint32_t x, uint32_t y, unsigned band)
{
    uint64_t state = 1 + x * 2654435761U + y * 40503U + band * 977U;
    return (uint8_t)(t_random(&state, 256) ^ t_random(&state, 64));
}

static uint32_t overlap(uint64_t a, uint64_t a_end, uint64_t b, uint64_t b_end)
{
    const uint64_t from = a > b ? a : b;
    const uint64_t to = a_end < b_end ? a_end : b_end;
    return to > from ? (uint32_t)(to - from) : 0;
}

/* Luminance of place (x, y) as a fraction: *out_units is what it is to be divided by. */
static uint64_t oracle_sum(const struct cw_area_sides *s, unsigned bands, unsigned x,
                           unsigned y, uint64_t *out_units)
{
    static const uint64_t WEIGHTS[] = {4899, 9617, 1868};
    uint64_t sum = 0;
    for (uint32_t v = 0; v < s->in_height; v++) {
        const uint64_t down =
            overlap((uint64_t)v * s->out_height, (uint64_t)(v + 1) * s->out_height,
                    (uint64_t)y * s->in_height, (uint64_t)(y + 1) * s->in_height);
        for (uint32_t u = 0; down > 0 && u < s->in_width; u++) {
            const uint64_t across =
                overlap((uint64_t)u * s->out_width, (uint64_t)(u + 1) * s->out_width,
                        (uint64_t)x * s->in_width, (uint64_t)(x + 1) * s->in_width);
            for (unsigned band = 0; band < bands; band++) {
                sum += down * across * pixel_at(u, v, band) *
                       (bands == 1 ? 1 : WEIGHTS[band]);
            }
        }
    }
    *out_units = (uint64_t)s->in_width * s->in_height * (bands == 1 ? 1 : 16384);
    return sum;
}

static void fill_row(uint8_t *row, uint32_t width, uint32_t y, unsigned bands)
{
    for (uint32_t x = 0; x < width; x++) {
        for (unsigned band = 0; band < bands; band++) {
            row[x * bands + band] = pixel_at(x, y, band);
        }
    }
}

static void assert_same_as_oracle(const struct cw_area_sides *s, unsigned bands)
{
    struct cw_area area = {0};
    uint8_t *row = malloc((size_t)s->in_width * bands);
    unsigned n_rows = 0;
    assert_non_null(row);
    assert_int_equal(cw_area_begin(&area, s, bands, NULL), 0);
    for (uint32_t y = 0; y < s->in_height; y++) {
        fill_row(row, s->in_width, y, bands);
        const bool finished = cw_area_add(&area, row);
        for (unsigned x = 0; finished && x < s->out_width; x++) {
            uint64_t units = 0;
            const uint64_t sum = oracle_sum(s, bands, x, n_rows, &units);
            assert_int_equal(cw_area_round(area.means[x]),
                             (2 * sum + units) / (2 * units));
        }
        n_rows += finished;
        assert_true(finished || y + 1 < s->in_height);
    }
    assert_int_equal(n_rows, s->out_height);
    cw_area_done(&area);
    free(row);
}

static void averages_are_exact(void **state)
{
    static const struct cw_area_sides SIDES[] = {
        {1, 1, 1, 1},     {5, 1, 2, 1},     {1, 7, 1, 3},   {2, 2, 1, 1},
        {64, 48, 64, 48}, {64, 48, 63, 47}, {97, 31, 8, 8}, {100, 75, 32, 24},
        {40, 40, 39, 1},  {33, 90, 32, 89}, {120, 3, 7, 3},
    };
    (void)state;
    for (size_t i = 0; i < sizeof SIDES / sizeof SIDES[0]; i++) {
        assert_same_as_oracle(&SIDES[i], 1);
        assert_same_as_oracle(&SIDES[i], 3);
    }
}

/* Half of the places are exactly between two grey levels. */
static void halves_are_rounded_upward(void **state)
{
    (void)state;
    struct cw_area area = {0};
    const struct cw_area_sides sides = {6, 7, 3, 1};
    const uint8_t row[] = {0, 1, 10, 11, 254, 255};
    assert_int_equal(cw_area_begin(&area, &sides, 1, NULL), 0);
    for (int y = 0; y < 7; y++) {
        (void)cw_area_add(&area, row);
    }
    assert_int_equal(cw_area_round(area.means[0]), 1);
    assert_int_equal(cw_area_round(area.means[1]), 11);
    assert_int_equal(cw_area_round(area.means[2]), 255);
    cw_area_done(&area);
}

static void an_even_picture_stays_even(void **state)
{
    static struct t_canvas canvas;
    static float out[256 * 256];
    struct cw_area area = {0};
    (void)state;
    for (int tone = 0; tone < 256; tone += 51) {
        t_blank(&canvas, 767, 431, tone);
        assert_int_equal(cw_plane_shrink(&canvas.plane, 256, &area, out, NULL), 0);
        for (size_t i = 0; i < sizeof out / sizeof out[0]; i++) {
            assert_true(out[i] == (float)tone);
        }
    }
    cw_area_done(&area);
}

static void too_high_a_picture_is_refused(void **state)
{
    (void)state;
    struct cw_area area = {0};
    const struct cw_area_sides sides = {1, (1U << 24) + 1, 1, 1};
    assert_int_equal(cw_area_begin(&area, &sides, 1, NULL), CW_E_TOO_LARGE);
    cw_area_done(&area);
}

static void fits_into_a_square_without_enlarging(void **state)
{
    static const unsigned CASES[][4] = {
        {768, 768, 768, 768},   {769, 1, 768, 1},
        {1, 100000, 1, 768},    {1920, 1080, 768, 432},
        {1080, 1920, 432, 768}, {100, 50, 100, 50},
        {100000, 20, 768, 8},   {100000, 5, 768, 5},
        {1537, 3, 768, 3},      {4000000000U, 4000000000U, 768, 768},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        unsigned width = 0;
        unsigned height = 0;
        cw_plane_fit(CASES[i][0], CASES[i][1], 768, &width, &height);
        assert_int_equal(width, CASES[i][2]);
        assert_int_equal(height, CASES[i][3]);
    }
}

static void a_crop_is_a_view(void **state)
{
    static struct t_canvas canvas;
    (void)state;
    t_noise(&canvas, 30, 20);
    const struct cw_plane crop =
        cw_plane_crop(&canvas.plane, (struct cw_rect){3, 4, 5, 6});
    assert_int_equal(crop.width, 5);
    assert_int_equal(crop.height, 6);
    assert_ptr_equal(crop.px + crop.stride, canvas.px + 5 * 30 + 3);
}

static void feed(struct cw_sink *sink, const struct cw_layout *layout)
{
    uint8_t *row = malloc((size_t)layout->width * layout->bands);
    assert_non_null(row);
    assert_int_equal(sink->begin(sink, layout, NULL), 0);
    for (uint32_t y = 0; y < layout->height; y++) {
        fill_row(row, layout->width, y, layout->bands);
        sink->row(sink, y, row);
    }
    free(row);
}

/* Pixel (x, y) of the upright plane as it lies in the stored one; EXIF 2.3, tag 274. */
static uint8_t stored_at(const struct cw_plane *stored, uint8_t orientation, unsigned x,
                         unsigned y)
{
    const unsigned right = stored->width - 1;
    const unsigned low = stored->height - 1;
    unsigned u = x;
    unsigned v = y;
    switch (orientation) {
    case 2:
        u = right - x;
        break;
    case 3:
        u = right - x;
        v = low - y;
        break;
    case 4:
        v = low - y;
        break;
    case 5:
        u = y;
        v = x;
        break;
    case 6:
        u = y;
        v = low - x;
        break;
    case 7:
        u = right - y;
        v = low - x;
        break;
    case 8:
        u = right - y;
        v = x;
        break;
    default:
        break;
    }
    return stored->px[v * stored->stride + u];
}

static void the_sink_turns_upright(void **state)
{
    static const uint32_t SIDES[][2] = {
        {40, 30}, {1000, 90}, {90, 1000}, {1, 9}, {900, 1}};
    struct cw_plane_sink plain;
    struct cw_plane_sink turned;
    (void)state;
    assert_int_equal(cw_plane_sink_init(&plain, CW_PLANE_SIDE, NULL), 0);
    assert_int_equal(cw_plane_sink_init(&turned, CW_PLANE_SIDE, NULL), 0);
    for (size_t i = 0; i < sizeof SIDES / sizeof SIDES[0]; i++) {
        for (uint8_t orientation = 1; orientation <= 8; orientation++) {
            struct cw_layout layout = {.width = SIDES[i][0],
                                       .height = SIDES[i][1],
                                       .bands = 3,
                                       .orientation = 1};
            feed(&plain.sink, &layout);
            layout.orientation = orientation;
            feed(&turned.sink, &layout);
            const bool transposed = orientation >= 5;
            assert_int_equal(turned.plane.width,
                             transposed ? plain.plane.height : plain.plane.width);
            for (unsigned y = 0; y < turned.plane.height; y++) {
                for (unsigned x = 0; x < turned.plane.width; x++) {
                    assert_int_equal(turned.plane.px[y * turned.plane.stride + x],
                                     stored_at(&plain.plane, orientation, x, y));
                }
            }
        }
    }
    cw_plane_sink_done(&plain);
    cw_plane_sink_done(&turned);
}

struct counting_sink {
    struct cw_sink sink;
    unsigned n_begun, n_rows;
    int fails_with;
};

static int count_begin(struct cw_sink *sink, const struct cw_layout *layout,
                       struct cw_err *err)
{
    struct counting_sink *c = (struct counting_sink *)sink;
    (void)layout;
    c->n_begun++;
    return c->fails_with != 0 ? cw_fail(err, CW_E_NO_MEMORY, "as asked") : 0;
}

static void count_row(struct cw_sink *sink, uint32_t y, const uint8_t *pixels)
{
    struct counting_sink *c = (struct counting_sink *)sink;
    (void)pixels;
    assert_int_equal(y, c->n_rows);
    c->n_rows++;
}

static void the_tee_feeds_both(void **state)
{
    struct counting_sink a = {.sink = {.begin = count_begin, .row = count_row}};
    struct counting_sink b = a;
    struct cw_tee_sink tee;
    const struct cw_layout layout = {
        .width = 3, .height = 5, .bands = 1, .orientation = 1};
    (void)state;
    cw_tee_sink_init(&tee, &a.sink, &b.sink);
    feed(&tee.sink, &layout);
    assert_int_equal(a.n_rows, 5);
    assert_int_equal(b.n_rows, 5);
    a.fails_with = CW_E_NO_MEMORY;
    assert_int_equal(tee.sink.begin(&tee.sink, &layout, NULL), CW_E_NO_MEMORY);
    assert_int_equal(b.n_begun, 1);
    a.fails_with = 0;
    b.fails_with = CW_E_NO_MEMORY;
    assert_int_equal(tee.sink.begin(&tee.sink, &layout, NULL), CW_E_NO_MEMORY);
}

/* ---- planes brought to another size ------------------------------------------------ */

static struct t_canvas from, to;

/* A plane to be written, with rows longer than it is wide and a mark around it. */
static void open_frame(unsigned width, unsigned height)
{
    memset(to.px, 0xee, sizeof to.px);
    to.plane = (struct cw_plane){
        .px = to.px + 7, .width = width, .height = height, .stride = width + 13};
}

static uint8_t at(const struct cw_plane *p, unsigned x, unsigned y)
{
    return p->px[y * p->stride + x];
}

/* What lies between the rows is as it was. */
static void assert_frame_kept(void)
{
    const struct cw_plane *p = &to.plane;
    for (unsigned i = 0; i < 7; i++) {
        assert_int_equal(to.px[i], 0xee);
    }
    for (unsigned y = 0; y < p->height; y++) {
        for (unsigned x = p->width; x < p->stride; x++) {
            assert_int_equal(at(p, x, y), 0xee);
        }
    }
}

static void reducing_by_whole_factors_is_the_mean(void **state)
{
    static const unsigned FACTORS[][2] = {{1, 1}, {2, 2}, {3, 5}, {8, 1}, {1, 7}};
    struct cw_area area = {0};
    (void)state;
    t_noise(&from, 240, 210);
    for (size_t i = 0; i < sizeof FACTORS / sizeof FACTORS[0]; i++) {
        const unsigned fx = FACTORS[i][0];
        const unsigned fy = FACTORS[i][1];
        open_frame(240 / fx, 210 / fy);
        assert_int_equal(cw_plane_reduce(&from.plane, &area, &to.plane, NULL), 0);
        for (unsigned y = 0; y < to.plane.height; y++) {
            for (unsigned x = 0; x < to.plane.width; x++) {
                unsigned sum = 0;
                for (unsigned k = 0; k < fx * fy; k++) {
                    sum += at(&from.plane, x * fx + k % fx, y * fy + k / fx);
                }
                assert_int_equal(at(&to.plane, x, y),
                                 (2 * sum + fx * fy) / (2 * fx * fy));
            }
        }
        assert_frame_kept();
    }
    cw_area_done(&area);
}

static void reducing_a_part_looks_at_that_part_only(void **state)
{
    struct cw_area area = {0};
    (void)state;
    t_blank(&from, 100, 80, 0);
    t_fill(&from, (struct cw_rect){20, 10, 40, 30}, 77);
    const struct cw_plane part =
        cw_plane_crop(&from.plane, (struct cw_rect){20, 10, 40, 30});
    open_frame(17, 11);
    assert_int_equal(cw_plane_reduce(&part, &area, &to.plane, NULL), 0);
    for (unsigned i = 0; i < 17 * 11; i++) {
        assert_int_equal(at(&to.plane, i % 17, i / 17), 77);
    }
    assert_frame_kept();
    cw_area_done(&area);
}

static void enlarging_keeps_what_is_even(void **state)
{
    static const unsigned SIDES[][4] = {{1, 1, 400, 300},
                                        {39, 20, 400, 205},
                                        {399, 1, 400, 1},
                                        {1, 200, 2, 400},
                                        {256, 128, 400, 400}};
    (void)state;
    for (size_t i = 0; i < sizeof SIDES / sizeof SIDES[0]; i++) {
        for (int tone = 0; tone < 256; tone += 51) {
            t_blank(&from, SIDES[i][0], SIDES[i][1], tone);
            open_frame(SIDES[i][2], SIDES[i][3]);
            cw_plane_enlarge(&from.plane, &to.plane);
            for (unsigned y = 0; y < to.plane.height; y++) {
                for (unsigned x = 0; x < to.plane.width; x++) {
                    assert_int_equal(at(&to.plane, x, y), tone);
                }
            }
            assert_frame_kept();
        }
    }
}

static void enlarging_to_the_same_size_changes_nothing(void **state)
{
    (void)state;
    t_noise(&from, 211, 97);
    open_frame(211, 97);
    cw_plane_enlarge(&from.plane, &to.plane);
    for (unsigned y = 0; y < 97; y++) {
        assert_memory_equal(to.plane.px + y * to.plane.stride,
                            from.plane.px + y * from.plane.stride, 211);
    }
    assert_frame_kept();
}

/* Across in one test, downward in the other: rises where the source rises. */
static void assert_ramp(bool across, unsigned in, unsigned out)
{
    t_blank(&from, across ? in : 3, across ? 3 : in, 0);
    for (unsigned i = 0; i < 3 * in; i++) {
        const unsigned x = i % from.plane.width;
        const unsigned y = i / from.plane.width;
        from.px[i] = (uint8_t)((across ? x : y) * 255 / (in - 1));
    }
    open_frame(across ? out : 3, across ? 3 : out);
    cw_plane_enlarge(&from.plane, &to.plane);
    for (unsigned i = 1; i < out; i++) {
        const unsigned here = across ? at(&to.plane, i, 1) : at(&to.plane, 1, i);
        const unsigned last = across ? at(&to.plane, i - 1, 1) : at(&to.plane, 1, i - 1);
        const double ideal = ((i + 0.5) * in / out - 0.5) * 255 / (in - 1);
        assert_true(here >= last);
        assert_true(here <= ideal + 2 || ideal < 0);
        assert_true(here + 2 >= ideal || ideal > 255);
    }
    assert_int_equal(at(&to.plane, 0, 0), 0);
    assert_int_equal(at(&to.plane, to.plane.width - 1, to.plane.height - 1), 255);
}

static void a_ramp_stays_a_ramp_when_enlarged(void **state)
{
    (void)state;
    assert_ramp(true, 2, 400);
    assert_ramp(true, 39, 400);
    assert_ramp(true, 200, 401);
    assert_ramp(false, 2, 400);
    assert_ramp(false, 133, 400);
}

static void enlarging_stays_between_its_neighbours(void **state)
{
    (void)state;
    t_noise(&from, 90, 61);
    from.px[0] = 0;
    from.px[1] = 255;
    open_frame(400, 271);
    cw_plane_enlarge(&from.plane, &to.plane);
    for (unsigned y = 0; y < 271; y++) {
        for (unsigned x = 0; x < 400; x++) {
            unsigned least = 255;
            unsigned most = 0;
            for (int k = 0; k < 9; k++) { /* around the pixel that this one lies in */
                const int u = (int)(x * 90 / 400) + k % 3 - 1;
                const int v = (int)(y * 61 / 271) + k / 3 - 1;
                if (u >= 0 && u < 90 && v >= 0 && v < 61) {
                    const unsigned px = at(&from.plane, (unsigned)u, (unsigned)v);
                    least = px < least ? px : least;
                    most = px > most ? px : most;
                }
            }
            assert_in_range(at(&to.plane, x, y), least, most);
        }
    }
}

static void enlarging_a_part_looks_at_that_part_only(void **state)
{
    (void)state;
    t_blank(&from, 100, 80, 0);
    t_fill(&from, (struct cw_rect){20, 10, 40, 30}, 77);
    const struct cw_plane part =
        cw_plane_crop(&from.plane, (struct cw_rect){20, 10, 40, 30});
    open_frame(400, 300);
    cw_plane_enlarge(&part, &to.plane);
    for (unsigned y = 0; y < 300; y++) {
        for (unsigned x = 0; x < 400; x++) {
            assert_int_equal(at(&to.plane, x, y), 77);
        }
    }
    assert_frame_kept();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(averages_are_exact),
        cmocka_unit_test(halves_are_rounded_upward),
        cmocka_unit_test(an_even_picture_stays_even),
        cmocka_unit_test(too_high_a_picture_is_refused),
        cmocka_unit_test(fits_into_a_square_without_enlarging),
        cmocka_unit_test(a_crop_is_a_view),
        cmocka_unit_test(the_sink_turns_upright),
        cmocka_unit_test(the_tee_feeds_both),
        cmocka_unit_test(reducing_by_whole_factors_is_the_mean),
        cmocka_unit_test(reducing_a_part_looks_at_that_part_only),
        cmocka_unit_test(enlarging_keeps_what_is_even),
        cmocka_unit_test(enlarging_to_the_same_size_changes_nothing),
        cmocka_unit_test(a_ramp_stays_a_ramp_when_enlarged),
        cmocka_unit_test(enlarging_stays_between_its_neighbours),
        cmocka_unit_test(enlarging_a_part_looks_at_that_part_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
