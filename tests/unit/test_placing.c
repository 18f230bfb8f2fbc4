/* test_placing.c - which corner of the found picture is which of the asset. */
#include "server/placing.h"
#include "tests/support/t_cmocka.h"

static const struct cw_area16 LEFT_HALF = {0, 0, 30000, 65535};

/* Top left of the found picture, turned so, is here in the upright asset. */
static void corners_follow_the_turn(void **state)
{
    static const struct {
        uint8_t turn;
        bool right, bottom;
    } CASES[] = {
        {CW_TURN_ORIG, false, false},     {CW_TURN_ROT90, false, true},
        {CW_TURN_ROT180, true, true},     {CW_TURN_ROT270, true, false},
        {CW_TURN_FLIPX, false, true},     {CW_TURN_FLIPY, true, false},
        {CW_TURN_FLIPPLUS, false, false}, {CW_TURN_FLIPMINUS, true, true},
    };
    const struct cw_area16 whole = CW_AREA_WHOLE;
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct cw_match m = {0};
        cw_place_areas(&m, &LEFT_HALF, &whole, CASES[i].turn);
        assert_int_equal(m.turn, CASES[i].turn);
        assert_int_equal(m.n_corners, 4);
        assert_int_equal(m.found[0].x, 0);
        assert_int_equal(m.found[2].x, 30000);
        assert_int_equal(m.found[2].y, 65535);
        assert_int_equal(m.shown[0].x, CASES[i].right ? 65535 : 0);
        assert_int_equal(m.shown[0].y, CASES[i].bottom ? 65535 : 0);
        /* The opposite corner lies opposite. */
        assert_int_equal(m.shown[2].x, CASES[i].right ? 0 : 65535);
        assert_int_equal(m.shown[2].y, CASES[i].bottom ? 0 : 65535);
    }
}

static void undoing_a_turn_twice_is_nothing(void **state)
{
    (void)state;
    for (uint8_t turn = 0; turn < CW_TURN_COUNT; turn++) {
        assert_int_equal(cw_undo_turn(cw_undo_turn(turn)), turn);
    }
    assert_int_equal(cw_undo_turn(CW_TURN_ROT90), CW_TURN_ROT270);
    assert_int_equal(cw_undo_turn(CW_TURN_FLIPX), CW_TURN_FLIPX);
}

static void a_placement_has_the_nearest_turn(void **state)
{
    static const struct {
        uint8_t turn;
        double a, b, c, d;
    } CASES[] = {
        {CW_TURN_ORIG, 0.9, -0.2, 0.2, 0.9}, {CW_TURN_ROT90, 0.1, 1, -1, 0.1},
        {CW_TURN_ROT180, -1, 0.3, -0.3, -1}, {CW_TURN_ROT270, 0, -1, 1, 0},
        {CW_TURN_FLIPX, 1, 0, 0, -1},        {CW_TURN_FLIPY, -1, 0.1, 0.1, 1},
        {CW_TURN_FLIPPLUS, 0, 1, 1, 0},      {CW_TURN_FLIPMINUS, 0.1, -1, -1, -0.1},
    };
    const struct cw_fingerprint fp = {.width = 100, .height = 100};
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const struct cw_geometry placed = {
            .inliers = 9,
            .map = {CASES[i].a, CASES[i].b, 0, CASES[i].c, CASES[i].d, 0},
            .frame = {{0, 0}, {1, 0}, {1, 1}, {0, 1}}};
        struct cw_match m = {0};
        cw_place_local(&m, &placed, &fp, &fp);
        assert_int_equal(m.turn, CASES[i].turn);
        assert_int_equal(m.n_corners, 4);
        assert_int_equal(m.found[2].x, 65535);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corners_follow_the_turn),
        cmocka_unit_test(undoing_a_turn_twice_is_nothing),
        cmocka_unit_test(a_placement_has_the_nearest_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
