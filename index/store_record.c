#include "index/store_record.h"

#include <string.h>

/* ---- pieces ----------------------------------------------------------------------- */

static void put_version(struct cw_buf *b)
{
    cw_put_u8(b, CW_RECORD_VERSION);
}

static void get_version(struct cw_reader *r)
{
    if (cw_get_u8(r) != CW_RECORD_VERSION) {
        r->failed = true;
    }
}

static void put_text(struct cw_buf *b, const char *s)
{
    cw_put_bytes16(b, cw_bytes_str(s));
}

static void get_text(struct cw_reader *r, char *dst, size_t cap)
{
    struct cw_bytes text = cw_get_bytes16(r);
    if (cw_copy_text(dst, cap, text, "text", NULL) != 0) {
        r->failed = true;
        dst[0] = '\0';
    }
}

static void get_raw(struct cw_reader *r, uint8_t *dst, size_t len)
{
    struct cw_bytes raw = cw_get_bytes(r, len);
    if (raw.len == len) {
        memcpy(dst, raw.p, len);
    } else {
        memset(dst, 0, len);
    }
}

/* A number that must lie in min..max, such as an enum. */
static uint8_t get_range(struct cw_reader *r, uint8_t min, uint8_t max)
{
    const uint8_t v = cw_get_u8(r);
    if (v < min || v > max) {
        r->failed = true;
        return min;
    }
    return v;
}

static bool get_bool(struct cw_reader *r)
{
    return get_range(r, 0, 1) != 0;
}

/* ---- keys, collections ------------------------------------------------------------ */

void cw_record_put_key(struct cw_buf *b, const struct cw_key_record *k)
{
    put_version(b);
    cw_put_u32(b, k->studio);
    cw_put_u8(b, k->role);
    cw_put_u8(b, k->disclosure);
    cw_buf_add(b, k->secret_hash, sizeof k->secret_hash);
    cw_put_u64(b, k->created_us);
    cw_put_u64(b, k->revoked_us);
    put_text(b, k->label);
}

int cw_record_get_key(struct cw_bytes in, struct cw_key_record *out, struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(in);
    get_version(&r);
    out->studio = cw_get_u32(&r);
    out->role = get_range(&r, CW_ROLE_STUDIO, CW_ROLE_ADMIN);
    out->disclosure = get_range(&r, CW_DISCLOSE_RECEIPT, CW_DISCLOSE_DETAIL);
    get_raw(&r, out->secret_hash, sizeof out->secret_hash);
    out->created_us = cw_get_u64(&r);
    out->revoked_us = cw_get_u64(&r);
    get_text(&r, out->label, sizeof out->label);
    return cw_reader_end(&r, "key record", err);
}

void cw_record_put_collection(struct cw_buf *b, const struct cw_collection_record *c)
{
    put_version(b);
    cw_put_u32(b, c->no);
    cw_put_u64(b, c->c.embargo_until_us);
    cw_put_u64(b, c->c.created_us);
    cw_put_u64(b, c->c.n_assets);
    put_text(b, c->c.title);
}

int cw_record_get_collection(struct cw_bytes in, struct cw_collection_record *out,
                             struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(in);
    get_version(&r);
    out->no = cw_get_u32(&r);
    out->c.embargo_until_us = cw_get_u64(&r);
    out->c.created_us = cw_get_u64(&r);
    out->c.n_assets = cw_get_u64(&r);
    get_text(&r, out->c.title, sizeof out->c.title);
    return cw_reader_end(&r, "collection record", err);
}

/* ---- assets, sightings, matches --------------------------------------------------- */

void cw_record_put_asset_name(struct cw_buf *b, const struct cw_asset_name *n)
{
    put_version(b);
    cw_put_u64(b, n->no);
    cw_put_u32(b, n->version);
    cw_put_u8(b, n->live);
}

int cw_record_get_asset_name(struct cw_bytes in, struct cw_asset_name *out,
                             struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(in);
    get_version(&r);
    out->no = cw_get_u64(&r);
    out->version = cw_get_u32(&r);
    out->live = get_bool(&r);
    return cw_reader_end(&r, "asset name record", err);
}

void cw_record_put_asset(struct cw_buf *b, const struct cw_asset *a)
{
    put_version(b);
    cw_put_u32(b, a->version);
    cw_put_u8(b, a->kind);
    cw_put_u8(b, a->weak);
    put_text(b, a->collection);
    put_text(b, a->id);
    cw_put_u64(b, a->embargo_until_us);
    cw_put_u64(b, a->registered_us);
    cw_buf_add(b, a->digest, sizeof a->digest);
    cw_put_bytes32(b, a->fingerprint);
}

int cw_record_get_asset(struct cw_bytes in, struct cw_asset *out, struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(in);
    get_version(&r);
    out->version = cw_get_u32(&r);
    out->kind = get_range(&r, CW_KIND_FRAME, CW_KIND_SHEET);
    out->weak = get_bool(&r);
    get_text(&r, out->collection, sizeof out->collection);
    get_text(&r, out->id, sizeof out->id);
    out->embargo_until_us = cw_get_u64(&r);
    out->registered_us = cw_get_u64(&r);
    get_raw(&r, out->digest, sizeof out->digest);
    out->fingerprint = cw_get_bytes32(&r);
    return cw_reader_end(&r, "asset record", err);
}

void cw_record_put_sighting(struct cw_buf *b, const struct cw_sighting *s)
{
    put_version(b);
    cw_buf_add(b, s->id, sizeof s->id);
    cw_buf_add(b, s->digest, sizeof s->digest);
    cw_buf_add(b, s->actor, sizeof s->actor);
    put_text(b, s->url);
    put_text(b, s->ip);
    put_text(b, s->host);
    cw_put_u64(b, s->fetched_us);
    cw_put_u64(b, s->received_us);
    cw_put_bytes32(b, s->fingerprint);
}

int cw_record_get_sighting(struct cw_bytes in, struct cw_sighting *out,
                           struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(in);
    get_version(&r);
    get_raw(&r, out->id, sizeof out->id);
    get_raw(&r, out->digest, sizeof out->digest);
    get_raw(&r, out->actor, sizeof out->actor);
    get_text(&r, out->url, sizeof out->url);
    get_text(&r, out->ip, sizeof out->ip);
    get_text(&r, out->host, sizeof out->host);
    out->fetched_us = cw_get_u64(&r);
    out->received_us = cw_get_u64(&r);
    out->fingerprint = cw_get_bytes32(&r);
    return cw_reader_end(&r, "sighting record", err);
}

/* Version 1 of a match had no score, and the edges of a rectangle instead of corners. */
#define MATCH_VERSION 2

static void put_place(struct cw_buf *b, struct cw_place p)
{
    cw_put_u16(b, p.x);
    cw_put_u16(b, p.y);
}

static struct cw_place get_place(struct cw_reader *r)
{
    struct cw_place p;
    p.x = cw_get_u16(r);
    p.y = cw_get_u16(r);
    return p;
}

static void get_area(struct cw_reader *r, struct cw_match *out)
{
    const uint16_t left = cw_get_u16(r);
    const uint16_t top = cw_get_u16(r);
    const uint16_t right = cw_get_u16(r);
    const uint16_t bottom = cw_get_u16(r);
    const struct cw_place found[] = {
        {left, top}, {right, top}, {right, bottom}, {left, bottom}};
    static const struct cw_place whole[] = {
        {0, 0}, {UINT16_MAX, 0}, {UINT16_MAX, UINT16_MAX}, {0, UINT16_MAX}};
    out->n_corners = 4;
    memcpy(out->found, found, sizeof found);
    memcpy(out->shown, whole, sizeof whole);
}

void cw_record_put_match(struct cw_buf *b, const struct cw_match_record *m)
{
    cw_put_u8(b, MATCH_VERSION);
    cw_put_u64(b, m->incident);
    cw_put_u16(b, m->m.distance);
    cw_put_u16(b, (uint16_t)m->m.equivalent);
    cw_put_u16(b, m->m.score);
    cw_put_u8(b, m->m.view);
    cw_put_u8(b, m->m.turn);
    cw_put_u8(b, m->m.agreeing);
    cw_put_u8(b, m->m.n_corners);
    for (size_t i = 0; i < m->m.n_corners; i++) {
        put_place(b, m->m.found[i]);
        put_place(b, m->m.shown[i]);
    }
    cw_put_u8(b, m->m.inverted);
    cw_put_u8(b, m->m.exact_bytes);
    cw_put_u8(b, m->m.lookback);
    cw_put_u8(b, m->m.band);
    cw_put_u32(b, m->m.confidence);
    cw_put_u64(b, m->m.at_us);
}

int cw_record_get_match(struct cw_bytes in, struct cw_match_record *out,
                        struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(in);
    const uint8_t version = get_range(&r, CW_RECORD_VERSION, MATCH_VERSION);
    out->incident = cw_get_u64(&r);
    out->m.distance = cw_get_u16(&r);
    out->m.equivalent =
        (int16_t)(version == CW_RECORD_VERSION ? out->m.distance * CW_MATCH_ONE
                                               : cw_get_u16(&r));
    out->m.score = version == CW_RECORD_VERSION ? 0 : cw_get_u16(&r);
    out->m.view = cw_get_u8(&r);
    out->m.turn = cw_get_u8(&r);
    out->m.agreeing = cw_get_u8(&r);
    if (version == CW_RECORD_VERSION) {
        get_area(&r, &out->m);
    } else {
        out->m.n_corners = get_range(&r, 0, CW_MATCH_CORNERS);
        for (size_t i = 0; i < out->m.n_corners; i++) {
            out->m.found[i] = get_place(&r);
            out->m.shown[i] = get_place(&r);
        }
    }
    out->m.inverted = get_bool(&r);
    out->m.exact_bytes = get_bool(&r);
    out->m.lookback = get_bool(&r);
    out->m.band = cw_get_u8(&r);
    out->m.confidence = cw_get_u32(&r);
    out->m.at_us = cw_get_u64(&r);
    return cw_reader_end(&r, "match record", err);
}

/* ---- incidents -------------------------------------------------------------------- */

void cw_record_put_incident(struct cw_buf *b, const struct cw_incident *i)
{
    put_version(b);
    cw_put_u64(b, i->version);
    cw_put_u8(b, i->state);
    cw_put_u8(b, i->band);
    cw_put_u32(b, i->confidence);
    put_text(b, i->collection);
    put_text(b, i->host);
    cw_put_u64(b, i->n_matches);
    cw_put_u64(b, i->n_undecided);
    cw_put_u64(b, i->first_seen_us);
    cw_put_u64(b, i->last_seen_us);
    cw_put_u64(b, i->opened_us);
    cw_put_u64(b, i->changed_us);
}

int cw_record_get_incident(struct cw_bytes in, struct cw_incident *out,
                           struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(in);
    get_version(&r);
    out->version = cw_get_u64(&r);
    out->state = get_range(&r, CW_STATE_NEW, CW_STATE_CLOSED);
    out->band = cw_get_u8(&r);
    out->confidence = cw_get_u32(&r);
    get_text(&r, out->collection, sizeof out->collection);
    get_text(&r, out->host, sizeof out->host);
    out->n_matches = cw_get_u64(&r);
    out->n_undecided = cw_get_u64(&r);
    out->first_seen_us = cw_get_u64(&r);
    out->last_seen_us = cw_get_u64(&r);
    out->opened_us = cw_get_u64(&r);
    out->changed_us = cw_get_u64(&r);
    return cw_reader_end(&r, "incident record", err);
}

void cw_record_put_history(struct cw_buf *b, const struct cw_history_record *h)
{
    put_version(b);
    cw_put_u8(b, h->h.act);
    cw_put_u8(b, h->h.state_before);
    cw_put_u8(b, h->h.state_after);
    cw_buf_add(b, h->h.actor, sizeof h->h.actor);
    cw_put_u64(b, h->h.at_us);
    cw_put_u64(b, h->undecided_before);
    put_text(b, h->h.text);
}

int cw_record_get_history(struct cw_bytes in, struct cw_history_record *out,
                          struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(in);
    get_version(&r);
    out->h.act = get_range(&r, CW_ACT_DECISION, CW_ACT_COMMENT);
    out->h.state_before = get_range(&r, CW_STATE_NEW, CW_STATE_CLOSED);
    out->h.state_after = get_range(&r, CW_STATE_NEW, CW_STATE_CLOSED);
    get_raw(&r, out->h.actor, sizeof out->h.actor);
    out->h.at_us = cw_get_u64(&r);
    out->undecided_before = cw_get_u64(&r);
    get_text(&r, out->h.text, sizeof out->h.text);
    return cw_reader_end(&r, "history record", err);
}

/* ---- log, feed, numbers ----------------------------------------------------------- */

/* Version 1 of an event had no hashes. Each version has its own line of JSON: see
 * index/event_json.h. */
#define EVENT_VERSION 2

void cw_record_put_event(struct cw_buf *b, const struct cw_event *e)
{
    cw_put_u8(b, EVENT_VERSION);
    cw_put_u64(b, e->at_us);
    cw_put_u32(b, e->studio);
    cw_put_u8(b, e->type);
    cw_buf_add(b, e->actor, sizeof e->actor);
    cw_put_u64(b, e->incident);
    put_text(b, e->collection);
    put_text(b, e->subject);
    put_text(b, e->detail);
    cw_buf_add(b, e->hash, sizeof e->hash);
    cw_buf_add(b, e->chain, sizeof e->chain);
}

int cw_record_get_event(struct cw_bytes in, struct cw_event *out, struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(in);
    if (cw_get_u8(&r) != EVENT_VERSION) {
        r.failed = true;
    }
    out->at_us = cw_get_u64(&r);
    out->studio = cw_get_u32(&r);
    out->type = get_range(&r, CW_EVENT_KEY_CREATED, CW_EVENT_INCIDENT_COMMENTED);
    get_raw(&r, out->actor, sizeof out->actor);
    out->incident = cw_get_u64(&r);
    get_text(&r, out->collection, sizeof out->collection);
    get_text(&r, out->subject, sizeof out->subject);
    get_text(&r, out->detail, sizeof out->detail);
    get_raw(&r, out->hash, sizeof out->hash);
    get_raw(&r, out->chain, sizeof out->chain);
    return cw_reader_end(&r, "event record", err);
}

void cw_record_put_feed(struct cw_buf *b, const struct cw_feed_entry *e)
{
    put_version(b);
    cw_put_u8(b, e->retire);
    cw_put_u32(b, e->studio);
    cw_put_u64(b, e->no);
    cw_put_u8(b, (uint8_t)e->n_rows);
    for (size_t i = 0; i < e->n_rows; i++) {
        cw_put_u8(b, e->rows[i].kind);
        cw_buf_add(b, e->rows[i].hash.b, CW_HASH_BYTES);
    }
}

int cw_record_get_feed(struct cw_bytes in, struct cw_feed_entry *out, struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(in);
    get_version(&r);
    out->retire = get_bool(&r);
    out->studio = cw_get_u32(&r);
    out->no = cw_get_u64(&r);
    out->n_rows = get_range(&r, 0, out->retire ? 0 : CW_ROWS_PER_RECORD);
    for (size_t i = 0; i < out->n_rows; i++) {
        out->rows[i].kind = cw_get_u8(&r);
        get_raw(&r, out->rows[i].hash.b, CW_HASH_BYTES);
    }
    return cw_reader_end(&r, "feed record", err);
}

void cw_record_put_number(struct cw_buf *b, uint64_t v)
{
    put_version(b);
    cw_put_u64(b, v);
}

int cw_record_get_number(struct cw_bytes in, uint64_t *out, struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(in);
    get_version(&r);
    *out = cw_get_u64(&r);
    return cw_reader_end(&r, "number record", err);
}
