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
        cmocka_unit_test(kernels_are_chosen_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
