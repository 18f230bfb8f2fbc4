/* test_keyed_sort.c - in order, nothing lost, equal keys left in theirs. */
#include <stdlib.h>

#include "index/keyed_sort.h"
#include "tests/support/t_cmocka.h"

#define MOST 5000

/* Values are 0..n-1 in the order before sorting. */
static void expect_sorted(const uint64_t *keys, const struct cw_keyed *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_true(items[i].value < n);
        assert_true(items[i].key == keys[items[i].value]);
        assert_true(
            i == 0 || items[i - 1].key < items[i].key ||
            (items[i - 1].key == items[i].key && items[i - 1].value < items[i].value));
    }
}

static void keys_of_all_widths_are_sorted(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 47, 48, 49, 300, MOST};
    static const unsigned shifts[] = {0, 20, 40, 56, 63};
    static uint64_t keys[MOST];
    static struct cw_keyed items[2 * MOST];
    uint64_t random = 3;
    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        for (size_t h = 0; h < sizeof shifts / sizeof *shifts; h++) {
            const size_t n = sizes[s];
            for (size_t i = 0; i < n; i++) {
                random = random * 6364136223846793005U + 1442695040888963407U;
                keys[i] = (random ^ random >> 32) >> shifts[h];
                items[i] = (struct cw_keyed){.key = keys[i], .value = (uint32_t)i};
            }
            cw_keyed_sort(items, items + n, n);
            expect_sorted(keys, items, n);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_all_widths_are_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
