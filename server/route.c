#include "server/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

static const struct {
    enum cw_method method;
    const char *name;
} methods[] = {{CW_GET, "GET"},       {CW_PUT, "PUT"},   {CW_POST, "POST"},
               {CW_DELETE, "DELETE"}, {CW_HEAD, "HEAD"}, {CW_OTHER, "OTHER"}};

const char *cw_method_name(enum cw_method method)
{
    return methods[method - CW_GET].name;
}

enum cw_method cw_method_of(const char *name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(methods[i].name, name) == 0) {
            return methods[i].method;
        }
    }
    return CW_OTHER;
}

/* Percent-decodes `raw` into dst. `plus` makes '+' a space, as in query strings.
 * Refuses bad escapes, control characters and text that is not UTF-8. */
static int decode_text(struct cw_bytes raw, bool plus, char *dst, size_t cap,
                       const char *what, struct cw_refusal *why)
{
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++, len++) {
        uint8_t c = raw.p[i];
        if (c == '%') {
            if (raw.len - i < 3 ||
                cw_hex_decode(cw_bytes_of(raw.p + i + 1, 2), &c, 1, NULL) != 0) {
                return cw_refuse(why, CW_P_BAD_REQUEST, "", "%s has a bad escape", what);
            }
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c < 0x20 || c == 0x7f) {
            return cw_refuse(why, CW_P_BAD_REQUEST, "", "%s has a control character",
                             what);
        }
        if (len + 1 >= cap) {
            return cw_refuse(why, CW_P_BAD_REQUEST, "", "%s is longer than %zu bytes",
                             what, cap - 1);
        }
        dst[len] = (char)c;
    }
    dst[len] = '\0';
    if (!cw_is_utf8(cw_bytes_of(dst, len))) {
        return cw_refuse(why, CW_P_BAD_REQUEST, "", "%s is not UTF-8", what);
    }
    return 0;
}

int cw_path_split(struct cw_request *r, struct cw_bytes raw, struct cw_refusal *why)
{
    if (raw.len == 0 || raw.p[0] != '/') {
        return cw_refuse(why, CW_P_BAD_REQUEST, "", "the path must start with /");
    }
    raw = cw_bytes_of(raw.p + 1, raw.len - 1);
    for (r->n_parts = 0; raw.len > 0; r->n_parts++) {
        if (r->n_parts == CW_MAX_PARTS) {
            return cw_refuse(why, CW_P_NO_ROUTE, "", "no route has so many segments");
        }
        if (decode_text(cw_bytes_cut(&raw, '/'), false, r->parts[r->n_parts], CW_PART_CAP,
                        "the path", why) != 0) {
            return -1;
        }
    }
    return 0;
}

int cw_query_split(struct cw_request *r, struct cw_bytes raw, struct cw_refusal *why)
{
    if (raw.len == 0) {
        return 0;
    }
    r->params = calloc(CW_MAX_PARAMS, sizeof *r->params);
    if (r->params == NULL) {
        return cw_refuse(why, CW_P_BUSY, "", "try again later");
    }
    while (raw.len > 0) {
        struct cw_bytes value = cw_bytes_cut(&raw, '&');
        const struct cw_bytes name = cw_bytes_cut(&value, '=');
        struct cw_param p;
        if (r->n_params == CW_MAX_PARAMS) {
            return cw_refuse(why, CW_P_BAD_QUERY, "", "more than %d parameters",
                             CW_MAX_PARAMS);
        }
        if (decode_text(name, true, p.name, sizeof p.name, "a parameter name", why) !=
                0 ||
            decode_text(value, true, p.value, sizeof p.value, "a parameter", why) != 0) {
            return -1;
        }
        if (cw_request_param(r, p.name) != NULL) {
            return cw_refuse(why, CW_P_BAD_QUERY, "", "parameter '%s' is given twice",
                             p.name);
        }
        r->params[r->n_params++] = p;
    }
    return 0;
}

/* Compares the request's parts with a route's path; a placeholder takes any segment. */
static bool path_fits(const struct cw_request *r, const char *path)
{
    struct cw_bytes rest = cw_bytes_str(path + 1);
    size_t i = 0;
    for (; rest.len > 0; i++) {
        const struct cw_bytes want = cw_bytes_cut(&rest, '/');
        if (i == r->n_parts) {
            return false;
        }
        if (want.p[0] == '{' ? r->parts[i][0] == '\0'
                             : !cw_bytes_equal_str(want, r->parts[i])) {
            return false;
        }
    }
    return i == r->n_parts;
}

int cw_route_find(struct cw_request *r, char allow[64], struct cw_refusal *why)
{
    size_t len = 0;
    const enum cw_method wanted = r->method == CW_HEAD ? CW_GET : r->method;
    allow[0] = '\0';
    for (size_t i = 0; i < cw_n_routes; i++) {
        if (!path_fits(r, cw_routes[i].path)) {
            continue;
        }
        if (cw_routes[i].method == wanted) {
            r->route = &cw_routes[i];
            return 0;
        }
        const int n = snprintf(allow + len, 64 - len, "%s%s", len > 0 ? ", " : "",
                               cw_method_name(cw_routes[i].method));
        len += n > 0 ? (size_t)n : 0;
    }
    if (len > 0) {
        return cw_refuse(why, CW_P_METHOD_NOT_ALLOWED, "", "use %s", allow);
    }
    return cw_refuse(why, CW_P_NO_ROUTE, "", "see /openapi.json");
}

const char *cw_route_arg(const struct cw_request *r, size_t which)
{
    struct cw_bytes rest = cw_bytes_str(r->route->path + 1);
    for (size_t i = 0; rest.len > 0; i++) {
        if (cw_bytes_cut(&rest, '/').p[0] == '{' && which-- == 0) {
            return r->parts[i];
        }
    }
    return "";
}
