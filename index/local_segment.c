/* Buckets hold ids only; hashes, poses and pictures are kept once, in the order they
 * came. So a packed descriptor takes 40 bytes and 4 for each of ten tables. */
#include "index/local_segment.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/num.h"

#define MORE_KEY 2 /* bits a small segment may have beyond its own need */
#define MEMORY_LINE 64
#define HUGE_PAGE ((size_t)2 << 20)

struct cw_word_hash cw_word_hash_of(const struct cw_hash *h)
{
    struct cw_word_hash out = {{0}};
    for (unsigned i = 0; i < CW_HASH_BYTES; i++) {
        out.w[i / 8] |= (uint64_t)h->b[i] << (8 * (i % 8));
    }
    return out;
}

/* One bit more for 3.2 times as many: buckets grow with the root of the number. So does
 * what a find costs, but the longer a key, the fewer true matches have it in common. */
unsigned cw_local_key_bits(uint64_t n)
{
    static const uint64_t MORE_THAN[] = {800000,   2500000,   8000000,   25000000,
                                         80000000, 250000000, 800000000, 2500000000};
    unsigned bits = CW_LOCAL_LEAST_KEY;
    while (bits < CW_LOCAL_MOST_KEY && n > MORE_THAN[bits - CW_LOCAL_LEAST_KEY]) {
        bits++;
    }
    return bits;
}

/* ---- memory ----------------------------------------------------------------------- */

void cw_segment_ref(struct cw_segment *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
}

void cw_segment_unref(struct cw_segment *s)
{
    if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (unsigned t = 0; t < CW_LOCAL_TABLES; t++) {
        free(s->starts[t]);
        free(s->ids[t]);
    }
    free(s->hashes);
    free(s->poses);
    free(s->rows);
    free(s->block_row);
    free(s->origins);
    free(s->heads);
    free(s->next);
    free(s);
}

/* Room for n items, begun at a memory line; large arrays in huge pages, as each look-up
 * goes to another place and would miss the table of pages as well. NULL if there is none.
 */
static void *take(struct cw_segment *s, size_t n, size_t item)
{
    size_t size = 0;
    if (cw_size_mul(n, item, &size, NULL) != 0 ||
        cw_size_add(size, MEMORY_LINE, &size, NULL) != 0) {
        return NULL;
    }
    size -= size % MEMORY_LINE;
    if (size < 4 * HUGE_PAGE) {
        void *p = aligned_alloc(MEMORY_LINE, size);
        s->bytes += p != NULL ? size : 0;
        return p;
    }
    size = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void *p = aligned_alloc(HUGE_PAGE, size);
    if (p != NULL) {
        /* Where the kernel has none to give, ordinary pages do. */
        (void)madvise(p, size, MADV_HUGEPAGE);
        s->bytes += size;
    }
    return p;
}

static struct cw_segment *with_room(uint32_t cap, uint32_t cap_rows, unsigned key_bits)
{
    struct cw_segment *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return NULL;
    }
    atomic_init(&s->refs, 1);
    s->bytes = sizeof *s;
    s->key_bits = key_bits;
    s->cap = cap;
    s->cap_rows = cap_rows;
    s->hashes = take(s, cap, sizeof *s->hashes);
    s->poses = take(s, cap, sizeof *s->poses);
    s->rows = take(s, cap_rows, sizeof *s->rows);
    s->block_row = take(s, (cap >> CW_BLOCK_SHIFT) + 1, sizeof *s->block_row);
    if (s->hashes == NULL || s->poses == NULL || s->rows == NULL ||
        s->block_row == NULL) {
        cw_segment_unref(s);
        return NULL;
    }
    return s;
}

/* ---- pictures --------------------------------------------------------------------- */

/* Enters a picture without descriptors; they follow with put_descriptor. */
static void put_row(struct cw_segment *s, const struct cw_local_picture *p)
{
    const uint32_t row = atomic_load_explicit(&s->n_rows, memory_order_relaxed);
    const uint32_t first = atomic_load_explicit(&s->n, memory_order_relaxed);
    struct cw_local_row *r = &s->rows[row];
    r->asset = p->asset;
    r->page = p->page;
    r->studio = p->studio;
    r->frame = p->frame;
    r->first = first;
    r->n = (uint32_t)p->n;
    atomic_init(&r->gone, false);
    const uint32_t block = 1U << CW_BLOCK_SHIFT;
    for (uint32_t id = (first + block - 1) / block * block; id < first + r->n;
         id += block) {
        s->block_row[id >> CW_BLOCK_SHIFT] = row;
    }
    atomic_store_explicit(&s->n_rows, row + 1, memory_order_release);
}

uint32_t cw_segment_row_of(const struct cw_segment *s, uint32_t id)
{
    const uint32_t n_rows = atomic_load_explicit(&s->n_rows, memory_order_acquire);
    uint32_t row = s->block_row[id >> CW_BLOCK_SHIFT];
    while (row + 1 < n_rows && s->rows[row + 1].first <= id) {
        row++;
    }
    return row;
}

uint64_t cw_segment_remove(struct cw_segment *s, uint64_t asset)
{
    uint64_t n = 0;
    const uint32_t n_rows = atomic_load_explicit(&s->n_rows, memory_order_acquire);
    for (uint32_t i = 0; i < n_rows; i++) {
        if (s->rows[i].asset == asset &&
            !atomic_exchange_explicit(&s->rows[i].gone, true, memory_order_relaxed)) {
            n++;
        }
    }
    atomic_fetch_add_explicit(&s->n_gone, (unsigned)n, memory_order_relaxed);
    return n;
}

/* ---- fresh segments --------------------------------------------------------------- */

int cw_segment_fresh(unsigned key_bits, struct cw_segment **out, struct cw_err *err)
{
    struct cw_segment *s =
        with_room(CW_FRESH_DESCRIPTORS, CW_FRESH_PICTURES,
                  key_bits != 0 ? key_bits : cw_local_key_bits(CW_FRESH_DESCRIPTORS));
    if (s != NULL) {
        s->fresh = true;
        const size_t n_heads = (size_t)CW_LOCAL_TABLES << s->key_bits;
        s->heads = take(s, n_heads, sizeof *s->heads);
        s->next = take(s, (size_t)CW_LOCAL_TABLES * s->cap, sizeof *s->next);
        if (s->heads != NULL && s->next != NULL) {
            for (size_t i = 0; i < n_heads; i++) {
                atomic_init(&s->heads[i], CW_NO_ID);
            }
            *out = s;
            return 0;
        }
    }
    cw_segment_unref(s);
    return cw_fail(err, CW_E_NO_MEMORY, "no memory for new local descriptors");
}

bool cw_segment_has_room(const struct cw_segment *s, size_t n)
{
    return atomic_load_explicit(&s->n, memory_order_relaxed) + n <= s->cap &&
           atomic_load_explicit(&s->n_rows, memory_order_relaxed) < s->cap_rows;
}

/* A reader follows chains from heads it may load at any time: what a head leads to is
 * complete before the head is stored, and ids that `n` does not cover yet are ignored. */
void cw_segment_append(struct cw_segment *s, const struct cw_local_picture *picture)
{
    const uint32_t first = atomic_load_explicit(&s->n, memory_order_relaxed);
    put_row(s, picture);
    for (uint32_t i = 0; i < picture->n; i++) {
        const struct cw_local *local = &picture->local[i];
        const uint32_t id = first + i;
        s->hashes[id] = cw_word_hash_of(&local->bits);
        s->poses[id] = (struct cw_local_pose){
            .x = local->x, .y = local->y, .scale = local->scale, .angle = local->angle};
        for (unsigned t = 0; t < CW_LOCAL_TABLES; t++) {
            _Atomic uint32_t *head =
                &s->heads[(size_t)t << s->key_bits |
                          cw_local_key(&s->hashes[id], t, s->key_bits)];
            s->next[(size_t)t * s->cap + id] =
                atomic_load_explicit(head, memory_order_relaxed);
            atomic_store_explicit(head, id, memory_order_release);
        }
    }
    atomic_store_explicit(&s->n, first + (uint32_t)picture->n, memory_order_release);
}

/* ---- packed segments -------------------------------------------------------------- */

static bool is_gone(const struct cw_local_row *r)
{
    return atomic_load_explicit(&r->gone, memory_order_relaxed);
}

/* Copies the pictures that are there. Stops where `to` is full: it was measured before,
 * and pictures only ever go. */
static void copy_rows(const struct cw_segment *from, struct cw_segment *to)
{
    const uint32_t n_rows = atomic_load_explicit(&from->n_rows, memory_order_acquire);
    for (uint32_t i = 0; i < n_rows; i++) {
        const struct cw_local_row *r = &from->rows[i];
        if (is_gone(r)) {
            continue;
        }
        const uint32_t at = atomic_load_explicit(&to->n, memory_order_relaxed);
        const struct cw_local_picture p = {.asset = r->asset,
                                           .page = r->page,
                                           .studio = r->studio,
                                           .frame = r->frame,
                                           .n = r->n};
        to->origins[atomic_load_explicit(&to->n_rows, memory_order_relaxed)] = r;
        put_row(to, &p);
        memcpy(to->hashes + at, from->hashes + r->first, r->n * sizeof *to->hashes);
        memcpy(to->poses + at, from->poses + r->first, r->n * sizeof *to->poses);
        atomic_store_explicit(&to->n, at + r->n, memory_order_release);
    }
}

/* Counting sort of all ids by their key in table t. */
static int fill_table(struct cw_segment *s, unsigned t, struct cw_err *err)
{
    const uint32_t n = atomic_load_explicit(&s->n, memory_order_relaxed);
    const size_t n_keys = (size_t)1 << s->key_bits;
    uint32_t *starts = s->starts[t] = take(s, n_keys + 1, sizeof *starts);
    uint32_t *ids = s->ids[t] = take(s, n, sizeof *ids);
    if (starts == NULL || ids == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for buckets of local descriptors");
    }
    memset(starts, 0, (n_keys + 1) * sizeof *starts);
    for (uint32_t id = 0; id < n; id++) {
        starts[cw_local_key(&s->hashes[id], t, s->key_bits) + 1]++;
    }
    for (size_t k = 0; k < n_keys; k++) {
        starts[k + 1] += starts[k];
    }
    /* Filling moves each start to its end, which is the next one's start: undone below.
     */
    for (uint32_t id = 0; id < n; id++) {
        ids[starts[cw_local_key(&s->hashes[id], t, s->key_bits)]++] = id;
    }
    memmove(starts + 1, starts, n_keys * sizeof *starts);
    starts[0] = 0;
    return 0;
}

/* All segments are to cost a find about the same for each descriptor, so the key follows
 * the whole index; but the table of a small segment is not to outgrow its contents. */
static unsigned choose_key(unsigned key_bits, uint64_t own, uint64_t total)
{
    const unsigned most = cw_local_key_bits(own) + MORE_KEY;
    const unsigned want = cw_local_key_bits(total);
    return key_bits != 0 ? key_bits : want < most ? want : most;
}

int cw_segment_pack(struct cw_segment *const *from, size_t n, unsigned key_bits,
                    uint64_t total, struct cw_segment **out, struct cw_err *err)
{
    uint32_t cap = 0;
    uint32_t cap_rows = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t n_rows =
            atomic_load_explicit(&from[i]->n_rows, memory_order_acquire);
        for (uint32_t r = 0; r < n_rows; r++) {
            cap += is_gone(&from[i]->rows[r]) ? 0 : from[i]->rows[r].n;
            cap_rows += is_gone(&from[i]->rows[r]) ? 0 : 1;
        }
    }
    struct cw_segment *s = with_room(cap, cap_rows, choose_key(key_bits, cap, total));
    if (s != NULL) {
        s->origins = malloc(((size_t)cap_rows + 1) * sizeof(*s->origins));
    }
    if (s == NULL || s->origins == NULL) {
        cw_segment_unref(s);
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for %u local descriptors", cap);
    }
    for (size_t i = 0; i < n; i++) {
        copy_rows(from[i], s);
    }
    for (unsigned t = 0; t < CW_LOCAL_TABLES; t++) {
        const int rc = fill_table(s, t, err);
        if (rc != 0) {
            cw_segment_unref(s);
            return rc;
        }
    }
    *out = s;
    return 0;
}

void cw_segment_carry_gone(struct cw_segment *packed)
{
    const uint32_t n_rows = atomic_load_explicit(&packed->n_rows, memory_order_relaxed);
    for (uint32_t i = 0; i < n_rows; i++) {
        if (is_gone(packed->origins[i])) {
            atomic_store_explicit(&packed->rows[i].gone, true, memory_order_relaxed);
            atomic_fetch_add_explicit(&packed->n_gone, 1, memory_order_relaxed);
        }
    }
    free(packed->origins);
    packed->origins = NULL;
}
