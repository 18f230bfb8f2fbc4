/* local_index.h - the contract of the search for local descriptors: the descriptors of a
 * found picture -> the registered pictures that share enough of them.
 *
 * Not a radius search: two descriptors meet if their keys do (index/local_key.h), and
 * match if they are then within CW_LOCAL_RADIUS. It is exact with respect to that rule,
 * buckets over the bound apart: whatever meets is found. Verifying how the matches lie is
 * hashing/geometry.h.
 *
 * Derived from the store's feed like the search of index/search.h, and lives in memory.
 */
#ifndef CW_INDEX_LOCAL_INDEX_H
#define CW_INDEX_LOCAL_INDEX_H

#include <stdbool.h>

#include "hashing/local.h"

#define CW_LOCAL_BUCKET_MAX 120 /* larger buckets say nothing and are skipped */
#define CW_LOCAL_NEAREST 60     /* matches kept of one descriptor of the query */
#define CW_LOCAL_LEAST_VOTES 3  /* matches a picture needs to be a candidate */
#define CW_LOCAL_CANDIDATES 48  /* pictures with the most matches, at most */

struct cw_local_index;

struct cw_local_options {
    uint64_t max_descriptors; /* more are refused with CW_E_BUSY */
    unsigned key_bits;        /* 0 = as many as the number of descriptors asks for */
};

int cw_local_open(const struct cw_local_options *options, struct cw_local_index **out,
                  struct cw_err *err) CW_CHECKED;
/* No other call may be under way. Accepts NULL. */
void cw_local_close(struct cw_local_index *ix);

/* One registered picture. */
struct cw_local_picture {
    uint64_t asset;  /* asset number, never 0 */
    uint32_t page;   /* which picture of it */
    uint32_t studio; /* filter */
    struct cw_frame frame;
    size_t n;                     /* 0..CW_FP_MAX_LOCAL */
    const struct cw_local *local; /* copied */
};

/* Adds a picture; every find that starts after it returned sees all of it.
 * Errors   CW_E_INVALID counts, CW_E_BUSY full, CW_E_NO_MEMORY; nothing is added then
 * Threads  any; additions and removals take turns and never block a find
 * Cost     about 20 us; now and then 10 ms to pack what came last, and cw_local_settle
 *          if nobody has called that for long */
int cw_local_add(struct cw_local_index *ix, const struct cw_local_picture *picture,
                 struct cw_err *err) CW_CHECKED;
/* Takes all pictures of an asset out of sight. Unknown assets are fine. */
void cw_local_remove(struct cw_local_index *ix, uint64_t asset);
/* Merges small levels into larger ones, and drops what was removed from them. To be
 * called now and then by a thread that has the time; additions, removals and finds go on
 * meanwhile.
 * Errors   CW_E_NO_MEMORY; everything is found as before then
 * Cost     about 0.1 us for each descriptor of the levels that are merged; needs a 32nd
 *          of their memory beside them */
int cw_local_settle(struct cw_local_index *ix, struct cw_err *err) CW_CHECKED;

struct cw_local_query {
    uint32_t studio; /* only pictures of this studio */
    bool mirrored;   /* look the mirror image up (CW_LOCAL_MIRROR) */
    size_t n;        /* 0..CW_FP_MAX_LOCAL */
    const struct cw_local *local;
};

/* A picture that shares descriptors with the query. */
struct cw_local_candidate {
    uint64_t asset;
    uint32_t page;
    struct cw_frame frame;
    size_t n_matches;                     /* CW_LOCAL_LEAST_VOTES or more */
    const struct cw_local_match *matches; /* by query descriptor; of the found. Their
                                             poses are near: 1/256 of width, height and
                                             turn, 1/16 octave of scale */
};

struct cw_local_found {
    size_t n;
    struct cw_local_candidate items[CW_LOCAL_CANDIDATES]; /* most matches first */
    struct cw_local_match *matches;                       /* owned */
};
void cw_local_found_done(struct cw_local_found *f);

/* out      filled from empty; to be ended with cw_local_found_done
 * Errors   CW_E_INVALID counts, CW_E_NO_MEMORY
 * Threads  any number at once, also beside all others
 * Cost     2 ms at 600 pictures, 7 ms at 100,000 (hashing/LOCAL.md, "Scale"); memory for
 *          the matches, 2 MB at most */
int cw_local_find(struct cw_local_index *ix, const struct cw_local_query *query,
                  struct cw_local_found *out, struct cw_err *err) CW_CHECKED;

struct cw_local_stats {
    uint64_t pictures, descriptors; /* those removed but not yet dropped included */
    uint64_t removed;               /* pictures out of sight, not yet dropped */
    uint64_t bytes;                 /* memory held */
    uint64_t queries;
    unsigned segments; /* levels, and the fresh descriptors */
};
void cw_local_get_stats(struct cw_local_index *ix, struct cw_local_stats *out);

#endif
