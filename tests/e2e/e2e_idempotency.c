/* A crawler that lost the answer may ask again and is told the same. */
#include "tests/support/t_api.h"

#include <string.h>

static struct t_reply submit(const struct t_server *s, const char *key,
                             const char *header, uint64_t seed)
{
    char body[T_JSON_CAP];
    t_fingerprint_json(seed, 0, ",\"url\":\"http://x.example/a.png\"", body);
    return t_http(s, &(struct t_request){.method = "POST",
                                         .path = "/v1/sightings",
                                         .key = key,
                                         .content_type = "application/json",
                                         .body = cw_bytes_str(body),
                                         .headers = {header}});
}

static size_t count_recorded(const struct t_server *s)
{
    CW_AUTO(t_reply_done) struct t_reply r = t_get(s, s->admin_key, "/v1/events?after=0");
    size_t n = 0;
    t_expect_status(&r, 200);
    for (size_t i = 0; i < r.n_lines; i++) {
        n += t_json_text_is(r.lines[i], "/type", "sighting.recorded");
    }
    return n;
}

static bool is_replayed(const struct t_reply *r)
{
    char value[16];
    return t_reply_header(r, "Idempotency-Replayed", value, sizeof value) &&
           strcmp(value, "true") == 0;
}

static void a_retry_is_answered_the_same_and_recorded_once(void **state)
{
    struct t_server *s = *state;
    size_t before = count_recorded(s);
    CW_AUTO(t_reply_done)
    struct t_reply first = submit(s, s->admin_key, "Idempotency-Key: retry-1", 500);
    CW_AUTO(t_reply_done)
    struct t_reply again = submit(s, s->admin_key, "Idempotency-Key: retry-1", 500);
    t_expect_status(&first, 202);
    t_expect_status(&again, 202);
    assert_false(is_replayed(&first));
    assert_true(is_replayed(&again));
    assert_string_equal(cw_buf_str(&first.body), cw_buf_str(&again.body));

    t_server_kill(s);
    t_server_start(s);
    CW_AUTO(t_reply_done)
    struct t_reply later = submit(s, s->admin_key, "Idempotency-Key: retry-1", 500);
    t_expect_status(&later, 202);
    assert_true(is_replayed(&later));
    assert_int_equal(count_recorded(s), before + 1);
}

static void other_content_under_the_same_key_is_refused(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(t_reply_done)
    struct t_reply first = submit(s, s->admin_key, "Idempotency-Key: mixed", 510);
    CW_AUTO(t_reply_done)
    struct t_reply other = submit(s, s->admin_key, "Idempotency-Key: mixed", 511);
    t_expect_status(&first, 202);
    t_expect_problem(&other, 422, "idempotency_mismatch");
}

static void two_crawlers_do_not_share_their_keys(void **state)
{
    const struct t_server *s = *state;
    char one[T_KEY_CAP];
    char two[T_KEY_CAP];
    char id[T_ID_CAP];
    t_server_add_key(s, "crawler", NULL, NULL, one);
    t_server_add_key(s, "crawler", NULL, NULL, two);
    CW_AUTO(t_reply_done)
    struct t_reply first = submit(s, one, "Idempotency-Key: same", 520);
    CW_AUTO(t_reply_done)
    struct t_reply second = submit(s, two, "Idempotency-Key: same", 521);
    t_expect_status(&first, 202);
    t_expect_status(&second, 202);
    t_json_copy_text(first.json, "/sighting", id, sizeof id);
    assert_false(t_json_text_is(second.json, "/sighting", id));
}

static void without_a_key_every_submission_is_a_sighting(void **state)
{
    const struct t_server *s = *state;
    size_t before = count_recorded(s);
    t_submit(s, s->admin_key, "x.example", 530, 0, NULL);
    t_submit(s, s->admin_key, "x.example", 530, 0, NULL);
    assert_int_equal(count_recorded(s), before + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_retry_is_answered_the_same_and_recorded_once),
        cmocka_unit_test(other_content_under_the_same_key_is_refused),
        cmocka_unit_test(two_crawlers_do_not_share_their_keys),
        cmocka_unit_test(without_a_key_every_submission_is_a_sighting),
    };
    return cmocka_run_group_tests(tests, t_server_group_setup, t_server_group_teardown);
}
