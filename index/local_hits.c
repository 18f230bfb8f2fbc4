#include "index/local_hits.h"

#include <stdlib.h>
#include <string.h>

struct hit {
    uint32_t row;
    uint16_t query;
    uint8_t distance;
    struct cw_local_tag tag;
};

/* A picture and its matches: a slot of an open hash table. */
struct vote {
    uint32_t row; /* 1 + its number; 0 = empty */
    uint32_t n;
    uint32_t place; /* 1 + its place among the candidates; 0 = none */
};

struct cw_local_hits {
    const struct cw_local_rows *rows;
    uint32_t studio;
    unsigned n_near;
    struct hit near[CW_LOCAL_NEAREST + 1]; /* of one descriptor, nearest first */
    size_t n, cap;
    struct hit *items;  /* owned; of all descriptors */
    size_t n_slots;     /* a power of two */
    struct vote *votes; /* owned */
};

int cw_local_hits_new(const struct cw_local_rows *rows, uint32_t studio,
                      struct cw_local_hits **out, struct cw_err *err)
{
    struct cw_local_hits *h = calloc(1, sizeof *h);
    if (h == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for a local query");
    }
    h->rows = rows;
    h->studio = studio;
    *out = h;
    return 0;
}

void cw_local_hits_free(struct cw_local_hits **h)
{
    if (*h != NULL) {
        free((*h)->items);
        free((*h)->votes);
        free(*h);
    }
}

/* ---- the nearest of one descriptor ------------------------------------------------ */

/* Nearer first; ties by whose it is, so that packs do not show in the outcome. */
static bool nearer(const struct cw_local_hits *h, const struct hit *a,
                   const struct hit *b)
{
    if (a->distance != b->distance) {
        return a->distance < b->distance;
    }
    const struct cw_local_row *x = cw_local_rows_at(h->rows, a->row);
    const struct cw_local_row *y = cw_local_rows_at(h->rows, b->row);
    if (x->asset != y->asset) {
        return x->asset < y->asset;
    }
    return x->page != y->page ? x->page < y->page : a->tag.local < b->tag.local;
}

void cw_local_hits_note(struct cw_local_hits *h, uint16_t query, unsigned distance,
                        const struct cw_local_tag *tag)
{
    const struct hit hit = {.row = cw_local_tag_row(tag),
                            .query = query,
                            .distance = (uint8_t)distance,
                            .tag = *tag};
    const struct cw_local_row *row = cw_local_rows_at(h->rows, hit.row);
    if (row->studio != h->studio || cw_local_row_is_gone(row)) {
        return;
    }
    unsigned at = h->n_near;
    while (at > 0 && nearer(h, &hit, &h->near[at - 1])) {
        h->near[at] = h->near[at - 1];
        at--;
    }
    h->near[at] = hit;
    h->n_near += h->n_near < CW_LOCAL_NEAREST ? 1 : 0;
}

int cw_local_hits_end_descriptor(struct cw_local_hits *h, struct cw_err *err)
{
    if (h->n + h->n_near > h->cap) {
        const size_t cap = 2 * h->cap + CW_LOCAL_NEAREST;
        struct hit *items = realloc(h->items, cap * sizeof *items);
        if (items == NULL) {
            return cw_fail(err, CW_E_NO_MEMORY, "no memory for local matches");
        }
        h->items = items;
        h->cap = cap;
    }
    if (h->n_near > 0) {
        memcpy(h->items + h->n, h->near, h->n_near * sizeof *h->near);
    }
    h->n += h->n_near;
    h->n_near = 0;
    return 0;
}

/* ---- votes ------------------------------------------------------------------------ */

static struct vote *vote_of(struct cw_local_hits *h, uint32_t row)
{
    size_t i = (row * 2654435761U) & (h->n_slots - 1); /* Knuth's multiplicative hash */
    while (h->votes[i].row != 0 && h->votes[i].row != row + 1) {
        i = (i + 1) & (h->n_slots - 1);
    }
    return &h->votes[i];
}

static int count_votes(struct cw_local_hits *h, struct cw_err *err)
{
    h->n_slots = 64;
    while (h->n_slots < 2 * h->n) {
        h->n_slots *= 2;
    }
    h->votes = calloc(h->n_slots, sizeof *h->votes);
    if (h->votes == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for local matches");
    }
    for (size_t i = 0; i < h->n; i++) {
        struct vote *v = vote_of(h, h->items[i].row);
        v->row = h->items[i].row + 1;
        v->n++;
    }
    return 0;
}

static bool better(const struct cw_local_hits *h, const struct vote *a,
                   const struct vote *b)
{
    if (a->n != b->n) {
        return a->n > b->n;
    }
    const struct cw_local_row *x = cw_local_rows_at(h->rows, a->row - 1);
    const struct cw_local_row *y = cw_local_rows_at(h->rows, b->row - 1);
    return x->asset != y->asset ? x->asset < y->asset : x->page < y->page;
}

/* The pictures with the most matches, best first; notes the place of each. */
static size_t choose(struct cw_local_hits *h, struct vote *top[CW_LOCAL_CANDIDATES + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < h->n_slots; i++) {
        struct vote *v = &h->votes[i];
        size_t at = n;
        if (v->n < CW_LOCAL_LEAST_VOTES) {
            continue;
        }
        while (at > 0 && better(h, v, top[at - 1])) {
            top[at] = top[at - 1];
            at--;
        }
        top[at] = v;
        n += n < CW_LOCAL_CANDIDATES ? 1 : 0;
    }
    for (size_t i = 0; i < n; i++) {
        top[i]->place = (uint32_t)i + 1;
    }
    return n;
}

static struct cw_local_match match_of(const struct hit *hit)
{
    struct cw_local_match m = {.query = hit->query, .distance = hit->distance};
    cw_local_tag_pose(&hit->tag, &m);
    return m;
}

int cw_local_hits_tell(struct cw_local_hits *h, struct cw_local_found *out,
                       struct cw_err *err)
{
    struct vote *top[CW_LOCAL_CANDIDATES + 1];
    struct cw_local_match *fill[CW_LOCAL_CANDIDATES];
    CW_TRY(count_votes(h, err));
    struct cw_local_found found = {.n = choose(h, top)};
    size_t total = 0;
    for (size_t i = 0; i < found.n; i++) {
        total += top[i]->n;
    }
    found.matches = malloc((total + 1) * sizeof *found.matches);
    if (found.matches == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for local matches");
    }
    total = 0;
    for (size_t i = 0; i < found.n; i++) {
        const struct cw_local_row *row = cw_local_rows_at(h->rows, top[i]->row - 1);
        fill[i] = found.matches + total;
        found.items[i] = (struct cw_local_candidate){.asset = row->asset,
                                                     .page = row->page,
                                                     .frame = row->frame,
                                                     .n_matches = top[i]->n,
                                                     .matches = fill[i]};
        total += top[i]->n;
    }
    for (size_t i = 0; i < h->n; i++) {
        const uint32_t place = vote_of(h, h->items[i].row)->place;
        if (place != 0) {
            *fill[place - 1]++ = match_of(&h->items[i]);
        }
    }
    *out = found;
    return 0;
}
