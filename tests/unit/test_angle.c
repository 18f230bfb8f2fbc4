#include "hashing/angle.h"
#include "tests/support/t_cmocka.h"

#include <math.h>
#include <stdlib.h>

static const double TURN = 6.283185307179586;

static void directions_are_those_of_atan2(void **state)
{
    (void)state;
    for (int y = -40; y <= 40; y++) {
        for (int x = -40; x <= 40; x++) {
            if (x == 0 && y == 0) {
                continue;
            }
            const double truth = atan2(y, x) / TURN * 65536;
            const int16_t off = (int16_t)(cw_angle_of(x, y) - (int)lround(truth));
            assert_in_range(off + 1, 0, 2);
        }
    }
}

static void any_length_will_do(void **state)
{
    (void)state;
    assert_int_equal(cw_angle_of(0, 0), 0);
    assert_int_equal(cw_angle_of(1, 1), 8192);
    assert_int_equal(cw_angle_of((int64_t)1 << 60, (int64_t)1 << 60), 8192);
    assert_int_equal(cw_angle_of(-((int64_t)1 << 60), -((int64_t)1 << 60)), 40960);
    assert_int_equal(cw_angle_of(0, -7), 49152);
}

static void turns_are_cosine_and_sine(void **state)
{
    (void)state;
    const double one = 1 << CW_ANGLE_ONE;
    for (unsigned a = 0; a < 65536; a += 7) {
        const struct cw_turned t = cw_angle_turn((uint16_t)a);
        assert_true(fabs(t.cos / one - cos(a * TURN / 65536)) < 1e-5);
        assert_true(fabs(t.sin / one - sin(a * TURN / 65536)) < 1e-5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directions_are_those_of_atan2),
        cmocka_unit_test(any_length_will_do),
        cmocka_unit_test(turns_are_cosine_and_sine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
