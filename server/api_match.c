/* api_match.c - asking what a picture shows, without recording anything. */
#include <stdlib.h>
#include <string.h>

#include "index/search.h"
#include "server/api.h"
#include "server/body.h"
#include "server/match_json.h"
#include "server/matching.h"
#include "server/names.h"
#include "server/registry.h"

#define BATCH_OWNERS 20 /* nearest assets named for one hash */

static void answer_verdict(struct cw_request *r, const struct cw_found_list *found)
{
    struct cw_jw w = cw_answer_json(r, 200);
    cw_jw_begin_object(&w);
    cw_jw_kstr(&w, "verdict", cw_verdict(cw_best_band(found)));
    cw_jw_end_object(&w);
}

static void answer_matches(struct cw_app *app, struct cw_request *r,
                           const struct cw_fingerprint *fp,
                           const struct cw_found_list *found)
{
    struct cw_jw w = cw_answer_json(r, 200);
    cw_jw_begin_object(&w);
    cw_found_list_write(&w, found);
    cw_jw_kbool(&w, "weak", fp->quality < CW_QUALITY_WEAK);
    cw_jw_ku64(&w, "quality", fp->quality);
    if (fp->truncated) {
        cw_jw_kbool(&w, "truncated", true);
    }
    cw_jw_ku64(&w, "searched", found->searched);
    if (atomic_load(&app->degraded)) {
        cw_jw_kbool(&w, "degraded", true);
    }
    cw_jw_end_object(&w);
}

/* {"pdq"} or {"fingerprint"}. */
static int read_object(const struct cw_request *r, struct cw_fingerprint *out,
                       struct cw_refusal *why)
{
    static const char *const names[] = {"pdq", "fingerprint"};
    struct cw_bytes text;
    struct cw_hash hash;
    struct cw_err err;
    CW_AUTO(cw_json_free) struct cw_json *body = NULL;
    if (cw_body_object(cw_buf_view(&r->body), "the body", &body, why) != 0 ||
        cw_body_only(body, names, 2, why) != 0) {
        return -1;
    }
    const struct cw_json *pdq = cw_json_get(body, "pdq");
    if (pdq == NULL) {
        return cw_body_fingerprint(body, out, why);
    }
    if (cw_json_get(body, "fingerprint") != NULL) {
        return cw_refuse(why, CW_P_BAD_FIELD, "/fingerprint",
                         "not both pdq and fingerprint");
    }
    if (!cw_json_text(pdq, &text)) {
        return cw_refuse(why, CW_P_BAD_FIELD, "/pdq", "must be a string");
    }
    if (cw_hash_parse(text, &hash, &err) != 0) {
        return cw_refuse(why, CW_P_BAD_FIELD, "/pdq", "%s", err.text);
    }
    cw_fingerprint_from_pdq(&hash, out);
    return 0;
}

static void match_one(struct cw_app *app, struct cw_request *r)
{
    static const char *const names[] = {"all", "effort", "collection", "embargoed"};
    struct cw_refusal why;
    struct cw_err err;
    uint64_t all;
    uint64_t embargoed;
    bool fast;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    CW_AUTO(cw_found_list_done) struct cw_found_list found = {0};
    int rc = cw_request_only_params(r, names, sizeof names / sizeof *names, &why);
    rc = rc == 0 ? cw_request_number(r, "embargoed", 0, 1, 0, &embargoed, &why) : rc;
    rc = rc == 0 ? cw_request_number(r, "all", 0, 1, 0, &all, &why) : rc;
    rc = rc == 0 ? cw_request_effort(r, &fast, &why) : rc;
    if (rc == 0) {
        rc = r->body_kind == CW_BODY_JSON
                 ? read_object(r, &fp, &why)
                 : cw_body_picture(app, r, fast ? CW_FAST : CW_LENIENT, &fp, &why);
    }
    if (rc != 0) {
        cw_answer_refusal(r, &why);
        return;
    }
    const struct cw_match_options options = {
        .least = all != 0 ? CW_BAND_NONE : CW_BAND_WEAK,
        .fast = fast,
        .filter = {.collection = cw_request_param(r, "collection"),
                   .embargoed = embargoed != 0}};
    if (cw_match_assets(app, r->key.studio, &fp, &options, &found, &err) != 0) {
        cw_answer_failure(r, &err);
        return;
    }
    if (r->key.disclosure == CW_DISCLOSE_DETAIL) {
        answer_matches(app, r, &fp, &found);
    } else {
        answer_verdict(r, &found);
    }
}

/* One hash of a batch: its upright neighbours, as a line. */
static int batch_line(struct cw_app *app, struct cw_request *r, uint64_t n,
                      const uint8_t *bytes, uint8_t radius, struct cw_err *err)
{
    struct cw_search_hash hash = {.kind = CW_VIEW_PDQ, .radius = radius};
    const struct cw_search_query query = {
        .studio = r->key.studio, .n_hashes = 1, .hashes = &hash};
    CW_AUTO(cw_hits_done) struct cw_hits hits = {0};
    memcpy(hash.hash.b, bytes, CW_HASH_BYTES);
    CW_TRY(cw_search_find(app->registry->assets, &query, BATCH_OWNERS, &hits, err));
    struct cw_jw w = cw_jw_of(&r->answer);
    cw_jw_begin_object(&w);
    cw_jw_ku64(&w, "n", n);
    cw_jw_key(&w, "matches");
    cw_jw_begin_array(&w);
    for (size_t i = 0; i < hits.n; i++) {
        struct cw_asset a;
        CW_TRY(cw_store_get_asset_no(app->store, r->key.studio, hits.items[i].owner, &a,
                                     NULL, err));
        cw_jw_begin_object(&w);
        cw_jw_kstr(&w, "collection", a.collection);
        cw_jw_kstr(&w, "asset", a.id);
        cw_jw_ku64(&w, "distance", hits.items[i].distance);
        cw_jw_end_object(&w);
    }
    cw_jw_end_array(&w);
    cw_jw_end_object(&w);
    cw_buf_add(&r->answer, "\n", 1);
    return 0;
}

static void match_batch(struct cw_app *app, struct cw_request *r)
{
    static const char *const names[] = {"radius"};
    struct cw_refusal why;
    struct cw_err err;
    uint64_t radius;
    if (r->key.disclosure != CW_DISCLOSE_DETAIL) {
        cw_refuse(&why, CW_P_DISCLOSURE_FORBIDDEN, "",
                  "a batch answers matches in detail");
        cw_answer_refusal(r, &why);
        return;
    }
    if (cw_request_only_params(r, names, 1, &why) != 0 ||
        cw_request_number(r, "radius", 0, CW_BATCH_RADIUS_MOST, CW_BATCH_RADIUS, &radius,
                          &why) != 0) {
        cw_answer_refusal(r, &why);
        return;
    }
    if (r->body.len % CW_HASH_BYTES != 0) {
        cw_refuse(&why, CW_P_BAD_BATCH, "",
                  "%zu bytes are no whole number of 32-byte hashes", r->body.len);
        cw_answer_refusal(r, &why);
        return;
    }
    cw_answer(r, 200, "application/x-ndjson");
    for (size_t i = 0; i < r->body.len / CW_HASH_BYTES; i++) {
        if (batch_line(app, r, i, r->body.p + i * CW_HASH_BYTES, (uint8_t)radius, &err) !=
            0) {
            cw_answer_failure(r, &err);
            return;
        }
    }
}

void cw_api_match(struct cw_app *app, struct cw_request *r)
{
    if (r->key.disclosure == CW_DISCLOSE_RECEIPT) {
        struct cw_refusal why;
        cw_refuse(&why, CW_P_DISCLOSURE_FORBIDDEN, "", "this key is given receipts only");
        cw_answer_refusal(r, &why);
    } else if (r->body_kind == CW_BODY_HASHES) {
        match_batch(app, r);
    } else {
        match_one(app, r);
    }
}
