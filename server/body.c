#include "server/body.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "server/metrics.h"

int cw_body_object(struct cw_bytes text, const char *what, struct cw_json **out,
                   struct cw_refusal *why)
{
    struct cw_err err;
    struct cw_json *root;
    if (cw_json_parse(text, &root, &err) != 0) {
        return cw_refuse(why, CW_P_BAD_JSON, "", "%s", err.text);
    }
    if (!cw_json_is_object(root)) {
        cw_json_free(&root);
        return cw_refuse(why, CW_P_BAD_JSON, "", "%s must be a JSON object", what);
    }
    *out = root;
    return 0;
}

/* "/name" with '~' and '/' escaped (RFC 6901). */
static void pointer_to(const char *member, char out[CW_POINTER_CAP])
{
    size_t at = 1;
    out[0] = '/';
    for (const char *c = member; *c != '\0' && at < CW_POINTER_CAP - 3; c++) {
        if (*c == '~' || *c == '/') {
            out[at++] = '~';
            out[at++] = *c == '~' ? '0' : '1';
        } else {
            out[at++] = *c;
        }
    }
    out[at] = '\0';
}

int cw_body_only(const struct cw_json *object, const char *const *names, size_t n,
                 struct cw_refusal *why)
{
    char pointer[CW_POINTER_CAP];
    const char *stranger = cw_json_unknown(object, names, n);
    if (stranger == NULL) {
        return 0;
    }
    pointer_to(stranger, pointer);
    return cw_refuse(why, CW_P_UNKNOWN_FIELD, pointer, "this field is not known here");
}

bool cw_has_control(struct cw_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] < 0x20 || text.p[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

int cw_body_text(const struct cw_json *object, const char *member, bool optional,
                 char *dst, size_t cap, struct cw_refusal *why)
{
    char pointer[CW_POINTER_CAP];
    struct cw_bytes text;
    struct cw_err err;
    const struct cw_json *v = cw_json_get(object, member);
    pointer_to(member, pointer);
    if (v == NULL) {
        return optional ? 0
                        : cw_refuse(why, CW_P_BAD_FIELD, pointer, "this field is needed");
    }
    if (!cw_json_text(v, &text)) {
        return cw_refuse(why, CW_P_BAD_FIELD, pointer, "must be a string");
    }
    if (cw_has_control(text)) {
        return cw_refuse(why, CW_P_BAD_FIELD, pointer, "has a control character");
    }
    if (cw_copy_text(dst, cap, text, member, &err) != 0) {
        return cw_refuse(why, CW_P_BAD_FIELD, pointer, "%s", err.text);
    }
    return 0;
}

int cw_body_time(const struct cw_json *object, const char *member, uint64_t *out,
                 struct cw_refusal *why)
{
    char pointer[CW_POINTER_CAP];
    struct cw_bytes text;
    struct cw_err err;
    const struct cw_json *v = cw_json_get(object, member);
    if (v == NULL || cw_json_is_null(v)) {
        return 0;
    }
    pointer_to(member, pointer);
    if (!cw_json_text(v, &text) || cw_rfc3339_parse(text, out, &err) != 0) {
        return cw_refuse(why, CW_P_BAD_FIELD, pointer,
                         "must be an RFC 3339 date or time");
    }
    return 0;
}

int cw_body_fingerprint(const struct cw_json *object, struct cw_fingerprint *out,
                        struct cw_refusal *why)
{
    char inner[96] = "";
    char pointer[CW_POINTER_CAP];
    struct cw_err err;
    const struct cw_json *v = cw_json_get(object, "fingerprint");
    if (v == NULL) {
        return cw_refuse(why, CW_P_BAD_FIELD, "/fingerprint", "this field is needed");
    }
    if (cw_fingerprint_read_json(v, out, inner, &err) == 0) {
        return 0;
    }
    (void)snprintf(pointer, sizeof pointer, "/fingerprint%s", inner);
    return cw_refuse(why,
                     err.code == CW_E_UNSUPPORTED ? CW_P_UNKNOWN_FIELD : CW_P_BAD_FIELD,
                     pointer, "%s", err.text);
}

int cw_body_picture(struct cw_app *app, const struct cw_request *r,
                    enum cw_strictness how, struct cw_fingerprint *out,
                    struct cw_refusal *why)
{
    struct cw_err err;
    if (cw_hasher_run(app->hasher, cw_buf_view(&r->body), how, out, &err) != 0) {
        cw_metrics_count(app->metrics, CW_COUNT_PICTURES_REFUSED, 1);
        return cw_refuse_picture(why, &err);
    }
    cw_metrics_count(app->metrics, CW_COUNT_PICTURES, 1);
    return 0;
}

int cw_check_name(const char *text, const char *what, const char *pointer,
                  struct cw_refusal *why)
{
    const struct cw_bytes t = cw_bytes_str(text);
    if (t.len == 0 || cw_has_control(t) || !cw_is_utf8(t) || strchr(text, '/') != NULL) {
        return cw_refuse(why, CW_P_BAD_FIELD, pointer,
                         "%s must be UTF-8 text without '/'", what);
    }
    return 0;
}

bool cw_next_line(struct cw_bytes *rest, struct cw_bytes *out)
{
    while (rest->len > 0) {
        struct cw_bytes line = cw_bytes_cut(rest, '\n');
        if (line.len > 0 && line.p[line.len - 1] == '\r') {
            line.len--;
        }
        if (line.len > 0) {
            *out = line;
            return true;
        }
    }
    return false;
}
