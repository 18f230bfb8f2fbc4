/* A crawler learns exactly as much as its key says; with a receipt, nothing. */
#include "tests/support/t_api.h"

#include <string.h>

static void submit(const struct t_server *s, const char *key, uint64_t seed,
                   struct t_reply *out)
{
    char body[T_JSON_CAP];
    t_fingerprint_json(seed, 0, ",\"url\":\"http://x.example/a.png\"", body);
    *out = t_post_json(s, key, "/v1/sightings", body);
    t_expect_status(out, 202);
}

/* Overwrites the sighting's id in a body, the only thing that may differ. */
static void blank_id(struct t_reply *r)
{
    char id[T_ID_CAP];
    t_json_copy_text(r->json, "/sighting", id, sizeof id);
    char *at = strstr((char *)r->body.p, id);
    assert_non_null(at);
    memset(at, 'x', strlen(id));
}

static void a_receipt_is_the_same_for_hit_and_miss(void **state)
{
    const struct t_server *s = *state;
    char key[T_KEY_CAP];
    t_server_add_key(s, "crawler", NULL, NULL, key);
    t_register(s, s->admin_key, "secret", "frame", 200);
    CW_AUTO(t_reply_done) struct t_reply hit;
    CW_AUTO(t_reply_done) struct t_reply miss;
    submit(s, key, 200, &hit);
    submit(s, key, 201, &miss);
    t_expect_text(hit.json, "/disclosure", "receipt");
    t_expect_absent(hit.json, "/verdict");
    t_expect_absent(hit.json, "/matches");
    blank_id(&hit);
    blank_id(&miss);
    assert_string_equal(cw_buf_str(&hit.body), cw_buf_str(&miss.body));
    assert_string_equal(hit.content_type, miss.content_type);
    assert_int_equal(hit.head.len, miss.head.len);
}

static void a_verdict_is_one_word(void **state)
{
    const struct t_server *s = *state;
    char key[T_KEY_CAP];
    t_server_add_key(s, "crawler", NULL, "verdict", key);
    t_register(s, s->admin_key, "secret", "frame-2", 210);
    CW_AUTO(t_reply_done) struct t_reply hit;
    CW_AUTO(t_reply_done) struct t_reply miss;
    submit(s, key, 210, &hit);
    submit(s, key, 211, &miss);
    t_expect_text(hit.json, "/verdict", "strong");
    t_expect_text(miss.json, "/verdict", "none");
    t_expect_absent(hit.json, "/matches");
}

static void detail_names_the_matches(void **state)
{
    const struct t_server *s = *state;
    char key[T_KEY_CAP];
    t_server_add_key(s, "crawler", NULL, "detail", key);
    t_register(s, s->admin_key, "secret", "frame-3", 220);
    CW_AUTO(t_reply_done) struct t_reply hit;
    submit(s, key, 220, &hit);
    t_expect_text(hit.json, "/matches/0/collection", "secret");
    t_expect_text(hit.json, "/matches/0/asset", "frame-3");
}

static void bulk_lines_disclose_no_more(void **state)
{
    const struct t_server *s = *state;
    char key[T_KEY_CAP];
    char line[T_JSON_CAP];
    t_server_add_key(s, "crawler", NULL, NULL, key);
    t_register(s, s->admin_key, "secret", "frame-4", 230);
    t_fingerprint_json(230, 0, ",\"url\":\"http://x.example/a.png\"", line);
    CW_AUTO(t_reply_done) struct t_reply r = t_post_ndjson(s, key, "/v1/sightings", line);
    t_expect_status(&r, 200);
    assert_int_equal(r.n_lines, 1);
    t_expect_text(r.lines[0], "/disclosure", "receipt");
    t_expect_absent(r.lines[0], "/verdict");
    t_expect_absent(r.lines[0], "/matches");
}

/* Asks for its own sighting and for a match without recording. */
static void expect_look_ups(const struct t_server *s, const char *key, bool allowed,
                            const char *seen)
{
    char body[T_JSON_CAP];
    char hex[CW_HASH_TEXT_CAP];
    char path[T_JSON_CAP];
    char id[T_ID_CAP];
    t_submit(s, key, "x.example", 240, 0, id);
    t_format(path, "/v1/sightings/%s", id);
    t_hash_text(240, 0, hex);
    t_format(body, "{\"pdq\":\"%s\"}", hex);
    CW_AUTO(t_reply_done) struct t_reply get = t_get(s, key, path);
    CW_AUTO(t_reply_done) struct t_reply match = t_post_json(s, key, "/v1/match", body);
    if (!allowed) {
        t_expect_problem(&get, 403, "disclosure_forbidden");
        t_expect_problem(&match, 403, "disclosure_forbidden");
        return;
    }
    t_expect_status(&get, 200);
    t_expect_status(&match, 200);
    assert_non_null(t_json_at(get.json, seen));
    assert_non_null(t_json_at(match.json, seen));
}

static void looking_things_up_discloses_no_more_than_submitting(void **state)
{
    const struct t_server *s = *state;
    char receipt[T_KEY_CAP];
    char verdict[T_KEY_CAP];
    char detail[T_KEY_CAP];
    t_server_add_key(s, "crawler", NULL, "receipt", receipt);
    t_server_add_key(s, "crawler", NULL, "verdict", verdict);
    t_server_add_key(s, "crawler", NULL, "detail", detail);
    t_register(s, s->admin_key, "secret", "frame-5", 240);
    expect_look_ups(s, receipt, false, NULL);
    expect_look_ups(s, verdict, true, "/verdict");
    expect_look_ups(s, detail, true, "/matches/0/asset");
}

static void a_crawler_sees_only_its_own_sightings(void **state)
{
    const struct t_server *s = *state;
    char one[T_KEY_CAP];
    char two[T_KEY_CAP];
    char id[T_ID_CAP];
    char path[T_JSON_CAP];
    t_server_add_key(s, "crawler", NULL, "detail", one);
    t_server_add_key(s, "crawler", NULL, "detail", two);
    t_submit(s, one, "x.example", 250, 0, id);
    t_format(path, "/v1/sightings/%s", id);
    CW_AUTO(t_reply_done) struct t_reply r = t_get(s, two, path);
    t_expect_problem(&r, 404, "not_found");
}

static void hashes_are_never_returned(void **state)
{
    const struct t_server *s = *state;
    char hex[CW_HASH_TEXT_CAP];
    t_register(s, s->admin_key, "hidden", "frame", 260);
    t_hash_text(260, 0, hex);
    CW_AUTO(t_reply_done)
    struct t_reply r = t_get(s, s->admin_key, "/v1/collections/hidden/assets/frame");
    t_expect_status(&r, 200);
    assert_null(strstr(cw_buf_str(&r.body), hex));
}

static void metrics_do_not_tell_onlookers_of_matches(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(t_reply_done) struct t_reply onlooker = t_get(s, NULL, "/metrics");
    CW_AUTO(t_reply_done) struct t_reply operators = t_get(s, s->admin_key, "/metrics");
    t_expect_status(&onlooker, 200);
    assert_null(strstr(cw_buf_str(&onlooker.body), "celwatch_matches_total"));
    assert_null(strstr(cw_buf_str(&onlooker.body), "celwatch_incidents"));
    assert_null(strstr(cw_buf_str(&onlooker.body), "celwatch_index_entries"));
    assert_non_null(strstr(cw_buf_str(&operators.body), "celwatch_matches_total"));
    assert_non_null(strstr(cw_buf_str(&operators.body), "celwatch_incidents"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_do_not_tell_onlookers_of_matches),
        cmocka_unit_test(a_receipt_is_the_same_for_hit_and_miss),
        cmocka_unit_test(a_verdict_is_one_word),
        cmocka_unit_test(detail_names_the_matches),
        cmocka_unit_test(bulk_lines_disclose_no_more),
        cmocka_unit_test(looking_things_up_discloses_no_more_than_submitting),
        cmocka_unit_test(a_crawler_sees_only_its_own_sightings),
        cmocka_unit_test(hashes_are_never_returned),
    };
    return cmocka_run_group_tests(tests, t_server_group_setup, t_server_group_teardown);
}
