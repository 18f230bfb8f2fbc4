/* test_num_hex_clock.c - numbers, hexadecimal text, times and errors. */
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/num.h"
#include "tests/support/t_cmocka.h"

static void arithmetic_notices_overflow(void **state)
{
    size_t v = 7;
    (void)state;
    assert_int_equal(cw_size_mul(SIZE_MAX / 2, 3, &v, NULL), CW_E_TOO_LARGE);
    assert_int_equal(cw_size_add(SIZE_MAX, 1, &v, NULL), CW_E_TOO_LARGE);
    assert_int_equal(v, 7);
    assert_int_equal(cw_size_mul(6, 7, &v, NULL), 0);
    assert_int_equal(v, 42);
    assert_int_equal(cw_size_add(6, 7, &v, NULL), 0);
    assert_int_equal(v, 13);
}

static int parse(const char *text, uint64_t *out)
{
    return cw_parse_u64(cw_bytes_str(text), 5, UINT64_MAX, "n", out, NULL);
}

static void numbers_are_digits_within_their_range(void **state)
{
    static const char *const bad[] = {"",
                                      "+7",
                                      "-7",
                                      " 7",
                                      "7 ",
                                      "0x9",
                                      "7.",
                                      "4",
                                      "18446744073709551616",
                                      "999999999999999999999"};
    uint64_t v = 0;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parse(bad[i], &v), CW_E_INVALID);
    }
    assert_int_equal(v, 0);
    assert_int_equal(parse("18446744073709551615", &v), 0);
    assert_true(v == UINT64_MAX);
    assert_int_equal(parse("007", &v), 0);
    assert_int_equal(v, 7);
}

static void hexadecimal_comes_back(void **state)
{
    static const uint8_t raw[] = {0x00, 0x9a, 0xff};
    uint8_t back[3];
    char text[7];
    (void)state;
    cw_hex_encode(raw, sizeof raw, text);
    assert_string_equal(text, "009aff");
    assert_int_equal(cw_hex_decode(cw_bytes_str("009AfF"), back, sizeof back, NULL), 0);
    assert_memory_equal(back, raw, sizeof raw);
    assert_int_equal(cw_hex_decode(cw_bytes_str("009af"), back, 3, NULL), CW_E_INVALID);
    assert_int_equal(cw_hex_decode(cw_bytes_str("009afg"), back, 3, NULL), CW_E_INVALID);
    assert_memory_equal(back, raw, sizeof raw);
}

static void expect_time(const char *text, const char *again)
{
    char out[CW_RFC3339_CAP];
    uint64_t us = 0;
    struct cw_err err = {0};
    if (cw_rfc3339_parse(cw_bytes_str(text), &us, &err) != 0) {
        fail_msg("%s: %s", text, err.text);
    }
    cw_rfc3339_format(us, out);
    assert_string_equal(out, again);
}

static void times_are_read_and_written(void **state)
{
    (void)state;
    expect_time("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z");
    expect_time("2026-11-23", "2026-11-23T00:00:00Z");
    expect_time("2026-11-23T05:43:00.123456Z", "2026-11-23T05:43:00.123456Z");
    expect_time("2026-11-23t05:43:00.1234567z", "2026-11-23T05:43:00.123456Z");
    expect_time("2026-11-23T05:43:00+05:30", "2026-11-23T00:13:00Z");
    expect_time("2026-12-31T23:59:60Z", "2026-12-31T23:59:59Z");
    expect_time("2024-02-29T12:00:00-12:00", "2024-03-01T00:00:00Z");
    expect_time("2000-02-29", "2000-02-29T00:00:00Z");
    expect_time("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z");
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "2026-11-23T05:43:00",
        "2026-13-01",
        "2026-02-29",
        "1900-02-29",
        "1969-12-31",
        "1970-01-01T00:00:00+01:00",
        "2026-11-23T24:00:00Z",
        "2026-11-23T05:43:00.Z",
        "2026-11-23T05:43:00Zx",
        "2026-11-23 05:43:00Z",
        "26-11-23",
    };
    uint64_t us = 0;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(cw_rfc3339_parse(cw_bytes_str(bad[i]), &us, NULL), CW_E_INVALID);
    }
}

static void the_clocks_run(void **state)
{
    const uint64_t before = cw_mono_ns();
    (void)state;
    assert_true(cw_mono_ns() >= before);
    assert_true(cw_utc_us() > (uint64_t)1577836800 * 1000000); /* 2020 */
}

static void errors_carry_code_and_text(void **state)
{
    struct cw_err err = {0};
    (void)state;
    assert_int_equal(cw_fail(&err, CW_E_BUSY, "%d of %d", 3, 4), CW_E_BUSY);
    assert_int_equal(err.code, CW_E_BUSY);
    assert_string_equal(err.text, "3 of 4");
    assert_int_equal(cw_fail(NULL, CW_E_IO, "nobody listens"), CW_E_IO);
    assert_string_equal(cw_code_name(CW_E_NOT_FOUND), "not_found");
    assert_string_equal(cw_code_name(CW_E_INTERNAL), "internal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic_notices_overflow),
        cmocka_unit_test(numbers_are_digits_within_their_range),
        cmocka_unit_test(hexadecimal_comes_back),
        cmocka_unit_test(times_are_read_and_written),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(the_clocks_run),
        cmocka_unit_test(errors_carry_code_and_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
