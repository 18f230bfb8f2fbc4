/* asset_body.h - reading assets out of requests: one as JSON, or many, as NDJSON or as
 * the binary stream of docs/fingerprint-format.md. */
#ifndef CW_SERVER_ASSET_BODY_H
#define CW_SERVER_ASSET_BODY_H

#include "server/ingest.h"
#include "server/request.h"

/* {"id"?,"fingerprint","kind"?,"embargo_until"?}.
 *
 * what     "the body" or "the line"
 * with_id  whether there may be an "id"
 * in       kind and id stay as they are if not given */
int cw_asset_read_object(struct cw_bytes text, const char *what, bool with_id,
                         struct cw_asset_in *in, struct cw_refusal *why) CW_CHECKED;
/* frame, sketch, storyboard or sheet; an empty name leaves *out as it is. */
int cw_asset_read_kind(struct cw_bytes name, enum cw_problem problem, const char *pointer,
                       uint8_t *out, struct cw_refusal *why) CW_CHECKED;
/* One record of the binary stream, without its length. */
int cw_asset_read_record(struct cw_bytes record, struct cw_asset_in *in,
                         struct cw_refusal *why) CW_CHECKED;

/* A line or record of a bulk body: it is among the assets, or it is bad. */
struct cw_bulk_record {
    bool bad;
    size_t place; /* of a good one, among the assets */
    /* of a bad one: */
    char id[CW_ASSET_ID_CAP]; /* "" if that could not be read */
    struct cw_refusal why;
};

struct cw_bulk {
    size_t n;
    struct cw_bulk_record *records;
    size_t n_assets;
    struct cw_asset_in *assets;
};

/* Reads a body of many.
 *
 * kind    CW_BODY_NDJSON or CW_BODY_FINGERPRINTS
 * max     records; more are refused before one is read
 * Errors  refuses the whole body only if it has too many records or one that ends beyond
 *         it; what is wrong within a record is said of that record
 * Owns    caller ends it with cw_bulk_done */
int cw_bulk_read(struct cw_bytes body, enum cw_body kind, size_t max, struct cw_bulk *out,
                 struct cw_refusal *why) CW_CHECKED;
void cw_bulk_done(struct cw_bulk *bulk);

#endif
