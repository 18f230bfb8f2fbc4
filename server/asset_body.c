#include "server/asset_body.h"

#include <stdlib.h>
#include <string.h>

#include "server/body.h"
#include "server/names.h"

#define RECORD_VERSION 1
#define LAST_TIME_US 253402300799999999U /* of the year 9999, as in JSON */

/* ---- one asset -------------------------------------------------------------------- */

static int refuse_kind(enum cw_problem problem, const char *pointer,
                       struct cw_refusal *why)
{
    return cw_refuse(why, problem, pointer,
                     "kind must be frame, sketch, storyboard or sheet");
}

int cw_asset_read_kind(struct cw_bytes name, enum cw_problem problem, const char *pointer,
                       uint8_t *out, struct cw_refusal *why)
{
    return name.len == 0 || cw_kind_parse(name, out) ? 0
                                                     : refuse_kind(problem, pointer, why);
}

int cw_asset_read_object(struct cw_bytes text, const char *what, bool with_id,
                         struct cw_asset_in *in, struct cw_refusal *why)
{
    static const char *const names[] = {"fingerprint", "kind", "embargo_until", "id"};
    char kind[32] = "";
    CW_AUTO(cw_json_free) struct cw_json *body = NULL;
    if (cw_body_object(text, what, &body, why) != 0 ||
        (with_id && cw_body_text(body, "id", true, in->id, sizeof in->id, why) != 0) ||
        cw_body_only(body, names, with_id ? 4 : 3, why) != 0 ||
        cw_body_text(body, "kind", true, kind, sizeof kind, why) != 0 ||
        cw_asset_read_kind(cw_bytes_str(kind), CW_P_BAD_FIELD, "/kind", &in->kind, why) !=
            0 ||
        cw_body_time(body, "embargo_until", &in->embargo_until_us, why) != 0) {
        return -1;
    }
    return cw_body_fingerprint(body, &in->fp, why);
}

/* The id comes first, so that whatever else is wrong can be told under it. */
static int read_id(struct cw_bytes id, struct cw_asset_in *in, struct cw_refusal *why)
{
    struct cw_err err;
    if (!cw_is_utf8(id) || cw_has_control(id)) {
        return cw_refuse(why, CW_P_BAD_FIELD, "/id",
                         "must be UTF-8 without control characters");
    }
    if (cw_copy_text(in->id, sizeof in->id, id, "id", &err) != 0) {
        return cw_refuse(why, CW_P_BAD_FIELD, "/id", "%s", err.text);
    }
    return 0;
}

int cw_asset_read_record(struct cw_bytes record, struct cw_asset_in *in,
                         struct cw_refusal *why)
{
    struct cw_reader r = cw_reader_of(record);
    struct cw_err err;
    const uint8_t version = cw_get_u8(&r);
    const uint8_t kind = cw_get_u8(&r);
    const uint64_t embargo_us = cw_get_u64(&r);
    const struct cw_bytes id = cw_get_bytes16(&r);
    if (r.failed || version != RECORD_VERSION) {
        return cw_refuse(why, CW_P_BAD_FIELD, "",
                         "the record is cut short or not of version 1");
    }
    if (read_id(id, in, why) != 0) {
        return -1;
    }
    if (kind > CW_KIND_SHEET) {
        return refuse_kind(CW_P_BAD_FIELD, "/kind", why);
    }
    if (embargo_us > LAST_TIME_US) {
        return cw_refuse(why, CW_P_BAD_FIELD, "/embargo_until", "is after the year 9999");
    }
    if (cw_fingerprint_decode(r.in, &in->fp, &err) != 0) {
        return cw_refuse(why, CW_P_BAD_FIELD, "/fingerprint", "%s", err.text);
    }
    in->kind = kind == 0 ? in->kind : kind;
    in->embargo_until_us = embargo_us;
    return 0;
}

/* ---- many ------------------------------------------------------------------------- */

/* Cuts the next record off; false at the end, or with something left that is none. */
static bool next_record(struct cw_bytes *rest, struct cw_bytes *out)
{
    struct cw_reader r = cw_reader_of(*rest);
    const struct cw_bytes record = cw_get_bytes32(&r);
    if (r.failed) {
        return false;
    }
    *rest = r.in;
    *out = record;
    return true;
}

static bool next_of(enum cw_body kind, struct cw_bytes *rest, struct cw_bytes *out)
{
    return kind == CW_BODY_NDJSON ? cw_next_line(rest, out) : next_record(rest, out);
}

/* How many there are; none of them has been looked into. */
static int count(struct cw_bytes body, enum cw_body kind, size_t max, size_t *out,
                 struct cw_refusal *why)
{
    struct cw_bytes record;
    size_t n = 0;
    while (next_of(kind, &body, &record)) {
        if (++n > max) {
            return cw_refuse(why, CW_P_BODY_TOO_LARGE, "", "the limit is %zu %s", max,
                             kind == CW_BODY_NDJSON ? "lines" : "records");
        }
    }
    if (body.len > 0) {
        return cw_refuse(why, CW_P_BAD_BATCH, "", "record %zu ends beyond the body", n);
    }
    *out = n;
    return 0;
}

static int read_one(struct cw_bytes record, enum cw_body kind, struct cw_asset_in *in,
                    struct cw_refusal *why)
{
    in->kind = CW_KIND_FRAME;
    const int rc = kind == CW_BODY_NDJSON
                       ? cw_asset_read_object(record, "the line", true, in, why)
                       : cw_asset_read_record(record, in, why);
    if (rc == 0 && in->id[0] == '\0') {
        return cw_refuse(why, CW_P_BAD_FIELD, "/id", "the id must not be empty");
    }
    return rc;
}

static void read_all(struct cw_bytes body, enum cw_body kind, struct cw_bulk *b)
{
    struct cw_bytes record;
    while (next_of(kind, &body, &record)) {
        struct cw_bulk_record *r = &b->records[b->n++];
        struct cw_asset_in *in = &b->assets[b->n_assets];
        r->bad = read_one(record, kind, in, &r->why) != 0;
        if (r->bad) {
            memcpy(r->id, in->id, sizeof r->id);
            cw_fingerprint_done(&in->fp);
            memset(in, 0, sizeof *in);
        } else {
            r->place = b->n_assets++;
        }
    }
}

int cw_bulk_read(struct cw_bytes body, enum cw_body kind, size_t max, struct cw_bulk *out,
                 struct cw_refusal *why)
{
    size_t n = 0;
    if (count(body, kind, max, &n, why) != 0) {
        return -1;
    }
    /* One more than needed: an empty list has a place too. */
    struct cw_bulk b = {.records = calloc(n + 1, sizeof *b.records),
                        .assets = calloc(n + 1, sizeof *b.assets)};
    if (b.records == NULL || b.assets == NULL) {
        cw_bulk_done(&b);
        return cw_refuse(why, CW_P_BUSY, "", "no memory for %zu records at the moment",
                         n);
    }
    read_all(body, kind, &b);
    *out = b;
    return 0;
}

void cw_bulk_done(struct cw_bulk *bulk)
{
    for (size_t i = 0; i < bulk->n_assets; i++) {
        cw_fingerprint_done(&bulk->assets[i].fp);
    }
    free(bulk->records);
    free(bulk->assets);
    *bulk = (struct cw_bulk){0};
}
