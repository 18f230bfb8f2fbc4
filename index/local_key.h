/* local_key.h - the key that local descriptors are kept by, and which keys a query looks
 * at.
 *
 * A key is some of the bits of a descriptor, the steadiest first: those that change least
 * between two pictures of one patch. Two keys meet if the bits in which they differ cost
 * no more than CW_LOCAL_BUDGET together, each bit costing what it tells against the two
 * being one patch. So a query looks into all buckets within the budget, and a descriptor
 * is kept in one bucket only (hashing/LOCAL.md, "Keys"). */
#ifndef CW_INDEX_LOCAL_KEY_H
#define CW_INDEX_LOCAL_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "hashing/local.h"

#define CW_LOCAL_MOST_KEY 30
#define CW_LOCAL_LEAST_KEY 18
#define CW_LOCAL_BUDGET 22
/* Differences within the budget for the longest key, at most. */
#define CW_LOCAL_MOST_FLIPS 512

/* A descriptor as four words, the lowest bits first: made for distances and keys. The
 * second one is kept apart: it alone tells 98 of 100 strangers, which need no second look
 * at memory then. */
struct cw_local_words {
    uint64_t second;
    struct cw_local_rest {
        uint64_t first, third, fourth;
    } rest;
};
struct cw_local_words cw_local_words_of(const struct cw_hash *h);

/* Two descriptors match if their keys meet, at most so many of the 64 bits of their
 * second words differ, and at most CW_LOCAL_RADIUS of all. 99.9 of 100 pairs within the
 * radius are within this as well. */
#define CW_LOCAL_SECOND_RADIUS 22

/* The key of CW_LOCAL_MOST_KEY bits, the steadiest in the highest place; a shorter key is
 * its upper part. Cost: 10 ns */
uint32_t cw_local_key(uint64_t first_word);

/* The differences a query allows for keys of some length, ascending; each to be combined
 * with a key by exclusive or. Bits below the key's are zero. */
struct cw_local_flips {
    size_t n;
    uint32_t masks[CW_LOCAL_MOST_FLIPS];
};
/* key_bits  CW_LOCAL_LEAST_KEY..CW_LOCAL_MOST_KEY. Threads: pure. Cost: microseconds */
void cw_local_flips_of(unsigned key_bits, struct cw_local_flips *out);
/* Whether two keys of that length meet. Threads: pure */
bool cw_local_keys_meet(uint32_t a, uint32_t b, unsigned key_bits);

/* Key length for an index of so many descriptors. */
unsigned cw_local_key_bits(uint64_t n);

#endif
