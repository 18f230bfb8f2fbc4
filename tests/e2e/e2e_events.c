/* The log: what happened, in order, once, to whom it concerns; by line or as a stream. */
#include "tests/support/t_api.h"
#include "tests/support/t_raw.h"

#include <stdio.h>
#include <string.h>

#define WAIT_S 60

static uint64_t last_seq(const struct t_server *s, const char *key)
{
    uint64_t seq = 0;
    for (bool more = true; more;) {
        char path[T_JSON_CAP];
        t_format(path, "/v1/events?after=%llu", (unsigned long long)seq);
        CW_AUTO(t_reply_done) struct t_reply r = t_get(s, key, path);
        t_expect_status(&r, 200);
        more = r.n_lines > 0;
        if (more) {
            seq = t_json_u64(r.lines[r.n_lines - 1], "/seq");
        }
    }
    return seq;
}

static void what_happens_is_told_in_order(void **state)
{
    static const char *const TYPES[] = {"collection.put",     "asset.registered",
                                        "sighting.recorded",  "incident.opened",
                                        "incident.commented", "asset.retired"};
    const struct t_server *s = *state;
    char incident[T_ID_CAP];
    char path[T_JSON_CAP];
    uint64_t before = last_seq(s, s->admin_key);
    CW_AUTO(t_reply_done)
    struct t_reply made =
        t_post_json(s, s->admin_key, "/v1/collections", "{\"name\":\"told\"}");
    t_expect_status(&made, 201);
    t_open_incident(s, s->admin_key, "told", 700, incident);
    t_format(path, "/v1/incidents/%s/comments", incident);
    CW_AUTO(t_reply_done)
    struct t_reply comment = t_post_json(s, s->admin_key, path, "{\"text\":\"hm\"}");
    t_expect_status(&comment, 201);
    CW_AUTO(t_reply_done)
    struct t_reply del =
        t_delete(s, s->admin_key, "/v1/collections/told/assets/the-asset");
    t_expect_status(&del, 204);

    t_format(path, "/v1/events?after=%llu", (unsigned long long)before);
    CW_AUTO(t_reply_done) struct t_reply r = t_get(s, s->admin_key, path);
    t_expect_status(&r, 200);
    assert_int_equal(r.n_lines, sizeof TYPES / sizeof *TYPES);
    uint64_t seq = before;
    for (size_t i = 0; i < r.n_lines; i++) {
        t_expect_text(r.lines[i], "/type", TYPES[i]);
        assert_true(t_json_u64(r.lines[i], "/seq") > seq);
        seq = t_json_u64(r.lines[i], "/seq");
    }
}

static void the_number_of_lines_can_be_limited(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(t_reply_done)
    struct t_reply r = t_get(s, s->admin_key, "/v1/events?after=0&limit=2");
    t_expect_status(&r, 200);
    assert_int_equal(r.n_lines, 2);
}

static void a_studio_hears_only_of_itself(void **state)
{
    const struct t_server *s = *state;
    char key[T_KEY_CAP];
    t_server_add_key(s, "auditor", "elsewhere", NULL, key);
    t_register(s, s->admin_key, "not-told-elsewhere", "x", 710);
    CW_AUTO(t_reply_done) struct t_reply r = t_get(s, key, "/v1/events?after=0");
    t_expect_status(&r, 200);
    assert_null(strstr(cw_buf_str(&r.body), "not-told-elsewhere"));
}

/* Opens an event stream. `extra` is a header line with its line end, or "". */
static struct t_raw open_stream(const struct t_server *s, const char *query,
                                const char *extra)
{
    char text[1024];
    struct t_raw c = t_raw_connect(s);
    (void)snprintf(text, sizeof text,
                   "GET /v1/events%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                   "Accept: text/event-stream\r\n%s\r\n",
                   query, s->admin_key, extra);
    t_raw_send(&c, text);
    t_raw_read_until(&c, "\r\n\r\n", WAIT_S);
    assert_non_null(strstr(cw_buf_str(&c.in), " 200 "));
    assert_non_null(strstr(cw_buf_str(&c.in), "text/event-stream"));
    return c;
}

static void a_stream_tells_at_once(void **state)
{
    const struct t_server *s = *state;
    char query[64];
    (void)snprintf(query, sizeof query, "?after=%llu",
                   (unsigned long long)last_seq(s, s->admin_key));
    CW_AUTO(t_raw_done) struct t_raw c = open_stream(s, query, "");
    t_register(s, s->admin_key, "streamed", "live-asset", 720);
    t_raw_read_until(&c, "event: asset.registered", WAIT_S);
    t_raw_read_until(&c, "\"live-asset\"", WAIT_S);
    assert_null(strstr(cw_buf_str(&c.in), "key.created"));
}

static void a_stream_goes_on_after_the_last_event_seen(void **state)
{
    const struct t_server *s = *state;
    char header[64];
    t_register(s, s->admin_key, "streamed", "seen-asset", 730);
    (void)snprintf(header, sizeof header, "Last-Event-ID: %llu\r\n",
                   (unsigned long long)last_seq(s, s->admin_key));
    t_register(s, s->admin_key, "streamed", "missed-asset", 731);
    CW_AUTO(t_raw_done) struct t_raw c = open_stream(s, "", header);
    t_raw_read_until(&c, "\"missed-asset\"", WAIT_S);
    assert_null(strstr(cw_buf_str(&c.in), "seen-asset"));
}

static void an_open_stream_does_not_hold_up_the_end(void **state)
{
    struct t_server *s = *state;
    CW_AUTO(t_raw_done) struct t_raw c = open_stream(s, "", "");
    t_server_stop(s);
    t_server_start(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_happens_is_told_in_order),
        cmocka_unit_test(the_number_of_lines_can_be_limited),
        cmocka_unit_test(a_studio_hears_only_of_itself),
        cmocka_unit_test(a_stream_tells_at_once),
        cmocka_unit_test(a_stream_goes_on_after_the_last_event_seen),
        cmocka_unit_test(an_open_stream_does_not_hold_up_the_end),
    };
    return cmocka_run_group_tests(tests, t_server_group_setup, t_server_group_teardown);
}
