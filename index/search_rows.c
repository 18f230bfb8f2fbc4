#include "index/search_rows.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

/* From an owner to its newest row, by open addressing. A slot holds 1 + a row number, and
 * the row says whose it is: 4 bytes a slot instead of 16. */
struct owner_map {
    uint32_t *slots; /* 0 = empty */
    size_t n_slots;  /* a power of two, at least half of them empty */
    size_t n_used;
};

struct cw_rows {
    pthread_mutex_t lock; /* guards: owners, removed, and every write to a chunk */
    struct owner_map owners;
    uint64_t removed;
    uint64_t max_rows;
    atomic_uint_fast64_t count; /* published rows */
    size_t n_chunks;            /* made so far; guarded by lock */
    struct cw_chunk *chunks[];  /* as many as max_rows needs */
};

static struct cw_chunk *chunk_of(const struct cw_rows *r, uint64_t row)
{
    return r->chunks[row / CW_CHUNK_ROWS];
}

static uint64_t owner_of(const struct cw_rows *r, uint64_t row)
{
    return atomic_load_explicit(&chunk_of(r, row)->owners[row % CW_CHUNK_ROWS],
                                memory_order_relaxed);
}

/* ---- owner map -------------------------------------------------------------------- */

/* Where the search for an owner begins (the finaliser of splitmix64 spreads the numbers).
 */
static size_t home_slot(const struct owner_map *m, uint64_t owner)
{
    owner = (owner ^ owner >> 30) * 0xbf58476d1ce4e5b9U;
    owner = (owner ^ owner >> 27) * 0x94d049bb133111ebU;
    return (size_t)(owner ^ owner >> 31) & (m->n_slots - 1);
}

/* The slot of an owner, or the empty one where it would go. */
static size_t find_slot(const struct cw_rows *r, uint64_t owner)
{
    const struct owner_map *m = &r->owners;
    size_t i = home_slot(m, owner);
    while (m->slots[i] != 0 && owner_of(r, m->slots[i] - 1) != owner) {
        i = (i + 1) & (m->n_slots - 1);
    }
    return i;
}

/* Makes the map large enough for `more` new owners. */
static int reserve_slots(struct cw_rows *r, size_t more, struct cw_err *err)
{
    const struct owner_map old = r->owners;
    size_t n_slots = old.n_slots == 0 ? 1024 : old.n_slots;
    while (n_slots / 2 < old.n_used + more) {
        n_slots *= 2;
    }
    if (n_slots == old.n_slots) {
        return 0;
    }
    uint32_t *slots = calloc(n_slots, sizeof *slots);
    if (slots == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for %zu owners", n_slots / 2);
    }
    r->owners =
        (struct owner_map){.slots = slots, .n_slots = n_slots, .n_used = old.n_used};
    for (size_t i = 0; i < old.n_slots; i++) {
        if (old.slots[i] != 0) {
            slots[find_slot(r, owner_of(r, old.slots[i] - 1))] = old.slots[i];
        }
    }
    free(old.slots);
    return 0;
}

/* Empties a slot and closes the gap, so that no search stops early at it. */
static void empty_slot(struct cw_rows *r, size_t gap)
{
    struct owner_map *m = &r->owners;
    const size_t mask = m->n_slots - 1;
    for (size_t i = (gap + 1) & mask; m->slots[i] != 0; i = (i + 1) & mask) {
        const size_t home = home_slot(m, owner_of(r, m->slots[i] - 1));
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            m->slots[gap] = m->slots[i];
            gap = i;
        }
    }
    m->slots[gap] = 0;
    m->n_used--;
}

/* ---- rows ------------------------------------------------------------------------- */

/* Makes the chunks for rows 0..n-1. Locking is best effort: the default limit is small.
 */
static int reserve_chunks(struct cw_rows *r, uint64_t n, struct cw_err *err)
{
    while ((uint64_t)r->n_chunks * CW_CHUNK_ROWS < n) {
        struct cw_chunk *c = mmap(NULL, sizeof *c, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (c == MAP_FAILED) {
            return cw_fail(err, CW_E_NO_MEMORY, "out of memory for %" PRIu64 " rows", n);
        }
        (void)madvise(c, sizeof *c, MADV_DONTDUMP);
        (void)mlock(c, sizeof *c);
        r->chunks[r->n_chunks++] = c;
    }
    return 0;
}

static void write_row(struct cw_rows *r, uint64_t at, const struct cw_search_row *row)
{
    struct cw_chunk *c = chunk_of(r, at);
    const size_t i = at % CW_CHUNK_ROWS;
    const size_t slot = find_slot(r, row->owner);
    c->hashes[i] = row->hash;
    c->studios[i] = row->studio;
    c->kinds[i] = row->kind;
    c->before[i] = r->owners.slots[slot];
    atomic_store_explicit(&c->owners[i], row->owner, memory_order_relaxed);
    r->owners.n_used += r->owners.slots[slot] == 0;
    r->owners.slots[slot] = (uint32_t)at + 1;
}

static int add_locked(struct cw_rows *r, const struct cw_search_row *rows, size_t n,
                      struct cw_err *err)
{
    const uint64_t first = atomic_load_explicit(&r->count, memory_order_relaxed);
    if (n > r->max_rows - first) {
        return cw_fail(err, CW_E_BUSY, "the search holds at most %" PRIu64 " rows",
                       r->max_rows);
    }
    CW_TRY(reserve_chunks(r, first + n, err));
    CW_TRY(reserve_slots(r, n, err));
    for (size_t i = 0; i < n; i++) {
        write_row(r, first + i, &rows[i]);
    }
    atomic_store_explicit(&r->count, first + n, memory_order_release);
    return 0;
}

int cw_rows_add(struct cw_rows *r, const struct cw_search_row *rows, size_t n,
                struct cw_err *err)
{
    pthread_mutex_lock(&r->lock);
    const int rc = add_locked(r, rows, n, err);
    pthread_mutex_unlock(&r->lock);
    return rc;
}

void cw_rows_remove(struct cw_rows *r, uint64_t owner)
{
    pthread_mutex_lock(&r->lock);
    const size_t slot = r->owners.n_slots == 0 ? 0 : find_slot(r, owner);
    uint32_t row = r->owners.n_slots == 0 ? 0 : r->owners.slots[slot];
    if (row != 0) {
        empty_slot(r, slot); /* while its row still says whose it is */
    }
    while (row != 0) {
        struct cw_chunk *c = chunk_of(r, row - 1);
        const size_t i = (row - 1) % CW_CHUNK_ROWS;
        atomic_store_explicit(&c->owners[i], 0, memory_order_relaxed);
        row = c->before[i];
        r->removed++;
    }
    pthread_mutex_unlock(&r->lock);
}

uint64_t cw_rows_count(const struct cw_rows *r)
{
    return atomic_load_explicit(&r->count, memory_order_acquire);
}

const struct cw_chunk *cw_rows_chunk(const struct cw_rows *r, size_t i)
{
    return r->chunks[i];
}

void cw_rows_sizes(struct cw_rows *r, uint64_t *out_removed, uint64_t *out_bytes)
{
    pthread_mutex_lock(&r->lock);
    *out_removed = r->removed;
    *out_bytes = sizeof *r + r->n_chunks * (sizeof(struct cw_chunk) + sizeof(void *)) +
                 r->owners.n_slots * sizeof *r->owners.slots;
    pthread_mutex_unlock(&r->lock);
}

int cw_rows_new(uint64_t max_rows, struct cw_rows **out, struct cw_err *err)
{
    if (max_rows == 0 || max_rows >= UINT32_MAX) {
        return cw_fail(err, CW_E_INVALID, "max_rows must be 1..%" PRIu32, UINT32_MAX - 1);
    }
    const size_t n_chunks = (size_t)((max_rows + CW_CHUNK_ROWS - 1) / CW_CHUNK_ROWS);
    struct cw_rows *r = calloc(1, sizeof *r + n_chunks * sizeof(r->chunks[0]));
    if (r == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for the search");
    }
    pthread_mutex_init(&r->lock, NULL);
    r->max_rows = max_rows;
    *out = r;
    return 0;
}

void cw_rows_free(struct cw_rows *r)
{
    if (r == NULL) {
        return;
    }
    for (size_t i = 0; i < r->n_chunks; i++) {
        munmap(r->chunks[i], sizeof(struct cw_chunk));
    }
    free(r->owners.slots);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
