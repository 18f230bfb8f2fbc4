/* api_events.c - the log as a feed: NDJSON that ends, or server-sent events that go on.
 */
#include "base/num.h"
#include "index/event_json.h"
#include "server/api.h"
#include "server/stream.h"

struct listing {
    struct cw_request *r;
    uint64_t limit, n;
};

static bool list_event(void *ctx, const struct cw_event *e)
{
    struct listing *l = ctx;
    cw_event_write(&l->r->answer, e);
    cw_buf_add(&l->r->answer, "\n", 1);
    return ++l->n < l->limit;
}

static void answer_lines(struct cw_app *app, struct cw_request *r, uint64_t after,
                         uint64_t limit)
{
    struct listing l = {.r = r, .limit = limit};
    struct cw_err err;
    cw_answer(r, 200, "application/x-ndjson");
    if (cw_store_read_log(app->store, r->key.studio, after, list_event, &l, &err) != 0) {
        cw_answer_failure(r, &err);
    }
}

static void answer_stream(struct cw_app *app, struct cw_request *r, uint64_t after)
{
    struct cw_refusal why;
    struct cw_err err;
    if (r->last_event_id[0] != '\0' &&
        cw_parse_u64(cw_bytes_str(r->last_event_id), 0, UINT64_MAX, "Last-Event-ID",
                     &after, &err) != 0) {
        cw_refuse(&why, CW_P_BAD_QUERY, "", "%s", err.text);
        cw_answer_refusal(r, &why);
        return;
    }
    if (cw_stream_new(app->streams, r->key.studio, after, &r->stream, &err) != 0) {
        cw_answer_failure(r, &err);
        return;
    }
    cw_answer(r, 200, "text/event-stream");
    cw_answer_header(r, "Cache-Control", "no-store");
}

void cw_api_events(struct cw_app *app, struct cw_request *r)
{
    static const char *const names[] = {"after", "limit"};
    struct cw_refusal why;
    uint64_t after, limit;
    if (cw_request_only_params(r, names, 2, &why) != 0 ||
        cw_request_number(r, "after", 0, UINT64_MAX, 0, &after, &why) != 0 ||
        cw_request_number(r, "limit", 1, 10000, 1000, &limit, &why) != 0) {
        cw_answer_refusal(r, &why);
    } else if (r->wants_stream) {
        answer_stream(app, r, after);
    } else {
        answer_lines(app, r, after, limit);
    }
}
