/* test_store_failing.c - the engine that fails on demand does so, and only then. */
#include "tests/contract/store_fixture.h"

static int set_up(void **state)
{
    struct fixture *x = calloc(1, sizeof *x);
    assert_non_null(x);
    fix_open(x, "failing");
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    fix_close(x);
    free(x);
    return 0;
}

static int try_register(struct fixture *x, const char *id)
{
    const struct cw_registration item = fix_item(x->studio, "c", id, 1);
    struct cw_registered out = {0};
    return cw_store_register(x->s, &item, 1, FIX_ACTOR, &out, NULL);
}

static int try_get(struct fixture *x, const char *id)
{
    struct cw_asset a;
    return cw_store_get_asset(x->s, x->studio, "c", id, &a, NULL, NULL);
}

static void the_nth_call_of_a_verb_fails_and_writes_nothing(void **state)
{
    struct fixture *x = *state;
    const struct cw_store_fault fault = {
        .verb = "register", .nth = 2, .times = 1, .code = CW_E_IO};
    cw_store_failing_arm(x->s, &fault);
    assert_int_equal(try_register(x, "1"), 0);
    assert_int_equal(try_register(x, "2"), CW_E_IO);
    assert_int_equal(try_register(x, "3"), 0);
    assert_int_equal(try_get(x, "2"), CW_E_NOT_FOUND);
    assert_int_equal(try_get(x, "3"), 0);
}

static void a_lost_answer_leaves_the_work_done(void **state)
{
    struct fixture *x = *state;
    const struct cw_store_fault fault = {
        .verb = "register", .nth = 1, .times = 1, .code = CW_E_UNKNOWN, .after = true};
    cw_store_failing_arm(x->s, &fault);
    assert_int_equal(try_register(x, "1"), CW_E_UNKNOWN);
    assert_int_equal(try_get(x, "1"), 0);
    const struct cw_registration again = fix_item(x->studio, "c", "1", 1);
    assert_int_equal(fix_register(x->s, &again).outcome, CW_UNCHANGED);
}

static void any_verb_fails_until_disarmed(void **state)
{
    struct fixture *x = *state;
    const struct cw_store_fault all = {.nth = 1, .code = CW_E_BUSY};
    const struct cw_store_fault none = {0};
    cw_store_failing_arm(x->s, &all);
    assert_int_equal(try_register(x, "1"), CW_E_BUSY);
    assert_int_equal(try_get(x, "1"), CW_E_BUSY);
    cw_store_failing_arm(x->s, &none);
    assert_int_equal(try_register(x, "1"), 0);
    fix_verify(x->s);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(the_nth_call_of_a_verb_fails_and_writes_nothing),
        CASE(a_lost_answer_leaves_the_work_done),
        CASE(any_verb_fails_until_disarmed),
    };
    return cw_crypto_init(NULL) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
