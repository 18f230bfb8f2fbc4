/* The fingerprint as a value, and its binary form.
 *
 * docs/fingerprint-format.md describes the bytes. The decoder trusts nothing: it is fed
 * with answers of the hasher, with uploads and with what a store gives back. */
#include "hashing/fingerprint.h"

#include <stdlib.h>
#include <string.h>

#include "hashing/fingerprint_internal.h"
#include "hashing/pdq.h"

#define FORMAT_VERSION 2
#define FORMAT_WITHOUT_AREAS 1 /* all views are of the whole picture, fewer than 256 */
#define FLAG_TRUNCATED 0x01
#define FLAG_SHA256 0x02

#define TURNS_OF(kind)                                                                   \
    {                                                                                    \
        kind, kind "-rot90", kind "-rot180", kind "-rot270", kind "-flipx",              \
            kind "-flipy", kind "-flipplus", kind "-flipminus"                           \
    }

static const char *const NAMES[CW_VIEW_HASHES][CW_TURN_COUNT] = {
    [CW_VIEW_PDQ] = TURNS_OF("pdq"),
    [CW_VIEW_PDQR] = TURNS_OF("pdqr"),
    [CW_VIEW_INK] = TURNS_OF("ink"),
    [CW_VIEW_PDQR_RECT] = TURNS_OF("pdqr-rect"),
    [CW_VIEW_INK_RECT] = TURNS_OF("ink-rect"),
};

const char *cw_view_name(uint8_t kind, uint8_t turn)
{
    if (kind == CW_VIEW_LOCAL) {
        return "local";
    }
    return kind < CW_VIEW_HASHES && turn < CW_TURN_COUNT ? NAMES[kind][turn] : NULL;
}

bool cw_view_by_name(struct cw_bytes name, uint8_t *out_kind, uint8_t *out_turn)
{
    for (uint8_t kind = CW_VIEW_PDQ; kind < CW_VIEW_HASHES; kind++) {
        for (uint8_t turn = 0; turn < CW_TURN_COUNT; turn++) {
            if (cw_bytes_equal_str(name, NAMES[kind][turn])) {
                *out_kind = kind;
                *out_turn = turn;
                return true;
            }
        }
    }
    return false;
}

void cw_fingerprint_done(struct cw_fingerprint *fp)
{
    free(fp->local);
    memset(fp, 0, sizeof *fp);
}

void cw_fingerprint_from_pdq(const struct cw_hash *pdq, struct cw_fingerprint *out)
{
    memset(out, 0, sizeof *out);
    out->recipe = CW_RECIPE_PDQ;
    out->quality = 100;
    out->n_views = CW_TURN_COUNT;
    for (uint8_t turn = 0; turn < CW_TURN_COUNT; turn++) {
        out->views[turn] = (struct cw_view){
            .kind = CW_VIEW_PDQ,
            .turn = turn,
            .area = CW_AREA_WHOLE,
            .hash = cw_pdq_turn_bits(pdq, (enum cw_turn)turn),
        };
    }
}

const struct cw_view *cw_fingerprint_view(const struct cw_fingerprint *fp,
                                          enum cw_view_kind kind, enum cw_turn turn)
{
    for (size_t i = 0; i < fp->n_views; i++) {
        const struct cw_view *view = &fp->views[i];
        if (view->kind == kind && view->turn == turn) {
            return view;
        }
    }
    return NULL;
}

static bool same_view(const struct cw_view *a, const struct cw_view *b)
{
    return a->kind == b->kind && a->turn == b->turn && a->area.left == b->area.left &&
           a->area.top == b->area.top && a->area.right == b->area.right &&
           a->area.bottom == b->area.bottom;
}

static int check_view(const struct cw_fingerprint *fp, size_t i, struct cw_err *err)
{
    const struct cw_view *view = &fp->views[i];
    const char *name = cw_view_name(view->kind, view->turn);
    if (name == NULL || view->kind >= CW_VIEW_HASHES ||
        (fp->recipe == CW_RECIPE_PDQ && view->kind != CW_VIEW_PDQ)) {
        return cw_fail(err, CW_E_CORRUPT,
                       "fingerprint of recipe %u has a view of kind %d, turn %d",
                       fp->recipe, view->kind, view->turn);
    }
    if (view->area.left >= view->area.right || view->area.top >= view->area.bottom) {
        return cw_fail(err, CW_E_CORRUPT, "fingerprint has a view %s of nothing", name);
    }
    for (size_t k = 0; k < i; k++) {
        if (same_view(&fp->views[k], view)) {
            return cw_fail(err, CW_E_CORRUPT, "fingerprint has the view %s twice", name);
        }
    }
    return 0;
}

static int check_views(const struct cw_fingerprint *fp, struct cw_err *err)
{
    for (size_t i = 0; i < fp->n_views; i++) {
        CW_TRY(check_view(fp, i, err));
    }
    if (cw_fingerprint_view(fp, CW_VIEW_PDQ, CW_TURN_ORIG) == NULL) {
        return cw_fail(err, CW_E_CORRUPT, "fingerprint has no upright pdq view");
    }
    return 0;
}

bool cw_fp_is_plain(struct cw_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] < ' ' || text.p[i] > '~') {
            return false;
        }
    }
    return true;
}

int cw_fp_check(const struct cw_fingerprint *fp, struct cw_err *err)
{
    if (fp->recipe != CW_RECIPE_PDQ && fp->recipe != CW_RECIPE_VIEWS) {
        return cw_fail(err, CW_E_CORRUPT, "fingerprint is of unknown recipe %u",
                       fp->recipe);
    }
    if (fp->width > CW_FP_MAX_SIDE || fp->height > CW_FP_MAX_SIDE) {
        return cw_fail(err, CW_E_CORRUPT, "fingerprint of a picture of %u x %u px",
                       fp->width, fp->height);
    }
    if (fp->quality > 100) {
        return cw_fail(err, CW_E_CORRUPT, "fingerprint has quality %u", fp->quality);
    }
    for (const char *c = fp->library; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~') {
            return cw_fail(err, CW_E_CORRUPT,
                           "library name of a fingerprint is not ASCII");
        }
    }
    return check_views(fp, err);
}

void cw_fingerprint_encode_local(const struct cw_fingerprint *fp, struct cw_buf *out)
{
    for (size_t i = 0; i < fp->n_local; i++) {
        const struct cw_local *local = &fp->local[i];
        cw_buf_add(out, local->bits.b, CW_HASH_BYTES);
        cw_put_u16(out, local->x);
        cw_put_u16(out, local->y);
        cw_put_u16(out, local->scale);
        cw_put_u16(out, local->angle);
    }
}

static void get_hash(struct cw_reader *r, struct cw_hash *out)
{
    const struct cw_bytes bytes = cw_get_bytes(r, CW_HASH_BYTES);
    if (bytes.len == CW_HASH_BYTES) {
        memcpy(out->b, bytes.p, CW_HASH_BYTES);
    }
}

int cw_fingerprint_decode_local(struct cw_bytes in, struct cw_fingerprint *fp,
                                struct cw_err *err)
{
    const size_t n = in.len / CW_FP_LOCAL_BYTES;
    if (in.len % CW_FP_LOCAL_BYTES != 0 || n > CW_FP_MAX_LOCAL) {
        return cw_fail(err, CW_E_CORRUPT, "%zu bytes of local descriptors", in.len);
    }
    if (n == 0) {
        return 0;
    }
    struct cw_local *local = calloc(n, sizeof *local);
    if (local == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for %zu descriptors", n);
    }
    struct cw_reader r = cw_reader_of(in);
    for (size_t i = 0; i < n; i++) {
        get_hash(&r, &local[i].bits);
        local[i].x = cw_get_u16(&r);
        local[i].y = cw_get_u16(&r);
        local[i].scale = cw_get_u16(&r);
        local[i].angle = cw_get_u16(&r);
    }
    fp->local = local;
    fp->n_local = n;
    return 0;
}

static void put_views(const struct cw_fingerprint *fp, struct cw_buf *out)
{
    cw_put_u16(out, (uint16_t)fp->n_views);
    for (size_t i = 0; i < fp->n_views; i++) {
        const struct cw_view *view = &fp->views[i];
        cw_put_u8(out, view->kind);
        cw_put_u8(out, view->turn);
        cw_put_u16(out, view->area.left);
        cw_put_u16(out, view->area.top);
        cw_put_u16(out, view->area.right);
        cw_put_u16(out, view->area.bottom);
        cw_buf_add(out, view->hash.b, CW_HASH_BYTES);
    }
}

void cw_fingerprint_encode(const struct cw_fingerprint *fp, struct cw_buf *out)
{
    const size_t library_len = strnlen(fp->library, sizeof fp->library - 1);
    cw_put_u8(out, FORMAT_VERSION);
    cw_put_u8(out, (uint8_t)((fp->truncated ? FLAG_TRUNCATED : 0) |
                             (fp->has_sha256 ? FLAG_SHA256 : 0)));
    cw_put_u16(out, fp->recipe);
    cw_put_u32(out, fp->width);
    cw_put_u32(out, fp->height);
    cw_put_u8(out, fp->quality);
    cw_put_u8(out, (uint8_t)library_len);
    cw_buf_add(out, fp->library, library_len);
    if (fp->has_sha256) {
        cw_buf_add(out, fp->sha256, sizeof fp->sha256);
    }
    put_views(fp, out);
    cw_put_u16(out, (uint16_t)fp->n_local);
    cw_fingerprint_encode_local(fp, out);
}

/* Everything before the views. */
static int get_head(struct cw_reader *r, uint8_t version, struct cw_fingerprint *fp,
                    struct cw_err *err)
{
    if (!r->failed && version != FORMAT_VERSION && version != FORMAT_WITHOUT_AREAS) {
        return cw_fail(err, CW_E_CORRUPT, "fingerprint format %u is unknown", version);
    }
    const uint8_t flags = cw_get_u8(r);
    if ((flags & ~(FLAG_TRUNCATED | FLAG_SHA256)) != 0) {
        return cw_fail(err, CW_E_CORRUPT, "fingerprint has unknown flags %#x", flags);
    }
    fp->truncated = (flags & FLAG_TRUNCATED) != 0;
    fp->has_sha256 = (flags & FLAG_SHA256) != 0;
    fp->recipe = cw_get_u16(r);
    fp->width = cw_get_u32(r);
    fp->height = cw_get_u32(r);
    fp->quality = cw_get_u8(r);
    const struct cw_bytes library = cw_get_bytes(r, cw_get_u8(r));
    if (cw_copy_text(fp->library, sizeof fp->library, library, "library", err) != 0) {
        return cw_fail(err, CW_E_CORRUPT, "fingerprint has a bad library name");
    }
    if (fp->has_sha256) {
        const struct cw_bytes sha256 = cw_get_bytes(r, sizeof fp->sha256);
        if (sha256.len == sizeof fp->sha256) {
            memcpy(fp->sha256, sha256.p, sizeof fp->sha256);
        }
    }
    return 0;
}

static struct cw_area16 get_area(struct cw_reader *r)
{
    struct cw_area16 area;
    area.left = cw_get_u16(r);
    area.top = cw_get_u16(r);
    area.right = cw_get_u16(r);
    area.bottom = cw_get_u16(r);
    return area;
}

static int get_views(struct cw_reader *r, uint8_t version, struct cw_fingerprint *fp,
                     struct cw_err *err)
{
    const bool areas = version != FORMAT_WITHOUT_AREAS;
    const unsigned n = areas ? cw_get_u16(r) : cw_get_u8(r);
    if (n > CW_FP_MAX_VIEWS) {
        return cw_fail(err, CW_E_CORRUPT, "fingerprint has %u views", n);
    }
    for (unsigned i = 0; i < n; i++) {
        fp->views[i].kind = cw_get_u8(r);
        fp->views[i].turn = cw_get_u8(r);
        fp->views[i].area = areas ? get_area(r) : CW_AREA_WHOLE;
        get_hash(r, &fp->views[i].hash);
    }
    fp->n_views = n;
    return 0;
}

int cw_fingerprint_decode(struct cw_bytes in, struct cw_fingerprint *out,
                          struct cw_err *err)
{
    if (in.len > CW_FP_MAX_BYTES) {
        return cw_fail(err, CW_E_CORRUPT, "fingerprint of %zu bytes", in.len);
    }
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    struct cw_reader r = cw_reader_of(in);
    const uint8_t version = cw_get_u8(&r);
    CW_TRY(get_head(&r, version, &fp, err));
    CW_TRY(get_views(&r, version, &fp, err));
    const size_t n_local = cw_get_u16(&r);
    const struct cw_bytes local = cw_get_bytes(&r, n_local * CW_FP_LOCAL_BYTES);
    CW_TRY(cw_reader_end(&r, "fingerprint", err));
    CW_TRY(cw_fp_check(&fp, err));
    CW_TRY(cw_fingerprint_decode_local(local, &fp, err));
    *out = fp;
    fp.local = NULL;
    return 0;
}
