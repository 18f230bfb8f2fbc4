/* search_rows.h - rows of the search that are in no segment yet: appended to, marked
 * removed, never moved.
 *
 * Rows lie in chunks that stay where they are; a row is complete before the published
 * count covers it. So a reader takes the count once and needs no lock. A removed row
 * keeps its place and loses its owner. The memory is kept out of core dumps and, as far
 * as the limit of locked memory allows, out of swap: the hashes are secrets of their
 * studios. */
#ifndef CW_INDEX_SEARCH_ROWS_H
#define CW_INDEX_SEARCH_ROWS_H

#include <stdatomic.h>

#include "index/search.h"

#define CW_CHUNK_ROWS 8192 /* 400 KB a chunk */

struct cw_chunk {
    struct cw_hash hashes[CW_CHUNK_ROWS];
    atomic_uint_fast64_t owners[CW_CHUNK_ROWS]; /* 0 = removed */
    uint32_t studios[CW_CHUNK_ROWS];
    uint32_t before[CW_CHUNK_ROWS]; /* 1 + the owner's row before this one; 0 = none */
    uint8_t kinds[CW_CHUNK_ROWS];
};

struct cw_rows;

/* max_rows  1..UINT32_MAX - 1 */
int cw_rows_new(uint64_t max_rows, struct cw_rows **out, struct cw_err *err) CW_CHECKED;
void cw_rows_free(struct cw_rows *r); /* NULL is fine */

/* Threads  any; writers wait for each other
 * Errors   CW_E_BUSY over max_rows, CW_E_NO_MEMORY; nothing was added then */
int cw_rows_add(struct cw_rows *r, const struct cw_search_row *rows, size_t n,
                struct cw_err *err) CW_CHECKED;
void cw_rows_remove(struct cw_rows *r, uint64_t owner);

/* Rows 0..n-1 are complete. Threads: any, no lock */
uint64_t cw_rows_count(const struct cw_rows *r);
/* The chunk that holds rows i * CW_CHUNK_ROWS and following, below cw_rows_count. */
const struct cw_chunk *cw_rows_chunk(const struct cw_rows *r, size_t i);
void cw_rows_sizes(struct cw_rows *r, uint64_t *out_removed, uint64_t *out_bytes);

#endif
