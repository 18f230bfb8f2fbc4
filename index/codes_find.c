/* Looking a hash up is a walk through memory in three stages, each of which asks for what
 * the next one will need: bucket starts, bucket entries, codes. Some hundred buckets, of
 * several bands, go through a stage together, so that some dozen fetches are always under
 * way. The loops of the stages have no branch that depends on what was fetched: guessed
 * wrong, each would cost as much as two fetches. */
#include "index/codes.h"

#include <stdlib.h>

#define BLOCK_ROWS 512    /* scanned at once: 16 KB, half of a first-level cache */
#define BLOCK_PROBES 512  /* buckets looked at together */
#define BLOCK_CHUNKS 1024 /* runs of entries sifted together */
_Static_assert(CW_BAND_CHECK_BITS == CW_SCAN_CHECK_BITS, "what buckets keep");
#define BLOCK_CANDIDATES 256 /* codes compared at once */
#define SEEN_CODES 512
#define FALLBACK_CODES 65536 /* scanning fewer is no fallback, but faster */

/* A bucket to look at. */
struct probe {
    uint32_t at; /* of its start */
    uint8_t band;
    int8_t most; /* bits of the check that may differ */
};

/* One hash (or its complement) on its way through a segment. */
struct cw_codes_walk {
    const struct cw_codes *codes;
    struct cw_finding *f;
    const struct cw_band_plan *plan;
    struct cw_hash hash;
    size_t index; /* in the query */
    unsigned radius;
    bool inverted;
    uint32_t keys[CW_BANDS_MOST], bases[CW_BANDS_MOST]; /* bases: of a band's entries */
    uint8_t checks[CW_BANDS_MOST];
    size_t n_probes, n_chunks;
    bool any_seen;
    uint32_t seen[SEEN_CODES]; /* codes that were found, at their number modulo this */
    struct probe probes[BLOCK_PROBES];
    struct cw_scan_chunk chunks[BLOCK_CHUNKS];
    uint32_t candidates[BLOCK_CHUNKS * CW_SCAN_CHUNK + CW_SCAN_CHUNK];
    struct cw_scan_hit found[BLOCK_CANDIDATES];
};

/* ---- hits ------------------------------------------------------------------------- */

/* Collects the rows of a code that the query may see. */
static int add_code(const struct cw_codes *c, struct cw_finding *f, uint32_t code,
                    struct cw_search_hit hit, struct cw_err *err)
{
    const uint64_t from = f->query->from;
    uint32_t n;
    const uint32_t *rows = cw_codes_rows_of(c, code, &n);
    for (uint32_t i = 0; i < n; i++) {
        const struct cw_code_row *r = &c->rows[rows[i]];
        if (r->studio == f->query->studio && c->head.first_seq + r->seq >= from &&
            !cw_codes_is_gone(c, rows[i])) {
            hit.owner = cw_codes_owner(c, rows[i]);
            CW_TRY(cw_hits_add(f->hits, &hit, f->max_hits, err));
        }
    }
    return 0;
}

/* Whether a code was found before, by another band. It may say no of one that was: hits
 * of the same owner are settled anyway. */
static bool seen_before(struct cw_codes_walk *w, uint32_t code)
{
    uint32_t *seen = &w->seen[code % SEEN_CODES];
    const bool before = *seen == code;
    *seen = code;
    w->any_seen = true;
    return before;
}

static void forget_seen(struct cw_codes_walk *w)
{
    if (w->any_seen) {
        memset(w->seen, 0xff, sizeof w->seen); /* no code has that number */
        w->any_seen = false;
    }
}

/* Collects the rows of n codes that are near. Where they lie is asked for first: a
 * cluster of near-identical pictures has hundreds of them. */
static int add_found(struct cw_codes_walk *w, const struct cw_scan_hit *found, size_t n,
                     struct cw_err *err)
{
    const struct cw_codes *c = w->codes;
    for (size_t i = 0; i < n; i++) {
        __builtin_prefetch(&c->links[found[i].row]);
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t n_rows;
        __builtin_prefetch(&c->rows[*cw_codes_rows_of(c, found[i].row, &n_rows)]);
    }
    for (size_t i = 0; i < n; i++) {
        const struct cw_search_hit hit = {.distance = found[i].distance,
                                          .hash_index = (uint16_t)w->index,
                                          .inverted = w->inverted};
        CW_TRY(add_code(c, w->f, found[i].row, hit, err));
    }
    return 0;
}

static int compare(struct cw_codes_walk *w, size_t n, struct cw_err *err)
{
    struct cw_scan_hit *found = w->found;
    for (size_t first = 0; first < n; first += BLOCK_CANDIDATES) {
        const size_t left = n - first;
        const size_t n_found =
            w->f->kernel->pick(w->codes->codes, w->candidates + first,
                               left < BLOCK_CANDIDATES ? left : BLOCK_CANDIDATES,
                               &w->hash, w->radius, found);
        size_t n_new = 0;
        for (size_t i = 0; i < n_found; i++) {
            found[n_new] = found[i];
            n_new += seen_before(w, found[i].row) ? 0 : 1;
        }
        CW_TRY(add_found(w, found, n_new, err));
    }
    return 0;
}

/* ---- the stages ------------------------------------------------------------------- */

/* Last stage: sifts the entries of all chunks, compares the codes of those left. */
static int take_chunks(struct cw_codes_walk *w, struct cw_err *err)
{
    const struct cw_codes *c = w->codes;
    const size_t n =
        w->f->kernel->sift(c->entries, w->chunks, w->n_chunks, w->candidates);
    w->n_chunks = 0;
    for (size_t i = 0; i < n; i++) {
        __builtin_prefetch(&c->codes[w->candidates[i]]);
    }
    return compare(w, n, err);
}

/* What is behind the first two chunks of a large bucket. */
static int cut_rest(struct cw_codes_walk *w, struct cw_scan_chunk chunk, uint32_t end,
                    struct cw_err *err)
{
    while (chunk.first < end) {
        if (w->n_chunks == BLOCK_CHUNKS) {
            CW_TRY(take_chunks(w, err));
        }
        const uint32_t left = end - chunk.first;
        chunk.n = (uint8_t)(left < CW_SCAN_CHUNK ? left : CW_SCAN_CHUNK);
        __builtin_prefetch(w->codes->entries + chunk.first);
        w->chunks[w->n_chunks++] = chunk;
        chunk.first += chunk.n;
    }
    return 0;
}

/* Cuts a bucket into chunks. Most buckets have up to two, which are written whether they
 * are there or not. */
static int cut_bucket(struct cw_codes_walk *w, const struct probe *p, struct cw_err *err)
{
    const struct cw_codes *c = w->codes;
    const uint32_t first = w->bases[p->band] + c->starts[p->at];
    const uint32_t end = w->bases[p->band] + c->starts[p->at + 1];
    const uint32_t len = end - first;
    const uint32_t rest = len > CW_SCAN_CHUNK ? len - CW_SCAN_CHUNK : 0;
    struct cw_scan_chunk *chunk = &w->chunks[w->n_chunks];
    chunk[0] = chunk[1] = (struct cw_scan_chunk){
        .first = first, .check = w->checks[p->band], .most = p->most};
    chunk[0].n = (uint8_t)(len < CW_SCAN_CHUNK ? len : CW_SCAN_CHUNK);
    chunk[1].n = (uint8_t)(rest < CW_SCAN_CHUNK ? rest : CW_SCAN_CHUNK);
    chunk[1].first += CW_SCAN_CHUNK;
    __builtin_prefetch(c->entries + first);
    __builtin_prefetch(c->entries + first +
                       (rest > 0 ? 2 * CW_SCAN_CHUNK : CW_SCAN_CHUNK) - 1);
    w->n_chunks += (size_t)(len > 0) + (rest > 0);
    if (rest > CW_SCAN_CHUNK) {
        struct cw_scan_chunk more = chunk[1];
        more.first += CW_SCAN_CHUNK;
        CW_TRY(cut_rest(w, more, end, err));
    }
    return 0;
}

/* Middle stage: all buckets whose starts were asked for. */
static int take_probes(struct cw_codes_walk *w, struct cw_err *err)
{
    const size_t n = w->n_probes;
    w->n_probes = 0;
    for (size_t i = 0; i < n; i++) {
        if (w->n_chunks + 2 > BLOCK_CHUNKS) {
            CW_TRY(take_chunks(w, err));
        }
        CW_TRY(cut_bucket(w, &w->probes[i], err));
    }
    return take_chunks(w, err);
}

/* First stage, of one band: all keys around that of the hash. */
static int walk_band(struct cw_codes_walk *w, unsigned band, struct cw_err *err)
{
    const struct cw_codes *c = w->codes;
    const unsigned width = c->head.bands.width[band];
    const struct cw_band_masks *masks = w->f->masks;
    uint32_t at = 0;
    for (int ring = 0; ring <= w->plan->radius[band]; ring++) {
        const int8_t most = (int8_t)(w->plan->bound[band] - ring);
        while (at < masks->count[width][ring]) {
            if (w->n_probes == BLOCK_PROBES) {
                CW_TRY(take_probes(w, err));
            }
            const size_t room = BLOCK_PROBES - w->n_probes;
            const size_t left = masks->count[width][ring] - at;
            const size_t n = left < room ? left : room;
            struct probe *probes = w->probes + w->n_probes;
            for (size_t i = 0; i < n; i++) {
                const uint32_t key = w->keys[band] ^ masks->of_width[width][at + i];
                probes[i] = (struct probe){.at = (uint32_t)c->starts_at[band] + key,
                                           .band = (uint8_t)band,
                                           .most = most};
                __builtin_prefetch(c->starts + probes[i].at);
            }
            w->n_probes += n;
            at += (uint32_t)n;
        }
    }
    return 0;
}

static int walk_bands(struct cw_codes_walk *w, struct cw_err *err)
{
    const struct cw_bands *bands = &w->codes->head.bands;
    forget_seen(w);
    w->n_probes = w->n_chunks = 0;
    for (unsigned b = 0; b < bands->n; b++) {
        w->keys[b] = cw_band_key(&w->hash, bands->at[b], bands->width[b]);
        w->checks[b] = (uint8_t)cw_band_check(&w->hash, bands, b);
        w->bases[b] = b * w->codes->head.n_codes;
    }
    for (unsigned b = 0; b < bands->n; b++) {
        CW_TRY(walk_band(w, b, err));
    }
    return take_probes(w, err);
}

/* ---- scanning --------------------------------------------------------------------- */

/* Compares one hash with a block of codes. */
static int scan_block(const struct cw_codes *c, struct cw_finding *f, size_t index,
                      uint32_t first, uint32_t n, struct cw_err *err)
{
    struct cw_scan_hit found[BLOCK_ROWS];
    const struct cw_search_hash *h = &f->query->hashes[index];
    const unsigned far = h->inverted ? CW_HASH_BITS - (unsigned)h->radius : CW_SCAN_NEVER;
    const size_t n_found =
        f->kernel->scan(c->codes + first, n, &h->hash, h->radius, far, found);
    for (size_t i = 0; i < n_found; i++) {
        const struct cw_search_hit hit = cw_hit_of(h, index, found[i].distance);
        CW_TRY(add_code(c, f, first + found[i].row, hit, err));
    }
    return 0;
}

/* Compares some hashes with all codes; every block of codes is fetched once. */
static int scan_all(const struct cw_codes *c, struct cw_finding *f,
                    const uint16_t *indices, size_t n, struct cw_err *err)
{
    for (uint32_t first = 0; first < c->head.n_codes; first += BLOCK_ROWS) {
        const uint32_t left = c->head.n_codes - first;
        for (size_t i = 0; i < n; i++) {
            CW_TRY(scan_block(c, f, indices[i], first,
                              left < BLOCK_ROWS ? left : BLOCK_ROWS, err));
        }
    }
    return 0;
}

/* ---- one segment ------------------------------------------------------------------ */

static uint64_t scan_cost_ps(const struct cw_codes *c)
{
    return (uint64_t)c->head.n_codes * CW_COST_SCAN_PS;
}

/* How to look for a radius; NULL if by scanning. */
static const struct cw_band_plan *plan_of(const struct cw_codes *c, unsigned radius,
                                          bool only_bands)
{
    const struct cw_band_plan *p = radius <= CW_CODES_PLANNED ? &c->plans[radius] : NULL;
    return p != NULL && p->possible && (only_bands || p->cost_ps < scan_cost_ps(c))
               ? p
               : NULL;
}

uint64_t cw_codes_cost_ps(const struct cw_codes *c, unsigned radius)
{
    const struct cw_band_plan *p = plan_of(c, radius, false);
    return p != NULL ? p->cost_ps : scan_cost_ps(c);
}

/* Made by the first hash that needs it; its arrays need no clearing. */
static int take_walk(struct cw_finding *f, struct cw_err *err)
{
    if (f->walk != NULL) {
        return 0;
    }
    f->walk = malloc(sizeof *f->walk);
    if (f->walk == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for a search");
    }
    f->walk->any_seen = true;
    return 0;
}

static int walk_hash(const struct cw_codes *c, struct cw_finding *f,
                     const struct cw_band_plan *p, size_t index, struct cw_err *err)
{
    const struct cw_search_hash *h = &f->query->hashes[index];
    CW_TRY(take_walk(f, err));
    struct cw_codes_walk *w = f->walk;
    w->codes = c;
    w->f = f;
    w->plan = p;
    w->hash = h->hash;
    w->index = index;
    w->radius = h->radius;
    w->inverted = false;
    CW_TRY(walk_bands(w, err));
    f->cost_ps += p->cost_ps;
    if (h->inverted) {
        for (size_t i = 0; i < CW_HASH_BYTES; i++) {
            w->hash.b[i] = (uint8_t)~h->hash.b[i];
        }
        w->inverted = true;
        CW_TRY(walk_bands(w, err));
        f->cost_ps += p->cost_ps;
    }
    return 0;
}

int cw_codes_find(const struct cw_codes *c, struct cw_finding *f, struct cw_err *err)
{
    const struct cw_search_query *q = f->query;
    uint16_t scanned[CW_SEARCH_MAX_QUERY_HASHES];
    size_t n_scanned = 0;
    if (c->head.end_seq <= q->from) {
        return 0;
    }
    for (size_t i = 0; i < q->n_hashes; i++) {
        const struct cw_search_hash *h = &q->hashes[i];
        if (h->kind != c->head.kind) {
            continue;
        }
        const struct cw_band_plan *p = plan_of(c, h->radius, f->only_bands);
        if (p != NULL) {
            CW_TRY(walk_hash(c, f, p, i, err));
        } else {
            scanned[n_scanned++] = (uint16_t)i;
        }
    }
    f->cost_ps += n_scanned * scan_cost_ps(c);
    f->fallbacks += c->head.n_codes >= FALLBACK_CODES ? n_scanned : 0;
    return n_scanned == 0 ? 0 : scan_all(c, f, scanned, n_scanned, err);
}
