/* store_kv.c - the tools that the topics of the store share: keys, reads, counters,
 * scans. */
#include "index/store_kv.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* ---- keys ------------------------------------------------------------------------- */

/* Lengths are bounded by the caps of store.h, so a key that is too long is our own fault.
 */
void cw_kk_raw(struct cw_kk *k, struct cw_bytes v)
{
    assert(v.len <= sizeof k->p - k->len);
    if (v.len > 0) {
        memcpy(k->p + k->len, v.p, v.len);
    }
    k->len += v.len;
}

static void append_be(struct cw_kk *k, uint64_t v, size_t n_bytes)
{
    assert(n_bytes <= sizeof k->p - k->len);
    for (size_t i = 0; i < n_bytes; i++) {
        k->p[k->len + i] = (uint8_t)(v >> 8 * (n_bytes - 1 - i));
    }
    k->len += n_bytes;
}

void cw_kk_u8(struct cw_kk *k, uint8_t v)
{
    append_be(k, v, 1);
}

void cw_kk_u32(struct cw_kk *k, uint32_t v)
{
    append_be(k, v, 4);
}

void cw_kk_u64(struct cw_kk *k, uint64_t v)
{
    append_be(k, v, 8);
}

void cw_kk_after(struct cw_kk *k)
{
    cw_kk_u8(k, 0); /* nothing sorts between a key and the key followed by a zero byte */
}

struct cw_kk cw_kk_studio(cw_studio_no studio)
{
    struct cw_kk k;
    k.len = 0;
    cw_kk_u32(&k, studio);
    return k;
}

struct cw_kk cw_kk_studio_u64(cw_studio_no studio, uint64_t a)
{
    struct cw_kk k = cw_kk_studio(studio);
    cw_kk_u64(&k, a);
    return k;
}

struct cw_kk cw_kk_studio_u64_u64(cw_studio_no studio, uint64_t a, uint64_t b)
{
    struct cw_kk k = cw_kk_studio_u64(studio, a);
    cw_kk_u64(&k, b);
    return k;
}

struct cw_bytes cw_kk_view(const struct cw_kk *k)
{
    return cw_bytes_of(k->p, k->len);
}

static struct cw_reader read_at(struct cw_bytes key, size_t at)
{
    const size_t skip = at < key.len ? at : key.len;
    return cw_reader_of(cw_bytes_of(key.p + skip, key.len - skip));
}

uint32_t cw_kk_read_u32(struct cw_bytes key, size_t at)
{
    struct cw_reader r = read_at(key, at);
    return cw_get_u32(&r);
}

uint64_t cw_kk_read_u64(struct cw_bytes key, size_t at)
{
    struct cw_reader r = read_at(key, at);
    return cw_get_u64(&r);
}

/* ---- transactions ----------------------------------------------------------------- */

int cw_skv_read(struct cw_store *s, struct cw_kv_tx **out, struct cw_err *err)
{
    return cw_kv_begin(((struct cw_skv *)s)->kv, false, out, err);
}

void cw_skv_end_read(struct cw_kv_tx **tx)
{
    cw_kv_abort(*tx);
    *tx = NULL;
}

int cw_skv_write(struct cw_store *s, cw_write_fn *fn, void *args, struct cw_err *err)
{
    return cw_writer_run(((struct cw_skv *)s)->writer, fn, args, err);
}

int cw_skv_get(struct cw_kv_tx *tx, enum cw_table table, const struct cw_kk *key,
               struct cw_bytes *out, struct cw_err *err)
{
    return cw_kv_get(tx, table, cw_kk_view(key), out, err);
}

int cw_skv_need(struct cw_kv_tx *tx, enum cw_table table, const struct cw_kk *key,
                const char *what, struct cw_bytes *out, struct cw_err *err)
{
    const int rc = cw_skv_get(tx, table, key, out, err);
    return rc == CW_E_NOT_FOUND ? cw_fail(err, CW_E_NOT_FOUND, "no such %s", what) : rc;
}

int cw_skv_put(struct cw_kv_tx *tx, enum cw_table table, const struct cw_kk *key,
               const struct cw_buf *record, struct cw_err *err)
{
    CW_TRY(cw_buf_check(record, "record", err));
    return cw_kv_put(tx, table, cw_kk_view(key), cw_buf_view(record), err);
}

int cw_skv_put_number(struct cw_kv_tx *tx, enum cw_table table, const struct cw_kk *key,
                      uint64_t v, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(16);
    cw_record_put_number(&b, v);
    return cw_skv_put(tx, table, key, &b, err);
}

int cw_skv_put_empty(struct cw_kv_tx *tx, enum cw_table table, const struct cw_kk *key,
                     struct cw_err *err)
{
    return cw_kv_put(tx, table, cw_kk_view(key), cw_bytes_of(NULL, 0), err);
}

int cw_skv_del(struct cw_kv_tx *tx, enum cw_table table, const struct cw_kk *key,
               struct cw_err *err)
{
    const int rc = cw_kv_del(tx, table, cw_kk_view(key), err);
    return rc == CW_E_NOT_FOUND ? cw_fail(err, CW_E_CORRUPT, "an index entry is missing")
                                : rc;
}

static struct cw_kk counter_key(enum cw_counter which, cw_studio_no studio)
{
    struct cw_kk k;
    k.len = 0;
    cw_kk_u8(&k, (uint8_t)which);
    cw_kk_u32(&k, studio);
    return k;
}

int cw_skv_counter(struct cw_kv_tx *tx, enum cw_counter which, cw_studio_no studio,
                   uint64_t *out, struct cw_err *err)
{
    const struct cw_kk key = counter_key(which, studio);
    struct cw_bytes value;
    const int rc = cw_skv_get(tx, CW_TABLE_COUNTER, &key, &value, err);
    if (rc == CW_E_NOT_FOUND) {
        *out = 0;
        return 0;
    }
    return rc != 0 ? rc : cw_record_get_number(value, out, err);
}

int cw_skv_count(struct cw_kv_tx *tx, enum cw_counter which, cw_studio_no studio,
                 int delta, uint64_t *out, struct cw_err *err)
{
    const struct cw_kk key = counter_key(which, studio);
    uint64_t v;
    CW_TRY(cw_skv_counter(tx, which, studio, &v, err));
    if (__builtin_add_overflow(v, delta, &v)) {
        return cw_fail(err, CW_E_CORRUPT, "counter %d is out of range", (int)which);
    }
    CW_TRY(cw_skv_put_number(tx, CW_TABLE_COUNTER, &key, v, err));
    if (out != NULL) {
        *out = v;
    }
    return 0;
}

/* ---- scans ------------------------------------------------------------------------ */

/* CW_E_NOT_FOUND when the cursor has left the prefix. */
static int check_prefix(const struct cw_scan *scan)
{
    const struct cw_kk *p = &scan->prefix;
    const struct cw_bytes key = scan->at.key;
    const bool inside =
        key.len >= p->len && (p->len == 0 || memcmp(key.p, p->p, p->len) == 0);
    return inside ? 0 : CW_E_NOT_FOUND;
}

static int step(struct cw_scan *scan, enum cw_kv_move how, struct cw_bytes key,
                struct cw_err *err)
{
    CW_TRY(cw_kv_move(scan->cursor, how, key, &scan->at, err));
    return check_prefix(scan);
}

static int open_scan(struct cw_scan *scan, struct cw_kv_tx *tx, enum cw_table table,
                     const struct cw_kk *from, size_t prefix_len, struct cw_err *err)
{
    cw_scan_done(scan);
    scan->prefix.len = 0;
    cw_kk_raw(&scan->prefix, cw_bytes_of(from->p, prefix_len));
    return cw_kv_cursor_open(tx, table, &scan->cursor, err);
}

int cw_scan_from(struct cw_scan *scan, struct cw_kv_tx *tx, enum cw_table table,
                 const struct cw_kk *from, size_t prefix_len, struct cw_err *err)
{
    CW_TRY(open_scan(scan, tx, table, from, prefix_len, err));
    return step(scan, CW_KV_SEEK, cw_kk_view(from), err);
}

int cw_scan_below(struct cw_scan *scan, struct cw_kv_tx *tx, enum cw_table table,
                  const struct cw_kk *below, size_t prefix_len, struct cw_err *err)
{
    CW_TRY(open_scan(scan, tx, table, below, prefix_len, err));
    const int rc =
        cw_kv_move(scan->cursor, CW_KV_SEEK, cw_kk_view(below), &scan->at, err);
    if (rc != 0 && rc != CW_E_NOT_FOUND) {
        return rc;
    }
    return step(scan, rc == 0 ? CW_KV_PREV : CW_KV_LAST, cw_bytes_of(NULL, 0), err);
}

int cw_scan_next(struct cw_scan *scan, struct cw_err *err)
{
    return step(scan, CW_KV_NEXT, cw_bytes_of(NULL, 0), err);
}

int cw_scan_prev(struct cw_scan *scan, struct cw_err *err)
{
    return step(scan, CW_KV_PREV, cw_bytes_of(NULL, 0), err);
}

void cw_scan_done(struct cw_scan *scan)
{
    cw_kv_cursor_close(scan->cursor);
    scan->cursor = NULL;
}

int cw_scan_end(int rc)
{
    return rc == CW_E_NOT_FOUND ? 0 : rc;
}

int cw_skv_keep_fingerprint(struct cw_bytes *fp, struct cw_buf *buf, struct cw_err *err)
{
    if (buf == NULL) {
        *fp = cw_bytes_of(NULL, 0);
        return 0;
    }
    const size_t start = buf->len;
    cw_buf_add(buf, fp->p, fp->len);
    CW_TRY(cw_buf_check(buf, "fingerprint", err));
    *fp = cw_bytes_of(buf->p + start, buf->len - start);
    return 0;
}
