/* store_open.c - opening, closing and upkeep of the store on a key-value engine. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "index/store_kv.h"

/* Of the whole layout; a store with another number is refused. 1 had no hashes in its
 * log, and hashes given later would prove nothing. */
#define FORMAT_VERSION 2
#define FIRST_MAP_BYTES ((uint64_t)64 << 20) /* doubles when it is four fifths full */
#define UUID_BYTES 16
#define SECRET_BYTES 32

static struct cw_skv *skv_of(struct cw_store *s)
{
    return (struct cw_skv *)s;
}

static struct cw_kk meta_key(const char *name)
{
    struct cw_kk k;
    k.len = 0;
    cw_kk_raw(&k, cw_bytes_str(name));
    return k;
}

/* ---- the meta table --------------------------------------------------------------- */

static int put_random(struct cw_kv_tx *tx, const char *name, size_t len,
                      struct cw_err *err)
{
    uint8_t raw[SECRET_BYTES];
    const struct cw_kk key = meta_key(name);
    cw_random(raw, len);
    const int rc =
        cw_kv_put(tx, CW_TABLE_META, cw_kk_view(&key), cw_bytes_of(raw, len), err);
    cw_wipe(raw, sizeof raw);
    return rc;
}

/* A writer's operation: writes the meta records of a new store. */
static int found_store(void *ctx, struct cw_kv_tx *tx, void *args, struct cw_err *err)
{
    const struct cw_kk key = meta_key("format");
    (void)ctx;
    (void)args;
    CW_TRY(cw_skv_put_number(tx, CW_TABLE_META, &key, FORMAT_VERSION, err));
    CW_TRY(put_random(tx, "uuid", UUID_BYTES, err));
    CW_TRY(put_random(tx, "audit-seed", SECRET_BYTES, err));
    return put_random(tx, "secret", SECRET_BYTES, err);
}

static int read_secret(struct cw_kv_tx *tx, const char *name, uint8_t out[SECRET_BYTES],
                       struct cw_err *err)
{
    const struct cw_kk key = meta_key(name);
    struct cw_bytes value;
    const int rc = cw_skv_get(tx, CW_TABLE_META, &key, &value, err);
    if (rc == CW_E_NOT_FOUND || (rc == 0 && value.len != SECRET_BYTES)) {
        return cw_fail(err, CW_E_CORRUPT, "the store's %s is damaged", name);
    }
    CW_TRY(rc);
    memcpy(out, value.p, value.len);
    return 0;
}

/* Errors  CW_E_NOT_FOUND a new store */
static int read_meta(struct cw_skv *s, struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    const struct cw_kk key = meta_key("format");
    struct cw_bytes value;
    uint64_t format;
    CW_TRY(cw_skv_read(&s->base, &tx, err));
    CW_TRY(cw_skv_get(tx, CW_TABLE_META, &key, &value, err));
    CW_TRY(cw_record_get_number(value, &format, err));
    if (format != FORMAT_VERSION) {
        return cw_fail(err, CW_E_UNSUPPORTED,
                       "the store has format %" PRIu64
                       ", this program knows only %d and does not convert",
                       format, FORMAT_VERSION);
    }
    CW_TRY(read_secret(tx, "audit-seed", s->audit_seed, err));
    return read_secret(tx, "secret", s->secret, err);
}

/* ---- verbs ------------------------------------------------------------------------ */

static int skv_secret(struct cw_store *s, uint8_t out[32], struct cw_err *err)
{
    (void)err;
    memcpy(out, skv_of(s)->secret, SECRET_BYTES);
    return 0;
}

static int skv_audit_seed(struct cw_store *s, uint8_t out[32], struct cw_err *err)
{
    (void)err;
    memcpy(out, skv_of(s)->audit_seed, SECRET_BYTES);
    return 0;
}

static void skv_on_commit(struct cw_store *s, void (*fn)(void *ctx, uint64_t seq),
                          void *ctx)
{
    cw_writer_listen(skv_of(s)->writer, fn, ctx);
}

static int skv_get_stats(struct cw_store *base, struct cw_store_stats *out,
                         struct cw_err *err)
{
    struct cw_skv *s = skv_of(base);
    struct cw_store_stats st = {0};
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    CW_TRY(cw_skv_read(base, &tx, err));
    CW_TRY(cw_skv_counter(tx, CW_COUNTER_LIVE_ASSETS, 0, &st.assets, err));
    CW_TRY(cw_skv_counter(tx, CW_COUNTER_SIGHTING, 0, &st.sightings, err));
    CW_TRY(cw_skv_counter(tx, CW_COUNTER_INCIDENTS, 0, &st.incidents, err));
    CW_TRY(cw_skv_counter(tx, CW_COUNTER_OPEN_INCIDENTS, 0, &st.incidents_open, err));
    CW_TRY(cw_skv_counter(tx, CW_COUNTER_EVENT, 0, &st.events, err));
    cw_skv_end_read(&tx);
    cw_writer_counts(s->writer, &st.commits, &st.writes);
    cw_kv_size(s->kv, &st.used_bytes, &st.map_bytes);
    *out = st;
    return 0;
}

static int skv_upkeep(struct cw_store *s, struct cw_err *err)
{
    CW_TRY(cw_kv_reap(skv_of(s)->kv, err));
    return cw_kv_grow(skv_of(s)->kv, err);
}

static int skv_backup(struct cw_store *s, const char *path, struct cw_err *err)
{
    return cw_kv_copy(skv_of(s)->kv, path, err);
}

static void skv_close(struct cw_store *base)
{
    struct cw_skv *s = skv_of(base);
    cw_writer_close(s->writer);
    cw_kv_close(s->kv);
    cw_wipe(s->secret, sizeof s->secret);
    cw_wipe(s->audit_seed, sizeof s->audit_seed);
    free(s);
}

static const struct cw_store_ops skv_ops = {
    .close = skv_close,
    .secret = skv_secret,
    .audit_seed = skv_audit_seed,
    .studio = cw_skv_studio,
    .put_key = cw_skv_put_key,
    .get_key = cw_skv_get_key,
    .revoke_key = cw_skv_revoke_key,
    .list_keys = cw_skv_list_keys,
    .put_collection = cw_skv_put_collection,
    .get_collection = cw_skv_get_collection,
    .list_collections = cw_skv_list_collections,
    .register_assets = cw_skv_register_assets,
    .retire = cw_skv_retire,
    .get_asset = cw_skv_get_asset,
    .get_asset_no = cw_skv_get_asset_no,
    .list_assets = cw_skv_list_assets,
    .record_sightings = cw_skv_record_sightings,
    .record_matches = cw_skv_record_matches,
    .get_sighting = cw_skv_get_sighting,
    .get_sighting_no = cw_skv_get_sighting_no,
    .get_sighting_local = cw_skv_get_sighting_local,
    .list_sighting_local = cw_skv_list_sighting_local,
    .list_sighting_matches = cw_skv_list_sighting_matches,
    .list_asset_matches = cw_skv_list_asset_matches,
    .get_incident = cw_skv_get_incident,
    .list_incidents = cw_skv_list_incidents,
    .list_matches = cw_skv_list_matches,
    .decide = cw_skv_decide,
    .list_history = cw_skv_list_history,
    .read_log = cw_skv_read_log,
    .log_head = cw_skv_log_head,
    .on_commit = skv_on_commit,
    .read_feed = cw_skv_read_feed,
    .heads = cw_skv_heads,
    .get_stats = skv_get_stats,
    .upkeep = skv_upkeep,
    .backup = skv_backup,
    .verify_log = cw_skv_verify_log,
    .verify = cw_skv_verify,
};

/* ---- opening ---------------------------------------------------------------------- */

static bool is_memory(const char *url)
{
    return strcmp(url, "memory:") == 0;
}

static int lmdb_options_of(const char *url, const struct cw_store_options *o,
                           struct cw_kv_lmdb_options *out, struct cw_err *err)
{
    if (strncmp(url, "lmdb:", 5) != 0 || url[5] == '\0') {
        return cw_fail(err, CW_E_INVALID, "a store is lmdb:DIR or memory:");
    }
    *out = (struct cw_kv_lmdb_options){
        .dir = url + 5,
        .first_map_bytes = FIRST_MAP_BYTES,
        .max_map_bytes = o->map_bytes,
        .max_readers = o->max_readers,
        .n_tables = CW_TABLE_COUNT,
        .create = o->create,
        .read_only = o->read_only,
    };
    return 0;
}

static int open_engine(const char *url, const struct cw_store_options *o,
                       struct cw_kv **out, struct cw_err *err)
{
    struct cw_kv_lmdb_options lmdb;
    if (is_memory(url)) {
        return cw_kv_open_memory(out, err);
    }
    CW_TRY(lmdb_options_of(url, o, &lmdb, err));
    return cw_kv_open_lmdb(&lmdb, out, err);
}

int cw_store_restore(const char *url, const struct cw_store_options *options,
                     const char *file, struct cw_err *err)
{
    struct cw_kv_lmdb_options lmdb;
    if (is_memory(url)) {
        return cw_fail(err, CW_E_UNSUPPORTED, "a store in memory cannot be restored");
    }
    CW_TRY(lmdb_options_of(url, options, &lmdb, err));
    return cw_kv_restore_lmdb(&lmdb, file, err);
}

static int newest_event(struct cw_kv_tx *tx, uint64_t *out, struct cw_err *err)
{
    return cw_skv_counter(tx, CW_COUNTER_EVENT, 0, out, err);
}

static int open_parts(struct cw_skv *s, const char *url, const struct cw_store_options *o,
                      struct cw_err *err)
{
    CW_TRY(open_engine(url, o, &s->kv, err));
    const struct cw_writer_options writer = {.kv = s->kv,
                                             .ctx = s,
                                             .seq = newest_event,
                                             .max_batch = o->max_batch,
                                             .commit_delay_us = o->commit_delay_us};
    CW_TRY(cw_writer_open(&writer, &s->writer, err));
    int rc = read_meta(s, err);
    if (rc == CW_E_NOT_FOUND && o->read_only) {
        return cw_fail(err, CW_E_NOT_FOUND, "the store is empty");
    }
    if (rc == CW_E_NOT_FOUND) {
        CW_TRY(cw_skv_write(&s->base, found_store, NULL, err));
        rc = read_meta(s, err);
    }
    return rc;
}

int cw_store_open_kv(const char *url, const struct cw_store_options *options,
                     struct cw_store **out, struct cw_err *err)
{
    struct cw_skv *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for the store");
    }
    s->base.ops = &skv_ops;
    s->sighting_local_bytes = options->sighting_local_bytes;
    const int rc = open_parts(s, url, options, err);
    if (rc != 0) {
        skv_close(&s->base);
        return rc;
    }
    *out = &s->base;
    return 0;
}
