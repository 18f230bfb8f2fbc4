/* t_http.h - a well-behaved HTTP client (libcurl). The badly behaved one is t_raw.h.
 *
 * If CELWATCH_EXCHANGES names a file, every exchange is appended to it, one JSON object a
 * line; tests/spec/check_exchanges.py holds them against api-spec/openapi.yaml. */
#ifndef CW_TESTS_SUPPORT_T_HTTP_H
#define CW_TESTS_SUPPORT_T_HTTP_H

#include "tests/support/t_json.h"
#include "tests/support/t_server.h"

#define T_MAX_HEADERS 4

struct t_request {
    const char *method;
    const char *path;         /* with its query */
    const char *key;          /* NULL: no Authorization header */
    const char *content_type; /* NULL: no body, unless body is set */
    struct cw_bytes body;
    const char *headers[T_MAX_HEADERS]; /* "Name: value", unused ones NULL */
};

struct t_reply {
    int status; /* 0: no answer, the connection broke */
    char content_type[96];
    struct cw_buf head; /* status line and header lines as received */
    struct cw_buf body;
    struct cw_json *json;   /* the body, if it is one JSON document */
    struct cw_json **lines; /* n_lines documents, if it is NDJSON */
    size_t n_lines;
};

/* Owns  caller ends the reply with t_reply_done. Threads: any */
struct t_reply t_http(const struct t_server *s, const struct t_request *request);
void t_reply_done(struct t_reply *r);

/* Shorthands. `text` is the JSON body. */
struct t_reply t_get(const struct t_server *s, const char *key, const char *path);
struct t_reply t_delete(const struct t_server *s, const char *key, const char *path);
struct t_reply t_post_json(const struct t_server *s, const char *key, const char *path,
                           const char *text);
struct t_reply t_put_json(const struct t_server *s, const char *key, const char *path,
                          const char *text);
struct t_reply t_post_ndjson(const struct t_server *s, const char *key, const char *path,
                             const char *text);
struct t_reply t_send_picture(const struct t_server *s, const char *key,
                              const char *method, const char *path,
                              struct cw_bytes picture);

/* Copies a response header's value; false if it is absent. `name` in any case. */
bool t_reply_header(const struct t_reply *r, const char *name, char *out, size_t cap);

/* On failure the message holds the body. */
void t_expect_status(const struct t_reply *r, int status);
/* A complete problem document of that code, its request id the same as the header's. */
void t_expect_problem(const struct t_reply *r, int status, const char *code);
/* The same, and its first error points there. */
void t_expect_problem_at(const struct t_reply *r, int status, const char *code,
                         const char *pointer);

#endif
