#include "index/codes.h"

#include <stdlib.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)
#define PAGE ((size_t)4096)

/* ---- memory ----------------------------------------------------------------------- */

size_t cw_codes_mapped(size_t len)
{
    const size_t unit = len >= 4 * HUGE_PAGE ? HUGE_PAGE : PAGE;
    return len == 0 ? PAGE : (len + unit - 1) / unit * unit;
}

void *cw_codes_take(size_t len)
{
    const size_t size = cw_codes_mapped(len);
    const size_t extra =
        size % HUGE_PAGE == 0 ? HUGE_PAGE : 0; /* to begin at a multiple */
    uint8_t *p = mmap(NULL, size + extra, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        return NULL;
    }
    if (extra != 0) {
        const size_t before = (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE;
        if (before > 0) {
            (void)munmap(p, before);
        }
        if (before < extra) {
            (void)munmap(p + before + size, extra - before);
        }
        p += before;
        (void)madvise(p, size, MADV_HUGEPAGE);
    }
    (void)madvise(p, size, MADV_DONTDUMP);
    (void)mlock2(p, size, MLOCK_ONFAULT);
    return p;
}

void cw_codes_give(void *p, size_t len)
{
    if (p != NULL) {
        (void)munmap(p, cw_codes_mapped(len));
    }
}

void cw_codes_trim(void *p, size_t len, size_t new_len)
{
    const size_t keep = cw_codes_mapped(new_len);
    if (keep < cw_codes_mapped(len)) {
        (void)munmap((uint8_t *)p + keep, cw_codes_mapped(len) - keep);
    }
}

void cw_codes_ref(struct cw_codes *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
}

void cw_codes_unref(struct cw_codes *c)
{
    if (c == NULL || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    const struct cw_codes_head *h = &c->head;
    cw_codes_give(c->codes, h->n_codes * sizeof *c->codes);
    cw_codes_give(c->links, h->n_codes * sizeof *c->links);
    cw_codes_give(c->many, h->n_many * sizeof *c->many);
    cw_codes_give(c->rows, h->n_rows * sizeof *c->rows);
    cw_codes_give(c->ranges, h->n_ranges * sizeof *c->ranges);
    cw_codes_give(c->starts, h->n_starts * sizeof *c->starts);
    cw_codes_give(c->entries, h->n_entries * sizeof *c->entries);
    free(c->plans);
    free(c->gone);
    free(c);
}

/* ---- making ----------------------------------------------------------------------- */

void cw_codes_place_starts(struct cw_codes *c)
{
    uint64_t at = 0;
    for (unsigned b = 0; b < c->head.bands.n; b++) {
        c->starts_at[b] = at;
        at += ((uint64_t)1 << c->head.bands.width[b]) + 1;
    }
}

static size_t bytes_of(const struct cw_codes *c)
{
    const struct cw_codes_head *h = &c->head;
    return sizeof *c + cw_codes_mapped(h->n_codes * sizeof *c->codes) +
           cw_codes_mapped(h->n_codes * sizeof *c->links) +
           cw_codes_mapped(h->n_many * sizeof *c->many) +
           cw_codes_mapped(h->n_rows * sizeof *c->rows) +
           cw_codes_mapped(h->n_ranges * sizeof *c->ranges) +
           cw_codes_mapped(h->n_starts * sizeof *c->starts) +
           cw_codes_mapped(h->n_entries * sizeof *c->entries) +
           (h->n_rows + 63) / 64 * sizeof *c->gone +
           (CW_CODES_PLANNED + 1) * sizeof *c->plans;
}

int cw_codes_finish(struct cw_codes *c, struct cw_err *err)
{
    c->plans = calloc(CW_CODES_PLANNED + 1, sizeof *c->plans);
    if (c->plans == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for %u rows", c->head.n_rows);
    }
    for (unsigned r = 0; r <= CW_CODES_PLANNED; r++) {
        cw_bands_plan(&c->head.bands, c->head.load, r, &c->plans[r]);
    }
    c->bytes = bytes_of(c);
    return 0;
}

static bool take_all(struct cw_codes *c)
{
    const struct cw_codes_head *h = &c->head;
    c->codes = cw_codes_take(h->n_codes * sizeof *c->codes);
    c->links = cw_codes_take(h->n_codes * sizeof *c->links);
    c->many = cw_codes_take(h->n_many * sizeof *c->many);
    c->rows = cw_codes_take(h->n_rows * sizeof *c->rows);
    c->ranges = cw_codes_take(h->n_ranges * sizeof *c->ranges);
    c->starts = cw_codes_take(h->n_starts * sizeof *c->starts);
    c->entries = cw_codes_take(h->n_entries * sizeof *c->entries);
    c->gone = calloc((h->n_rows + 63) / 64 + 1, sizeof *c->gone);
    return c->codes != NULL && c->links != NULL && c->many != NULL && c->rows != NULL &&
           c->ranges != NULL && c->starts != NULL && c->entries != NULL &&
           c->gone != NULL;
}

int cw_codes_with_room(const struct cw_codes_head *head, struct cw_codes **out,
                       struct cw_err *err)
{
    struct cw_codes *c = calloc(1, sizeof *c);
    if (c != NULL) {
        atomic_init(&c->refs, 1);
        c->head = *head;
        if (take_all(c)) {
            *out = c;
            return 0;
        }
    }
    cw_codes_unref(c);
    return cw_fail(err, CW_E_NO_MEMORY, "out of memory for %u rows", head->n_rows);
}

/* ---- rows ------------------------------------------------------------------------- */

/* The range that a row lies in. */
static uint32_t range_of(const struct cw_codes *c, uint32_t row)
{
    uint32_t low = 0;
    uint32_t high = c->head.n_ranges;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (c->ranges[middle].first <= row) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

uint64_t cw_codes_owner(const struct cw_codes *c, uint32_t row)
{
    return (uint64_t)c->ranges[range_of(c, row)].owner_high << 32 |
           c->rows[row].owner_low;
}

/* The first row whose owner has this number or a larger one. */
static uint32_t first_of(const struct cw_codes *c, uint64_t owner)
{
    uint32_t low = 0;
    uint32_t high = c->head.n_rows;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (cw_codes_owner(c, middle) < owner) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void cw_codes_remove(struct cw_codes *c, uint64_t owner)
{
    for (uint32_t row = first_of(c, owner);
         row < c->head.n_rows && cw_codes_owner(c, row) == owner; row++) {
        if (!cw_codes_is_gone(c, row)) {
            atomic_fetch_or_explicit(&c->gone[row / 64], (uint64_t)1 << row % 64,
                                     memory_order_relaxed);
            atomic_fetch_add_explicit(&c->n_gone, 1, memory_order_relaxed);
        }
    }
}
