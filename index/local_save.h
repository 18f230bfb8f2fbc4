/* local_save.h - saving a local index, and having it back without the pictures it was
 * made of.
 *
 * Packs never change, so each is saved once, as a blob of its own. The rest is a list
 * that names them, which the caller keeps together with whatever must agree with it. So
 * saving costs what is new, and a crash leaves the list before with all it names. */
#ifndef CW_INDEX_LOCAL_SAVE_H
#define CW_INDEX_LOCAL_SAVE_H

#include "index/local_index.h"
#include "index/saved.h"

/* An index as it was at one moment; holds memory that merging would give back. */
struct cw_local_frozen;

/* Threads  beside everything. Cost: 1 ms for a million pictures */
int cw_local_freeze(struct cw_local_index *ix, struct cw_local_frozen **out,
                    struct cw_err *err) CW_CHECKED;
void cw_local_frozen_free(struct cw_local_frozen *f); /* NULL is fine */

/* Saves the packs that are not saved yet, and appends the list.
 *
 * name     of the index among what is saved: CW_SAVED_NAME_MAX / 2 bytes at most
 * Errors   those of cw_saved_put; what was saved before is there then
 * Threads  beside everything but itself
 * Cost     1 s for each GB that is not saved yet; the list has 31 bytes a picture and at
 *          most 3 MB beside them */
int cw_local_save(const struct cw_local_frozen *f, struct cw_saved *saved,
                  const char *name, struct cw_buf *list, struct cw_err *err) CW_CHECKED;
/* Deletes the packs that a list, which is now the one to go back to, does not name. */
int cw_local_sweep(struct cw_saved *saved, const char *name, struct cw_bytes list,
                   struct cw_err *err) CW_CHECKED;

/* ix       empty; as empty if it fails
 * Errors   CW_E_CORRUPT, CW_E_NO_MEMORY
 * Threads  no other call may be under way
 * Cost     1 s a GB */
int cw_local_restore(struct cw_local_index *ix, struct cw_saved *saved, const char *name,
                     struct cw_bytes list, struct cw_err *err) CW_CHECKED;

#endif
