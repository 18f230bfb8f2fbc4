/* store_studios.c - studios, their API keys and their collections. */
#include <string.h>

#include "base/hex.h"
#include "index/store_kv.h"

/* ---- studios ---------------------------------------------------------------------- */

static struct cw_kk studio_name_key(const char *name)
{
    struct cw_kk k;
    k.len = 0;
    cw_kk_raw(&k, cw_bytes_str(name));
    return k;
}

static int find_studio(struct cw_kv_tx *tx, const char *name, cw_studio_no *out,
                       struct cw_err *err)
{
    const struct cw_kk key = studio_name_key(name);
    struct cw_bytes value;
    uint64_t no;
    CW_TRY(cw_skv_need(tx, CW_TABLE_STUDIO_NAME, &key, "studio", &value, err));
    CW_TRY(cw_record_get_number(value, &no, err));
    *out = (cw_studio_no)no;
    return 0;
}

struct studio_args {
    const char *name;
    cw_studio_no no;
};

static int make_studio(void *ctx, struct cw_kv_tx *tx, void *args, struct cw_err *err)
{
    struct studio_args *a = args;
    CW_AUTO(cw_buf_done) struct cw_buf name = CW_BUF_INIT(CW_STUDIO_CAP);
    uint64_t no;
    (void)ctx;
    const int rc = find_studio(tx, a->name, &a->no, err);
    if (rc != CW_E_NOT_FOUND) {
        return rc;
    }
    CW_TRY(cw_skv_count(tx, CW_COUNTER_STUDIO, 0, 1, &no, err));
    a->no = (cw_studio_no)no;
    const struct cw_kk by_name = studio_name_key(a->name);
    const struct cw_kk by_no = cw_kk_studio(a->no);
    CW_TRY(cw_skv_put_number(tx, CW_TABLE_STUDIO_NAME, &by_name, no, err));
    cw_buf_add_str(&name, a->name);
    return cw_skv_put(tx, CW_TABLE_STUDIO, &by_no, &name, err);
}

int cw_skv_studio(struct cw_store *s, const char *name, bool create, cw_studio_no *out,
                  struct cw_err *err)
{
    struct studio_args args = {.name = name};
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    if (name[0] == '\0') {
        return cw_fail(err, CW_E_INVALID, "a studio needs a name");
    }
    CW_TRY(cw_skv_read(s, &tx, err));
    const int rc = find_studio(tx, name, out, err);
    if (rc != CW_E_NOT_FOUND || !create) {
        return rc;
    }
    cw_skv_end_read(&tx);
    CW_TRY(cw_skv_write(s, make_studio, &args, err));
    *out = args.no;
    return 0;
}

int cw_skv_load_studio_name(struct cw_kv_tx *tx, cw_studio_no studio,
                            char out[CW_STUDIO_CAP], struct cw_err *err)
{
    const struct cw_kk key = cw_kk_studio(studio);
    struct cw_bytes value;
    CW_TRY(cw_skv_need(tx, CW_TABLE_STUDIO, &key, "studio", &value, err));
    if (cw_copy_text(out, CW_STUDIO_CAP, value, "studio name", NULL) != 0) {
        return cw_fail(err, CW_E_CORRUPT, "a studio's name is not a text");
    }
    return 0;
}

/* ---- keys ------------------------------------------------------------------------- */

static struct cw_kk id_key(const uint8_t id[CW_KEY_ID_BYTES])
{
    struct cw_kk k;
    k.len = 0;
    cw_kk_raw(&k, cw_bytes_of(id, CW_KEY_ID_BYTES));
    return k;
}

static int load_key(struct cw_kv_tx *tx, const uint8_t id[CW_KEY_ID_BYTES],
                    struct cw_key_record *out, struct cw_err *err)
{
    const struct cw_kk key = id_key(id);
    struct cw_bytes value;
    CW_TRY(cw_skv_need(tx, CW_TABLE_KEY, &key, "key", &value, err));
    CW_TRY(cw_record_get_key(value, out, err));
    memcpy(out->id, id, CW_KEY_ID_BYTES);
    return cw_skv_load_studio_name(tx, out->studio, out->studio_name, err);
}

static int save_key(struct cw_kv_tx *tx, const struct cw_key_record *k,
                    struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(CW_RECORD_MAX);
    const struct cw_kk key = id_key(k->id);
    cw_record_put_key(&b, k);
    return cw_skv_put(tx, CW_TABLE_KEY, &key, &b, err);
}

struct key_args {
    struct cw_key_record key;
    const uint8_t *actor;
};

static int append_key_event(struct cw_kv_tx *tx, const struct key_args *a, uint8_t type,
                            uint64_t at_us, struct cw_err *err)
{
    struct cw_event e = {.at_us = at_us, .studio = a->key.studio, .type = type};
    memcpy(e.actor, a->actor, sizeof e.actor);
    cw_hex_encode(a->key.id, sizeof a->key.id, e.subject);
    return cw_skv_append_event(tx, &e, err);
}

static int write_new_key(void *ctx, struct cw_kv_tx *tx, void *args, struct cw_err *err)
{
    const struct key_args *a = args;
    char studio[CW_STUDIO_CAP];
    struct cw_bytes value;
    struct cw_kk key = id_key(a->key.id);
    (void)ctx;
    CW_TRY(cw_skv_load_studio_name(tx, a->key.studio, studio, err));
    const int rc = cw_skv_get(tx, CW_TABLE_KEY, &key, &value, err);
    if (rc != CW_E_NOT_FOUND) {
        return rc != 0 ? rc : cw_fail(err, CW_E_EXISTS, "a key of this id is there");
    }
    CW_TRY(save_key(tx, &a->key, err));
    key = cw_kk_studio(a->key.studio);
    cw_kk_raw(&key, cw_bytes_of(a->key.id, CW_KEY_ID_BYTES));
    CW_TRY(cw_skv_put_empty(tx, CW_TABLE_STUDIO_KEY, &key, err));
    return append_key_event(tx, a, CW_EVENT_KEY_CREATED, a->key.created_us, err);
}

int cw_skv_put_key(struct cw_store *s, const struct cw_key_record *key,
                   const uint8_t actor[CW_KEY_ID_BYTES], struct cw_err *err)
{
    struct key_args args = {.key = *key, .actor = actor};
    if (key->role < CW_ROLE_STUDIO || key->role > CW_ROLE_ADMIN ||
        key->disclosure < CW_DISCLOSE_RECEIPT || key->disclosure > CW_DISCLOSE_DETAIL) {
        return cw_fail(err, CW_E_INVALID, "a key has an unknown role or disclosure");
    }
    return cw_skv_write(s, write_new_key, &args, err);
}

int cw_skv_get_key(struct cw_store *s, const uint8_t id[CW_KEY_ID_BYTES],
                   struct cw_key_record *out, struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    struct cw_key_record key;
    CW_TRY(cw_skv_read(s, &tx, err));
    CW_TRY(load_key(tx, id, &key, err));
    *out = key;
    return 0;
}

static int write_revocation(void *ctx, struct cw_kv_tx *tx, void *args,
                            struct cw_err *err)
{
    const struct key_args *wanted = args;
    struct key_args a = {.actor = wanted->actor};
    (void)ctx;
    CW_TRY(load_key(tx, wanted->key.id, &a.key, err));
    if (a.key.studio != wanted->key.studio) {
        return cw_fail(err, CW_E_NOT_FOUND, "no such key");
    }
    if (a.key.revoked_us != 0) {
        return 0;
    }
    a.key.revoked_us = wanted->key.revoked_us;
    CW_TRY(save_key(tx, &a.key, err));
    return append_key_event(tx, &a, CW_EVENT_KEY_REVOKED, a.key.revoked_us, err);
}

int cw_skv_revoke_key(struct cw_store *s, cw_studio_no studio,
                      const uint8_t id[CW_KEY_ID_BYTES], uint64_t at_us,
                      const uint8_t actor[CW_KEY_ID_BYTES], struct cw_err *err)
{
    struct key_args args = {.key = {.studio = studio, .revoked_us = at_us},
                            .actor = actor};
    memcpy(args.key.id, id, CW_KEY_ID_BYTES);
    return cw_skv_write(s, write_revocation, &args, err);
}

int cw_skv_list_keys(struct cw_store *s, cw_studio_no studio, cw_key_fn *fn, void *ctx,
                     struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    CW_AUTO(cw_scan_done) struct cw_scan scan = {0};
    const struct cw_kk from = cw_kk_studio(studio);
    struct cw_key_record key;
    CW_TRY(cw_skv_read(s, &tx, err));
    int rc = cw_scan_from(&scan, tx, CW_TABLE_STUDIO_KEY, &from, from.len, err);
    for (; rc == 0; rc = cw_scan_next(&scan, err)) {
        if (scan.at.key.len != from.len + CW_KEY_ID_BYTES) {
            return cw_fail(err, CW_E_CORRUPT, "a key's index entry is damaged");
        }
        CW_TRY(load_key(tx, scan.at.key.p + from.len, &key, err));
        if (!fn(ctx, &key)) {
            return 0;
        }
    }
    return cw_scan_end(rc);
}
