/* Table 0: name -> version, id, length, and a digest over these and the name.
 * Table 1: id, number of the chunk -> digest, bytes. An id is used once. */
#include "index/saved.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

#define VERSION 1
#define CHUNK_BYTES ((size_t)1 << 20)
#define CHUNKS_AT_ONCE 16 /* in one transaction */
#define HEADERS 0
#define CHUNKS 1
#define CHUNK_KEY_BYTES 12
#define HEADER_BYTES (1 + 8 + 8)

struct cw_saved {
    struct cw_kv *kv;
    uint8_t secret[CW_SAVED_SECRET_BYTES];
};

struct header {
    uint64_t id, length;
};

struct cw_saved_reader {
    struct cw_saved *saved;
    struct cw_kv_tx *tx;
    struct header header;
    uint64_t at;           /* bytes read */
    struct cw_bytes chunk; /* the current one, checked; borrowed from tx */
};

int cw_saved_open(struct cw_kv *kv, const uint8_t secret[CW_SAVED_SECRET_BYTES],
                  struct cw_saved **out, struct cw_err *err)
{
    struct cw_saved *s = calloc(1, sizeof *s);
    if (s == NULL) {
        cw_kv_close(kv);
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    s->kv = kv;
    memcpy(s->secret, secret, sizeof s->secret);
    *out = s;
    return 0;
}

void cw_saved_close(struct cw_saved *s)
{
    if (s != NULL) {
        cw_kv_close(s->kv);
        cw_wipe(s->secret, sizeof s->secret);
        free(s);
    }
}

/* ---- keys, headers and digests ---------------------------------------------------- */

static struct cw_bytes key_of(uint64_t id, uint32_t chunk, uint8_t out[CHUNK_KEY_BYTES])
{
    for (unsigned i = 0; i < 8; i++) {
        out[i] = (uint8_t)(id >> (56 - 8 * i));
    }
    for (unsigned i = 0; i < 4; i++) {
        out[8 + i] = (uint8_t)(chunk >> (24 - 8 * i));
    }
    return cw_bytes_of(out, CHUNK_KEY_BYTES);
}

static uint64_t id_of(struct cw_bytes key)
{
    struct cw_reader r = cw_reader_of(key);
    return cw_get_u64(&r);
}

/* A digest of the bytes that is no good for any other place. */
static void digest(const struct cw_saved *s, struct cw_bytes place, struct cw_bytes bytes,
                   uint8_t out[CW_BLAKE2B_BYTES])
{
    uint8_t key[CW_BLAKE2B_BYTES];
    cw_blake2b_keyed(place, s->secret, key);
    cw_blake2b_keyed(bytes, key, out);
    cw_wipe(key, sizeof key);
}

static int put_header(struct cw_saved *s, struct cw_kv_tx *tx, const char *name,
                      const struct header *h, struct cw_err *err)
{
    CW_AUTO(cw_buf_done)
    struct cw_buf value = CW_BUF_INIT(HEADER_BYTES + CW_BLAKE2B_BYTES);
    uint8_t sum[CW_BLAKE2B_BYTES];
    cw_put_u8(&value, VERSION);
    cw_put_u64(&value, h->id);
    cw_put_u64(&value, h->length);
    digest(s, cw_bytes_str(name), cw_buf_view(&value), sum);
    cw_buf_add(&value, sum, sizeof sum);
    CW_TRY(cw_buf_check(&value, "a saved header", err));
    return cw_kv_put(tx, HEADERS, cw_bytes_str(name), cw_buf_view(&value), err);
}

/* Errors: CW_E_NOT_FOUND, CW_E_CORRUPT */
static int get_header(struct cw_saved *s, struct cw_kv_tx *tx, const char *name,
                      struct header *out, struct cw_err *err)
{
    struct cw_bytes value;
    uint8_t sum[CW_BLAKE2B_BYTES];
    CW_TRY(cw_kv_get(tx, HEADERS, cw_bytes_str(name), &value, err));
    if (value.len != HEADER_BYTES + sizeof sum || value.p[0] != VERSION) {
        return cw_fail(err, CW_E_CORRUPT, "saved %s: unknown format", name);
    }
    digest(s, cw_bytes_str(name), cw_bytes_of(value.p, HEADER_BYTES), sum);
    if (memcmp(sum, value.p + HEADER_BYTES, sizeof sum) != 0) {
        return cw_fail(err, CW_E_CORRUPT, "saved %s: damaged, or of another store", name);
    }
    struct cw_reader r = cw_reader_of(cw_bytes_of(value.p + 1, HEADER_BYTES - 1));
    out->id = cw_get_u64(&r);
    out->length = cw_get_u64(&r);
    return 0;
}

/* ---- writing ---------------------------------------------------------------------- */

/* The parts of a blob as one run of bytes. */
struct feed {
    const struct cw_bytes *parts;
    size_t n, part, at;
};

static size_t fill(struct feed *f, uint8_t *to, size_t room)
{
    size_t n = 0;
    while (n < room && f->part < f->n) {
        const size_t left = f->parts[f->part].len - f->at;
        const size_t take = left < room - n ? left : room - n;
        if (take > 0) {
            memcpy(to + n, f->parts[f->part].p + f->at, take);
        }
        n += take;
        f->at += take;
        if (f->at == f->parts[f->part].len) {
            f->part++;
            f->at = 0;
        }
    }
    return n;
}

/* An id that no chunk has. */
static int new_id(struct cw_kv_tx *tx, uint64_t *out, struct cw_err *err)
{
    struct cw_kv_cursor *c = NULL;
    struct cw_kv_pair last;
    CW_TRY(cw_kv_cursor_open(tx, CHUNKS, &c, err));
    const int rc = cw_kv_move(c, CW_KV_LAST, cw_bytes_of(NULL, 0), &last, err);
    *out = rc == 0 ? id_of(last.key) + 1 : 1;
    cw_kv_cursor_close(c);
    return rc == CW_E_NOT_FOUND ? 0 : rc;
}

struct writing {
    struct feed feed;
    struct header header;
    uint32_t next;   /* chunk */
    uint8_t *buffer; /* digest and bytes of one chunk */
    bool done;
};

/* Some chunks in one transaction; the feed is where it was if that fails. */
static int put_chunks(struct cw_saved *s, struct writing *w, struct cw_err *err)
{
    struct cw_kv_tx *tx = NULL;
    struct writing after = *w;
    CW_TRY(cw_kv_begin(s->kv, true, &tx, err));
    int rc = after.header.id == 0 ? new_id(tx, &after.header.id, err) : 0;
    for (unsigned i = 0; i < CHUNKS_AT_ONCE && rc == 0 && !after.done; i++) {
        uint8_t key[CHUNK_KEY_BYTES];
        const struct cw_bytes place = key_of(after.header.id, after.next, key);
        const size_t n = fill(&after.feed, w->buffer + CW_BLAKE2B_BYTES, CHUNK_BYTES);
        digest(s, place, cw_bytes_of(w->buffer + CW_BLAKE2B_BYTES, n), w->buffer);
        rc = cw_kv_put(tx, CHUNKS, place, cw_bytes_of(w->buffer, CW_BLAKE2B_BYTES + n),
                       err);
        after.header.length += n;
        after.next++;
        after.done = after.feed.part == after.feed.n;
    }
    if (rc != 0) {
        cw_kv_abort(tx);
        return rc;
    }
    CW_TRY(cw_kv_commit(tx, err));
    *w = after;
    return 0;
}

/* Deletes chunks from one of `id` on that `wanted` does not name, some at a time; tells
 * where it stopped. */
typedef bool cw_wanted_fn(void *ctx, uint64_t id);
static int delete_some(struct cw_saved *s, uint64_t *id, cw_wanted_fn *wanted, void *ctx,
                       bool *out_more, struct cw_err *err)
{
    struct cw_kv_tx *tx = NULL;
    struct cw_kv_cursor *c = NULL;
    struct cw_kv_pair pair;
    uint8_t keys[CHUNKS_AT_ONCE][CHUNK_KEY_BYTES];
    uint8_t start[CHUNK_KEY_BYTES];
    size_t n = 0;
    CW_TRY(cw_kv_begin(s->kv, true, &tx, err));
    int rc = cw_kv_cursor_open(tx, CHUNKS, &c, err);
    if (rc == 0) {
        rc = cw_kv_move(c, CW_KV_SEEK, key_of(*id, 0, start), &pair, err);
        while (rc == 0 && n < CHUNKS_AT_ONCE) {
            *id = id_of(pair.key);
            if (wanted(ctx, *id)) {
                ++*id; /* over all of its chunks */
                rc = cw_kv_move(c, CW_KV_SEEK, key_of(*id, 0, start), &pair, err);
            } else {
                memcpy(keys[n++], pair.key.p, CHUNK_KEY_BYTES);
                rc = cw_kv_move(c, CW_KV_NEXT, cw_bytes_of(NULL, 0), &pair, err);
            }
        }
        cw_kv_cursor_close(c);
    }
    *out_more = rc == 0;
    rc = rc == CW_E_NOT_FOUND ? 0 : rc;
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = cw_kv_del(tx, CHUNKS, cw_bytes_of(keys[i], CHUNK_KEY_BYTES), err);
    }
    if (rc != 0 || n == 0) {
        cw_kv_abort(tx);
        return rc;
    }
    return cw_kv_commit(tx, err);
}

static bool all_but(void *ctx, uint64_t id)
{
    return id != *(const uint64_t *)ctx;
}

static int delete_chunks(struct cw_saved *s, uint64_t id, struct cw_err *err)
{
    uint64_t at = id;
    bool more = true;
    while (more && at == id) {
        CW_TRY(delete_some(s, &at, all_but, &id, &more, err));
    }
    return 0;
}

/* Makes the blob the one of that name; tells which was it before, 0 if none. */
static int name_blob(struct cw_saved *s, const char *name, const struct header *h,
                     uint64_t *out_before, struct cw_err *err)
{
    struct cw_kv_tx *tx = NULL;
    struct header before = {0};
    CW_TRY(cw_kv_begin(s->kv, true, &tx, err));
    (void)get_header(s, tx, name, &before, NULL); /* a damaged one is replaced as well */
    *out_before = before.id;
    const int rc = put_header(s, tx, name, h, err);
    if (rc != 0) {
        cw_kv_abort(tx);
        return rc;
    }
    return cw_kv_commit(tx, err);
}

/* Does it again with more room, as long as that helps. */
static int with_room(struct cw_saved *s, struct writing *w, struct cw_err *err)
{
    int rc = put_chunks(s, w, err);
    while (rc == CW_E_BUSY && cw_kv_grow(s->kv, err) == 0) {
        rc = put_chunks(s, w, err);
    }
    return rc;
}

int cw_saved_put(struct cw_saved *s, const char *name, const struct cw_bytes *parts,
                 size_t n, struct cw_err *err)
{
    struct writing w = {.feed = {.parts = parts, .n = n},
                        .buffer = malloc(CW_BLAKE2B_BYTES + CHUNK_BYTES)};
    int rc = w.buffer == NULL ? cw_fail(err, CW_E_NO_MEMORY, "out of memory") : 0;
    while (rc == 0 && !w.done) {
        rc = with_room(s, &w, err);
    }
    free(w.buffer);
    uint64_t before = 0;
    if (rc == 0) {
        rc = name_blob(s, name, &w.header, &before, err);
    }
    if (rc != 0 && w.header.id != 0) {
        (void)delete_chunks(s, w.header.id, NULL);
    }
    return rc == 0 && before != 0 ? delete_chunks(s, before, err) : rc;
}

/* ---- reading ---------------------------------------------------------------------- */

int cw_saved_get(struct cw_saved *s, const char *name, struct cw_saved_reader **out,
                 struct cw_err *err)
{
    struct cw_saved_reader *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    r->saved = s;
    int rc = cw_kv_begin(s->kv, false, &r->tx, err);
    if (rc == 0) {
        rc = get_header(s, r->tx, name, &r->header, err);
    }
    if (rc != 0) {
        cw_saved_end(&r);
        return rc;
    }
    *out = r;
    return 0;
}

/* The chunk that the next byte is in. */
static int next_chunk(struct cw_saved_reader *r, struct cw_err *err)
{
    uint8_t key[CHUNK_KEY_BYTES];
    uint8_t sum[CW_BLAKE2B_BYTES];
    struct cw_bytes value;
    const struct cw_bytes place =
        key_of(r->header.id, (uint32_t)(r->at / CHUNK_BYTES), key);
    const uint64_t left = r->header.length - r->at;
    const size_t want = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
    const int rc = cw_kv_get(r->tx, CHUNKS, place, &value, err);
    if (rc != 0 && rc != CW_E_NOT_FOUND) {
        return rc;
    }
    if (rc != 0 || value.len != sizeof sum + want) {
        return cw_fail(err, CW_E_CORRUPT, "saved bytes are missing");
    }
    r->chunk = cw_bytes_of(value.p + sizeof sum, want);
    digest(r->saved, place, r->chunk, sum);
    if (memcmp(sum, value.p, sizeof sum) != 0) {
        return cw_fail(err, CW_E_CORRUPT, "saved bytes are damaged");
    }
    return 0;
}

int cw_saved_read(struct cw_saved_reader *r, void *to, size_t len, struct cw_err *err)
{
    uint8_t *p = to;
    if (len > r->header.length - r->at) {
        return cw_fail(err, CW_E_CORRUPT, "saved bytes end early");
    }
    while (len > 0) {
        const size_t within = (size_t)(r->at % CHUNK_BYTES);
        if (within == 0) {
            CW_TRY(next_chunk(r, err));
        }
        const size_t take = r->chunk.len - within < len ? r->chunk.len - within : len;
        memcpy(p, r->chunk.p + within, take);
        p += take;
        len -= take;
        r->at += take;
    }
    return 0;
}

uint64_t cw_saved_left(const struct cw_saved_reader *r)
{
    return r->header.length - r->at;
}

void cw_saved_end(struct cw_saved_reader **r)
{
    if (*r != NULL) {
        cw_kv_abort((*r)->tx);
        free(*r);
        *r = NULL;
    }
}

void cw_saved_part_name(const char *name, uint64_t no, char out[CW_SAVED_NAME_MAX + 1])
{
    (void)snprintf(out, CW_SAVED_NAME_MAX + 1, "%s/%016" PRIx64, name, no);
}

/* ---- sweeping --------------------------------------------------------------------- */

struct ids {
    size_t n, cap;
    uint64_t *items;
};

static int note_id(struct ids *ids, uint64_t id, struct cw_err *err)
{
    if (ids->n == ids->cap) {
        const size_t cap = ids->cap == 0 ? 64 : 2 * ids->cap;
        uint64_t *items = reallocarray(ids->items, cap, sizeof *items);
        if (items == NULL) {
            return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
        }
        ids->items = items;
        ids->cap = cap;
    }
    ids->items[ids->n++] = id;
    return 0;
}

static bool is_noted(void *ctx, uint64_t id)
{
    const struct ids *ids = ctx;
    for (size_t i = 0; i < ids->n; i++) {
        if (ids->items[i] == id) {
            return true;
        }
    }
    return false;
}

struct sweep {
    struct cw_saved *saved;
    const char *prefix;
    bool (*keep)(void *ctx, const char *name);
    void *ctx;
    struct ids kept;
    char dropped[CW_SAVED_NAME_MAX + 1]; /* the one to delete next; "" = none */
};

/* Looks at one name: keeps it, or asks for it to be dropped. */
static int judge(struct sweep *w, struct cw_kv_tx *tx, struct cw_bytes key,
                 struct cw_err *err)
{
    char name[CW_SAVED_NAME_MAX + 1] = {0};
    struct header h;
    memcpy(name, key.p, key.len < CW_SAVED_NAME_MAX ? key.len : CW_SAVED_NAME_MAX);
    const bool mine = strncmp(name, w->prefix, strlen(w->prefix)) == 0;
    if ((mine && !w->keep(w->ctx, name)) ||
        get_header(w->saved, tx, name, &h, NULL) != 0) {
        memcpy(w->dropped, name, sizeof name);
        return 0;
    }
    return note_id(&w->kept, h.id, err);
}

static int judge_all(struct sweep *w, struct cw_err *err)
{
    struct cw_kv_tx *tx = NULL;
    struct cw_kv_cursor *c = NULL;
    struct cw_kv_pair pair;
    w->kept.n = 0;
    w->dropped[0] = '\0';
    CW_TRY(cw_kv_begin(w->saved->kv, true, &tx, err));
    int rc = cw_kv_cursor_open(tx, HEADERS, &c, err);
    if (rc == 0) {
        rc = cw_kv_move(c, CW_KV_SEEK, cw_bytes_of(NULL, 0), &pair, err);
        while (rc == 0 && w->dropped[0] == '\0') {
            rc = judge(w, tx, pair.key, err);
            if (rc == 0 && w->dropped[0] == '\0') {
                rc = cw_kv_move(c, CW_KV_NEXT, cw_bytes_of(NULL, 0), &pair, err);
            }
        }
        cw_kv_cursor_close(c);
    }
    rc = rc == CW_E_NOT_FOUND ? 0 : rc;
    if (rc == 0 && w->dropped[0] != '\0') {
        rc = cw_kv_del(tx, HEADERS, cw_bytes_str(w->dropped), err);
        if (rc == 0) {
            return cw_kv_commit(tx, err);
        }
    }
    cw_kv_abort(tx);
    return rc;
}

int cw_saved_sweep(struct cw_saved *s, const char *prefix,
                   bool (*keep)(void *ctx, const char *name), void *ctx,
                   struct cw_err *err)
{
    struct sweep w = {.saved = s, .prefix = prefix, .keep = keep, .ctx = ctx};
    int rc = judge_all(&w, err);
    while (rc == 0 && w.dropped[0] != '\0') {
        rc = judge_all(&w, err);
    }
    uint64_t at = 0;
    bool more = true;
    while (rc == 0 && more) {
        rc = delete_some(s, &at, is_noted, &w.kept, &more, err);
    }
    free(w.kept.items);
    return rc;
}

struct parts {
    const char *name;
    const uint64_t *numbers;
    size_t n;
};

static bool is_part(void *ctx, const char *blob)
{
    const struct parts *p = ctx;
    for (size_t i = 0; i < p->n; i++) {
        char name[CW_SAVED_NAME_MAX + 1];
        cw_saved_part_name(p->name, p->numbers[i], name);
        if (strcmp(name, blob) == 0) {
            return true;
        }
    }
    return false;
}

int cw_saved_sweep_parts(struct cw_saved *s, const char *name, const uint64_t *numbers,
                         size_t n, struct cw_err *err)
{
    struct parts parts = {.name = name, .numbers = numbers, .n = n};
    char prefix[CW_SAVED_NAME_MAX + 1];
    (void)snprintf(prefix, sizeof prefix, "%s/", name);
    return cw_saved_sweep(s, prefix, is_part, &parts, err);
}
