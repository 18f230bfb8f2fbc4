#include "base/signed_head.h"

#include <string.h>

#include "base/hex.h"
#include "tests/support/t_cmocka.h"

static const uint8_t SEED[CW_SEED_BYTES] = {1, 2, 3};

static struct cw_signed_head sample(void)
{
    const struct cw_chain_head head = {.seq = 4711, .hash = {0xab, 0xcd}};
    struct cw_signed_head h;
    cw_signed_head_make(&head, SEED, &h);
    return h;
}

static void keys_and_signatures_are_those_of_rfc_8032(void **state)
{
    /* RFC 8032, 7.1, TEST 2 */
    uint8_t seed[CW_SEED_BYTES], key[CW_PUBLIC_KEY_BYTES];
    uint8_t signature[CW_SIGNATURE_BYTES];
    char hex[2 * CW_SIGNATURE_BYTES + 1];
    const uint8_t message = 0x72;
    (void)state;
    assert_int_equal(cw_hex_decode(cw_bytes_str("4ccd089b28ff96da9db6c346ec114e0f"
                                                "5b8a319f35aba624da8cf6ed4fb8a6fb"),
                                   seed, sizeof seed, NULL),
                     0);
    cw_public_key(seed, key);
    cw_hex_encode(key, sizeof key, hex);
    assert_string_equal(hex, "3d4017c3e843895a92b70aa74d1b7ebc"
                             "9c982ccf2ec4968cc0cd55f12af4660c");
    cw_sign(cw_bytes_of(&message, 1), seed, signature);
    cw_hex_encode(signature, sizeof signature, hex);
    assert_string_equal(
        hex, "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
             "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
    assert_true(cw_is_signed(cw_bytes_of(&message, 1), key, signature));
}

static void only_what_was_signed_is_signed(void **state)
{
    uint8_t key[CW_PUBLIC_KEY_BYTES], other_key[CW_PUBLIC_KEY_BYTES];
    const uint8_t other_seed[CW_SEED_BYTES] = {3, 2, 1};
    struct cw_signed_head h = sample();
    (void)state;
    cw_public_key(SEED, key);
    cw_public_key(other_seed, other_key);
    assert_true(cw_signed_head_is_by(&h, key));
    assert_false(cw_signed_head_is_by(&h, other_key));
    h.head.seq++;
    assert_false(cw_signed_head_is_by(&h, key));
    h = sample();
    h.head.hash[31] ^= 1;
    assert_false(cw_signed_head_is_by(&h, key));
    h = sample();
    h.signature[63] ^= 1;
    assert_false(cw_signed_head_is_by(&h, key));
}

static void it_survives_the_round_trip_as_text(void **state)
{
    const struct cw_signed_head h = sample();
    struct cw_signed_head again = {0};
    char text[CW_SIGNED_HEAD_CAP];
    (void)state;
    cw_signed_head_format(&h, text);
    assert_int_equal(cw_signed_head_parse(text, &again, NULL), 0);
    assert_int_equal(again.head.seq, h.head.seq);
    assert_memory_equal(again.head.hash, h.head.hash, sizeof h.head.hash);
    assert_memory_equal(again.signature, h.signature, sizeof h.signature);
}

static void what_is_none_is_refused(void **state)
{
    static const char *const bad[] = {"", ":", "::", "1:2:3", "4711"};
    const struct cw_signed_head h = sample();
    struct cw_signed_head out;
    char text[CW_SIGNED_HEAD_CAP];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(cw_signed_head_parse(bad[i], &out, NULL), CW_E_INVALID);
    }
    cw_signed_head_format(&h, text);
    text[strlen(text) - 1] = '\0';
    assert_int_equal(cw_signed_head_parse(text, &out, NULL), CW_E_INVALID);
    cw_chain_head_format(&h.head, text);
    assert_int_equal(cw_signed_head_parse(text, &out, NULL), CW_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_signatures_are_those_of_rfc_8032),
        cmocka_unit_test(only_what_was_signed_is_signed),
        cmocka_unit_test(it_survives_the_round_trip_as_text),
        cmocka_unit_test(what_is_none_is_refused),
    };
    return cw_crypto_init(NULL) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
