#include "cli/progress.h"
#include "tests/support/t_cmocka.h"

#include <string.h>

#define SECOND ((uint64_t)1000 * 1000 * 1000)

static void expect_line(size_t done, size_t total, uint64_t elapsed_ns,
                        const char *wanted)
{
    CW_AUTO(cw_buf_done) struct cw_buf out = CW_BUF_INIT(256);
    cw_progress_format(&out, done, total, elapsed_ns);
    assert_string_equal(cw_buf_str(&out), wanted);
}

static void says_how_far_how_fast_and_how_long(void **state)
{
    (void)state;
    expect_line(50, 200, 10 * SECOND,
                "[######..................]  25%  50/200  5/s  0:30 left");
    expect_line(200, 200, 10 * SECOND,
                "[########################] 100%  200/200  20/s  0:00 left");
    expect_line(1, 7201, SECOND,
                "[........................]   0%  1/7201  1/s  2:00:00 left");
}

static void says_nothing_of_time_before_there_is_a_rate(void **state)
{
    (void)state;
    expect_line(0, 10, 0, "[........................]   0%  0/10  0/s  ");
    expect_line(0, 0, SECOND, "[########################] 100%  0/0  0/s  ");
}

static void fits_a_terminal(void **state)
{
    (void)state;
    CW_AUTO(cw_buf_done) struct cw_buf out = CW_BUF_INIT(256);
    cw_progress_format(&out, 4999999, 5000000, 400000 * SECOND);
    assert_true(out.len <= 79);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_how_far_how_fast_and_how_long),
        cmocka_unit_test(says_nothing_of_time_before_there_is_a_rate),
        cmocka_unit_test(fits_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
