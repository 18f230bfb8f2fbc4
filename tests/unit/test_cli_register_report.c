#include "cli/register_report.h"
#include "tests/support/t_cmocka.h"

#include <string.h>

struct rendered {
    struct cw_register_totals totals;
    struct cw_buf out, problem;
};

static void rendered_done(struct rendered *r)
{
    cw_buf_done(&r->out);
    cw_buf_done(&r->problem);
}

/* answer  NULL: the file was not sent, because it is damaged */
static struct rendered render(const char *answer, bool json)
{
    struct rendered r = {.out = CW_BUF_INIT(8192), .problem = CW_BUF_INIT(8192)};
    CW_AUTO(cw_json_free) struct cw_json *v = NULL;
    if (answer != NULL) {
        assert_int_equal(cw_json_parse(cw_bytes_str(answer), &v, NULL), 0);
    }
    const struct cw_register_item item = {.file = "d/a.png",
                                          .asset = answer == NULL ? "" : "a.png",
                                          .answer = v,
                                          .why = "damaged"};
    cw_register_render(&item, json, &r.totals, &r.out, &r.problem);
    return r;
}

static void registered_files_are_only_counted(void **state)
{
    (void)state;
    CW_AUTO(rendered_done)
    struct rendered r =
        render("{\"status\":\"registered\",\"weak\":false,\"seen_before\":[]}", false);
    assert_int_equal(r.totals.n_registered, 1);
    assert_int_equal(r.out.len + r.problem.len, 0);
    assert_true(cw_register_all_well(&r.totals));
}

static void weak_files_are_named(void **state)
{
    (void)state;
    CW_AUTO(rendered_done)
    struct rendered r = render(
        "{\"status\":\"unchanged\",\"weak\":true,\"quality\":12,\"seen_before\":[]}",
        false);
    assert_int_equal(r.totals.n_weak, 1);
    assert_int_equal(r.totals.n_unchanged, 0);
    assert_string_equal(cw_buf_str(&r.problem),
                        "d/a.png: registered, but weak (quality 12)");
    assert_false(cw_register_all_well(&r.totals));
}

static void refused_files_say_why(void **state)
{
    (void)state;
    CW_AUTO(rendered_done)
    struct rendered r = render("{\"id\":\"a.png\",\"status\":\"error\",\"code\":\"bad_"
                               "field\",\"detail\":\"no\"}",
                               false);
    assert_int_equal(r.totals.n_refused, 1);
    assert_string_equal(cw_buf_str(&r.problem), "d/a.png: refused: no (bad_field)");
    assert_false(cw_register_all_well(&r.totals));
}

static void unreadable_files_say_why(void **state)
{
    (void)state;
    CW_AUTO(rendered_done) struct rendered r = render(NULL, false);
    assert_int_equal(r.totals.n_unreadable, 1);
    assert_string_equal(cw_buf_str(&r.problem), "d/a.png: damaged");
}

static void what_was_seen_before_is_loud(void **state)
{
    (void)state;
    CW_AUTO(rendered_done)
    struct rendered r = render(
        "{\"status\":\"registered\",\"weak\":false,\"seen_before\":[{\"url\":\"http://"
        "h/x\",\"fetched_at\":\"2026-10-01T00:00:00Z\",\"distance\":2,\"turn\":"
        "\"orig\",\"band\":\"strong\"}]}",
        false);
    assert_int_equal(r.totals.n_seen, 1);
    assert_string_equal(cw_buf_str(&r.out),
                        "SEEN BEFORE  d/a.png\n    strong    http://h/x  on "
                        "2026-10-01T00:00:00Z  distance 2\n");
}

static void json_lines_hold_the_promised_members(void **state)
{
    (void)state;
    CW_AUTO(rendered_done)
    struct rendered good = render(
        "{\"collection\":\"c\",\"version\":1,\"status\":\"registered\",\"weak\":false,"
        "\"quality\":99,\"seen_before\":[]}",
        true);
    CW_AUTO(rendered_done) struct rendered bad = render(NULL, true);
    assert_string_equal(
        cw_buf_str(&good.out),
        "{\"file\":\"d/a.png\",\"asset\":\"a.png\",\"status\":\"registered\","
        "\"stored\":\"registered\",\"collection\":\"c\",\"version\":1,"
        "\"quality\":99,\"seen_before\":[]}\n");
    assert_string_equal(cw_buf_str(&bad.out),
                        "{\"file\":\"d/a.png\",\"asset\":null,\"status\":\"unreadable\","
                        "\"error\":\"damaged\",\"seen_before\":[]}\n");
    assert_int_equal(good.problem.len + bad.problem.len, 0);
}

static void the_summary_is_in_numbers(void **state)
{
    (void)state;
    CW_AUTO(cw_buf_done) struct cw_buf out = CW_BUF_INIT(1024);
    const struct cw_register_totals totals = {
        .n_registered = 212, .n_sent = 212, .n_bytes = 402123, .n_seen = 3};
    cw_register_render_totals(&totals, "INV\033-S4", &out);
    assert_string_equal(
        cw_buf_str(&out),
        "INV\\x1b-S4: 212 registered, 0 unchanged, 0 replaced, 0 weak, 0 unreadable, 0 "
        "refused\nsent 212 fingerprints, 402 kB, 0 pixels\n"
        "SEEN BEFORE: 3; `celwatch incidents` shows where\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registered_files_are_only_counted),
        cmocka_unit_test(weak_files_are_named),
        cmocka_unit_test(refused_files_say_why),
        cmocka_unit_test(unreadable_files_say_why),
        cmocka_unit_test(what_was_seen_before_is_loud),
        cmocka_unit_test(json_lines_hold_the_promised_members),
        cmocka_unit_test(the_summary_is_in_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
