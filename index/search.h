/* search.h - the search contract: hash -> everything within a Hamming radius of it.
 *
 * Exact, always: no match is lost. The structure lives in memory, is derived from the
 * store's feed, and never answers with what is not committed (rows are added after their
 * commit). First engine and lasting oracle: the linear scan (search_linear.c) on the best
 * distance kernel of this processor (scan_*.c). */
#ifndef CW_INDEX_SEARCH_H
#define CW_INDEX_SEARCH_H

#include <stdbool.h>

#include "hashing/hash.h"

#define CW_SEARCH_MAX_QUERY_HASHES 320

struct cw_search;

struct cw_search_row {
    struct cw_hash hash;
    uint64_t owner;  /* asset or sighting number, never 0 */
    uint32_t studio; /* filter */
    uint8_t kind;    /* enum cw_view_kind; filter */
};

struct cw_search_options {
    uint64_t max_rows;  /* more are refused with CW_E_BUSY */
    const char *kernel; /* NULL = the fastest this processor has; else its name */
};

int cw_search_open(const struct cw_search_options *options, struct cw_search **out,
                   struct cw_err *err) CW_CHECKED;
void cw_search_close(struct cw_search *s);

/* Adds n rows; visible to every query that starts after it returned. All or nothing.
 * Threads  any; never blocks a query */
int cw_search_add(struct cw_search *s, const struct cw_search_row *rows, size_t n,
                  struct cw_err *err) CW_CHECKED;
/* Takes all rows of an owner out. Unknown owners are fine. Their places count against
 * max_rows until the next start.
 * Cost  a look-up; a query that runs beside it may still see some of the rows */
void cw_search_remove(struct cw_search *s, uint64_t owner);

/* One hash to look for. */
struct cw_search_hash {
    struct cw_hash hash;
    uint8_t kind;   /* only rows of this kind */
    uint8_t radius; /* inclusive, 0..128 */
    bool inverted;  /* also rows within radius of the complement (256 - distance) */
};

struct cw_search_query {
    uint32_t studio; /* only rows of this studio */
    size_t n_hashes; /* 1..CW_SEARCH_MAX_QUERY_HASHES */
    const struct cw_search_hash *hashes;
    uint64_t
        from; /* rows added before this mark are skipped (0 = none): see cw_search_mark */
};

struct cw_search_hit {
    uint64_t owner;
    uint16_t distance;   /* to the hash, or to its complement if inverted */
    uint16_t hash_index; /* which of the query's hashes */
    bool inverted;
};

/* Hits of one query: the best hit of each owner, best first (then by owner). */
struct cw_hits {
    size_t n, cap;
    struct cw_search_hit *items; /* owned */
};
void cw_hits_done(struct cw_hits *h);

/* max_hits  the best this many owners are kept
 * out       filled from empty; owned by the caller
 * Errors    CW_E_INVALID a count or radius out of range
 * Threads   any number at once, also beside add and remove
 * Cost      about 0.3 ms per hash and 100,000 rows with AVX2 */
int cw_search_find(struct cw_search *s, const struct cw_search_query *query,
                   size_t max_hits, struct cw_hits *out, struct cw_err *err) CW_CHECKED;
/* A position in the order of additions: everything added later is found by a query whose
 * `from` is this mark. Taken before a search, it tells what that search cannot have seen.
 */
uint64_t cw_search_mark(struct cw_search *s);

struct cw_search_stats {
    uint64_t rows, removed, bytes, queries;
    const char *engine; /* "linear" */
    const char *kernel; /* such as "avx2"; static storage */
};
void cw_search_get_stats(struct cw_search *s, struct cw_search_stats *out);
/* Estimated microseconds a query of n hashes takes now; for the caller who has to decide
 * whether it may run on a network thread. */
uint64_t cw_search_cost_us(struct cw_search *s, size_t n_hashes);

#endif
