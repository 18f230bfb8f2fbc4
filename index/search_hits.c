#include "index/search_hits.h"

#include <stdlib.h>

#include "index/keyed_sort.h"

#define LEAST_SETTLE 4096 /* hits collected before the first settling */

void cw_hits_done(struct cw_hits *h)
{
    free(h->items);
    *h = (struct cw_hits){0};
}

static int order(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* The better of two hits first: nearer, then plain before inverted, then earlier hash. */
static int by_quality(const struct cw_search_hit *a, const struct cw_search_hit *b)
{
    int c = order(a->distance, b->distance);
    c = c != 0 ? c : order(a->inverted, b->inverted);
    return c != 0 ? c : order(a->hash_index, b->hash_index);
}

static int by_owner(const void *pa, const void *pb)
{
    const struct cw_search_hit *a = pa, *b = pb;
    const int c = order(a->owner, b->owner);
    return c != 0 ? c : by_quality(a, b);
}

static int by_rank(const void *pa, const void *pb)
{
    const struct cw_search_hit *a = pa, *b = pb;
    const int c = order(a->distance, b->distance);
    return c != 0 ? c : order(a->owner, b->owner);
}

/* Leaves the best hit of each owner, in the order of rank. */
static void settle_slowly(struct cw_hits *h)
{
    qsort(h->items, h->n, sizeof *h->items, by_owner);
    size_t kept = 1;
    for (size_t i = 1; i < h->n; i++) {
        if (h->items[i].owner != h->items[kept - 1].owner) {
            h->items[kept++] = h->items[i];
        }
    }
    qsort(h->items, kept, sizeof *h->items, by_rank);
    h->n = kept;
}

/* The same by sorting numbers: by owner, then, of the best hit of each, by distance,
 * which leaves equal distances in the order of owners.
 *
 * keys  room for 2 n
 * best  room for n */
static void settle_fast(struct cw_hits *h, struct cw_keyed *keys,
                        struct cw_search_hit *best)
{
    const size_t n = h->n;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        keys[i] = (struct cw_keyed){.key = h->items[i].owner, .value = (uint32_t)i};
    }
    cw_keyed_sort(keys, keys + n, n);
    for (size_t i = 0; i < n; i++) {
        const struct cw_search_hit *hit = &h->items[keys[i].value];
        if (kept == 0 || best[kept - 1].owner != hit->owner) {
            best[kept++] = *hit;
        } else if (by_quality(hit, &best[kept - 1]) < 0) {
            best[kept - 1] = *hit;
        }
    }
    for (size_t i = 0; i < kept; i++) {
        keys[i] = (struct cw_keyed){.key = best[i].distance, .value = (uint32_t)i};
    }
    cw_keyed_sort(keys, keys + kept, kept);
    for (size_t i = 0; i < kept; i++) {
        h->items[i] = best[keys[i].value];
    }
    h->n = kept;
}

void cw_hits_settle(struct cw_hits *h, size_t max_hits)
{
    if (h->n == 0) {
        return;
    }
    struct cw_keyed *keys =
        h->n <= UINT32_MAX
            ? reallocarray(NULL, h->n, 2 * sizeof *keys + sizeof(struct cw_search_hit))
            : NULL;
    if (keys != NULL) {
        settle_fast(h, keys, (struct cw_search_hit *)(void *)(keys + 2 * h->n));
        free(keys);
    } else {
        settle_slowly(h);
    }
    h->n = h->n < max_hits ? h->n : max_hits;
}

static int make_room(struct cw_hits *h, struct cw_err *err)
{
    const size_t cap = h->cap == 0 ? 64 : h->cap * 2;
    struct cw_search_hit *items = reallocarray(h->items, cap, sizeof *items);
    if (items == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for %zu hits", cap);
    }
    h->items = items;
    h->cap = cap;
    return 0;
}

int cw_hits_add(struct cw_hits *h, const struct cw_search_hit *hit, size_t max_hits,
                struct cw_err *err)
{
    if (h->n == h->cap && h->n >= LEAST_SETTLE && h->n / 2 >= max_hits) {
        cw_hits_settle(h, max_hits);
    }
    if (h->n == h->cap) {
        CW_TRY(make_room(h, err));
    }
    h->items[h->n++] = *hit;
    return 0;
}

struct cw_search_hit cw_hit_of(const struct cw_search_hash *hash, size_t hash_index,
                               unsigned distance)
{
    const bool inverted = distance > hash->radius;
    return (struct cw_search_hit){
        .distance = (uint16_t)(inverted ? CW_HASH_BITS - distance : distance),
        .hash_index = (uint16_t)hash_index,
        .inverted = inverted};
}
