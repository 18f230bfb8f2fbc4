/* store_log.c - the log of events, and the feed that the search structure follows.
 *
 * Both are gap-free because their numbers are given inside the transaction that writes
 * them, and there is one writer. */
#include <string.h>

#include "base/crypto.h"
#include "index/event_json.h"
#include "index/store_kv.h"

/* ---- events ----------------------------------------------------------------------- */

static struct cw_kk seq_key(uint64_t seq)
{
    struct cw_kk k;
    k.len = 0;
    cw_kk_u64(&k, seq);
    return k;
}

static int load_event(struct cw_kv_tx *tx, uint64_t seq, struct cw_event *out,
                      struct cw_err *err)
{
    const struct cw_kk key = seq_key(seq);
    struct cw_bytes value;
    CW_TRY(cw_skv_need(tx, CW_TABLE_LOG, &key, "event", &value, err));
    CW_TRY(cw_record_get_event(value, out, err));
    out->seq = seq;
    return 0;
}

int cw_skv_seal_event(struct cw_event *e, const uint8_t hash_before[CW_CHAIN_BYTES],
                      const uint8_t chain_before[CW_CHAIN_BYTES], struct cw_buf *scratch,
                      struct cw_err *err)
{
    cw_buf_clear(scratch);
    cw_event_write_hashed(scratch, e);
    CW_TRY(cw_buf_check(scratch, "event", err));
    cw_chain_next(hash_before, cw_buf_view(scratch), e->hash);
    cw_buf_clear(scratch);
    cw_put_u64(scratch, e->seq);
    cw_record_put_event(scratch, e);
    CW_TRY(cw_buf_check(scratch, "event", err));
    const size_t chained = scratch->len - sizeof e->chain;
    cw_chain_next(chain_before, cw_bytes_of(scratch->p, chained), e->chain);
    memcpy(scratch->p + chained, e->chain, sizeof e->chain);
    return 0;
}

/* The newest event of a studio; zeroed if there is none. */
static int newest_in_studio(struct cw_kv_tx *tx, cw_studio_no studio,
                            struct cw_event *out, struct cw_err *err)
{
    CW_AUTO(cw_scan_done) struct cw_scan scan = {0};
    const struct cw_kk end = cw_kk_studio_u64(studio, UINT64_MAX);
    const int rc =
        cw_scan_below(&scan, tx, CW_TABLE_STUDIO_LOG, &end, sizeof studio, err);
    if (rc != 0) {
        *out = (struct cw_event){0};
        return cw_scan_end(rc);
    }
    return load_event(tx, cw_kk_read_u64(scan.at.key, sizeof studio), out, err);
}

/* The newest event; zeroed if there is none. */
static int newest(struct cw_kv_tx *tx, struct cw_event *out, struct cw_err *err)
{
    uint64_t seq;
    *out = (struct cw_event){0};
    CW_TRY(cw_skv_counter(tx, CW_COUNTER_EVENT, 0, &seq, err));
    return seq == 0 ? 0 : load_event(tx, seq, out, err);
}

/* Chains an event to those before it. Events of one transaction are chained like any
 * others, because a transaction reads what it wrote. A log whose end is gone is not gone
 * on with: what is written then could not be told from a forgery. */
static int seal(struct cw_kv_tx *tx, struct cw_event *e, struct cw_buf *scratch,
                struct cw_err *err)
{
    struct cw_event before, other;
    const struct cw_event *before_in_studio = &before; /* most often it is the same */
    struct cw_err why = {0};
    int rc = newest(tx, &before, &why);
    if (rc == 0 && before.studio != e->studio) {
        rc = newest_in_studio(tx, e->studio, &other, &why);
        before_in_studio = &other;
    }
    if (rc == CW_E_NOT_FOUND) {
        return cw_fail(err, CW_E_CORRUPT, "the end of the log is missing");
    }
    if (rc != 0) {
        return cw_fail(err, (enum cw_code)rc, "%s", why.text);
    }
    e->seq = before.seq + 1;
    return cw_skv_seal_event(e, before_in_studio->hash, before.chain, scratch, err);
}

int cw_skv_append_event(struct cw_kv_tx *tx, const struct cw_event *e, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(CW_RECORD_MAX);
    struct cw_event sealed = *e;
    CW_TRY(seal(tx, &sealed, &b, err));
    CW_TRY(cw_skv_count(tx, CW_COUNTER_EVENT, 0, 1, NULL, err));
    const struct cw_kk by_seq = seq_key(sealed.seq);
    const struct cw_kk by_studio = cw_kk_studio_u64(e->studio, sealed.seq);
    const struct cw_bytes record =
        cw_bytes_of(b.p + sizeof sealed.seq, b.len - sizeof sealed.seq);
    CW_TRY(cw_kv_put(tx, CW_TABLE_LOG, cw_kk_view(&by_seq), record, err));
    return cw_skv_put_empty(tx, CW_TABLE_STUDIO_LOG, &by_studio, err);
}

int cw_skv_log_head(struct cw_store *s, cw_studio_no studio, struct cw_chain_head *out,
                    struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    struct cw_event e;
    CW_TRY(cw_skv_read(s, &tx, err));
    CW_TRY(studio == 0 ? newest(tx, &e, err) : newest_in_studio(tx, studio, &e, err));
    out->seq = e.seq;
    memcpy(out->hash, studio == 0 ? e.chain : e.hash, sizeof out->hash);
    return 0;
}

int cw_skv_read_log(struct cw_store *s, cw_studio_no studio, uint64_t after,
                    cw_event_fn *fn, void *ctx, struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    CW_AUTO(cw_scan_done) struct cw_scan scan = {0};
    struct cw_event e;
    struct cw_kk from = cw_kk_studio_u64(studio, after);
    cw_kk_after(&from);
    CW_TRY(cw_skv_read(s, &tx, err));
    int rc = cw_scan_from(&scan, tx, CW_TABLE_STUDIO_LOG, &from, sizeof studio, err);
    for (; rc == 0; rc = cw_scan_next(&scan, err)) {
        CW_TRY(load_event(tx, cw_kk_read_u64(scan.at.key, sizeof studio), &e, err));
        if (!fn(ctx, &e)) {
            return 0;
        }
    }
    return cw_scan_end(rc);
}

/* ---- feed ------------------------------------------------------------------------- */

#define FEED_PREFIX 2 /* bytes of feed and slot in a key */

static struct cw_kk feed_key(enum cw_feed feed, unsigned slot, uint64_t seq)
{
    struct cw_kk k;
    k.len = 0;
    cw_kk_u8(&k, (uint8_t)feed);
    cw_kk_u8(&k, (uint8_t)slot);
    cw_kk_u64(&k, seq);
    return k;
}

unsigned cw_skv_slot(struct cw_bytes id)
{
    uint8_t digest[CW_SHA256_BYTES];
    cw_sha256(id, digest);
    return digest[7] % CW_SLOTS; /* the low bits of the first 8 bytes, big-endian */
}

/* The last number of a slot, 0 if it is empty. */
static int feed_head(struct cw_kv_tx *tx, enum cw_feed feed, unsigned slot, uint64_t *out,
                     struct cw_err *err)
{
    CW_AUTO(cw_scan_done) struct cw_scan scan = {0};
    struct cw_kk end = feed_key(feed, slot, UINT64_MAX);
    const int rc = cw_scan_below(&scan, tx, CW_TABLE_FEED, &end, FEED_PREFIX, err);
    *out = rc == 0 ? cw_kk_read_u64(scan.at.key, FEED_PREFIX) : 0;
    return cw_scan_end(rc);
}

int cw_skv_append_feed(struct cw_kv_tx *tx, enum cw_feed feed, struct cw_bytes id,
                       const struct cw_feed_entry *e, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(CW_RECORD_MAX);
    const unsigned slot = cw_skv_slot(id);
    uint64_t head;
    CW_TRY(feed_head(tx, feed, slot, &head, err));
    const struct cw_kk key = feed_key(feed, slot, head + 1);
    cw_record_put_feed(&b, e);
    return cw_skv_put(tx, CW_TABLE_FEED, &key, &b, err);
}

static int check_feed(enum cw_feed feed, unsigned slot, struct cw_err *err)
{
    if ((feed != CW_FEED_ASSETS && feed != CW_FEED_SIGHTINGS) || slot >= CW_SLOTS) {
        return cw_fail(err, CW_E_INVALID, "no slot %u of feed %d", slot, (int)feed);
    }
    return 0;
}

int cw_skv_read_feed(struct cw_store *s, enum cw_feed feed, unsigned slot, uint64_t after,
                     cw_feed_fn *fn, void *ctx, struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    CW_AUTO(cw_scan_done) struct cw_scan scan = {0};
    struct cw_feed_entry e;
    CW_TRY(check_feed(feed, slot, err));
    struct cw_kk from = feed_key(feed, slot, after);
    cw_kk_after(&from);
    CW_TRY(cw_skv_read(s, &tx, err));
    int rc = cw_scan_from(&scan, tx, CW_TABLE_FEED, &from, FEED_PREFIX, err);
    for (; rc == 0; rc = cw_scan_next(&scan, err)) {
        CW_TRY(cw_record_get_feed(scan.at.value, &e, err));
        e.seq = cw_kk_read_u64(scan.at.key, FEED_PREFIX);
        if (!fn(ctx, &e)) {
            return 0;
        }
    }
    return cw_scan_end(rc);
}

int cw_skv_heads(struct cw_store *s, enum cw_feed feed, uint64_t out[CW_SLOTS],
                 struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    uint64_t heads[CW_SLOTS];
    CW_TRY(check_feed(feed, 0, err));
    CW_TRY(cw_skv_read(s, &tx, err));
    for (unsigned slot = 0; slot < CW_SLOTS; slot++) {
        CW_TRY(feed_head(tx, feed, slot, &heads[slot], err));
    }
    for (unsigned slot = 0; slot < CW_SLOTS; slot++) {
        out[slot] = heads[slot];
    }
    return 0;
}
