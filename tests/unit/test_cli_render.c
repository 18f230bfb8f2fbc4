#include "cli/render.h"
#include "tests/support/t_cmocka.h"

#include <string.h>

typedef void (*render_fn)(struct cw_buf *out, const struct cw_json *v);

static void expect_rendered(render_fn render, const char *json, const char *wanted)
{
    CW_AUTO(cw_json_free) struct cw_json *v = NULL;
    CW_AUTO(cw_buf_done) struct cw_buf out = CW_BUF_INIT(8192);
    assert_int_equal(cw_json_parse(cw_bytes_str(json), &v, NULL), 0);
    render(&out, v);
    assert_string_equal(cw_buf_str(&out), wanted);
}

static void a_match_is_one_readable_line(void **state)
{
    (void)state;
    expect_rendered(
        cw_render_match,
        "{\"collection\":\"INV-S4\",\"asset\":\"shots/a.png\",\"confidence\":0.987,"
        "\"band\":\"strong\",\"distance\":4,\"turn\":\"rot90\",\"inverted\":false,"
        "\"exact_bytes\":false}",
        "strong    INV-S4: shots/a.png  confidence 0.99  distance 4  turned rot90");
    expect_rendered(
        cw_render_match,
        "{\"collection\":\"c\",\"asset\":\"a\",\"confidence\":1,\"band\":\"strong\","
        "\"distance\":0,\"turn\":\"orig\",\"inverted\":true,\"exact_bytes\":true}",
        "strong    c: a  confidence 1.00  distance 0  inverted  the very same file");
}

static void hostile_text_does_not_reach_the_terminal(void **state)
{
    (void)state;
    expect_rendered(cw_render_seen,
                    "{\"url\":\"http://h/\\u001b[2J\\u202e\",\"ip\":\"203.0.113.1\","
                    "\"band\":\"possible\",\"fetched_at\":\"x\\ny\",\"distance\":9}",
                    "possible  http://h/\\x1b[2J\\u{202e}  on x\\x0ay  distance 9");
}

static void what_is_missing_is_a_dash(void **state)
{
    (void)state;
    expect_rendered(cw_render_seen, "{\"url\":null,\"ip\":\"203.0.113.1\"}",
                    "-         203.0.113.1  on -  distance -");
    expect_rendered(
        cw_render_incident, "{\"id\":\"INC-1\",\"matches\":[]}",
        "INC-1     -           -         -       -                            - on -");
}

static void a_decision_shows_who_and_why(void **state)
{
    (void)state;
    expect_rendered(
        cw_render_history,
        "{\"version\":2,\"act\":\"decision\",\"state_before\":\"new\","
        "\"state_after\":\"confirmed\",\"text\":\"ours\",\"actor\":\"k1\","
        "\"at\":\"2026-11-23T05:43:00Z\"}",
        "2026-11-23T05:43:00Z         decision  new -> confirmed  by k1: ours");
}

static void a_comment_changes_no_state(void **state)
{
    (void)state;
    expect_rendered(
        cw_render_history,
        "{\"act\":\"comment\",\"state_before\":\"new\",\"state_after\":\"new\","
        "\"text\":\"look\",\"actor\":\"k1\",\"at\":\"2026-11-23T05:43:00.123456Z\"}",
        "2026-11-23T05:43:00.123456Z  comment   by k1: look");
}

static void incident_matches_say_when_they_came_late(void **state)
{
    (void)state;
    expect_rendered(
        cw_render_incident_match,
        "{\"asset\":\"a\",\"url\":\"http://h/\",\"fetched_at\":\"t\","
        "\"distance\":3,\"turn\":\"orig\",\"band\":\"strong\",\"lookback\":true}",
        "strong    a  at http://h/  on t  distance 3  (seen before it was "
        "registered)");
}

static void json_lines_carry_the_file_first(void **state)
{
    (void)state;
    CW_AUTO(cw_json_free) struct cw_json *v = NULL;
    CW_AUTO(cw_json_free) struct cw_json *empty = NULL;
    CW_AUTO(cw_buf_done) struct cw_buf out = CW_BUF_INIT(8192);
    assert_int_equal(
        cw_json_parse(cw_bytes_str("{ \"matches\": [ 1, 0.97 ] }"), &v, NULL), 0);
    assert_int_equal(cw_json_parse(cw_bytes_str("{}"), &empty, NULL), 0);
    cw_json_line_with_file(&out, "a\n\"b", v);
    cw_json_line_with_file(&out, "c", empty);
    cw_json_line_failed(&out, "d", "unreadable", "damaged");
    assert_string_equal(
        cw_buf_str(&out),
        "{\"file\":\"a\\n\\\"b\",\"matches\":[1,0.97]}\n"
        "{\"file\":\"c\"}\n"
        "{\"file\":\"d\",\"status\":\"unreadable\",\"error\":\"damaged\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_match_is_one_readable_line),
        cmocka_unit_test(hostile_text_does_not_reach_the_terminal),
        cmocka_unit_test(what_is_missing_is_a_dash),
        cmocka_unit_test(a_decision_shows_who_and_why),
        cmocka_unit_test(a_comment_changes_no_state),
        cmocka_unit_test(incident_matches_say_when_they_came_late),
        cmocka_unit_test(json_lines_carry_the_file_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
