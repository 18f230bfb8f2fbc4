/* api_collections.c - the works of a studio. */
#include <string.h>

#include "base/clock.h"
#include "server/api.h"
#include "server/body.h"

static void write_collection(struct cw_jw *w, const struct cw_collection *c)
{
    cw_jw_begin_object(w);
    cw_jw_kstr(w, "name", c->name);
    cw_jw_kstr(w, "title", c->title[0] == '\0' ? NULL : c->title);
    cw_jw_ktime(w, "embargo_until", c->embargo_until_us);
    cw_jw_ktime(w, "created_at", c->created_us);
    cw_jw_ku64(w, "assets", c->n_assets);
    cw_jw_end_object(w);
}

static int read_collection(const struct cw_json *body, struct cw_collection *c,
                           struct cw_refusal *why)
{
    static const char *const names[] = {"name", "title", "embargo_until"};
    if (cw_body_only(body, names, 3, why) != 0 ||
        cw_body_text(body, "name", false, c->name, sizeof c->name, why) != 0 ||
        cw_body_text(body, "title", true, c->title, sizeof c->title, why) != 0 ||
        cw_body_time(body, "embargo_until", &c->embargo_until_us, why) != 0) {
        return -1;
    }
    if (cw_check_name(c->name, "name", "/name", why) != 0) {
        return -1;
    }
    return 0;
}

void cw_api_collection_put(struct cw_app *app, struct cw_request *r)
{
    struct cw_refusal why;
    struct cw_err err;
    bool created = false;
    struct cw_collection c = {.studio = r->key.studio, .created_us = cw_utc_us()};
    CW_AUTO(cw_json_free) struct cw_json *body = NULL;
    if (cw_body_object(cw_buf_view(&r->body), "the body", &body, &why) != 0 ||
        read_collection(body, &c, &why) != 0) {
        cw_answer_refusal(r, &why);
        return;
    }
    if (cw_store_put_collection(app->store, &c, r->key.id, &created, &err) != 0 ||
        cw_store_get_collection(app->store, c.studio, c.name, &c, &err) != 0) {
        cw_answer_failure(r, &err);
        return;
    }
    struct cw_jw w = cw_answer_json(r, created ? 201 : 200);
    write_collection(&w, &c);
}

void cw_api_collection_get(struct cw_app *app, struct cw_request *r)
{
    struct cw_err err;
    struct cw_collection c;
    const char *name = cw_route_arg(r, 0);
    if (strlen(name) >= CW_COLLECTION_CAP) {
        (void)cw_fail(&err, CW_E_NOT_FOUND, "no collection has such a name");
        cw_answer_failure(r, &err);
    } else if (cw_store_get_collection(app->store, r->key.studio, name, &c, &err) != 0) {
        cw_answer_failure(r, &err);
    } else {
        struct cw_jw w = cw_answer_json(r, 200);
        write_collection(&w, &c);
    }
}

struct listing {
    struct cw_jw w;
    uint64_t limit, n;
    bool more;
    char last[CW_COLLECTION_CAP];
};

static bool list_collection(void *ctx, const struct cw_collection *c)
{
    struct listing *l = ctx;
    if (l->n == l->limit) {
        l->more = true;
        return false;
    }
    l->n++;
    memcpy(l->last, c->name, sizeof l->last);
    write_collection(&l->w, c);
    return true;
}

void cw_api_collection_list(struct cw_app *app, struct cw_request *r)
{
    static const char *const names[] = {"limit", "cursor"};
    struct cw_refusal why;
    struct cw_err err;
    struct listing l = {0};
    CW_AUTO(cw_buf_done) struct cw_buf after = CW_BUF_INIT(CW_COLLECTION_CAP - 1);
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
    if (cw_store_list_collections(app->store, r->key.studio, cw_buf_str(&after),
                                  list_collection, &l, &err) != 0) {
        cw_answer_failure(r, &err);
        return;
    }
    cw_answer_list_end(r, &l.w, l.more, cw_bytes_str(l.last));
}
