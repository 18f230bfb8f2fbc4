/* locals.h - the local descriptors that are searched: those of registered assets, and
 * those of the newest sightings for assets that come later. In memory, derived from the
 * store; told of every commit like the registry of hashes, which owns it. */
#ifndef CW_SERVER_LOCALS_H
#define CW_SERVER_LOCALS_H

#include "hashing/fingerprint.h"
#include "index/local_index.h"
#include "index/local_save.h"
#include "index/store.h"

/* Pictures that are worth comparing in full, of one search. */
#define CW_LOCALS_CANDIDATES 16

enum cw_locals_side { CW_LOCALS_ASSETS, CW_LOCALS_SIGHTINGS, CW_LOCALS_SIDES };

struct cw_locals;

struct cw_locals_options {
    size_t points;            /* descriptors of each asset, the most telling; 0 = none */
    uint64_t sighting_bytes;  /* budget of the sightings' descriptors, as stored */
    uint64_t max_descriptors; /* of each side */
};

int cw_locals_open(const struct cw_locals_options *options, struct cw_locals **out,
                   struct cw_err *err) CW_CHECKED;
void cw_locals_close(struct cw_locals *l); /* NULL is fine */

/* Tells of a commit. A picture without descriptors or without a size is passed over.
 * Errors   CW_E_BUSY full, CW_E_NO_MEMORY
 * Threads  any */
int cw_locals_add_asset(struct cw_locals *l, cw_studio_no studio, cw_asset_no no,
                        const struct cw_fingerprint *fp, struct cw_err *err) CW_CHECKED;
void cw_locals_remove_asset(struct cw_locals *l, cw_asset_no no);
/* Sightings beyond the budget leave, the oldest first. */
int cw_locals_add_sighting(struct cw_locals *l, cw_studio_no studio, cw_sighting_no no,
                           const struct cw_fingerprint *fp,
                           struct cw_err *err) CW_CHECKED;
/* The oldest sighting of a studio that is still searched; 0 if there is none. */
cw_sighting_no cw_locals_oldest(struct cw_locals *l, cw_studio_no studio);

/* Moves with every addition: equal marks mean that nothing came between. */
uint64_t cw_locals_mark(const struct cw_locals *l, enum cw_locals_side side);

/* Numbers of the assets or sightings that seem to show the same drawing as `fp`, the
 * likeliest first: to be compared in full (hashing/compare.h).
 *
 * Cost  two searches, direct and mirrored (hashing/LOCAL.md, "Scale") */
int cw_locals_find(struct cw_locals *l, enum cw_locals_side side, cw_studio_no studio,
                   const struct cw_fingerprint *fp, uint64_t out[CW_LOCALS_CANDIDATES],
                   size_t *out_n, struct cw_err *err) CW_CHECKED;

/* Packs what came last; to be called now and then. */
int cw_locals_settle(struct cw_locals *l, struct cw_err *err) CW_CHECKED;
/* As they were at one moment: to be saved beside everything else. */
struct cw_locals_frozen;
int cw_locals_freeze(struct cw_locals *l, struct cw_locals_frozen **out,
                     struct cw_err *err) CW_CHECKED;
void cw_locals_frozen_free(struct cw_locals_frozen *f); /* NULL is fine */
/* Saves what index/local_save.h saves, and appends what names it. Threads: one at a time
 */
int cw_locals_save(const struct cw_locals_frozen *f, struct cw_saved *saved,
                   struct cw_buf *out, struct cw_err *err) CW_CHECKED;
/* Deletes what `in`, appended by cw_locals_save, does not name. */
int cw_locals_sweep(struct cw_saved *saved, struct cw_bytes in,
                    struct cw_err *err) CW_CHECKED;
/* l       empty; of no use if it fails
 * Errors  CW_E_CORRUPT; CW_E_NO_MEMORY */
int cw_locals_restore(struct cw_locals *l, struct cw_saved *saved, struct cw_bytes in,
                      struct cw_err *err) CW_CHECKED;
size_t cw_locals_points(const struct cw_locals *l); /* the setting */
/* The newest sighting that was ever added; 0 if there is none. */
cw_sighting_no cw_locals_newest(struct cw_locals *l);

void cw_locals_get_stats(struct cw_locals *l, enum cw_locals_side side,
                         struct cw_local_stats *out);

#endif
