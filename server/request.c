#include "server/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/num.h"
#include "server/log.h"

const char *cw_request_param(const struct cw_request *r, const char *name)
{
    for (size_t i = 0; i < r->n_params; i++) {
        if (strcmp(r->params[i].name, name) == 0) {
            return r->params[i].value;
        }
    }
    return NULL;
}

int cw_request_only_params(const struct cw_request *r, const char *const *names, size_t n,
                           struct cw_refusal *why)
{
    for (size_t i = 0; i < r->n_params; i++) {
        size_t known = 0;
        while (known < n && strcmp(names[known], r->params[i].name) != 0) {
            known++;
        }
        if (known == n) {
            return cw_refuse(why, CW_P_BAD_QUERY, "", "there is no parameter '%s' here",
                             r->params[i].name);
        }
    }
    return 0;
}

int cw_request_number(const struct cw_request *r, const char *name, uint64_t min,
                      uint64_t max, uint64_t fallback, uint64_t *out,
                      struct cw_refusal *why)
{
    const char *text = cw_request_param(r, name);
    struct cw_err err;
    if (text == NULL) {
        *out = fallback;
        return 0;
    }
    if (cw_parse_u64(cw_bytes_str(text), min, max, name, out, &err) != 0) {
        return cw_refuse(why, CW_P_BAD_QUERY, "", "%s", err.text);
    }
    return 0;
}

int cw_request_effort(const struct cw_request *r, bool *out_fast, struct cw_refusal *why)
{
    const char *text = cw_request_param(r, "effort");
    *out_fast = text != NULL && strcmp(text, "fast") == 0;
    if (text != NULL && !*out_fast && strcmp(text, "full") != 0) {
        return cw_refuse(why, CW_P_BAD_QUERY, "", "effort is full or fast");
    }
    return 0;
}

int cw_request_time(const struct cw_request *r, const char *name, uint64_t *out,
                    struct cw_refusal *why)
{
    const char *text = cw_request_param(r, name);
    struct cw_err err;
    if (text == NULL) {
        *out = 0;
        return 0;
    }
    if (cw_rfc3339_parse(cw_bytes_str(text), out, &err) != 0) {
        return cw_refuse(why, CW_P_BAD_QUERY, "", "%s: %s", name, err.text);
    }
    return 0;
}

void cw_answer(struct cw_request *r, unsigned status, const char *content_type)
{
    r->status = status;
    r->content_type = content_type;
    cw_buf_clear(&r->answer);
}

struct cw_jw cw_answer_json(struct cw_request *r, unsigned status)
{
    cw_answer(r, status, "application/json");
    return cw_jw_of(&r->answer);
}

void cw_answer_header(struct cw_request *r, const char *name, const char *fmt, ...)
{
    va_list ap;
    char *value;
    va_start(ap, fmt);
    const int n = vasprintf(&value, fmt, ap);
    va_end(ap);
    if (n < 0) {
        return;
    }
    if (r->n_headers == CW_MAX_HEADERS_OUT) {
        free(value);
        return;
    }
    r->headers[r->n_headers++] = (struct cw_header_out){.name = name, .value = value};
}

void cw_request_done(struct cw_request *r)
{
    for (size_t i = 0; i < r->n_headers; i++) {
        free(r->headers[i].value);
    }
    cw_buf_done(&r->body);
    cw_buf_done(&r->answer);
    free(r->params);
}

void cw_answer_refusal(struct cw_request *r, const struct cw_refusal *why)
{
    cw_answer(r, cw_problem_status(why->problem), "application/problem+json");
    cw_problem_write(&r->answer, why, r->id);
    if (r->status == 401) {
        cw_answer_header(r, "WWW-Authenticate", "Bearer");
    }
    if (r->status == 503) {
        cw_answer_header(r, "Retry-After", "1");
    }
}

void cw_answer_failure(struct cw_request *r, const struct cw_err *err)
{
    struct cw_refusal why;
    cw_refuse_failure(&why, err);
    if (cw_problem_status(why.problem) >= 500) {
        cw_log(CW_LOG_ERROR, "event=failure req=%s code=%s why=\"%s\"", r->id,
               cw_code_name(err->code), err->text);
    }
    cw_answer_refusal(r, &why);
}

int cw_cursor_read(const struct cw_request *r, struct cw_buf *out, struct cw_refusal *why)
{
    const struct cw_bytes text = cw_bytes_str(cw_request_param(r, "cursor"));
    if (text.len % 2 != 0 || cw_buf_reserve(out, text.len / 2, NULL) != 0 ||
        cw_hex_decode(text, out->p, text.len / 2, NULL) != 0) {
        return cw_refuse(why, CW_P_BAD_QUERY, "",
                         "cursor is none that was given out here");
    }
    out->len = text.len / 2;
    out->p[out->len] = '\0';
    return 0;
}

/* Appends a path segment or parameter value, percent-encoded (RFC 3986, unreserved kept).
 */
static void add_escaped(struct cw_buf *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        const bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                           (*c >= '0' && *c <= '9') || strchr("-._~", *c) != NULL;
        if (plain) {
            cw_buf_add(out, c, 1);
        } else {
            cw_buf_printf(out, "%%%02X", (unsigned)(unsigned char)*c);
        }
    }
}

static void add_link(struct cw_request *r, struct cw_bytes position)
{
    CW_AUTO(cw_buf_done) struct cw_buf link = CW_BUF_INIT(1000);
    for (size_t i = 0; i < r->n_parts; i++) {
        cw_buf_add_str(&link, "/");
        add_escaped(&link, r->parts[i]);
    }
    cw_buf_add_str(&link, "?");
    for (size_t i = 0; i < r->n_params; i++) {
        if (strcmp(r->params[i].name, "cursor") != 0) {
            cw_buf_printf(&link, "%s=", r->params[i].name);
            add_escaped(&link, r->params[i].value);
            cw_buf_add_str(&link, "&");
        }
    }
    cw_buf_add_str(&link, "cursor=");
    for (size_t i = 0; i < position.len; i++) {
        cw_buf_printf(&link, "%02x", position.p[i]);
    }
    if (!link.failed) {
        cw_answer_header(r, "Link", "<%s>; rel=\"next\"", cw_buf_str(&link));
    }
}

void cw_answer_list_end(struct cw_request *r, struct cw_jw *w, bool more,
                        struct cw_bytes position)
{
    cw_jw_end_array(w);
    cw_jw_key(w, "next");
    if (more) {
        cw_jw_hex(w, position.p, position.len);
        add_link(r, position);
    } else {
        cw_jw_null(w);
    }
    cw_jw_end_object(w);
}
