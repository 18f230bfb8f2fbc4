/* test_compare.c - two pictures compared by all their local descriptors, and the outline
 * of what both show. Strangers may share chance matches, never a placement worth a word.
 */
#include "hashing/compare.h"
#include "tests/support/t_cmocka.h"
#include "tests/support/t_frames.h"

#define W T_FRAME_WIDTH
#define H T_FRAME_HEIGHT

static struct cw_fingerprint part(uint64_t seed, unsigned x, unsigned y, unsigned w,
                                  unsigned h, size_t want)
{
    uint8_t *px = t_frame_draw(seed, 0, 0);
    const struct cw_fingerprint fp = t_frame_print(px, x, y, w, h, want, seed, 0);
    free(px);
    return fp;
}

static struct cw_comparison compare(const struct cw_fingerprint *found,
                                    const struct cw_fingerprint *asset)
{
    struct cw_comparison c;
    assert_int_equal(cw_compare_local(found, asset, &c, NULL), 0);
    return c;
}

static void the_same_picture_lies_on_itself(void **state)
{
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint asset = part(1, 0, 0, W, H, 300);
    const struct cw_comparison c = compare(&asset, &asset);
    (void)state;
    assert_true(c.loc > 60);
    assert_false(c.placed.mirrored);
    assert_true(c.placed.map[0] > 0.99 && c.placed.map[0] < 1.01);
}

static void a_mirrored_picture_is_known_as_mirrored(void **state)
{
    uint8_t *px = t_frame_draw(2, 0, 0);
    uint8_t *mirror = t_sketch_mirror(px, W, H);
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint asset = t_frame_print(px, 0, 0, W, H, 300, 2, 0);
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint found = t_frame_print(mirror, 0, 0, W, H, 700, 3, 0);
    (void)state;
    free(px);
    free(mirror);
    const struct cw_comparison c = compare(&found, &asset);
    assert_true(c.loc > 40);
    assert_true(c.placed.mirrored);
}

static void strangers_have_no_placement_worth_a_word(void **state)
{
    (void)state;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint found = part(100, 0, 0, W, H, 700);
    for (uint64_t seed = 0; seed < 30; seed++) {
        CW_AUTO(cw_fingerprint_done)
        struct cw_fingerprint asset = part(seed, 0, 0, W, H, 300);
        assert_true(compare(&found, &asset).loc < 8);
    }
}

static void nothing_to_compare_is_no_placement(void **state)
{
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint asset = part(1, 0, 0, W, H, 300);
    struct cw_fingerprint empty = {.width = 10, .height = 10};
    (void)state;
    assert_true(compare(&asset, &empty).loc <= 0);
    assert_true(compare(&empty, &asset).loc <= 0);
    asset.width = 0; /* a size that nobody knows */
    assert_true(compare(&asset, &asset).loc <= 0);
}

static void near_to(struct cw_point p, double x, double y)
{
    if (p.x < x - 0.03 || p.x > x + 0.03 || p.y < y - 0.03 || p.y > y + 0.03) {
        fail_msg("(%.3f, %.3f) instead of (%.3f, %.3f)", p.x, p.y, x, y);
    }
}

static struct cw_outline outline_of(const struct cw_fingerprint *found,
                                    const struct cw_fingerprint *asset)
{
    const struct cw_comparison c = compare(found, asset);
    struct cw_outline o;
    cw_outline_of(&c.placed,
                  (struct cw_frame){.width = found->width, .height = found->height},
                  (struct cw_frame){.width = asset->width, .height = asset->height}, &o);
    return o;
}

static void a_crop_is_all_of_itself_and_a_window_of_the_asset(void **state)
{
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint asset = part(4, 0, 0, W, H, 300);
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint crop = part(4, 64, 48, 384, 288, 700);
    const struct cw_outline o = outline_of(&crop, &asset);
    (void)state;
    assert_int_equal(o.n, 4);
    near_to(o.found[0], 0, 0);
    near_to(o.found[2], 1, 1);
    near_to(o.asset[0], 0.125, 0.125);
    near_to(o.asset[1], 0.875, 0.125);
    near_to(o.asset[2], 0.875, 0.875);
    near_to(o.asset[3], 0.125, 0.875);
}

static void a_part_of_a_page_is_all_of_the_asset(void **state)
{
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint asset = part(5, 64, 48, 384, 288, 300);
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint page = part(5, 0, 0, W, H, 700);
    const struct cw_outline o = outline_of(&page, &asset);
    (void)state;
    assert_int_equal(o.n, 4);
    near_to(o.found[0], 0.125, 0.125);
    near_to(o.found[2], 0.875, 0.875);
    near_to(o.asset[0], 0, 0);
    near_to(o.asset[2], 1, 1);
}

static void what_lies_outside_has_no_outline(void **state)
{
    struct cw_geometry placed = {.inliers = 5,
                                 .map = {1, 0, 5, 0, 1, 5},
                                 .frame = {{-5, -5}, {-4, -5}, {-4, -4}, {-5, -4}}};
    const struct cw_frame frame = {.width = 100, .height = 100};
    struct cw_outline o;
    (void)state;
    cw_outline_of(&placed, frame, frame, &o);
    assert_int_equal(o.n, 0);
    placed.inliers = 0;
    cw_outline_of(&placed, frame, frame, &o);
    assert_int_equal(o.n, 0);
}

static void a_turned_frame_is_cut_to_eight_corners_at_most(void **state)
{
    /* A square standing on its corner, a little larger than the picture. */
    const struct cw_geometry placed = {
        .inliers = 5,
        .map = {0.625, -0.625, 0.5, 0.625, 0.625, -0.125},
        .frame = {{0.5, -0.3}, {1.3, 0.5}, {0.5, 1.3}, {-0.3, 0.5}}};
    const struct cw_frame frame = {.width = 100, .height = 100};
    struct cw_outline o;
    (void)state;
    cw_outline_of(&placed, frame, frame, &o);
    assert_int_equal(o.n, 8);
    for (unsigned i = 0; i < o.n; i++) {
        assert_true(o.found[i].x >= 0 && o.found[i].x <= 1 && o.found[i].y >= 0 &&
                    o.found[i].y <= 1);
        assert_true(o.asset[i].x >= 0 && o.asset[i].x <= 1 && o.asset[i].y >= 0 &&
                    o.asset[i].y <= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_picture_lies_on_itself),
        cmocka_unit_test(a_mirrored_picture_is_known_as_mirrored),
        cmocka_unit_test(strangers_have_no_placement_worth_a_word),
        cmocka_unit_test(nothing_to_compare_is_no_placement),
        cmocka_unit_test(a_crop_is_all_of_itself_and_a_window_of_the_asset),
        cmocka_unit_test(a_part_of_a_page_is_all_of_the_asset),
        cmocka_unit_test(what_lies_outside_has_no_outline),
        cmocka_unit_test(a_turned_frame_is_cut_to_eight_corners_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
