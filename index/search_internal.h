/* search_internal.h - the parts of a search, for search.c, search_settle.c and
 * search_find.c.
 *
 * What is written and what is read meet in one pointer: the current snapshot, a list of
 * segments (index/codes.h) and of deltas (index/search_rows.h). A find takes a reference
 * under a lock that is held for two instructions, and works on it undisturbed; a writer
 * makes a new list and swaps it in.
 *
 * Additions go into the last delta, where finds see them at once. Settling puts an empty
 * one behind it, makes segments of the full one, one for each kind of view, and merges
 * segments. A removal marks rows wherever they are, and is noted while something is being
 * built, to be repeated on the outcome.
 *
 * Locks, in order: merging (held while settling, by one thread), writing (additions,
 * removals, swapping), reading (the pointer). */
#ifndef CW_INDEX_SEARCH_INTERNAL_H
#define CW_INDEX_SEARCH_INTERNAL_H

#include <pthread.h>

#include "index/codes.h"

#define CW_SEARCH_SPEED_ONE 1024
#define CW_SEARCH_DELTAS 2           /* one that is being packed, one that grows */
#define CW_SEARCH_PACK_ROWS 512      /* a smaller delta is not worth a segment */
#define CW_SEARCH_DELTA_ROWS 2000000 /* from here on whoever adds packs first */

_Static_assert(CW_SEARCH_DELTA_ROWS + CW_SEARCH_MAX_ADD <= CW_CODES_MOST_ROWS,
               "a delta fits a segment");

/* Rows in the order of their addition; row i has place first_seq + i in it. */
struct cw_search_delta {
    atomic_uint refs;
    uint64_t first_seq;
    struct cw_rows *rows; /* owned */
};

/* The list never changes. */
struct cw_search_snapshot {
    atomic_uint refs;
    unsigned n_deltas; /* 1 or CW_SEARCH_DELTAS; the last one grows */
    struct cw_search_delta *deltas[CW_SEARCH_DELTAS]; /* one reference each */
    size_t n_segments;
    struct cw_codes *segments[]; /* one reference each */
};

struct cw_search {
    const struct cw_scan_kernel *kernel;
    struct cw_band_masks masks; /* constant */
    uint64_t max_rows;
    uint64_t pack_rows;
    const char *engine; /* name; static storage */
    bool linear;        /* nothing is ever packed */
    bool only_bands;
    pthread_mutex_t merging;
    pthread_mutex_t writing;
    pthread_mutex_t reading;        /* guards: now */
    struct cw_search_snapshot *now; /* one reference; changed with `writing` held, too */
    /* Owners removed while something is being built; guarded by writing. */
    struct {
        bool wanted, failed;
        size_t n, cap;
        uint64_t *owners; /* owned */
    } gone;
    uint64_t newest_saved; /* number of a segment, ever; guarded by who saves */
    atomic_uint_fast64_t queries, fallbacks;
    atomic_uint_fast64_t speed; /* measured time of a query; CW_SEARCH_SPEED_ONE = as
                                   estimated */
};

/* ---- snapshots (search.c) --------------------------------------------------------- */

/* The current one, with a reference for the caller. Threads: any */
struct cw_search_snapshot *cw_search_snapshot_get(struct cw_search *s);
void cw_search_snapshot_unref(struct cw_search_snapshot *v); /* accepts NULL */
static inline struct cw_search_delta *cw_search_fresh(const struct cw_search_snapshot *v)
{
    return v->deltas[v->n_deltas - 1];
}
static inline uint64_t cw_search_delta_rows(const struct cw_search_delta *d)
{
    return cw_rows_count(d->rows);
}

/* Makes a list the current one; takes a reference of each member. The caller writes. */
int cw_search_publish(struct cw_search *s, struct cw_search_delta *const *deltas,
                      unsigned n_deltas, struct cw_codes *const *segments,
                      size_t n_segments, struct cw_err *err) CW_CHECKED;
int cw_search_delta_new(struct cw_search *s, uint64_t first_seq,
                        struct cw_search_delta **out, struct cw_err *err) CW_CHECKED;
void cw_search_delta_unref(struct cw_search_delta *d); /* accepts NULL */

/* Packs what has come and merges; `ratio` as in search_settle.c. */
int cw_search_settle_to(struct cw_search *s, uint64_t ratio,
                        struct cw_err *err) CW_CHECKED;

#define CW_SEARCH_RATIO 12     /* few segments: for whoever has the time */
#define CW_SEARCH_RATIO_BUSY 1 /* little work: for whoever adds and cannot wait */

#endif
