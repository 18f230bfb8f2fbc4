/* local_save.h - saving a local index, and having it back without the pictures it was
 * made of.
 *
 * Packs never change, so each is saved once, as a blob of its own; a list names those
 * that make up the index, and is replaced last. So saving costs what is new, and a crash
 * leaves the list before with all it names. */
#ifndef CW_INDEX_LOCAL_SAVE_H
#define CW_INDEX_LOCAL_SAVE_H

#include "index/local_index.h"
#include "index/saved.h"

/* name     of the index among what is saved: CW_SAVED_NAME_MAX / 2 bytes at most
 * Errors   those of cw_saved_put; what was saved before is there then
 * Threads  beside everything but itself: what is added or removed meanwhile may be in it
 *          or not, and the caller knows from when on
 * Cost     1 s for each GB that is not saved yet, 31 bytes a picture beside that */
int cw_local_save(struct cw_local_index *ix, struct cw_saved *saved, const char *name,
                  struct cw_err *err) CW_CHECKED;
/* ix       empty; as empty if it fails
 * Errors   CW_E_NOT_FOUND nothing saved, CW_E_CORRUPT, CW_E_NO_MEMORY
 * Cost     1 s a GB */
int cw_local_restore(struct cw_local_index *ix, struct cw_saved *saved, const char *name,
                     struct cw_err *err) CW_CHECKED;

#endif
