/* checkpoint.h - what the registry derived at some cost, saved: local descriptors, runs
 * of frames, counts. A start has it back and goes on from the mark of what it holds.
 *
 * One blob, replaced as a whole, names all that belongs to it, and is of one moment
 * between two commits. It is of no use if the store has another history since: then what
 * it says came last is not there, or is something else. */
#ifndef CW_SERVER_CHECKPOINT_H
#define CW_SERVER_CHECKPOINT_H

#include "index/saved.h"
#include "index/store.h"

struct cw_registry;

/* How far into each slot of the feeds it goes. */
struct cw_checkpoint_mark {
    uint64_t assets[CW_SLOTS], sightings[CW_SLOTS];
};

/* Errors   those of cw_saved_put and of the store; what was saved before is there then
 * Threads  one at a time, beside requests, which wait while it is noted what to save:
 *          some milliseconds
 * Cost     1 s for each GB that is not saved yet, 50 bytes an asset beside that */
int cw_checkpoint_save(struct cw_registry *r, struct cw_saved *saved,
                       struct cw_err *err) CW_CHECKED;
/* r       empty; as empty if it fails
 * Errors  CW_E_NOT_FOUND nothing is saved, CW_E_CORRUPT it is damaged, stale or was made
 *         with other settings */
int cw_checkpoint_restore(struct cw_registry *r, struct cw_saved *saved,
                          struct cw_checkpoint_mark *out, struct cw_err *err) CW_CHECKED;

#endif
