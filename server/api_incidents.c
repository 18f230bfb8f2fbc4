/* api_incidents.c - listing incidents and showing one with its matches. */
#include <inttypes.h>
#include <string.h>

#include "server/api.h"
#include "server/folding.h"
#include "server/match_json.h"
#include "server/matching.h"
#include "server/names.h"

/* One incident as members of an object that is open. */
static void write_incident(struct cw_jw *w, const struct cw_incident *i)
{
    cw_jw_key(w, "id");
    cw_incident_id_write(w, i->no);
    cw_jw_kstr(w, "state", cw_state_name(i->state));
    cw_jw_kstr(w, "band", cw_band_name(i->band));
    cw_jw_key(w, "confidence");
    cw_jw_fixed(w, i->confidence / 1e6, 6);
    cw_jw_kstr(w, "collection", i->collection);
    cw_jw_kstr(w, "host", i->host);
    cw_jw_ku64(w, "matches", i->n_matches);
    cw_jw_ku64(w, "undecided", i->n_undecided);
    cw_jw_ktime(w, "first_seen", i->first_seen_us);
    cw_jw_ktime(w, "last_seen", i->last_seen_us);
    cw_jw_ktime(w, "opened_at", i->opened_us);
    cw_jw_ktime(w, "changed_at", i->changed_us);
    cw_jw_ku64(w, "version", i->version);
}

/* ---- the list --------------------------------------------------------------------- */

struct listing {
    struct cw_jw w;
    uint64_t limit, n, last;
    bool more;
};

static bool list_incident(void *ctx, const struct cw_incident *i)
{
    struct listing *l = ctx;
    if (l->n == l->limit) {
        l->more = true;
        return false;
    }
    l->n++;
    l->last = i->no;
    cw_jw_begin_object(&l->w);
    write_incident(&l->w, i);
    cw_jw_end_object(&l->w);
    return true;
}

/* A cursor of `n` numbers, all 0 if there is none. */
static int read_numbers(const struct cw_request *r, size_t n, uint64_t out[],
                        struct cw_refusal *why)
{
    CW_AUTO(cw_buf_done) struct cw_buf bytes = CW_BUF_INIT(64);
    if (cw_cursor_read(r, &bytes, why) != 0) {
        return -1;
    }
    struct cw_reader reader = cw_reader_of(cw_buf_view(&bytes));
    for (size_t i = 0; i < n; i++) {
        out[i] = bytes.len == 0 ? 0 : cw_get_u64(&reader);
    }
    if (bytes.len > 0 && cw_reader_end(&reader, "the cursor", NULL) != 0) {
        return cw_refuse(why, CW_P_BAD_QUERY, "",
                         "cursor is none that was given out here");
    }
    return 0;
}

static int read_state(const struct cw_request *r, uint8_t *out, struct cw_refusal *why)
{
    const char *name = cw_request_param(r, "state");
    *out = 0;
    if (name != NULL && !cw_state_parse(cw_bytes_str(name), out)) {
        return cw_refuse(why, CW_P_BAD_QUERY, "", "there is no such state");
    }
    return 0;
}

void cw_api_incident_list(struct cw_app *app, struct cw_request *r)
{
    static const char *const names[] = {"state", "limit", "cursor"};
    struct cw_refusal why;
    struct cw_err err;
    struct listing l = {0};
    uint64_t before;
    uint8_t state;
    CW_AUTO(cw_buf_done) struct cw_buf position = CW_BUF_INIT(16);
    if (cw_request_only_params(r, names, 3, &why) != 0 ||
        read_state(r, &state, &why) != 0 ||
        cw_request_number(r, "limit", 1, 1000, 100, &l.limit, &why) != 0 ||
        read_numbers(r, 1, &before, &why) != 0) {
        cw_answer_refusal(r, &why);
        return;
    }
    l.w = cw_answer_json(r, 200);
    cw_jw_begin_object(&l.w);
    cw_jw_key(&l.w, "items");
    cw_jw_begin_array(&l.w);
    if (cw_store_list_incidents(app->store, r->key.studio, state, before, list_incident,
                                &l, &err) != 0) {
        cw_answer_failure(r, &err);
        return;
    }
    cw_put_u64(&position, l.last);
    cw_answer_list_end(r, &l.w, l.more, cw_buf_view(&position));
}

/* ---- one -------------------------------------------------------------------------- */

/* The incident number of the path; what is none simply is not there. */
static int read_incident(struct cw_app *app, const struct cw_request *r,
                         struct cw_incident *out, struct cw_err *err)
{
    uint64_t no;
    if (!cw_incident_id_parse(cw_route_arg(r, 0), &no)) {
        return cw_fail(err, CW_E_NOT_FOUND, "incidents are INC-1, INC-2, ...");
    }
    return cw_store_get_incident(app->store, r->key.studio, no, out, err);
}

static bool write_history(void *ctx, const struct cw_history *h)
{
    struct cw_jw *w = ctx;
    cw_jw_begin_object(w);
    cw_jw_ku64(w, "version", h->version);
    cw_jw_kstr(w, "act", cw_act_name(h->act));
    cw_jw_kstr(w, "state_before", cw_state_name(h->state_before));
    cw_jw_kstr(w, "state_after", cw_state_name(h->state_after));
    cw_jw_kstr(w, "text", h->text[0] == '\0' ? NULL : h->text);
    cw_jw_khex(w, "actor", h->actor, sizeof h->actor);
    cw_jw_ktime(w, "at", h->at_us);
    cw_jw_end_object(w);
    return true;
}

void cw_answer_incident(struct cw_app *app, struct cw_request *r, unsigned status,
                        const struct cw_incident *i)
{
    struct cw_err err;
    struct cw_jw w = cw_answer_json(r, status);
    cw_jw_begin_object(&w);
    write_incident(&w, i);
    cw_jw_key(&w, "history");
    cw_jw_begin_array(&w);
    if (cw_store_list_history(app->store, i->studio, i->no, write_history, &w, &err) !=
        0) {
        cw_answer_failure(r, &err);
        return;
    }
    cw_jw_end_array(&w);
    cw_jw_end_object(&w);
    cw_answer_header(r, "ETag", "\"%" PRIu64 "\"", i->version);
}

void cw_api_incident_get(struct cw_app *app, struct cw_request *r)
{
    struct cw_err err;
    struct cw_incident i;
    if (read_incident(app, r, &i, &err) != 0) {
        cw_answer_failure(r, &err);
    } else {
        cw_answer_incident(app, r, 200, &i);
    }
}

/* ---- its matches ------------------------------------------------------------------ */

#define PAGE_MATCHES 1000

/* Matches are gathered first and their assets and sightings read afterwards: a callback
 * of the store must not call the store. */
struct page {
    uint64_t limit;
    size_t n;
    bool more;
    struct cw_match items[PAGE_MATCHES];
};

static bool gather_match(void *ctx, const struct cw_match *m)
{
    struct page *p = ctx;
    if (p->n == p->limit) {
        p->more = true;
        return false;
    }
    p->items[p->n++] = *m;
    return true;
}

static int write_match(struct cw_jw *w, struct cw_app *app, cw_studio_no studio,
                       const struct cw_match *m, struct cw_err *err)
{
    struct cw_asset a;
    struct cw_sighting s;
    struct cw_run_note run;
    CW_TRY(cw_store_get_asset_no(app->store, studio, m->asset, &a, NULL, err));
    CW_TRY(cw_read_run(app, studio, m->asset, &run, err));
    CW_TRY(cw_store_get_sighting_no(app->store, studio, m->sighting, &s, NULL, err));
    cw_jw_begin_object(w);
    cw_jw_kstr(w, "asset", a.id);
    cw_jw_ku64(w, "asset_version", a.version);
    cw_jw_kstr(w, "collection", a.collection);
    cw_jw_khex(w, "sighting", s.id, sizeof s.id);
    cw_jw_kstr(w, "url", s.url[0] == '\0' ? NULL : s.url);
    cw_jw_kstr(w, "ip", s.ip[0] == '\0' ? NULL : s.ip);
    cw_jw_ktime(w, "fetched_at", s.fetched_us);
    cw_jw_ktime(w, "received_at", s.received_us);
    cw_run_write(w, &run);
    cw_match_evidence_write(w, m);
    cw_jw_kbool(w, "lookback", m->lookback);
    cw_jw_ktime(w, "matched_at", m->at_us);
    cw_jw_end_object(w);
    return 0;
}

static int write_page(struct cw_app *app, struct cw_request *r, const struct page *p,
                      struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf position = CW_BUF_INIT(16);
    struct cw_jw w = cw_answer_json(r, 200);
    cw_jw_begin_object(&w);
    cw_jw_key(&w, "items");
    cw_jw_begin_array(&w);
    for (size_t i = 0; i < p->n; i++) {
        CW_TRY(write_match(&w, app, r->key.studio, &p->items[i], err));
    }
    if (p->n > 0) {
        cw_put_u64(&position, p->items[p->n - 1].asset);
        cw_put_u64(&position, p->items[p->n - 1].sighting);
    }
    cw_answer_list_end(r, &w, p->more, cw_buf_view(&position));
    return 0;
}

void cw_api_incident_matches(struct cw_app *app, struct cw_request *r)
{
    static const char *const names[] = {"limit", "cursor"};
    struct cw_refusal why;
    struct cw_err err;
    struct cw_incident i;
    struct page p;
    uint64_t after[2];
    p.n = 0;
    p.more = false;
    if (cw_request_only_params(r, names, 2, &why) != 0 ||
        cw_request_number(r, "limit", 1, PAGE_MATCHES, 100, &p.limit, &why) != 0 ||
        read_numbers(r, 2, after, &why) != 0) {
        cw_answer_refusal(r, &why);
        return;
    }
    if (read_incident(app, r, &i, &err) != 0 ||
        cw_store_list_matches(app->store, r->key.studio, i.no, after[0], after[1],
                              gather_match, &p, &err) != 0 ||
        write_page(app, r, &p, &err) != 0) {
        cw_answer_failure(r, &err);
    }
}
