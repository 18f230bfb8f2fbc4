/* chain.h - the hash chain that makes a log tamper-evident, and the check of an export.
 *
 * Each record's hash is BLAKE2b-256 of the hash before it and the record's own bytes; the
 * first follows 32 zero bytes. So nothing can be changed, taken out, put in or moved
 * without changing every hash from there on. What is cut off at the end shows against a
 * head that was kept elsewhere.
 *
 * An export is lines of JSON, each ending in ,"hash":"64 hex digits"}. The bytes of a
 * record are its line up to and without that. No line is parsed further: another spelling
 * of the same JSON is a changed record. */
#ifndef CW_BASE_CHAIN_H
#define CW_BASE_CHAIN_H

#include "base/bytes.h"

#define CW_CHAIN_BYTES 32
#define CW_CHAIN_LINE_MAX 16384 /* bytes; an event takes at most 5,000 */
#define CW_CHAIN_HEAD_CAP 86    /* "N:HEX" and NUL */

/* A record's number and its hash. Zeroed = before the first record. */
struct cw_chain_head {
    uint64_t seq;
    uint8_t hash[CW_CHAIN_BYTES];
};

/* The hash of a record that follows `before`; out may be `before`. */
void cw_chain_next(const uint8_t before[CW_CHAIN_BYTES], struct cw_bytes record,
                   uint8_t out[CW_CHAIN_BYTES]);

/* N:HEX, as people keep it. Errors CW_E_INVALID */
int cw_chain_head_parse(const char *text, struct cw_chain_head *out,
                        struct cw_err *err) CW_CHECKED;
void cw_chain_head_format(const struct cw_chain_head *h, char out[CW_CHAIN_HEAD_CAP]);

/* The check of one export, fed in pieces. */
struct cw_chain_check {
    struct cw_chain_head last;  /* the record checked last */
    struct cw_chain_head known; /* must come by */
    bool has_known, known_seen;
    uint64_t n;         /* lines checked */
    struct cw_buf part; /* owned: a line whose end has not come yet */
};

/* after  where the export begins: the last record of the one before it; NULL = at the
 *        first record
 * known  a head kept elsewhere, which the export must reach; NULL = none
 * Errors CW_E_CORRUPT the two contradict each other */
int cw_chain_check_begin(struct cw_chain_check *c, const struct cw_chain_head *after,
                         const struct cw_chain_head *known,
                         struct cw_err *err) CW_CHECKED;
/* Checks the next bytes, cut anywhere.
 *
 * Errors  CW_E_CORRUPT the text names the first bad record; the check is over then */
int cw_chain_check_feed(struct cw_chain_check *c, struct cw_bytes bytes,
                        struct cw_err *err) CW_CHECKED;
/* Errors  CW_E_CORRUPT the export ends within a line, or before the known head */
int cw_chain_check_end(const struct cw_chain_check *c, struct cw_err *err) CW_CHECKED;
void cw_chain_check_done(struct cw_chain_check *c);

#endif
