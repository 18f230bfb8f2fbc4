#include "base/json_read.h"

#include <jansson.h>
#include <string.h>

void cw_json_init(void)
{
    json_object_seed(0);
}

/* jansson's own depth limit is 2048, fixed when it was compiled, so the nesting is
 * counted before the parser sees the text. Brackets inside strings do not count. */
static bool too_deep(struct cw_bytes text)
{
    bool in_string = false;
    size_t depth = 0;
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.p[i];
        if (in_string) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > CW_JSON_MAX_DEPTH) {
                return true;
            }
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

int cw_json_parse(struct cw_bytes text, struct cw_json **out, struct cw_err *err)
{
    json_error_t why;
    if (too_deep(text)) {
        return cw_fail(err, CW_E_INVALID, "JSON is nested deeper than %d",
                       CW_JSON_MAX_DEPTH);
    }
    json_t *root =
        json_loadb((const char *)text.p, text.len, JSON_REJECT_DUPLICATES, &why);
    if (root == NULL) {
        return cw_fail(err, CW_E_INVALID, "line %d, column %d: %s", why.line, why.column,
                       why.text);
    }
    *out = (struct cw_json *)root;
    return 0;
}

void cw_json_free(struct cw_json **root)
{
    json_decref((json_t *)*root);
    *root = NULL;
}

static const json_t *node(const struct cw_json *v)
{
    return (const json_t *)v;
}

bool cw_json_is_object(const struct cw_json *v)
{
    return v != NULL && json_is_object(node(v));
}

bool cw_json_is_array(const struct cw_json *v)
{
    return v != NULL && json_is_array(node(v));
}

bool cw_json_is_null(const struct cw_json *v)
{
    return v != NULL && json_is_null(node(v));
}

const struct cw_json *cw_json_get(const struct cw_json *object, const char *member)
{
    return (const struct cw_json *)json_object_get(node(object), member);
}

size_t cw_json_count(const struct cw_json *array)
{
    return json_array_size(node(array));
}

const struct cw_json *cw_json_at(const struct cw_json *array, size_t i)
{
    return (const struct cw_json *)json_array_get(node(array), i);
}

bool cw_json_text(const struct cw_json *v, struct cw_bytes *out)
{
    if (v == NULL || !json_is_string(node(v))) {
        return false;
    }
    *out = cw_bytes_of(json_string_value(node(v)), json_string_length(node(v)));
    return true;
}

bool cw_json_u64(const struct cw_json *v, uint64_t *out)
{
    if (v == NULL || !json_is_integer(node(v)) || json_integer_value(node(v)) < 0) {
        return false;
    }
    *out = (uint64_t)json_integer_value(node(v));
    return true;
}

bool cw_json_double(const struct cw_json *v, double *out)
{
    if (v == NULL || !json_is_number(node(v))) {
        return false;
    }
    *out = json_number_value(node(v));
    return true;
}

bool cw_json_bool(const struct cw_json *v, bool *out)
{
    if (v == NULL || !json_is_boolean(node(v))) {
        return false;
    }
    *out = json_is_true(node(v));
    return true;
}

const char *cw_json_unknown(const struct cw_json *object, const char *const *allowed,
                            size_t n)
{
    /* The iterator takes a non-const object but does not change it. */
    json_t *o = (json_t *)(uintptr_t)object;
    for (void *it = json_object_iter(o); it != NULL; it = json_object_iter_next(o, it)) {
        const char *name = json_object_iter_key(it);
        size_t i = 0;
        while (i < n && strcmp(allowed[i], name) != 0) {
            i++;
        }
        if (i == n) {
            return name;
        }
    }
    return NULL;
}

static int append(const char *text, size_t len, void *out)
{
    cw_buf_add(out, text, len);
    return 0;
}

void cw_json_dump(const struct cw_json *v, struct cw_buf *out)
{
    const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12);
    if (v == NULL) {
        cw_buf_add_str(out, "null");
    } else if (json_dump_callback(node(v), append, out, flags) != 0) {
        out->failed = true;
    }
}
