/* api_assets.c - registering, showing and retiring assets. */
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "server/api.h"
#include "server/asset_body.h"
#include "server/body.h"
#include "server/ingest.h"
#include "server/match_json.h"
#include "server/names.h"
#include "server/registry.h"

#define SEEN_MAX 20 /* past sightings named in the answer to one registration */

/* ---- what comes in ---------------------------------------------------------------- */

/* The collection of the path. */
static int read_collection(const struct cw_request *r, char out[CW_COLLECTION_CAP],
                           struct cw_refusal *why)
{
    struct cw_err err;
    if (cw_copy_text(out, CW_COLLECTION_CAP, cw_bytes_str(cw_route_arg(r, 0)),
                     "the collection", &err) != 0) {
        return cw_refuse(why, CW_P_BAD_REQUEST, "", "%s", err.text);
    }
    return cw_check_name(out, "the collection", "", why);
}

/* Attributes beside a picture body: ?id=&kind=&embargo_until=. */
static int read_params(const struct cw_request *r, bool with_id, struct cw_asset_in *in,
                       struct cw_refusal *why)
{
    static const char *const names[] = {"kind", "embargo_until", "id"};
    const char *id = cw_request_param(r, "id");
    struct cw_err err;
    if (cw_request_only_params(r, names, with_id ? 3 : 2, why) != 0 ||
        cw_request_time(r, "embargo_until", &in->embargo_until_us, why) != 0 ||
        cw_asset_read_kind(cw_bytes_str(cw_request_param(r, "kind")), CW_P_BAD_QUERY, "",
                           &in->kind, why) != 0) {
        return -1;
    }
    if (id != NULL &&
        cw_copy_text(in->id, sizeof in->id, cw_bytes_str(id), "id", &err) != 0) {
        return cw_refuse(why, CW_P_BAD_QUERY, "", "%s", err.text);
    }
    return 0;
}

/* One asset from a request, picture or JSON. in->id may be set before; *in starts zeroed.
 */
static int read_asset(struct cw_app *app, const struct cw_request *r, bool with_id,
                      struct cw_asset_in *in, struct cw_refusal *why)
{
    in->kind = CW_KIND_FRAME;
    if (read_params(r, with_id, in, why) != 0) {
        return -1;
    }
    if (r->body_kind == CW_BODY_JSON) {
        return cw_asset_read_object(cw_buf_view(&r->body), "the body", with_id, in, why);
    }
    return cw_body_picture(app, r, CW_STRICT, &in->fp, why);
}

/* ---- what goes out ---------------------------------------------------------------- */

struct seen_list {
    size_t n;
    struct cw_match items[SEEN_MAX];
};

static bool note_seen(void *ctx, const struct cw_match *m)
{
    struct seen_list *l = ctx;
    l->items[l->n++] = *m;
    return l->n < SEEN_MAX;
}

static int write_seen(struct cw_jw *w, struct cw_app *app, cw_studio_no studio,
                      const struct cw_match *m, struct cw_err *err)
{
    struct cw_sighting s;
    CW_TRY(cw_store_get_sighting_no(app->store, studio, m->sighting, &s, NULL, err));
    cw_jw_begin_object(w);
    cw_jw_khex(w, "sighting", s.id, sizeof s.id);
    cw_jw_kstr(w, "url", s.url[0] == '\0' ? NULL : s.url);
    cw_jw_kstr(w, "ip", s.ip[0] == '\0' ? NULL : s.ip);
    cw_jw_kstr(w, "host", s.host);
    cw_jw_ktime(w, "fetched_at", s.fetched_us);
    cw_match_evidence_write(w, m);
    cw_jw_end_object(w);
    return 0;
}

/* The same file by a newer recipe: the picture has not changed, only what is kept of it.
 */
static int is_upgrade(struct cw_app *app, cw_studio_no studio,
                      const struct cw_asset_in *in, const struct cw_registered *done,
                      bool *out, struct cw_err *err)
{
    struct cw_asset before;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    CW_AUTO(cw_buf_done) struct cw_buf bytes = CW_BUF_INIT(CW_FP_MAX_BYTES);
    *out = false;
    if (done->outcome != CW_REPLACED || !in->fp.has_sha256) {
        return 0;
    }
    CW_TRY(
        cw_store_get_asset_no(app->store, studio, done->replaced, &before, &bytes, err));
    CW_TRY(cw_fingerprint_decode(before.fingerprint, &fp, err));
    *out = fp.recipe < in->fp.recipe && fp.has_sha256 &&
           memcmp(fp.sha256, in->fp.sha256, sizeof fp.sha256) == 0;
    return 0;
}

/* "lookback": what past sightings were looked through by. Their hashes are all kept,
 * their local descriptors only of the newest. */
static int write_lookback(struct cw_jw *w, struct cw_app *app, cw_studio_no studio,
                          const struct cw_fingerprint *fp, struct cw_err *err)
{
    const cw_sighting_no oldest = cw_locals_oldest(app->registry->locals, studio);
    struct cw_sighting s = {0};
    if (oldest != 0) {
        CW_TRY(cw_store_get_sighting_no(app->store, studio, oldest, &s, NULL, err));
    }
    cw_jw_key(w, "lookback");
    cw_jw_begin_object(w);
    cw_jw_kbool(w, "views", true);
    cw_jw_kbool(w, "local", fp->n_local > 0);
    cw_jw_ktime(w, "local_since", s.received_us);
    cw_jw_end_object(w);
    return 0;
}

/* The answer to one registration, with the past sightings of that asset. */
static int write_registered(struct cw_jw *w, struct cw_app *app, cw_studio_no studio,
                            const char *collection, const struct cw_asset_in *in,
                            const struct cw_registered *done, struct cw_err *err)
{
    static const char *const statuses[] = {[CW_CREATED] = "registered",
                                           [CW_UNCHANGED] = "unchanged",
                                           [CW_REPLACED] = "replaced"};
    struct seen_list seen = {0};
    bool upgraded;
    CW_TRY(is_upgrade(app, studio, in, done, &upgraded, err));
    CW_TRY(
        cw_store_list_asset_matches(app->store, studio, done->no, note_seen, &seen, err));
    cw_jw_begin_object(w);
    cw_jw_kstr(w, "collection", collection);
    cw_jw_kstr(w, "id", in->id);
    cw_jw_ku64(w, "version", done->version);
    cw_jw_kstr(w, "status", upgraded ? "upgraded" : statuses[done->outcome]);
    cw_jw_kstr(w, "kind", cw_kind_name(in->kind));
    cw_jw_kbool(w, "weak", in->fp.quality < CW_QUALITY_WEAK);
    cw_jw_ku64(w, "quality", in->fp.quality);
    cw_jw_key(w, "seen_before");
    cw_jw_begin_array(w);
    for (size_t i = 0; i < seen.n; i++) {
        CW_TRY(write_seen(w, app, studio, &seen.items[i], err));
    }
    cw_jw_end_array(w);
    CW_TRY(write_lookback(w, app, studio, &in->fp, err));
    cw_jw_end_object(w);
    return 0;
}

/* ---- PUT and POST of one ---------------------------------------------------------- */

static void register_one(struct cw_app *app, struct cw_request *r, const char *collection,
                         const struct cw_asset_in *in, bool replace)
{
    struct cw_registered done = {0};
    struct cw_refusal why;
    struct cw_err err;
    if (cw_ingest_assets(app, &r->key, collection, in, 1, replace, &done, &err) != 0) {
        cw_answer_failure(r, &err);
        return;
    }
    if (done.rc != 0) {
        cw_refuse(&why, CW_P_ASSET_EXISTS, "", "use PUT to register a new version");
        cw_answer_refusal(r, &why);
        return;
    }
    struct cw_jw w = cw_answer_json(r, done.outcome == CW_CREATED ? 201 : 200);
    if (write_registered(&w, app, r->key.studio, collection, in, &done, &err) != 0) {
        cw_answer_failure(r, &err);
    }
}

void cw_api_asset_put(struct cw_app *app, struct cw_request *r)
{
    struct cw_refusal why;
    struct cw_err err;
    char collection[CW_COLLECTION_CAP];
    struct cw_asset_in in = {0};
    int rc = read_collection(r, collection, &why);
    if (rc == 0 && cw_copy_text(in.id, sizeof in.id, cw_bytes_str(cw_route_arg(r, 1)),
                                "the id", &err) != 0) {
        rc = cw_refuse(&why, CW_P_BAD_REQUEST, "", "%s", err.text);
    }
    rc = rc == 0 ? read_asset(app, r, false, &in, &why) : rc;
    if (rc != 0) {
        cw_answer_refusal(r, &why);
    } else {
        register_one(app, r, collection, &in, true);
    }
    cw_fingerprint_done(&in.fp);
}

/* An id for an asset that came without one: new, or the same again for the same
 * Idempotency-Key. */
static void make_id(const struct cw_request *r, char out[CW_ASSET_ID_CAP])
{
    uint8_t id[32];
    if (r->idempotency_key[0] == '\0') {
        cw_random(id, sizeof id);
    } else {
        CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(1024);
        cw_buf_add(&text, r->key.id, sizeof r->key.id);
        cw_buf_add_str(&text, r->idempotency_key);
        cw_sha256(cw_buf_view(&text), id);
    }
    memcpy(out, "a-", 2);
    cw_hex_encode(id, 16, out + 2);
}

static void post_one(struct cw_app *app, struct cw_request *r, const char *collection)
{
    struct cw_refusal why;
    struct cw_asset_in in = {0};
    if (read_asset(app, r, true, &in, &why) != 0) {
        cw_answer_refusal(r, &why);
    } else {
        if (in.id[0] == '\0') {
            make_id(r, in.id);
        }
        register_one(app, r, collection, &in, false);
    }
    cw_fingerprint_done(&in.fp);
}

/* ---- POST of many ----------------------------------------------------------------- */

static void answer_bulk(struct cw_app *app, struct cw_request *r, const char *collection,
                        const struct cw_bulk *bulk, const struct cw_registered *done)
{
    struct cw_err err;
    cw_answer(r, 200, "application/x-ndjson");
    for (size_t i = 0; i < bulk->n; i++) {
        const struct cw_bulk_record *one = &bulk->records[i];
        struct cw_jw w = cw_jw_of(&r->answer);
        if (one->bad) {
            cw_problem_line_write(&w, "id", one->id, &one->why);
        } else if (write_registered(&w, app, r->key.studio, collection,
                                    &bulk->assets[one->place], &done[one->place],
                                    &err) != 0) {
            cw_answer_failure(r, &err);
            return;
        }
        cw_buf_add(&r->answer, "\n", 1);
    }
}

/* Registers the good ones in one transaction. */
static void register_bulk(struct cw_app *app, struct cw_request *r,
                          const char *collection, const struct cw_bulk *bulk)
{
    struct cw_err err;
    struct cw_registered *done = calloc(bulk->n_assets + 1, sizeof *done);
    int rc = done == NULL ? cw_fail(&err, CW_E_NO_MEMORY, "out of memory for %zu results",
                                    bulk->n_assets)
                          : 0;
    if (rc == 0 && bulk->n_assets > 0) {
        rc = cw_ingest_assets(app, &r->key, collection, bulk->assets, bulk->n_assets,
                              true, done, &err);
    }
    if (rc == 0) {
        answer_bulk(app, r, collection, bulk, done);
    } else {
        cw_answer_failure(r, &err);
    }
    free(done);
}

static void post_many(struct cw_app *app, struct cw_request *r, const char *collection)
{
    struct cw_refusal why;
    CW_AUTO(cw_bulk_done) struct cw_bulk bulk = {0};
    if (cw_bulk_read(cw_buf_view(&r->body), r->body_kind, app->conf->bulk_lines, &bulk,
                     &why) != 0) {
        cw_answer_refusal(r, &why);
    } else {
        register_bulk(app, r, collection, &bulk);
    }
}

void cw_api_asset_post(struct cw_app *app, struct cw_request *r)
{
    struct cw_refusal why;
    char collection[CW_COLLECTION_CAP];
    if (read_collection(r, collection, &why) != 0) {
        cw_answer_refusal(r, &why);
    } else if (r->body_kind == CW_BODY_NDJSON || r->body_kind == CW_BODY_FINGERPRINTS) {
        post_many(app, r, collection);
    } else {
        post_one(app, r, collection);
    }
}
