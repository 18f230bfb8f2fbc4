/* api_asset_reads.c - showing, listing and retiring assets. */
#include <string.h>

#include "base/clock.h"
#include "hashing/fingerprint.h"
#include "index/search.h"
#include "server/api.h"
#include "server/names.h"
#include "server/registry.h"

/* Collection and id of the path. A name longer than any stored one is simply not there.
 */
static int read_path(const struct cw_request *r, char collection[CW_COLLECTION_CAP],
                     char id[CW_ASSET_ID_CAP], struct cw_err *err)
{
    if (cw_copy_text(collection, CW_COLLECTION_CAP, cw_bytes_str(cw_route_arg(r, 0)),
                     "collection", err) != 0 ||
        cw_copy_text(id, CW_ASSET_ID_CAP, cw_bytes_str(cw_route_arg(r, 1)), "id", err) !=
            0) {
        return cw_fail(err, CW_E_NOT_FOUND, "no stored name is that long");
    }
    return 0;
}

static void write_brief(struct cw_jw *w, const struct cw_asset *a)
{
    cw_jw_kstr(w, "id", a->id);
    cw_jw_ku64(w, "version", a->version);
    cw_jw_kstr(w, "kind", cw_kind_name(a->kind));
    cw_jw_kbool(w, "weak", a->weak);
    cw_jw_ktime(w, "registered_at", a->registered_us);
    cw_jw_ktime(w, "embargo_until", a->embargo_until_us);
}

/* What is known of an asset, but never its hashes. */
static int write_asset(struct cw_request *r, const struct cw_asset *a, struct cw_err *err)
{
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    CW_TRY(cw_fingerprint_decode(a->fingerprint, &fp, err));
    struct cw_jw w = cw_answer_json(r, 200);
    cw_jw_begin_object(&w);
    cw_jw_kstr(&w, "collection", a->collection);
    write_brief(&w, a);
    cw_jw_ku64(&w, "quality", fp.quality);
    cw_jw_ku64(&w, "width", fp.width);
    cw_jw_ku64(&w, "height", fp.height);
    if (fp.has_sha256) {
        cw_jw_khex(&w, "sha256", fp.sha256, sizeof fp.sha256);
    } else {
        cw_jw_kstr(&w, "sha256", NULL);
    }
    cw_jw_ku64(&w, "recipe", fp.recipe);
    cw_jw_kstr(&w, "library", fp.library);
    cw_jw_end_object(&w);
    return 0;
}

void cw_api_asset_get(struct cw_app *app, struct cw_request *r)
{
    struct cw_err err;
    struct cw_asset a;
    char collection[CW_COLLECTION_CAP], id[CW_ASSET_ID_CAP];
    CW_AUTO(cw_buf_done) struct cw_buf fp = CW_BUF_INIT(CW_FP_MAX_BYTES);
    if (read_path(r, collection, id, &err) != 0 ||
        cw_store_get_asset(app->store, r->key.studio, collection, id, &a, &fp, &err) !=
            0 ||
        write_asset(r, &a, &err) != 0) {
        cw_answer_failure(r, &err);
    }
}

static int retire(struct cw_app *app, const struct cw_request *r, const char *collection,
                  const char *id, struct cw_err *err)
{
    cw_asset_no no;
    cw_registry_begin_change(app->registry);
    int rc = cw_store_retire(app->store, r->key.studio, collection, id, cw_utc_us(),
                             r->key.id, &no, err);
    if (rc == 0) {
        rc = cw_registry_withdraw(app->registry, r->key.studio, no, err);
    }
    cw_registry_end_change(app->registry);
    return rc;
}

void cw_api_asset_delete(struct cw_app *app, struct cw_request *r)
{
    struct cw_err err;
    char collection[CW_COLLECTION_CAP], id[CW_ASSET_ID_CAP];
    if (read_path(r, collection, id, &err) != 0 ||
        retire(app, r, collection, id, &err) != 0) {
        cw_answer_failure(r, &err);
        return;
    }
    cw_answer(r, 204, NULL);
}

struct listing {
    struct cw_jw w;
    uint64_t limit, n;
    bool more;
    char last[CW_ASSET_ID_CAP];
};

static bool list_asset(void *ctx, const struct cw_asset *a)
{
    struct listing *l = ctx;
    if (l->n == l->limit) {
        l->more = true;
        return false;
    }
    l->n++;
    memcpy(l->last, a->id, sizeof l->last);
    cw_jw_begin_object(&l->w);
    write_brief(&l->w, a);
    cw_jw_end_object(&l->w);
    return true;
}

void cw_api_asset_list(struct cw_app *app, struct cw_request *r)
{
    static const char *const names[] = {"limit", "cursor"};
    struct cw_refusal why;
    struct cw_err err;
    struct listing l = {0};
    CW_AUTO(cw_buf_done) struct cw_buf after = CW_BUF_INIT(CW_ASSET_ID_CAP - 1);
    if (cw_request_only_params(r, names, 2, &why) != 0 ||
        cw_request_number(r, "limit", 1, 1000, 100, &l.limit, &why) != 0 ||
        cw_cursor_read(r, &after, &why) != 0) {
        cw_answer_refusal(r, &why);
        return;
    }
    l.w = cw_answer_json(r, 200);
    cw_jw_begin_object(&l.w);
    cw_jw_key(&l.w, "items");
    cw_jw_begin_array(&l.w);
    if (cw_store_list_assets(app->store, r->key.studio, cw_route_arg(r, 0),
                             cw_buf_str(&after), list_asset, &l, &err) != 0) {
        cw_answer_failure(r, &err);
        return;
    }
    cw_answer_list_end(r, &l.w, l.more, cw_bytes_str(l.last));
}
