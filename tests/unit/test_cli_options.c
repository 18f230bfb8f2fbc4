#include "cli/options.h"
#include "tests/support/t_cmocka.h"

#include <string.h>

struct values {
    bool json;
    const char *kind;
};

static int parse(struct values *v, int argc, char **argv, struct cw_args *out,
                 struct cw_err *err)
{
    const struct cw_option table[] = {
        {.name = "json", .flag = &v->json, .help = "lines"},
        {.name = "kind", .value = "KIND", .text = &v->kind, .help = "which"},
    };
    const struct cw_usage usage = {.name = "try",
                                   .operands = "PATH...",
                                   .summary = "Tries.",
                                   .table = table,
                                   .n_options = 2,
                                   .min_operands = 1,
                                   .max_operands = 2};
    *v = (struct values){0};
    return cw_options_parse(&usage, argc, argv, out, err);
}

static void takes_options_and_operands_in_any_order(void **state)
{
    (void)state;
    struct values v;
    struct cw_args args;
    char *argv[] = {"a", "--kind", "frame", "b", "--json"};
    assert_int_equal(parse(&v, 5, argv, &args, NULL), 0);
    assert_true(v.json);
    assert_string_equal(v.kind, "frame");
    assert_int_equal(args.n_operands, 2);
    assert_string_equal(args.operands[0], "a");
    assert_string_equal(args.operands[1], "b");
}

static void takes_a_value_after_an_equals_sign(void **state)
{
    (void)state;
    struct values v;
    struct cw_args args;
    char *argv[] = {"--kind=a=b", "x"};
    assert_int_equal(parse(&v, 2, argv, &args, NULL), 0);
    assert_string_equal(v.kind, "a=b");
}

static void two_dashes_end_the_options(void **state)
{
    (void)state;
    struct values v;
    struct cw_args args;
    char *argv[] = {"--", "--json", "-x"};
    assert_int_equal(parse(&v, 3, argv, &args, NULL), 0);
    assert_false(v.json);
    assert_string_equal(args.operands[0], "--json");
    assert_string_equal(args.operands[1], "-x");
}

static void a_single_dash_is_an_operand(void **state)
{
    (void)state;
    struct values v;
    struct cw_args args;
    char *argv[] = {"-"};
    assert_int_equal(parse(&v, 1, argv, &args, NULL), 0);
    assert_string_equal(args.operands[0], "-");
}

static void help_wins_over_what_follows(void **state)
{
    (void)state;
    struct values v;
    struct cw_args args;
    char *argv[] = {"-h", "--nonsense"};
    assert_int_equal(parse(&v, 2, argv, &args, NULL), 0);
    assert_true(args.help);
}

static void expect_refused(int argc, char **argv, const char *part)
{
    struct values v;
    struct cw_args args;
    struct cw_err err = {0};
    assert_int_equal(parse(&v, argc, argv, &args, &err), CW_E_INVALID);
    assert_non_null(strstr(err.text, part));
    assert_null(strchr(err.text, '\n'));
}

static void refusals_say_what_to_do(void **state)
{
    (void)state;
    expect_refused(2, (char *[]){"a", "--jsno"}, "celwatch try --help");
    expect_refused(2, (char *[]){"a", "-j"}, "./-j");
    expect_refused(2, (char *[]){"a", "--kind"}, "--kind KIND");
    expect_refused(2, (char *[]){"a", "--json=yes"}, "takes no value");
    expect_refused(1, (char *[]){"--json"}, "too few");
    expect_refused(3, (char *[]){"a", "b", "c"}, "too many");
}

static void help_names_every_option(void **state)
{
    (void)state;
    const char *text = NULL;
    const struct cw_option table[] = {
        {.name = "a-rather-long-name",
         .value = "VALUE",
         .text = &text,
         .help = "long one"},
    };
    const struct cw_usage usage = {.name = "try",
                                   .operands = "",
                                   .summary = "Tries.",
                                   .table = table,
                                   .n_options = 1};
    CW_AUTO(cw_buf_done) struct cw_buf out = CW_BUF_INIT(4096);
    cw_options_help(&usage, &out);
    assert_non_null(strstr(cw_buf_str(&out), "usage: celwatch try [OPTION]...\n"));
    assert_non_null(strstr(cw_buf_str(&out), "--a-rather-long-name VALUE\n"));
    assert_non_null(strstr(cw_buf_str(&out), "long one\n"));
    assert_non_null(strstr(cw_buf_str(&out), "--help"));
}

static void choices_are_whole_words(void **state)
{
    (void)state;
    assert_true(cw_is_choice("frame|sketch", "frame"));
    assert_true(cw_is_choice("frame|sketch", "sketch"));
    assert_false(cw_is_choice("frame|sketch", "fram"));
    assert_false(cw_is_choice("frame|sketch", "frame|sketch"));
    assert_false(cw_is_choice("frame|sketch", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_options_and_operands_in_any_order),
        cmocka_unit_test(takes_a_value_after_an_equals_sign),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(a_single_dash_is_an_operand),
        cmocka_unit_test(help_wins_over_what_follows),
        cmocka_unit_test(refusals_say_what_to_do),
        cmocka_unit_test(help_names_every_option),
        cmocka_unit_test(choices_are_whole_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
