/* kv.h - an ordered key-value engine: the little that the store needs of a database.
 *
 * Numbered tables of byte keys in memcmp order; one write transaction at a time, any
 * number of readers, each on the snapshot of its beginning. Engines: kv_lmdb.c and
 * kv_memory.c; tests/contract/test_kv_contract.c runs one suite on both.
 *
 * CW_E_NOT_FOUND from get, del and the cursor verbs is an answer, not a failure: no text
 * is written for it.
 *
 * Threads  a transaction and its cursors belong to the thread that began it; a thread has
 *          one transaction at a time */
#ifndef CW_INDEX_KV_H
#define CW_INDEX_KV_H

#include <stdbool.h>

#include "base/bytes.h"

#define CW_KV_KEY_MAX 511
#define CW_KV_TABLES_MAX 32

struct cw_kv;
struct cw_kv_tx;
struct cw_kv_cursor;

struct cw_kv_lmdb_options {
    const char *dir;
    uint64_t first_map_bytes; /* of address space to begin with */
    uint64_t max_map_bytes;   /* largest size of the file */
    uint32_t max_readers;     /* read transactions at once */
    unsigned n_tables;        /* 1..CW_KV_TABLES_MAX */
    bool create;              /* make the directory and an empty database if missing */
    bool read_only;           /* beside another process that has it open; nothing is made
                                 or changed, and a write begins with CW_E_DENIED */
    bool derived;             /* can be made again: one that is cut short is refused, and
                                 not read until a page is missing, which ends the process */
};

/* Errors  CW_E_NOT_FOUND no database there and create is false, CW_E_BUSY another opener
 * has it, CW_E_CORRUPT, CW_E_UNSUPPORTED, CW_E_IO Owns    caller closes *out; no
 * transaction may be open then */
int cw_kv_open_lmdb(const struct cw_kv_lmdb_options *options, struct cw_kv **out,
                    struct cw_err *err) CW_CHECKED;
/* Makes a file written by cw_kv_copy the database of `dir`, which is made if missing.
 * Errors  CW_E_EXISTS there is one already, CW_E_CORRUPT the file is none or is cut
 *         short: nothing is left of it then; CW_E_NOT_FOUND no file, CW_E_IO */
int cw_kv_restore_lmdb(const struct cw_kv_lmdb_options *options, const char *file,
                       struct cw_err *err) CW_CHECKED;
int cw_kv_open_memory(struct cw_kv **out, struct cw_err *err) CW_CHECKED;
void cw_kv_close(struct cw_kv *kv); /* NULL is fine */

/* Begins a transaction. Writers wait for each other.
 * Errors  CW_E_BUSY too many readers, CW_E_IO the engine stopped writing after a failure
 * Owns    ended by commit or abort, whatever they return */
int cw_kv_begin(struct cw_kv *kv, bool write, struct cw_kv_tx **out,
                struct cw_err *err) CW_CHECKED;
/* Makes a write transaction durable.
 * Errors  CW_E_BUSY no room (see cw_kv_grow), CW_E_IO nothing was written, CW_E_UNKNOWN
 * it may have been written; after the latter two the engine refuses to write */
int cw_kv_commit(struct cw_kv_tx *tx, struct cw_err *err) CW_CHECKED;
void cw_kv_abort(struct cw_kv_tx *tx); /* ends a reader too; NULL is fine */
/* Number of puts and deletes so far. */
uint64_t cw_kv_changes(const struct cw_kv_tx *tx);
/* First failure of a put or delete: the transaction can only be aborted then. 0 if none.
 */
int cw_kv_failure(const struct cw_kv_tx *tx);

/* key  1..CW_KV_KEY_MAX bytes, here and below
 * out  borrowed until the transaction's next put, delete or end; unaligned */
int cw_kv_get(struct cw_kv_tx *tx, unsigned table, struct cw_bytes key,
              struct cw_bytes *out, struct cw_err *err) CW_CHECKED;
/* Adds or replaces. Errors CW_E_BUSY no room, CW_E_NO_MEMORY, CW_E_IO */
int cw_kv_put(struct cw_kv_tx *tx, unsigned table, struct cw_bytes key,
              struct cw_bytes value, struct cw_err *err) CW_CHECKED;
int cw_kv_del(struct cw_kv_tx *tx, unsigned table, struct cw_bytes key,
              struct cw_err *err) CW_CHECKED;

/* One entry under a cursor; borrowed as in cw_kv_get. */
struct cw_kv_pair {
    struct cw_bytes key, value;
};
enum cw_kv_move {
    CW_KV_SEEK, /* first entry at or after the key given; the empty key means the first */
    CW_KV_NEXT,
    CW_KV_PREV, /* these two only after a move that found something */
    CW_KV_LAST
};
int cw_kv_cursor_open(struct cw_kv_tx *tx, unsigned table, struct cw_kv_cursor **out,
                      struct cw_err *err) CW_CHECKED;
void cw_kv_cursor_close(struct cw_kv_cursor *c); /* before its transaction ends */
/* key  used by CW_KV_SEEK only. Not valid after a put or delete in the transaction. */
int cw_kv_move(struct cw_kv_cursor *c, enum cw_kv_move how, struct cw_bytes key,
               struct cw_kv_pair *out, struct cw_err *err) CW_CHECKED;

/* Makes room after CW_E_BUSY, or ahead of it when four fifths are used.
 * Errors  CW_E_BUSY it is as large as it may be, or a copy is being made
 * Threads any; waits for every open transaction, so the caller has none */
int cw_kv_grow(struct cw_kv *kv, struct cw_err *err) CW_CHECKED;
/* Frees what crashed readers hold. */
int cw_kv_reap(struct cw_kv *kv, struct cw_err *err) CW_CHECKED;
void cw_kv_size(struct cw_kv *kv, uint64_t *out_used, uint64_t *out_map);
/* A consistent compact copy as one new file. Errors CW_E_EXISTS, CW_E_UNSUPPORTED */
int cw_kv_copy(struct cw_kv *kv, const char *path, struct cw_err *err) CW_CHECKED;

#endif
