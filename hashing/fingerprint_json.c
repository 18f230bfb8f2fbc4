/* The fingerprint as JSON: the form of the API, and the bare {"pdq": ...}.
 *
 * Every refusal names its place with a JSON pointer (RFC 6901) inside the value. */
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "hashing/fingerprint.h"
#include "hashing/fingerprint_internal.h"

#define POINTER_CAP 96
#define MAX_LOCAL_BYTES ((size_t)CW_FP_MAX_LOCAL * CW_FP_LOCAL_BYTES)

static void write_local(const struct cw_fingerprint *fp, struct cw_jw *w)
{
    CW_AUTO(cw_buf_done) struct cw_buf raw = CW_BUF_INIT(MAX_LOCAL_BYTES);
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(MAX_LOCAL_BYTES * 4 / 3 + 8);
    cw_fingerprint_encode_local(fp, &raw);
    cw_base64_encode(&text, cw_buf_view(&raw));
    if (raw.failed || text.failed) {
        w->out->failed = true; /* out of memory: the caller checks its buffer */
        return;
    }
    cw_jw_key(w, "local");
    cw_jw_text(w, cw_buf_view(&text));
}

/* "area":[left,top,right,bottom], left out for the whole picture. */
static void write_area(const struct cw_area16 *a, struct cw_jw *w)
{
    const uint16_t edges[] = {a->left, a->top, a->right, a->bottom};
    if (a->left == 0 && a->top == 0 && a->right == UINT16_MAX &&
        a->bottom == UINT16_MAX) {
        return;
    }
    cw_jw_key(w, "area");
    cw_jw_begin_array(w);
    for (size_t i = 0; i < 4; i++) {
        cw_jw_u64(w, edges[i]);
    }
    cw_jw_end_array(w);
}

void cw_fingerprint_write_json(const struct cw_fingerprint *fp, struct cw_jw *w)
{
    cw_jw_begin_object(w);
    cw_jw_ku64(w, "recipe", fp->recipe);
    cw_jw_kstr(w, "library", fp->library);
    cw_jw_ku64(w, "width", fp->width);
    cw_jw_ku64(w, "height", fp->height);
    cw_jw_ku64(w, "quality", fp->quality);
    if (fp->truncated) {
        cw_jw_kbool(w, "truncated", true);
    }
    if (fp->has_sha256) {
        cw_jw_khex(w, "sha256", fp->sha256, sizeof fp->sha256);
    }
    cw_jw_key(w, "views");
    cw_jw_begin_array(w);
    for (size_t i = 0; i < fp->n_views; i++) {
        cw_jw_begin_object(w);
        cw_jw_kstr(w, "kind", cw_view_name(fp->views[i].kind, fp->views[i].turn));
        cw_jw_khex(w, "hash", fp->views[i].hash.b, CW_HASH_BYTES);
        write_area(&fp->views[i].area, w);
        cw_jw_end_object(w);
    }
    cw_jw_end_array(w);
    if (fp->n_local > 0) {
        write_local(fp, w);
    }
    cw_jw_end_object(w);
}

/* Reading: what is being read, and where to say what was wrong with it. */
struct place {
    char *pointer; /* POINTER_CAP bytes */
    struct cw_err *err;
};

/* Appends "/name" to the pointer, with "~" and "/" escaped as RFC 6901 wants; a name that
 * is too long is cut. */
static void point_at(const struct place *at, const char *name)
{
    size_t len = strlen(at->pointer);
    if (len + 1 < POINTER_CAP) {
        at->pointer[len++] = '/';
    }
    for (; *name != '\0' && len + 2 < POINTER_CAP; name++) {
        const bool escaped = *name == '~' || *name == '/';
        at->pointer[len++] = escaped ? '~' : *name;
        if (escaped) {
            at->pointer[len++] = *name == '~' ? '0' : '1';
        }
    }
    at->pointer[len] = '\0';
}

/* Refuses the member `name` (NULL: the value itself) of the fingerprint. */
static int refuse(const struct place *at, const char *name, const char *why)
{
    at->pointer[0] = '\0';
    if (name != NULL) {
        point_at(at, name);
    }
    return cw_fail(at->err, CW_E_INVALID, "%s", why);
}

/* Refuses the member `name` (NULL: the whole) of view i. */
static int refuse_view(const struct place *at, size_t i, const char *name,
                       const char *why)
{
    (void)snprintf(at->pointer, POINTER_CAP, "/views/%zu", i);
    if (name != NULL) {
        point_at(at, name);
    }
    return cw_fail(at->err, CW_E_INVALID, "%s", why);
}

/* Turns a refusal into that of a member which no fingerprint has: callers answer it
 * differently from a wrong value. */
static int as_unknown(const struct place *at)
{
    if (at->err != NULL) {
        at->err->code = CW_E_UNSUPPORTED;
    }
    return CW_E_UNSUPPORTED;
}

/* A member that may be absent; *out keeps its value then. */
static int read_number(const struct cw_json *v, const char *name, uint64_t max,
                       const struct place *at, uint64_t *out)
{
    const struct cw_json *member = cw_json_get(v, name);
    uint64_t number = 0;
    if (member == NULL) {
        return 0;
    }
    if (!cw_json_u64(member, &number) || number > max) {
        return refuse(at, name, "not a whole number in range");
    }
    *out = number;
    return 0;
}

static int read_hash(const struct cw_json *v, const char *name, const struct place *at,
                     struct cw_hash *out)
{
    struct cw_bytes text = {0};
    if (!cw_json_text(cw_json_get(v, name), &text) ||
        cw_hash_parse(text, out, NULL) != 0) {
        return refuse(at, name, "not a hash of 64 hexadecimal digits");
    }
    return 0;
}

static int read_sha256(const struct cw_json *v, const struct place *at,
                       struct cw_fingerprint *fp)
{
    const struct cw_json *member = cw_json_get(v, "sha256");
    struct cw_bytes text = {0};
    if (member == NULL) {
        return 0;
    }
    if (!cw_json_text(member, &text) ||
        cw_hex_decode(text, fp->sha256, sizeof fp->sha256, NULL) != 0) {
        return refuse(at, "sha256", "not a SHA-256 of 64 hexadecimal digits");
    }
    fp->has_sha256 = true;
    return 0;
}

static int read_quality(const struct cw_json *v, const struct place *at,
                        struct cw_fingerprint *fp)
{
    uint64_t quality = 100;
    CW_TRY(read_number(v, "quality", 100, at, &quality));
    fp->quality = (uint8_t)quality;
    return 0;
}

static int read_area(const struct cw_json *v, size_t i, const struct place *at,
                     struct cw_area16 *out)
{
    const struct cw_json *member = cw_json_get(v, "area");
    uint64_t edges[4] = {0, 0, UINT16_MAX, UINT16_MAX};
    if (member != NULL && cw_json_count(member) != 4) {
        return refuse_view(at, i, "area", "not [left, top, right, bottom]");
    }
    for (size_t k = 0; member != NULL && k < 4; k++) {
        if (!cw_json_u64(cw_json_at(member, k), &edges[k]) || edges[k] > UINT16_MAX) {
            return refuse_view(at, i, "area", "not four whole numbers up to 65535");
        }
    }
    *out = (struct cw_area16){(uint16_t)edges[0], (uint16_t)edges[1], (uint16_t)edges[2],
                              (uint16_t)edges[3]};
    return 0;
}

static int read_view(const struct cw_json *v, size_t i, const struct place *at,
                     struct cw_view *out)
{
    static const char *const MEMBERS[] = {"kind", "hash", "area"};
    struct cw_bytes text = {0};
    if (!cw_json_is_object(v)) {
        return refuse_view(at, i, NULL, "not an object");
    }
    const char *unknown = cw_json_unknown(v, MEMBERS, 3);
    if (unknown != NULL) {
        (void)refuse_view(at, i, unknown, "unknown member");
        return as_unknown(at);
    }
    if (!cw_json_text(cw_json_get(v, "kind"), &text) ||
        !cw_view_by_name(text, &out->kind, &out->turn)) {
        return refuse_view(at, i, "kind", "not a kind of view we know");
    }
    if (!cw_json_text(cw_json_get(v, "hash"), &text) ||
        cw_hash_parse(text, &out->hash, NULL) != 0) {
        return refuse_view(at, i, "hash", "not a hash of 64 hexadecimal digits");
    }
    return read_area(v, i, at, &out->area);
}

static int read_views(const struct cw_json *v, const struct place *at,
                      struct cw_fingerprint *fp)
{
    const struct cw_json *views = cw_json_get(v, "views");
    const size_t n = cw_json_count(views);
    if (!cw_json_is_array(views) || n == 0 || n > CW_FP_MAX_VIEWS) {
        return refuse(at, "views", "not an array of 1 to 296 views");
    }
    for (size_t i = 0; i < n; i++) {
        CW_TRY(read_view(cw_json_at(views, i), i, at, &fp->views[i]));
    }
    fp->n_views = n;
    return 0;
}

static int read_local(const struct cw_json *v, const struct place *at,
                      struct cw_fingerprint *fp)
{
    const struct cw_json *member = cw_json_get(v, "local");
    struct cw_bytes text = {0};
    CW_AUTO(cw_buf_done) struct cw_buf raw = CW_BUF_INIT(MAX_LOCAL_BYTES + 8);
    if (member == NULL) {
        return 0;
    }
    if (!cw_json_text(member, &text) || cw_base64_decode(text, &raw, NULL) != 0 ||
        cw_fingerprint_decode_local(cw_buf_view(&raw), fp, NULL) != 0) {
        return refuse(at, "local", "not base64 of at most 2048 descriptors");
    }
    return 0;
}

static int read_library(const struct cw_json *v, const struct place *at,
                        struct cw_fingerprint *fp)
{
    const struct cw_json *member = cw_json_get(v, "library");
    struct cw_bytes text = {0};
    if (member == NULL) {
        return 0;
    }
    if (!cw_json_text(member, &text) || !cw_fp_is_plain(text) ||
        cw_copy_text(fp->library, sizeof fp->library, text, "library", NULL) != 0) {
        return refuse(at, "library", "not plain text of at most 47 bytes");
    }
    return 0;
}

static int read_full(const struct cw_json *v, const struct place *at,
                     struct cw_fingerprint *fp)
{
    static const char *const MEMBERS[] = {"recipe", "library", "width",
                                          "height", "quality", "truncated",
                                          "sha256", "views",   "local"};
    const char *unknown = cw_json_unknown(v, MEMBERS, sizeof MEMBERS / sizeof MEMBERS[0]);
    if (unknown != NULL) {
        (void)refuse(at, unknown, "unknown member of a fingerprint");
        return as_unknown(at);
    }
    uint64_t recipe = 0;
    uint64_t width = 0;
    uint64_t height = 0;
    CW_TRY(read_number(v, "recipe", UINT16_MAX, at, &recipe));
    if (recipe != CW_RECIPE_PDQ && recipe != CW_RECIPE_VIEWS) {
        return refuse(at, "recipe", "missing, or not a recipe we know");
    }
    CW_TRY(read_number(v, "width", CW_FP_MAX_SIDE, at, &width));
    CW_TRY(read_number(v, "height", CW_FP_MAX_SIDE, at, &height));
    fp->recipe = (uint16_t)recipe;
    fp->width = (uint32_t)width;
    fp->height = (uint32_t)height;
    const struct cw_json *truncated = cw_json_get(v, "truncated");
    if (truncated != NULL && !cw_json_bool(truncated, &fp->truncated)) {
        return refuse(at, "truncated", "not true or false");
    }
    CW_TRY(read_library(v, at, fp));
    CW_TRY(read_quality(v, at, fp));
    CW_TRY(read_sha256(v, at, fp));
    CW_TRY(read_views(v, at, fp));
    CW_TRY(read_local(v, at, fp));
    struct cw_err why = {0};
    return cw_fp_check(fp, &why) == 0 ? 0 : refuse(at, "views", why.text);
}

static int read_bare(const struct cw_json *v, const struct place *at,
                     struct cw_fingerprint *fp)
{
    static const char *const MEMBERS[] = {"pdq", "quality", "sha256"};
    const char *unknown = cw_json_unknown(v, MEMBERS, sizeof MEMBERS / sizeof MEMBERS[0]);
    if (unknown != NULL) {
        (void)refuse(at, unknown, "unknown member beside pdq");
        return as_unknown(at);
    }
    struct cw_hash pdq;
    CW_TRY(read_hash(v, "pdq", at, &pdq));
    cw_fingerprint_from_pdq(&pdq, fp);
    CW_TRY(read_quality(v, at, fp));
    return read_sha256(v, at, fp);
}

int cw_fingerprint_read_json(const struct cw_json *v, struct cw_fingerprint *out,
                             char pointer[96], struct cw_err *err)
{
    const struct place at = {.pointer = pointer, .err = err};
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    if (!cw_json_is_object(v)) {
        return refuse(&at, NULL, "a fingerprint is a JSON object");
    }
    if (cw_json_get(v, "pdq") != NULL) {
        CW_TRY(read_bare(v, &at, &fp));
    } else {
        CW_TRY(read_full(v, &at, &fp));
    }
    *out = fp;
    fp.local = NULL;
    return 0;
}
