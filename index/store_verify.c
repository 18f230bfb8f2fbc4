/* store_verify.c - walks every record and every reference between records.
 *
 * Each table is walked once. A reference is followed from the side that must have it;
 * that nothing superfluous is on the other side follows from equal numbers of entries.
 * The walk runs in one read transaction, so it sees one moment of a store that goes on
 * being used. */
#include "index/store_verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- tools ------------------------------------------------------------------------ */

void cw_check_problem(struct cw_check *c, const char *fmt, ...)
{
    va_list ap;
    if (c->report.problems++ > 0) {
        return;
    }
    va_start(ap, fmt);
    if (vsnprintf(c->report.first, sizeof c->report.first, fmt, ap) < 0) {
        c->report.first[0] = '\0';
    }
    va_end(ap);
}

int cw_check_outcome(struct cw_check *c, int rc, const struct cw_err *why,
                     const char *what, bool *out_ok, struct cw_err *err)
{
    *out_ok = rc == 0;
    if (rc == CW_E_NOT_FOUND || rc == CW_E_CORRUPT) {
        cw_check_problem(c, "%s: %s", what, rc == CW_E_CORRUPT ? why->text : "missing");
        return 0;
    }
    if (rc != 0 && err != NULL) {
        *err = *why;
    }
    return rc;
}

int cw_check_present(struct cw_check *c, enum cw_table table, const struct cw_kk *key,
                     const char *what, struct cw_err *err)
{
    struct cw_err why = {0};
    struct cw_bytes value;
    bool ok;
    const int rc = cw_skv_get(c->tx, table, key, &value, &why);
    return cw_check_outcome(c, rc, &why, what, &ok, err);
}

int cw_check_each(struct cw_check *c, enum cw_table table, cw_check_fn *fn, void *ctx,
                  uint64_t *out_n, struct cw_err *err)
{
    CW_AUTO(cw_scan_done) struct cw_scan scan = {0};
    const struct cw_kk from = {.len = 0};
    uint64_t n = 0;
    int rc = cw_scan_from(&scan, c->tx, table, &from, 0, err);
    for (; rc == 0; rc = cw_scan_next(&scan, err)) {
        n++;
        c->report.records++;
        CW_TRY(fn(c, scan.at, ctx, err));
    }
    if (out_n != NULL) {
        *out_n = n;
    }
    return cw_scan_end(rc);
}

int cw_check_count(struct cw_check *c, enum cw_table table, const struct cw_kk *prefix,
                   uint64_t *out, struct cw_err *err)
{
    CW_AUTO(cw_scan_done) struct cw_scan scan = {0};
    *out = 0;
    int rc = cw_scan_from(&scan, c->tx, table, prefix, prefix->len, err);
    for (; rc == 0; rc = cw_scan_next(&scan, err)) {
        (*out)++;
    }
    return cw_scan_end(rc);
}

void cw_check_same(struct cw_check *c, const char *what, uint64_t found,
                   uint64_t expected)
{
    if (found != expected) {
        cw_check_problem(c, "%s: %" PRIu64 " instead of %" PRIu64, what, found, expected);
    }
}

static int check_nothing(struct cw_check *c, struct cw_kv_pair at, void *ctx,
                         struct cw_err *err)
{
    (void)c;
    (void)at;
    (void)ctx;
    (void)err;
    return 0;
}

int cw_check_mirror(struct cw_check *c, enum cw_table table, const char *what, uint64_t n,
                    struct cw_err *err)
{
    uint64_t mirrored;
    CW_TRY(cw_check_each(c, table, check_nothing, NULL, &mirrored, err));
    cw_check_same(c, what, mirrored, n);
    return 0;
}

int cw_check_counter(struct cw_check *c, enum cw_counter which, const char *what,
                     uint64_t expected, struct cw_err *err)
{
    struct cw_err why = {0};
    uint64_t v = 0;
    bool ok;
    const int rc = cw_skv_counter(c->tx, which, 0, &v, &why);
    CW_TRY(cw_check_outcome(c, rc, &why, what, &ok, err));
    if (ok) {
        cw_check_same(c, what, v, expected);
    }
    return 0;
}

/* ---- studios, keys ----------------------------------------------------------- */

static int check_studio_name(struct cw_check *c, struct cw_kv_pair at, void *ctx,
                             struct cw_err *err)
{
    char name[CW_STUDIO_CAP];
    struct cw_err why = {0};
    uint64_t no = 0;
    bool ok;
    (void)ctx;
    int rc = cw_record_get_number(at.value, &no, &why);
    if (rc == 0) {
        rc = cw_skv_load_studio_name(c->tx, (cw_studio_no)no, name, &why);
    }
    CW_TRY(cw_check_outcome(c, rc, &why, "studio", &ok, err));
    if (ok && !cw_bytes_equal_str(at.key, name)) {
        cw_check_problem(c, "studio %" PRIu64 " has two names", no);
    }
    return 0;
}

static int check_key(struct cw_check *c, struct cw_kv_pair at, void *ctx,
                     struct cw_err *err)
{
    struct cw_key_record key;
    char studio[CW_STUDIO_CAP];
    struct cw_err why = {0};
    bool ok;
    (void)ctx;
    int rc = cw_record_get_key(at.value, &key, &why);
    if (rc == 0) {
        rc = cw_skv_load_studio_name(c->tx, key.studio, studio, &why);
    }
    CW_TRY(cw_check_outcome(c, rc, &why, "key", &ok, err));
    if (!ok) {
        return 0;
    }
    struct cw_kk entry = cw_kk_studio(key.studio);
    cw_kk_raw(&entry, at.key);
    return cw_check_present(c, CW_TABLE_STUDIO_KEY, &entry, "key in its studio", err);
}

static int check_people(struct cw_check *c, struct cw_err *err)
{
    uint64_t n;
    CW_TRY(cw_check_each(c, CW_TABLE_STUDIO_NAME, check_studio_name, NULL, &n, err));
    CW_TRY(cw_check_mirror(c, CW_TABLE_STUDIO, "studios by number", n, err));
    CW_TRY(cw_check_counter(c, CW_COUNTER_STUDIO, "studio counter", n, err));
    CW_TRY(cw_check_each(c, CW_TABLE_KEY, check_key, NULL, &n, err));
    return cw_check_mirror(c, CW_TABLE_STUDIO_KEY, "keys by studio", n, err);
}

/* ---- collections, assets, sightings ----------------------------------------------- */

struct asset_sums {
    uint64_t names, live;
};

/* Counts the names under one collection and compares each with its newest record. */
static int check_names(struct cw_check *c, const struct cw_collection_record *col,
                       struct asset_sums *sums, uint64_t *out_live, struct cw_err *err)
{
    CW_AUTO(cw_scan_done) struct cw_scan scan = {0};
    struct cw_kk prefix = cw_kk_studio(col->c.studio);
    cw_kk_u32(&prefix, col->no);
    int rc = cw_scan_from(&scan, c->tx, CW_TABLE_ASSET_NAME, &prefix, prefix.len, err);
    for (; rc == 0; rc = cw_scan_next(&scan, err)) {
        const struct cw_bytes id =
            cw_bytes_of(scan.at.key.p + prefix.len, scan.at.key.len - prefix.len);
        struct cw_asset_name name = {0};
        struct cw_asset a = {0};
        struct cw_err why = {0};
        bool ok;
        c->report.records++;
        sums->names++;
        int got = cw_record_get_asset_name(scan.at.value, &name, &why);
        if (got == 0) {
            got = cw_skv_load_asset(c->tx, col->c.studio, name.no, &a, &why);
        }
        CW_TRY(cw_check_outcome(c, got, &why, "newest version of an asset", &ok, err));
        if (!ok) {
            continue;
        }
        *out_live += name.live;
        if (!cw_bytes_equal_str(id, a.id) || strcmp(a.collection, col->c.name) != 0 ||
            a.version != name.version) {
            cw_check_problem(c, "asset %" PRIu64 " is not what its id says", a.no);
        }
    }
    return cw_scan_end(rc);
}

static int check_collection(struct cw_check *c, struct cw_kv_pair at, void *ctx,
                            struct cw_err *err)
{
    const size_t prefix = sizeof(cw_studio_no);
    struct asset_sums *sums = ctx;
    struct cw_collection_record col;
    char name[CW_COLLECTION_CAP];
    struct cw_err why = {0};
    uint64_t live = 0;
    bool ok;
    if (at.key.len <= prefix ||
        cw_copy_text(name, sizeof name,
                     cw_bytes_of(at.key.p + prefix, at.key.len - prefix), "name",
                     NULL) != 0) {
        cw_check_problem(c, "the key of a collection is damaged");
        return 0;
    }
    const int rc =
        cw_skv_load_collection(c->tx, cw_kk_read_u32(at.key, 0), name, &col, &why);
    CW_TRY(cw_check_outcome(c, rc, &why, "collection", &ok, err));
    if (!ok) {
        return 0;
    }
    CW_TRY(check_names(c, &col, sums, &live, err));
    cw_check_same(c, "assets of a collection", col.c.n_assets, live);
    sums->live += live;
    return 0;
}

static int check_asset(struct cw_check *c, struct cw_kv_pair at, void *ctx,
                       struct cw_err *err)
{
    struct cw_asset a;
    struct cw_collection_record col;
    struct cw_err why = {0};
    bool ok;
    (void)ctx;
    const cw_studio_no studio = cw_kk_read_u32(at.key, 0);
    int rc = cw_record_get_asset(at.value, &a, &why);
    if (rc == 0) {
        rc = cw_skv_load_collection(c->tx, studio, a.collection, &col, &why);
    }
    CW_TRY(cw_check_outcome(c, rc, &why, "asset with its collection", &ok, err));
    if (!ok) {
        return 0;
    }
    struct cw_kk name = cw_kk_studio(studio);
    cw_kk_u32(&name, col.no);
    cw_kk_raw(&name, cw_bytes_str(a.id));
    return cw_check_present(c, CW_TABLE_ASSET_NAME, &name, "id of an asset", err);
}

static int check_sighting(struct cw_check *c, struct cw_kv_pair at, void *ctx,
                          struct cw_err *err)
{
    const cw_studio_no studio = cw_kk_read_u32(at.key, 0);
    struct cw_sighting s;
    struct cw_bytes value;
    struct cw_err why = {0};
    uint64_t no = 0;
    bool ok;
    (void)ctx;
    int rc = cw_record_get_sighting(at.value, &s, &why);
    if (rc == 0) {
        struct cw_kk id = cw_kk_studio(studio);
        cw_kk_raw(&id, cw_bytes_of(s.id, sizeof s.id));
        rc = cw_skv_get(c->tx, CW_TABLE_SIGHTING_ID, &id, &value, &why);
    }
    if (rc == 0) {
        rc = cw_record_get_number(value, &no, &why);
    }
    CW_TRY(cw_check_outcome(c, rc, &why, "sighting and its id", &ok, err));
    if (ok) {
        cw_check_same(c, "number of a sighting", no,
                      cw_kk_read_u64(at.key, sizeof studio));
    }
    return 0;
}

/* The sighting is there; *ctx adds up the bytes. */
static int check_sighting_local(struct cw_check *c, struct cw_kv_pair at, void *ctx,
                                struct cw_err *err)
{
    uint64_t *bytes = ctx;
    struct cw_kk sighting =
        cw_kk_studio_u64(cw_kk_read_u32(at.key, 8), cw_kk_read_u64(at.key, 0));
    *bytes += at.value.len;
    return cw_check_present(c, CW_TABLE_SIGHTING, &sighting,
                            "sighting of local descriptors", err);
}

/* ---- feed ------------------------------------------------------------------------- */

#define FEED_SEQ_AT 2 /* in a key: after feed and slot */

struct feed_sums {
    uint16_t place; /* feed and slot of the entry before */
    uint64_t seq;   /* of the entry before */
    uint64_t assets, asset_retires, live, sightings;
};

/* Whether the asset is live now, and whether it was fed into the right slot. */
static int check_fed_asset(struct cw_check *c, const struct cw_feed_entry *e,
                           unsigned slot, struct feed_sums *sums, struct cw_err *err)
{
    struct cw_asset a;
    struct cw_collection_record col;
    struct cw_asset_name name = {0};
    struct cw_bytes value;
    struct cw_err why = {0};
    bool ok;
    int rc = cw_skv_load_asset(c->tx, e->studio, e->no, &a, &why);
    if (rc == 0) {
        rc = cw_skv_load_collection(c->tx, e->studio, a.collection, &col, &why);
    }
    if (rc == 0) {
        struct cw_kk key = cw_kk_studio(e->studio);
        cw_kk_u32(&key, col.no);
        cw_kk_raw(&key, cw_bytes_str(a.id));
        rc = cw_skv_get(c->tx, CW_TABLE_ASSET_NAME, &key, &value, &why);
    }
    if (rc == 0) {
        rc = cw_record_get_asset_name(value, &name, &why);
    }
    CW_TRY(cw_check_outcome(c, rc, &why, "asset of a feed entry", &ok, err));
    if (!ok) {
        return 0;
    }
    const bool live = name.live && name.no == e->no;
    sums->live += live && !e->retire;
    if (live && e->retire) {
        cw_check_problem(c, "asset %" PRIu64 " is live, but left the feed", e->no);
    }
    cw_check_same(c, "slot of an asset", slot, cw_skv_slot(cw_bytes_str(a.id)));
    return 0;
}

static int check_feed_entry(struct cw_check *c, struct cw_kv_pair at, void *ctx,
                            struct cw_err *err)
{
    struct feed_sums *sums = ctx;
    struct cw_feed_entry e;
    struct cw_sighting s;
    struct cw_err why = {0};
    bool ok;
    CW_TRY(cw_check_outcome(c, cw_record_get_feed(at.value, &e, &why), &why, "feed entry",
                            &ok, err));
    if (at.key.len != FEED_SEQ_AT + sizeof e.seq) {
        cw_check_problem(c, "the key of a feed entry is damaged");
        return 0;
    }
    const uint16_t place = (uint16_t)(at.key.p[0] << 8 | at.key.p[1]);
    const uint64_t seq = cw_kk_read_u64(at.key, FEED_SEQ_AT);
    cw_check_same(c, "feed number", seq, place == sums->place ? sums->seq + 1 : 1);
    sums->place = place;
    sums->seq = seq;
    if (!ok) {
        return 0;
    }
    if (at.key.p[0] == CW_FEED_ASSETS) {
        sums->assets += !e.retire;
        sums->asset_retires += e.retire;
        return check_fed_asset(c, &e, at.key.p[1], sums, err);
    }
    sums->sightings++;
    const int rc = cw_skv_load_sighting(c->tx, e.studio, e.no, &s, &why);
    return cw_check_outcome(c, rc, &why, "sighting of a feed entry", &ok, err);
}

static int check_things(struct cw_check *c, struct cw_err *err)
{
    struct asset_sums names = {0};
    struct feed_sums feed = {0};
    uint64_t assets, sightings;
    uint64_t local = 0;
    CW_TRY(cw_check_each(c, CW_TABLE_COLLECTION, check_collection, &names, NULL, err));
    CW_TRY(cw_check_mirror(c, CW_TABLE_ASSET_NAME, "asset ids in collections",
                           names.names, err));
    CW_TRY(cw_check_counter(c, CW_COUNTER_LIVE_ASSETS, "live assets", names.live, err));
    CW_TRY(cw_check_each(c, CW_TABLE_ASSET, check_asset, NULL, &assets, err));
    CW_TRY(cw_check_counter(c, CW_COUNTER_ASSET, "asset counter", assets, err));
    CW_TRY(cw_check_each(c, CW_TABLE_SIGHTING, check_sighting, NULL, &sightings, err));
    CW_TRY(cw_check_mirror(c, CW_TABLE_SIGHTING_ID, "sightings by id", sightings, err));
    CW_TRY(cw_check_counter(c, CW_COUNTER_SIGHTING, "sighting counter", sightings, err));
    CW_TRY(cw_check_each(c, CW_TABLE_SIGHTING_LOCAL, check_sighting_local, &local, NULL,
                         err));
    CW_TRY(cw_check_counter(c, CW_COUNTER_SIGHTING_LOCAL, "bytes of local descriptors",
                            local, err));
    CW_TRY(cw_check_each(c, CW_TABLE_FEED, check_feed_entry, &feed, NULL, err));
    cw_check_same(c, "asset versions in the feed", feed.assets, assets);
    cw_check_same(c, "live assets in the feed", feed.live, names.live);
    cw_check_same(c, "retired assets in the feed", feed.asset_retires,
                  assets - names.live);
    cw_check_same(c, "sightings in the feed", feed.sightings, sightings);
    return 0;
}

int cw_skv_verify(struct cw_store *s, struct cw_verify_report *out, struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    CW_TRY(cw_skv_read(s, &tx, err));
    struct cw_check c = {.tx = tx};
    CW_TRY(check_people(&c, err));
    CW_TRY(cw_check_log(&c, NULL, NULL, err));
    CW_TRY(check_things(&c, err));
    CW_TRY(cw_check_incidents(&c, err));
    *out = c.report;
    return 0;
}
