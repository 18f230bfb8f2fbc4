/* Reviewers decide on what they saw, not on what it became meanwhile; and may take it
 * back. */
#include "tests/support/t_api.h"

#include <pthread.h>
#include <stdio.h>

#define N_REVIEWERS 8

/* Posts a decision; if_match NULL sends no such header. */
static struct t_reply decide(const struct t_server *s, const char *incident,
                             const char *decision, const char *if_match)
{
    char path[T_JSON_CAP];
    char body[T_JSON_CAP];
    char header[64];
    t_format(path, "/v1/incidents/%s/decisions", incident);
    t_format(body, "{\"decision\":\"%s\",\"reason\":\"seen\"}", decision);
    (void)snprintf(header, sizeof header, "If-Match: %s",
                   if_match != NULL ? if_match : "");
    return t_http(s, &(struct t_request){.method = "POST",
                                         .path = path,
                                         .key = s->admin_key,
                                         .content_type = "application/json",
                                         .body = cw_bytes_str(body),
                                         .headers = {if_match != NULL ? header : NULL}});
}

static struct t_reply get_incident(const struct t_server *s, const char *incident)
{
    char path[T_JSON_CAP];
    t_format(path, "/v1/incidents/%s", incident);
    return t_get(s, s->admin_key, path);
}

/* Its ETag now. */
static void get_etag(const struct t_server *s, const char *incident, char out[64])
{
    CW_AUTO(t_reply_done) struct t_reply r = get_incident(s, incident);
    t_expect_status(&r, 200);
    assert_true(t_reply_header(&r, "ETag", out, 64));
    char expected[64];
    (void)snprintf(expected, sizeof expected, "\"%llu\"",
                   (unsigned long long)t_json_u64(r.json, "/version"));
    assert_string_equal(out, expected);
}

static void expect_state(const struct t_server *s, const char *incident,
                         const char *expected)
{
    CW_AUTO(t_reply_done) struct t_reply r = get_incident(s, incident);
    t_expect_status(&r, 200);
    t_expect_text(r.json, "/state", expected);
}

static void a_decision_moves_the_state_and_is_kept(void **state)
{
    const struct t_server *s = *state;
    char incident[T_ID_CAP];
    char etag[64];
    char new_etag[64];
    t_open_incident(s, s->admin_key, "decided", 600, incident);
    get_etag(s, incident, etag);
    CW_AUTO(t_reply_done) struct t_reply r = decide(s, incident, "confirmed", etag);
    t_expect_status(&r, 200);
    t_expect_text(r.json, "/state", "confirmed");
    t_expect_u64(r.json, "/undecided", 0);
    assert_true(t_reply_header(&r, "ETag", new_etag, sizeof new_etag));

    CW_AUTO(t_reply_done) struct t_reply one = get_incident(s, incident);
    t_expect_status(&one, 200);
    assert_int_equal(t_json_count(one.json, "/history"), 1);
    t_expect_text(one.json, "/history/0/act", "decision");
    t_expect_text(one.json, "/history/0/state_before", "new");
    t_expect_text(one.json, "/history/0/state_after", "confirmed");
    t_expect_text(one.json, "/history/0/text", "seen");
}

static void every_decision_has_its_state(void **state)
{
    static const char *const DECISIONS[][2] = {
        {"triaged", "triaged"},       {"confirmed", "confirmed"},
        {"rejected", "rejected"},     {"duplicate", "duplicate"},
        {"authorised", "authorised"}, {"released", "released"},
        {"closed", "closed"},         {"reopen", "new"}};
    const struct t_server *s = *state;
    char incident[T_ID_CAP];
    t_open_incident(s, s->admin_key, "all-decisions", 605, incident);
    for (size_t i = 0; i < sizeof DECISIONS / sizeof *DECISIONS; i++) {
        char etag[64];
        get_etag(s, incident, etag);
        CW_AUTO(t_reply_done)
        struct t_reply r = decide(s, incident, DECISIONS[i][0], etag);
        t_expect_status(&r, 200);
        t_expect_text(r.json, "/state", DECISIONS[i][1]);
    }
}

static void a_decision_needs_the_version_it_is_about(void **state)
{
    const struct t_server *s = *state;
    char incident[T_ID_CAP];
    char old[64];
    t_open_incident(s, s->admin_key, "versions", 610, incident);
    CW_AUTO(t_reply_done) struct t_reply without = decide(s, incident, "confirmed", NULL);
    t_expect_problem(&without, 428, "version_required");

    get_etag(s, incident, old);
    t_submit(s, s->admin_key, "found.example", 610, 3, NULL);
    CW_AUTO(t_reply_done) struct t_reply late = decide(s, incident, "confirmed", old);
    t_expect_problem(&late, 412, "version_conflict");
    expect_state(s, incident, "new");
}

static void a_decision_can_be_undone_until_there_is_none(void **state)
{
    const struct t_server *s = *state;
    char incident[T_ID_CAP];
    char etag[64];
    static const char *const EXPECTED[] = {"triaged", "new"};
    t_open_incident(s, s->admin_key, "undone", 620, incident);
    for (size_t i = 0; i < 2; i++) {
        get_etag(s, incident, etag);
        CW_AUTO(t_reply_done)
        struct t_reply r = decide(s, incident, i == 0 ? "triaged" : "rejected", etag);
        t_expect_status(&r, 200);
    }
    for (size_t i = 0; i < 2; i++) {
        get_etag(s, incident, etag);
        CW_AUTO(t_reply_done) struct t_reply r = decide(s, incident, "undo", etag);
        t_expect_status(&r, 200);
        t_expect_text(r.json, "/state", EXPECTED[i]);
    }
    get_etag(s, incident, etag);
    CW_AUTO(t_reply_done) struct t_reply r = decide(s, incident, "undo", etag);
    t_expect_problem(&r, 422, "nothing_to_undo");
}

static void an_unknown_decision_is_refused(void **state)
{
    const struct t_server *s = *state;
    char incident[T_ID_CAP];
    char etag[64];
    t_open_incident(s, s->admin_key, "unknown", 630, incident);
    get_etag(s, incident, etag);
    CW_AUTO(t_reply_done) struct t_reply r = decide(s, incident, "burn", etag);
    t_expect_problem_at(&r, 400, "bad_field", "/decision");
}

static void a_comment_is_kept_and_needs_no_version(void **state)
{
    const struct t_server *s = *state;
    char incident[T_ID_CAP];
    char path[T_JSON_CAP];
    t_open_incident(s, s->admin_key, "commented", 640, incident);
    t_format(path, "/v1/incidents/%s/comments", incident);
    CW_AUTO(t_reply_done)
    struct t_reply r =
        t_post_json(s, s->admin_key, path, "{\"text\":\"asked the host \\u2713\"}");
    t_expect_status(&r, 201);
    CW_AUTO(t_reply_done) struct t_reply one = get_incident(s, incident);
    t_expect_text(one.json, "/history/0/act", "comment");
    t_expect_text(one.json, "/history/0/text", "asked the host \xe2\x9c\x93");
    t_expect_text(one.json, "/state", "new");
}

static void lists_can_be_narrowed_to_a_state(void **state)
{
    const struct t_server *s = *state;
    char incident[T_ID_CAP];
    char etag[64];
    t_open_incident(s, s->admin_key, "narrowed", 650, incident);
    get_etag(s, incident, etag);
    CW_AUTO(t_reply_done) struct t_reply decided = decide(s, incident, "duplicate", etag);
    t_expect_status(&decided, 200);
    CW_AUTO(t_reply_done)
    struct t_reply r = t_get(s, s->admin_key, "/v1/incidents?state=duplicate");
    t_expect_status(&r, 200);
    assert_int_equal(t_json_count(r.json, "/items"), 1);
    t_expect_text(r.json, "/items/0/id", incident);
}

/* Many reviewers decide on the same version at once. */
struct rush {
    const struct t_server *server;
    const char *incident, *etag;
    pthread_barrier_t start;
    int status[N_REVIEWERS];
};

struct reviewer {
    struct rush *rush;
    size_t number;
};

static void *decide_now(void *arg)
{
    struct reviewer *me = arg;
    struct rush *rush = me->rush;
    (void)pthread_barrier_wait(&rush->start);
    CW_AUTO(t_reply_done)
    struct t_reply r = decide(rush->server, rush->incident,
                              me->number % 2 == 0 ? "confirmed" : "rejected", rush->etag);
    rush->status[me->number] = r.status;
    return NULL;
}

static void of_reviewers_at_once_exactly_one_decides(void **state)
{
    const struct t_server *s = *state;
    char incident[T_ID_CAP];
    char etag[64];
    t_open_incident(s, s->admin_key, "rushed", 660, incident);
    get_etag(s, incident, etag);
    struct rush rush = {.server = s, .incident = incident, .etag = etag};
    struct reviewer reviewers[N_REVIEWERS];
    pthread_t threads[N_REVIEWERS];
    assert_int_equal(pthread_barrier_init(&rush.start, NULL, N_REVIEWERS), 0);
    for (size_t i = 0; i < N_REVIEWERS; i++) {
        reviewers[i] = (struct reviewer){.rush = &rush, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, decide_now, &reviewers[i]), 0);
    }
    unsigned n_decided = 0;
    for (size_t i = 0; i < N_REVIEWERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        n_decided += rush.status[i] == 200;
        assert_true(rush.status[i] == 200 || rush.status[i] == 412);
    }
    (void)pthread_barrier_destroy(&rush.start);
    assert_int_equal(n_decided, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decision_moves_the_state_and_is_kept),
        cmocka_unit_test(every_decision_has_its_state),
        cmocka_unit_test(a_decision_needs_the_version_it_is_about),
        cmocka_unit_test(a_decision_can_be_undone_until_there_is_none),
        cmocka_unit_test(an_unknown_decision_is_refused),
        cmocka_unit_test(a_comment_is_kept_and_needs_no_version),
        cmocka_unit_test(of_reviewers_at_once_exactly_one_decides),
        cmocka_unit_test(lists_can_be_narrowed_to_a_state),
    };
    return cmocka_run_group_tests(tests, t_server_group_setup, t_server_group_teardown);
}
