#include "server/ingest.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "server/host.h"
#include "server/metrics.h"
#include "server/registry.h"

/* Sightings of each slot that are looked at again after a start, and how much older than
 * the newest they may be. A missed pair has both its sides there: they raced. */
#define RECHECK_ENTRIES 256
#define RECHECK_US 60000000U

/* What is worth a reviewer's look is recorded; weaker matches are only shown to who asks.
 */
static const struct cw_match_options alarms = {.least = CW_BAND_POSSIBLE};

/* Working memory of one batch: parallel arrays, one place to free. */
struct batch {
    size_t n;
    struct cw_buf *bytes;        /* encoded fingerprints */
    struct cw_buf *local;        /* of sightings: their descriptors, kept apart */
    struct cw_found_list *found; /* before the write */
    struct cw_match **matches;   /* the same, as the store wants them */
};

static void batch_done(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        cw_buf_done(&b->bytes[i]);
        cw_buf_done(&b->local[i]);
        cw_found_list_done(&b->found[i]);
        free(b->matches[i]);
    }
    free(b->bytes);
    free(b->local);
    free(b->found);
    free(b->matches);
}

static int batch_init(struct batch *b, size_t n, struct cw_err *err)
{
    b->bytes = calloc(n, sizeof *b->bytes);
    b->local = calloc(n, sizeof *b->local);
    b->found = calloc(n, sizeof *b->found);
    b->matches = calloc(n, sizeof *b->matches);
    if (b->bytes == NULL || b->local == NULL || b->found == NULL || b->matches == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for %zu records", n);
    }
    b->n = n;
    return 0;
}

/* Encodes item i and copies its matches out of b->found[i]. */
static int batch_prepare(struct batch *b, size_t i, const struct cw_fingerprint *fp,
                         struct cw_err *err)
{
    const struct cw_found_list *l = &b->found[i];
    b->bytes[i] = CW_BUF_INIT(CW_FP_MAX_BYTES);
    cw_fingerprint_encode(fp, &b->bytes[i]);
    CW_TRY(cw_buf_check(&b->bytes[i], "the fingerprint", err));
    if (l->n > 0) {
        b->matches[i] = calloc(l->n, sizeof **b->matches);
        if (b->matches[i] == NULL) {
            return cw_fail(err, CW_E_NO_MEMORY, "out of memory for %zu matches", l->n);
        }
    }
    for (size_t k = 0; k < l->n; k++) {
        b->matches[i][k] = l->items[k].match;
    }
    return 0;
}

/* The same for a sighting: its local descriptors, which may be dropped one day, apart. */
static int batch_prepare_sighting(struct batch *b, size_t i,
                                  const struct cw_fingerprint *fp, struct cw_err *err)
{
    struct cw_fingerprint global = *fp;
    global.n_local = 0;
    global.local = NULL;
    b->local[i] = CW_BUF_INIT(CW_FP_MAX_BYTES);
    cw_fingerprint_encode_local(fp, &b->local[i]);
    CW_TRY(cw_buf_check(&b->local[i], "the local descriptors", err));
    return batch_prepare(b, i, &global, err);
}

/* Records matches that the search before the write could not see. `asset` or `sighting`
 * is the side that was just written; the other number is in the matches. */
static int record_late(struct cw_app *app, cw_studio_no studio,
                       struct cw_found_list *late, cw_asset_no asset,
                       cw_sighting_no sighting, struct cw_err *err)
{
    if (late->n == 0) {
        return 0;
    }
    struct cw_match *m = calloc(late->n, sizeof *m);
    if (m == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for %zu matches", late->n);
    }
    for (size_t i = 0; i < late->n; i++) {
        m[i] = late->items[i].match;
        m[i].asset = asset != 0 ? asset : m[i].asset;
        m[i].sighting = sighting != 0 ? sighting : m[i].sighting;
    }
    const int rc = cw_store_record_matches(app->store, studio, m, late->n, err);
    free(m);
    return rc;
}

/* ---- assets ----------------------------------------------------------------------- */

/* Everything that makes a version: an equal digest means that nothing changed. */
static void asset_digest(const struct cw_asset_in *in, struct cw_bytes fingerprint,
                         uint8_t out[32])
{
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(CW_FP_MAX_BYTES + 64);
    cw_put_u8(&text, in->kind);
    cw_put_u64(&text, in->embargo_until_us);
    cw_put_bytes32(&text, fingerprint);
    cw_sha256(cw_buf_view(&text), out);
}

static void fill_registration(struct cw_registration *r, const struct cw_key_record *who,
                              const char *collection, const struct cw_asset_in *in,
                              const struct batch *b, size_t i, bool replace)
{
    struct cw_asset *a = &r->asset;
    a->studio = who->studio;
    a->kind = in->kind;
    a->weak = in->fp.quality < CW_QUALITY_WEAK;
    memcpy(a->collection, collection, strlen(collection) + 1);
    memcpy(a->id, in->id, sizeof a->id);
    a->embargo_until_us = in->embargo_until_us;
    a->registered_us = cw_utc_us();
    a->fingerprint = cw_buf_view(&b->bytes[i]);
    asset_digest(in, a->fingerprint, a->digest);
    r->n_rows = cw_search_rows(&in->fp, r->rows);
    r->matches = b->matches[i];
    r->n_matches = b->found[i].n;
    r->replace = replace;
}

/* Commits are in order, publications are not: a version that was committed later may have
 * been published first, and could not take this one out because it was not there yet. So
 * whoever publishes looks at the store afterwards: either it sees the later commit here,
 * or the later one finds these rows. */
static int still_live(struct cw_app *app, const struct cw_registration *r, cw_asset_no no,
                      bool *out, struct cw_err *err)
{
    struct cw_asset now;
    const int rc = cw_store_get_asset(app->store, r->asset.studio, r->asset.collection,
                                      r->asset.id, &now, NULL, err);
    *out = rc == 0 && now.no == no;
    return rc == CW_E_NOT_FOUND ? 0 : rc;
}

/* After the commit: publish the new version, take the old one out, look once more. An
 * unchanged asset wrote nothing, not even the matches that were found: they are recorded
 * now (the store skips those it has). */
static int publish_asset(struct cw_app *app, const struct cw_registration *r,
                         const struct cw_asset_in *in, const struct cw_registered *done,
                         struct cw_found_list *found, const struct cw_match_mark *mark,
                         struct cw_err *err)
{
    const struct cw_match_options late_only = {.least = CW_BAND_POSSIBLE, .late = mark};
    CW_AUTO(cw_found_list_done) struct cw_found_list late = {0};
    if (done->rc != 0) {
        return 0;
    }
    if (done->outcome == CW_UNCHANGED) {
        return record_late(app, r->asset.studio, found, done->no, 0, err);
    }
    const struct cw_published published = {.studio = r->asset.studio,
                                           .no = done->no,
                                           .rows = r->rows,
                                           .n_rows = r->n_rows,
                                           .fp = &in->fp,
                                           .collection = r->asset.collection};
    CW_TRY(cw_registry_publish_asset(app->registry, &published, err));
    if (done->replaced != 0) {
        CW_TRY(cw_registry_withdraw(app->registry, r->asset.studio, done->replaced, err));
    }
    bool live;
    CW_TRY(still_live(app, r, done->no, &live, err));
    if (!live) {
        return cw_registry_hide(app->registry, r->asset.studio, done->no, err);
    }
    CW_TRY(cw_match_sightings(app, r->asset.studio, &in->fp, &late_only, &late, err));
    return record_late(app, r->asset.studio, &late, done->no, 0, err);
}

int cw_ingest_assets(struct cw_app *app, const struct cw_key_record *who,
                     const char *collection, const struct cw_asset_in *in, size_t n,
                     bool replace, struct cw_registered *out, struct cw_err *err)
{
    CW_AUTO(batch_done) struct batch b = {0};
    const struct cw_match_mark mark = cw_match_mark_sightings(app);
    CW_TRY(batch_init(&b, n, err));
    struct cw_registration *r = calloc(n, sizeof *r);
    int rc = r == NULL ? cw_fail(err, CW_E_NO_MEMORY, "out of memory") : 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = cw_match_sightings(app, who->studio, &in[i].fp, &alarms, &b.found[i], err);
        rc = rc == 0 ? batch_prepare(&b, i, &in[i].fp, err) : rc;
        if (rc == 0) {
            fill_registration(&r[i], who, collection, &in[i], &b, i, replace);
        }
    }
    cw_registry_begin_change(app->registry);
    rc = rc == 0 ? cw_store_register(app->store, r, n, who->id, out, err) : rc;
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = publish_asset(app, &r[i], &in[i], &out[i], &b.found[i], &mark, err);
    }
    cw_registry_end_change(app->registry);
    free(r);
    if (rc == 0) {
        cw_metrics_count(app->metrics, CW_COUNT_REGISTERED, n);
    }
    return rc;
}

/* ---- sightings -------------------------------------------------------------------- */

static int fill_sighting(struct cw_new_sighting *s, const struct cw_key_record *who,
                         const struct cw_sighting_in *in, const struct batch *b, size_t i,
                         struct cw_err *err)
{
    s->sighting = in->sighting;
    CW_TRY(cw_host_of(in->sighting.url, in->sighting.ip, s->sighting.host, err));
    s->sighting.studio = who->studio;
    memcpy(s->sighting.actor, who->id, sizeof who->id);
    s->sighting.received_us = cw_utc_us();
    if (s->sighting.fetched_us == 0 || s->sighting.fetched_us > s->sighting.received_us) {
        s->sighting.fetched_us = s->sighting.received_us; /* nobody finds in the future */
    }
    s->sighting.fingerprint = cw_buf_view(&b->bytes[i]);
    s->local = cw_buf_view(&b->local[i]);
    s->n_rows = cw_search_rows(&in->fp, s->rows);
    s->matches = b->matches[i];
    s->n_matches = b->found[i].n;
    return 0;
}

static int publish_sighting(struct cw_app *app, const struct cw_new_sighting *s,
                            const struct cw_sighting_in *in,
                            const struct cw_recorded *done,
                            const struct cw_match_mark *mark, struct cw_err *err)
{
    const struct cw_match_options late_only = {
        .least = CW_BAND_POSSIBLE, .fast = in->fast, .late = mark};
    CW_AUTO(cw_found_list_done) struct cw_found_list late = {0};
    if (done->rc != 0) {
        return 0;
    }
    const struct cw_published published = {.studio = s->sighting.studio,
                                           .no = done->no,
                                           .rows = s->rows,
                                           .n_rows = s->n_rows,
                                           .fp = &in->fp};
    CW_TRY(cw_registry_publish_sighting(app->registry, &published, err));
    CW_TRY(cw_match_assets(app, s->sighting.studio, &in->fp, &late_only, &late, err));
    cw_metrics_count(app->metrics, CW_COUNT_MATCHES, s->n_matches + late.n);
    return record_late(app, s->sighting.studio, &late, 0, done->no, err);
}

int cw_ingest_sightings(struct cw_app *app, const struct cw_key_record *who,
                        const struct cw_sighting_in *in, size_t n,
                        struct cw_recorded *out, struct cw_err *err)
{
    CW_AUTO(batch_done) struct batch b = {0};
    const struct cw_match_mark mark = cw_match_mark_assets(app);
    CW_TRY(batch_init(&b, n, err));
    struct cw_new_sighting *s = calloc(n, sizeof *s);
    int rc = s == NULL ? cw_fail(err, CW_E_NO_MEMORY, "out of memory") : 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        const struct cw_match_options options = {.least = CW_BAND_POSSIBLE,
                                                 .fast = in[i].fast};
        rc = cw_match_assets(app, who->studio, &in[i].fp, &options, &b.found[i], err);
        rc = rc == 0 ? batch_prepare_sighting(&b, i, &in[i].fp, err) : rc;
        rc = rc == 0 ? fill_sighting(&s[i], who, &in[i], &b, i, err) : rc;
    }
    cw_registry_begin_change(app->registry);
    rc = rc == 0 ? cw_store_record_sightings(app->store, s, n, out, err) : rc;
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = publish_sighting(app, &s[i], &in[i], &out[i], &mark, err);
    }
    cw_registry_end_change(app->registry);
    free(s);
    if (rc == 0) {
        cw_metrics_count(app->metrics, CW_COUNT_SIGHTINGS, n);
    }
    return rc;
}

/* ---- after a crash ---------------------------------------------------------------- */

struct recent {
    size_t n;
    struct recent_sighting {
        cw_studio_no studio;
        cw_sighting_no no;
        uint64_t at_us;
    } items[CW_SLOTS * RECHECK_ENTRIES];
};

static bool note_recent(void *ctx, const struct cw_feed_entry *e)
{
    struct recent *r = ctx;
    if (!e->retire && r->n < sizeof r->items / sizeof *r->items) {
        r->items[r->n++] = (struct recent_sighting){.studio = e->studio, .no = e->no};
    }
    return true;
}

/* The newest sightings of every slot, with the time each was received. */
static int read_recent(struct cw_app *app, struct recent *r, struct cw_err *err)
{
    uint64_t heads[CW_SLOTS];
    CW_TRY(cw_store_heads(app->store, CW_FEED_SIGHTINGS, heads, err));
    for (unsigned slot = 0; slot < CW_SLOTS; slot++) {
        const uint64_t head = heads[slot];
        CW_TRY(cw_store_read_feed(app->store, CW_FEED_SIGHTINGS, slot,
                                  head > RECHECK_ENTRIES ? head - RECHECK_ENTRIES : 0,
                                  note_recent, r, err));
    }
    for (size_t i = 0; i < r->n; i++) {
        struct cw_sighting s;
        CW_TRY(cw_store_get_sighting_no(app->store, r->items[i].studio, r->items[i].no,
                                        &s, NULL, err));
        r->items[i].at_us = s.received_us;
    }
    return 0;
}

static int recheck_sighting(struct cw_app *app, const struct recent_sighting *item,
                            struct cw_err *err)
{
    struct cw_sighting s;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    CW_AUTO(cw_found_list_done) struct cw_found_list found = {0};
    CW_TRY(cw_read_sighting(app, item->studio, item->no, &s, &fp, err));
    CW_TRY(cw_match_assets(app, item->studio, &fp, &alarms, &found, err));
    return record_late(app, item->studio, &found, 0, item->no, err);
}

int cw_ingest_recheck(struct cw_app *app, struct cw_err *err)
{
    struct recent *r = calloc(1, sizeof *r);
    uint64_t newest = 0;
    if (r == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    int rc = read_recent(app, r, err);
    for (size_t i = 0; i < r->n; i++) {
        newest = r->items[i].at_us > newest ? r->items[i].at_us : newest;
    }
    for (size_t i = 0; i < r->n && rc == 0; i++) {
        if (r->items[i].at_us + RECHECK_US >= newest) {
            rc = recheck_sighting(app, &r->items[i], err);
        }
    }
    free(r);
    return rc;
}

/* A slot's sightings, some at a time. */
struct rest {
    size_t n;
    uint64_t last; /* place in the feed of the last one noted */
    struct recent_sighting items[RECHECK_ENTRIES];
};

static bool note_rest(void *ctx, const struct cw_feed_entry *e)
{
    struct rest *r = ctx;
    if (r->n == RECHECK_ENTRIES) {
        return false;
    }
    r->last = e->seq;
    if (!e->retire) {
        r->items[r->n++] = (struct recent_sighting){.studio = e->studio, .no = e->no};
    }
    return true;
}

int cw_ingest_recheck_since(struct cw_app *app, const uint64_t after[CW_SLOTS],
                            struct cw_err *err)
{
    for (unsigned slot = 0; slot < CW_SLOTS; slot++) {
        struct rest r = {.last = after[slot]};
        uint64_t from;
        do {
            from = r.last;
            r.n = 0;
            CW_TRY(cw_store_read_feed(app->store, CW_FEED_SIGHTINGS, slot, from,
                                      note_rest, &r, err));
            for (size_t i = 0; i < r.n; i++) {
                CW_TRY(recheck_sighting(app, &r.items[i], err));
            }
        } while (r.last != from);
    }
    return 0;
}
