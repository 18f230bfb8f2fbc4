/* The number of bands is a bargain: fewer are wider, so that buckets hold fewer strangers
 * but each needs a larger radius and there are more keys around a key; and the starts of
 * 2^width buckets have to be kept. */
#include "index/bands.h"

#include <stdlib.h>

#define FEW_CODES 1024 /* scanned in a microsecond */
#define REFERENCE_RADIUS 31
#define ASSUMED_BOUND 3      /* bits of a check that may differ, before that is known */
#define STARTS_BYTES 8       /* a code, for bucket starts */
#define MORE_STARTS_BYTES 32 /* beside, for each of the first MORE_CODES */
#define MORE_CODES 1000000

static uint64_t choose(unsigned n, unsigned k)
{
    uint64_t c = 1;
    for (unsigned i = 0; i < k; i++) {
        c = c * (n - i) / (i + 1);
    }
    return c;
}

void cw_bands_cut(uint32_t n, struct cw_bands *out)
{
    unsigned at = 0;
    *out = (struct cw_bands){.n = n};
    for (unsigned i = 0; i < n; i++) {
        const unsigned width = CW_HASH_BITS / n + (i < CW_HASH_BITS % n ? 1 : 0);
        out->at[i] = (uint16_t)at;
        out->width[i] = (uint16_t)width;
        at += width;
        for (unsigned t = 0; t <= CW_BAND_RADIUS; t++) {
            out->keys[i][t] = (uint32_t)choose(width, t);
        }
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

/* Of looking at all keys that differ from a key of band i in exactly t bits, when checks
 * may differ in `bound` - t bits. */
static double ring_cost(const struct cw_bands *b, unsigned i, int t, float load,
                        int bound)
{
    /* Which part of random checks differ in at most so many bits, in 1/256. */
    static const double within[CW_BAND_CHECK_BITS + 1] = {1,   9,   37,  93, 163,
                                                          219, 247, 255, 256};
    const int most = bound - t;
    const double passing = most < 0 ? 0
                           : most >= CW_BAND_CHECK_BITS
                               ? 1
                               : within[most] / (1U << CW_BAND_CHECK_BITS);
    return b->keys[i][t] *
           (CW_COST_PROBE_PS +
            (double)load * (CW_COST_ENTRY_PS + passing * CW_COST_CODE_PS));
}

static double plan_cost(const struct cw_bands *b, const float *load,
                        const struct cw_band_plan *p)
{
    double cost = 0;
    for (unsigned i = 0; i < b->n; i++) {
        for (int t = 0; t <= p->radius[i]; t++) {
            cost += ring_cost(b, i, t, load[i], p->bound[i]);
        }
    }
    return cost;
}

/* Rings grow dearer from one to the next, so taking the cheapest ring r + 1 times is the
 * best distribution; every other band comes first, as a band with a large radius is best
 * followed by one with a small one. What the next band rejects is not known yet: a third
 * passing is assumed. */
static void share_out(const struct cw_bands *b, const float *load, unsigned rings,
                      struct cw_band_plan *out)
{
    double next[CW_BANDS_MOST]; /* cost of each band's next ring */
    for (unsigned i = 0; i < b->n; i++) {
        next[i] = ring_cost(b, i, 0, load[i], ASSUMED_BOUND);
    }
    for (; rings > 0; rings--) {
        unsigned least = b->n;
        for (unsigned k = 0; k < b->n; k++) {
            const unsigned i = 2 * k < b->n ? 2 * k : (2 * k - b->n) | 1U;
            if (out->radius[i] < CW_BAND_RADIUS &&
                (least == b->n || next[i] < next[least])) {
                least = i;
            }
        }
        const int t = ++out->radius[least] + 1;
        if (t <= CW_BAND_RADIUS) {
            next[least] = ring_cost(b, least, t, load[least], t + ASSUMED_BOUND);
        }
    }
}

void cw_bands_plan(const struct cw_bands *b, const float *load, unsigned radius,
                   struct cw_band_plan *out)
{
    memset(out->radius, -1, sizeof out->radius);
    out->possible = b->n * (CW_BAND_RADIUS + 1) > radius;
    share_out(b, load, out->possible ? radius + 1 : 0, out);
    for (unsigned i = 0; i < b->n; i++) {
        out->bound[i] = (int8_t)(out->radius[i] + out->radius[cw_band_next(b, i)] + 1);
    }
    out->cost_ps = (uint64_t)plan_cost(b, load, out);
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
