/* search_linear.c - the search contract by looking at every row.
 *
 * It cannot lose a match, which makes it the oracle for any cleverer engine, and below
 * some ten thousand rows nothing is faster. The rows go past in blocks that fit the
 * first-level cache, and each block meets all hashes of the query before the next one is
 * fetched, so that a query of many hashes costs memory bandwidth once. */
#include <stdlib.h>

#include "base/clock.h"
#include "index/scan.h"
#include "index/search_hits.h"
#include "index/search_rows.h"

#define BLOCK_ROWS 512 /* 16 KB of hashes, half of a first-level cache */
#define MAX_RADIUS 128
#define FIRST_GUESS_PS 3000    /* of one row and hash, in picoseconds: AVX2 and memory */
#define LEAST_TIMED_ROWS 16384 /* shorter scans say little about the speed */

_Static_assert(CW_CHUNK_ROWS % BLOCK_ROWS == 0, "a block never spans two chunks");

struct cw_search {
    const struct cw_scan_kernel *kernel;
    struct cw_rows *rows;
    atomic_uint_fast64_t queries;
    atomic_uint_fast64_t row_ps; /* measured cost of one row and hash */
};

int cw_search_open(const struct cw_search_options *options, struct cw_search **out,
                   struct cw_err *err)
{
    const struct cw_scan_kernel *kernel = NULL;
    struct cw_rows *rows = NULL;
    CW_TRY(cw_scan_choose(options->kernel, &kernel, err));
    CW_TRY(cw_rows_new(options->max_rows, &rows, err));
    struct cw_search *s = calloc(1, sizeof *s);
    if (s == NULL) {
        cw_rows_free(rows);
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for the search");
    }
    s->kernel = kernel;
    s->rows = rows;
    atomic_init(&s->row_ps, FIRST_GUESS_PS);
    *out = s;
    return 0;
}

void cw_search_close(struct cw_search *s)
{
    if (s != NULL) {
        cw_rows_free(s->rows);
        free(s);
    }
}

int cw_search_add(struct cw_search *s, const struct cw_search_row *rows, size_t n,
                  struct cw_err *err)
{
    return cw_rows_add(s->rows, rows, n, err);
}

void cw_search_remove(struct cw_search *s, uint64_t owner)
{
    cw_rows_remove(s->rows, owner);
}

uint64_t cw_search_mark(struct cw_search *s)
{
    return cw_rows_count(s->rows);
}

/* ---- finding ---------------------------------------------------------------------- */

/* A run of rows of one chunk. */
struct block {
    const struct cw_chunk *chunk;
    size_t first, n;
};

/* Filters what the kernel found for one hash in one block, and collects it. */
static int collect(const struct block *b, const struct cw_search_query *query,
                   size_t hash, const struct cw_scan_hit *found, size_t n,
                   size_t max_hits, struct cw_hits *hits, struct cw_err *err)
{
    const struct cw_search_hash *h = &query->hashes[hash];
    for (size_t i = 0; i < n; i++) {
        const size_t at = b->first + found[i].row;
        const bool inverted = found[i].distance > h->radius;
        const unsigned distance =
            inverted ? CW_HASH_BITS - (unsigned)found[i].distance : found[i].distance;
        const struct cw_search_hit hit = {
            .owner = atomic_load_explicit(&b->chunk->owners[at], memory_order_relaxed),
            .distance = (uint16_t)distance,
            .hash_index = (uint16_t)hash,
            .inverted = inverted};
        if (hit.owner == 0 || b->chunk->studios[at] != query->studio ||
            b->chunk->kinds[at] != h->kind) {
            continue;
        }
        CW_TRY(cw_hits_add(hits, &hit, max_hits, err));
    }
    return 0;
}

static int scan_block(struct cw_search *s, const struct block *b,
                      const struct cw_search_query *query, size_t max_hits,
                      struct cw_hits *hits, struct cw_err *err)
{
    struct cw_scan_hit found[BLOCK_ROWS];
    for (size_t i = 0; i < query->n_hashes; i++) {
        const struct cw_search_hash *h = &query->hashes[i];
        const unsigned far =
            h->inverted ? CW_HASH_BITS - (unsigned)h->radius : CW_SCAN_NEVER;
        const size_t n = s->kernel->scan(b->chunk->hashes + b->first, b->n, &h->hash,
                                         h->radius, far, found);
        CW_TRY(collect(b, query, i, found, n, max_hits, hits, err));
    }
    return 0;
}

static int scan_rows(struct cw_search *s, const struct cw_search_query *query,
                     uint64_t end, size_t max_hits, struct cw_hits *hits,
                     struct cw_err *err)
{
    for (uint64_t at = query->from; at < end;) {
        const uint64_t stop = (at / BLOCK_ROWS + 1) * BLOCK_ROWS;
        const struct block b = {.chunk =
                                    cw_rows_chunk(s->rows, (size_t)(at / CW_CHUNK_ROWS)),
                                .first = (size_t)(at % CW_CHUNK_ROWS),
                                .n = (size_t)((stop < end ? stop : end) - at)};
        CW_TRY(scan_block(s, &b, query, max_hits, hits, err));
        at += b.n;
    }
    return 0;
}

/* Lets one measurement move the running estimate by an eighth. */
static void note_speed(struct cw_search *s, uint64_t rows, size_t n_hashes, uint64_t ns)
{
    if (rows < LEAST_TIMED_ROWS) {
        return;
    }
    const uint64_t now = ns * 1000 / (rows * n_hashes);
    const uint64_t old = atomic_load_explicit(&s->row_ps, memory_order_relaxed);
    atomic_store_explicit(&s->row_ps, (old * 7 + now) / 8, memory_order_relaxed);
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
    const uint64_t end = cw_rows_count(s->rows);
    const uint64_t start_ns = cw_mono_ns();
    CW_TRY(scan_rows(s, query, end, max_hits, &hits, err));
    cw_hits_settle(&hits, max_hits);
    if (end > query->from) {
        note_speed(s, end - query->from, query->n_hashes, cw_mono_ns() - start_ns);
    }
    atomic_fetch_add_explicit(&s->queries, 1, memory_order_relaxed);
    *out = hits;
    hits = (struct cw_hits){0};
    return 0;
}

/* ---- figures ---------------------------------------------------------------------- */

void cw_search_get_stats(struct cw_search *s, struct cw_search_stats *out)
{
    *out = (struct cw_search_stats){
        .queries = atomic_load_explicit(&s->queries, memory_order_relaxed),
        .engine = "linear",
        .kernel = s->kernel->name};
    out->rows = cw_rows_count(s->rows);
    cw_rows_sizes(s->rows, &out->removed, &out->bytes);
}

uint64_t cw_search_cost_us(struct cw_search *s, size_t n_hashes)
{
    const uint64_t row_ps = atomic_load_explicit(&s->row_ps, memory_order_relaxed);
    return cw_rows_count(s->rows) * n_hashes * row_ps / 1000000;
}
