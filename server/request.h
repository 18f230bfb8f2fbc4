/* request.h - one request and its answer, as handlers see them. Nothing of libmicrohttpd.
 *
 * The listener (http.c) fills a request, route.c finds its handler and checks who asks,
 * the handler answers. One thread at a time owns a request. */
#ifndef CW_SERVER_REQUEST_H
#define CW_SERVER_REQUEST_H

#include <stdbool.h>

#include "index/store.h"
#include "server/problem.h"

#define CW_REQUEST_ID_CAP 17
#define CW_MAX_PARTS 6   /* path segments */
#define CW_MAX_PARAMS 12 /* query parameters */
#define CW_MAX_HEADERS_OUT 8
#define CW_PART_CAP 512

struct cw_app;
struct cw_route;
struct cw_stream;

enum cw_method { CW_GET = 1, CW_PUT, CW_POST, CW_DELETE, CW_HEAD, CW_OTHER };

/* What kind of body came, by Content-Type. */
enum cw_body {
    CW_BODY_NONE = 0,
    CW_BODY_JSON = 1,
    CW_BODY_NDJSON = 2,
    CW_BODY_HASHES = 4,       /* application/vnd.celwatch.hashes */
    CW_BODY_PICTURE = 8,      /* image/..., application/octet-stream, or none given */
    CW_BODY_FINGERPRINTS = 16 /* application/vnd.celwatch.fingerprints */
};

struct cw_param {
    char name[32];
    char value[CW_URL_CAP];
};

struct cw_header_out {
    const char *name; /* static */
    char *value;      /* owned by the request */
};

struct cw_request {
    char id[CW_REQUEST_ID_CAP];
    enum cw_method method;
    const struct cw_route *route;
    size_t n_parts;
    char parts[CW_MAX_PARTS][CW_PART_CAP]; /* decoded path segments */
    size_t n_params;
    struct cw_param *params; /* decoded query parameters, owned */
    bool known_key;
    struct cw_key_record key; /* who asks, once known_key */
    enum cw_body body_kind;
    struct cw_buf body;
    char idempotency_key[256]; /* "" if none */
    char if_match[64];
    bool wants_stream; /* Accept names text/event-stream */
    char last_event_id[32];

    /* the answer */
    unsigned status; /* 0 = none yet */
    const char *content_type;
    struct cw_buf answer;
    size_t n_headers;
    struct cw_header_out headers[CW_MAX_HEADERS_OUT];
    struct cw_stream *stream; /* set: the answer goes on as an event stream */
};

/* The value of a query parameter, NULL if absent. */
const char *cw_request_param(const struct cw_request *r, const char *name);
/* Refuses any query parameter not among the n names: -1 and *why filled. */
int cw_request_only_params(const struct cw_request *r, const char *const *names, size_t n,
                           struct cw_refusal *why) CW_CHECKED;
/* A whole-number parameter, `fallback` if absent. */
int cw_request_number(const struct cw_request *r, const char *name, uint64_t min,
                      uint64_t max, uint64_t fallback, uint64_t *out,
                      struct cw_refusal *why) CW_CHECKED;
/* ?effort=full|fast: whether to match by hashes alone. Absent: full. */
int cw_request_effort(const struct cw_request *r, bool *out_fast,
                      struct cw_refusal *why) CW_CHECKED;
/* A time parameter, 0 if absent. */
int cw_request_time(const struct cw_request *r, const char *name, uint64_t *out,
                    struct cw_refusal *why) CW_CHECKED;

/* Starts an answer; the body is then appended to r->answer. */
void cw_answer(struct cw_request *r, unsigned status, const char *content_type);
struct cw_jw cw_answer_json(struct cw_request *r, unsigned status);
void cw_answer_header(struct cw_request *r, const char *name, const char *fmt, ...)
    CW_PRINTF(3, 4);
/* Frees what the request owns. */
void cw_request_done(struct cw_request *r);
/* Answers with a problem document, dropping what was written so far. */
void cw_answer_refusal(struct cw_request *r, const struct cw_refusal *why);
/* Logs a failure under the request's id and answers what the client may know of it. */
void cw_answer_failure(struct cw_request *r, const struct cw_err *err);

/* Opaque cursors: bytes as hexadecimal text, which a URL need not escape. */
int cw_cursor_read(const struct cw_request *r, struct cw_buf *out,
                   struct cw_refusal *why) CW_CHECKED;
/* Ends a list whose object and array "items" are open: member "next", and the Link header
 * if it goes on after `position`. */
void cw_answer_list_end(struct cw_request *r, struct cw_jw *w, bool more,
                        struct cw_bytes position);

#endif
