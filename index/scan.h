/* scan.h - distance kernels: which of these rows are near to (or far from) this hash?
 *
 * One kernel a file (scan_generic.c, scan_popcnt.c, scan_avx2.c, scan_avx512.c), compiled
 * for the instructions it uses and chosen at run time. All give the same answer. */
#ifndef CW_INDEX_SCAN_H
#define CW_INDEX_SCAN_H

#include <stdbool.h>

#include "hashing/hash.h"

#define CW_SCAN_NEVER (CW_HASH_BITS + 1) /* as `far`: no distance is that large */

struct cw_scan_hit {
    uint32_t row;      /* 0..n-1 */
    uint16_t distance; /* 0..256 */
};

/* rows   n hashes one after the other, 32-byte aligned
 * near   rows at this distance or nearer are hits
 * far    rows at this distance or farther are hits, too
 * out    room for n hits; filled in row order
 * Returns the number of hits. Threads: pure */
typedef size_t cw_scan_fn(const struct cw_hash *rows, size_t n,
                          const struct cw_hash *query, unsigned near, unsigned far,
                          struct cw_scan_hit *out);

/* The same for codes that lie apart, some of which are on their way to the cache.
 *
 * ids    n places in `rows`
 * out    room for n hits, whose row is the id; filled in the order of ids */
typedef size_t cw_pick_fn(const struct cw_hash *rows, const uint32_t *ids, size_t n,
                          const struct cw_hash *query, unsigned near,
                          struct cw_scan_hit *out);

#define CW_SCAN_CHUNK 16
#define CW_SCAN_CHECK_BITS 8

/* Some neighbouring entries of buckets (index/codes.h). */
struct cw_scan_chunk {
    uint32_t first;
    uint8_t n; /* 1..CW_SCAN_CHUNK */
    uint8_t check;
    int8_t most; /* less than 0: none of them passes */
};

/* Which entries may be of near codes: those whose lowest CW_SCAN_CHECK_BITS differ from
 * the chunk's `check` in at most `most` bits.
 *
 * out    room for CW_SCAN_CHUNK for each chunk and once more; filled with the upper bits
 *        of those entries, in order
 * Returns how many */
typedef size_t cw_sift_fn(const uint32_t *entries, const struct cw_scan_chunk *chunks,
                          size_t n_chunks, uint32_t *out);

struct cw_scan_kernel {
    const char *name;
    bool (*usable)(void); /* by this processor */
    cw_scan_fn *scan;
    cw_pick_fn *pick;
    cw_sift_fn *sift;
};

extern const struct cw_scan_kernel CW_SCAN_GENERIC; /* any processor */
extern const struct cw_scan_kernel CW_SCAN_POPCNT;
extern const struct cw_scan_kernel CW_SCAN_AVX2;
extern const struct cw_scan_kernel CW_SCAN_AVX512;

/* All kernels compiled in, fastest first, and how many. Static storage. */
const struct cw_scan_kernel *const *cw_scan_kernels(size_t *out_n);
/* The kernel of that name, or the fastest if name is NULL.
 * Errors  CW_E_NOT_FOUND no such kernel, CW_E_UNSUPPORTED not on this processor */
int cw_scan_choose(const char *name, const struct cw_scan_kernel **out,
                   struct cw_err *err) CW_CHECKED;

#endif
