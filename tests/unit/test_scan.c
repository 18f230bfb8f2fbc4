/* test_scan.c - every kernel against a bit-by-bit loop, and against each other. */
#include <stdlib.h>
#include <string.h>

#include "index/scan.h"
#include "tests/support/t_cmocka.h"

#define N_ROWS 1030 /* no multiple of any kernel's step */

static uint64_t random_state = 1;

static uint8_t random_byte(void)
{
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (uint8_t)(random_state >> 56);
}

static void fill(struct cw_hash *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < CW_HASH_BYTES; k++) {
            rows[i].b[k] = random_byte();
        }
    }
}

static unsigned slow_distance(const struct cw_hash *a, const struct cw_hash *b)
{
    unsigned d = 0;
    for (unsigned bit = 0; bit < CW_HASH_BITS; bit++) {
        d += (unsigned)(a->b[bit / 8] ^ b->b[bit / 8]) >> bit % 8 & 1U;
    }
    return d;
}

static void expect_scan(const struct cw_scan_kernel *k, const struct cw_hash *rows,
                        size_t n, const struct cw_hash *query, unsigned near,
                        unsigned far)
{
    struct cw_scan_hit hits[N_ROWS];
    const size_t n_hits = k->scan(rows, n, query, near, far, hits);
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        const unsigned d = slow_distance(&rows[i], query);
        if (d <= near || d >= far) {
            assert_true(at < n_hits);
            assert_int_equal(hits[at].row, i);
            assert_int_equal(hits[at].distance, d);
            at++;
        }
    }
    assert_int_equal(at, n_hits);
}

static void every_kernel_agrees_with_counting_bits(void **state)
{
    static const unsigned nears[] = {0, 31, 110, 128, 256};
    struct cw_hash *rows = aligned_alloc(64, (N_ROWS * sizeof *rows + 63) / 64 * 64);
    struct cw_hash query;
    size_t n_kernels;
    const struct cw_scan_kernel *const *kernels = cw_scan_kernels(&n_kernels);
    (void)state;
    assert_non_null(rows);
    fill(rows, N_ROWS);
    fill(&query, 1);
    rows[5] = query; /* distance 0 */
    for (size_t i = 0; i < CW_HASH_BYTES; i++) {
        rows[6].b[i] = (uint8_t)~query.b[i]; /* distance 256 */
    }
    for (size_t k = 0; k < n_kernels; k++) {
        for (size_t i = 0; kernels[k]->usable() && i < sizeof nears / sizeof nears[0];
             i++) {
            expect_scan(kernels[k], rows, N_ROWS, &query, nears[i], CW_SCAN_NEVER);
            expect_scan(kernels[k], rows, N_ROWS, &query, nears[i],
                        CW_HASH_BITS - nears[i]);
        }
    }
    free(rows);
}

static void every_kernel_takes_any_number_of_rows(void **state)
{
    struct cw_hash *rows = aligned_alloc(64, 32 * sizeof *rows);
    struct cw_hash query;
    size_t n_kernels;
    const struct cw_scan_kernel *const *kernels = cw_scan_kernels(&n_kernels);
    (void)state;
    assert_non_null(rows);
    fill(rows, 32);
    fill(&query, 1);
    for (size_t k = 0; k < n_kernels; k++) {
        for (size_t n = 0; kernels[k]->usable() && n <= 32; n++) {
            expect_scan(kernels[k], rows, n, &query, 128, CW_SCAN_NEVER);
        }
    }
    free(rows);
}

/* Codes that lie apart: any number of them, some more than once. */
static void every_kernel_picks_what_is_near(void **state)
{
    struct cw_hash *rows = aligned_alloc(64, (N_ROWS * sizeof *rows + 63) / 64 * 64);
    struct cw_hash query;
    uint32_t ids[40];
    struct cw_scan_hit expected[40], found[40];
    size_t n_kernels;
    const struct cw_scan_kernel *const *kernels = cw_scan_kernels(&n_kernels);
    (void)state;
    assert_non_null(rows);
    fill(rows, N_ROWS);
    fill(&query, 1);
    for (size_t n = 0; n <= 40; n++) {
        size_t n_expected = 0;
        for (size_t i = 0; i < n; i++) {
            ids[i] = (uint32_t)(random_byte() * 4 % N_ROWS);
            const unsigned d = slow_distance(&rows[ids[i]], &query);
            if (d <= 126) {
                expected[n_expected++] =
                    (struct cw_scan_hit){.row = ids[i], .distance = (uint16_t)d};
            }
        }
        for (size_t k = 0; k < n_kernels; k++) {
            if (kernels[k]->usable()) {
                assert_int_equal(kernels[k]->pick(rows, ids, n, &query, 126, found),
                                 n_expected);
                for (size_t i = 0; i < n_expected; i++) {
                    assert_int_equal(found[i].row, expected[i].row);
                    assert_int_equal(found[i].distance, expected[i].distance);
                }
            }
        }
    }
    free(rows);
}

static void every_kernel_sifts_alike(void **state)
{
    enum { CHUNKS = 60 };
    uint32_t entries[N_ROWS];
    struct cw_scan_chunk chunks[CHUNKS];
    uint32_t expected[(CHUNKS + 1) * CW_SCAN_CHUNK], found[(CHUNKS + 1) * CW_SCAN_CHUNK];
    size_t n_expected = 0;
    size_t n_kernels;
    const struct cw_scan_kernel *const *kernels = cw_scan_kernels(&n_kernels);
    (void)state;
    for (uint32_t i = 0; i < N_ROWS; i++) {
        entries[i] = (i * 4099) << CW_SCAN_CHECK_BITS | random_byte();
    }
    for (size_t c = 0; c < CHUNKS; c++) {
        chunks[c] = (struct cw_scan_chunk){.first = random_byte() * 3U,
                                           .n = (uint8_t)(1 + c % CW_SCAN_CHUNK),
                                           .check = random_byte(),
                                           .most = (int8_t)((int)(c % 11) - 1)};
        for (uint32_t i = chunks[c].first; i < chunks[c].first + chunks[c].n; i++) {
            int differing = 0;
            for (unsigned bit = 0; bit < CW_SCAN_CHECK_BITS; bit++) {
                differing += ((entries[i] ^ chunks[c].check) >> bit & 1U) != 0;
            }
            if (differing <= chunks[c].most) {
                expected[n_expected++] = entries[i] >> CW_SCAN_CHECK_BITS;
            }
        }
    }
    for (size_t k = 0; k < n_kernels; k++) {
        if (kernels[k]->usable()) {
            assert_int_equal(kernels[k]->sift(entries, chunks, CHUNKS, found),
                             n_expected);
            assert_memory_equal(found, expected, n_expected * sizeof *found);
        }
    }
}

static void kernels_are_chosen_by_name(void **state)
{
    const struct cw_scan_kernel *k = NULL;
    (void)state;
    assert_int_equal(cw_scan_choose("generic", &k, NULL), 0);
    assert_string_equal(k->name, "generic");
    assert_int_equal(cw_scan_choose(NULL, &k, NULL), 0);
    assert_true(k->usable());
    assert_int_equal(cw_scan_choose("abacus", &k, NULL), CW_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kernel_agrees_with_counting_bits),
        cmocka_unit_test(every_kernel_takes_any_number_of_rows),
        cmocka_unit_test(every_kernel_picks_what_is_near),
        cmocka_unit_test(every_kernel_sifts_alike),
        cmocka_unit_test(kernels_are_chosen_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
