#include "index/local_rows.h"

#include <stdlib.h>
#include <string.h>

/* Rows lie in chunks that stay where they are, so that readers need no lock. */
#define CHUNK_ROWS 4096
#define CHUNKS (CW_LOCAL_MOST_ROWS / CHUNK_ROWS)

struct cw_local_rows {
    atomic_uint n;
    struct cw_local_row *chunks[CHUNKS];
    /* From an asset to its newest row, by open addressing: 1 + a row's number, 0 = empty.
     * What has gone stays in its place until the table is made anew. */
    uint32_t *slots;
    size_t n_slots; /* a power of two, more than half of them empty */
    size_t n_used;
};

int cw_local_rows_new(struct cw_local_rows **out, struct cw_err *err)
{
    struct cw_local_rows *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for the local index");
    }
    *out = r;
    return 0;
}

void cw_local_rows_clear(struct cw_local_rows *r)
{
    for (size_t i = 0; i < CHUNKS; i++) {
        free(r->chunks[i]);
    }
    free(r->slots);
    memset(r, 0, sizeof *r);
}

void cw_local_rows_free(struct cw_local_rows *r)
{
    if (r != NULL) {
        cw_local_rows_clear(r);
        free(r);
    }
}

const struct cw_local_row *cw_local_rows_at(const struct cw_local_rows *r, uint32_t no)
{
    return &r->chunks[no / CHUNK_ROWS][no % CHUNK_ROWS];
}

bool cw_local_row_is_gone(const struct cw_local_row *row)
{
    return atomic_load_explicit(&row->gone, memory_order_relaxed);
}

uint32_t cw_local_rows_count(const struct cw_local_rows *r)
{
    return atomic_load_explicit(&r->n, memory_order_acquire);
}

uint64_t cw_local_rows_bytes(const struct cw_local_rows *r)
{
    const uint64_t chunks = (cw_local_rows_count(r) + CHUNK_ROWS - 1) / CHUNK_ROWS;
    return sizeof *r + chunks * CHUNK_ROWS * sizeof(struct cw_local_row) +
           r->n_slots * sizeof *r->slots;
}

/* ---- by asset --------------------------------------------------------------------- */

/* The first slot to look at (the finaliser of splitmix64 spreads the numbers). */
static size_t home_slot(const struct cw_local_rows *r, uint64_t asset)
{
    asset = (asset ^ asset >> 30) * 0xbf58476d1ce4e5b9U;
    asset = (asset ^ asset >> 27) * 0x94d049bb133111ebU;
    return (size_t)(asset ^ asset >> 31) & (r->n_slots - 1);
}

/* An asset with several pictures has several slots. */
static void note_asset(struct cw_local_rows *r, uint32_t no)
{
    size_t i = home_slot(r, cw_local_rows_at(r, no)->asset);
    while (r->slots[i] != 0) {
        i = (i + 1) & (r->n_slots - 1);
    }
    r->slots[i] = no + 1;
    r->n_used++;
}

/* Room in the table for one more; made anew, it holds only what is there. */
static int reserve_slot(struct cw_local_rows *r, struct cw_err *err)
{
    uint32_t *old = r->slots;
    const uint32_t n = cw_local_rows_count(r);
    if (2 * (r->n_used + 1) < r->n_slots) {
        return 0;
    }
    size_t live = 0;
    for (uint32_t i = 0; i < n; i++) {
        live += cw_local_row_is_gone(cw_local_rows_at(r, i)) ? 0 : 1;
    }
    size_t n_slots = 1024;
    while (n_slots < 3 * (live + 1)) {
        n_slots *= 2;
    }
    uint32_t *slots = calloc(n_slots, sizeof *slots);
    if (slots == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for %u pictures", n);
    }
    free(old);
    r->slots = slots;
    r->n_slots = n_slots;
    r->n_used = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!cw_local_row_is_gone(cw_local_rows_at(r, i))) {
            note_asset(r, i);
        }
    }
    return 0;
}

/* ---- adding and removing ---------------------------------------------------------- */

int cw_local_rows_add(struct cw_local_rows *r, const struct cw_local_row *row,
                      uint32_t *out_no, struct cw_err *err)
{
    const uint32_t no = cw_local_rows_count(r);
    struct cw_local_row **chunk = &r->chunks[no / CHUNK_ROWS];
    if (no == CW_LOCAL_MOST_ROWS - 1) {
        return cw_fail(err, CW_E_BUSY, "the local index is full until the next start");
    }
    CW_TRY(reserve_slot(r, err));
    if (*chunk == NULL) {
        *chunk = malloc(CHUNK_ROWS * sizeof **chunk);
        if (*chunk == NULL) {
            return cw_fail(err, CW_E_NO_MEMORY, "no memory for %u pictures", no + 1);
        }
    }
    struct cw_local_row *to = &(*chunk)[no % CHUNK_ROWS];
    to->asset = row->asset;
    to->frame = row->frame;
    to->page = row->page;
    to->studio = row->studio;
    to->n = row->n;
    atomic_init(&to->gone, false);
    note_asset(r, no);
    atomic_store_explicit(&r->n, no + 1, memory_order_release);
    *out_no = no;
    return 0;
}

void cw_local_rows_remove(struct cw_local_rows *r, uint64_t asset, uint64_t *out_pictures,
                          uint64_t *out_descriptors)
{
    *out_pictures = *out_descriptors = 0;
    size_t i = r->n_slots == 0 ? 0 : home_slot(r, asset);
    for (; r->n_slots != 0 && r->slots[i] != 0; i = (i + 1) & (r->n_slots - 1)) {
        const uint32_t no = r->slots[i] - 1;
        struct cw_local_row *row = &r->chunks[no / CHUNK_ROWS][no % CHUNK_ROWS];
        if (row->asset == asset &&
            !atomic_exchange_explicit(&row->gone, true, memory_order_relaxed)) {
            *out_descriptors += row->n;
            ++*out_pictures;
        }
    }
}

void cw_local_rows_mark(struct cw_local_rows *r, uint32_t no)
{
    struct cw_local_row *row = &r->chunks[no / CHUNK_ROWS][no % CHUNK_ROWS];
    atomic_store_explicit(&row->gone, true, memory_order_relaxed);
}
