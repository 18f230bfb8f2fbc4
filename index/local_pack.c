#include "index/local_pack.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MEMORY_LINE 64
#define HUGE_PAGE ((size_t)2 << 20)

/* ---- tags ------------------------------------------------------------------------- */

/* A scale as octave and sixteenth: 4 % a step, where pyramids step by 20 %. */
static uint8_t scale_code(uint16_t scale)
{
    const unsigned octave = scale == 0 ? 0 : 31U - (unsigned)__builtin_clz(scale);
    const unsigned rest = ((unsigned)scale << 4 >> octave) & 15;
    return (uint8_t)(octave << 4 | rest);
}

static uint16_t scale_of(uint8_t code)
{
    const unsigned octave = code >> 4;
    return (uint16_t)((2U * (16 + (code & 15)) + 1) << octave >> 5); /* the middle */
}

struct cw_local_tag cw_local_tag_of(uint32_t row, size_t local, const struct cw_local *l)
{
    return (struct cw_local_tag){.row_high = (uint16_t)(row >> 16),
                                 .row_low = (uint16_t)row,
                                 .local = (uint16_t)local,
                                 .x = (uint8_t)(l->x >> 8),
                                 .y = (uint8_t)(l->y >> 8),
                                 .scale = scale_code(l->scale),
                                 .angle = (uint8_t)(l->angle >> 8)};
}

void cw_local_tag_pose(const struct cw_local_tag *t, struct cw_local_match *out)
{
    out->local = t->local;
    out->x = (uint16_t)(t->x << 8 | 128);
    out->y = (uint16_t)(t->y << 8 | 128);
    out->scale = scale_of(t->scale);
    out->angle = (uint16_t)(t->angle << 8 | 128);
}

/* ---- memory ----------------------------------------------------------------------- */

void cw_local_pack_ref(struct cw_local_pack *p)
{
    if (p != NULL) {
        atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    }
}

void cw_local_pack_unref(struct cw_local_pack *p)
{
    if (p != NULL && atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) == 1) {
        if (p->memory != NULL) {
            (void)munmap(p->memory, p->bytes);
        }
        free(p);
    }
}

static size_t whole_lines(size_t n)
{
    return (n + MEMORY_LINE - 1) / MEMORY_LINE * MEMORY_LINE;
}

/* One mapping, which goes back as a whole: an allocator would keep holes between packs.
 * Large ones in huge pages, as each look-up goes to another place and would miss the
 * table of pages as well; none in core dumps, as descriptors are secrets of their
 * studios. */
static int map_arrays(struct cw_local_pack *p, struct cw_err *err)
{
    const size_t starts =
        whole_lines((cw_local_buckets(p->key_bits) + 1) * sizeof *p->starts);
    const size_t seconds = whole_lines(p->n * sizeof *p->seconds);
    const size_t rests = whole_lines(p->n * sizeof *p->rests);
    p->bytes = starts + seconds + rests + p->n * sizeof *p->tags;
    void *memory =
        mmap(NULL, p->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for %u local descriptors", p->n);
    }
    (void)madvise(memory, p->bytes, MADV_DONTDUMP);
    if (p->bytes >= 4 * HUGE_PAGE) {
        (void)madvise(memory, p->bytes, MADV_HUGEPAGE);
    }
    uint8_t *at = p->memory = memory;
    p->starts = (uint32_t *)(void *)at;
    p->seconds = (uint64_t *)(void *)(at + starts);
    p->rests = (struct cw_local_rest *)(void *)(at + starts + seconds);
    p->tags = (struct cw_local_tag *)(void *)(at + starts + seconds + rests);
    return 0;
}

int cw_local_pack_new(unsigned key_bits, uint32_t n, struct cw_local_pack **out,
                      struct cw_err *err)
{
    struct cw_local_pack *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for %u local descriptors", n);
    }
    atomic_init(&p->refs, 1);
    p->key_bits = key_bits;
    p->n = n;
    const int rc = map_arrays(p, err);
    if (rc != 0) {
        cw_local_pack_unref(p);
        return rc;
    }
    *out = p;
    return 0;
}

/* ---- packing ---------------------------------------------------------------------- */

struct packing {
    const struct cw_local_source *sources;
    size_t n;
    unsigned key_bits;
    const struct cw_local_rows *rows;
};

static uint32_t bucket_of(const struct packing *w, const struct cw_local_source *s,
                          uint32_t i)
{
    return cw_local_bucket(cw_local_key(s->rests[i].first), w->key_bits);
}

static bool is_there(const struct packing *w, const struct cw_local_source *s, uint32_t i)
{
    return !cw_local_row_is_gone(
        cw_local_rows_at(w->rows, cw_local_tag_row(&s->tags[i])));
}

/* How many are to be kept, in all and of each bucket. */
static uint32_t count_buckets(const struct packing *w, uint32_t *kept)
{
    uint32_t n = 0;
    for (size_t k = 0; k < w->n; k++) {
        const struct cw_local_source *s = &w->sources[k];
        for (uint32_t i = 0; i < s->n; i++) {
            if (is_there(w, s, i)) {
                kept[bucket_of(w, s, i)]++;
                n++;
            }
        }
    }
    return n;
}

/* Copies each descriptor to the next free place of its bucket. A picture may have gone
 * since it was counted, and so leaves a bucket with room at its end: `ends` tells. */
static void fill(const struct packing *w, struct cw_local_pack *p, uint32_t *ends)
{
    for (size_t k = 0; k < w->n; k++) {
        const struct cw_local_source *s = &w->sources[k];
        for (uint32_t i = 0; i < s->n; i++) {
            if (is_there(w, s, i)) {
                const uint32_t at = ends[bucket_of(w, s, i)]++;
                p->seconds[at] = s->seconds[i];
                p->rests[at] = s->rests[i];
                p->tags[at] = s->tags[i];
            }
        }
    }
}

/* Closes the gaps that `fill` left, and begins the buckets where they are then. */
static void close_gaps(struct cw_local_pack *p, const uint32_t *ends)
{
    const size_t n_buckets = cw_local_buckets(p->key_bits);
    uint32_t at = 0;
    for (size_t k = 0; k < n_buckets; k++) {
        const uint32_t from = p->starts[k];
        const uint32_t n = ends[k] - from;
        if (at != from && n > 0) {
            memmove(p->seconds + at, p->seconds + from, n * sizeof *p->seconds);
            memmove(p->rests + at, p->rests + from, n * sizeof *p->rests);
            memmove(p->tags + at, p->tags + from, n * sizeof *p->tags);
        }
        p->starts[k] = at;
        at += n;
    }
    p->starts[n_buckets] = at;
    p->n = at;
}

/* Makes of the sizes of buckets where they begin; `ends` begins there too. */
static void begin_buckets(struct cw_local_pack *p, uint32_t *ends)
{
    uint32_t at = 0;
    for (size_t k = 0; k < cw_local_buckets(p->key_bits); k++) {
        const uint32_t n = ends[k];
        p->starts[k] = ends[k] = at;
        at += n;
    }
}

int cw_local_pack_make(const struct cw_local_source *sources, size_t n, unsigned key_bits,
                       const struct cw_local_rows *rows, struct cw_local_pack **out,
                       struct cw_err *err)
{
    const struct packing w = {
        .sources = sources, .n = n, .key_bits = key_bits, .rows = rows};
    uint32_t *ends = calloc(cw_local_buckets(key_bits), sizeof *ends);
    *out = NULL;
    if (ends == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for buckets of local descriptors");
    }
    const uint32_t kept = count_buckets(&w, ends);
    const int rc = kept == 0 ? 0 : cw_local_pack_new(key_bits, kept, out, err);
    if (*out != NULL) {
        begin_buckets(*out, ends);
        fill(&w, *out, ends);
        close_gaps(*out, ends);
    }
    free(ends);
    return rc;
}
