#include "server/registry.h"

#include "server/checkpoint.h"
#include "server/log.h"

#include <stdlib.h>
#include <string.h>

/* Rows gathered before one call of cw_search_add. */
#define LOAD_BATCH 4096

const struct cw_registry_options CW_REGISTRY_DEFAULTS = {
    .max_rows = 200000000,
    .locals = {.points = 300,
               .sighting_bytes = (uint64_t)1 << 30,
               .max_descriptors = UINT32_MAX - 2},
};

/* Whoever wants to save is not to wait for a moment without registrations. */
static void init_steady(pthread_rwlock_t *lock)
{
    pthread_rwlockattr_t a;
    (void)pthread_rwlockattr_init(&a);
    (void)pthread_rwlockattr_setkind_np(&a, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    (void)pthread_rwlock_init(lock, &a);
    (void)pthread_rwlockattr_destroy(&a);
}

static int open_parts(struct cw_registry *r, struct cw_err *err)
{
    const struct cw_search_options search = {.max_rows = r->options.max_rows};
    CW_TRY(cw_search_open(&search, &r->assets, err));
    CW_TRY(cw_search_open(&search, &r->sightings, err));
    CW_TRY(cw_locals_open(&r->options.locals, &r->locals, err));
    return cw_runs_open(r->store, &r->runs, err);
}

static void close_parts(struct cw_registry *r)
{
    cw_settling_close(r->settling);
    cw_search_close(r->assets);
    cw_search_close(r->sightings);
    cw_locals_close(r->locals);
    cw_runs_close(r->runs);
    r->settling = NULL;
    r->assets = r->sightings = NULL;
    r->locals = NULL;
    r->runs = NULL;
}

int cw_registry_open(struct cw_store *store, const struct cw_registry_options *options,
                     struct cw_registry **out, struct cw_err *err)
{
    struct cw_registry *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    r->store = store;
    r->options = *options;
    init_steady(&r->steady);
    const int rc = open_parts(r, err);
    if (rc != 0) {
        cw_registry_close(r);
        return rc;
    }
    *out = r;
    return 0;
}

int cw_registry_clear(struct cw_registry *r, struct cw_err *err)
{
    close_parts(r);
    memset(r->n_assets, 0, sizeof r->n_assets);
    memset(r->by_recipe, 0, sizeof r->by_recipe);
    return open_parts(r, err);
}

void cw_registry_close(struct cw_registry *r)
{
    if (r != NULL) {
        close_parts(r);
        (void)pthread_rwlock_destroy(&r->steady);
        free(r);
    }
}

void cw_registry_begin_change(struct cw_registry *r)
{
    (void)pthread_rwlock_rdlock(&r->steady);
}

void cw_registry_end_change(struct cw_registry *r)
{
    (void)pthread_rwlock_unlock(&r->steady);
}

static void count(struct cw_registry *r, cw_studio_no studio, uint16_t recipe, int change)
{
    atomic_fetch_add(&r->n_assets[studio % CW_STUDIOS_COUNTED],
                     (uint64_t)(int64_t)change);
    atomic_fetch_add(&r->by_recipe[recipe <= CW_RECIPES ? recipe : 0],
                     (uint64_t)(int64_t)change);
}

uint64_t cw_registry_assets(const struct cw_registry *r, cw_studio_no studio)
{
    return atomic_load(&r->n_assets[studio % CW_STUDIOS_COUNTED]);
}

/* ---- loading ---------------------------------------------------------------------- */

/* A live asset version, or one that was. */
struct version {
    cw_asset_no no; /* 0 = retired since */
    cw_studio_no studio;
};

struct versions {
    size_t n, cap;
    struct version *items; /* owned */
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
        struct version *items = reallocarray(to->items, cap, sizeof *items);
        if (items == NULL) {
            l->rc = cw_fail(l->err, CW_E_NO_MEMORY, "out of memory for %zu assets", cap);
            return false;
        }
        to->items = items;
        to->cap = cap;
    }
    to->items[to->n++] = (struct version){.no = e->no, .studio = e->studio};
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

static int read_asset(struct cw_registry *r, cw_studio_no studio, cw_asset_no no,
                      struct cw_asset *out, struct cw_fingerprint *out_fp,
                      struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf bytes = CW_BUF_INIT(CW_FP_MAX_BYTES);
    CW_TRY(cw_store_get_asset_no(r->store, studio, no, out, &bytes, err));
    CW_TRY(cw_fingerprint_decode(out->fingerprint, out_fp, err));
    out->fingerprint = cw_bytes_of(NULL, 0); /* `bytes` ends here */
    return 0;
}

/* Only the keyframe of a run is searched by its descriptors. */
static int add_local(struct cw_registry *r, const struct cw_frame_in *frame,
                     struct cw_err *err)
{
    cw_asset_no keyframe;
    CW_TRY(cw_runs_join(r->runs, frame, &keyframe, err));
    return keyframe != frame->no
               ? 0
               : cw_locals_add_asset(r->locals, frame->studio, frame->no, frame->fp, err);
}

static int load_version(struct cw_registry *r, const struct version *v,
                        struct cw_err *err)
{
    struct cw_asset asset;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    CW_TRY(read_asset(r, v->studio, v->no, &asset, &fp, err));
    count(r, v->studio, fp.recipe, 1);
    const struct cw_frame_in frame = {
        .studio = v->studio, .collection = asset.collection, .no = v->no, .fp = &fp};
    return add_local(r, &frame, err);
}

static int by_number(const void *a, const void *b)
{
    const struct version *x = a;
    const struct version *y = b;
    return x->no < y->no ? -1 : x->no > y->no;
}

/* First what has left since it was saved, then what has come, in order of registration.
 */
static int load_versions(struct cw_registry *r, struct loading *l, struct cw_err *err)
{
    for (size_t i = 0; i < l->gone.n; i++) {
        CW_TRY(
            cw_registry_withdraw(r, l->gone.items[i].studio, l->gone.items[i].no, err));
    }
    if (l->fresh.n > 1) {
        qsort(l->fresh.items, l->fresh.n, sizeof *l->fresh.items, by_number);
    }
    for (size_t i = 0; i < l->fresh.n; i++) {
        if (l->fresh.items[i].no != 0) {
            CW_TRY(load_version(r, &l->fresh.items[i], err));
        }
    }
    return 0;
}

static bool note_sighting(void *ctx, cw_studio_no studio, cw_sighting_no no,
                          struct cw_bytes local)
{
    struct loading *l = ctx;
    const struct cw_feed_entry e = {.studio = studio, .no = no};
    (void)local;
    return note_version(l, &l->fresh, &e);
}

static int load_sighting_local(struct cw_registry *r, const struct version *v,
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
    l->fresh.n = 0;
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
    const size_t derived = l->fresh.n;
    CW_TRY(load_sightings_local(r, l, err));
    cw_log(CW_LOG_INFO, "event=index_loaded derived_assets=%zu derived_sightings=%zu",
           derived, l->fresh.n);
    CW_TRY(cw_locals_settle(r->locals, err));
    return settle_searches(r, err);
}

/* ---- publishing ------------------------------------------------------------------- */

static int publish(struct cw_search *search, const struct cw_published *p,
                   struct cw_err *err)
{
    struct cw_search_row out[CW_ROWS_PER_RECORD];
    for (size_t i = 0; i < p->n_rows; i++) {
        out[i] = (struct cw_search_row){.hash = p->rows[i].hash,
                                        .owner = p->no,
                                        .studio = p->studio,
                                        .kind = p->rows[i].kind};
    }
    return cw_search_add(search, out, p->n_rows, err);
}

int cw_registry_publish_asset(struct cw_registry *r, const struct cw_published *p,
                              struct cw_err *err)
{
    CW_TRY(publish(r->assets, p, err));
    const struct cw_frame_in frame = {
        .studio = p->studio, .collection = p->collection, .no = p->no, .fp = p->fp};
    CW_TRY(add_local(r, &frame, err));
    count(r, p->studio, p->fp->recipe, 1);
    return 0;
}

int cw_registry_publish_sighting(struct cw_registry *r, const struct cw_published *p,
                                 struct cw_err *err)
{
    CW_TRY(publish(r->sightings, p, err));
    return cw_locals_add_sighting(r->locals, p->studio, p->no, p->fp, err);
}

/* Its heir is searched before it goes itself: in between both are found, never none. */
int cw_registry_hide(struct cw_registry *r, cw_studio_no studio, cw_asset_no no,
                     struct cw_err *err)
{
    struct cw_asset asset;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    const cw_asset_no heir = cw_runs_leave(r->runs, no);
    if (heir != 0) {
        CW_TRY(read_asset(r, studio, heir, &asset, &fp, err));
        CW_TRY(cw_locals_add_asset(r->locals, studio, heir, &fp, err));
    }
    cw_search_remove(r->assets, no);
    cw_locals_remove_asset(r->locals, no);
    return 0;
}

int cw_registry_withdraw(struct cw_registry *r, cw_studio_no studio, cw_asset_no no,
                         struct cw_err *err)
{
    struct cw_asset asset;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    CW_TRY(cw_registry_hide(r, studio, no, err));
    CW_TRY(read_asset(r, studio, no, &asset, &fp, err));
    count(r, studio, fp.recipe, -1);
    return 0;
}
