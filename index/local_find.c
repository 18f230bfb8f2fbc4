/* Looking descriptors up is waiting for memory: which bucket, what is in it, how far it
 * is. So four steps are kept under way at once, one behind the other, and each asks for
 * the memory that the next one will need.
 *
 * What falls into the same bucket in several tables is to count once. No list of what was
 * seen is kept: a match of a later table whose earlier keys agree was met there already.
 */
#include <stdlib.h>
#include <string.h>

#include "base/simd.h"
#include "index/local_snapshot.h"

#define DEPTH 4 /* steps under way */
#define IDS_PER_LINE 16

/* One descriptor of the query on its way through one segment. */
struct probe {
    struct cw_word_hash hash;
    const struct cw_segment *segment;
    uint32_t key[CW_LOCAL_TABLES];
    uint32_t end[CW_LOCAL_TABLES]; /* of the table's ids below */
    unsigned skipped;              /* bit t: the bucket of table t is too large */
    uint32_t ids[CW_LOCAL_TABLES * CW_LOCAL_BUCKET_MAX];
};

struct hit {
    uint32_t row;   /* over all segments */
    uint32_t id;    /* in its segment */
    uint16_t query; /* descriptor */
    uint16_t local;
    uint8_t distance;
    uint8_t segment;
};

struct finder {
    const struct cw_local_query *query;
    const struct cw_local_snapshot *snapshot;
    uint32_t visible[CW_LOCAL_SEGMENTS];   /* descriptors of each segment */
    uint32_t first_row[CW_LOCAL_SEGMENTS]; /* its number over all segments */
    uint32_t n_rows;
    struct probe probes[DEPTH];
    unsigned n_near;
    struct hit near[CW_LOCAL_NEAREST + 1]; /* of one descriptor, nearest first */
    size_t n_hits, cap_hits;
    struct hit *hits; /* owned; of all descriptors */
    uint32_t *votes;  /* owned; of each row */
};

static void finder_free(struct finder **f)
{
    if (*f != NULL) {
        free((*f)->hits);
        free((*f)->votes);
        free(*f);
    }
}

static void snapshot_done(struct cw_local_snapshot **s)
{
    cw_local_snapshot_unref(*s);
}

/* ---- the nearest of one descriptor ------------------------------------------------ */

static const struct cw_local_row *row_of(const struct finder *f, const struct hit *h)
{
    return &f->snapshot->segments[h->segment]->rows[h->row - f->first_row[h->segment]];
}

/* Nearer first; ties by whose it is, so that segments do not show in the outcome. */
static bool nearer(const struct finder *f, const struct hit *a, const struct hit *b)
{
    if (a->distance != b->distance) {
        return a->distance < b->distance;
    }
    const struct cw_local_row *x = row_of(f, a);
    const struct cw_local_row *y = row_of(f, b);
    if (x->asset != y->asset) {
        return x->asset < y->asset;
    }
    return x->page != y->page ? x->page < y->page : a->local < b->local;
}

static void keep_near(struct finder *f, const struct hit *h)
{
    unsigned at = f->n_near;
    while (at > 0 && nearer(f, h, &f->near[at - 1])) {
        f->near[at] = f->near[at - 1];
        at--;
    }
    f->near[at] = *h;
    f->n_near += f->n_near < CW_LOCAL_NEAREST ? 1 : 0;
}

/* The descriptor is through all segments: what is near becomes hits. */
static int end_descriptor(struct finder *f, struct cw_err *err)
{
    if (f->n_hits + f->n_near > f->cap_hits) {
        const size_t cap = 2 * f->cap_hits + CW_LOCAL_NEAREST;
        struct hit *hits = realloc(f->hits, cap * sizeof *hits);
        if (hits == NULL) {
            return cw_fail(err, CW_E_NO_MEMORY, "no memory for local matches");
        }
        f->hits = hits;
        f->cap_hits = cap;
    }
    if (f->n_near > 0) {
        memcpy(f->hits + f->n_hits, f->near, f->n_near * sizeof *f->near);
    }
    f->n_hits += f->n_near;
    f->n_near = 0;
    return 0;
}

/* ---- one probe, step by step ------------------------------------------------------ */

/* Step 1: the keys. */
static void begin_probe(const struct finder *f, struct probe *p, size_t query,
                        unsigned seg)
{
    const struct cw_segment *s = f->snapshot->segments[seg];
    struct cw_hash bits = f->query->local[query].bits;
    for (unsigned i = 0; f->query->mirrored && i < CW_HASH_BYTES; i++) {
        bits.b[i] ^= CW_LOCAL_MIRROR.b[i];
    }
    p->hash = cw_word_hash_of(&bits);
    p->segment = s;
    p->skipped = 0;
    for (unsigned t = 0; t < CW_LOCAL_TABLES; t++) {
        p->key[t] = cw_local_key(&p->hash, t, s->key_bits);
        if (!s->fresh) {
            __builtin_prefetch(&s->starts[t][p->key[t]]);
        }
    }
}

/* Step 2: where the ids lie. The steps of one probe follow each other DEPTH rounds of the
 * loop in probe_all, which is more than the static analyser can see. */
static void ask_for_ids(const struct probe *p)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign) */
    const struct cw_segment *s = p->segment;
    for (unsigned t = 0; t < CW_LOCAL_TABLES && !s->fresh; t++) {
        const uint32_t from = s->starts[t][p->key[t]];
        const uint32_t to = s->starts[t][p->key[t] + 1];
        if (to - from <= CW_LOCAL_BUCKET_MAX) {
            for (uint32_t i = from; i < to; i += IDS_PER_LINE) {
                __builtin_prefetch(&s->ids[t][i]);
            }
        }
    }
}

/* The ids of a chain, as far as they were there when the find began; returns how many, or
 * more than CW_LOCAL_BUCKET_MAX if there are too many. */
static uint32_t walk_chain(const struct cw_segment *s, unsigned t, uint32_t key,
                           uint32_t visible, uint32_t out[CW_LOCAL_BUCKET_MAX])
{
    uint32_t n = 0;
    uint32_t id = atomic_load_explicit(&s->heads[(size_t)t << s->key_bits | key],
                                       memory_order_acquire);
    for (; id != CW_NO_ID; id = s->next[(size_t)t * s->cap + id]) {
        if (id >= visible) {
            continue;
        }
        if (n == CW_LOCAL_BUCKET_MAX) {
            return n + 1;
        }
        out[n++] = id;
    }
    return n;
}

/* Step 3: the ids. */
static void gather_ids(struct probe *p, uint32_t visible)
{
    const struct cw_segment *s = p->segment;
    uint32_t n = 0;
    for (unsigned t = 0; t < CW_LOCAL_TABLES; t++) {
        uint32_t some = 0;
        if (s->fresh) {
            some = walk_chain(s, t, p->key[t], visible, p->ids + n);
        } else {
            const uint32_t from = s->starts[t][p->key[t]];
            some = s->starts[t][p->key[t] + 1] - from;
            if (some > 0 && some <= CW_LOCAL_BUCKET_MAX) {
                memcpy(p->ids + n, s->ids[t] + from, some * sizeof *p->ids);
            }
        }
        if (some > CW_LOCAL_BUCKET_MAX) {
            p->skipped |= 1U << t;
            some = 0;
        }
        p->end[t] = n + some;
        for (; n < p->end[t]; n++) {
            __builtin_prefetch(&s->hashes[p->ids[n]]);
        }
    }
}

/* True if the bucket of an earlier table held the same descriptor. */
static bool met_before(const struct probe *p, unsigned table,
                       const struct cw_word_hash *h)
{
    for (unsigned t = 0; t < table; t++) {
        if ((p->skipped >> t & 1) == 0 &&
            cw_local_key(h, t, p->segment->key_bits) == p->key[t]) {
            return true;
        }
    }
    return false;
}

/* A descriptor within the radius: is it to be seen by this query? */
static void judge(struct finder *f, const struct probe *p, uint32_t id, size_t query,
                  unsigned seg, unsigned distance)
{
    const struct cw_segment *s = p->segment;
    const uint32_t row = cw_segment_row_of(s, id);
    const struct cw_local_row *r = &s->rows[row];
    if (r->studio == f->query->studio &&
        !atomic_load_explicit(&r->gone, memory_order_relaxed)) {
        const struct hit h = {.row = f->first_row[seg] + row,
                              .id = id,
                              .query = (uint16_t)query,
                              .local = (uint16_t)(id - r->first),
                              .distance = (uint8_t)distance,
                              .segment = (uint8_t)seg};
        keep_near(f, &h);
    }
}

/* Step 4: how far they are. */
CW_BODY void measure_body(struct finder *f, const struct probe *p, size_t query,
                          unsigned seg)
{
    const struct cw_word_hash q = p->hash;
    uint32_t i = 0;
    for (unsigned t = 0; t < CW_LOCAL_TABLES; t++) {
        for (; i < p->end[t]; i++) {
            const struct cw_word_hash *h = &p->segment->hashes[p->ids[i]];
            const int distance = __builtin_popcountll(h->w[0] ^ q.w[0]) +
                                 __builtin_popcountll(h->w[1] ^ q.w[1]) +
                                 __builtin_popcountll(h->w[2] ^ q.w[2]) +
                                 __builtin_popcountll(h->w[3] ^ q.w[3]);
            if (distance <= CW_LOCAL_RADIUS && !met_before(p, t, h)) {
                judge(f, p, p->ids[i], query, seg, (unsigned)distance);
            }
        }
    }
}

CW_FOR_AVX2 static void measure_avx2(struct finder *f, const struct probe *p,
                                     size_t query, unsigned seg)
{
    measure_body(f, p, query, seg);
}

static void measure_plain(struct finder *f, const struct probe *p, size_t query,
                          unsigned seg)
{
    measure_body(f, p, query, seg);
}

/* All descriptors through all segments: step k of probe i beside step k + 1 of i - 1. */
static int probe_all(struct finder *f, struct cw_err *err)
{
    const unsigned n_segments = f->snapshot->n;
    const size_t n = f->query->n * n_segments;
    const bool avx2 = cw_has_avx2();
    for (size_t i = 0; i < n + DEPTH - 1; i++) {
        if (i < n) {
            begin_probe(f, &f->probes[i % DEPTH], i / n_segments,
                        (unsigned)(i % n_segments));
        }
        if (i >= 1 && i - 1 < n) {
            ask_for_ids(&f->probes[(i - 1) % DEPTH]);
        }
        if (i >= 2 && i - 2 < n) {
            gather_ids(&f->probes[(i - 2) % DEPTH], f->visible[(i - 2) % n_segments]);
        }
        if (i >= 3) {
            const size_t last = i - 3;
            (avx2 ? measure_avx2 : measure_plain)(f, &f->probes[last % DEPTH],
                                                  last / n_segments,
                                                  (unsigned)(last % n_segments));
            if (last % n_segments == n_segments - 1) {
                CW_TRY(end_descriptor(f, err));
            }
        }
    }
    return 0;
}

/* ---- votes ------------------------------------------------------------------------ */

struct candidate {
    const struct hit *hit; /* one of its hits */
    unsigned votes;
};

static bool better(const struct finder *f, const struct candidate *a,
                   const struct candidate *b)
{
    /* Both are filled by choose_rows, which the static analyser does not follow. */
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
    if (a->votes != b->votes) {
        return a->votes > b->votes;
    }
    const struct cw_local_row *x = row_of(f, a->hit);
    const struct cw_local_row *y = row_of(f, b->hit);
    return x->asset != y->asset ? x->asset < y->asset : x->page < y->page;
}

/* The rows with the most votes; leaves in votes[row] its place among them plus 1, or 0.
 */
static size_t choose_rows(struct finder *f, struct candidate top[CW_LOCAL_CANDIDATES + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < f->n_hits; i++) {
        uint32_t *votes = &f->votes[f->hits[i].row];
        (*votes)++;
    }
    for (size_t i = 0; i < f->n_hits; i++) {
        uint32_t *votes = &f->votes[f->hits[i].row];
        const struct candidate c = {.hit = &f->hits[i], .votes = *votes};
        *votes = 0; /* its later hits have nothing more to say */
        size_t at = c.votes >= CW_LOCAL_LEAST_VOTES ? n : CW_LOCAL_CANDIDATES;
        while (at > 0 && c.votes >= CW_LOCAL_LEAST_VOTES && better(f, &c, &top[at - 1])) {
            top[at] = top[at - 1];
            at--;
        }
        if (at < CW_LOCAL_CANDIDATES) {
            top[at] = c;
            n += n < CW_LOCAL_CANDIDATES ? 1 : 0;
        }
    }
    for (size_t i = 0; i < n; i++) {
        f->votes[top[i].hit->row] = (uint32_t)(i + 1);
    }
    return n;
}

static struct cw_local_match match_of(const struct finder *f, const struct hit *h)
{
    const struct cw_local_pose *pose = &f->snapshot->segments[h->segment]->poses[h->id];
    return (struct cw_local_match){.query = h->query,
                                   .local = h->local,
                                   .distance = h->distance,
                                   .x = pose->x,
                                   .y = pose->y,
                                   .scale = pose->scale,
                                   .angle = pose->angle};
}

static int tell(struct finder *f, struct cw_local_found *out, struct cw_err *err)
{
    struct candidate top[CW_LOCAL_CANDIDATES + 1];
    struct cw_local_match *fill[CW_LOCAL_CANDIDATES];
    struct cw_local_found found = {.n = choose_rows(f, top)};
    size_t total = 0;
    for (size_t i = 0; i < found.n; i++) {
        total += top[i].votes;
    }
    found.matches = malloc((total + 1) * sizeof *found.matches);
    if (found.matches == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for local matches");
    }
    total = 0;
    for (size_t i = 0; i < found.n; i++) {
        const struct cw_local_row *r = row_of(f, top[i].hit);
        fill[i] = found.matches + total;
        found.items[i] = (struct cw_local_candidate){.asset = r->asset,
                                                     .page = r->page,
                                                     .frame = r->frame,
                                                     .n_matches = top[i].votes,
                                                     .matches = fill[i]};
        total += top[i].votes;
    }
    for (size_t i = 0; i < f->n_hits; i++) {
        const uint32_t place = f->votes[f->hits[i].row];
        if (place != 0) {
            *fill[place - 1]++ = match_of(f, &f->hits[i]);
        }
    }
    *out = found;
    return 0;
}

/* ---- the contract ----------------------------------------------------------------- */

static int begin_find(const struct cw_local_query *query, struct cw_local_snapshot *s,
                      struct finder **out, struct cw_err *err)
{
    struct finder *f = malloc(sizeof *f);
    *out = f;
    if (f == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for a local query");
    }
    f->query = query;
    f->snapshot = s;
    f->n_rows = 0;
    f->n_near = 0;
    f->n_hits = f->cap_hits = 0;
    f->hits = NULL;
    for (unsigned i = 0; i < s->n; i++) {
        f->visible[i] = atomic_load_explicit(&s->segments[i]->n, memory_order_acquire);
        f->first_row[i] = f->n_rows;
        f->n_rows += atomic_load_explicit(&s->segments[i]->n_rows, memory_order_acquire);
    }
    f->votes = calloc((size_t)f->n_rows + 1, sizeof *f->votes);
    if (f->votes == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for a local query");
    }
    return 0;
}

int cw_local_find(struct cw_local_index *ix, const struct cw_local_query *query,
                  struct cw_local_found *out, struct cw_err *err)
{
    if (query->n > CW_FP_MAX_LOCAL) {
        return cw_fail(err, CW_E_INVALID, "a query has up to %d local descriptors",
                       CW_FP_MAX_LOCAL);
    }
    CW_AUTO(snapshot_done) struct cw_local_snapshot *s = cw_local_snapshot_get(ix);
    CW_AUTO(finder_free) struct finder *f = NULL;
    CW_TRY(begin_find(query, s, &f, err));
    CW_TRY(probe_all(f, err));
    CW_TRY(tell(f, out, err));
    cw_local_note_query(ix);
    return 0;
}

void cw_local_found_done(struct cw_local_found *f)
{
    free(f->matches);
    *f = (struct cw_local_found){0};
}
