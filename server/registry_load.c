/* registry_load.c - filling the registry at start: what is saved, what the feeds say
 * since, and what has to be derived from fingerprints, now or while requests are
 * answered. */
#include <stdlib.h>
#include <string.h>

#include "server/log.h"
#include "server/registry_internal.h"

/* Rows gathered before one call of cw_search_add. */
#define LOAD_BATCH 4096

struct versions {
    size_t n, cap;
    struct cw_version *items; /* owned */
};

struct loading {
    struct cw_search *search;
    bool assets;
    struct cw_checkpoint_mark mark; /* what the registry holds already */
    size_t n;
    struct cw_search_row rows[LOAD_BATCH];
    struct versions fresh; /* of assets, beyond the mark */
    struct versions gone;  /* retired beyond the mark, registered before it */
    int rc;
    struct cw_err *err;
};

static void loading_free(struct loading **l)
{
    if (*l != NULL) {
        free((*l)->fresh.items);
        free((*l)->gone.items);
    }
    free(*l);
}

static bool flush(struct loading *l)
{
    if (l->n > 0) {
        l->rc = cw_search_add(l->search, l->rows, l->n, l->err);
        l->n = 0;
    }
    return l->rc == 0;
}

static bool note_version(struct loading *l, struct versions *to,
                         const struct cw_feed_entry *e)
{
    if (to->n == to->cap) {
        const size_t cap = to->cap == 0 ? LOAD_BATCH : 2 * to->cap;
        struct cw_version *items = reallocarray(to->items, cap, sizeof *items);
        if (items == NULL) {
            l->rc = cw_fail(l->err, CW_E_NO_MEMORY, "out of memory for %zu assets", cap);
            return false;
        }
        to->items = items;
        to->cap = cap;
    }
    to->items[to->n++] = (struct cw_version){.no = e->no, .studio = e->studio};
    return true;
}

/* A version is retired after it was noted, in the same slot: most often a while ago. One
 * that was not noted is among what is saved, and has to leave it. */
static bool forget_version(struct loading *l, const struct cw_feed_entry *e)
{
    for (size_t i = l->fresh.n; i > 0; i--) {
        if (l->fresh.items[i - 1].no == e->no) {
            l->fresh.items[i - 1].no = 0;
            return true;
        }
    }
    return note_version(l, &l->gone, e);
}

/* The part of an entry that is not only rows. */
static bool load_version_entry(struct loading *l, const struct cw_feed_entry *e)
{
    if (!l->assets) {
        return true;
    }
    return e->retire ? forget_version(l, e) : note_version(l, &l->fresh, e);
}

static bool load_entry(void *ctx, const struct cw_feed_entry *e)
{
    struct loading *l = ctx;
    if (e->retire) {
        if (!flush(l)) { /* the rows must be there before they can leave */
            return false;
        }
        cw_search_remove(l->search, e->no);
        return load_version_entry(l, e);
    }
    if ((l->n + e->n_rows > LOAD_BATCH && !flush(l)) || !load_version_entry(l, e)) {
        return false;
    }
    for (size_t i = 0; i < e->n_rows; i++) {
        l->rows[l->n++] = (struct cw_search_row){.hash = e->rows[i].hash,
                                                 .owner = e->no,
                                                 .studio = e->studio,
                                                 .kind = e->rows[i].kind};
    }
    return true;
}

static int load_feed(struct cw_registry *r, enum cw_feed feed, struct loading *l,
                     struct cw_err *err)
{
    l->assets = feed == CW_FEED_ASSETS;
    l->search = l->assets ? r->assets : r->sightings;
    l->err = err;
    const uint64_t *after = l->assets ? l->mark.assets : l->mark.sightings;
    for (unsigned slot = 0; slot < CW_SLOTS; slot++) {
        CW_TRY(cw_store_read_feed(r->store, feed, slot, after[slot], load_entry, l, err));
        CW_TRY(l->rc);
    }
    return flush(l) ? 0 : l->rc;
}

static int derive_version(struct cw_registry *r, const struct cw_version *v,
                          struct cw_err *err)
{
    struct cw_asset asset;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    CW_TRY(cw_registry_read_asset(r, v->studio, v->no, &asset, &fp, err));
    const struct cw_frame_in frame = {
        .studio = v->studio, .collection = asset.collection, .no = v->no, .fp = &fp};
    CW_TRY(cw_registry_add_local(r, &frame, err));
    cw_registry_count_recipe(r, fp.recipe, 1);
    return 0;
}

static int by_number(const void *a, const void *b)
{
    const struct cw_version *x = a;
    const struct cw_version *y = b;
    return x->no < y->no ? -1 : x->no > y->no;
}

/* First what has left since it was saved, then what has come, in order of registration:
 * that is pending from here on. */
static int load_versions(struct cw_registry *r, struct loading *l, struct cw_err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < l->gone.n; i++) {
        CW_TRY(
            cw_registry_withdraw(r, l->gone.items[i].studio, l->gone.items[i].no, err));
    }
    for (size_t i = 0; i < l->fresh.n; i++) {
        if (l->fresh.items[i].no != 0) {
            l->fresh.items[n++] = l->fresh.items[i];
            cw_registry_count(r, l->fresh.items[i].studio, 1);
        }
    }
    if (n > 1) {
        qsort(l->fresh.items, n, sizeof *l->fresh.items, by_number);
    }
    r->pending.items = l->fresh.items;
    r->pending.n = n;
    atomic_store(&r->pending.left, n);
    l->fresh = (struct versions){0};
    return n <= r->options.derive_at_once ? cw_registry_derive(r, n, err) : 0;
}

static bool note_sighting(void *ctx, cw_studio_no studio, cw_sighting_no no,
                          struct cw_bytes local)
{
    struct loading *l = ctx;
    const struct cw_feed_entry e = {.studio = studio, .no = no};
    (void)local;
    return note_version(l, &l->fresh, &e);
}

static int load_sighting_local(struct cw_registry *r, const struct cw_version *v,
                               struct cw_err *err)
{
    struct cw_sighting sighting;
    CW_AUTO(cw_buf_done) struct cw_buf bytes = CW_BUF_INIT(CW_FP_MAX_BYTES);
    CW_AUTO(cw_buf_done) struct cw_buf local = CW_BUF_INIT(CW_FP_MAX_BYTES);
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    CW_TRY(cw_store_get_sighting_no(r->store, v->studio, v->no, &sighting, &bytes, err));
    CW_TRY(cw_fingerprint_decode(sighting.fingerprint, &fp, err));
    CW_TRY(cw_store_get_sighting_local(r->store, v->studio, v->no, &local, err));
    CW_TRY(cw_fingerprint_decode_local(cw_buf_view(&local), &fp, err));
    return cw_locals_add_sighting(r->locals, v->studio, v->no, &fp, err);
}

/* Those that came after the newest that is saved. */
static int load_sightings_local(struct cw_registry *r, struct loading *l,
                                struct cw_err *err)
{
    CW_TRY(cw_store_list_sighting_local(r->store, cw_locals_newest(r->locals),
                                        note_sighting, l, err));
    CW_TRY(l->rc);
    for (size_t i = 0; i < l->fresh.n; i++) {
        CW_TRY(load_sighting_local(r, &l->fresh.items[i], err));
    }
    return 0;
}

/* What is saved, if it is good for something. */
static int load_saved(struct cw_registry *r, struct cw_saved *saved,
                      struct cw_checkpoint_mark *out, struct cw_err *err)
{
    struct cw_err why;
    *out = (struct cw_checkpoint_mark){0};
    const int rc =
        saved == NULL ? CW_E_NOT_FOUND : cw_checkpoint_restore(r, saved, out, &why);
    if (rc == 0 || rc == CW_E_NOT_FOUND) {
        return 0;
    }
    if (rc != CW_E_CORRUPT) {
        return cw_fail(err, rc, "%s", why.text);
    }
    cw_log(CW_LOG_WARN, "event=saved_index_refused why=\"%s\"", why.text);
    return 0;
}

/* At once, so that the first query is a fast one, and from now on in the background. */
static int settle_searches(struct cw_registry *r, struct cw_err *err)
{
    struct cw_search *const searches[] = {r->assets, r->sightings};
    for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
        CW_TRY(cw_search_settle(searches[i], err));
    }
    return cw_settling_open(searches, sizeof searches / sizeof *searches, &r->settling,
                            err);
}

int cw_registry_load(struct cw_registry *r, struct cw_saved *saved, struct cw_err *err)
{
    CW_AUTO(loading_free) struct loading *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    CW_TRY(load_saved(r, saved, &l->mark, err));
    CW_TRY(load_feed(r, CW_FEED_ASSETS, l, err));
    CW_TRY(load_versions(r, l, err));
    CW_TRY(load_feed(r, CW_FEED_SIGHTINGS, l, err));
    CW_TRY(load_sightings_local(r, l, err));
    cw_log(CW_LOG_INFO,
           "event=index_loaded derived_assets=%zu derived_sightings=%zu pending=%zu",
           r->pending.n - cw_registry_pending(r), l->fresh.n, cw_registry_pending(r));
    CW_TRY(cw_locals_settle(r->locals, err));
    return settle_searches(r, err);
}

/* ---- what is pending --------------------------------------------------------------- */

size_t cw_registry_pending(struct cw_registry *r)
{
    return atomic_load(&r->pending.left);
}

/* The next one; the lock is held, so that it cannot be retired half way. */
static int derive_next(struct cw_registry *r, struct cw_err *err)
{
    const struct cw_version *v = &r->pending.items[r->pending.next];
    if (v->no != 0) {
        CW_TRY(derive_version(r, v, err));
        atomic_fetch_sub(&r->pending.left, 1);
    }
    r->pending.next++;
    return 0;
}

int cw_registry_derive(struct cw_registry *r, size_t most, struct cw_err *err)
{
    int rc = 0;
    for (size_t i = 0; i < most && rc == 0; i++) {
        pthread_mutex_lock(&r->pending.lock);
        if (r->pending.next < r->pending.n) {
            rc = derive_next(r, err);
        }
        pthread_mutex_unlock(&r->pending.lock);
    }
    return rc;
}

bool cw_registry_drop_pending(struct cw_registry *r, cw_asset_no no)
{
    bool there = false;
    pthread_mutex_lock(&r->pending.lock);
    for (size_t i = r->pending.next; i < r->pending.n && !there; i++) {
        there = r->pending.items[i].no == no;
        if (there) {
            r->pending.items[i].no = 0;
            atomic_fetch_sub(&r->pending.left, 1);
        }
    }
    pthread_mutex_unlock(&r->pending.lock);
    return there;
}
