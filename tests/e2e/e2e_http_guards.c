/* HTTP that no honest client sends, and honest clients in large numbers. */
#include "base/clock.h"
#include "tests/support/t_http.h"
#include "tests/support/t_raw.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define GET_HEALTH "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
#define N_CONNECTIONS 512
#define WAIT_S 60

static void expect_code(const struct t_raw_reply *r, int status, const char *code)
{
    char member[64];
    (void)snprintf(member, sizeof member, "\"code\":\"%s\"", code);
    if (r->status != status || strstr(r->body, member) == NULL) {
        fail_msg("expected %d %s, got %d %s", status, code, r->status, r->body);
    }
}

/* A POST /v1/match with these header lines and body. */
static struct t_raw_reply post(const struct t_server *s, const char *headers,
                               const char *body)
{
    char text[2048];
    (void)snprintf(text, sizeof text,
                   "POST /v1/match HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                   "Content-Type: application/json\r\n%s\r\n%s",
                   s->admin_key, headers, body);
    return t_raw_exchange(s, text);
}

static void two_content_lengths_are_refused(void **state)
{
    struct t_raw_reply r =
        post(*state, "Content-Length: 2\r\nContent-Length: 40\r\n", "{}GET /healthz");
    expect_code(&r, 400, "bad_request");
    assert_true(r.closes);
}

static void a_length_and_an_encoding_together_are_refused(void **state)
{
    struct t_raw_reply r =
        post(*state, "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
             "2\r\n{}\r\n0\r\n\r\n");
    expect_code(&r, 411, "length_required");
    assert_true(r.closes);
}

static void chunked_bodies_are_refused(void **state)
{
    struct t_raw_reply r =
        post(*state, "Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n");
    expect_code(&r, 411, "length_required");
    assert_true(r.closes);
}

static void nul_in_a_path_is_refused(void **state)
{
    struct t_raw_reply r =
        t_raw_exchange(*state, "GET /healthz%00/x HTTP/1.1\r\nHost: x\r\n\r\n");
    expect_code(&r, 400, "bad_request");
}

static void bad_escapes_and_bad_utf8_in_a_path_are_refused(void **state)
{
    struct t_raw_reply escape =
        t_raw_exchange(*state, "GET /v1/collections/%zz HTTP/1.1\r\nHost: x\r\n\r\n");
    expect_code(&escape, 400, "bad_request");
    struct t_raw_reply utf8 =
        t_raw_exchange(*state, "GET /v1/collections/%ff HTTP/1.1\r\nHost: x\r\n\r\n");
    expect_code(&utf8, 400, "bad_request");
}

static void an_unknown_method_is_refused(void **state)
{
    struct t_raw_reply r =
        t_raw_exchange(*state, "BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    expect_code(&r, 405, "method_not_allowed");
}

static void a_body_too_large_is_refused_before_it_comes(void **state)
{
    struct t_raw_reply r = post(*state, "Content-Length: 99999999999\r\n", "");
    expect_code(&r, 413, "body_too_large");
    assert_true(r.closes);
}

static void a_key_is_checked_before_the_body_comes(void **state)
{
    struct t_raw_reply r = t_raw_exchange(
        *state, "POST /v1/match HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wrong\r\n"
                "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n");
    expect_code(&r, 401, "no_key");
}

/* Sends a byte every 100 ms until the server hangs up; false if it never does. */
static bool hangs_up_on_drip(struct t_raw *c, unsigned tries)
{
    for (unsigned i = 0; i < tries; i++) {
        struct pollfd fd = {.fd = c->fd, .events = POLLIN | POLLRDHUP};
        if (poll(&fd, 1, 100) > 0) {
            return true; /* an answer (408) or the end */
        }
        if (!t_raw_try_send(c, cw_bytes_str("x"))) {
            return true;
        }
    }
    return false;
}

static void a_slow_body_is_given_up(void **state)
{
    const struct t_server *s = *state;
    char head[1024];
    (void)snprintf(head, sizeof head,
                   "POST /v1/match HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                   "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n",
                   s->admin_key);
    CW_AUTO(t_raw_done) struct t_raw c = t_raw_connect(s);
    t_raw_send(&c, head);
    assert_true(hangs_up_on_drip(&c, 150));
}

static void slow_headers_are_given_up(void **state)
{
    CW_AUTO(t_raw_done) struct t_raw c = t_raw_connect(*state);
    t_raw_send(&c, "GET /healthz HTTP/1.1\r\nX-Slow: ");
    assert_true(hangs_up_on_drip(&c, 150));
}

static void a_request_may_come_in_pieces(void **state)
{
    CW_AUTO(t_raw_done) struct t_raw c = t_raw_connect(*state);
    for (const char *p = GET_HEALTH; *p != '\0'; p++) {
        t_raw_send_bytes(&c, cw_bytes_of(p, 1));
    }
    struct t_raw_reply r = t_raw_read(&c, WAIT_S);
    assert_int_equal(r.status, 200);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    CW_AUTO(t_raw_done) struct t_raw c = t_raw_connect(*state);
    t_raw_send(&c, GET_HEALTH "GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n" GET_HEALTH);
    struct t_raw_reply first = t_raw_read(&c, WAIT_S);
    struct t_raw_reply second = t_raw_read(&c, WAIT_S);
    struct t_raw_reply third = t_raw_read(&c, WAIT_S);
    assert_int_equal(first.status, 200);
    assert_int_equal(second.status, 404);
    assert_int_equal(third.status, 200);
}

static void hanging_up_half_way_harms_nobody(void **state)
{
    const struct t_server *s = *state;
    for (unsigned i = 0; i < 50; i++) {
        CW_AUTO(t_raw_done) struct t_raw c = t_raw_connect(s);
        t_raw_send(&c,
                   "POST /v1/match HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
    }
    struct t_raw_reply r = t_raw_exchange(s, GET_HEALTH);
    assert_int_equal(r.status, 200);
}

static void many_connections_are_all_served(void **state)
{
    static struct t_raw open_ones[N_CONNECTIONS];
    for (size_t i = 0; i < N_CONNECTIONS; i++) {
        open_ones[i] = t_raw_connect(*state);
    }
    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < N_CONNECTIONS; i++) {
            t_raw_send(&open_ones[i], GET_HEALTH);
        }
        for (size_t i = 0; i < N_CONNECTIONS; i++) {
            struct t_raw_reply r = t_raw_read(&open_ones[i], WAIT_S);
            assert_int_equal(r.status, 200);
        }
    }
    for (size_t i = 0; i < N_CONNECTIONS; i++) {
        t_raw_done(&open_ones[i]);
    }
}

static int set_up(void **state)
{
    *state = t_server_new("header_seconds = 2\nbody_seconds = 2\n");
    return 0;
}

/* MHD 0.9.75 does not report the end of such requests: they must not be remembered for
 * ever, nor waited for at the end. */
static void half_sent_headers_leave_nothing_behind(void **state)
{
    struct t_server *s = *state;
    for (unsigned i = 0; i < 300; i++) {
        CW_AUTO(t_raw_done) struct t_raw c = t_raw_connect(s);
        t_raw_send(&c, "GET /healthz HTTP/1.1\r\nHos");
    }
    const uint64_t before = cw_mono_ns();
    t_server_stop(s);
    assert_true(cw_mono_ns() - before < 8000000000U);
    t_server_start(s);
}

/* Connecting hundreds of times may take longer than the slow clients above are given. */
static int set_up_patient(void **state)
{
    *state = t_server_new("");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_content_lengths_are_refused),
        cmocka_unit_test(a_length_and_an_encoding_together_are_refused),
        cmocka_unit_test(chunked_bodies_are_refused),
        cmocka_unit_test(nul_in_a_path_is_refused),
        cmocka_unit_test(bad_escapes_and_bad_utf8_in_a_path_are_refused),
        cmocka_unit_test(an_unknown_method_is_refused),
        cmocka_unit_test(a_body_too_large_is_refused_before_it_comes),
        cmocka_unit_test(a_key_is_checked_before_the_body_comes),
        cmocka_unit_test(a_slow_body_is_given_up),
        cmocka_unit_test(slow_headers_are_given_up),
        cmocka_unit_test(a_request_may_come_in_pieces),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(hanging_up_half_way_harms_nobody),
        cmocka_unit_test(half_sent_headers_leave_nothing_behind),
        cmocka_unit_test_setup_teardown(many_connections_are_all_served, set_up_patient,
                                        t_server_group_teardown),
    };
    return cmocka_run_group_tests(tests, set_up, t_server_group_teardown);
}
