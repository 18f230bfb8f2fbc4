/* store_matches.c - adding matches, which opens incidents and lets them grow; listing
 * them.
 *
 * All matches of one operation are added first; the incidents they touch are kept in
 * memory and written, each with one event, when the operation ends. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index/store_kv.h"

struct cw_touch {
    struct cw_incident incident;
    uint64_t added;
    bool opened; /* by this operation */
};

void cw_touched_done(struct cw_touched *t)
{
    free(t->items);
    *t = (struct cw_touched){0};
}

/* ---- incidents touched ------------------------------------------------------------ */

static struct cw_touch *find_touch(const struct cw_touched *t, cw_studio_no studio,
                                   const char *collection, const char *host)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct cw_incident *in = &t->items[i].incident;
        if (in->studio == studio && strcmp(in->host, host) == 0 &&
            strcmp(in->collection, collection) == 0) {
            return &t->items[i];
        }
    }
    return NULL;
}

static int append_touch(struct cw_touched *t, const struct cw_touch *touch,
                        struct cw_touch **out, struct cw_err *err)
{
    if (t->n == t->cap) {
        const size_t cap = t->cap == 0 ? 8 : t->cap * 2;
        struct cw_touch *items = reallocarray(t->items, cap, sizeof *items);
        if (items == NULL) {
            return cw_fail(err, CW_E_NO_MEMORY, "out of memory for %zu incidents", cap);
        }
        t->items = items;
        t->cap = cap;
    }
    t->items[t->n] = *touch;
    *out = &t->items[t->n++];
    return 0;
}

/* Numbers a new incident and enters it in both of its indexes. */
static int open_incident(struct cw_kv_tx *tx, const struct cw_kk *key,
                         struct cw_incident *in, struct cw_err *err)
{
    CW_TRY(cw_skv_count(tx, CW_COUNTER_INCIDENT, in->studio, 1, &in->no, err));
    CW_TRY(cw_skv_count(tx, CW_COUNTER_INCIDENTS, 0, 1, NULL, err));
    CW_TRY(cw_skv_count(tx, CW_COUNTER_OPEN_INCIDENTS, 0, 1, NULL, err));
    CW_TRY(cw_skv_put_number(tx, CW_TABLE_INCIDENT_KEY, key, in->no, err));
    struct cw_kk by_state = cw_kk_studio(in->studio);
    cw_kk_u8(&by_state, in->state);
    cw_kk_u64(&by_state, in->no);
    return cw_skv_put_empty(tx, CW_TABLE_INCIDENT_STATE, &by_state, err);
}

/* The incident of a collection on a host: touched before, stored, or opened now. */
static int touch_incident(struct cw_kv_tx *tx, const struct cw_asset *a,
                          const struct cw_sighting *s, struct cw_touched *touched,
                          struct cw_touch **out, struct cw_err *err)
{
    struct cw_touch touch = {.incident = {.studio = a->studio, .state = CW_STATE_NEW}};
    struct cw_collection_record c;
    struct cw_bytes value;
    uint64_t no;
    *out = find_touch(touched, a->studio, a->collection, s->host);
    if (*out != NULL) {
        return 0;
    }
    CW_TRY(cw_skv_load_collection(tx, a->studio, a->collection, &c, err));
    struct cw_kk key = cw_kk_studio(a->studio);
    cw_kk_u32(&key, c.no);
    cw_kk_raw(&key, cw_bytes_str(s->host));
    const int rc = cw_skv_get(tx, CW_TABLE_INCIDENT_KEY, &key, &value, err);
    if (rc == CW_E_NOT_FOUND) {
        touch.opened = true;
        memcpy(touch.incident.collection, a->collection, sizeof a->collection);
        memcpy(touch.incident.host, s->host, sizeof s->host);
        CW_TRY(open_incident(tx, &key, &touch.incident, err));
        return append_touch(touched, &touch, out, err);
    }
    CW_TRY(rc);
    CW_TRY(cw_record_get_number(value, &no, err));
    CW_TRY(cw_skv_load_incident(tx, a->studio, no, &touch.incident, err));
    return append_touch(touched, &touch, out, err);
}

static void grow_incident(struct cw_touch *t, const struct cw_match *m,
                          const struct cw_sighting *s)
{
    struct cw_incident *in = &t->incident;
    const uint64_t seen = s->fetched_us != 0 ? s->fetched_us : s->received_us;
    if (in->n_matches == 0) {
        in->opened_us = m->at_us;
        in->first_seen_us = seen;
        in->last_seen_us = seen;
    }
    in->first_seen_us = seen < in->first_seen_us ? seen : in->first_seen_us;
    in->last_seen_us = seen > in->last_seen_us ? seen : in->last_seen_us;
    in->changed_us = m->at_us > in->changed_us ? m->at_us : in->changed_us;
    if (in->n_matches == 0 ||
        m->confidence > in->confidence) { /* the band goes with it */
        in->confidence = m->confidence;
        in->band = m->band;
    }
    in->n_matches++;
    in->n_undecided++;
    t->added++;
}

/* ---- adding ----------------------------------------------------------------------- */

static struct cw_kk incident_match_key(cw_studio_no studio, uint64_t incident,
                                       cw_asset_no asset, cw_sighting_no sighting)
{
    struct cw_kk k = cw_kk_studio_u64_u64(studio, incident, asset);
    cw_kk_u64(&k, sighting);
    return k;
}

static int save_match(struct cw_kv_tx *tx, cw_studio_no studio,
                      const struct cw_match_record *m, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(CW_RECORD_MAX);
    const cw_asset_no asset = m->m.asset;
    const cw_sighting_no sighting = m->m.sighting;
    const struct cw_kk by_asset = cw_kk_studio_u64_u64(studio, asset, sighting);
    const struct cw_kk by_sighting = cw_kk_studio_u64_u64(studio, sighting, asset);
    const struct cw_kk by_incident =
        incident_match_key(studio, m->incident, asset, sighting);
    cw_record_put_match(&b, m);
    CW_TRY(cw_skv_put(tx, CW_TABLE_MATCH, &by_asset, &b, err));
    CW_TRY(cw_skv_put_empty(tx, CW_TABLE_SIGHTING_MATCH, &by_sighting, err));
    return cw_skv_put_empty(tx, CW_TABLE_INCIDENT_MATCH, &by_incident, err);
}

int cw_skv_add_match(struct cw_kv_tx *tx, cw_studio_no studio, const struct cw_match *m,
                     struct cw_touched *touched, struct cw_err *err)
{
    const struct cw_kk key = cw_kk_studio_u64_u64(studio, m->asset, m->sighting);
    struct cw_match_record record = {.m = *m};
    struct cw_touch *touch = NULL;
    struct cw_asset asset;
    struct cw_sighting sighting;
    struct cw_bytes value;
    const int rc = cw_skv_get(tx, CW_TABLE_MATCH, &key, &value, err);
    if (rc != CW_E_NOT_FOUND) {
        return rc;
    }
    CW_TRY(cw_skv_load_asset(tx, studio, m->asset, &asset, err));
    CW_TRY(cw_skv_load_sighting(tx, studio, m->sighting, &sighting, err));
    CW_TRY(touch_incident(tx, &asset, &sighting, touched, &touch, err));
    grow_incident(touch, m, &sighting);
    record.incident = touch->incident.no;
    return save_match(tx, studio, &record, err);
}

int cw_skv_finish_matches(struct cw_kv_tx *tx, const struct cw_touched *touched,
                          const uint8_t actor[CW_KEY_ID_BYTES], struct cw_err *err)
{
    for (size_t i = 0; i < touched->n; i++) {
        const struct cw_touch *t = &touched->items[i];
        struct cw_incident in = t->incident;
        struct cw_event e = {.at_us = in.changed_us,
                             .studio = in.studio,
                             .type = t->opened ? CW_EVENT_INCIDENT_OPENED
                                               : CW_EVENT_INCIDENT_GREW,
                             .incident = in.no};
        in.version++;
        CW_TRY(cw_skv_save_incident(tx, &in, err));
        memcpy(e.actor, actor, sizeof e.actor);
        memcpy(e.collection, in.collection, sizeof e.collection);
        (void)snprintf(e.detail, sizeof e.detail, "%" PRIu64 " %s", t->added,
                       t->added == 1 ? "match" : "matches");
        CW_TRY(cw_skv_append_event(tx, &e, err));
    }
    return 0;
}

/* ---- listing ---------------------------------------------------------------------- */

static int load_match(struct cw_kv_tx *tx, cw_studio_no studio, cw_asset_no asset,
                      cw_sighting_no sighting, struct cw_match *out, struct cw_err *err)
{
    const struct cw_kk key = cw_kk_studio_u64_u64(studio, asset, sighting);
    struct cw_match_record record;
    struct cw_bytes value;
    CW_TRY(cw_skv_need(tx, CW_TABLE_MATCH, &key, "match", &value, err));
    CW_TRY(cw_record_get_match(value, &record, err));
    record.m.asset = asset;
    record.m.sighting = sighting;
    *out = record.m;
    return 0;
}

/* Where the two numbers of a match stand in the keys of a table. */
struct places {
    enum cw_table table;
    size_t asset_at, sighting_at;
};

/* Hands the matches of a scan to fn. */
static int list_from(struct cw_store *s, const struct places *at,
                     const struct cw_kk *from, size_t prefix_len, cw_match_fn *fn,
                     void *ctx, struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    CW_AUTO(cw_scan_done) struct cw_scan scan = {0};
    const cw_studio_no studio = cw_kk_read_u32(cw_kk_view(from), 0);
    struct cw_match m;
    CW_TRY(cw_skv_read(s, &tx, err));
    int rc = cw_scan_from(&scan, tx, at->table, from, prefix_len, err);
    for (; rc == 0; rc = cw_scan_next(&scan, err)) {
        CW_TRY(load_match(tx, studio, cw_kk_read_u64(scan.at.key, at->asset_at),
                          cw_kk_read_u64(scan.at.key, at->sighting_at), &m, err));
        if (!fn(ctx, &m)) {
            return 0;
        }
    }
    return cw_scan_end(rc);
}

int cw_skv_list_sighting_matches(struct cw_store *s, cw_studio_no studio,
                                 cw_sighting_no no, cw_match_fn *fn, void *ctx,
                                 struct cw_err *err)
{
    static const struct places at = {CW_TABLE_SIGHTING_MATCH, 12, 4};
    const struct cw_kk from = cw_kk_studio_u64(studio, no);
    return list_from(s, &at, &from, from.len, fn, ctx, err);
}

int cw_skv_list_asset_matches(struct cw_store *s, cw_studio_no studio, cw_asset_no no,
                              cw_match_fn *fn, void *ctx, struct cw_err *err)
{
    static const struct places at = {CW_TABLE_MATCH, 4, 12};
    const struct cw_kk from = cw_kk_studio_u64(studio, no);
    return list_from(s, &at, &from, from.len, fn, ctx, err);
}

int cw_skv_list_matches(struct cw_store *s, cw_studio_no studio, uint64_t incident,
                        cw_asset_no after_asset, cw_sighting_no after_sighting,
                        cw_match_fn *fn, void *ctx, struct cw_err *err)
{
    static const struct places at = {CW_TABLE_INCIDENT_MATCH, 12, 20};
    const size_t prefix_len = sizeof studio + sizeof incident;
    struct cw_kk from = incident_match_key(studio, incident, after_asset, after_sighting);
    cw_kk_after(&from);
    return list_from(s, &at, &from, prefix_len, fn, ctx, err);
}
