/* scan_generic.c - the kernel for any processor: bit counting by adding neighbours. */
#include <string.h>

#include "index/scan.h"

static unsigned count_bits(uint64_t v)
{
    v -= v >> 1 & 0x5555555555555555U;
    v = (v & 0x3333333333333333U) + (v >> 2 & 0x3333333333333333U);
    v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fU;
    return (unsigned)(v * 0x0101010101010101U >> 56);
}

static bool always(void)
{
    return true;
}

static size_t scan(const struct cw_hash *rows, size_t n, const struct cw_hash *query,
                   unsigned near, unsigned far, struct cw_scan_hit *out)
{
    uint64_t q[4], r[4];
    size_t hits = 0;
    memcpy(q, query->b, sizeof q);
    for (size_t i = 0; i < n; i++) {
        unsigned d = 0;
        memcpy(r, rows[i].b, sizeof r);
        for (size_t w = 0; w < 4; w++) {
            d += count_bits(r[w] ^ q[w]);
        }
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
    size_t hits = 0;
    for (size_t i = 0; i < n; i++) {
        if (scan(&rows[ids[i]], 1, query, near, CW_SCAN_NEVER, out + hits) != 0) {
            out[hits++].row = ids[i];
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
            uint32_t v =
                (entries[i] ^ chunks[k].check) & ((1U << CW_SCAN_CHECK_BITS) - 1);
            v -= v >> 1 & 0x55U;
            v = (v & 0x33U) + (v >> 2 & 0x33U);
            v = (v + (v >> 4)) & 0x0fU;
            out[kept] = entries[i] >> CW_SCAN_CHECK_BITS;
            kept += (int32_t)v <= chunks[k].most;
        }
    }
    return kept;
}

const struct cw_scan_kernel CW_SCAN_GENERIC = {
    .name = "generic", .usable = always, .scan = scan, .pick = pick, .sift = sift};
