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

struct loading {
    struct cw_search *search;
    uint64_t live; /* owners added and not retired */
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

static bool load_entry(void *ctx, const struct cw_feed_entry *e)
{
    struct loading *l = ctx;
    if (e->retire) {
        if (!flush(l)) { /* the rows must be there before they can leave */
            return false;
        }
        cw_search_remove(l->search, e->no);
        l->live--;
        return true;
    }
    if (l->n + e->n_rows > LOAD_BATCH && !flush(l)) {
        return false;
    }
    l->live++;
    for (size_t i = 0; i < e->n_rows; i++) {
        l->rows[l->n++] = (struct cw_search_row){.hash = e->rows[i].hash,
                                                 .owner = e->no,
                                                 .studio = e->studio,
                                                 .kind = e->rows[i].kind};
    }
    return true;
}

static int load_feed(struct cw_registry *r, enum cw_feed feed, struct cw_search *search,
                     uint64_t *out_live, struct cw_err *err)
{
    struct loading *l = calloc(1, sizeof *l);
    int rc = 0;
    if (l == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    l->search = search;
    l->err = err;
    for (unsigned slot = 0; slot < CW_SLOTS && rc == 0; slot++) {
        rc = cw_store_read_feed(r->store, feed, slot, 0, load_entry, l, err);
        rc = rc == 0 ? l->rc : rc;
    }
    if (rc == 0 && !flush(l)) {
        rc = l->rc;
    }
    *out_live = l->live;
    free(l);
    return rc;
}

int cw_registry_load(struct cw_registry *r, struct cw_err *err)
{
    uint64_t live;
    CW_TRY(load_feed(r, CW_FEED_ASSETS, r->assets, &live, err));
    atomic_store(&r->n_assets, live);
    return load_feed(r, CW_FEED_SIGHTINGS, r->sightings, &live, err);
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
