#include "cli/http_client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_read.h"
#include "cli/interrupt.h"

#define CONNECT_TIMEOUT_S 10L
#define TIMEOUT_S 120L
#define MAX_TRIES 5
#define MAX_PAUSE_S 15L
#define PATH_MAX_LEN ((size_t)16384)

struct cw_http {
    CURL *curl;
    struct cw_buf url; /* of the request; begins with the address */
    size_t address_len;
};

void cw_http_answer_done(struct cw_http_answer *answer)
{
    cw_buf_done(&answer->body);
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
    struct cw_buf *body = ctx;
    cw_buf_add(body, p, size * n);
    return body->failed ? 0 : size * n;
}

/* A second Ctrl-C does not wait for the answer. */
static int on_progress(void *ctx, curl_off_t dl_total, curl_off_t dl, curl_off_t ul_total,
                       curl_off_t ul)
{
    (void)ctx, (void)dl_total, (void)dl, (void)ul_total, (void)ul;
    return cw_interrupts() >= 2;
}

/* What holds for all requests. */
static CURLcode configure(CURL *c, const char *key, bool loopback)
{
    CURLcode rc = CURLE_OK;
#define SET(option, value) rc = rc != CURLE_OK ? rc : curl_easy_setopt(c, option, value)
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
    SET(CURLOPT_TIMEOUT, TIMEOUT_S);
    SET(CURLOPT_USERAGENT, "celwatch");
    SET(CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    SET(CURLOPT_XOAUTH2_BEARER, key);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    if (loopback) {
        SET(CURLOPT_PROXY, "");
    }
#undef SET
    return rc;
}

int cw_http_open(const char *url, const char *key, bool loopback, struct cw_http **out,
                 struct cw_err *err)
{
    struct cw_http *http = calloc(1, sizeof *http);
    if (http == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    http->url = CW_BUF_INIT(CW_HTTP_URL_CAP + PATH_MAX_LEN);
    cw_buf_add_str(&http->url, url);
    http->address_len = http->url.len;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
        http->curl = curl_easy_init();
    }
    if (http->curl == NULL || configure(http->curl, key, loopback) != CURLE_OK) {
        cw_http_close(&http);
        return cw_fail(err, CW_E_INTERNAL, "libcurl cannot be set up; is it too old?");
    }
    *out = http;
    return 0;
}

void cw_http_close(struct cw_http **http)
{
    if (*http == NULL) {
        return;
    }
    curl_easy_cleanup((*http)->curl);
    curl_global_cleanup();
    cw_buf_done(&(*http)->url);
    free(*http);
    *http = NULL;
}

static void free_list(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

/* Appends "NAME: VALUE", the value in quotes if `quoted`. */
static int add_header(struct curl_slist **list, const char *name, const char *value,
                      bool quoted, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf line = CW_BUF_INIT(1024);
    const char *quote = quoted ? "\"" : "";
    cw_buf_printf(&line, "%s: %s%s%s", name, quote, value, quote);
    CW_TRY(cw_buf_check(&line, "a header", err));
    struct curl_slist *longer = curl_slist_append(*list, cw_buf_str(&line));
    if (longer == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    *list = longer;
    return 0;
}

static int add_headers(const struct cw_http_request *request, struct curl_slist **list,
                       struct cw_err *err)
{
    /* Without this, libcurl waits a second for a "100 Continue" before a large body. */
    struct curl_slist *first = curl_slist_append(NULL, "Expect:");
    if (first == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    *list = first;
    if (request->content_type != NULL) {
        CW_TRY(add_header(list, "Content-Type", request->content_type, false, err));
    }
    if (request->if_match != NULL) {
        CW_TRY(add_header(list, "If-Match", request->if_match, true, err));
    }
    if (request->idempotency_key != NULL) {
        CW_TRY(add_header(list, "Idempotency-Key", request->idempotency_key, true, err));
    }
    return 0;
}

static CURLcode set_request(struct cw_http *http, const struct cw_http_request *request,
                            struct curl_slist *headers, struct cw_buf *body)
{
    CURL *c = http->curl;
    const bool is_post = strcmp(request->method, "POST") == 0;
    CURLcode rc = CURLE_OK;
#define SET(option, value) rc = rc != CURLE_OK ? rc : curl_easy_setopt(c, option, value)
    SET(CURLOPT_URL, cw_buf_str(&http->url));
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_WRITEDATA, body);
    SET(CURLOPT_HTTPGET, 1L);
    SET(CURLOPT_CUSTOMREQUEST, NULL);
    if (is_post) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        SET(CURLOPT_POSTFIELDS,
            request->body.p == NULL ? "" : (const char *)request->body.p);
    } else {
        SET(CURLOPT_CUSTOMREQUEST, request->method);
    }
#undef SET
    return rc;
}

static int curl_failure(const struct cw_http *http, CURLcode rc, struct cw_err *err)
{
    const int len = (int)http->address_len;
    const char *url = cw_buf_str(&http->url);
    if (rc == CURLE_ABORTED_BY_CALLBACK) {
        return cw_fail(
            err, CW_E_IO,
            "stopped while the service was working; run the same command again");
    }
    if (rc == CURLE_OPERATION_TIMEDOUT) {
        return cw_fail(err, CW_E_TIMEOUT,
                       "%.*s did not answer in time; run the same command again", len,
                       url);
    }
    return cw_fail(err, CW_E_IO,
                   "cannot reach %.*s: %.80s; is celwatchd running there? (--server or "
                   "CELWATCH_URL)",
                   len > 80 ? 80 : len, url, curl_easy_strerror(rc));
}

static void keep_etag(struct cw_http *http, struct cw_http_answer *answer)
{
    struct curl_header *header;
    answer->etag[0] = '\0';
    if (curl_easy_header(http->curl, "ETag", 0, CURLH_HEADER, -1, &header) != CURLHE_OK) {
        return;
    }
    struct cw_bytes value = cw_bytes_str(header->value);
    if (value.len < 2 || value.p[0] != '"' || value.p[value.len - 1] != '"' ||
        cw_copy_text(answer->etag, sizeof answer->etag,
                     cw_bytes_of(value.p + 1, value.len - 2), "ETag", NULL) != 0) {
        answer->etag[0] = '\0'; /* a weak or overlong one is of no use here */
    }
}

static int ask_once(struct cw_http *http, const struct cw_http_request *request,
                    struct cw_http_answer *answer, struct cw_err *err)
{
    CW_AUTO(free_list) struct curl_slist *headers = NULL;
    CW_TRY(add_headers(request, &headers, err));
    http->url.len = http->address_len;
    http->url.failed = false;
    cw_buf_add_str(&http->url, request->path);
    CW_TRY(cw_buf_check(&http->url, "the address of the request", err));
    answer->body.max = CW_HTTP_ANSWER_MAX;
    cw_buf_clear(&answer->body);
    answer->status = 0;
    CURLcode rc = set_request(http, request, headers, &answer->body);
    if (rc == CURLE_OK) {
        rc = curl_easy_perform(http->curl);
    }
    CW_TRY(cw_buf_check(&answer->body, "the service's answer", err));
    if (rc != CURLE_OK) {
        return curl_failure(http, rc, err);
    }
    (void)curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &answer->status);
    keep_etag(http, answer);
    return 0;
}

static enum cw_code code_of_status(long status)
{
    switch (status) {
    case 401:
    case 403:
        return CW_E_DENIED;
    case 404:
        return CW_E_NOT_FOUND;
    case 409:
    case 412:
        return CW_E_CONFLICT;
    case 429:
    case 503:
        return CW_E_BUSY;
    default:
        return status >= 500 ? CW_E_INTERNAL : CW_E_INVALID;
    }
}

/* What the user can do about it. */
static const char *advice(long status)
{
    switch (status) {
    case 401:
        return "; check CELWATCH_KEY or --key-file";
    case 403:
        return "; this needs a key of another role";
    case 429:
    case 503:
        return "; try again later";
    default:
        return "";
    }
}

/* Copies a text member into a fixed array, cut off if need be; empty if it is absent. */
static void member(const struct cw_json *object, const char *name, char *out, size_t cap)
{
    struct cw_bytes text = {0};
    if (cw_json_text(cw_json_get(object, name), &text) && text.len >= cap) {
        text.len = cap - 1;
    }
    if (text.len > 0) {
        memcpy(out, text.p, text.len);
    }
    out[text.len] = '\0';
}

/* Turns an answer that is no success into a failure with the problem in one line. */
static int refusal(struct cw_http_answer *answer, struct cw_err *err)
{
    char detail[120] = "";
    char request_id[40] = "";
    CW_AUTO(cw_json_free) struct cw_json *problem = NULL;
    const enum cw_code code = code_of_status(answer->status);
    if (cw_json_parse(cw_buf_view(&answer->body), &problem, NULL) == 0) {
        member(problem, "detail", detail, sizeof detail);
        member(problem, "code", answer->code, sizeof answer->code);
        member(problem, "request_id", request_id, sizeof request_id);
    }
    if (answer->code[0] == '\0') {
        return cw_fail(
            err, code,
            "the service answered with status %ld and no explanation%s; is it a "
            "celwatchd?",
            answer->status, advice(answer->status));
    }
    return cw_fail(err, code, "%s (%s, request %s)%s",
                   detail[0] == '\0' ? "the service refused" : detail, answer->code,
                   request_id[0] == '\0' ? "unknown" : request_id,
                   advice(answer->status));
}

/* Seconds to wait before asking again, 0 if the service did not say. */
static long pause_seconds(struct cw_http *http)
{
    curl_off_t seconds = 0;
    (void)curl_easy_getinfo(http->curl, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds <= 0) {
        return 0;
    }
    return seconds > MAX_PAUSE_S ? MAX_PAUSE_S : (long)seconds;
}

int cw_http_run(struct cw_http *http, const struct cw_http_request *request,
                struct cw_http_answer *answer, struct cw_err *err)
{
    answer->code[0] = '\0';
    for (int tries = 1;; tries++) {
        CW_TRY(ask_once(http, request, answer, err));
        if (answer->status >= 200 && answer->status < 300) {
            return 0;
        }
        const bool busy = answer->status == 429 || answer->status == 503;
        const long pause_s = busy ? pause_seconds(http) : 0;
        if (pause_s == 0 || tries == MAX_TRIES || cw_interrupts() > 0) {
            return refusal(answer, err);
        }
        cw_interrupt_wait_ms((uint32_t)pause_s * 1000);
    }
}
