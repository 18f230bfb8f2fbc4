#include "hashing/hash.h"
#include "tests/support/t_cmocka.h"

#include <string.h>

#define TEXT "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"

static void first_digits_are_the_first_byte(void **state)
{
    (void)state;
    struct cw_hash h;
    assert_int_equal(cw_hash_parse(cw_bytes_str(TEXT), &h, NULL), 0);
    assert_int_equal(h.b[0], 0xf8);
    assert_int_equal(h.b[31], 0x22);
}

static void text_survives_a_round(void **state)
{
    (void)state;
    struct cw_hash h;
    char text[CW_HASH_TEXT_CAP];
    assert_int_equal(cw_hash_parse(cw_bytes_str(TEXT), &h, NULL), 0);
    cw_hash_format(&h, text);
    assert_string_equal(text, TEXT);
}

static void refuses_what_is_not_64_digits(void **state)
{
    (void)state;
    struct cw_hash h = {.b = {7}};
    struct cw_err err = {0};
    assert_int_equal(cw_hash_parse(cw_bytes_of(TEXT, 63), &h, &err), CW_E_INVALID);
    assert_int_equal(cw_hash_parse(cw_bytes_str(TEXT "0"), &h, &err), CW_E_INVALID);
    char bad[] = TEXT;
    bad[40] = 'g';
    assert_int_equal(cw_hash_parse(cw_bytes_str(bad), &h, &err), CW_E_INVALID);
    assert_int_equal(h.b[0], 7);
}

static void distance_counts_every_bit_once(void **state)
{
    (void)state;
    struct cw_hash a = {0};
    struct cw_hash b;
    memset(&b, 0xff, sizeof b);
    assert_int_equal(cw_hash_distance(&a, &a), 0);
    assert_int_equal(cw_hash_distance(&a, &b), CW_HASH_BITS);
    for (unsigned bit = 0; bit < CW_HASH_BITS; bit++) {
        struct cw_hash one = {0};
        one.b[bit / 8] = (uint8_t)(1U << (bit % 8));
        assert_int_equal(cw_hash_distance(&a, &one), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_digits_are_the_first_byte),
        cmocka_unit_test(text_survives_a_round),
        cmocka_unit_test(refuses_what_is_not_64_digits),
        cmocka_unit_test(distance_counts_every_bit_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
