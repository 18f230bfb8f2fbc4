/* bands.h - how 256 bits are cut into bands, and how a radius is shared out among them.
 *
 * The rule (general pigeonhole): give band b a radius T_b so that the sum of (T_b + 1)
 * over all bands is r + 1. A code that is farther than T_b in every band differs in at
 * least T_b + 1 bits in each, r + 1 bits in all: so whatever lies within r is within T_b
 * in some band. T_b = -1 leaves a band out. Every distribution is exact; the cheapest is
 * chosen.
 *
 * More is true: put the bands in a ring. With d_b bits differing in band b, the terms
 * d_b - (T_b + 1) add up to less than 0, so there is a band from which on all sums of
 * them, however many are taken, are less than 0 (the cycle lemma). In that band not only
 * d_b <= T_b, but also d_b + d_next <= T_b + T_next + 1. So a bucket keeps for each code
 * the first bits of the next band, too, and most codes in it are passed over without
 * being fetched (the idea: J. Qin and C. Xiao, "Pigeonring", VLDB 2018). Figures:
 * index/SEARCH.md. */
#ifndef CW_INDEX_BANDS_H
#define CW_INDEX_BANDS_H

#include <stdbool.h>
#include <string.h>

#include "hashing/hash.h"

#define CW_BANDS_LEAST 10
#define CW_BANDS_MOST 24
#define CW_BAND_WIDEST 26 /* bits: 256 in ten bands */
#define CW_BAND_NARROWEST 10
#define CW_BAND_RADIUS 4     /* the largest of a band */
#define CW_BAND_CHECK_BITS 8 /* of the next band, kept with a code in a bucket */

/* Band b is width[b] bits from bit at[b], counted from the first bit of byte 0. */
struct cw_bands {
    uint32_t n; /* 0 = none: such codes are only scanned */
    uint16_t at[CW_BANDS_MOST];
    uint16_t width[CW_BANDS_MOST];
    /* How many keys differ from a key in exactly t bits. */
    uint32_t keys[CW_BANDS_MOST][CW_BAND_RADIUS + 1];
};

/* `n` near-equal bands, the wider ones first; n = 0 or CW_BANDS_LEAST..CW_BANDS_MOST. */
void cw_bands_cut(uint32_t n, struct cw_bands *out);
/* How many bands so many different codes want: the cheapest at radius 31 whose bucket
 * starts take at most 16 bytes a code, or 48 for the first million. 0 for a few. */
uint32_t cw_bands_for(uint64_t n_codes);
/* Bucket starts of all bands, in items. */
uint64_t cw_bands_starts(const struct cw_bands *b);

/* The bits of one band of a hash, as a number. */
static inline uint32_t cw_band_key(const struct cw_hash *h, unsigned at, unsigned width)
{
    const unsigned byte = at / 8 < CW_HASH_BYTES - 8 ? at / 8 : CW_HASH_BYTES - 8;
    uint64_t v;
    memcpy(&v, h->b + byte, sizeof v);
    v = __builtin_bswap64(v);
    return (uint32_t)(v >> (64 - (at - 8 * byte) - width)) & ((1U << width) - 1);
}

/* The band that follows in the ring. */
static inline unsigned cw_band_next(const struct cw_bands *b, unsigned band)
{
    return band + 1 == b->n ? 0 : band + 1;
}
static inline int cw_count_bits(uint32_t v)
{
    v -= v >> 1 & 0x55555555U;
    v = (v & 0x33333333U) + (v >> 2 & 0x33333333U);
    v = (v + (v >> 4)) & 0x0f0f0f0fU;
    return (int)(v * 0x01010101U >> 24);
}
/* What a bucket of a band keeps of a code. */
static inline uint32_t cw_band_check(const struct cw_hash *h, const struct cw_bands *b,
                                     unsigned band)
{
    return cw_band_key(h, b->at[cw_band_next(b, band)], CW_BAND_CHECK_BITS);
}

/* ---- cost ------------------------------------------------------------------------- */

/* What a look-up costs, in picoseconds: measured on codes that are in memory, not in the
 * cache. They only choose between exact ways; none of them can lose a match. */
#define CW_COST_PROBE_PS 16000 /* look at one bucket */
#define CW_COST_ENTRY_PS 600   /* and at one entry of it */
#define CW_COST_CODE_PS 4000   /* fetch a code and compare it */
#define CW_COST_SCAN_PS 900    /* compare a code in passing */

/* How a radius is shared out, and what looking one hash up so costs. */
struct cw_band_plan {
    int8_t radius[CW_BANDS_MOST]; /* T_b; -1 = band not looked at */
    int8_t bound[CW_BANDS_MOST];  /* T_b + T_next + 1 */
    bool possible;                /* no band needs more than CW_BAND_RADIUS */
    uint64_t cost_ps;
};

/* load  codes expected in a bucket that is looked at, by band
 * Threads: pure. Cost: about 1 us */
void cw_bands_plan(const struct cw_bands *b, const float *load, unsigned radius,
                   struct cw_band_plan *out);

/* ---- neighbours ------------------------------------------------------------------- */

/* For each width, all numbers of so many bits with at most CW_BAND_RADIUS bits set, by
 * the number of set bits: key ^ mask goes through the keys around a key. */
struct cw_band_masks {
    const uint32_t *of_width[CW_BAND_WIDEST + 1];
    /* Masks with up to t bits set, by width and t. */
    uint32_t count[CW_BAND_WIDEST + 1][CW_BAND_RADIUS + 1];
    uint32_t *items; /* owned */
    size_t n;        /* of them all: 300 KB */
};
int cw_band_masks_init(struct cw_band_masks *m, struct cw_err *err) CW_CHECKED;
size_t cw_band_masks_bytes(const struct cw_band_masks *m);
void cw_band_masks_done(struct cw_band_masks *m);

#endif
