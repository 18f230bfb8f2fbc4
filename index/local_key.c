#include "index/local_key.h"

#include <stdlib.h>

/* A bit of the key: which of the descriptor's lowest 64, and what a difference there
 * costs: 4 ln ((1 - p) / p), where p is how often it differs between two descriptors of
 * one patch that are 20 to 62 bits apart. In the order of what a bit tells, steadiness
 * and evenness weighed together (hashing/LOCAL.md, "Keys"). */
struct steady {
    uint8_t bit, cost;
};

static const struct steady STEADY[CW_LOCAL_MOST_KEY] = {
    {4, 12},  {24, 11}, {2, 13}, {13, 11}, {9, 11},  {3, 11},  {1, 10},  {11, 12},
    {39, 10}, {31, 10}, {8, 10}, {6, 10},  {22, 10}, {18, 10}, {17, 10}, {10, 10},
    {29, 10}, {14, 11}, {7, 12}, {12, 10}, {48, 9},  {16, 12}, {23, 9},  {20, 9},
    {30, 9},  {15, 9},  {41, 9}, {50, 9},  {26, 9},  {58, 9},
};

static uint64_t word_of(const struct cw_hash *h, unsigned word)
{
    uint64_t out = 0;
    for (unsigned i = 0; i < 8; i++) {
        out |= (uint64_t)h->b[8 * word + i] << (8 * i);
    }
    return out;
}

struct cw_local_words cw_local_words_of(const struct cw_hash *h)
{
    return (struct cw_local_words){.second = word_of(h, 1),
                                   .rest = {.first = word_of(h, 0),
                                            .third = word_of(h, 2),
                                            .fourth = word_of(h, 3)}};
}

uint32_t cw_local_key(uint64_t first_word)
{
    uint32_t key = 0;
#pragma GCC unroll 30
    for (unsigned i = 0; i < CW_LOCAL_MOST_KEY; i++) {
        key = key << 1 | (uint32_t)(first_word >> STEADY[i].bit & 1);
    }
    return key;
}

/* The place of the key's bit i. */
static uint32_t place(unsigned i)
{
    return 1U << (CW_LOCAL_MOST_KEY - 1 - i);
}

bool cw_local_keys_meet(uint32_t a, uint32_t b, unsigned key_bits)
{
    unsigned cost = 0;
    for (unsigned i = 0; i < key_bits; i++) {
        cost += ((a ^ b) & place(i)) != 0 ? STEADY[i].cost : 0;
    }
    return cost <= CW_LOCAL_BUDGET;
}

static int ascending(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a;
    const uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* No bit costs less than 9, so three are beyond the budget. */
void cw_local_flips_of(unsigned key_bits, struct cw_local_flips *out)
{
    out->n = 0;
    out->masks[out->n++] = 0;
    for (unsigned i = 0; i < key_bits; i++) {
        out->masks[out->n++] = place(i);
        for (unsigned k = 0; k < i; k++) {
            if (STEADY[i].cost + STEADY[k].cost <= CW_LOCAL_BUDGET) {
                out->masks[out->n++] = place(i) | place(k);
            }
        }
    }
    /* Neighbours in memory one after the other. */
    qsort(out->masks, out->n, sizeof *out->masks, ascending);
}

/* A bit more for twice as many descriptors, so that three to six fall on a key; from 24
 * bits on only for four times as many, as every bit more loses matches (hashing/LOCAL.md,
 * "Scale"). */
unsigned cw_local_key_bits(uint64_t n)
{
    unsigned bits = CW_LOCAL_LEAST_KEY;
    for (uint64_t least = 6; bits < CW_LOCAL_MOST_KEY && n >> bits >= least; bits++) {
        least *= bits >= 22 ? 2 : 1;
    }
    return bits;
}
