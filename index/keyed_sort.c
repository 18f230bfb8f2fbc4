/* Byte by byte from the lowest, counting first; bytes that are the same in all keys are
 * passed over, and owners' numbers have few others. */
#include "index/keyed_sort.h"

#include <string.h>

#define DIGITS 8
#define VALUES 256
#define FEW 48 /* sorted by insertion */

static void count_digits(const struct cw_keyed *items, size_t n,
                         size_t counts[DIGITS][VALUES])
{
    memset(counts, 0, sizeof(size_t) * DIGITS * VALUES);
    for (size_t i = 0; i < n; i++) {
        for (unsigned d = 0; d < DIGITS; d++) {
            counts[d][items[i].key >> (8 * d) & 0xff]++;
        }
    }
}

static void sort_digit(const struct cw_keyed *from, struct cw_keyed *to, size_t n,
                       unsigned digit, const size_t counts[VALUES])
{
    size_t starts[VALUES];
    size_t at = 0;
    for (unsigned v = 0; v < VALUES; v++) {
        starts[v] = at;
        at += counts[v];
    }
    for (size_t i = 0; i < n; i++) {
        to[starts[from[i].key >> (8 * digit) & 0xff]++] = from[i];
    }
}

static void sort_few(struct cw_keyed *items, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const struct cw_keyed moving = items[i];
        size_t at = i;
        for (; at > 0 && items[at - 1].key > moving.key; at--) {
            items[at] = items[at - 1];
        }
        items[at] = moving;
    }
}

void cw_keyed_sort(struct cw_keyed *items, struct cw_keyed *spare, size_t n)
{
    size_t counts[DIGITS][VALUES];
    struct cw_keyed *from = items;
    struct cw_keyed *to = spare;
    if (n <= FEW) {
        sort_few(items, n);
        return;
    }
    count_digits(items, n, counts);
    for (unsigned d = 0; d < DIGITS; d++) {
        if (counts[d][items[0].key >> (8 * d) & 0xff] != n) {
            sort_digit(from, to, n, d, counts[d]);
            struct cw_keyed *const sorted = to;
            to = from;
            from = sorted;
        }
    }
    if (from != items) {
        memcpy(items, from, n * sizeof *items);
    }
}
