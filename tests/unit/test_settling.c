/* test_settling.c - the thread that settles searches while they are in use. */
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "server/settling.h"
#include "tests/support/t_cmocka.h"

#define ROWS 5000
#define PATIENCE_NS ((uint64_t)60 * 1000000000)

static struct cw_search *open_search(void)
{
    const struct cw_search_options o = {.max_rows = ROWS};
    struct cw_search *s = NULL;
    assert_int_equal(cw_search_open(&o, &s, NULL), 0);
    return s;
}

static void add_rows(struct cw_search *s)
{
    for (uint64_t owner = 1; owner <= ROWS; owner++) {
        struct cw_search_row row = {.owner = owner, .kind = 1};
        for (size_t i = 0; i < 8; i++) {
            row.hash.b[i] = (uint8_t)(owner * 40503 >> i);
        }
        assert_int_equal(cw_search_add(s, &row, 1, NULL), 0);
    }
}

/* Waits until most rows lie in segments. */
static void expect_settled(struct cw_search *s)
{
    const uint64_t start = cw_mono_ns();
    struct cw_search_stats stats;
    do {
        const struct timespec pause = {.tv_nsec = 1000000};
        (void)nanosleep(&pause, NULL);
        cw_search_get_stats(s, &stats);
    } while (stats.delta_rows > ROWS / 2 && cw_mono_ns() - start < PATIENCE_NS);
    assert_true(stats.delta_rows <= ROWS / 2);
    assert_int_equal(stats.rows, ROWS);
    assert_true(stats.segments > 0);
}

static void both_searches_are_settled(void **state)
{
    struct cw_search *searches[CW_SETTLING_MOST] = {open_search(), open_search()};
    struct cw_settling *settling = NULL;
    (void)state;
    assert_int_equal(cw_settling_open(searches, CW_SETTLING_MOST, &settling, NULL), 0);
    add_rows(searches[0]);
    add_rows(searches[1]);
    expect_settled(searches[0]);
    expect_settled(searches[1]);
    cw_settling_close(settling);
    cw_settling_close(NULL);
    cw_search_close(searches[0]);
    cw_search_close(searches[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_searches_are_settled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
