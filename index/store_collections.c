/* store_collections.c - collections. */
#include <string.h>

#include "index/store_kv.h"

static struct cw_kk collection_key(cw_studio_no studio, const char *name)
{
    struct cw_kk k = cw_kk_studio(studio);
    cw_kk_raw(&k, cw_bytes_str(name));
    return k;
}

/* Decodes a record together with the studio and name of its key. */
static int decode(struct cw_kv_pair at, struct cw_collection_record *out,
                  struct cw_err *err)
{
    const size_t prefix = sizeof out->c.studio;
    CW_TRY(cw_record_get_collection(at.value, out, err));
    out->c.studio = cw_kk_read_u32(at.key, 0);
    if (at.key.len < prefix ||
        cw_copy_text(out->c.name, sizeof out->c.name,
                     cw_bytes_of(at.key.p + prefix, at.key.len - prefix), "name",
                     NULL) != 0) {
        return cw_fail(err, CW_E_CORRUPT, "a collection's key is damaged");
    }
    return 0;
}

int cw_skv_load_collection(struct cw_kv_tx *tx, cw_studio_no studio, const char *name,
                           struct cw_collection_record *out, struct cw_err *err)
{
    const struct cw_kk key = collection_key(studio, name);
    struct cw_kv_pair at = {.key = cw_kk_view(&key)};
    CW_TRY(cw_skv_need(tx, CW_TABLE_COLLECTION, &key, "collection", &at.value, err));
    return decode(at, out, err);
}

int cw_skv_save_collection(struct cw_kv_tx *tx, const struct cw_collection_record *c,
                           struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(CW_RECORD_MAX);
    const struct cw_kk key = collection_key(c->c.studio, c->c.name);
    cw_record_put_collection(&b, c);
    return cw_skv_put(tx, CW_TABLE_COLLECTION, &key, &b, err);
}

static int append_put_event(struct cw_kv_tx *tx, const struct cw_collection *c,
                            const uint8_t actor[CW_KEY_ID_BYTES], struct cw_err *err)
{
    struct cw_event e = {
        .at_us = c->created_us, .studio = c->studio, .type = CW_EVENT_COLLECTION_PUT};
    memcpy(e.actor, actor, sizeof e.actor);
    memcpy(e.collection, c->name, sizeof e.collection);
    return cw_skv_append_event(tx, &e, err);
}

int cw_skv_ensure_collection(struct cw_kv_tx *tx, const struct cw_collection *c,
                             const uint8_t actor[CW_KEY_ID_BYTES],
                             struct cw_collection_record *out, bool *out_created,
                             struct cw_err *err)
{
    uint64_t no;
    *out_created = false;
    const int rc = cw_skv_load_collection(tx, c->studio, c->name, out, err);
    if (rc != CW_E_NOT_FOUND) {
        return rc;
    }
    CW_TRY(cw_skv_count(tx, CW_COUNTER_COLLECTION, c->studio, 1, &no, err));
    *out = (struct cw_collection_record){.c = *c, .no = (uint32_t)no};
    out->c.n_assets = 0;
    CW_TRY(cw_skv_save_collection(tx, out, err));
    *out_created = true;
    return append_put_event(tx, c, actor, err);
}

struct put_args {
    const struct cw_collection *c;
    const uint8_t *actor;
    bool created;
};

static int write_collection(void *ctx, struct cw_kv_tx *tx, void *args,
                            struct cw_err *err)
{
    struct put_args *a = args;
    struct cw_collection_record now;
    (void)ctx;
    CW_TRY(cw_skv_ensure_collection(tx, a->c, a->actor, &now, &a->created, err));
    const bool same = strcmp(now.c.title, a->c->title) == 0 &&
                      now.c.embargo_until_us == a->c->embargo_until_us;
    if (a->created || same) {
        return 0;
    }
    memcpy(now.c.title, a->c->title, sizeof now.c.title);
    now.c.embargo_until_us = a->c->embargo_until_us;
    CW_TRY(cw_skv_save_collection(tx, &now, err));
    return append_put_event(tx, a->c, a->actor, err);
}

int cw_skv_put_collection(struct cw_store *s, const struct cw_collection *c,
                          const uint8_t actor[CW_KEY_ID_BYTES], bool *out_created,
                          struct cw_err *err)
{
    struct put_args args = {.c = c, .actor = actor};
    if (c->name[0] == '\0') {
        return cw_fail(err, CW_E_INVALID, "a collection needs a name");
    }
    CW_TRY(cw_skv_write(s, write_collection, &args, err));
    *out_created = args.created;
    return 0;
}

int cw_skv_get_collection(struct cw_store *s, cw_studio_no studio, const char *name,
                          struct cw_collection *out, struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    struct cw_collection_record c;
    CW_TRY(cw_skv_read(s, &tx, err));
    CW_TRY(cw_skv_load_collection(tx, studio, name, &c, err));
    *out = c.c;
    return 0;
}

int cw_skv_list_collections(struct cw_store *s, cw_studio_no studio, const char *after,
                            cw_collection_fn *fn, void *ctx, struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    CW_AUTO(cw_scan_done) struct cw_scan scan = {0};
    struct cw_collection_record c;
    struct cw_kk from = collection_key(studio, after);
    cw_kk_after(&from);
    CW_TRY(cw_skv_read(s, &tx, err));
    int rc = cw_scan_from(&scan, tx, CW_TABLE_COLLECTION, &from, sizeof studio, err);
    for (; rc == 0; rc = cw_scan_next(&scan, err)) {
        CW_TRY(decode(scan.at, &c, err));
        if (!fn(ctx, &c.c)) {
            return 0;
        }
    }
    return cw_scan_end(rc);
}
