/* store_record.h - the records of the key-value store, byte by byte.
 *
 * Every record begins with a version byte; numbers are big-endian. What the key of a
 * record already says (studio, number) is not repeated in it: decode leaves those members
 * alone. Decoding trusts nothing: a record that is cut short, has bytes left over, or
 * holds a value no encoder writes is CW_E_CORRUPT, and out is then not to be used.
 *
 * Encoders append to a buffer and are checked once by cw_buf_check. Views that a decoder
 * fills (fingerprints) are borrowed from the record.
 *
 * Threads  pure */
#ifndef CW_INDEX_STORE_RECORD_H
#define CW_INDEX_STORE_RECORD_H

#include "index/store.h"

#define CW_RECORD_VERSION 1
/* Longest record: a sighting or asset with a fingerprint of 128 KiB, and its texts. */
#define CW_RECORD_MAX ((size_t)132 * 1024)

struct cw_collection_record {
    struct cw_collection c; /* studio, name: in the key */
    uint32_t no;            /* 1, 2, ... within the studio; stands for the name in keys */
};

/* What an asset id stands for now. */
struct cw_asset_name {
    cw_asset_no no;   /* newest version */
    uint32_t version; /* of it */
    bool live;        /* false = retired */
};

struct cw_match_record {
    struct cw_match m; /* asset, sighting: in the key */
    uint64_t incident;
};

struct cw_history_record {
    struct cw_history h;       /* version: in the key */
    uint64_t undecided_before; /* given back to the incident by an undo */
};

void cw_record_put_key(struct cw_buf *b, const struct cw_key_record *k);
int cw_record_get_key(struct cw_bytes in, struct cw_key_record *out,
                      struct cw_err *err) CW_CHECKED;
void cw_record_put_collection(struct cw_buf *b, const struct cw_collection_record *c);
int cw_record_get_collection(struct cw_bytes in, struct cw_collection_record *out,
                             struct cw_err *err) CW_CHECKED;
void cw_record_put_asset_name(struct cw_buf *b, const struct cw_asset_name *n);
int cw_record_get_asset_name(struct cw_bytes in, struct cw_asset_name *out,
                             struct cw_err *err) CW_CHECKED;
void cw_record_put_asset(struct cw_buf *b, const struct cw_asset *a);
int cw_record_get_asset(struct cw_bytes in, struct cw_asset *out,
                        struct cw_err *err) CW_CHECKED;
void cw_record_put_sighting(struct cw_buf *b, const struct cw_sighting *s);
int cw_record_get_sighting(struct cw_bytes in, struct cw_sighting *out,
                           struct cw_err *err) CW_CHECKED;
void cw_record_put_match(struct cw_buf *b, const struct cw_match_record *m);
int cw_record_get_match(struct cw_bytes in, struct cw_match_record *out,
                        struct cw_err *err) CW_CHECKED;
void cw_record_put_incident(struct cw_buf *b, const struct cw_incident *i);
int cw_record_get_incident(struct cw_bytes in, struct cw_incident *out,
                           struct cw_err *err) CW_CHECKED;
void cw_record_put_history(struct cw_buf *b, const struct cw_history_record *h);
int cw_record_get_history(struct cw_bytes in, struct cw_history_record *out,
                          struct cw_err *err) CW_CHECKED;
/* The chain is the record's last CW_CHAIN_BYTES, because it is of what stands before. */
void cw_record_put_event(struct cw_buf *b, const struct cw_event *e);
int cw_record_get_event(struct cw_bytes in, struct cw_event *out,
                        struct cw_err *err) CW_CHECKED;
void cw_record_put_feed(struct cw_buf *b, const struct cw_feed_entry *e);
int cw_record_get_feed(struct cw_bytes in, struct cw_feed_entry *out,
                       struct cw_err *err) CW_CHECKED;
/* A lone number: an index entry or a counter. */
void cw_record_put_number(struct cw_buf *b, uint64_t v);
int cw_record_get_number(struct cw_bytes in, uint64_t *out,
                         struct cw_err *err) CW_CHECKED;

#endif
