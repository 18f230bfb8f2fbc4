#include "tests/support/t_http.h"

#include "base/json_write.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define BODY_MAX ((size_t)64 << 20)
#define HEAD_MAX ((size_t)64 << 10)
#define TIMEOUT_S 120L

static void init_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t take(char *p, size_t size, size_t n, void *buf)
{
    cw_buf_add(buf, p, size * n);
    return ((struct cw_buf *)buf)->failed ? 0 : size * n;
}

/* Appends "Name: value" lines to libcurl's list. */
static struct curl_slist *header_list(const struct t_request *q)
{
    CW_AUTO(cw_buf_done) struct cw_buf line = CW_BUF_INIT(4096);
    /* Without "Expect: 100-continue", which would cost a second for large bodies. */
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    if (q->key != NULL) {
        cw_buf_printf(&line, "Authorization: Bearer %s", q->key);
        list = curl_slist_append(list, cw_buf_str(&line));
    }
    cw_buf_clear(&line);
    cw_buf_printf(&line, "Content-Type:%s%s", q->content_type ? " " : "",
                  q->content_type ? q->content_type : "");
    list = curl_slist_append(list, cw_buf_str(&line));
    for (size_t i = 0; i < T_MAX_HEADERS && q->headers[i] != NULL; i++) {
        list = curl_slist_append(list, q->headers[i]);
    }
    assert_non_null(list);
    return list;
}

static void set_up(CURL *c, const struct t_server *s, const struct t_request *q,
                   struct curl_slist *headers, struct t_reply *out)
{
    CW_AUTO(cw_buf_done) struct cw_buf url = CW_BUF_INIT(16384);
    cw_buf_printf(&url, "%s%s", s->url, q->path);
    (void)curl_easy_setopt(c, CURLOPT_URL, cw_buf_str(&url));
    (void)curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
    (void)curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
    (void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(c, CURLOPT_TIMEOUT, TIMEOUT_S);
    if (strcmp(q->method, "HEAD") == 0) {
        (void)curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
    } else if (strcmp(q->method, "GET") != 0) {
        (void)curl_easy_setopt(c, CURLOPT_POSTFIELDS,
                               q->body.len > 0 ? (const char *)q->body.p : "");
        (void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.len);
        (void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, q->method);
    }
    (void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
    (void)curl_easy_setopt(c, CURLOPT_WRITEDATA, &out->body);
    (void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take);
    (void)curl_easy_setopt(c, CURLOPT_HEADERDATA, &out->head);
}

static bool has_type(const struct t_reply *r, const char *type)
{
    size_t len = strlen(type);
    return strncmp(r->content_type, type, len) == 0 &&
           (r->content_type[len] == '\0' || r->content_type[len] == ';');
}

static void parse_lines(struct t_reply *r)
{
    const char *at = cw_buf_str(&r->body);
    const char *end = at + r->body.len;
    while (at < end) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        if (feed == NULL) {
            fail_msg("the last NDJSON line has no line feed: %s", at);
            return;
        }
        struct cw_json **grown = realloc(r->lines, (r->n_lines + 1) * sizeof *grown);
        assert_non_null(grown);
        r->lines = grown;
        r->lines[r->n_lines] = NULL;
        struct cw_err err;
        if (cw_json_parse(cw_bytes_of(at, (size_t)(feed - at)), &r->lines[r->n_lines++],
                          &err) != 0) {
            fail_msg("NDJSON line %zu: %s", r->n_lines, err.text);
        }
        at = feed + 1;
    }
}

static void parse_body(struct t_reply *r)
{
    if (has_type(r, "application/x-ndjson")) {
        parse_lines(r);
    } else if (has_type(r, "application/json") ||
               has_type(r, "application/problem+json")) {
        /* What cannot be parsed stays NULL, and every look into it fails the test. */
        if (cw_json_parse(cw_buf_view(&r->body), &r->json, NULL) != 0) {
            r->json = NULL;
        }
    }
}

static void record(const struct t_request *q, const struct t_reply *r)
{
    const char *path = getenv("CELWATCH_EXCHANGES");
    if (path == NULL) {
        return;
    }
    CW_AUTO(cw_buf_done) struct cw_buf line = CW_BUF_INIT(BODY_MAX * 7);
    struct cw_jw w = cw_jw_of(&line);
    cw_jw_begin_object(&w);
    cw_jw_kstr(&w, "method", q->method);
    cw_jw_kstr(&w, "path", q->path);
    cw_jw_ku64(&w, "status", (uint64_t)r->status);
    cw_jw_kstr(&w, "content_type", r->content_type);
    cw_jw_kstr(&w, "request_content_type", q->content_type);
    cw_jw_key(&w, "body");
    cw_jw_text(&w, cw_buf_view(&r->body));
    cw_jw_end_object(&w);
    cw_buf_add_str(&line, "\n");
    assert_false(line.failed);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, line.p, line.len), line.len);
    (void)close(fd);
}

struct t_reply t_http(const struct t_server *s, const struct t_request *q)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, init_curl);
    struct t_reply r = {.head = CW_BUF_INIT(HEAD_MAX), .body = CW_BUF_INIT(BODY_MAX)};
    CURL *c = curl_easy_init();
    assert_non_null(c);
    struct curl_slist *headers = header_list(q);
    set_up(c, s, q, headers, &r);
    if (curl_easy_perform(c) == CURLE_OK) {
        long status = 0;
        const char *type = NULL;
        (void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
        (void)curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &type);
        r.status = (int)status;
        if (type != NULL) {
            (void)snprintf(r.content_type, sizeof r.content_type, "%s", type);
        }
    }
    curl_easy_cleanup(c);
    curl_slist_free_all(headers);
    if (r.status != 0) {
        parse_body(&r);
        record(q, &r);
    }
    return r;
}

void t_reply_done(struct t_reply *r)
{
    for (size_t i = 0; i < r->n_lines; i++) {
        cw_json_free(&r->lines[i]);
    }
    free(r->lines);
    cw_json_free(&r->json);
    cw_buf_done(&r->head);
    cw_buf_done(&r->body);
    *r = (struct t_reply){0};
}

struct t_reply t_get(const struct t_server *s, const char *key, const char *path)
{
    return t_http(s, &(struct t_request){.method = "GET", .path = path, .key = key});
}

struct t_reply t_delete(const struct t_server *s, const char *key, const char *path)
{
    return t_http(s, &(struct t_request){.method = "DELETE", .path = path, .key = key});
}

static struct t_reply send_text(const struct t_server *s, const char *key,
                                const char *method, const char *path, const char *type,
                                const char *text)
{
    return t_http(s, &(struct t_request){.method = method,
                                         .path = path,
                                         .key = key,
                                         .content_type = type,
                                         .body = cw_bytes_str(text)});
}

struct t_reply t_post_json(const struct t_server *s, const char *key, const char *path,
                           const char *text)
{
    return send_text(s, key, "POST", path, "application/json", text);
}

struct t_reply t_put_json(const struct t_server *s, const char *key, const char *path,
                          const char *text)
{
    return send_text(s, key, "PUT", path, "application/json", text);
}

struct t_reply t_post_ndjson(const struct t_server *s, const char *key, const char *path,
                             const char *text)
{
    return send_text(s, key, "POST", path, "application/x-ndjson", text);
}

struct t_reply t_send_picture(const struct t_server *s, const char *key,
                              const char *method, const char *path,
                              struct cw_bytes picture)
{
    return t_http(s, &(struct t_request){.method = method,
                                         .path = path,
                                         .key = key,
                                         .content_type = "image/png",
                                         .body = picture});
}

bool t_reply_header(const struct t_reply *r, const char *name, char *out, size_t cap)
{
    size_t len = strlen(name);
    for (const char *line = cw_buf_str(&r->head); *line != '\0';) {
        size_t line_len = strcspn(line, "\r\n");
        if (line_len > len && strncasecmp(line, name, len) == 0 && line[len] == ':') {
            size_t skip = len + 1 + strspn(line + len + 1, " ");
            assert_int_equal(cw_copy_text(out, cap,
                                          cw_bytes_of(line + skip, line_len - skip), name,
                                          NULL),
                             0);
            return true;
        }
        line += line_len + strspn(line + line_len, "\r\n");
    }
    return false;
}

void t_expect_status(const struct t_reply *r, int status)
{
    if (r->status != status) {
        fail_msg("status %d, expected %d; body: %.2000s", r->status, status,
                 cw_buf_str(&r->body));
    }
}

void t_expect_problem(const struct t_reply *r, int status, const char *code)
{
    t_expect_status(r, status);
    assert_string_equal(r->content_type, "application/problem+json");
    char type[96];
    char request_id[96];
    (void)snprintf(type, sizeof type, "/problems#%s", code);
    t_expect_text(r->json, "/code", code);
    t_expect_text(r->json, "/type", type);
    t_expect_u64(r->json, "/status", (uint64_t)status);
    assert_non_null(t_json_at(r->json, "/title"));
    assert_true(t_reply_header(r, "X-Request-Id", request_id, sizeof request_id));
    t_expect_text(r->json, "/request_id", request_id);
}

void t_expect_problem_at(const struct t_reply *r, int status, const char *code,
                         const char *pointer)
{
    t_expect_problem(r, status, code);
    t_expect_text(r->json, "/errors/0/pointer", pointer);
}
