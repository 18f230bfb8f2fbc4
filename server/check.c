/* Two collections of rows are the same if the sums of a digest of each row are: the order
 * of rows does not matter then, and nothing has to be sorted. */
#include "server/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "server/checkpoint.h"
#include "server/registry.h"

/* A sum over rows. */
struct sum {
    uint64_t n, low, high;
};

struct checking {
    struct cw_registry *registry; /* as it is saved */
    struct cw_checkpoint_mark mark;
    struct cw_search *search; /* the one in question */
    const char *name;
    const uint64_t *heads;
    unsigned slot;
    struct sum truth, found;
    size_t n_gone, cap_gone;
    uint64_t *gone; /* owners that were retired, sorted; owned */
    struct cw_check_report *report;
    int rc;
    struct cw_err *err;
};

static void problem(struct cw_check_report *r, const char *fmt, ...) CW_PRINTF(2, 3);
static void problem(struct cw_check_report *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (r->problems++ == 0) {
        (void)vsnprintf(r->first, sizeof r->first, fmt, args);
    }
    va_end(args);
}

static void add_row(struct sum *sum, const struct cw_search_row *row)
{
    static const uint8_t key[32] = {1};
    uint8_t bytes[CW_HASH_BYTES + 13];
    uint8_t digest[CW_BLAKE2B_BYTES];
    uint64_t parts[2];
    memcpy(bytes, row->hash.b, CW_HASH_BYTES);
    memcpy(bytes + CW_HASH_BYTES, &row->owner, 8);
    memcpy(bytes + CW_HASH_BYTES + 8, &row->studio, 4);
    bytes[CW_HASH_BYTES + 12] = row->kind;
    cw_blake2b_keyed(cw_bytes_of(bytes, sizeof bytes), key, digest);
    memcpy(parts, digest, sizeof parts);
    sum->n++;
    sum->low += parts[0];
    sum->high += parts[1];
}

/* ---- the truth -------------------------------------------------------------------- */

static bool note_gone(void *ctx, const struct cw_feed_entry *e)
{
    struct checking *c = ctx;
    if (e->seq > c->heads[c->slot]) {
        return false;
    }
    if (!e->retire) {
        return true;
    }
    if (c->n_gone == c->cap_gone) {
        const size_t cap = c->cap_gone == 0 ? 1024 : 2 * c->cap_gone;
        uint64_t *gone = reallocarray(c->gone, cap, sizeof *gone);
        if (gone == NULL) {
            c->rc = cw_fail(c->err, CW_E_NO_MEMORY, "out of memory");
            return false;
        }
        c->gone = gone;
        c->cap_gone = cap;
    }
    c->gone[c->n_gone++] = e->no;
    return true;
}

static int by_number(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Whether a search for a row's hash finds that hash. */
static bool is_found(struct checking *c, const struct cw_search_row *row)
{
    const struct cw_search_hash h = {.hash = row->hash, .kind = row->kind};
    const struct cw_search_query q = {.studio = row->studio, .n_hashes = 1, .hashes = &h};
    CW_AUTO(cw_hits_done) struct cw_hits hits = {0};
    c->rc = cw_search_find(c->search, &q, 1, &hits, c->err);
    return c->rc == 0 && hits.n == 1 && hits.items[0].distance == 0;
}

static bool check_entry(void *ctx, const struct cw_feed_entry *e)
{
    struct checking *c = ctx;
    if (e->seq > c->heads[c->slot]) {
        return false;
    }
    if (e->retire || (c->n_gone > 0 && bsearch(&e->no, c->gone, c->n_gone,
                                               sizeof *c->gone, by_number) != NULL)) {
        return true;
    }
    for (size_t i = 0; i < e->n_rows; i++) {
        const struct cw_search_row row = {.hash = e->rows[i].hash,
                                          .owner = e->no,
                                          .studio = e->studio,
                                          .kind = e->rows[i].kind};
        add_row(&c->truth, &row);
        if (!is_found(c, &row) && c->rc == 0) {
            problem(c->report, "a hash of %s %" PRIu64 " is not found", c->name, e->no);
        }
    }
    return c->rc == 0;
}

static int walk(struct checking *c, struct cw_store *store, enum cw_feed feed,
                cw_feed_fn *fn, struct cw_err *err)
{
    for (c->slot = 0; c->slot < CW_SLOTS; c->slot++) {
        CW_TRY(cw_store_read_feed(store, feed, c->slot, 0, fn, c, err));
        CW_TRY(c->rc);
    }
    return 0;
}

/* ---- the search ------------------------------------------------------------------- */

static void note_row(void *ctx, const struct cw_search_row *row)
{
    struct checking *c = ctx;
    add_row(&c->found, row);
}

static int check_search(struct checking *c, struct cw_store *store, enum cw_feed feed,
                        struct cw_err *err)
{
    const bool assets = feed == CW_FEED_ASSETS;
    c->search = assets ? c->registry->assets : c->registry->sightings;
    c->heads = assets ? c->mark.assets : c->mark.sightings;
    c->name = assets ? "asset" : "sighting";
    c->n_gone = 0;
    c->truth = c->found = (struct sum){0};
    CW_TRY(walk(c, store, feed, note_gone, err));
    if (c->n_gone > 1) {
        qsort(c->gone, c->n_gone, sizeof *c->gone, by_number);
    }
    CW_TRY(walk(c, store, feed, check_entry, err));
    cw_search_each(c->search, note_row, c);
    c->report->rows += c->truth.n;
    if (c->truth.n != c->found.n || c->truth.low != c->found.low ||
        c->truth.high != c->found.high) {
        problem(c->report,
                "the search of %ss holds %" PRIu64 " hashes, the store %" PRIu64
                ", or others",
                c->name, c->found.n, c->truth.n);
    }
    return 0;
}

static void close_registry(struct cw_registry **r)
{
    cw_registry_close(*r);
}

static void checking_done(struct checking *c)
{
    free(c->gone);
}

int cw_check_saved(struct cw_store *store, const struct cw_conf *conf,
                   struct cw_saved *saved, struct cw_check_report *out,
                   struct cw_err *err)
{
    const struct cw_registry_options options = cw_registry_options_of(conf);
    CW_AUTO(close_registry) struct cw_registry *r = NULL;
    CW_AUTO(checking_done) struct checking c = {.report = out, .err = err};
    struct cw_err why;
    *out = (struct cw_check_report){0};
    CW_TRY(cw_registry_open(store, &options, &r, err));
    const int rc = cw_checkpoint_restore(r, saved, &c.mark, &why);
    if (rc == CW_E_NOT_FOUND) {
        return 0;
    }
    out->saved = true;
    if (rc == CW_E_CORRUPT) {
        problem(out, "what is saved cannot be used: %s", why.text);
        return 0;
    }
    if (rc != 0) {
        return cw_fail(err, rc, "%s", why.text);
    }
    c.registry = r;
    CW_TRY(check_search(&c, store, CW_FEED_ASSETS, err));
    return check_search(&c, store, CW_FEED_SIGHTINGS, err);
}
