#include "cli/plain_text.h"
#include "tests/support/t_cmocka.h"

static void expect_plain(const char *text, size_t len, const char *wanted)
{
    CW_AUTO(cw_buf_done) struct cw_buf out = CW_BUF_INIT(1024);
    cw_add_plain(&out, cw_bytes_of(text, len));
    assert_string_equal(cw_buf_str(&out), wanted);
}

#define EXPECT(text, wanted) expect_plain("" text, sizeof(text) - 1, wanted)

static void ordinary_text_is_not_touched(void **state)
{
    (void)state;
    EXPECT("", "");
    EXPECT("shots/010 \\ é 漢字 🎬.png", "shots/010 \\ é 漢字 🎬.png");
}

static void control_characters_are_shown(void **state)
{
    (void)state;
    EXPECT("\033[2J\033]0;x\007", "\\x1b[2J\\x1b]0;x\\x07");
    EXPECT("a\r\nb\tc\b", "a\\x0d\\x0ab\\x09c\\x08");
    EXPECT("a\0b", "a\\x00b");
    EXPECT("\x7f", "\\x7f");
}

static void the_eight_bit_escape_is_shown(void **state)
{
    (void)state;
    EXPECT("\xc2\x9b"
           "2J",
           "\\x9b2J"); /* CSI as UTF-8 */
    EXPECT("\x9b"
           "2J",
           "\\x9b2J"); /* CSI as a single byte */
}

static void bytes_that_are_not_utf8_are_shown(void **state)
{
    (void)state;
    EXPECT("\xff\xfe", "\\xff\\xfe");
    EXPECT("\xc0\xaf", "\\xc0\\xaf");
    EXPECT("\xe2\x82", "\\xe2\\x82");
    EXPECT("\xed\xa0\x80x", "\\xed\\xa0\\x80x");
}

/* Not as string literals: the tools refuse sources that hold such marks. */
static void marks_that_turn_the_writing_are_shown(void **state)
{
    (void)state;
    static const unsigned char override[] = {'a', 0xe2, 0x80, 0xae, 'g', 'n', 'p'};
    static const unsigned char isolate[] = {0xe2, 0x81, 0xa6, 0xe2, 0x81, 0xa9};
    static const unsigned char new_line[] = {'a', 0xe2, 0x80, 0xa8, 'b'};
    expect_plain((const char *) override, sizeof override, "a\\u{202e}gnp");
    expect_plain((const char *)isolate, sizeof isolate, "\\u{2066}\\u{2069}");
    expect_plain((const char *)new_line, sizeof new_line, "a\\u{2028}b");
}

static void nothing_is_a_dash(void **state)
{
    (void)state;
    CW_AUTO(cw_buf_done) struct cw_buf out = CW_BUF_INIT(64);
    cw_add_plain_str(&out, NULL);
    assert_string_equal(cw_buf_str(&out), "-");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_text_is_not_touched),
        cmocka_unit_test(control_characters_are_shown),
        cmocka_unit_test(the_eight_bit_escape_is_shown),
        cmocka_unit_test(bytes_that_are_not_utf8_are_shown),
        cmocka_unit_test(marks_that_turn_the_writing_are_shown),
        cmocka_unit_test(nothing_is_a_dash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
