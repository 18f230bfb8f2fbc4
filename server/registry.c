#include "server/registry.h"

#include <stdlib.h>

/* Rows gathered before one call of cw_search_add. */
#define LOAD_BATCH 4096

int cw_registry_open(struct cw_store *store, uint64_t max_rows, struct cw_registry **out,
                     struct cw_err *err)
{
    const struct cw_search_options options = {.max_rows = max_rows};
    struct cw_registry *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    r->store = store;
    int rc = cw_search_open(&options, &r->assets, err);
    if (rc == 0) {
        rc = cw_search_open(&options, &r->sightings, err);
    }
    if (rc != 0) {
        cw_registry_close(r);
        return rc;
    }
    *out = r;
    return 0;
}

void cw_registry_close(struct cw_registry *r)
{
    if (r != NULL) {
        cw_search_close(r->assets);
        cw_search_close(r->sightings);
        free(r);
    }
}

void cw_registry_count(struct cw_registry *r, cw_studio_no studio, int change)
{
    atomic_fetch_add(&r->n_assets[studio % CW_STUDIOS_COUNTED],
                     (uint64_t)(int64_t)change);
}

uint64_t cw_registry_assets(const struct cw_registry *r, cw_studio_no studio)
{
    return atomic_load(&r->n_assets[studio % CW_STUDIOS_COUNTED]);
}

struct loading {
    struct cw_search *search;
    struct cw_registry *count; /* assets are counted, sightings are not */
    size_t n;
    struct cw_search_row rows[LOAD_BATCH];
    int rc;
    struct cw_err *err;
};

static bool flush(struct loading *l)
{
    if (l->n > 0) {
        l->rc = cw_search_add(l->search, l->rows, l->n, l->err);
        l->n = 0;
    }
    return l->rc == 0;
}

static void count(struct loading *l, cw_studio_no studio, int change)
{
    if (l->count != NULL) {
        cw_registry_count(l->count, studio, change);
    }
}

static bool load_entry(void *ctx, const struct cw_feed_entry *e)
{
    struct loading *l = ctx;
    if (e->retire) {
        if (!flush(l)) { /* the rows must be there before they can leave */
            return false;
        }
        cw_search_remove(l->search, e->no);
        count(l, e->studio, -1);
        return true;
    }
    if (l->n + e->n_rows > LOAD_BATCH && !flush(l)) {
        return false;
    }
    count(l, e->studio, 1);
    for (size_t i = 0; i < e->n_rows; i++) {
        l->rows[l->n++] = (struct cw_search_row){.hash = e->rows[i].hash,
                                                 .owner = e->no,
                                                 .studio = e->studio,
                                                 .kind = e->rows[i].kind};
    }
    return true;
}

static int load_feed(struct cw_registry *r, enum cw_feed feed, struct cw_search *search,
                     struct cw_err *err)
{
    struct loading *l = calloc(1, sizeof *l);
    int rc = 0;
    if (l == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    l->search = search;
    l->count = feed == CW_FEED_ASSETS ? r : NULL;
    l->err = err;
    for (unsigned slot = 0; slot < CW_SLOTS && rc == 0; slot++) {
        rc = cw_store_read_feed(r->store, feed, slot, 0, load_entry, l, err);
        rc = rc == 0 ? l->rc : rc;
    }
    if (rc == 0 && !flush(l)) {
        rc = l->rc;
    }
    free(l);
    return rc;
}

int cw_registry_load(struct cw_registry *r, struct cw_err *err)
{
    CW_TRY(load_feed(r, CW_FEED_ASSETS, r->assets, err));
    return load_feed(r, CW_FEED_SIGHTINGS, r->sightings, err);
}

int cw_registry_publish(struct cw_search *search, cw_studio_no studio, uint64_t owner,
                        const struct cw_hash_row *rows, size_t n, struct cw_err *err)
{
    struct cw_search_row out[CW_ROWS_PER_RECORD];
    for (size_t i = 0; i < n; i++) {
        out[i] = (struct cw_search_row){
            .hash = rows[i].hash, .owner = owner, .studio = studio, .kind = rows[i].kind};
    }
    return cw_search_add(search, out, n, err);
}
