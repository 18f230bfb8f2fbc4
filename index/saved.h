/* saved.h - what is derived from the truth, kept beside it so that a start need not
 * derive it again: named blobs in a database of their own, which the truth's writer never
 * waits for. Losing them loses time only.
 *
 * A blob is cut into chunks. Each carries a keyed digest over itself and its place, made
 * with the secret of the store it was derived from: what is torn, altered, of another
 * store or of another format is refused. This is the one place where saved bytes pass;
 * encrypting them belongs here.
 *
 * Threads  one at a time */
#ifndef CW_INDEX_SAVED_H
#define CW_INDEX_SAVED_H

#include "index/kv.h"

#define CW_SAVED_NAME_MAX 64
#define CW_SAVED_TABLES 2 /* of the database */
#define CW_SAVED_SECRET_BYTES 32

struct cw_saved;
struct cw_saved_reader;

/* kv   with CW_SAVED_TABLES tables; taken over even on failure, and closed with *out
 * Errors CW_E_NO_MEMORY */
int cw_saved_open(struct cw_kv *kv, const uint8_t secret[CW_SAVED_SECRET_BYTES],
                  struct cw_saved **out, struct cw_err *err) CW_CHECKED;
void cw_saved_close(struct cw_saved *s); /* NULL is fine */

/* Adds or replaces a blob; what was there is there until the new one is complete, also
 * after a crash.
 *
 * name    1..CW_SAVED_NAME_MAX bytes
 * parts   one after the other
 * Errors  CW_E_BUSY no room, CW_E_IO, CW_E_NO_MEMORY
 * Cost    about 1 s for 1 GB, and the disk; 16 MB of memory */
int cw_saved_put(struct cw_saved *s, const char *name, const struct cw_bytes *parts,
                 size_t n, struct cw_err *err) CW_CHECKED;

/* Begins to read a blob. Errors: CW_E_NOT_FOUND, CW_E_CORRUPT */
int cw_saved_get(struct cw_saved *s, const char *name, struct cw_saved_reader **out,
                 struct cw_err *err) CW_CHECKED;
/* The next len bytes. Errors: CW_E_CORRUPT fewer are left, or they were altered */
int cw_saved_read(struct cw_saved_reader *r, void *to, size_t len,
                  struct cw_err *err) CW_CHECKED;
uint64_t cw_saved_left(const struct cw_saved_reader *r);
void cw_saved_end(struct cw_saved_reader **r); /* a pointer to NULL is fine */

/* NAME/NUMBER in sixteen hexadecimal digits: the name of one of many parts.
 * name  CW_SAVED_NAME_MAX - 17 bytes at most */
void cw_saved_part_name(const char *name, uint64_t no, char out[CW_SAVED_NAME_MAX + 1]);

/* Deletes the blobs whose names begin with `prefix` and that `keep` does not want, and
 * what interrupted writers left. */
int cw_saved_sweep(struct cw_saved *s, const char *prefix,
                   bool (*keep)(void *ctx, const char *name), void *ctx,
                   struct cw_err *err) CW_CHECKED;
/* The same for the parts of `name`: keeps those of n numbers. */
int cw_saved_sweep_parts(struct cw_saved *s, const char *name, const uint64_t *numbers,
                         size_t n, struct cw_err *err) CW_CHECKED;

#endif
