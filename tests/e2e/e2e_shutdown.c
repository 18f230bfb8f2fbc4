/* SIGTERM: what is under way is answered, then the service ends with 0. */
#include "tests/support/t_api.h"
#include "tests/support/t_raw.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define N_IN_FLIGHT 6
#define WAIT_S 60
#define N_ARRIVING 3
#define N_STOPS 15

/* Sends a registration and waits until the service has taken it up: only then does it ask
 * for the body. */
static struct t_raw begin_registration(const struct t_server *s, unsigned number)
{
    char body[T_JSON_CAP];
    char text[4096];
    t_fingerprint_json(900 + number, 0, "", body);
    (void)snprintf(text, sizeof text,
                   "PUT /v1/collections/last/assets/%u HTTP/1.1\r\nHost: x\r\n"
                   "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                   "Content-Length: %zu\r\nExpect: 100-continue\r\n\r\n",
                   number, s->admin_key, strlen(body));
    struct t_raw c = t_raw_connect(s);
    t_raw_send(&c, text);
    t_raw_read_until(&c, "100 Continue\r\n\r\n", WAIT_S);
    cw_buf_clear(&c.in);
    t_raw_send(&c, body);
    return c;
}

static void requests_under_way_are_answered(void **state)
{
    struct t_server *s = *state;
    struct t_raw connections[N_IN_FLIGHT];
    for (unsigned i = 0; i < N_IN_FLIGHT; i++) {
        connections[i] = begin_registration(s, i);
    }
    t_server_begin_stop(s);
    for (unsigned i = 0; i < N_IN_FLIGHT; i++) {
        struct t_raw_reply r = t_raw_read(&connections[i], WAIT_S);
        assert_int_equal(r.status, 201);
        t_raw_done(&connections[i]);
    }
    t_server_end_stop(s);

    t_server_start(s);
    for (unsigned i = 0; i < N_IN_FLIGHT; i++) {
        char path[T_JSON_CAP];
        t_format(path, "/v1/collections/last/assets/%u", i);
        CW_AUTO(t_reply_done) struct t_reply r = t_get(s, s->admin_key, path);
        t_expect_status(&r, 200);
    }
}

static void idle_connections_do_not_hold_up_the_end(void **state)
{
    struct t_server *s = *state;
    CW_AUTO(t_raw_done) struct t_raw idle = t_raw_connect(s);
    CW_AUTO(t_raw_done) struct t_raw kept = t_raw_connect(s);
    t_raw_send(&kept, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    struct t_raw_reply r = t_raw_read(&kept, WAIT_S);
    assert_int_equal(r.status, 200);
    t_server_stop(s);
    t_server_start(s);
}

static void a_half_sent_request_does_not_hold_up_the_end(void **state)
{
    struct t_server *s = *state;
    CW_AUTO(t_raw_done) struct t_raw c = t_raw_connect(s);
    t_raw_send(&c, "POST /v1/match HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{");
    t_server_stop(s);
    t_server_start(s);
}

static void a_client_that_goes_on_asking_does_no_harm(void **state)
{
    struct t_server *s = *state;
    char text[4096];
    CW_AUTO(t_raw_done) struct t_raw c = t_raw_connect(s);
    (void)snprintf(
        text, sizeof text,
        "POST /v1/collections HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
        "Content-Type: application/json\r\nContent-Length: 15\r\n\r\n"
        "{\"name\":\"many\"}",
        s->admin_key);
    const struct cw_bytes request = cw_bytes_str(text);
    for (unsigned i = 0; i < 20; i++) { /* pipelined: some are begun after the signal */
        assert_true(t_raw_try_send(&c, request));
    }
    t_server_begin_stop(s);
    while (t_raw_try_send(&c, request)) {
    }
    t_server_end_stop(s);
    t_server_start(s);
}

/* New connections until none is taken any more. */
static void *arrive_until_refused(void *arg)
{
    const struct t_server *s = arg;
    for (int status = 1; status != 0;) {
        CW_AUTO(t_reply_done) struct t_reply r = t_get(s, NULL, "/healthz");
        status = r.status;
    }
    return NULL;
}

static void clients_that_arrive_meanwhile_do_no_harm(void **state)
{
    struct t_server *s = *state;
    for (unsigned i = 0; i < N_STOPS; i++) {
        pthread_t threads[N_ARRIVING];
        for (size_t k = 0; k < N_ARRIVING; k++) {
            assert_int_equal(pthread_create(&threads[k], NULL, arrive_until_refused, s),
                             0);
        }
        CW_AUTO(t_reply_done) struct t_reply r = t_get(s, NULL, "/healthz");
        t_expect_status(&r, 200);
        t_server_stop(s);
        for (size_t k = 0; k < N_ARRIVING; k++) {
            assert_int_equal(pthread_join(threads[k], NULL), 0);
        }
        t_server_start(s);
    }
}

static int set_up(void **state)
{
    /* Slow commits, so that the signal comes while all requests wait for theirs. */
    *state = t_server_new("commit_delay_us = 300000\n");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_under_way_are_answered),
        cmocka_unit_test(idle_connections_do_not_hold_up_the_end),
        cmocka_unit_test(a_client_that_goes_on_asking_does_no_harm),
        cmocka_unit_test(a_half_sent_request_does_not_hold_up_the_end),
        cmocka_unit_test(clients_that_arrive_meanwhile_do_no_harm),
    };
    return cmocka_run_group_tests(tests, set_up, t_server_group_teardown);
}
