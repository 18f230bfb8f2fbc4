#include "server/problem.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    unsigned status;
    const char *code;
    const char *title;
} table[CW_P_COUNT] = {
    [CW_P_BAD_REQUEST] = {400, "bad_request", "The request is not well-formed HTTP"},
    [CW_P_BAD_JSON] = {400, "bad_json", "The body is not the JSON that was expected"},
    [CW_P_BAD_FIELD] = {400, "bad_field", "A field of the body has a wrong value"},
    [CW_P_UNKNOWN_FIELD] = {400, "unknown_field",
                            "The body has a field that is not known"},
    [CW_P_BAD_QUERY] = {400, "bad_query",
                        "A query parameter or header has a wrong value"},
    [CW_P_EMPTY_BODY] = {400, "empty_body", "The body is empty"},
    [CW_P_BAD_BATCH] = {400, "bad_batch", "The batch does not end with a whole record"},
    [CW_P_NO_KEY] = {401, "no_key", "A valid key is needed"},
    [CW_P_ROLE_FORBIDDEN] = {403, "role_forbidden", "This key's role may not do that"},
    [CW_P_DISCLOSURE_FORBIDDEN] = {403, "disclosure_forbidden",
                                   "This key may not learn that"},
    [CW_P_NOT_FOUND] = {404, "not_found", "There is no such thing"},
    [CW_P_NO_ROUTE] = {404, "no_route", "There is no such route"},
    [CW_P_METHOD_NOT_ALLOWED] = {405, "method_not_allowed",
                                 "This route has no such method"},
    [CW_P_REQUEST_TIMEOUT] = {408, "request_timeout",
                              "The request did not arrive in time"},
    [CW_P_ASSET_EXISTS] = {409, "asset_exists", "The id is taken by other content"},
    [CW_P_LENGTH_REQUIRED] = {411, "length_required", "A body needs a Content-Length"},
    [CW_P_VERSION_CONFLICT] = {412, "version_conflict",
                               "The incident has changed meanwhile"},
    [CW_P_BODY_TOO_LARGE] = {413, "body_too_large", "The body is too large"},
    [CW_P_UNSUPPORTED_MEDIA] = {415, "unsupported_media",
                                "This content type is not taken here"},
    [CW_P_NOT_A_PICTURE] = {415, "not_a_picture",
                            "The body is no picture that can be read"},
    [CW_P_DAMAGED_PICTURE] = {422, "damaged_picture", "The picture is damaged"},
    [CW_P_PICTURE_TOO_LARGE] = {422, "picture_too_large",
                                "The picture has too many pixels"},
    [CW_P_PICTURE_TOO_COSTLY] = {422, "picture_too_costly",
                                 "The picture took too long to decode"},
    [CW_P_IDEMPOTENCY_MISMATCH] = {422, "idempotency_mismatch",
                                   "The Idempotency-Key was used for another request"},
    [CW_P_NOTHING_TO_UNDO] = {422, "nothing_to_undo", "There is no decision to undo"},
    [CW_P_VERSION_REQUIRED] = {428, "version_required", "If-Match is needed"},
    [CW_P_INTERNAL] = {500, "internal", "Something went wrong here"},
    [CW_P_BUSY] = {503, "busy", "Too much to do at the moment"},
    [CW_P_STORAGE] = {503, "storage", "The store does not take writes at the moment"},
};

int cw_refuse(struct cw_refusal *out, enum cw_problem problem, const char *pointer,
              const char *fmt, ...)
{
    va_list ap;
    out->problem = problem;
    if (snprintf(out->pointer, sizeof out->pointer, "%s", pointer) < 0) {
        out->pointer[0] = '\0';
    }
    va_start(ap, fmt);
    if (vsnprintf(out->detail, sizeof out->detail, fmt, ap) < 0) {
        out->detail[0] = '\0';
    }
    va_end(ap);
    return -1;
}

int cw_refuse_failure(struct cw_refusal *out, const struct cw_err *err)
{
    switch (err->code) {
    case CW_E_NOT_FOUND:
        return cw_refuse(out, CW_P_NOT_FOUND, "", "nothing of that name or number");
    case CW_E_INVALID:
        return cw_refuse(out, CW_P_BAD_FIELD, "", "%s", err->text);
    case CW_E_TOO_LARGE:
        return cw_refuse(out, CW_P_BODY_TOO_LARGE, "", "%s", err->text);
    case CW_E_CONFLICT:
        return cw_refuse(out, CW_P_ASSET_EXISTS, "", "%s", err->text);
    case CW_E_BUSY:
    case CW_E_NO_MEMORY:
    case CW_E_TIMEOUT:
        return cw_refuse(out, CW_P_BUSY, "", "try again later");
    case CW_E_IO:
    case CW_E_UNKNOWN:
        return cw_refuse(out, CW_P_STORAGE, "", "try again later, by the same id");
    default:
        return cw_refuse(out, CW_P_INTERNAL, "",
                         "the operator can find it by the request id");
    }
}

int cw_refuse_picture(struct cw_refusal *out, const struct cw_err *err)
{
    switch (err->code) {
    case CW_E_INVALID:
        return cw_refuse(out, CW_P_EMPTY_BODY, "", "a picture file is expected");
    case CW_E_UNSUPPORTED:
        return cw_refuse(out, CW_P_NOT_A_PICTURE, "", "%s", err->text);
    case CW_E_CORRUPT:
        return cw_refuse(out, CW_P_DAMAGED_PICTURE, "", "%s", err->text);
    case CW_E_TOO_LARGE:
        return cw_refuse(out, CW_P_PICTURE_TOO_LARGE, "", "%s", err->text);
    case CW_E_TIMEOUT:
        return cw_refuse(out, CW_P_PICTURE_TOO_COSTLY, "", "%s", err->text);
    case CW_E_INTERNAL:
        return cw_refuse(out, CW_P_DAMAGED_PICTURE, "", "decoding it failed");
    default:
        return cw_refuse_failure(out, err);
    }
}

const char *cw_problem_code(enum cw_problem problem)
{
    return table[problem].code;
}

unsigned cw_problem_status(enum cw_problem problem)
{
    return table[problem].status;
}

void cw_problem_write(struct cw_buf *out, const struct cw_refusal *why,
                      const char *request_id)
{
    struct cw_jw w = cw_jw_of(out);
    cw_jw_begin_object(&w);
    cw_jw_key(&w, "type");
    cw_buf_printf(out, "\"/problems#%s\"", table[why->problem].code);
    w.comma = true;
    cw_jw_kstr(&w, "title", table[why->problem].title);
    cw_jw_ku64(&w, "status", table[why->problem].status);
    cw_jw_kstr(&w, "detail", why->detail);
    cw_jw_kstr(&w, "code", table[why->problem].code);
    cw_jw_kstr(&w, "request_id", request_id);
    if (why->pointer[0] != '\0') {
        cw_jw_key(&w, "errors");
        cw_jw_begin_array(&w);
        cw_jw_begin_object(&w);
        cw_jw_kstr(&w, "pointer", why->pointer);
        cw_jw_kstr(&w, "detail", why->detail);
        cw_jw_end_object(&w);
        cw_jw_end_array(&w);
    }
    cw_jw_end_object(&w);
}

void cw_problem_line_write(struct cw_jw *w, const char *member, const char *id,
                           const struct cw_refusal *why)
{
    cw_jw_begin_object(w);
    cw_jw_kstr(w, member, id[0] == '\0' ? NULL : id);
    cw_jw_kstr(w, "status", "error");
    cw_jw_kstr(w, "code", cw_problem_code(why->problem));
    cw_jw_kstr(w, "detail", why->detail);
    if (why->pointer[0] != '\0') {
        cw_jw_kstr(w, "pointer", why->pointer);
    }
    cw_jw_end_object(w);
}
