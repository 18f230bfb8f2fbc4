/* scan_popcnt.c - four POPCNT instructions a row. Compiled with -mpopcnt. */
#include <string.h>

#include "index/scan.h"

static bool has_popcnt(void)
{
    return __builtin_cpu_supports("popcnt") != 0;
}

static size_t scan(const struct cw_hash *rows, size_t n, const struct cw_hash *query,
                   unsigned near, unsigned far, struct cw_scan_hit *out)
{
    uint64_t q[4], r[4];
    size_t hits = 0;
    memcpy(q, query->b, sizeof q);
    for (size_t i = 0; i < n; i++) {
        memcpy(r, rows[i].b, sizeof r);
        const unsigned d = (unsigned)(__builtin_popcountll(r[0] ^ q[0]) +
                                      __builtin_popcountll(r[1] ^ q[1]) +
                                      __builtin_popcountll(r[2] ^ q[2]) +
                                      __builtin_popcountll(r[3] ^ q[3]));
        if (d <= near || d >= far) {
            out[hits++] =
                (struct cw_scan_hit){.row = (uint32_t)i, .distance = (uint16_t)d};
        }
    }
    return hits;
}

static size_t pick(const struct cw_hash *rows, const uint32_t *ids, size_t n,
                   const struct cw_hash *query, unsigned near, struct cw_scan_hit *out)
{
    uint64_t q[4], r[4];
    size_t hits = 0;
    memcpy(q, query->b, sizeof q);
    for (size_t i = 0; i < n; i++) {
        memcpy(r, rows[ids[i]].b, sizeof r);
        const unsigned d = (unsigned)(__builtin_popcountll(r[0] ^ q[0]) +
                                      __builtin_popcountll(r[1] ^ q[1]) +
                                      __builtin_popcountll(r[2] ^ q[2]) +
                                      __builtin_popcountll(r[3] ^ q[3]));
        if (d <= near) {
            out[hits++] = (struct cw_scan_hit){.row = ids[i], .distance = (uint16_t)d};
        }
    }
    return hits;
}

static size_t sift(const uint32_t *entries, const struct cw_scan_chunk *chunks,
                   size_t n_chunks, uint32_t *out)
{
    size_t kept = 0;
    for (size_t k = 0; k < n_chunks; k++) {
        for (size_t i = chunks[k].first; i < chunks[k].first + chunks[k].n; i++) {
            const uint32_t differing =
                (entries[i] ^ chunks[k].check) & ((1U << CW_SCAN_CHECK_BITS) - 1);
            out[kept] = entries[i] >> CW_SCAN_CHECK_BITS;
            kept += __builtin_popcount(differing) <= chunks[k].most;
        }
    }
    return kept;
}

const struct cw_scan_kernel CW_SCAN_POPCNT = {
    .name = "popcnt", .usable = has_popcnt, .scan = scan, .pick = pick, .sift = sift};
