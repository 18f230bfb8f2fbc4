#include "base/chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/num.h"

#define HEX_DIGITS ((size_t)2 * CW_CHAIN_BYTES)

static const char line_start[] = "{\"seq\":";
static const char hash_start[] = ",\"hash\":\"";
static const char line_end[] = "\"}";
#define TAIL_BYTES (sizeof hash_start - 1 + HEX_DIGITS + sizeof line_end - 1)

void cw_chain_next(const uint8_t before[CW_CHAIN_BYTES], struct cw_bytes record,
                   uint8_t out[CW_CHAIN_BYTES])
{
    cw_blake2b_pair(cw_bytes_of(before, CW_CHAIN_BYTES), record, out);
}

/* ---- heads ------------------------------------------------------------------------ */

int cw_chain_head_parse(const char *text, struct cw_chain_head *out, struct cw_err *err)
{
    struct cw_bytes rest = cw_bytes_str(text);
    const struct cw_bytes number = cw_bytes_cut(&rest, ':');
    struct cw_chain_head h;
    if (cw_parse_u64(number, 0, UINT64_MAX, "number", &h.seq, NULL) != 0 ||
        cw_hex_decode(rest, h.hash, sizeof h.hash, NULL) != 0) {
        return cw_fail(err, CW_E_INVALID,
                       "a head is the number of a record, a colon and %zu hex digits",
                       HEX_DIGITS);
    }
    *out = h;
    return 0;
}

void cw_chain_head_format(const struct cw_chain_head *h, char out[CW_CHAIN_HEAD_CAP])
{
    char hex[HEX_DIGITS + 1];
    cw_hex_encode(h->hash, sizeof h->hash, hex);
    (void)snprintf(out, CW_CHAIN_HEAD_CAP, "%" PRIu64 ":%s", h->seq, hex);
}

/* ---- one line --------------------------------------------------------------------- */

/* A line taken apart; all borrowed from it. */
struct line {
    uint64_t seq;
    struct cw_bytes record; /* what the hash is of */
    uint8_t hash[CW_CHAIN_BYTES];
};

static bool begins(struct cw_bytes text, const char *with, size_t len)
{
    return text.len >= len && memcmp(text.p, with, len) == 0;
}

/* One spelling only: a hash in capitals would be a change that nobody notices. */
static bool read_hash(struct cw_bytes hex, uint8_t out[CW_CHAIN_BYTES])
{
    char again[HEX_DIGITS + 1];
    if (cw_hex_decode(hex, out, CW_CHAIN_BYTES, NULL) != 0) {
        return false;
    }
    cw_hex_encode(out, CW_CHAIN_BYTES, again);
    return cw_bytes_equal_str(hex, again);
}

static bool read_line(struct cw_bytes text, struct line *out)
{
    const size_t start = sizeof line_start - 1;
    if (text.len < start + TAIL_BYTES || !begins(text, line_start, start)) {
        return false;
    }
    out->record = cw_bytes_of(text.p, text.len - TAIL_BYTES);
    struct cw_bytes rest = cw_bytes_of(text.p + start, out->record.len - start);
    const struct cw_bytes number = cw_bytes_cut(&rest, ',');
    const struct cw_bytes tail = cw_bytes_of(text.p + out->record.len, TAIL_BYTES);
    const size_t hex_at = sizeof hash_start - 1;
    return cw_parse_u64(number, 1, UINT64_MAX, "seq", &out->seq, NULL) == 0 &&
           begins(tail, hash_start, hex_at) &&
           read_hash(cw_bytes_of(tail.p + hex_at, HEX_DIGITS), out->hash) &&
           memcmp(tail.p + hex_at + HEX_DIGITS, line_end, sizeof line_end - 1) == 0;
}

/* Holds the record against the known head. */
static int pass_known(struct cw_chain_check *c, struct cw_err *err)
{
    if (!c->has_known || c->known_seen || c->last.seq < c->known.seq) {
        return 0;
    }
    if (c->last.seq > c->known.seq) {
        return cw_fail(err, CW_E_CORRUPT,
                       "line %" PRIu64 ", record %" PRIu64 ": record %" PRIu64
                       " of the known head is not there",
                       c->n, c->last.seq, c->known.seq);
    }
    if (memcmp(c->last.hash, c->known.hash, sizeof c->known.hash) != 0) {
        return cw_fail(err, CW_E_CORRUPT,
                       "record %" PRIu64 " is not the one of the known head",
                       c->last.seq);
    }
    c->known_seen = true;
    return 0;
}

static int check_line(struct cw_chain_check *c, struct cw_bytes text, struct cw_err *err)
{
    struct line line;
    uint8_t hash[CW_CHAIN_BYTES];
    c->n++;
    if (!read_line(text, &line)) {
        return cw_fail(err, CW_E_CORRUPT,
                       "line %" PRIu64 ", after record %" PRIu64
                       ": no record with a hash",
                       c->n, c->last.seq);
    }
    if (line.seq <= c->last.seq) {
        return cw_fail(err, CW_E_CORRUPT,
                       "line %" PRIu64 ", record %" PRIu64
                       ": comes after record %" PRIu64,
                       c->n, line.seq, c->last.seq);
    }
    cw_chain_next(c->last.hash, line.record, hash);
    if (memcmp(hash, line.hash, sizeof hash) != 0) {
        return cw_fail(err, CW_E_CORRUPT,
                       "line %" PRIu64 ", record %" PRIu64
                       ": changed, or does not follow record %" PRIu64,
                       c->n, line.seq, c->last.seq);
    }
    c->last.seq = line.seq;
    memcpy(c->last.hash, hash, sizeof hash);
    return pass_known(c, err);
}

/* ---- a whole export --------------------------------------------------------------- */

int cw_chain_check_begin(struct cw_chain_check *c, const struct cw_chain_head *after,
                         const struct cw_chain_head *known, struct cw_err *err)
{
    *c = (struct cw_chain_check){.part = CW_BUF_INIT(CW_CHAIN_LINE_MAX)};
    if (after != NULL) {
        c->last = *after;
    }
    if (known != NULL) {
        c->known = *known;
        c->has_known = true;
    }
    return pass_known(c, err);
}

int cw_chain_check_feed(struct cw_chain_check *c, struct cw_bytes bytes,
                        struct cw_err *err)
{
    while (bytes.len > 0) {
        const uint8_t *end = memchr(bytes.p, '\n', bytes.len);
        const size_t len = end == NULL ? bytes.len : (size_t)(end - bytes.p);
        struct cw_bytes line = cw_bytes_of(bytes.p, len);
        if (end == NULL || c->part.len > 0) {
            cw_buf_add(&c->part, line.p, line.len);
            line = cw_buf_view(&c->part);
        }
        if (c->part.failed || line.len > CW_CHAIN_LINE_MAX) {
            return cw_fail(err, CW_E_CORRUPT,
                           "line %" PRIu64 ", after record %" PRIu64
                           ": longer than any record",
                           c->n + 1, c->last.seq);
        }
        if (end == NULL) {
            return 0;
        }
        CW_TRY(check_line(c, line, err));
        cw_buf_clear(&c->part);
        bytes = cw_bytes_of(end + 1, bytes.len - len - 1);
    }
    return 0;
}

int cw_chain_check_end(const struct cw_chain_check *c, struct cw_err *err)
{
    if (c->part.len > 0) {
        return cw_fail(err, CW_E_CORRUPT,
                       "line %" PRIu64 ", after record %" PRIu64 ": is cut short",
                       c->n + 1, c->last.seq);
    }
    if (c->has_known && !c->known_seen) {
        return cw_fail(err, CW_E_CORRUPT,
                       "ends with record %" PRIu64 ", before record %" PRIu64
                       " of the known head",
                       c->last.seq, c->known.seq);
    }
    return 0;
}

void cw_chain_check_done(struct cw_chain_check *c)
{
    cw_buf_done(&c->part);
}
