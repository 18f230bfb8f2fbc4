/* Settings: defaults, ranges, and a file with several mistakes. */
#include "tests/support/t_cmocka.h"

#include <string.h>

#include "server/conf.h"

static int parse(const char *text, struct cw_conf *conf, struct cw_buf *report)
{
    *report = CW_BUF_INIT(4096);
    cw_conf_defaults(conf);
    return cw_conf_parse(cw_bytes_str(text), conf, report, NULL);
}

static void reads_keys_comments_and_spaces(void **state)
{
    struct cw_conf conf;
    struct cw_buf report;
    (void)state;
    assert_int_equal(parse("# a comment\n\n  http_threads = 4  # why\r\nlisten=[::1]:9\n",
                           &conf, &report),
                     0);
    assert_int_equal(conf.http_threads, 4);
    assert_string_equal(conf.listen, "[::1]:9");
    assert_int_equal(conf.review_threads, 2);
    cw_buf_done(&report);
}

static void lists_every_problem_with_its_line(void **state)
{
    struct cw_conf conf;
    struct cw_buf report;
    (void)state;
    assert_int_equal(parse("http_threads = 1\nlisten = ok:1\nnonsense\nno_such = 3\n"
                           "connections = 12x\n",
                           &conf, &report),
                     CW_E_INVALID);
    assert_non_null(strstr(cw_buf_str(&report), "line 1: http_threads must be 2..64"));
    assert_non_null(strstr(cw_buf_str(&report), "line 3: expected 'key = value'"));
    assert_non_null(strstr(cw_buf_str(&report), "line 4: there is no setting 'no_such'"));
    assert_non_null(strstr(cw_buf_str(&report), "line 5:"));
    assert_null(strstr(cw_buf_str(&report), "line 2:"));
    cw_buf_done(&report);
}

static void refuses_text_that_is_too_long(void **state)
{
    struct cw_conf conf;
    struct cw_err err;
    char text[CW_CONF_TEXT_CAP + 1];
    (void)state;
    memset(text, 'x', sizeof text);
    cw_conf_defaults(&conf);
    assert_int_equal(cw_conf_set(&conf, "data", cw_bytes_of(text, sizeof text), &err),
                     CW_E_TOO_LARGE);
    assert_string_equal(conf.data, "");
}

static void the_printed_defaults_are_a_valid_file(void **state)
{
    static char text[65536];
    struct cw_conf conf, fresh;
    CW_AUTO(cw_buf_done) struct cw_buf report = {0};
    (void)state;
    FILE *f = fmemopen(text, sizeof text, "w");
    assert_non_null(f);
    cw_conf_help(f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(parse(text, &conf, &report), 0);
    cw_conf_defaults(&fresh);
    assert_memory_equal(&conf, &fresh, sizeof conf);
}

static void a_missing_file_is_named(void **state)
{
    struct cw_conf conf;
    struct cw_err err;
    CW_AUTO(cw_buf_done) struct cw_buf report = CW_BUF_INIT(100);
    (void)state;
    assert_int_equal(cw_conf_load("no/such/file", &conf, &report, &err), CW_E_IO);
    assert_non_null(strstr(err.text, "no/such/file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_keys_comments_and_spaces),
        cmocka_unit_test(lists_every_problem_with_its_line),
        cmocka_unit_test(refuses_text_that_is_too_long),
        cmocka_unit_test(the_printed_defaults_are_a_valid_file),
        cmocka_unit_test(a_missing_file_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
