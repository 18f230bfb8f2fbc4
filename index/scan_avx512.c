/* scan_avx512.c - eight rows at a time with the vector population count (VPOPCNTDQ).
 * Compiled with -mavx512f -mavx512vpopcntdq. */
#include <immintrin.h>

#include "index/scan.h"

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") != 0 &&
           __builtin_cpu_supports("avx512vpopcntdq") != 0;
}

/* Bit counts of the eight words of two neighbouring rows, each xor q. */
static __m512i count_pair(const struct cw_hash *rows, __m512i q)
{
    return _mm512_popcnt_epi64(_mm512_xor_si512(_mm512_loadu_si512(rows), q));
}

/* Sums the counts of eight rows, in their order. Each unpack adds the two words of a
 * lane, the shuffles then bring the two lanes of each row above each other, which leaves
 * the rows in the order 0 2 1 3 4 6 5 7. */
static __m512i sum_counts(__m512i r01, __m512i r23, __m512i r45, __m512i r67)
{
    const __m512i order = _mm512_setr_epi64(0, 2, 1, 3, 4, 6, 5, 7);
    const __m512i low = _mm512_add_epi64(_mm512_unpacklo_epi64(r01, r23),
                                         _mm512_unpackhi_epi64(r01, r23));
    const __m512i high = _mm512_add_epi64(_mm512_unpacklo_epi64(r45, r67),
                                          _mm512_unpackhi_epi64(r45, r67));
    const __m512i sums = _mm512_add_epi64(_mm512_shuffle_i64x2(low, high, 0x88),
                                          _mm512_shuffle_i64x2(low, high, 0xdd));
    return _mm512_permutexvar_epi64(order, sums);
}

/* Distances of rows[0..7] to q, in order. */
static __m512i distances8(const struct cw_hash *rows, __m512i q)
{
    return sum_counts(count_pair(rows, q), count_pair(rows + 2, q),
                      count_pair(rows + 4, q), count_pair(rows + 6, q));
}

/* Bit counts of the words of two rows that lie apart, each xor q. */
static __m512i count_two(const struct cw_hash *a, const struct cw_hash *b, __m512i q)
{
    const __m512i low =
        _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i_u *)a->b));
    const __m512i both =
        _mm512_inserti64x4(low, _mm256_loadu_si256((const __m256i_u *)b->b), 1);
    return _mm512_popcnt_epi64(_mm512_xor_si512(both, q));
}

/* Appends the rows of a group whose bit in `mask` is set. */
static size_t emit(__m512i distances, unsigned mask, size_t first,
                   struct cw_scan_hit *out)
{
    uint64_t d[8];
    size_t hits = 0;
    _mm512_storeu_si512(d, distances);
    for (; mask != 0; mask &= mask - 1) {
        const unsigned i = (unsigned)__builtin_ctz(mask);
        out[hits++] = (struct cw_scan_hit){.row = (uint32_t)(first + i),
                                           .distance = (uint16_t)d[i]};
    }
    return hits;
}

static size_t scan(const struct cw_hash *rows, size_t n, const struct cw_hash *query,
                   unsigned near, unsigned far, struct cw_scan_hit *out)
{
    const __m512i q =
        _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i_u *)query->b));
    const __m512i least = _mm512_set1_epi64(near);
    const __m512i most = _mm512_set1_epi64(far);
    size_t hits = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m512i d = distances8(rows + i, q);
        const unsigned mask = (unsigned)_mm512_cmple_epi64_mask(d, least) |
                              (unsigned)_mm512_cmpge_epi64_mask(d, most);
        if (mask != 0) {
            hits += emit(d, mask, i, out + hits);
        }
    }
    const size_t rest =
        CW_SCAN_GENERIC.scan(rows + i, n - i, query, near, far, out + hits);
    for (size_t k = 0; k < rest; k++) {
        out[hits + k].row += (uint32_t)i;
    }
    return hits + rest;
}

static size_t pick(const struct cw_hash *rows, const uint32_t *ids, size_t n,
                   const struct cw_hash *query, unsigned near, struct cw_scan_hit *out)
{
    const __m512i q =
        _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i_u *)query->b));
    const __m512i least = _mm512_set1_epi64(near);
    size_t hits = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const uint32_t *at = ids + i;
        const __m512i d = sum_counts(count_two(&rows[at[0]], &rows[at[1]], q),
                                     count_two(&rows[at[2]], &rows[at[3]], q),
                                     count_two(&rows[at[4]], &rows[at[5]], q),
                                     count_two(&rows[at[6]], &rows[at[7]], q));
        const unsigned mask = (unsigned)_mm512_cmple_epi64_mask(d, least);
        if (mask != 0) {
            const size_t more = emit(d, mask, 0, out + hits);
            for (size_t k = hits; k < hits + more; k++) {
                out[k].row = at[out[k].row];
            }
            hits += more;
        }
    }
    return hits + CW_SCAN_GENERIC.pick(rows, ids + i, n - i, query, near, out + hits);
}

/* A chunk at a time; what is kept of it is moved together and stored as a whole, which is
 * why `out` has room for one chunk more. */
static size_t sift(const uint32_t *entries, const struct cw_scan_chunk *chunks,
                   size_t n_chunks, uint32_t *out)
{
    const __m512i low = _mm512_set1_epi32((1 << CW_SCAN_CHECK_BITS) - 1);
    size_t kept = 0;
    for (size_t k = 0; k < n_chunks; k++) {
        const __mmask16 there = (__mmask16)((1U << chunks[k].n) - 1);
        const __m512i v = _mm512_maskz_loadu_epi32(there, entries + chunks[k].first);
        const __m512i q = _mm512_set1_epi32(chunks[k].check);
        const __m512i bits =
            _mm512_popcnt_epi32(_mm512_and_si512(_mm512_xor_si512(v, q), low));
        const __mmask16 keep =
            _mm512_mask_cmple_epi32_mask(there, bits, _mm512_set1_epi32(chunks[k].most));
        _mm512_storeu_si512(
            out + kept,
            _mm512_maskz_compress_epi32(keep, _mm512_srli_epi32(v, CW_SCAN_CHECK_BITS)));
        kept += (size_t)__builtin_popcount(keep);
    }
    return kept;
}

const struct cw_scan_kernel CW_SCAN_AVX512 = {
    .name = "avx512", .usable = has_avx512, .scan = scan, .pick = pick, .sift = sift};
