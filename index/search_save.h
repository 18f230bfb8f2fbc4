/* search_save.h - saving a search, and having it back without its rows being added again.
 *
 * Segments never change but for rows that go, so each is saved once, as a blob of its
 * own; a list names them, with what has gone and the newest rows. The caller keeps the
 * list together with whatever must agree with it (index/local_save.h works the same way).
 */
#ifndef CW_INDEX_SEARCH_SAVE_H
#define CW_INDEX_SEARCH_SAVE_H

#include "index/saved.h"
#include "index/search.h"

/* A search as it was at one moment; holds memory that merging would give back. */
struct cw_search_frozen;

/* Threads  beside everything
 * Cost     copies a bit a row and the rows that are in no segment yet: 1 ms for 10
 *          million */
int cw_search_freeze(struct cw_search *s, struct cw_search_frozen **out,
                     struct cw_err *err) CW_CHECKED;
void cw_search_frozen_free(struct cw_search_frozen *f); /* NULL is fine */

/* Saves the segments that are not saved yet, and appends the list.
 *
 * name     of the search among what is saved: CW_SAVED_NAME_MAX / 2 bytes at most
 * Errors   those of cw_saved_put; what was saved before is there then
 * Threads  beside everything but itself
 * Cost     1 s for each GB that is not saved yet; the list has a bit a row */
int cw_search_save(const struct cw_search_frozen *f, struct cw_saved *saved,
                   const char *name, struct cw_buf *list, struct cw_err *err) CW_CHECKED;
/* Deletes the segments that a list, which is now the one to go back to, does not name. */
int cw_search_sweep(struct cw_saved *saved, const char *name, struct cw_bytes list,
                    struct cw_err *err) CW_CHECKED;

/* s        empty; as empty if it fails
 * Errors   CW_E_CORRUPT, CW_E_BUSY more rows than it may hold, CW_E_NO_MEMORY
 * Threads  no other call may be under way
 * Cost     about 1.5 s a GB */
int cw_search_restore(struct cw_search *s, struct cw_saved *saved, const char *name,
                      struct cw_bytes list, struct cw_err *err) CW_CHECKED;

#endif
