/* The client against a small server in a thread that says what it was told to say. */
#include "cli/http_client.h"
#include "cli/service.h"
#include "tests/support/t_cmocka.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_REQUESTS 8

/* Answers one connection after the other, each with the next of its answers. */
struct fake {
    int listener;
    char url[64];
    const char *const *answers;
    size_t n_answers;
    char requests[MAX_REQUESTS][2048];
    size_t n_requests;
    pthread_t thread;
};

/* Reads the header, and of the body what is said to come. */
static void read_request(int fd, char *out, size_t cap)
{
    size_t len = 0;
    for (;;) {
        const ssize_t n = read(fd, out + len, cap - 1 - len);
        assert_true(n > 0);
        len += (size_t)n;
        out[len] = '\0';
        const char *end = strstr(out, "\r\n\r\n");
        if (end != NULL && (strstr(out, "Content-Length") == NULL || end[4] != '\0')) {
            return;
        }
    }
}

static void *serve(void *arg)
{
    struct fake *f = arg;
    for (size_t i = 0; i < f->n_answers; i++) {
        const int fd = accept(f->listener, NULL, NULL);
        assert_true(fd >= 0);
        read_request(fd, f->requests[i], sizeof f->requests[i]);
        f->n_requests++;
        assert_true(write(fd, f->answers[i], strlen(f->answers[i])) > 0);
        (void)close(fd);
    }
    return NULL;
}

static void start(struct fake *f, const char *const *answers, size_t n)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    *f = (struct fake){.answers = answers, .n_answers = n};
    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(f->listener >= 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(f->listener, 8), 0);
    assert_int_equal(getsockname(f->listener, (struct sockaddr *)&at, &len), 0);
    (void)snprintf(f->url, sizeof f->url, "http://127.0.0.1:%u",
                   (unsigned)ntohs(at.sin_port));
    assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
}

static void stop(struct fake *f)
{
    assert_int_equal(pthread_join(f->thread, NULL), 0);
    (void)close(f->listener);
    assert_int_equal(f->n_requests, f->n_answers);
}

/* Runs one request against those answers. */
static int run(struct fake *f, const struct cw_http_request *request,
               struct cw_http_answer *answer, struct cw_err *err)
{
    CW_AUTO(cw_http_close) struct cw_http *http = NULL;
    assert_int_equal(cw_http_open(f->url, "cw_admin_1_x", true, &http, err), 0);
    const int rc = cw_http_run(http, request, answer, err);
    stop(f);
    return rc;
}

static const struct cw_http_request get = {.method = "GET", .path = "/v1/x"};

static void sends_key_body_and_conditions(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 201 Created\r\nETag: \"7\"\r\nContent-Length: 2\r\n"
        "Connection: close\r\n\r\n{}"};
    struct fake f;
    struct cw_err err = {0};
    CW_AUTO(cw_http_answer_done) struct cw_http_answer answer = {0};
    const struct cw_http_request request = {.method = "POST",
                                            .path = "/v1/x?y=%2F",
                                            .content_type = "application/json",
                                            .body = cw_bytes_str("{\"a\":1}"),
                                            .if_match = "6",
                                            .idempotency_key = "abc"};
    start(&f, answers, 1);
    assert_int_equal(run(&f, &request, &answer, &err), 0);
    assert_int_equal(answer.status, 201);
    assert_string_equal(answer.etag, "7");
    assert_string_equal(cw_buf_str(&answer.body), "{}");
    assert_non_null(strstr(f.requests[0], "POST /v1/x?y=%2F HTTP/1.1\r\n"));
    assert_non_null(strstr(f.requests[0], "Authorization: Bearer cw_admin_1_x\r\n"));
    assert_non_null(strstr(f.requests[0], "Content-Type: application/json\r\n"));
    assert_non_null(strstr(f.requests[0], "If-Match: \"6\"\r\n"));
    assert_non_null(strstr(f.requests[0], "Idempotency-Key: \"abc\"\r\n"));
    assert_non_null(strstr(f.requests[0], "\r\n\r\n{\"a\":1}"));
}

static void a_problem_becomes_one_line(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\n"
        "Connection: close\r\n\r\n"
        "{\"detail\":\"this key may "
        "not\",\"code\":\"role_forbidden\",\"request_id\":\"r1\"}"};
    struct fake f;
    struct cw_err err = {0};
    CW_AUTO(cw_http_answer_done) struct cw_http_answer answer = {0};
    start(&f, answers, 1);
    assert_int_equal(run(&f, &get, &answer, &err), CW_E_DENIED);
    assert_string_equal(answer.code, "role_forbidden");
    assert_string_equal(err.text,
                        "this key may not (role_forbidden, request r1); this needs "
                        "a key of another role");
}

static void an_answer_that_is_no_problem_is_refused_too(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n<html>"};
    struct fake f;
    struct cw_err err = {0};
    CW_AUTO(cw_http_answer_done) struct cw_http_answer answer = {0};
    start(&f, answers, 1);
    assert_int_equal(run(&f, &get, &answer, &err), CW_E_INTERNAL);
    assert_non_null(strstr(err.text, "status 502"));
}

static void redirects_are_not_followed(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n"
        "Connection: close\r\n\r\n"};
    struct fake f;
    struct cw_err err = {0};
    CW_AUTO(cw_http_answer_done) struct cw_http_answer answer = {0};
    start(&f, answers, 1);
    assert_int_equal(run(&f, &get, &answer, &err), CW_E_INVALID);
    assert_int_equal(answer.status, 302);
}

static void a_busy_service_is_asked_again(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
        "Connection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"};
    struct fake f;
    struct cw_err err = {0};
    CW_AUTO(cw_http_answer_done) struct cw_http_answer answer = {0};
    start(&f, answers, 2);
    assert_int_equal(run(&f, &get, &answer, &err), 0);
}

static void without_retry_after_it_is_not(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"};
    struct fake f;
    struct cw_err err = {0};
    CW_AUTO(cw_http_answer_done) struct cw_http_answer answer = {0};
    start(&f, answers, 1);
    assert_int_equal(run(&f, &get, &answer, &err), CW_E_BUSY);
}

static void a_closed_port_is_unreachable(void **state)
{
    (void)state;
    struct fake f;
    struct cw_err err = {0};
    CW_AUTO(cw_http_close) struct cw_http *http = NULL;
    CW_AUTO(cw_http_answer_done) struct cw_http_answer answer = {0};
    start(&f, NULL, 0);
    stop(&f);
    assert_int_equal(cw_http_open(f.url, "k", true, &http, &err), 0);
    assert_int_equal(cw_http_run(http, &get, &answer, &err), CW_E_IO);
    assert_int_equal(answer.status, 0);
    assert_non_null(strstr(err.text, f.url));
}

static int count(void *ctx, const struct cw_json *item, struct cw_err *err)
{
    uint64_t n = 0;
    (void)err;
    assert_true(cw_json_u64(item, &n));
    *(uint64_t *)ctx += n;
    return 0;
}

static void lists_are_read_to_the_last_page(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"items\":[1,2],\"next\":\"a/b\"}",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"items\":[4],\"next\":null}"};
    struct fake f;
    struct cw_err err = {0};
    uint64_t sum = 0;
    CW_AUTO(cw_http_close) struct cw_http *http = NULL;
    start(&f, answers, 2);
    assert_int_equal(cw_http_open(f.url, "k", true, &http, &err), 0);
    assert_int_equal(cw_service_list(http, "/v1/l?state=new", count, &sum, &err), 0);
    stop(&f);
    assert_int_equal(sum, 7);
    assert_non_null(
        strstr(f.requests[1], "GET /v1/l?state=new&limit=500&cursor=a%2Fb HTTP"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_key_body_and_conditions),
        cmocka_unit_test(a_problem_becomes_one_line),
        cmocka_unit_test(an_answer_that_is_no_problem_is_refused_too),
        cmocka_unit_test(redirects_are_not_followed),
        cmocka_unit_test(a_busy_service_is_asked_again),
        cmocka_unit_test(without_retry_after_it_is_not),
        cmocka_unit_test(a_closed_port_is_unreachable),
        cmocka_unit_test(lists_are_read_to_the_last_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
