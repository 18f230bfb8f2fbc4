/* test_bytes.c - views, growing buffers, the big-endian reader and writer, UTF-8. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "tests/support/t_cmocka.h"

static void views_compare_by_content(void **state)
{
    (void)state;
    assert_true(cw_bytes_equal(cw_bytes_str("ab"), cw_bytes_of("abc", 2)));
    assert_false(cw_bytes_equal(cw_bytes_str("ab"), cw_bytes_str("abc")));
    assert_true(cw_bytes_equal(cw_bytes_str(NULL), cw_bytes_str("")));
    assert_true(cw_bytes_equal_str(cw_bytes_of("x\0y", 1), "x"));
}

static void a_buffer_grows_to_its_maximum_and_no_further(void **state)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(100);
    (void)state;
    for (int i = 0; i < 100; i++) {
        cw_buf_add(&b, "x", 1);
    }
    assert_int_equal(b.len, 100);
    assert_int_equal(strlen(cw_buf_str(&b)), 100);
    assert_int_equal(cw_buf_check(&b, "b", NULL), 0);
    cw_buf_add(&b, "y", 1);
    assert_int_equal(b.len, 100);
    assert_int_equal(cw_buf_check(&b, "b", NULL), CW_E_TOO_LARGE);
    cw_buf_clear(&b);
    cw_buf_add_str(&b, "again");
    assert_string_equal(cw_buf_str(&b), "again");
    assert_int_equal(cw_buf_check(&b, "b", NULL), 0);
}

static void an_append_that_does_not_fit_changes_nothing(void **state)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(8);
    (void)state;
    cw_buf_add_str(&b, "12345");
    cw_buf_add_str(&b, "6789");
    cw_buf_add_str(&b, "6"); /* would fit, but the sequence is broken already */
    assert_string_equal(cw_buf_str(&b), "12345");
    assert_int_equal(cw_buf_reserve(&b, SIZE_MAX, NULL), CW_E_TOO_LARGE);
}

static void printing_appends(void **state)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(20);
    (void)state;
    assert_string_equal(cw_buf_str(&b), "");
    cw_buf_printf(&b, "%d-%s", 12, "ab");
    cw_buf_printf(&b, "%c", '!');
    assert_string_equal(cw_buf_str(&b), "12-ab!");
    cw_buf_printf(&b, "%030d", 1);
    assert_int_equal(cw_buf_check(&b, "b", NULL), CW_E_TOO_LARGE);
    assert_string_equal(cw_buf_str(&b), "12-ab!");
}

static void numbers_are_big_endian_and_come_back(void **state)
{
    static const uint8_t expected[] = {1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 1, 0};
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(100);
    (void)state;
    cw_put_u8(&b, 1);
    cw_put_u16(&b, 0x0203);
    cw_put_u32(&b, 0x04050607);
    cw_put_u64(&b, 256);
    assert_int_equal(b.len, sizeof expected);
    assert_memory_equal(b.p, expected, sizeof expected);
    struct cw_reader r = cw_reader_of(cw_buf_view(&b));
    assert_int_equal(cw_get_u8(&r), 1);
    assert_int_equal(cw_get_u16(&r), 0x0203);
    assert_int_equal(cw_get_u32(&r), 0x04050607);
    assert_int_equal(cw_get_u64(&r), 256);
    assert_int_equal(cw_reader_end(&r, "r", NULL), 0);
}

static void prefixed_bytes_come_back(void **state)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(100);
    (void)state;
    cw_put_bytes16(&b, cw_bytes_str("short"));
    cw_put_bytes32(&b, cw_bytes_str(""));
    struct cw_reader r = cw_reader_of(cw_buf_view(&b));
    assert_true(cw_bytes_equal_str(cw_get_bytes16(&r), "short"));
    assert_int_equal(cw_get_bytes32(&r).len, 0);
    assert_int_equal(cw_reader_end(&r, "r", NULL), 0);
}

static void reading_past_the_end_fails_once_and_for_all(void **state)
{
    struct cw_reader r = cw_reader_of(cw_bytes_of("\x00\x09zz", 4));
    (void)state;
    assert_int_equal(cw_get_bytes16(&r).len, 0); /* says 9, has 2 */
    assert_int_equal(cw_get_u8(&r), 0);
    assert_int_equal(cw_reader_end(&r, "r", NULL), CW_E_CORRUPT);
    r = cw_reader_of(cw_bytes_of("ab", 2));
    (void)cw_get_u8(&r);
    assert_int_equal(cw_reader_end(&r, "r", NULL), CW_E_CORRUPT);
}

static void text_is_copied_only_if_it_fits_and_holds_no_nul(void **state)
{
    char dst[4] = "old";
    (void)state;
    assert_int_equal(cw_copy_text(dst, sizeof dst, cw_bytes_str("abcd"), "t", NULL),
                     CW_E_TOO_LARGE);
    assert_int_equal(cw_copy_text(dst, sizeof dst, cw_bytes_of("a\0b", 3), "t", NULL),
                     CW_E_INVALID);
    assert_string_equal(dst, "old");
    assert_int_equal(cw_copy_text(dst, sizeof dst, cw_bytes_str("abc"), "t", NULL), 0);
    assert_string_equal(dst, "abc");
    assert_int_equal(cw_copy_text(dst, sizeof dst, cw_bytes_str(""), "t", NULL), 0);
    assert_string_equal(dst, "");
}

static void utf8_is_told_from_what_is_not(void **state)
{
    static const char *const good[] = {
        "", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8e\xac", "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",         "\xc3",         "\xc0\xaf",
                                      "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "\xff",         "\xc3(",        "\xf0\x80\x80\xaf"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(cw_is_utf8(cw_bytes_str(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(cw_is_utf8(cw_bytes_str(bad[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_compare_by_content),
        cmocka_unit_test(a_buffer_grows_to_its_maximum_and_no_further),
        cmocka_unit_test(an_append_that_does_not_fit_changes_nothing),
        cmocka_unit_test(printing_appends),
        cmocka_unit_test(numbers_are_big_endian_and_come_back),
        cmocka_unit_test(prefixed_bytes_come_back),
        cmocka_unit_test(reading_past_the_end_fails_once_and_for_all),
        cmocka_unit_test(text_is_copied_only_if_it_fits_and_holds_no_nul),
        cmocka_unit_test(utf8_is_told_from_what_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
