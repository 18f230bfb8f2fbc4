/* Looking a hash up is a walk through memory in three stages, each of which asks for what
 * the next one will need: bucket starts, bucket contents, codes. A band is gone through
 * in blocks, so that some dozen fetches are always under way; which of them is late
 * matters little then. */
#include "index/codes.h"

#include <stdlib.h>

#define BLOCK_ROWS 512       /* scanned at once: 16 KB, half of a first-level cache */
#define BLOCK_CANDIDATES 256 /* compared at once */
#define STARTS_AHEAD 16
#define FALLBACK_CODES 65536 /* scanning fewer is no fallback, but faster */

/* One hash (or its complement) on its way through a segment. */
struct probe {
    const struct cw_codes *codes;
    struct cw_finding *f;
    const struct cw_band_plan *plan;
    struct cw_hash hash;
    size_t index; /* in the query */
    unsigned radius;
    bool inverted;
    unsigned band;
    size_t n; /* candidates gathered */
    uint32_t candidates[BLOCK_CANDIDATES];
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

/* Whether an earlier band has led to this code, too. */
static bool seen_before(const struct probe *p, uint32_t code)
{
    const struct cw_bands *bands = &p->codes->head.bands;
    const struct cw_hash *h = &p->codes->codes[code];
    for (unsigned b = 0; b < p->band; b++) {
        const uint32_t differing = cw_band_key(h, bands->at[b], bands->width[b]) ^
                                   cw_band_key(&p->hash, bands->at[b], bands->width[b]);
        if (__builtin_popcount(differing) <= p->plan->radius[b]) {
            return true;
        }
    }
    return false;
}

/* Compares the gathered candidates. */
static int compare(struct probe *p, struct cw_err *err)
{
    struct cw_scan_hit found[BLOCK_CANDIDATES];
    const size_t n = p->f->kernel->pick(p->codes->codes, p->candidates, p->n, &p->hash,
                                        p->radius, found);
    p->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (!seen_before(p, found[i].row)) {
            const struct cw_search_hit hit = {.distance = found[i].distance,
                                              .hash_index = (uint16_t)p->index,
                                              .inverted = p->inverted};
            CW_TRY(add_code(p->codes, p->f, found[i].row, hit, err));
        }
    }
    return 0;
}

/* ---- buckets ---------------------------------------------------------------------- */

/* A bucket that is not empty. */
struct bucket {
    uint32_t first, end;
};

static int gather(struct probe *p, const uint32_t *ids, struct bucket b,
                  struct cw_err *err)
{
    for (uint32_t at = b.first; at < b.end; at++) {
        const uint32_t id = ids == NULL ? at : ids[at];
        __builtin_prefetch(&p->codes->codes[id]);
        p->candidates[p->n++] = id;
        if (p->n == BLOCK_CANDIDATES) {
            CW_TRY(compare(p, err));
        }
    }
    return 0;
}

/* Looks at the buckets of `key ^ masks[0..n-1]`. */
static int probe_block(struct probe *p, uint32_t key, const uint32_t *masks, size_t n,
                       struct cw_err *err)
{
    const struct cw_codes *c = p->codes;
    const uint32_t *starts = c->starts + c->starts_at[p->band];
    const uint32_t *ids =
        p->band == 0 ? NULL : c->ids + (size_t)(p->band - 1) * c->head.n_codes;
    struct bucket buckets[BLOCK_CANDIDATES];
    size_t n_buckets = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t k = key ^ masks[i];
        if (i + STARTS_AHEAD < n) {
            __builtin_prefetch(&starts[key ^ masks[i + STARTS_AHEAD]]);
        }
        buckets[n_buckets] = (struct bucket){.first = starts[k], .end = starts[k + 1]};
        if (buckets[n_buckets].first != buckets[n_buckets].end) {
            __builtin_prefetch(ids == NULL ? (const void *)&c->codes[starts[k]]
                                           : (const void *)&ids[starts[k]]);
            n_buckets++;
        }
    }
    for (size_t i = 0; i < n_buckets; i++) {
        CW_TRY(gather(p, ids, buckets[i], err));
    }
    return 0;
}

static int probe_bands(struct probe *p, struct cw_err *err)
{
    const struct cw_bands *bands = &p->codes->head.bands;
    for (unsigned b = 0; b < bands->n; b++) {
        if (p->plan->radius[b] < 0) {
            continue;
        }
        const unsigned width = bands->width[b];
        const uint32_t *masks = p->f->masks->of_width[width];
        const size_t n = p->f->masks->count[width][p->plan->radius[b]];
        const uint32_t key = cw_band_key(&p->hash, bands->at[b], width);
        p->band = b;
        for (size_t at = 0; at < n; at += BLOCK_CANDIDATES) {
            const size_t left = n - at;
            CW_TRY(probe_block(p, key, masks + at,
                               left < BLOCK_CANDIDATES ? left : BLOCK_CANDIDATES, err));
        }
        CW_TRY(compare(p, err)); /* seen_before asks which band it was */
    }
    return 0;
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

/* Plans a radius; false if scanning is cheaper. */
static bool plan(const struct cw_codes *c, unsigned radius, struct cw_band_plan *out)
{
    cw_bands_plan(&c->head.bands, c->head.load, radius, out);
    return out->possible && out->cost_ps < scan_cost_ps(c);
}

uint64_t cw_codes_cost_ps(const struct cw_codes *c, unsigned radius)
{
    struct cw_band_plan p;
    return plan(c, radius, &p) ? p.cost_ps : scan_cost_ps(c);
}

static int probe_hash(const struct cw_codes *c, struct cw_finding *f,
                      const struct cw_band_plan *p, size_t index, struct cw_err *err)
{
    const struct cw_search_hash *h = &f->query->hashes[index];
    struct probe probe; /* the candidates need no clearing */
    probe.codes = c;
    probe.f = f;
    probe.plan = p;
    probe.hash = h->hash;
    probe.index = index;
    probe.radius = h->radius;
    probe.inverted = false;
    probe.n = 0;
    CW_TRY(probe_bands(&probe, err));
    f->cost_ps += p->cost_ps;
    if (h->inverted) {
        for (size_t i = 0; i < CW_HASH_BYTES; i++) {
            probe.hash.b[i] = (uint8_t)~h->hash.b[i];
        }
        probe.inverted = true;
        CW_TRY(probe_bands(&probe, err));
        f->cost_ps += p->cost_ps;
    }
    return 0;
}

int cw_codes_find(const struct cw_codes *c, struct cw_finding *f, struct cw_err *err)
{
    const struct cw_search_query *q = f->query;
    uint16_t scanned[CW_SEARCH_MAX_QUERY_HASHES];
    size_t n_scanned = 0;
    struct cw_band_plan p;
    unsigned planned = UINT32_MAX; /* the radius that p is for */
    bool by_bands = false;
    if (c->head.end_seq <= q->from) {
        return 0;
    }
    for (size_t i = 0; i < q->n_hashes; i++) {
        const struct cw_search_hash *h = &q->hashes[i];
        if (h->kind != c->head.kind) {
            continue;
        }
        if (h->radius != planned) {
            by_bands = plan(c, h->radius, &p) || (f->only_bands && p.possible);
            planned = h->radius;
        }
        if (by_bands) {
            CW_TRY(probe_hash(c, f, &p, i, err));
        } else {
            scanned[n_scanned++] = (uint16_t)i;
        }
    }
    f->cost_ps += n_scanned * scan_cost_ps(c);
    f->fallbacks += c->head.n_codes >= FALLBACK_CODES ? n_scanned : 0;
    return n_scanned == 0 ? 0 : scan_all(c, f, scanned, n_scanned, err);
}
