/* search.h - the search contract: hash -> everything within a Hamming radius of it.
 *
 * Exact, always: no match is lost. The structure lives in memory, is derived from the
 * store's feed, and never answers with what is not committed (rows are added after their
 * commit). The newest rows are compared one by one; all others lie in sorted segments
 * with buckets over bands of their bits (multi-index hashing: index/SEARCH.md has the
 * rule and the figures). The engine "linear" compares every row always: it is the oracle
 * that the other is tested against. */
#ifndef CW_INDEX_SEARCH_H
#define CW_INDEX_SEARCH_H

#include <stdbool.h>

#include "hashing/hash.h"

#define CW_SEARCH_MAX_QUERY_HASHES 320
#define CW_SEARCH_MAX_ADD 1000000 /* rows of one call */

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
    /* NULL = "mih"; "linear"; or for tests "bands", which is mih without the choice to
     * compare with all codes of a segment where that is faster */
    const char *engine;
    uint64_t pack_rows; /* new rows that make a segment; 0 = 512 */
};

int cw_search_open(const struct cw_search_options *options, struct cw_search **out,
                   struct cw_err *err) CW_CHECKED;
void cw_search_close(struct cw_search *s);

/* Adds n rows; visible to every query that starts after it returned. All or nothing.
 * Errors   CW_E_BUSY over max_rows, CW_E_TOO_LARGE over CW_SEARCH_MAX_ADD, CW_E_NO_MEMORY
 * Threads  any; never blocks a query
 * Cost     about 0.1 us a row; now and then a second if nobody settles */
int cw_search_add(struct cw_search *s, const struct cw_search_row *rows, size_t n,
                  struct cw_err *err) CW_CHECKED;
/* Takes all rows of an owner out. Unknown owners are fine. They count against max_rows
 * until settling drops them.
 * Cost  a look-up in each segment; a query that runs beside it may still see some of the
 *       rows */
void cw_search_remove(struct cw_search *s, uint64_t owner);
/* Makes segments of what was added and merges small segments into larger ones, without
 * what was removed. To be called often by a thread that has the time; additions, removals
 * and finds go on meanwhile. Nothing depends on it but speed and memory.
 * Errors   CW_E_NO_MEMORY; everything is as before then
 * Threads  any; one at a time works, others wait
 * Cost     nothing if nothing is due; else about 0.5 us a row that is moved (at most 16
 *          million at once), and 160 bytes of memory for each of them meanwhile */
int cw_search_settle(struct cw_search *s, struct cw_err *err) CW_CHECKED;

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
 * Cost      index/SEARCH.md; from the radius on where buckets do not pay (about 50), that
 *           of comparing every code: 0.5 to 1 ns each */
int cw_search_find(struct cw_search *s, const struct cw_search_query *query,
                   size_t max_hits, struct cw_hits *out, struct cw_err *err) CW_CHECKED;
/* A position in the order of additions: everything added later is found by a query whose
 * `from` is this mark. Taken before a search, it tells what that search cannot have seen.
 */
uint64_t cw_search_mark(struct cw_search *s);

/* Calls fn with every row that is in sight, in no order. Threads: as cw_search_find; what
 * is added meanwhile may be left out. Cost: 50 ns a row */
void cw_search_each(struct cw_search *s,
                    void (*fn)(void *ctx, const struct cw_search_row *), void *ctx);

struct cw_search_stats {
    uint64_t rows;       /* those removed but not yet dropped included */
    uint64_t removed;    /* not yet dropped */
    uint64_t codes;      /* different codes of each segment */
    uint64_t delta_rows; /* rows in no segment yet */
    uint64_t segments;
    uint64_t bytes; /* memory held */
    uint64_t queries;
    uint64_t fallbacks; /* times a hash was compared with all codes of a large segment */
    const char *engine; /* "mih" or "linear" */
    const char *kernel; /* such as "avx2"; static storage */
};
void cw_search_get_stats(struct cw_search *s, struct cw_search_stats *out);
/* Estimated microseconds a query of n hashes of that kind and radius takes now; for the
 * caller who has to decide whether it may run on a network thread. */
uint64_t cw_search_cost_us(struct cw_search *s, uint8_t kind, unsigned radius,
                           size_t n_hashes);

#endif
