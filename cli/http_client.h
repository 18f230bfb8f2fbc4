/* http_client.h - one connection to the service, on libcurl.
 *
 * Requests are made one after the other. Redirects are not followed, a proxy is never
 * used for this very machine, an answer has a maximum length and every wait a deadline.
 */
#ifndef CW_CLI_HTTP_CLIENT_H
#define CW_CLI_HTTP_CLIENT_H

#include <stdbool.h>

#include "base/bytes.h"

#define CW_HTTP_URL_CAP 512
#define CW_HTTP_ETAG_CAP 64
#define CW_HTTP_CODE_CAP 48
#define CW_HTTP_ANSWER_MAX ((size_t)32 * 1024 * 1024)

struct cw_http;

struct cw_http_request {
    const char *method;          /* GET, POST or DELETE */
    const char *path;            /* "/v1/..."; segments percent-encoded */
    const char *content_type;    /* of the body; NULL: there is none */
    struct cw_bytes body;        /* borrowed during the call */
    const char *if_match;        /* version without quotes; NULL: none */
    const char *idempotency_key; /* without quotes; NULL: none */
};

struct cw_http_answer {
    long status;                 /* 0 if the service was not reached */
    char etag[CW_HTTP_ETAG_CAP]; /* without quotes; empty if there is none */
    char code[CW_HTTP_CODE_CAP]; /* of the problem, such as "busy"; empty on success */
    struct cw_buf body;
};

void cw_http_answer_done(struct cw_http_answer *answer);

/* url       checked by cw_settings_load; key too
 * loopback  the service is on this machine: no proxy, whatever the environment says
 * Errors    CW_E_INTERNAL if libcurl cannot be set up
 * Threads   call once, before other threads exist */
int cw_http_open(const char *url, const char *key, bool loopback, struct cw_http **out,
                 struct cw_err *err) CW_CHECKED;
void cw_http_close(struct cw_http **http);

/* Asks and waits for the answer. While the service says 429 or 503 with a Retry-After, it
 * is asked again, a few times and at most for about a minute.
 *
 * answer   zeroed by the caller before its first use, reused after; set even on failure
 * Errors   CW_E_IO or CW_E_TIMEOUT the service was not reached, CW_E_BUSY it has no time,
 *          CW_E_DENIED 401 and 403, CW_E_NOT_FOUND 404, CW_E_CONFLICT 409 and 412,
 *          CW_E_INVALID any other refusal, CW_E_TOO_LARGE the answer is too long,
 *          CW_E_INTERNAL any other 5xx; the text is the problem in one line
 * Threads  one at a time */
int cw_http_run(struct cw_http *http, const struct cw_http_request *request,
                struct cw_http_answer *answer, struct cw_err *err) CW_CHECKED;

#endif
