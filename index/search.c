#include "index/search.h"

#include <inttypes.h>
#include <stdlib.h>

#include "index/search_internal.h"

/* ---- snapshots -------------------------------------------------------------------- */

struct cw_search_snapshot *cw_search_snapshot_get(struct cw_search *s)
{
    pthread_mutex_lock(&s->reading);
    struct cw_search_snapshot *v = s->now;
    atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    pthread_mutex_unlock(&s->reading);
    return v;
}

void cw_search_snapshot_unref(struct cw_search_snapshot *v)
{
    if (v == NULL || atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (unsigned i = 0; i < v->n_deltas; i++) {
        cw_search_delta_unref(v->deltas[i]);
    }
    for (size_t i = 0; i < v->n_segments; i++) {
        cw_codes_unref(v->segments[i]);
    }
    free(v);
}

int cw_search_delta_new(struct cw_search *s, uint64_t first_seq,
                        struct cw_search_delta **out, struct cw_err *err)
{
    struct cw_search_delta *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for the search");
    }
    const int rc = cw_rows_new(s->max_rows, &d->rows, err);
    if (rc != 0) {
        free(d);
        return rc;
    }
    atomic_init(&d->refs, 1);
    d->first_seq = first_seq;
    *out = d;
    return 0;
}

void cw_search_delta_unref(struct cw_search_delta *d)
{
    if (d != NULL && atomic_fetch_sub_explicit(&d->refs, 1, memory_order_acq_rel) == 1) {
        cw_rows_free(d->rows);
        free(d);
    }
}

int cw_search_publish(struct cw_search *s, struct cw_search_delta *const *deltas,
                      unsigned n_deltas, struct cw_codes *const *segments,
                      size_t n_segments, struct cw_err *err)
{
    struct cw_search_snapshot *v =
        calloc(1, sizeof *v + n_segments * sizeof(v->segments[0]));
    if (v == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for a list of segments");
    }
    atomic_init(&v->refs, 1);
    v->n_deltas = n_deltas;
    for (unsigned i = 0; i < n_deltas; i++) {
        v->deltas[i] = deltas[i];
        atomic_fetch_add_explicit(&deltas[i]->refs, 1, memory_order_relaxed);
    }
    v->n_segments = n_segments;
    for (size_t i = 0; i < n_segments; i++) {
        v->segments[i] = segments[i];
        cw_codes_ref(segments[i]);
    }
    pthread_mutex_lock(&s->reading);
    struct cw_search_snapshot *old = s->now;
    s->now = v;
    pthread_mutex_unlock(&s->reading);
    cw_search_snapshot_unref(old);
    return 0;
}

/* ---- opening and closing ---------------------------------------------------------- */

static int choose_engine(struct cw_search *s, const char *name, struct cw_err *err)
{
    static const char *const engines[] = {"mih", "linear", "bands"};
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
        if (name == NULL || strcmp(name, engines[i]) == 0) {
            s->engine = engines[i];
            s->linear = i == 1;
            s->only_bands = i == 2;
            return 0;
        }
    }
    return cw_fail(err, CW_E_NOT_FOUND, "there is no search engine of this name");
}

static int set_up(struct cw_search *s, const struct cw_search_options *o,
                  struct cw_err *err)
{
    struct cw_search_delta *fresh = NULL;
    CW_TRY(choose_engine(s, o->engine, err));
    CW_TRY(cw_scan_choose(o->kernel, &s->kernel, err));
    CW_TRY(cw_band_masks_init(&s->masks, err));
    CW_TRY(cw_search_delta_new(s, 0, &fresh, err));
    const int rc = cw_search_publish(s, &fresh, 1, NULL, 0, err);
    cw_search_delta_unref(fresh);
    return rc;
}

int cw_search_open(const struct cw_search_options *options, struct cw_search **out,
                   struct cw_err *err)
{
    struct cw_search *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for the search");
    }
    s->max_rows = options->max_rows;
    s->pack_rows = options->pack_rows != 0 ? options->pack_rows : CW_SEARCH_PACK_ROWS;
    atomic_init(&s->speed, CW_SEARCH_SPEED_ONE);
    pthread_mutex_init(&s->merging, NULL);
    pthread_mutex_init(&s->writing, NULL);
    pthread_mutex_init(&s->reading, NULL);
    const int rc = set_up(s, options, err);
    if (rc != 0) {
        cw_search_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void cw_search_close(struct cw_search *s)
{
    if (s != NULL) {
        cw_search_snapshot_unref(s->now);
        cw_band_masks_done(&s->masks);
        free(s->gone.owners);
        pthread_mutex_destroy(&s->merging);
        pthread_mutex_destroy(&s->writing);
        pthread_mutex_destroy(&s->reading);
        free(s);
    }
}

/* ---- adding and removing ---------------------------------------------------------- */

static uint64_t rows_of(const struct cw_search_snapshot *v)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < v->n_deltas; i++) {
        n += cw_search_delta_rows(v->deltas[i]);
    }
    for (size_t i = 0; i < v->n_segments; i++) {
        n += v->segments[i]->head.n_rows;
    }
    return n;
}

/* Adds unless the delta is full, which *out_full says. */
static int try_add(struct cw_search *s, const struct cw_search_row *rows, size_t n,
                   bool *out_full, struct cw_err *err)
{
    struct cw_search_delta *fresh = cw_search_fresh(s->now);
    *out_full = !s->linear && cw_search_delta_rows(fresh) >= CW_SEARCH_DELTA_ROWS;
    if (*out_full) {
        return 0;
    }
    const uint64_t held = rows_of(s->now);
    if (n > s->max_rows || held > s->max_rows - n) {
        return cw_fail(err, CW_E_BUSY, "the search holds at most %" PRIu64 " rows",
                       s->max_rows);
    }
    return cw_rows_add(fresh->rows, rows, n, err);
}

int cw_search_add(struct cw_search *s, const struct cw_search_row *rows, size_t n,
                  struct cw_err *err)
{
    bool full = true;
    if (n > CW_SEARCH_MAX_ADD) { /* numbers of codes in buckets have 24 bits */
        return cw_fail(err, CW_E_TOO_LARGE, "at most %d rows are added at once",
                       CW_SEARCH_MAX_ADD);
    }
    while (full) {
        pthread_mutex_lock(&s->writing);
        const int rc = try_add(s, rows, n, &full, err);
        pthread_mutex_unlock(&s->writing);
        CW_TRY(rc);
        if (full) {
            CW_TRY(cw_search_settle_to(s, CW_SEARCH_RATIO_BUSY, err));
        }
    }
    return 0;
}

/* Notes that an owner went, for what is being built. */
static void note_gone(struct cw_search *s, uint64_t owner)
{
    if (!s->gone.wanted || s->gone.failed) {
        return;
    }
    if (s->gone.n == s->gone.cap) {
        const size_t cap = s->gone.cap == 0 ? 256 : 2 * s->gone.cap;
        uint64_t *owners = reallocarray(s->gone.owners, cap, sizeof *owners);
        if (owners == NULL) {
            s->gone.failed = true; /* what is being built is dropped then */
            return;
        }
        s->gone.owners = owners;
        s->gone.cap = cap;
    }
    s->gone.owners[s->gone.n++] = owner;
}

void cw_search_remove(struct cw_search *s, uint64_t owner)
{
    pthread_mutex_lock(&s->writing);
    for (unsigned i = 0; i < s->now->n_deltas; i++) {
        cw_rows_remove(s->now->deltas[i]->rows, owner);
    }
    for (size_t i = 0; i < s->now->n_segments; i++) {
        cw_codes_remove(s->now->segments[i], owner);
    }
    note_gone(s, owner);
    pthread_mutex_unlock(&s->writing);
}

uint64_t cw_search_mark(struct cw_search *s)
{
    struct cw_search_snapshot *v = cw_search_snapshot_get(s);
    const struct cw_search_delta *fresh = cw_search_fresh(v);
    const uint64_t mark = fresh->first_seq + cw_search_delta_rows(fresh);
    cw_search_snapshot_unref(v);
    return mark;
}

/* ---- all of it -------------------------------------------------------------------- */

static void each_of_delta(const struct cw_search_delta *d,
                          void (*fn)(void *ctx, const struct cw_search_row *), void *ctx)
{
    const uint64_t n = cw_search_delta_rows(d);
    for (uint64_t at = 0; at < n; at++) {
        const struct cw_chunk *c = cw_rows_chunk(d->rows, (size_t)(at / CW_CHUNK_ROWS));
        const size_t i = (size_t)(at % CW_CHUNK_ROWS);
        const struct cw_search_row row = {
            .hash = c->hashes[i],
            .owner = atomic_load_explicit(&c->owners[i], memory_order_relaxed),
            .studio = c->studios[i],
            .kind = c->kinds[i]};
        if (row.owner != 0) {
            fn(ctx, &row);
        }
    }
}

static void each_of_segment(const struct cw_codes *c,
                            void (*fn)(void *ctx, const struct cw_search_row *),
                            void *ctx)
{
    for (uint32_t code = 0; code < c->head.n_codes; code++) {
        uint32_t n;
        const uint32_t *rows = cw_codes_rows_of(c, code, &n);
        for (uint32_t i = 0; i < n; i++) {
            const struct cw_search_row row = {.hash = c->codes[code],
                                              .owner = cw_codes_owner(c, rows[i]),
                                              .studio = c->rows[rows[i]].studio,
                                              .kind = c->head.kind};
            if (!cw_codes_is_gone(c, rows[i])) {
                fn(ctx, &row);
            }
        }
    }
}

void cw_search_each(struct cw_search *s,
                    void (*fn)(void *ctx, const struct cw_search_row *), void *ctx)
{
    struct cw_search_snapshot *v = cw_search_snapshot_get(s);
    for (unsigned i = 0; i < v->n_deltas; i++) {
        each_of_delta(v->deltas[i], fn, ctx);
    }
    for (size_t i = 0; i < v->n_segments; i++) {
        each_of_segment(v->segments[i], fn, ctx);
    }
    cw_search_snapshot_unref(v);
}

/* ---- figures ---------------------------------------------------------------------- */

void cw_search_get_stats(struct cw_search *s, struct cw_search_stats *out)
{
    struct cw_search_snapshot *v = cw_search_snapshot_get(s);
    *out = (struct cw_search_stats){
        .rows = rows_of(v),
        .segments = v->n_segments,
        .queries = atomic_load_explicit(&s->queries, memory_order_relaxed),
        .fallbacks = atomic_load_explicit(&s->fallbacks, memory_order_relaxed),
        .bytes = sizeof *s + sizeof *v + v->n_segments * sizeof(v->segments[0]) +
                 cw_band_masks_bytes(&s->masks),
        .engine = s->engine,
        .kernel = s->kernel->name};
    for (unsigned i = 0; i < v->n_deltas; i++) {
        uint64_t removed;
        uint64_t bytes;
        cw_rows_sizes(v->deltas[i]->rows, &removed, &bytes);
        out->delta_rows += cw_search_delta_rows(v->deltas[i]);
        out->removed += removed;
        out->bytes += bytes;
    }
    for (size_t i = 0; i < v->n_segments; i++) {
        const struct cw_codes *c = v->segments[i];
        out->removed += atomic_load_explicit(&c->n_gone, memory_order_relaxed);
        out->codes += c->head.n_codes;
        out->bytes += c->bytes;
    }
    cw_search_snapshot_unref(v);
}

uint64_t cw_search_cost_us(struct cw_search *s, uint8_t kind, unsigned radius,
                           size_t n_hashes)
{
    struct cw_search_snapshot *v = cw_search_snapshot_get(s);
    uint64_t ps = 0;
    for (unsigned i = 0; i < v->n_deltas; i++) {
        ps += cw_search_delta_rows(v->deltas[i]) * CW_COST_SCAN_PS;
    }
    for (size_t i = 0; i < v->n_segments; i++) {
        if (v->segments[i]->head.kind == kind) {
            ps += cw_codes_cost_ps(v->segments[i], radius);
        }
    }
    cw_search_snapshot_unref(v);
    const uint64_t speed = atomic_load_explicit(&s->speed, memory_order_relaxed);
    return ps / 1000 * speed / CW_SEARCH_SPEED_ONE * n_hashes / 1000;
}
