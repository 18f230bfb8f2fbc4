/* Looking descriptors up is waiting for memory: where the bucket is, and what is in it.
 * So three steps are kept under way at once, one behind the other, and each asks for the
 * memory that the next one will need. */
#include "index/local_hits.h"

#include <stdlib.h>

#include "base/simd.h"

#define AHEAD 16 /* buckets between two steps */
#define RING 64  /* buckets under way, a power of two */
#define MEMORY_LINE 64

/* Where in a pack a query looks. */
struct bucket {
    const struct cw_local_pack *pack;
    uint32_t key;
    uint32_t from, to;
};

/* Descriptors whose second words are near, asked for and looked at a while later. */
#define STASH 256
struct stash {
    unsigned n;
    struct {
        const struct cw_local_pack *pack;
        uint32_t at;
    } items[STASH];
};

/* A descriptor of the query on its way through what there is. */
struct probe {
    struct cw_local_hits *hits;
    struct cw_local_words words;
    uint32_t key;
    uint16_t query;
};

/* ---- steps ------------------------------------------------------------------------ */

CW_BODY void ask_for_bucket(const struct cw_local_level *level, uint32_t key,
                            struct bucket *b)
{
    b->pack = level->packs[cw_local_shard(key)];
    b->key = key;
    if (b->pack != NULL) {
        __builtin_prefetch(&b->pack->starts[cw_local_bucket(key, level->key_bits)]);
    }
}

/* Buckets over the bound say nothing and are passed over. */
CW_BODY void ask_for_words(struct bucket *b, unsigned key_bits)
{
    b->from = b->to = 0;
    if (b->pack == NULL) {
        return;
    }
    const uint32_t *start = &b->pack->starts[cw_local_bucket(b->key, key_bits)];
    const uint32_t n = start[1] - start[0];
    if (n <= CW_LOCAL_BUCKET_MAX) {
        const uint64_t *seconds = b->pack->seconds + start[0];
        b->from = start[0];
        b->to = start[1];
        for (uint32_t i = 0; i < n; i += MEMORY_LINE / sizeof *seconds) {
            __builtin_prefetch(seconds + i);
        }
        __builtin_prefetch(seconds + n);
    }
}

CW_BODY unsigned differing(uint64_t a, uint64_t b)
{
    return (unsigned)__builtin_popcountll(a ^ b);
}

/* The second words are near: are they so as a whole? */
CW_BODY void measure(const struct probe *p, uint64_t second,
                     const struct cw_local_rest *rest, const struct cw_local_tag *tag)
{
    const struct cw_local_rest *q = &p->words.rest;
    const unsigned distance =
        differing(second, p->words.second) + differing(rest->first, q->first) +
        differing(rest->third, q->third) + differing(rest->fourth, q->fourth);
    if (distance <= CW_LOCAL_RADIUS) {
        cw_local_hits_note(p->hits, p->query, distance, tag);
    }
}

CW_BODY void look_at_stash(const struct probe *p, struct stash *stash)
{
    for (unsigned i = 0; i < stash->n; i++) {
        const struct cw_local_pack *pack = stash->items[i].pack;
        const uint32_t at = stash->items[i].at;
        measure(p, pack->seconds[at], &pack->rests[at], &pack->tags[at]);
    }
    stash->n = 0;
}

/* Notes those that are near; each is written down and the next one writes over it if it
 * was not, as a branch that goes either way costs more than all the rest. */
CW_BODY void look_into(const struct probe *p, const struct bucket *b, struct stash *stash)
{
    unsigned n = stash->n;
    for (uint32_t i = b->from; i < b->to; i++) {
        stash->items[n].pack = b->pack;
        stash->items[n].at = i;
        n += differing(b->pack->seconds[i], p->words.second) <= CW_LOCAL_SECOND_RADIUS;
    }
    for (unsigned i = stash->n; i < n; i++) {
        __builtin_prefetch(&b->pack->rests[stash->items[i].at]);
        __builtin_prefetch(&b->pack->tags[stash->items[i].at]);
    }
    stash->n = n;
    if (n > STASH - CW_LOCAL_BUCKET_MAX) {
        look_at_stash(p, stash);
    }
}

/* All buckets of a level within the budget: step k of bucket i beside step k + 1 of
 * bucket i - AHEAD. */
CW_BODY void probe_level_body(const struct probe *p, const struct cw_local_level *level,
                              const struct cw_local_flips *flips)
{
    struct bucket ring[RING];
    struct stash stash;
    stash.n = 0;
    const size_t n = flips->n;
    for (size_t i = 0; i < n + (size_t)2 * AHEAD; i++) {
        if (i < n) {
            ask_for_bucket(level, p->key ^ flips->masks[i], &ring[i % RING]);
        }
        if (i >= AHEAD && i - AHEAD < n) {
            ask_for_words(&ring[(i - AHEAD) % RING], level->key_bits);
        }
        if (i >= (size_t)2 * AHEAD) {
            look_into(p, &ring[(i - (size_t)2 * AHEAD) % RING], &stash);
        }
    }
    look_at_stash(p, &stash);
}

CW_FOR_AVX2 static void probe_level_avx2(const struct probe *p,
                                         const struct cw_local_level *level,
                                         const struct cw_local_flips *flips)
{
    probe_level_body(p, level, flips);
}

static void probe_level_plain(const struct probe *p, const struct cw_local_level *level,
                              const struct cw_local_flips *flips)
{
    probe_level_body(p, level, flips);
}

/* ---- fresh descriptors ------------------------------------------------------------ */

/* The places of a chain, as far as they were there when the find began; returns how many,
 * none if there are too many. */
CW_BODY uint32_t walk_chain(const struct cw_local_fresh *f, uint32_t key,
                            uint32_t visible, uint32_t out[CW_LOCAL_BUCKET_MAX])
{
    uint32_t n = 0;
    uint32_t at = atomic_load_explicit(&f->heads[key], memory_order_acquire);
    for (; at != CW_NO_ID; at = f->next[at]) {
        if (at < visible) {
            if (n == CW_LOCAL_BUCKET_MAX) {
                return 0;
            }
            __builtin_prefetch(&f->words[at]);
            out[n++] = at;
        }
    }
    return n;
}

CW_BODY void probe_fresh_body(const struct probe *p, const struct cw_local_fresh *f,
                              const struct cw_local_flips *flips, uint32_t visible,
                              uint32_t *places)
{
    uint32_t n = 0;
    for (size_t i = 0; i < flips->n; i++) {
        const uint32_t key = p->key ^ flips->masks[i];
        n +=
            walk_chain(f, key >> (CW_LOCAL_MOST_KEY - CW_FRESH_KEY), visible, places + n);
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct cw_local_words *w = &f->words[places[i]];
        if (differing(w->second, p->words.second) <= CW_LOCAL_SECOND_RADIUS) {
            measure(p, w->second, &w->rest, &f->tags[places[i]]);
        }
    }
}

CW_FOR_AVX2 static void probe_fresh_avx2(const struct probe *p,
                                         const struct cw_local_fresh *f,
                                         const struct cw_local_flips *flips,
                                         uint32_t visible, uint32_t *places)
{
    probe_fresh_body(p, f, flips, visible, places);
}

static void probe_fresh_plain(const struct probe *p, const struct cw_local_fresh *f,
                              const struct cw_local_flips *flips, uint32_t visible,
                              uint32_t *places)
{
    probe_fresh_body(p, f, flips, visible, places);
}

/* ---- the contract ----------------------------------------------------------------- */

/* What one find works on. */
struct view {
    const struct cw_local_index *ix;
    const struct cw_local_snapshot *snapshot;
    uint32_t visible; /* fresh descriptors */
    uint32_t *places; /* room for those that one descriptor meets */
    bool avx2;
};

static struct cw_local_words query_words(const struct cw_local_query *query, size_t i)
{
    struct cw_hash bits = query->local[i].bits;
    for (unsigned k = 0; query->mirrored && k < CW_HASH_BYTES; k++) {
        bits.b[k] ^= CW_LOCAL_MIRROR.b[k];
    }
    return cw_local_words_of(&bits);
}

static int probe_all(const struct view *v, const struct cw_local_query *query,
                     struct cw_local_hits *hits, struct cw_err *err)
{
    for (size_t i = 0; i < query->n; i++) {
        struct probe p = {
            .hits = hits, .words = query_words(query, i), .query = (uint16_t)i};
        p.key = cw_local_key(p.words.rest.first);
        for (unsigned k = 0; k < v->snapshot->n_levels; k++) {
            const struct cw_local_level *level = &v->snapshot->levels[k];
            (v->avx2 ? probe_level_avx2 : probe_level_plain)(
                &p, level, cw_local_flips(v->ix, level->key_bits));
        }
        if (v->visible > 0) {
            (v->avx2 ? probe_fresh_avx2 : probe_fresh_plain)(
                &p, v->snapshot->fresh, cw_local_flips(v->ix, CW_FRESH_KEY), v->visible,
                v->places);
        }
        CW_TRY(cw_local_hits_end_descriptor(hits, err));
    }
    return 0;
}

static void places_free(uint32_t **places)
{
    free(*places);
}

static void snapshot_done(struct cw_local_snapshot **s)
{
    cw_local_snapshot_unref(*s);
}

int cw_local_find(struct cw_local_index *ix, const struct cw_local_query *query,
                  struct cw_local_found *out, struct cw_err *err)
{
    if (query->n > CW_FP_MAX_LOCAL) {
        return cw_fail(err, CW_E_INVALID, "a query has up to %d local descriptors",
                       CW_FP_MAX_LOCAL);
    }
    CW_AUTO(snapshot_done) struct cw_local_snapshot *s = cw_local_snapshot_get(ix);
    const size_t most = cw_local_flips(ix, CW_FRESH_KEY)->n * CW_LOCAL_BUCKET_MAX;
    CW_AUTO(places_free) uint32_t *places = malloc(most * sizeof *places);
    if (places == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for a local query");
    }
    const struct view v = {.ix = ix,
                           .snapshot = s,
                           .visible =
                               atomic_load_explicit(&s->fresh->n, memory_order_acquire),
                           .places = places,
                           .avx2 = cw_has_avx2()};
    CW_AUTO(cw_local_hits_free) struct cw_local_hits *hits = NULL;
    CW_TRY(cw_local_hits_new(cw_local_rows_of(ix), query->studio, &hits, err));
    CW_TRY(probe_all(&v, query, hits, err));
    CW_TRY(cw_local_hits_tell(hits, out, err));
    cw_local_note_query(ix);
    return 0;
}

void cw_local_found_done(struct cw_local_found *f)
{
    free(f->matches);
    *f = (struct cw_local_found){0};
}
