/* Pyramid and keypoints: levels against a slow area average, corners against the textbook
 * definition of FAST, and pictures with nothing in them. */
#include "hashing/keypoints.h"
#include "tests/support/t_cmocka.h"
#include "tests/support/t_sketch.h"

struct bench {
    struct cw_pyramid *pyramid;
    struct cw_keypoints *keypoints;
    struct cw_keypoint points[CW_KEYPOINTS_MAX];
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    assert_int_equal(cw_pyramid_new(600, &b->pyramid, NULL), 0);
    assert_int_equal(cw_keypoints_new(&b->keypoints, NULL), 0);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    cw_pyramid_free(&b->pyramid);
    cw_keypoints_free(&b->keypoints);
    cw_pyramid_free(&b->pyramid); /* again: accepts NULL */
    free(b);
    return 0;
}

static size_t find(struct bench *b, const uint8_t *px, unsigned w, unsigned h,
                   size_t want)
{
    const struct cw_luma_map map = {.px = px, .width = w, .height = h, .stride = w};
    cw_pyramid_build(b->pyramid, &map);
    return cw_keypoints_find(b->keypoints, b->pyramid, want, b->points);
}

/* ---- levels ----------------------------------------------------------------------- */

/* Mean of the part of the level below that pixel (x, y) of the next one covers. */
static double covered(const struct cw_luma_map *m, unsigned x, unsigned y)
{
    double sum = 0;
    for (unsigned i = 0; i < 36; i++) { /* a sixth of 1.2 px is 0.2 px */
        const unsigned across = i % 6;
        const unsigned down = i / 6;
        const double at_x = (x * 6 + across + 0.5) * 0.2;
        const double at_y = (y * 6 + down + 0.5) * 0.2;
        sum += m->px[(size_t)at_y * m->stride + (size_t)at_x];
    }
    return sum / 36;
}

static void levels_are_area_means(void **state)
{
    struct bench *b = *state;
    uint8_t *px = t_sketch_draw(203, 131, 1);
    find(b, px, 203, 131, 1);
    assert_int_equal(cw_pyramid_count(b->pyramid), 7);
    for (unsigned i = 0; i + 1 < cw_pyramid_count(b->pyramid); i++) {
        const struct cw_luma_map *from = &cw_pyramid_level(b->pyramid, i)->sharp;
        const struct cw_luma_map *to = &cw_pyramid_level(b->pyramid, i + 1)->sharp;
        assert_int_equal(to->width, from->width * 5 / 6);
        assert_int_equal(to->height, from->height * 5 / 6);
        for (unsigned y = 0; y < to->height; y++) {
            for (unsigned x = 0; x < to->width; x++) {
                const double off = to->px[y * to->stride + x] - covered(from, x, y);
                assert_true(fabs(off) < 0.6);
            }
        }
    }
    free(px);
}

static double blurred(const struct cw_luma_map *m, int x, int y)
{
    static const double W[7] = {1, 6, 15, 20, 15, 6, 1};
    double sum = 0;
    for (int i = 0; i < 49; i++) {
        int at_x = x + i % 7 - 3;
        int at_y = y + i / 7 - 3;
        at_x = at_x < 0 ? 0 : at_x < (int)m->width ? at_x : (int)m->width - 1;
        at_y = at_y < 0 ? 0 : at_y < (int)m->height ? at_y : (int)m->height - 1;
        sum += W[i % 7] * W[i / 7] * m->px[(size_t)at_y * m->stride + (size_t)at_x];
    }
    return sum / 4096;
}

static void smooth_levels_are_blurred_and_padded(void **state)
{
    struct bench *b = *state;
    uint8_t *px = t_sketch_draw(120, 90, 2);
    find(b, px, 120, 90, 1);
    const int pad = CW_PYRAMID_PAD;
    for (unsigned i = 0; i < cw_pyramid_count(b->pyramid); i++) {
        const struct cw_level *l = cw_pyramid_level(b->pyramid, i);
        const int w = (int)l->sharp.width;
        const int h = (int)l->sharp.height;
        for (int y = -pad; y < h + pad; y++) {
            for (int x = -pad; x < w + pad; x++) {
                const int in_x = x < 0 ? 0 : x < w ? x : w - 1;
                const int in_y = y < 0 ? 0 : y < h ? y : h - 1;
                const uint8_t got = l->smooth.px[y * (ptrdiff_t)l->smooth.stride + x];
                assert_true(fabs(got - blurred(&l->sharp, in_x, in_y)) < 1.0);
            }
        }
    }
    free(px);
}

static void places_are_pixel_middles(void **state)
{
    (void)state;
    assert_int_equal(cw_pyramid_place(0, 0, 100, 65535), 327);
    assert_int_equal(cw_pyramid_place(0, 99, 100, 65535), 65207);
    assert_int_equal(cw_pyramid_place(1, 49, 120, 60000), 29700);
    assert_int_equal(cw_pyramid_place(7, 1000, 100, 65535), 65535);
}

/* ---- corners ---------------------------------------------------------------------- */

/* The largest t at which nine of sixteen in a row are t brighter or darker. */
static int fast_score(const struct cw_luma_map *m, unsigned x, unsigned y)
{
    static const int X[16] = {0, 1, 2, 3, 3, 3, 2, 1, 0, -1, -2, -3, -3, -3, -2, -1};
    static const int Y[16] = {-3, -3, -2, -1, 0, 1, 2, 3, 3, 3, 2, 1, 0, -1, -2, -3};
    const uint8_t *p = m->px + y * m->stride + x;
    int best = 0;
    for (int from = 0; from < 16; from++) {
        int up = 255;
        int down = 255;
        for (int k = 0; k < 9; k++) {
            const int i = (from + k) % 16;
            const int d = p[Y[i] * (ptrdiff_t)m->stride + X[i]] - *p;
            up = d < up ? d : up;
            down = -d < down ? -d : down;
        }
        best = up > best ? up : best;
        best = down > best ? down : best;
    }
    return best;
}

static int is_peak(const struct cw_luma_map *m, unsigned x, unsigned y)
{
    const int s = fast_score(m, x, y);
    for (unsigned i = 0; i < 9; i++) {
        if (i != 4 && fast_score(m, x + i % 3 - 1, y + i / 3 - 1) >= s) {
            return 0;
        }
    }
    return s > 8;
}

/* So few corners that all are kept: the set must be that of the definition. */
static void corners_are_those_of_fast(void **state)
{
    struct bench *b = *state;
    uint8_t *px = t_sketch_draw(150, 110, 3);
    const size_t n = find(b, px, 150, 110, CW_KEYPOINTS_MAX);
    assert_in_range(n, 30, CW_KEYPOINTS_MAX - 1);
    size_t expected = 0;
    for (unsigned i = 0; i < cw_pyramid_count(b->pyramid); i++) {
        const struct cw_luma_map *m = &cw_pyramid_level(b->pyramid, i)->sharp;
        for (unsigned y = 19; y < m->height - 19; y++) {
            for (unsigned x = 19; x < m->width - 19; x++) {
                expected += (size_t)is_peak(m, x, y);
            }
        }
    }
    assert_int_equal(n, expected);
    for (size_t i = 0; i < n; i++) {
        const struct cw_keypoint *p = &b->points[i];
        const struct cw_luma_map *m = &cw_pyramid_level(b->pyramid, p->level)->sharp;
        assert_true(is_peak(m, p->x, p->y));
    }
    free(px);
}

static void points_are_spread_and_no_more_than_wanted(void **state)
{
    struct bench *b = *state;
    uint8_t *px = t_sketch_draw(512, 400, 4);
    assert_int_equal(find(b, px, 512, 400, 100), 100);
    unsigned in_half[2] = {0};
    for (size_t i = 0; i < 100; i++) {
        const struct cw_keypoint *p = &b->points[i];
        in_half[cw_pyramid_place(p->level, p->x, 512, 100) / 50 % 2]++;
    }
    assert_in_range(in_half[0], 25, 75);
    free(px);
}

static void same_picture_same_points(void **state)
{
    struct bench *b = *state;
    uint8_t *px = t_sketch_draw(400, 300, 5);
    struct cw_keypoint first[200];
    assert_int_equal(find(b, px, 400, 300, 200), 200);
    memcpy(first, b->points, sizeof first);
    uint8_t *other = t_sketch_draw(600, 600, 6);
    find(b, other, 600, 600, 200);
    assert_int_equal(find(b, px, 400, 300, 200), 200);
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(first[i].x, b->points[i].x);
        assert_int_equal(first[i].y, b->points[i].y);
        assert_int_equal(first[i].angle, b->points[i].angle);
        assert_int_equal(first[i].rank, b->points[i].rank);
    }
    free(other);
    free(px);
}

/* ---- odd pictures ----------------------------------------------------------------- */

static void blank_and_tiny_pictures_have_none(void **state)
{
    struct bench *b = *state;
    uint8_t *px = calloc(601, 601);
    assert_non_null(px);
    assert_int_equal(find(b, px, 600, 600, 300), 0);
    for (unsigned side = 0; side < CW_PYRAMID_MIN_SIDE; side++) {
        assert_int_equal(find(b, px, side, 600, 300), 0);
        assert_int_equal(find(b, px, 600, side, 300), 0);
    }
    assert_int_equal(find(b, px, 601, 20, 300), 0);
    assert_int_equal(find(b, px, 39, 39, 300), 0);
    assert_int_equal(find(b, px, 39, 600, 300), 0);
    free(px);
}

static void noise_is_bounded(void **state)
{
    struct bench *b = *state;
    uint64_t seed = 7;
    uint8_t *px = malloc(600 * 600);
    assert_non_null(px);
    for (size_t i = 0; i < 600 * 600; i++) {
        px[i] = (uint8_t)t_sketch_random(&seed);
    }
    assert_int_equal(find(b, px, 600, 600, CW_KEYPOINTS_MAX), CW_KEYPOINTS_MAX);
    for (size_t i = 0; i < 600 * 600; i++) { /* as many equal corners as there can be */
        px[i] = (i % 600 % 4 == 0 && i / 600 % 4 == 0) ? 255 : 0;
    }
    assert_int_equal(find(b, px, 600, 600, 300), 300);
    free(px);
}

static void refuses_impossible_sides(void **state)
{
    (void)state;
    struct cw_pyramid *p = NULL;
    assert_int_equal(cw_pyramid_new(0, &p, NULL), CW_E_INVALID);
    assert_int_equal(cw_pyramid_new(CW_PYRAMID_MAX_SIDE + 1, &p, NULL), CW_E_INVALID);
    assert_null(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_are_area_means),
        cmocka_unit_test(smooth_levels_are_blurred_and_padded),
        cmocka_unit_test(places_are_pixel_middles),
        cmocka_unit_test(corners_are_those_of_fast),
        cmocka_unit_test(points_are_spread_and_no_more_than_wanted),
        cmocka_unit_test(same_picture_same_points),
        cmocka_unit_test(blank_and_tiny_pictures_have_none),
        cmocka_unit_test(noise_is_bounded),
        cmocka_unit_test(refuses_impossible_sides),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
