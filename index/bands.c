/* The number of bands is a bargain: fewer are wider, so that buckets hold fewer strangers
 * but each needs a larger radius and there are more keys around a key; and the starts of
 * 2^width buckets have to be kept. */
#include "index/bands.h"

#include <stdlib.h>

#define FEW_CODES 1024 /* scanned in a microsecond */
#define REFERENCE_RADIUS 31
#define STARTS_BYTES 16      /* a code, for bucket starts */
#define MORE_STARTS_BYTES 32 /* beside, for each of the first MORE_CODES */
#define MORE_CODES 1000000

void cw_bands_cut(uint32_t n, struct cw_bands *out)
{
    unsigned at = 0;
    *out = (struct cw_bands){.n = n};
    for (unsigned i = 0; i < n; i++) {
        const unsigned width = CW_HASH_BITS / n + (i < CW_HASH_BITS % n ? 1 : 0);
        out->at[i] = (uint16_t)at;
        out->width[i] = (uint16_t)width;
        at += width;
    }
}

uint64_t cw_bands_starts(const struct cw_bands *b)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < b->n; i++) {
        n += ((uint64_t)1 << b->width[i]) + 1;
    }
    return n;
}

/* ---- cost ------------------------------------------------------------------------- */

static uint64_t choose(unsigned n, unsigned k)
{
    uint64_t c = 1;
    for (unsigned i = 0; i < k; i++) {
        c = c * (n - i) / (i + 1);
    }
    return c;
}

/* Of looking at all keys that differ from a key in exactly t bits. */
static double ring_cost(unsigned width, int t, float load)
{
    return (double)choose(width, (unsigned)t) *
           (CW_COST_PROBE_PS + (double)load * CW_COST_CANDIDATE_PS);
}

/* Rings grow dearer from one to the next, so taking the cheapest ring r + 1 times is the
 * best distribution. */
void cw_bands_plan(const struct cw_bands *b, const float *load, unsigned radius,
                   struct cw_band_plan *out)
{
    double next[CW_BANDS_MOST]; /* cost of each band's next ring */
    double cost = 0;
    out->possible = b->n * (CW_BAND_RADIUS + 1) > radius;
    for (unsigned i = 0; i < b->n; i++) {
        out->radius[i] = -1;
        next[i] = ring_cost(b->width[i], 0, load[i]);
    }
    for (unsigned left = out->possible ? radius + 1 : 0; left > 0; left--) {
        unsigned least = b->n;
        for (unsigned i = 0; i < b->n; i++) {
            if (out->radius[i] < CW_BAND_RADIUS &&
                (least == b->n || next[i] < next[least])) {
                least = i;
            }
        }
        cost += next[least];
        out->radius[least]++;
        next[least] = ring_cost(b->width[least], out->radius[least] + 1, load[least]);
    }
    out->cost_ps = (uint64_t)cost;
}

uint32_t cw_bands_for(uint64_t n_codes)
{
    const uint64_t more = n_codes < MORE_CODES ? n_codes : MORE_CODES;
    const uint64_t most_starts =
        (STARTS_BYTES * n_codes + MORE_STARTS_BYTES * more) / sizeof(uint32_t);
    uint64_t least = UINT64_MAX;
    uint32_t best = CW_BANDS_MOST;
    if (n_codes <= FEW_CODES) {
        return 0;
    }
    for (uint32_t n = CW_BANDS_LEAST; n <= CW_BANDS_MOST; n++) {
        struct cw_bands b;
        struct cw_band_plan plan;
        float load[CW_BANDS_MOST];
        cw_bands_cut(n, &b);
        for (unsigned i = 0; i < n; i++) {
            load[i] = (float)n_codes / (float)(1U << b.width[i]);
        }
        cw_bands_plan(&b, load, REFERENCE_RADIUS, &plan);
        if (plan.possible && plan.cost_ps < least && cw_bands_starts(&b) <= most_starts) {
            least = plan.cost_ps;
            best = n;
        }
    }
    return best;
}

/* ---- neighbours ------------------------------------------------------------------- */

/* The next larger number with as many bits set (Gosper). */
static uint32_t next_mask(uint32_t v)
{
    const uint32_t low = v & (0U - v);
    const uint32_t up = v + low;
    return up | (((up ^ v) >> 2) / low);
}

static uint32_t *fill_masks(struct cw_band_masks *m, unsigned width, uint32_t *at)
{
    uint32_t count = 0;
    m->of_width[width] = at;
    for (unsigned t = 0; t <= CW_BAND_RADIUS; t++) {
        uint32_t v = (1U << t) - 1;
        for (uint64_t i = choose(width, t); i > 0; i--) {
            at[count++] = v;
            v = t == 0 ? 0 : next_mask(v);
        }
        m->count[width][t] = count;
    }
    return at + count;
}

int cw_band_masks_init(struct cw_band_masks *m, struct cw_err *err)
{
    size_t n = 0;
    for (unsigned w = CW_BAND_NARROWEST; w <= CW_BAND_WIDEST; w++) {
        for (unsigned t = 0; t <= CW_BAND_RADIUS; t++) {
            n += choose(w, t);
        }
    }
    uint32_t *at = m->items = malloc(n * sizeof *at);
    if (at == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for the search");
    }
    m->n = n;
    for (unsigned w = CW_BAND_NARROWEST; w <= CW_BAND_WIDEST; w++) {
        at = fill_masks(m, w, at);
    }
    return 0;
}

size_t cw_band_masks_bytes(const struct cw_band_masks *m)
{
    return m->n * sizeof *m->items;
}

void cw_band_masks_done(struct cw_band_masks *m)
{
    free(m->items);
    *m = (struct cw_band_masks){0};
}
