/* scan_avx2.c - four rows at a time: bits counted by table look-up in each half byte
 * (W. Mula, N. Kurz, D. Lemire, "Faster population counts using AVX2 instructions",
 * 2016), summed by SAD, and the four sums brought into one register. Compiled with
 * -mavx2. */
#include <immintrin.h>

#include "index/scan.h"

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") != 0;
}

static __m256i load_hash(const struct cw_hash *h)
{
    return _mm256_loadu_si256((const __m256i_u *)h->b);
}

/* Number of set bits in each of the four words. */
static __m256i count_words(__m256i v)
{
    const __m256i bits_of =
        _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, /* one lane */
                         0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i nibble = _mm256_set1_epi8(0x0f);
    const __m256i low = _mm256_and_si256(v, nibble);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble);
    const __m256i bytes = _mm256_add_epi8(_mm256_shuffle_epi8(bits_of, low),
                                          _mm256_shuffle_epi8(bits_of, high));
    return _mm256_sad_epu8(bytes, _mm256_setzero_si256());
}

/* Distances of four hashes to q, in order. */
static __m256i distances4(const struct cw_hash *h0, const struct cw_hash *h1,
                          const struct cw_hash *h2, const struct cw_hash *h3, __m256i q)
{
    const __m256i a = count_words(_mm256_xor_si256(load_hash(h0), q));
    const __m256i b = count_words(_mm256_xor_si256(load_hash(h1), q));
    const __m256i c = count_words(_mm256_xor_si256(load_hash(h2), q));
    const __m256i d = count_words(_mm256_xor_si256(load_hash(h3), q));
    const __m256i ab =
        _mm256_add_epi64(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
    const __m256i cd =
        _mm256_add_epi64(_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d));
    return _mm256_add_epi64(_mm256_permute2x128_si256(ab, cd, 0x20),
                            _mm256_permute2x128_si256(ab, cd, 0x31));
}

/* Appends the rows of a group whose bit in `mask` is set. */
static size_t emit(__m256i distances, unsigned mask, size_t first,
                   struct cw_scan_hit *out)
{
    uint64_t d[4];
    size_t hits = 0;
    _mm256_storeu_si256((__m256i_u *)d, distances);
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
    const __m256i q = load_hash(query);
    const __m256i above = _mm256_set1_epi64x((long long)near + 1);
    const __m256i below = _mm256_set1_epi64x((long long)far - 1);
    size_t hits = 0;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const __m256i d =
            distances4(&rows[i], &rows[i + 1], &rows[i + 2], &rows[i + 3], q);
        const __m256i hit =
            _mm256_or_si256(_mm256_cmpgt_epi64(above, d), _mm256_cmpgt_epi64(d, below));
        const unsigned mask = (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(hit));
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
    const __m256i q = load_hash(query);
    const __m256i above = _mm256_set1_epi64x((long long)near + 1);
    size_t hits = 0;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const __m256i d = distances4(&rows[ids[i]], &rows[ids[i + 1]], &rows[ids[i + 2]],
                                     &rows[ids[i + 3]], q);
        const unsigned mask = (unsigned)_mm256_movemask_pd(
            _mm256_castsi256_pd(_mm256_cmpgt_epi64(above, d)));
        if (mask != 0) {
            const size_t more = emit(d, mask, 0, out + hits);
            for (size_t k = hits; k < hits + more; k++) {
                out[k].row = ids[i + out[k].row];
            }
            hits += more;
        }
    }
    return hits + CW_SCAN_GENERIC.pick(rows, ids + i, n - i, query, near, out + hits);
}

/* AVX2 cannot close the gaps that rejected entries leave, so it has nothing better. */
static size_t sift(const uint32_t *entries, const struct cw_scan_chunk *chunks,
                   size_t n_chunks, uint32_t *out)
{
    return CW_SCAN_POPCNT.sift(entries, chunks, n_chunks, out);
}

const struct cw_scan_kernel CW_SCAN_AVX2 = {
    .name = "avx2", .usable = has_avx2, .scan = scan, .pick = pick, .sift = sift};
