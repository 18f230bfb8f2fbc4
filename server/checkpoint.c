/* The blob: version, settings it depends on, mark, digest of the entries at the mark,
 * counts, runs, the two searches of hashes, local descriptors. */
#include "server/checkpoint.h"

#include <string.h>

#include "base/crypto.h"
#include "index/search_save.h"
#include "server/registry.h"

#define VERSION 2
#define NAME "registry"
#define BLOB_MAX ((size_t)16 << 30)

/* ---- the mark --------------------------------------------------------------------- */

struct entry {
    bool seen;
    struct cw_buf *out;
};

static bool put_entry(void *ctx, const struct cw_feed_entry *e)
{
    struct entry *entry = ctx;
    entry->seen = true;
    cw_put_u64(entry->out, e->seq);
    cw_put_u8(entry->out, e->retire);
    cw_put_u32(entry->out, e->studio);
    cw_put_u64(entry->out, e->no);
    for (size_t i = 0; i < e->n_rows; i++) {
        cw_put_u8(entry->out, e->rows[i].kind);
        cw_buf_add(entry->out, e->rows[i].hash.b, CW_HASH_BYTES);
    }
    return false; /* one is enough */
}

/* Appends what stands at the mark of a feed. Errors: CW_E_CORRUPT nothing does */
static int put_entries(struct cw_store *store, enum cw_feed feed,
                       const uint64_t heads[CW_SLOTS], struct cw_buf *out,
                       struct cw_err *err)
{
    for (unsigned slot = 0; slot < CW_SLOTS; slot++) {
        struct entry entry = {.out = out};
        if (heads[slot] != 0) {
            CW_TRY(cw_store_read_feed(store, feed, slot, heads[slot] - 1, put_entry,
                                      &entry, err));
            if (!entry.seen) {
                return cw_fail(err, CW_E_CORRUPT, "the store is behind it");
            }
        }
    }
    return 0;
}

static int digest_of(struct cw_store *store, const struct cw_checkpoint_mark *mark,
                     uint8_t out[CW_SHA256_BYTES], struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT((size_t)16 << 20);
    CW_TRY(put_entries(store, CW_FEED_ASSETS, mark->assets, &text, err));
    CW_TRY(put_entries(store, CW_FEED_SIGHTINGS, mark->sightings, &text, err));
    CW_TRY(cw_buf_check(&text, "the mark of a checkpoint", err));
    cw_sha256(cw_buf_view(&text), out);
    return 0;
}

static int put_mark(struct cw_store *store, struct cw_buf *out, struct cw_err *err)
{
    struct cw_checkpoint_mark mark;
    uint8_t digest[CW_SHA256_BYTES];
    CW_TRY(cw_store_heads(store, CW_FEED_ASSETS, mark.assets, err));
    CW_TRY(cw_store_heads(store, CW_FEED_SIGHTINGS, mark.sightings, err));
    CW_TRY(digest_of(store, &mark, digest, err));
    for (unsigned slot = 0; slot < CW_SLOTS; slot++) {
        cw_put_u64(out, mark.assets[slot]);
        cw_put_u64(out, mark.sightings[slot]);
    }
    cw_buf_add(out, digest, sizeof digest);
    return 0;
}

static int get_mark(struct cw_store *store, struct cw_reader *r,
                    struct cw_checkpoint_mark *out, struct cw_err *err)
{
    uint8_t digest[CW_SHA256_BYTES];
    for (unsigned slot = 0; slot < CW_SLOTS; slot++) {
        out->assets[slot] = cw_get_u64(r);
        out->sightings[slot] = cw_get_u64(r);
    }
    const struct cw_bytes saved = cw_get_bytes(r, sizeof digest);
    CW_TRY(digest_of(store, out, digest, err));
    if (!cw_bytes_equal(saved, cw_bytes_of(digest, sizeof digest))) {
        return cw_fail(err, CW_E_CORRUPT, "the store has another history");
    }
    return 0;
}

/* ---- counts ----------------------------------------------------------------------- */

static void put_counts(const struct cw_registry *r, struct cw_buf *out)
{
    for (size_t i = 0; i < CW_STUDIOS_COUNTED; i++) {
        cw_put_u64(out, atomic_load(&r->n_assets[i]));
    }
    for (size_t i = 0; i <= CW_RECIPES; i++) {
        cw_put_u64(out, atomic_load(&r->by_recipe[i]));
    }
}

/* In order: nothing after this can fail. */
static void set_counts(struct cw_registry *r, struct cw_bytes counts)
{
    struct cw_reader in = cw_reader_of(counts);
    for (size_t i = 0; i < CW_STUDIOS_COUNTED; i++) {
        atomic_store(&r->n_assets[i], cw_get_u64(&in));
    }
    for (size_t i = 0; i <= CW_RECIPES; i++) {
        atomic_store(&r->by_recipe[i], cw_get_u64(&in));
    }
}
#define COUNTS_BYTES (8 * ((size_t)CW_STUDIOS_COUNTED + CW_RECIPES + 1))

/* ---- saving ----------------------------------------------------------------------- */

#define SEARCHES 2

static const char *const SAVED_AS[SEARCHES] = {"hashes-assets", "hashes-sightings"};

static void searches_of(const struct cw_registry *r, struct cw_search *out[SEARCHES])
{
    out[0] = r->assets;
    out[1] = r->sightings;
}

/* All of one moment, to be written down after it. */
struct frozen {
    struct cw_buf start; /* what comes before the runs */
    struct cw_buf runs;
    struct cw_search_frozen *searches[SEARCHES];
    struct cw_locals_frozen *locals;
};

static void frozen_done(struct frozen *f)
{
    for (size_t i = 0; i < SEARCHES; i++) {
        cw_search_frozen_free(f->searches[i]);
    }
    cw_locals_frozen_free(f->locals);
    cw_buf_done(&f->start);
    cw_buf_done(&f->runs);
}

/* Between two commits: `steady` is held for writing. */
static int freeze(struct cw_registry *r, struct frozen *out, struct cw_err *err)
{
    struct cw_search *searches[SEARCHES];
    searches_of(r, searches);
    cw_put_u8(&out->start, VERSION);
    cw_put_u64(&out->start, cw_locals_points(r->locals));
    CW_TRY(put_mark(r->store, &out->start, err));
    put_counts(r, &out->start);
    cw_runs_save(r->runs, &out->runs);
    for (size_t i = 0; i < SEARCHES; i++) {
        CW_TRY(cw_search_freeze(searches[i], &out->searches[i], err));
    }
    return cw_locals_freeze(r->locals, &out->locals, err);
}

/* Deletes what the new blob does not name. */
static int sweep(struct cw_saved *saved, const struct cw_buf lists[SEARCHES],
                 const struct cw_buf *locals, struct cw_err *err)
{
    for (size_t i = 0; i < SEARCHES; i++) {
        CW_TRY(cw_search_sweep(saved, SAVED_AS[i], cw_buf_view(&lists[i]), err));
    }
    return cw_locals_sweep(saved, cw_buf_view(locals), err);
}

static int save(const struct frozen *f, struct cw_saved *saved, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf blob = CW_BUF_INIT(BLOB_MAX);
    CW_AUTO(cw_buf_done) struct cw_buf locals = CW_BUF_INIT(BLOB_MAX);
    CW_AUTO(cw_buf_done) struct cw_buf assets = CW_BUF_INIT(UINT32_MAX);
    CW_AUTO(cw_buf_done) struct cw_buf sightings = CW_BUF_INIT(UINT32_MAX);
    CW_TRY(cw_search_save(f->searches[0], saved, SAVED_AS[0], &assets, err));
    CW_TRY(cw_search_save(f->searches[1], saved, SAVED_AS[1], &sightings, err));
    CW_TRY(cw_locals_save(f->locals, saved, &locals, err));
    cw_put_bytes32(&blob, cw_buf_view(&f->runs));
    cw_put_bytes32(&blob, cw_buf_view(&assets));
    cw_put_bytes32(&blob, cw_buf_view(&sightings));
    CW_TRY(cw_buf_check(&f->start, "the mark of a checkpoint", err));
    CW_TRY(cw_buf_check(&f->runs, "the saved runs", err));
    CW_TRY(cw_buf_check(&blob, "the saved registry", err));
    const struct cw_bytes parts[] = {cw_buf_view(&f->start), cw_buf_view(&blob),
                                     cw_buf_view(&locals)};
    CW_TRY(cw_saved_put(saved, NAME, parts, sizeof parts / sizeof *parts, err));
    const struct cw_buf lists[SEARCHES] = {assets, sightings};
    return sweep(saved, lists, &locals, err);
}

int cw_checkpoint_save(struct cw_registry *r, struct cw_saved *saved, struct cw_err *err)
{
    struct frozen f = {.start = CW_BUF_INIT(BLOB_MAX), .runs = CW_BUF_INIT(UINT32_MAX)};
    (void)pthread_rwlock_wrlock(&r->steady);
    int rc = freeze(r, &f, err);
    (void)pthread_rwlock_unlock(&r->steady);
    rc = rc == 0 ? save(&f, saved, err) : rc;
    frozen_done(&f);
    return rc;
}

/* ---- restoring -------------------------------------------------------------------- */

static int read_blob(struct cw_saved *saved, struct cw_buf *out, struct cw_err *err)
{
    CW_AUTO(cw_saved_end) struct cw_saved_reader *r = NULL;
    CW_TRY(cw_saved_get(saved, NAME, &r, err));
    const uint64_t n = cw_saved_left(r);
    if (n == 0 || n > BLOB_MAX) {
        return cw_fail(err, CW_E_CORRUPT, "the saved registry is too long");
    }
    CW_TRY(cw_buf_reserve(out, (size_t)n, err));
    CW_TRY(cw_saved_read(r, out->p, (size_t)n, err));
    out->len = (size_t)n;
    return 0;
}

static int restore(struct cw_registry *r, struct cw_saved *saved, struct cw_bytes blob,
                   struct cw_checkpoint_mark *out, struct cw_err *err)
{
    struct cw_reader in = cw_reader_of(blob);
    struct cw_search *searches[SEARCHES];
    searches_of(r, searches);
    if (cw_get_u8(&in) != VERSION) {
        return cw_fail(err, CW_E_CORRUPT, "it has another format");
    }
    if (cw_get_u64(&in) != cw_locals_points(r->locals)) {
        return cw_fail(err, CW_E_CORRUPT, "local_points has changed");
    }
    CW_TRY(get_mark(r->store, &in, out, err));
    const struct cw_bytes counts = cw_get_bytes(&in, COUNTS_BYTES);
    CW_TRY(cw_runs_restore(r->runs, cw_get_bytes32(&in), err));
    for (size_t i = 0; i < SEARCHES; i++) {
        CW_TRY(
            cw_search_restore(searches[i], saved, SAVED_AS[i], cw_get_bytes32(&in), err));
    }
    if (in.failed) {
        return cw_fail(err, CW_E_CORRUPT, "the saved registry ends early");
    }
    CW_TRY(cw_locals_restore(r->locals, saved, in.in, err));
    set_counts(r, counts);
    return 0;
}

int cw_checkpoint_restore(struct cw_registry *r, struct cw_saved *saved,
                          struct cw_checkpoint_mark *out, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf blob = CW_BUF_INIT(BLOB_MAX);
    CW_TRY(read_blob(saved, &blob, err));
    const int rc = restore(r, saved, cw_buf_view(&blob), out, err);
    if (rc != 0) {
        *out = (struct cw_checkpoint_mark){0};
        CW_TRY(cw_registry_clear(r, err));
    }
    return rc;
}
