/* A find goes through the segments of its snapshot one after the other, then through the
 * deltas, which are compared row by row: in blocks that fit the first-level cache, each
 * of which meets all hashes of the query before the next one is fetched. */
#include <stdlib.h>

#include "base/clock.h"
#include "index/search_internal.h"

#define BLOCK_ROWS 512 /* 16 KB of hashes, half of a first-level cache */
#define MAX_RADIUS 128
#define LEAST_TIMED_PS 10000000 /* shorter queries say little about the speed */
#define SPEED_MOST (64 * CW_SEARCH_SPEED_ONE)

_Static_assert(CW_CHUNK_ROWS % BLOCK_ROWS == 0, "a block never spans two chunks");

/* ---- deltas ----------------------------------------------------------------------- */

/* A run of rows of one chunk. */
struct block {
    const struct cw_chunk *chunk;
    size_t first, n;
};

/* Filters what the kernel found for one hash in one block, and collects it. */
static int collect(const struct block *b, const struct cw_finding *f, size_t hash,
                   const struct cw_scan_hit *found, size_t n, struct cw_err *err)
{
    const struct cw_search_hash *h = &f->query->hashes[hash];
    for (size_t i = 0; i < n; i++) {
        const size_t at = b->first + found[i].row;
        struct cw_search_hit hit = cw_hit_of(h, hash, found[i].distance);
        hit.owner = atomic_load_explicit(&b->chunk->owners[at], memory_order_relaxed);
        if (hit.owner == 0 || b->chunk->studios[at] != f->query->studio ||
            b->chunk->kinds[at] != h->kind) {
            continue;
        }
        CW_TRY(cw_hits_add(f->hits, &hit, f->max_hits, err));
    }
    return 0;
}

static int scan_block(const struct block *b, const struct cw_finding *f,
                      struct cw_err *err)
{
    struct cw_scan_hit found[BLOCK_ROWS];
    for (size_t i = 0; i < f->query->n_hashes; i++) {
        const struct cw_search_hash *h = &f->query->hashes[i];
        const unsigned far =
            h->inverted ? CW_HASH_BITS - (unsigned)h->radius : CW_SCAN_NEVER;
        const size_t n = f->kernel->scan(b->chunk->hashes + b->first, b->n, &h->hash,
                                         h->radius, far, found);
        CW_TRY(collect(b, f, i, found, n, err));
    }
    return 0;
}

/* Only rows from the query's mark on, and only those there now. */
static int scan_delta(const struct cw_search_delta *d, struct cw_finding *f,
                      struct cw_err *err)
{
    const uint64_t from = f->query->from;
    const uint64_t begin = from > d->first_seq ? from - d->first_seq : 0;
    const uint64_t end = cw_search_delta_rows(d);
    for (uint64_t at = begin; at < end;) {
        const uint64_t stop = (at / BLOCK_ROWS + 1) * BLOCK_ROWS;
        const struct block b = {.chunk =
                                    cw_rows_chunk(d->rows, (size_t)(at / CW_CHUNK_ROWS)),
                                .first = (size_t)(at % CW_CHUNK_ROWS),
                                .n = (size_t)((stop < end ? stop : end) - at)};
        CW_TRY(scan_block(&b, f, err));
        at += b.n;
    }
    if (end > begin) {
        f->cost_ps += (end - begin) * f->query->n_hashes * CW_COST_SCAN_PS;
    }
    return 0;
}

/* ---- the whole -------------------------------------------------------------------- */

static int find_in(const struct cw_search_snapshot *v, struct cw_finding *f,
                   struct cw_err *err)
{
    for (size_t i = 0; i < v->n_segments; i++) {
        CW_TRY(cw_codes_find(v->segments[i], f, err));
    }
    for (unsigned i = 0; i < v->n_deltas; i++) {
        CW_TRY(scan_delta(v->deltas[i], f, err));
    }
    return 0;
}

/* Lets one measurement move the running estimate by an eighth. */
static void note_speed(struct cw_search *s, uint64_t cost_ps, uint64_t ns)
{
    if (cost_ps >= LEAST_TIMED_PS) {
        const uint64_t now = ns * 1000 / (cost_ps / CW_SEARCH_SPEED_ONE);
        const uint64_t old = atomic_load_explicit(&s->speed, memory_order_relaxed);
        const uint64_t next = (old * 7 + (now < SPEED_MOST ? now : SPEED_MOST)) / 8;
        atomic_store_explicit(&s->speed, next, memory_order_relaxed);
    }
}

static int check_query(const struct cw_search_query *query, struct cw_err *err)
{
    if (query->n_hashes == 0 || query->n_hashes > CW_SEARCH_MAX_QUERY_HASHES) {
        return cw_fail(err, CW_E_INVALID, "a query holds 1..%d hashes",
                       CW_SEARCH_MAX_QUERY_HASHES);
    }
    for (size_t i = 0; i < query->n_hashes; i++) {
        if (query->hashes[i].radius > MAX_RADIUS) {
            return cw_fail(err, CW_E_INVALID, "the largest radius is %d", MAX_RADIUS);
        }
    }
    return 0;
}

int cw_search_find(struct cw_search *s, const struct cw_search_query *query,
                   size_t max_hits, struct cw_hits *out, struct cw_err *err)
{
    CW_AUTO(cw_hits_done) struct cw_hits hits = {0};
    CW_TRY(check_query(query, err));
    struct cw_finding f = {.kernel = s->kernel,
                           .masks = &s->masks,
                           .query = query,
                           .max_hits = max_hits,
                           .only_bands = s->only_bands,
                           .hits = &hits};
    const uint64_t start_ns = cw_mono_ns();
    struct cw_search_snapshot *v = cw_search_snapshot_get(s);
    const int rc = find_in(v, &f, err);
    free(f.walk);
    cw_search_snapshot_unref(v);
    CW_TRY(rc);
    cw_hits_settle(&hits, max_hits);
    note_speed(s, f.cost_ps, cw_mono_ns() - start_ns);
    atomic_fetch_add_explicit(&s->queries, 1, memory_order_relaxed);
    if (f.fallbacks > 0) {
        atomic_fetch_add_explicit(&s->fallbacks, f.fallbacks, memory_order_relaxed);
    }
    *out = hits;
    hits = (struct cw_hits){0};
    return 0;
}
