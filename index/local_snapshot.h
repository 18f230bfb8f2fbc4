/* local_snapshot.h - what a local index holds, as one find sees it. */
#ifndef CW_INDEX_LOCAL_SNAPSHOT_H
#define CW_INDEX_LOCAL_SNAPSHOT_H

#include "index/local_fresh.h"

#define CW_LOCAL_LEVELS 32

/* Packs of the shards, packed at one time or merged from such. */
struct cw_local_level {
    unsigned key_bits;                            /* of its packs */
    uint64_t n;                                   /* descriptors */
    struct cw_local_pack *packs[CW_LOCAL_SHARDS]; /* NULL = empty; a reference each */
};

/* Never changes. Levels are in the order of time, the oldest first. */
struct cw_local_snapshot {
    atomic_uint refs;
    unsigned n_levels;
    struct cw_local_level levels[CW_LOCAL_LEVELS];
    struct cw_local_fresh *fresh; /* one reference */
};

/* The current one, with a reference for the caller. Threads: any */
struct cw_local_snapshot *cw_local_snapshot_get(struct cw_local_index *ix);
void cw_local_snapshot_unref(struct cw_local_snapshot *s); /* NULL is fine */

/* All there is at one moment (local_save.h). */
struct cw_local_frozen {
    struct cw_local_index *ix;          /* borrowed */
    struct cw_local_snapshot *snapshot; /* one reference */
    uint32_t n_fresh;                   /* descriptors */
    uint32_t n_rows;
    bool *gone; /* of each row; owned */
};

/* An empty one. */
int cw_local_snapshot_new(struct cw_local_snapshot **out, struct cw_err *err) CW_CHECKED;
/* Gives an index that is empty what a snapshot holds, whose reference it takes. Its rows
 * were added by cw_local_thaw_row, in their order; cw_local_clear takes them out again.
 * No other call may be under way. */
int cw_local_thaw_row(struct cw_local_index *ix, const struct cw_local_row *row,
                      struct cw_err *err) CW_CHECKED;
void cw_local_clear(struct cw_local_index *ix);
void cw_local_thaw(struct cw_local_index *ix, struct cw_local_snapshot *s);

/* The number of the newest pack that was ever saved: each gets one of its own, so that a
 * list never names another pack than it meant. Guarded by who saves. */
uint64_t *cw_local_newest_saved(struct cw_local_index *ix);

const struct cw_local_rows *cw_local_rows_of(const struct cw_local_index *ix);
/* The differences a query allows for keys of that length. Static storage */
const struct cw_local_flips *cw_local_flips(const struct cw_local_index *ix,
                                            unsigned key_bits);
void cw_local_note_query(struct cw_local_index *ix);

#endif
