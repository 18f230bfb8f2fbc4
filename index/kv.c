/* kv.c - the engine-independent half of kv.h: checks of arguments, and the book-keeping
 * by which the writer knows whether a transaction is still whole. */
#include "index/kv.h"

#include <assert.h>

#include "index/kv_engine.h"

static void check_key(unsigned table, struct cw_bytes key)
{
    assert(table < CW_KV_TABLES_MAX);
    assert(key.len > 0 && key.len <= CW_KV_KEY_MAX);
}

void cw_kv_close(struct cw_kv *kv)
{
    if (kv != NULL) {
        kv->ops->close(kv);
    }
}

int cw_kv_begin(struct cw_kv *kv, bool write, struct cw_kv_tx **out, struct cw_err *err)
{
    struct cw_kv_tx *tx = NULL;
    CW_TRY(kv->ops->begin(kv, write, &tx, err));
    tx->kv = kv;
    tx->write = write;
    tx->changes = 0;
    tx->failure = 0;
    *out = tx;
    return 0;
}

int cw_kv_commit(struct cw_kv_tx *tx, struct cw_err *err)
{
    assert(tx->write && tx->failure == 0);
    return tx->kv->ops->commit(tx, err);
}

void cw_kv_abort(struct cw_kv_tx *tx)
{
    if (tx != NULL) {
        tx->kv->ops->abort(tx);
    }
}

uint64_t cw_kv_changes(const struct cw_kv_tx *tx)
{
    return tx->changes;
}

int cw_kv_failure(const struct cw_kv_tx *tx)
{
    return tx->failure;
}

int cw_kv_get(struct cw_kv_tx *tx, unsigned table, struct cw_bytes key,
              struct cw_bytes *out, struct cw_err *err)
{
    check_key(table, key);
    return tx->kv->ops->get(tx, table, key, out, err);
}

/* Remembers the first failure of a change; that nothing was there to delete is none. */
static int note_change(struct cw_kv_tx *tx, int rc)
{
    if (rc == 0) {
        tx->changes++;
    } else if (rc != CW_E_NOT_FOUND && tx->failure == 0) {
        tx->failure = rc;
    }
    return rc;
}

int cw_kv_put(struct cw_kv_tx *tx, unsigned table, struct cw_bytes key,
              struct cw_bytes value, struct cw_err *err)
{
    check_key(table, key);
    assert(tx->write);
    return note_change(tx, tx->kv->ops->put(tx, table, key, value, err));
}

int cw_kv_del(struct cw_kv_tx *tx, unsigned table, struct cw_bytes key,
              struct cw_err *err)
{
    check_key(table, key);
    assert(tx->write);
    return note_change(tx, tx->kv->ops->del(tx, table, key, err));
}

int cw_kv_cursor_open(struct cw_kv_tx *tx, unsigned table, struct cw_kv_cursor **out,
                      struct cw_err *err)
{
    struct cw_kv_cursor *c = NULL;
    assert(table < CW_KV_TABLES_MAX);
    CW_TRY(tx->kv->ops->cursor_open(tx, table, &c, err));
    c->tx = tx;
    c->table = table;
    *out = c;
    return 0;
}

void cw_kv_cursor_close(struct cw_kv_cursor *c)
{
    if (c != NULL) {
        c->tx->kv->ops->cursor_close(c);
    }
}

int cw_kv_move(struct cw_kv_cursor *c, enum cw_kv_move how, struct cw_bytes key,
               struct cw_kv_pair *out, struct cw_err *err)
{
    assert(how != CW_KV_SEEK || key.len <= CW_KV_KEY_MAX);
    return c->tx->kv->ops->move(c, how, key, out, err);
}

int cw_kv_grow(struct cw_kv *kv, struct cw_err *err)
{
    return kv->ops->grow(kv, err);
}

int cw_kv_reap(struct cw_kv *kv, struct cw_err *err)
{
    return kv->ops->reap(kv, err);
}

void cw_kv_size(struct cw_kv *kv, uint64_t *out_used, uint64_t *out_map)
{
    kv->ops->size(kv, out_used, out_map);
}

int cw_kv_copy(struct cw_kv *kv, const char *path, struct cw_err *err)
{
    return kv->ops->copy(kv, path, err);
}
