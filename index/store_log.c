/* store_log.c - the log of events, and the feed that the search structure follows.
 *
 * Both are gap-free because their numbers are given inside the transaction that writes
 * them, and there is one writer. */
#include "base/crypto.h"
#include "index/store_kv.h"

/* ---- events ----------------------------------------------------------------------- */

static struct cw_kk seq_key(uint64_t seq)
{
    struct cw_kk k;
    k.len = 0;
    cw_kk_u64(&k, seq);
    return k;
}

int cw_skv_append_event(struct cw_kv_tx *tx, const struct cw_event *e, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(CW_RECORD_MAX);
    uint64_t seq;
    CW_TRY(cw_skv_count(tx, CW_COUNTER_EVENT, 0, 1, &seq, err));
    const struct cw_kk by_seq = seq_key(seq);
    const struct cw_kk by_studio = cw_kk_studio_u64(e->studio, seq);
    cw_record_put_event(&b, e);
    CW_TRY(cw_skv_put(tx, CW_TABLE_LOG, &by_seq, &b, err));
    return cw_skv_put_empty(tx, CW_TABLE_STUDIO_LOG, &by_studio, err);
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
