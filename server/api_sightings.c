/* api_sightings.c - recording what crawlers found, and telling them as little as they may
 * know. */
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "server/api.h"
#include "server/body.h"
#include "server/folding.h"
#include "server/host.h"
#include "server/ingest.h"
#include "server/match_json.h"
#include "server/names.h"

/* ---- what comes in ---------------------------------------------------------------- */

/* Refuses a sighting without a place, before anything is decoded. In a body the pointer
 * names the member that is wrong; a place that is missing has none. */
static int check_place(const struct cw_sighting *s, enum cw_problem problem,
                       struct cw_refusal *why)
{
    char host[CW_HOST_CAP];
    struct cw_err err;
    if (cw_host_of(s->url, s->ip, host, &err) == 0) {
        return 0;
    }
    const bool bad_url = s->url[0] != '\0' && cw_host_of(s->url, "", host, NULL) != 0;
    const char *pointer = bad_url ? "/url" : s->ip[0] != '\0' ? "/ip" : "";
    return cw_refuse(why, problem, problem == CW_P_BAD_FIELD ? pointer : "", "%s",
                     err.text);
}

/* ?url=&ip=&fetched_at= beside a picture. */
static int read_params(const struct cw_request *r, struct cw_sighting *s,
                       struct cw_refusal *why)
{
    static const char *const names[] = {"url", "ip", "fetched_at", "effort"};
    const char *ip = cw_request_param(r, "ip");
    const char *url = cw_request_param(r, "url");
    if (cw_request_only_params(r, names, 4, why) != 0 ||
        cw_request_time(r, "fetched_at", &s->fetched_us, why) != 0) {
        return -1;
    }
    if (cw_copy_text(s->ip, sizeof s->ip, cw_bytes_str(ip), "ip", NULL) != 0) {
        return cw_refuse(why, CW_P_BAD_QUERY, "", "ip is not an IPv4 or IPv6 address");
    }
    if (cw_copy_text(s->url, sizeof s->url, cw_bytes_str(url), "url", NULL) != 0) {
        return cw_refuse(why, CW_P_BAD_QUERY, "", "url is longer than %d bytes",
                         CW_URL_CAP - 1);
    }
    return 0;
}

/* {"fingerprint","url"?,"ip"?,"fetched_at"?}: a body or a line. Fields override
 * parameters. */
static int read_object(struct cw_bytes text, const char *what, struct cw_sighting_in *in,
                       struct cw_refusal *why)
{
    static const char *const names[] = {"fingerprint", "url", "ip", "fetched_at"};
    struct cw_sighting *s = &in->sighting;
    CW_AUTO(cw_json_free) struct cw_json *body = NULL;
    if (cw_body_object(text, what, &body, why) != 0 ||
        cw_body_only(body, names, 4, why) != 0 ||
        cw_body_text(body, "url", true, s->url, sizeof s->url, why) != 0 ||
        cw_body_text(body, "ip", true, s->ip, sizeof s->ip, why) != 0 ||
        cw_body_time(body, "fetched_at", &s->fetched_us, why) != 0 ||
        check_place(s, CW_P_BAD_FIELD, why) != 0) {
        return -1;
    }
    return cw_body_fingerprint(body, &in->fp, why);
}

/* What makes two requests the same request. */
static void digest_of(const struct cw_sighting_in *in, uint8_t out[32])
{
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(CW_FP_MAX_BYTES + 4096);
    cw_put_bytes16(&text, cw_bytes_str(in->sighting.url));
    cw_put_bytes16(&text, cw_bytes_str(in->sighting.ip));
    cw_put_u64(&text, in->sighting.fetched_us);
    cw_fingerprint_encode(&in->fp, &text);
    cw_sha256(cw_buf_view(&text), out);
}

/* The sighting's id: new, or the same again for the same Idempotency-Key and line. */
static void give_id(const struct cw_request *r, size_t line, struct cw_sighting_in *in)
{
    uint8_t id[32];
    digest_of(in, in->sighting.digest);
    if (r->idempotency_key[0] == '\0') {
        cw_random(id, sizeof id);
    } else {
        CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(1024);
        cw_buf_add(&text, r->key.id, sizeof r->key.id);
        cw_put_u64(&text, line);
        cw_buf_add_str(&text, r->idempotency_key);
        cw_sha256(cw_buf_view(&text), id);
    }
    memcpy(in->sighting.id, id, CW_SIGHTING_ID_BYTES);
}

/* ---- what goes out ---------------------------------------------------------------- */

struct gather {
    size_t n, cap;
    struct cw_match *items;
};

static bool gather_match(void *ctx, const struct cw_match *m)
{
    struct gather *g = ctx;
    if (g->n == g->cap) {
        const size_t cap = g->cap == 0 ? 16 : g->cap * 2;
        struct cw_match *items = realloc(g->items, cap * sizeof *items);
        if (items == NULL) {
            return false;
        }
        g->items = items;
        g->cap = cap;
    }
    g->items[g->n++] = *m;
    return g->n < CW_MATCHES_MAX;
}

/* The recorded matches of a sighting, best first. */
static int read_matches(struct cw_app *app, cw_studio_no studio, cw_sighting_no no,
                        struct cw_found_list *out, struct cw_err *err)
{
    struct gather g = {0};
    int rc =
        cw_store_list_sighting_matches(app->store, studio, no, gather_match, &g, err);
    if (rc == 0 && g.n > 0) {
        out->items = calloc(g.n, sizeof *out->items);
        out->cap = out->items == NULL ? 0 : g.n;
        rc = out->items == NULL ? cw_fail(err, CW_E_NO_MEMORY, "out of memory") : 0;
    }
    for (size_t i = 0; i < g.n && rc == 0; i++) {
        struct cw_found *f = &out->items[out->n++];
        f->match = g.items[i];
        f->expected_false = cw_expected_false(app, studio, &f->match);
        rc = cw_store_get_asset_no(app->store, studio, g.items[i].asset, &f->asset, NULL,
                                   err);
        rc = rc == 0 ? cw_read_run(app, studio, g.items[i].asset, &f->run, err) : rc;
    }
    free(g.items);
    cw_found_list_sort(out);
    return rc;
}

/* What a key may know of a sighting's matches, as members of an object that is open. */
static void write_disclosed(struct cw_jw *w, uint8_t disclosure,
                            const struct cw_found_list *l)
{
    if (disclosure != CW_DISCLOSE_RECEIPT) {
        cw_jw_kstr(w, "verdict", cw_verdict(cw_best_band(l)));
    }
    if (disclosure == CW_DISCLOSE_DETAIL) {
        cw_found_list_write(w, l);
    }
}

/* {"sighting","disclosure"} and what this key may know besides. */
static int write_receipt(struct cw_jw *w, struct cw_app *app, const struct cw_request *r,
                         const struct cw_sighting *s, cw_sighting_no no,
                         struct cw_err *err)
{
    CW_AUTO(cw_found_list_done) struct cw_found_list found = {0};
    if (r->key.disclosure != CW_DISCLOSE_RECEIPT) {
        CW_TRY(read_matches(app, r->key.studio, no, &found, err));
    }
    cw_jw_begin_object(w);
    cw_jw_khex(w, "sighting", s->id, sizeof s->id);
    cw_jw_kstr(w, "disclosure", cw_disclosure_name(r->key.disclosure));
    write_disclosed(w, r->key.disclosure, &found);
    cw_jw_end_object(w);
    return 0;
}

/* ---- POST of one ------------------------------------------------------------------ */

static int read_one(struct cw_app *app, const struct cw_request *r,
                    struct cw_sighting_in *in, struct cw_refusal *why)
{
    if (read_params(r, &in->sighting, why) != 0 ||
        cw_request_effort(r, &in->fast, why) != 0) {
        return -1;
    }
    if (r->body_kind == CW_BODY_JSON) {
        return read_object(cw_buf_view(&r->body), "the body", in, why);
    }
    if (check_place(&in->sighting, CW_P_BAD_QUERY, why) != 0) {
        return -1;
    }
    return cw_body_picture(app, r, in->fast ? CW_FAST : CW_LENIENT, &in->fp, why);
}

static void record_one(struct cw_app *app, struct cw_request *r,
                       const struct cw_sighting_in *in)
{
    struct cw_recorded done = {0};
    struct cw_refusal why;
    struct cw_err err;
    if (cw_ingest_sightings(app, &r->key, in, 1, &done, &err) != 0) {
        cw_answer_failure(r, &err);
        return;
    }
    if (done.rc == CW_E_CONFLICT) {
        cw_refuse(&why, CW_P_IDEMPOTENCY_MISMATCH, "", "it was used with other content");
        cw_answer_refusal(r, &why);
        return;
    }
    struct cw_jw w = cw_answer_json(r, 202);
    if (write_receipt(&w, app, r, &in->sighting, done.no, &err) != 0) {
        cw_answer_failure(r, &err);
    } else if (done.rc == CW_E_EXISTS) {
        cw_answer_header(r, "Idempotency-Replayed", "true");
    }
}

static void post_one(struct cw_app *app, struct cw_request *r)
{
    struct cw_refusal why;
    struct cw_sighting_in *in = calloc(1, sizeof *in);
    struct cw_err err;
    if (in == NULL) {
        (void)cw_fail(&err, CW_E_NO_MEMORY, "out of memory");
        cw_answer_failure(r, &err);
        return;
    }
    if (read_one(app, r, in, &why) != 0) {
        cw_answer_refusal(r, &why);
    } else {
        give_id(r, 0, in);
        record_one(app, r, in);
    }
    cw_fingerprint_done(&in->fp);
    free(in);
}

/* ---- POST of many ----------------------------------------------------------------- */

/* A line of a bulk submission: a place among the good ones, or a refusal. */
struct line {
    bool bad;
    size_t place;
    struct cw_refusal why;
};

struct bulk {
    size_t n, n_good;
    struct line *lines;
    struct cw_sighting_in *good;
    struct cw_recorded *done;
};

static void bulk_done(struct bulk *b)
{
    for (size_t i = 0; i < b->n_good; i++) {
        cw_fingerprint_done(&b->good[i].fp);
    }
    free(b->lines);
    free(b->good);
    free(b->done);
}

static int bulk_init(struct bulk *b, size_t max, struct cw_err *err)
{
    b->lines = calloc(max, sizeof *b->lines);
    b->good = calloc(max, sizeof *b->good);
    b->done = calloc(max, sizeof *b->done);
    if (b->lines == NULL || b->good == NULL || b->done == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for %zu lines", max);
    }
    return 0;
}

static size_t count_lines(struct cw_bytes body)
{
    struct cw_bytes text;
    size_t n = 0;
    while (cw_next_line(&body, &text)) {
        n++;
    }
    return n;
}

static void read_lines(const struct cw_request *r, bool fast, struct bulk *b)
{
    struct cw_bytes body = cw_buf_view(&r->body);
    struct cw_bytes text;
    for (; cw_next_line(&body, &text); b->n++) {
        struct line *l = &b->lines[b->n];
        struct cw_sighting_in *in = &b->good[b->n_good];
        memset(in, 0, sizeof *in);
        in->fast = fast;
        l->bad = read_object(text, "the line", in, &l->why) != 0;
        if (!l->bad) {
            give_id(r, b->n, in);
            l->place = b->n_good++;
        }
    }
}

static int answer_line(struct cw_app *app, struct cw_request *r, const struct bulk *b,
                       const struct line *l, struct cw_err *err)
{
    struct cw_jw w = cw_jw_of(&r->answer);
    int rc = 0;
    if (l->bad) {
        cw_problem_line_write(&w, "sighting", "",
                              &l->why); /* set by read_lines with `bad` */
    } else if (b->done[l->place].rc == CW_E_CONFLICT) {
        struct cw_refusal why = {0};
        cw_refuse(&why, CW_P_IDEMPOTENCY_MISMATCH, "", "it was used with other content");
        cw_problem_line_write(&w, "sighting", "", &why);
    } else {
        rc = write_receipt(&w, app, r, &b->good[l->place].sighting, b->done[l->place].no,
                           err);
    }
    cw_buf_add(&r->answer, "\n", 1);
    return rc;
}

static void post_many(struct cw_app *app, struct cw_request *r)
{
    struct cw_refusal why;
    struct cw_err err;
    bool fast;
    CW_AUTO(bulk_done) struct bulk b = {0};
    if (cw_request_effort(r, &fast, &why) != 0) {
        cw_answer_refusal(r, &why);
        return;
    }
    const size_t n = count_lines(cw_buf_view(&r->body));
    if (n > app->conf->bulk_lines) {
        cw_refuse(&why, CW_P_BODY_TOO_LARGE, "", "the limit is %llu lines",
                  (unsigned long long)app->conf->bulk_lines);
        cw_answer_refusal(r, &why);
        return;
    }
    int rc = bulk_init(&b, n + 1, &err);
    if (rc == 0) {
        read_lines(r, fast, &b);
        rc = b.n_good == 0
                 ? 0
                 : cw_ingest_sightings(app, &r->key, b.good, b.n_good, b.done, &err);
    }
    if (rc == 0) {
        cw_answer(r, 200, "application/x-ndjson");
    }
    for (size_t i = 0; i < b.n && rc == 0; i++) {
        rc = answer_line(app, r, &b, &b.lines[i], &err);
    }
    if (rc != 0) {
        cw_answer_failure(r, &err);
    }
}

void cw_api_sighting_post(struct cw_app *app, struct cw_request *r)
{
    if (r->body_kind == CW_BODY_NDJSON) {
        post_many(app, r);
    } else {
        post_one(app, r);
    }
}

/* ---- GET -------------------------------------------------------------------------- */

static int read_sighting(struct cw_app *app, const struct cw_request *r,
                         struct cw_sighting *out, struct cw_err *err)
{
    uint8_t id[CW_SIGHTING_ID_BYTES];
    if (cw_hex_decode(cw_bytes_str(cw_route_arg(r, 0)), id, sizeof id, NULL) != 0) {
        return cw_fail(err, CW_E_NOT_FOUND, "no sighting has such an id");
    }
    CW_TRY(cw_store_get_sighting(app->store, r->key.studio, id, out, NULL, err));
    if (r->key.role == CW_ROLE_CRAWLER &&
        memcmp(out->actor, r->key.id, sizeof out->actor) != 0) {
        return cw_fail(err, CW_E_NOT_FOUND, "another crawler's sighting");
    }
    return 0;
}

void cw_api_sighting_get(struct cw_app *app, struct cw_request *r)
{
    struct cw_refusal why;
    struct cw_err err;
    struct cw_sighting s;
    CW_AUTO(cw_found_list_done) struct cw_found_list found = {0};
    if (r->key.disclosure == CW_DISCLOSE_RECEIPT) {
        cw_refuse(&why, CW_P_DISCLOSURE_FORBIDDEN, "", "this key is given receipts only");
        cw_answer_refusal(r, &why);
        return;
    }
    if (read_sighting(app, r, &s, &err) != 0 ||
        read_matches(app, r->key.studio, s.no, &found, &err) != 0) {
        cw_answer_failure(r, &err);
        return;
    }
    struct cw_jw w = cw_answer_json(r, 200);
    cw_jw_begin_object(&w);
    cw_jw_khex(&w, "sighting", s.id, sizeof s.id);
    cw_jw_kstr(&w, "url", s.url[0] == '\0' ? NULL : s.url);
    cw_jw_kstr(&w, "ip", s.ip[0] == '\0' ? NULL : s.ip);
    cw_jw_kstr(&w, "host", s.host);
    cw_jw_ktime(&w, "fetched_at", s.fetched_us);
    cw_jw_ktime(&w, "received_at", s.received_us);
    write_disclosed(&w, r->key.disclosure, &found);
    cw_jw_end_object(&w);
}
