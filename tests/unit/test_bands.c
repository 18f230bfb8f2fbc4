/* test_bands.c - the rule that no match is lost, number by number. */
#include <stdlib.h>

#include "index/bands.h"
#include "tests/support/t_cmocka.h"

static void bands_cover_every_bit_once(void **state)
{
    (void)state;
    for (uint32_t n = CW_BANDS_LEAST; n <= CW_BANDS_MOST; n++) {
        struct cw_bands b;
        unsigned at = 0;
        cw_bands_cut(n, &b);
        assert_int_equal(b.n, n);
        for (unsigned i = 0; i < n; i++) {
            assert_int_equal(b.at[i], at);
            assert_in_range(b.width[i], CW_BAND_NARROWEST, CW_BAND_WIDEST);
            at += b.width[i];
        }
        assert_int_equal(at, CW_HASH_BITS);
    }
}

static void keys_are_the_bits_of_their_band(void **state)
{
    struct cw_hash h;
    (void)state;
    for (size_t i = 0; i < CW_HASH_BYTES; i++) {
        h.b[i] = (uint8_t)(i * 37 + 11);
    }
    for (uint32_t n = CW_BANDS_LEAST; n <= CW_BANDS_MOST; n++) {
        struct cw_bands b;
        cw_bands_cut(n, &b);
        for (unsigned i = 0; i < n; i++) {
            uint32_t expected = 0;
            for (unsigned bit = b.at[i]; bit < (unsigned)b.at[i] + b.width[i]; bit++) {
                expected = expected << 1 | ((unsigned)h.b[bit / 8] >> (7 - bit % 8) & 1U);
            }
            assert_int_equal(cw_band_key(&h, b.at[i], b.width[i]), expected);
        }
    }
}

/* The sum of (T_b + 1) is r + 1, however uneven the buckets are. */
static void radii_of_bands_add_up(void **state)
{
    (void)state;
    for (uint32_t n = CW_BANDS_LEAST; n <= CW_BANDS_MOST; n++) {
        struct cw_bands b;
        float load[CW_BANDS_MOST];
        cw_bands_cut(n, &b);
        for (unsigned i = 0; i < n; i++) {
            load[i] = i % 3 == 0 ? 1000.0F : (float)i / 7;
        }
        for (unsigned r = 0; r <= CW_HASH_BITS / 2; r++) {
            struct cw_band_plan p;
            int sum = 0;
            cw_bands_plan(&b, load, r, &p);
            for (unsigned i = 0; i < n; i++) {
                assert_in_range(p.radius[i] + 1, 0, CW_BAND_RADIUS + 1);
                sum += p.radius[i] + 1;
            }
            assert_int_equal(p.possible, r + 1 <= n * (CW_BAND_RADIUS + 1));
            assert_int_equal(sum, p.possible ? (int)r + 1 : 0);
        }
    }
}

static void the_number_of_bands_follows_the_number_of_codes(void **state)
{
    (void)state;
    assert_int_equal(cw_bands_for(0), 0);
    assert_int_equal(cw_bands_for(1000), 0);
    uint32_t before = CW_BANDS_MOST;
    for (uint64_t n = 2000; n <= 200000000; n *= 2) {
        const uint32_t bands = cw_bands_for(n);
        assert_in_range(bands, CW_BANDS_LEAST, before);
        before = bands;
    }
}

static void masks_are_all_neighbours_once(void **state)
{
    struct cw_band_masks m = {0};
    (void)state;
    assert_int_equal(cw_band_masks_init(&m, NULL), 0);
    for (unsigned w = CW_BAND_NARROWEST; w <= CW_BAND_WIDEST; w += 4) {
        uint8_t *seen = calloc((size_t)1 << w, 1);
        uint32_t at = 0;
        assert_non_null(seen);
        for (int t = 0; t <= CW_BAND_RADIUS; t++) {
            for (; at < m.count[w][t]; at++) {
                const uint32_t mask = m.of_width[w][at];
                assert_true(mask < 1U << w);
                assert_int_equal(__builtin_popcount(mask), t);
                assert_int_equal(seen[mask]++, 0);
            }
        }
        size_t expected = 0;
        for (uint32_t v = 0; v < 1U << w; v++) {
            expected += __builtin_popcount(v) <= CW_BAND_RADIUS;
        }
        assert_int_equal(at, expected);
        free(seen);
    }
    cw_band_masks_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bands_cover_every_bit_once),
        cmocka_unit_test(keys_are_the_bits_of_their_band),
        cmocka_unit_test(radii_of_bands_add_up),
        cmocka_unit_test(the_number_of_bands_follows_the_number_of_codes),
        cmocka_unit_test(masks_are_all_neighbours_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
