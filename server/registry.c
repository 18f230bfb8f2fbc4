#include "server/registry.h"

#include "server/conf.h"
#include "server/registry_internal.h"

#include <stdlib.h>
#include <string.h>

const struct cw_registry_options CW_REGISTRY_DEFAULTS = {
    .max_rows = 200000000,
    .derive_at_once = 1000,
    .locals = {.points = 300,
               .sighting_bytes = (uint64_t)1 << 30,
               .max_descriptors = UINT32_MAX - 2},
};

struct cw_registry_options cw_registry_options_of(const struct cw_conf *conf)
{
    return (struct cw_registry_options){
        .max_rows = conf->index_rows,
        .derive_at_once = conf->derive_at_once,
        .locals = {.points = conf->local_points,
                   .sighting_bytes = conf->sighting_local_bytes,
                   .max_descriptors = conf->local_descriptors}};
}

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
    free(r->pending.items);
    r->pending.items = NULL;
    r->pending.n = r->pending.next = 0;
    atomic_store(&r->pending.left, 0);
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
    (void)pthread_mutex_init(&r->pending.lock, NULL);
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
        (void)pthread_mutex_destroy(&r->pending.lock);
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

void cw_registry_count(struct cw_registry *r, cw_studio_no studio, int change)
{
    atomic_fetch_add(&r->n_assets[studio % CW_STUDIOS_COUNTED],
                     (uint64_t)(int64_t)change);
}

void cw_registry_count_recipe(struct cw_registry *r, uint16_t recipe, int change)
{
    atomic_fetch_add(&r->by_recipe[recipe <= CW_RECIPES ? recipe : 0],
                     (uint64_t)(int64_t)change);
}

uint64_t cw_registry_assets(const struct cw_registry *r, cw_studio_no studio)
{
    return atomic_load(&r->n_assets[studio % CW_STUDIOS_COUNTED]);
}

int cw_registry_read_asset(struct cw_registry *r, cw_studio_no studio, cw_asset_no no,
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
int cw_registry_add_local(struct cw_registry *r, const struct cw_frame_in *frame,
                          struct cw_err *err)
{
    cw_asset_no keyframe;
    CW_TRY(cw_runs_join(r->runs, frame, &keyframe, err));
    return keyframe != frame->no
               ? 0
               : cw_locals_add_asset(r->locals, frame->studio, frame->no, frame->fp, err);
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
    CW_TRY(cw_registry_add_local(r, &frame, err));
    cw_registry_count(r, p->studio, 1);
    cw_registry_count_recipe(r, p->fp->recipe, 1);
    return 0;
}

int cw_registry_publish_sighting(struct cw_registry *r, const struct cw_published *p,
                                 struct cw_err *err)
{
    CW_TRY(publish(r->sightings, p, err));
    return cw_locals_add_sighting(r->locals, p->studio, p->no, p->fp, err);
}

/* Its heir is searched before it goes itself: in between both are found, never none. */
static int hide(struct cw_registry *r, cw_studio_no studio, cw_asset_no no,
                bool *out_was_derived, struct cw_err *err)
{
    struct cw_asset asset;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    *out_was_derived = !cw_registry_drop_pending(r, no);
    const cw_asset_no heir = cw_runs_leave(r->runs, no);
    if (heir != 0) {
        CW_TRY(cw_registry_read_asset(r, studio, heir, &asset, &fp, err));
        CW_TRY(cw_locals_add_asset(r->locals, studio, heir, &fp, err));
    }
    cw_search_remove(r->assets, no);
    cw_locals_remove_asset(r->locals, no);
    return 0;
}

int cw_registry_hide(struct cw_registry *r, cw_studio_no studio, cw_asset_no no,
                     struct cw_err *err)
{
    bool was_derived;
    return hide(r, studio, no, &was_derived, err);
}

int cw_registry_withdraw(struct cw_registry *r, cw_studio_no studio, cw_asset_no no,
                         struct cw_err *err)
{
    struct cw_asset asset;
    bool was_derived;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    CW_TRY(hide(r, studio, no, &was_derived, err));
    cw_registry_count(r, studio, -1);
    if (was_derived) { /* else its recipe was not counted yet */
        CW_TRY(cw_registry_read_asset(r, studio, no, &asset, &fp, err));
        cw_registry_count_recipe(r, fp.recipe, -1);
    }
    return 0;
}
