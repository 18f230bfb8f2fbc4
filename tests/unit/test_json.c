/* test_json.c - reading JSON from outside, and writing it. */
#include <math.h>
#include <string.h>

#include "base/json_read.h"
#include "base/json_write.h"
#include "tests/support/t_cmocka.h"

static struct cw_json *parse(const char *text)
{
    struct cw_json *root = NULL;
    struct cw_err err = {0};
    if (cw_json_parse(cw_bytes_str(text), &root, &err) != 0) {
        fail_msg("%s: %s", text, err.text);
    }
    return root;
}

static void members_are_read_by_type(void **state)
{
    CW_AUTO(cw_json_free)
    struct cw_json *root =
        parse("{\"n\":7,\"d\":0.5,\"t\":\"x\\u00e9\",\"b\":true,\"z\":null,"
              "\"a\":[1,2],\"neg\":-1}");
    struct cw_bytes text = {0};
    uint64_t n = 0;
    double d = 0;
    bool b = false;
    (void)state;
    assert_true(cw_json_is_object(root));
    assert_true(cw_json_u64(cw_json_get(root, "n"), &n) && n == 7);
    assert_true(cw_json_double(cw_json_get(root, "d"), &d) && d > 0.4 && d < 0.6);
    assert_true(cw_json_text(cw_json_get(root, "t"), &text));
    assert_true(cw_bytes_equal_str(text, "x\xc3\xa9"));
    assert_true(cw_json_bool(cw_json_get(root, "b"), &b) && b);
    assert_true(cw_json_is_null(cw_json_get(root, "z")));
    assert_int_equal(cw_json_count(cw_json_get(root, "a")), 2);
    assert_true(cw_json_u64(cw_json_at(cw_json_get(root, "a"), 1), &n) && n == 2);
    assert_false(cw_json_u64(cw_json_get(root, "neg"), &n));
    assert_false(cw_json_u64(cw_json_get(root, "t"), &n));
    assert_false(cw_json_text(cw_json_get(root, "n"), &text));
}

static void what_is_absent_answers_nothing(void **state)
{
    CW_AUTO(cw_json_free) struct cw_json *root = parse("{}");
    const struct cw_json *none = cw_json_get(root, "none");
    uint64_t n = 5;
    (void)state;
    assert_null(none);
    assert_false(cw_json_u64(none, &n));
    assert_false(cw_json_is_object(none));
    assert_false(cw_json_is_null(none));
    assert_int_equal(cw_json_count(none), 0);
    assert_null(cw_json_get(none, "x"));
    assert_null(cw_json_at(none, 0));
    assert_int_equal(n, 5);
}

static void unknown_members_are_named(void **state)
{
    static const char *const allowed[] = {"a", "b"};
    CW_AUTO(cw_json_free) struct cw_json *good = parse("{\"b\":1}");
    CW_AUTO(cw_json_free) struct cw_json *bad = parse("{\"a\":1,\"c\":2}");
    (void)state;
    assert_null(cw_json_unknown(good, allowed, 2));
    assert_string_equal(cw_json_unknown(bad, allowed, 2), "c");
}

static void bad_documents_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "{",
                                      "7",
                                      "{\"a\":1}x",
                                      "{\"a\":1,\"a\":2}",
                                      "{\"a\":\"\\u0000\"}",
                                      "{\"a\":\"\xff\"}",
                                      "[1,]",
                                      "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"};
    struct cw_json *root = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(cw_json_parse(cw_bytes_str(bad[i]), &root, NULL), CW_E_INVALID);
        assert_null(root);
    }
    CW_AUTO(cw_json_free)
    struct cw_json *deep = parse("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]");
    CW_AUTO(cw_json_free)
    struct cw_json *quoted = parse("[\"[[[[[[[[[[[[[[[[[[[[[[ \\\" {{{\"]");
    assert_true(cw_json_is_array(deep) && cw_json_is_array(quoted));
}

static void a_document_is_written_with_its_commas(void **state)
{
    static const uint8_t raw[] = {0xab, 0x01};
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(1000);
    struct cw_jw w = cw_jw_of(&b);
    (void)state;
    cw_jw_begin_object(&w);
    cw_jw_kstr(&w, "s", "x");
    cw_jw_ku64(&w, "u", UINT64_MAX);
    cw_jw_key(&w, "i");
    cw_jw_i64(&w, -3);
    cw_jw_kbool(&w, "b", false);
    cw_jw_khex(&w, "h", raw, sizeof raw);
    cw_jw_ktime(&w, "t", 0);
    cw_jw_ktime(&w, "v", 1000000);
    cw_jw_key(&w, "a");
    cw_jw_begin_array(&w);
    cw_jw_fixed(&w, 0.5, 2);
    cw_jw_fixed(&w, (double)NAN, 2);
    cw_jw_raw(&w, cw_bytes_str("{}"));
    cw_jw_begin_array(&w);
    cw_jw_end_array(&w);
    cw_jw_end_array(&w);
    cw_jw_key(&w, "n");
    cw_jw_str(&w, NULL);
    cw_jw_end_object(&w);
    assert_string_equal(cw_buf_str(&b),
                        "{\"s\":\"x\",\"u\":18446744073709551615,\"i\":-3,\"b\":false,"
                        "\"h\":\"ab01\",\"t\":null,\"v\":\"1970-01-01T00:00:01Z\","
                        "\"a\":[0.50,null,{},[]],\"n\":null}");
}

/* Whatever the bytes, the result is JSON and reads as what could be kept of them. */
static void any_text_is_written_well_formed(void **state)
{
    static const char text[] = "q\" b\\ n\n \x01 \x7f \xc3\xa9 \xff\xc3 \xe2\x82";
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(1000);
    struct cw_jw w = cw_jw_of(&b);
    struct cw_bytes back = {0};
    (void)state;
    cw_jw_begin_array(&w);
    cw_jw_text(&w, cw_bytes_of(text, sizeof text - 1));
    cw_jw_end_array(&w);
    CW_AUTO(cw_json_free) struct cw_json *root = parse(cw_buf_str(&b));
    assert_true(cw_json_text(cw_json_at(root, 0), &back));
    assert_true(cw_bytes_equal_str(back,
                                   "q\" b\\ n\n \x01 \x7f \xc3\xa9 "
                                   "\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd"));
}

static void an_overflow_is_seen_at_the_end(void **state)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(10);
    struct cw_jw w = cw_jw_of(&b);
    (void)state;
    cw_jw_begin_array(&w);
    cw_jw_str(&w, "much longer than ten bytes");
    cw_jw_end_array(&w);
    assert_int_equal(cw_buf_check(&b, "answer", NULL), CW_E_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_read_by_type),
        cmocka_unit_test(what_is_absent_answers_nothing),
        cmocka_unit_test(unknown_members_are_named),
        cmocka_unit_test(bad_documents_are_refused),
        cmocka_unit_test(a_document_is_written_with_its_commas),
        cmocka_unit_test(any_text_is_written_well_formed),
        cmocka_unit_test(an_overflow_is_seen_at_the_end),
    };
    cw_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
