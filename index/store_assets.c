/* store_assets.c - registering, retiring, reading and listing assets.
 *
 * An asset id stands for a chain of versions, each with a number of its own that is never
 * used again. Only the newest one, and only while it is not retired, is live: listed,
 * found by id, and searched. The others stay readable by number, because incidents name
 * them. */
#include <string.h>

#include "index/store_kv.h"

static struct cw_kk name_key(cw_studio_no studio, uint32_t collection, const char *id)
{
    struct cw_kk k = cw_kk_studio(studio);
    cw_kk_u32(&k, collection);
    cw_kk_raw(&k, cw_bytes_str(id));
    return k;
}

int cw_skv_load_asset(struct cw_kv_tx *tx, cw_studio_no studio, cw_asset_no no,
                      struct cw_asset *out, struct cw_err *err)
{
    const struct cw_kk key = cw_kk_studio_u64(studio, no);
    struct cw_bytes value;
    CW_TRY(cw_skv_need(tx, CW_TABLE_ASSET, &key, "asset", &value, err));
    CW_TRY(cw_record_get_asset(value, out, err));
    out->studio = studio;
    out->no = no;
    return 0;
}

/* What the id stands for; all zero if it was never registered. */
static int load_name(struct cw_kv_tx *tx, const struct cw_kk *key,
                     struct cw_asset_name *out, struct cw_err *err)
{
    struct cw_bytes value;
    const int rc = cw_skv_get(tx, CW_TABLE_ASSET_NAME, key, &value, err);
    if (rc == CW_E_NOT_FOUND) {
        *out = (struct cw_asset_name){0};
        return 0;
    }
    return rc != 0 ? rc : cw_record_get_asset_name(value, out, err);
}

static int save_name(struct cw_kv_tx *tx, const struct cw_kk *key,
                     const struct cw_asset_name *name, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(CW_RECORD_MAX);
    cw_record_put_asset_name(&b, name);
    return cw_skv_put(tx, CW_TABLE_ASSET_NAME, key, &b, err);
}

/* Moves both counts of live assets. */
static int count_live(struct cw_kv_tx *tx, struct cw_collection_record *c, int delta,
                      struct cw_err *err)
{
    if (__builtin_add_overflow(c->c.n_assets, delta, &c->c.n_assets)) {
        return cw_fail(err, CW_E_CORRUPT,
                       "a collection's count of assets is out of range");
    }
    CW_TRY(cw_skv_save_collection(tx, c, err));
    return cw_skv_count(tx, CW_COUNTER_LIVE_ASSETS, 0, delta, NULL, err);
}

static int append_asset_event(struct cw_kv_tx *tx, const struct cw_asset *a, uint8_t type,
                              uint64_t at_us, const uint8_t actor[CW_KEY_ID_BYTES],
                              struct cw_err *err)
{
    struct cw_event e = {.at_us = at_us, .studio = a->studio, .type = type};
    memcpy(e.actor, actor, sizeof e.actor);
    memcpy(e.collection, a->collection, sizeof e.collection);
    memcpy(e.subject, a->id, sizeof e.subject);
    return cw_skv_append_event(tx, &e, err);
}

static int append_retire(struct cw_kv_tx *tx, const struct cw_asset *a, cw_asset_no no,
                         struct cw_err *err)
{
    const struct cw_feed_entry e = {.retire = true, .studio = a->studio, .no = no};
    return cw_skv_append_feed(tx, CW_FEED_ASSETS, cw_bytes_str(a->id), &e, err);
}

/* ---- registering ------------------------------------------------------------------ */

struct register_args {
    const struct cw_registration *items;
    size_t n;
    const uint8_t *actor;
    struct cw_registered *out;
    struct cw_touched touched;
};

/* Where an asset is to be written, and what is there. */
struct place {
    struct cw_collection_record collection;
    struct cw_kk key;
    struct cw_asset_name now;
};

static int find_place(struct cw_kv_tx *tx, const struct cw_asset *a, const uint8_t *actor,
                      struct place *out, struct cw_err *err)
{
    struct cw_collection c = {.studio = a->studio, .created_us = a->registered_us};
    bool created;
    memcpy(c.name, a->collection, sizeof c.name);
    CW_TRY(cw_skv_ensure_collection(tx, &c, actor, &out->collection, &created, err));
    out->key = name_key(a->studio, out->collection.no, a->id);
    return load_name(tx, &out->key, &out->now, err);
}

/* Writes one new version: record, name, feed, counts, event. */
static int write_version(struct cw_kv_tx *tx, const struct cw_registration *item,
                         struct place *place, const uint8_t *actor,
                         struct cw_registered *out, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(CW_RECORD_MAX);
    struct cw_asset a = item->asset;
    const struct cw_asset_name old = place->now;
    a.version = old.version + 1;
    CW_TRY(cw_skv_count(tx, CW_COUNTER_ASSET, 0, 1, &a.no, err));
    const struct cw_kk key = cw_kk_studio_u64(a.studio, a.no);
    cw_record_put_asset(&b, &a);
    CW_TRY(cw_skv_put(tx, CW_TABLE_ASSET, &key, &b, err));
    const struct cw_asset_name name = {.no = a.no, .version = a.version, .live = true};
    CW_TRY(save_name(tx, &place->key, &name, err));
    if (old.live) {
        CW_TRY(append_retire(tx, &a, old.no, err));
    } else {
        CW_TRY(count_live(tx, &place->collection, 1, err));
    }
    struct cw_feed_entry e = {.studio = a.studio, .no = a.no, .n_rows = item->n_rows};
    memcpy(e.rows, item->rows, item->n_rows * sizeof e.rows[0]);
    CW_TRY(cw_skv_append_feed(tx, CW_FEED_ASSETS, cw_bytes_str(a.id), &e, err));
    *out = (struct cw_registered){.outcome = old.live ? CW_REPLACED : CW_CREATED,
                                  .no = a.no,
                                  .replaced = old.live ? old.no : 0,
                                  .version = a.version};
    return append_asset_event(
        tx, &a, old.live ? CW_EVENT_ASSET_REPLACED : CW_EVENT_ASSET_REGISTERED,
        a.registered_us, actor, err);
}

static int register_one(struct cw_kv_tx *tx, const struct cw_registration *item,
                        struct register_args *args, struct cw_registered *out,
                        struct cw_err *err)
{
    struct place place;
    CW_TRY(find_place(tx, &item->asset, args->actor, &place, err));
    if (place.now.live) {
        struct cw_asset old;
        CW_TRY(cw_skv_load_asset(tx, item->asset.studio, place.now.no, &old, err));
        const bool same = memcmp(old.digest, item->asset.digest, sizeof old.digest) == 0;
        if (same || !item->replace) {
            *out = (struct cw_registered){.rc = same ? 0 : CW_E_CONFLICT,
                                          .outcome = CW_UNCHANGED,
                                          .no = place.now.no,
                                          .version = place.now.version};
            return 0;
        }
    }
    CW_TRY(write_version(tx, item, &place, args->actor, out, err));
    for (size_t i = 0; i < item->n_matches; i++) {
        struct cw_match m = item->matches[i];
        m.asset = m.asset == 0 ? out->no : m.asset;
        CW_TRY(cw_skv_add_match(tx, item->asset.studio, &m, &args->touched, err));
    }
    return 0;
}

static int write_registrations(void *ctx, struct cw_kv_tx *tx, void *args,
                               struct cw_err *err)
{
    struct register_args *a = args;
    (void)ctx;
    a->touched.n = 0;
    for (size_t i = 0; i < a->n; i++) {
        CW_TRY(register_one(tx, &a->items[i], a, &a->out[i], err));
    }
    return cw_skv_finish_matches(tx, &a->touched, a->actor, err);
}

int cw_skv_register_assets(struct cw_store *s, const struct cw_registration *items,
                           size_t n, const uint8_t actor[CW_KEY_ID_BYTES],
                           struct cw_registered *out, struct cw_err *err)
{
    struct register_args args = {.items = items, .n = n, .actor = actor, .out = out};
    for (size_t i = 0; i < n; i++) {
        const struct cw_asset *a = &items[i].asset;
        if (a->kind < CW_KIND_FRAME || a->kind > CW_KIND_SHEET || a->id[0] == '\0' ||
            a->collection[0] == '\0' || items[i].n_rows > CW_ROWS_PER_RECORD) {
            return cw_fail(err, CW_E_INVALID, "asset %zu lacks a name or has a bad kind",
                           i);
        }
    }
    const int rc = cw_skv_write(s, write_registrations, &args, err);
    cw_touched_done(&args.touched);
    return rc;
}

/* ---- retiring --------------------------------------------------------------------- */

struct retire_args {
    cw_studio_no studio;
    const char *collection, *id;
    uint64_t at_us;
    const uint8_t *actor;
    cw_asset_no no;
};

static int write_retirement(void *ctx, struct cw_kv_tx *tx, void *args,
                            struct cw_err *err)
{
    struct retire_args *a = args;
    struct cw_collection_record c;
    struct cw_asset_name name;
    struct cw_asset asset;
    (void)ctx;
    CW_TRY(cw_skv_load_collection(tx, a->studio, a->collection, &c, err));
    const struct cw_kk key = name_key(a->studio, c.no, a->id);
    CW_TRY(load_name(tx, &key, &name, err));
    if (!name.live) {
        return cw_fail(err, CW_E_NOT_FOUND, "no such asset");
    }
    CW_TRY(cw_skv_load_asset(tx, a->studio, name.no, &asset, err));
    name.live = false;
    a->no = name.no;
    CW_TRY(save_name(tx, &key, &name, err));
    CW_TRY(count_live(tx, &c, -1, err));
    CW_TRY(append_retire(tx, &asset, name.no, err));
    return append_asset_event(tx, &asset, CW_EVENT_ASSET_RETIRED, a->at_us, a->actor,
                              err);
}

int cw_skv_retire(struct cw_store *s, cw_studio_no studio, const char *collection,
                  const char *id, uint64_t at_us, const uint8_t actor[CW_KEY_ID_BYTES],
                  cw_asset_no *out_no, struct cw_err *err)
{
    struct retire_args args = {.studio = studio,
                               .collection = collection,
                               .id = id,
                               .at_us = at_us,
                               .actor = actor};
    CW_TRY(cw_skv_write(s, write_retirement, &args, err));
    *out_no = args.no;
    return 0;
}

/* ---- reading ---------------------------------------------------------------------- */

int cw_skv_get_asset(struct cw_store *s, cw_studio_no studio, const char *collection,
                     const char *id, struct cw_asset *out, struct cw_buf *fp,
                     struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    struct cw_collection_record c;
    struct cw_asset_name name;
    struct cw_asset a;
    CW_TRY(cw_skv_read(s, &tx, err));
    CW_TRY(cw_skv_load_collection(tx, studio, collection, &c, err));
    const struct cw_kk key = name_key(studio, c.no, id);
    CW_TRY(load_name(tx, &key, &name, err));
    if (!name.live) {
        return cw_fail(err, CW_E_NOT_FOUND, "no such asset");
    }
    CW_TRY(cw_skv_load_asset(tx, studio, name.no, &a, err));
    CW_TRY(cw_skv_keep_fingerprint(&a.fingerprint, fp, err));
    *out = a;
    return 0;
}

int cw_skv_get_asset_no(struct cw_store *s, cw_studio_no studio, cw_asset_no no,
                        struct cw_asset *out, struct cw_buf *fp, struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    struct cw_asset a;
    CW_TRY(cw_skv_read(s, &tx, err));
    CW_TRY(cw_skv_load_asset(tx, studio, no, &a, err));
    CW_TRY(cw_skv_keep_fingerprint(&a.fingerprint, fp, err));
    *out = a;
    return 0;
}

int cw_skv_list_assets(struct cw_store *s, cw_studio_no studio, const char *collection,
                       const char *after, cw_asset_fn *fn, void *ctx, struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    CW_AUTO(cw_scan_done) struct cw_scan scan = {0};
    struct cw_collection_record c;
    struct cw_asset a;
    CW_TRY(cw_skv_read(s, &tx, err));
    CW_TRY(cw_skv_load_collection(tx, studio, collection, &c, err));
    struct cw_kk from = name_key(studio, c.no, after);
    cw_kk_after(&from);
    int rc = cw_scan_from(&scan, tx, CW_TABLE_ASSET_NAME, &from,
                          sizeof studio + sizeof c.no, err);
    for (; rc == 0; rc = cw_scan_next(&scan, err)) {
        struct cw_asset_name name;
        CW_TRY(cw_record_get_asset_name(scan.at.value, &name, err));
        if (!name.live) {
            continue;
        }
        CW_TRY(cw_skv_load_asset(tx, studio, name.no, &a, err));
        if (!fn(ctx, &a)) {
            return 0;
        }
    }
    return cw_scan_end(rc);
}
