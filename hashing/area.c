/* Rows are added up before columns: that is one vector loop over a row, and the sums
 * across are left for the few finished rows. Colours are added up apart and weighed last;
 * the weights are 0.299, 0.587 and 0.114 in 1/16384.
 *
 * Compiled with -ffp-contract=off. */
#include "hashing/area.h"

#include <stdlib.h>
#include <string.h>

#define MAX_HEIGHT (1U << 24) /* 255 * height must fit 32 bits */
#define RED 4899U
#define GREEN 9617U
#define BLUE 1868U
#define ALL_COLOURS (RED + GREEN + BLUE)

/* In units, place i of `out` covers i * in .. (i + 1) * in, and source pixel s covers
 * s * out .. (s + 1) * out. */
static void fill_spans(struct cw_area_span *spans, uint32_t in, unsigned out)
{
    for (unsigned i = 0; i < out; i++) {
        const uint64_t from = (uint64_t)i * in;
        const uint64_t to = from + in;
        struct cw_area_span *s = &spans[i];
        s->first = (uint32_t)(from / out);
        s->last = (uint32_t)((to - 1) / out);
        if (s->first == s->last) {
            s->share_first = in;
            s->share_last = 0;
        } else {
            s->share_first = (uint32_t)((uint64_t)(s->first + 1) * out - from);
            s->share_last = (uint32_t)(to - (uint64_t)s->last * out);
        }
    }
}

static int reserve(struct cw_area *area, size_t items, struct cw_err *err)
{
    if (items <= area->sums_cap) {
        return 0;
    }
    free(area->sums);
    area->sums_cap = 0;
    area->sums = malloc(items * sizeof *area->sums);
    if (area->sums == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for rows of %zu values", items);
    }
    area->sums_cap = items;
    return 0;
}

int cw_area_begin(struct cw_area *area, const struct cw_area_sides *sides, unsigned bands,
                  struct cw_err *err)
{
    if (sides->in_height > MAX_HEIGHT || sides->in_width > MAX_HEIGHT) {
        return cw_fail(err, CW_E_TOO_LARGE, "picture is %u x %u px, the limit is %u",
                       sides->in_width, sides->in_height, MAX_HEIGHT);
    }
    const size_t items = (size_t)sides->in_width * bands;
    CW_TRY(reserve(area, items, err));
    area->in_width = sides->in_width;
    area->in_height = sides->in_height;
    area->out_width = sides->out_width;
    area->out_height = sides->out_height;
    area->bands = bands;
    area->missing = sides->in_height;
    const double units = (double)sides->in_width * (double)sides->in_height;
    area->per_unit = 1.0 / (bands == 1 ? units : units * ALL_COLOURS);
    fill_spans(area->spans, sides->in_width, sides->out_width);
    memset(area->sums, 0, items * sizeof *area->sums);
    return 0;
}

void cw_area_done(struct cw_area *area)
{
    free(area->sums);
    area->sums = NULL;
    area->sums_cap = 0;
}

static void add_row(uint32_t *restrict sums, const uint8_t *restrict row, size_t n,
                    uint16_t share)
{
    for (size_t i = 0; i < n; i++) {
        const uint16_t v = row[i];
        sums[i] += (uint32_t)v * share;
    }
}

static void start_row(uint32_t *restrict sums, const uint8_t *restrict row, size_t n,
                      uint16_t share)
{
    for (size_t i = 0; i < n; i++) {
        const uint16_t v = row[i];
        sums[i] = (uint32_t)v * share;
    }
}

/* Sum over one place, of one band of `bands`; `whole` is the share of a pixel that no
 * edge cuts. */
static inline uint64_t sum_across(const uint32_t *sums, const struct cw_area_span *s,
                                  unsigned whole, unsigned bands)
{
    uint64_t inside = 0;
    for (size_t i = (size_t)s->first + 1; i < s->last; i++) {
        inside += sums[i * bands];
    }
    return inside * whole + (uint64_t)sums[(size_t)s->first * bands] * s->share_first +
           (uint64_t)sums[(size_t)s->last * bands] * s->share_last;
}

static void finish_grey(struct cw_area *area)
{
    const uint32_t *sums = area->sums;
    for (unsigned x = 0; x < area->out_width; x++) {
        const uint64_t sum = sum_across(sums, &area->spans[x], area->out_width, 1);
        area->means[x] = (double)(int64_t)sum * area->per_unit;
    }
}

static void finish_coloured(struct cw_area *area)
{
    const uint32_t *sums = area->sums;
    for (unsigned x = 0; x < area->out_width; x++) {
        const struct cw_area_span *s = &area->spans[x];
        const uint64_t sum = RED * sum_across(sums, s, area->out_width, 3) +
                             GREEN * sum_across(sums + 1, s, area->out_width, 3) +
                             BLUE * sum_across(sums + 2, s, area->out_width, 3);
        area->means[x] = (double)(int64_t)sum * area->per_unit;
    }
}

bool cw_area_add(struct cw_area *area, const uint8_t *row)
{
    const size_t n = (size_t)area->in_width * area->bands;
    const unsigned whole = area->out_height;
    if (area->missing > whole) {
        add_row(area->sums, row, n, (uint16_t)whole);
        area->missing -= whole;
        return false;
    }
    add_row(area->sums, row, n, (uint16_t)area->missing);
    if (area->bands == 1) {
        finish_grey(area);
    } else {
        finish_coloured(area);
    }
    const unsigned rest = whole - area->missing;
    start_row(area->sums, row, n, (uint16_t)rest);
    area->missing = area->in_height - rest;
    return true;
}
