/* A segment is built in three steps. The rows of a delta are sorted by code; then they
 * and the codes of older segments, which are sorted already, are read side by side in
 * ascending order, equal codes becoming one; then rows are put in the order of their
 * owners, and a counting sort of the codes by each band makes the buckets. */
#include "index/codes.h"

#include <stdlib.h>

#include "index/keyed_sort.h"

#define WORDS (CW_HASH_BYTES / 8)

/* A row before rows are sorted by owner. */
struct loose_row {
    uint64_t owner, seq;
    uint32_t studio, code;
};

/* A stream of rows in the order of their codes. */
struct feed {
    const struct cw_codes *segment; /* NULL = the delta */
    uint64_t at, n;                 /* codes of a segment, rows of the delta */
    uint64_t head;                  /* first word of the code at hand */
};

/* A segment under construction. */
struct draft {
    const struct cw_codes_sources *from;
    struct cw_codes *out;
    struct cw_keyed *order; /* rows of the delta by code */
    struct feed *feeds;
    size_t n_feeds;
    struct loose_row *loose; /* rows in the order of codes */
    size_t cap;              /* rows there is room for */
    size_t n_codes, n_rows;
};

static void draft_done(struct draft *d)
{
    cw_codes_unref(d->out);
    cw_codes_give(d->loose, d->cap * sizeof *d->loose);
    free(d->feeds);
    free(d->order);
}

static int no_memory(const struct draft *d, struct cw_err *err)
{
    return cw_fail(err, CW_E_NO_MEMORY, "out of memory for a segment of %zu rows",
                   d->cap);
}

/* Eight bytes of a code as a number that sorts like them. */
static uint64_t word_of(const struct cw_hash *h, unsigned word)
{
    uint64_t v;
    memcpy(&v, h->b + (size_t)8 * word, sizeof v);
    return __builtin_bswap64(v);
}

/* ---- rows of the delta ------------------------------------------------------------ */

struct delta_row {
    const struct cw_chunk *chunk;
    size_t i;
};

static struct delta_row row_at(const struct cw_rows *r, uint64_t at)
{
    return (struct delta_row){.chunk = cw_rows_chunk(r, (size_t)(at / CW_CHUNK_ROWS)),
                              .i = (size_t)(at % CW_CHUNK_ROWS)};
}

static const struct cw_hash *delta_hash(const struct draft *d, uint64_t at)
{
    const struct delta_row r = row_at(d->from->rows, d->order[at].value);
    return &r.chunk->hashes[r.i];
}

/* Sorts a run of rows, whose codes are alike before a word, by the rest of their codes.
 * At most WORDS deep. */
static void sort_run(struct draft *d, size_t first, size_t n, unsigned word,
                     struct cw_keyed *spare)
{
    struct cw_keyed *run = d->order + first;
    for (size_t i = 0; i < n; i++) {
        run[i].key = word_of(delta_hash(d, first + i), word);
    }
    cw_keyed_sort(run, spare, n);
    for (size_t begin = 0, i = 1; i <= n && word + 1 < WORDS; i++) {
        if (i == n || run[i].key != run[begin].key) {
            if (i - begin > 1) {
                sort_run(d, first + begin, i - begin, word + 1, spare);
            }
            begin = i;
        }
    }
}

/* Sorts the rows of the kind by code. */
static int sort_delta(struct draft *d, size_t *out_n, struct cw_err *err)
{
    const uint64_t count = cw_rows_count(d->from->rows);
    size_t n = 0;
    d->order = calloc((size_t)count + 1, 2 * sizeof *d->order);
    if (d->order == NULL) {
        return no_memory(d, err);
    }
    for (uint64_t at = 0; at < count; at++) {
        const struct delta_row r = row_at(d->from->rows, at);
        if (r.chunk->kinds[r.i] == d->from->kind) {
            d->order[n++].value = (uint32_t)at;
        }
    }
    sort_run(d, 0, n, 0, d->order + n);
    *out_n = n;
    return 0;
}

/* ---- reading side by side --------------------------------------------------------- */

static const struct cw_hash *code_at_hand(const struct draft *d, const struct feed *f)
{
    return f->segment != NULL ? &f->segment->codes[f->at] : delta_hash(d, f->at);
}

static void note_head(const struct draft *d, struct feed *f)
{
    f->head = f->at < f->n ? word_of(code_at_hand(d, f), 0) : UINT64_MAX;
}

/* The feed with the least code; NULL if all are read. */
static struct feed *least_feed(const struct draft *d)
{
    struct feed *least = NULL;
    for (size_t i = 0; i < d->n_feeds; i++) {
        struct feed *f = &d->feeds[i];
        if (f->at < f->n &&
            (least == NULL || f->head < least->head ||
             (f->head == least->head &&
              memcmp(code_at_hand(d, f), code_at_hand(d, least), CW_HASH_BYTES) < 0))) {
            least = f;
        }
    }
    return least;
}

/* The rows of the code at hand of a segment. */
static void take_segment_rows(struct draft *d, struct feed *f)
{
    const struct cw_codes *c = f->segment;
    uint32_t n;
    const uint32_t *rows = cw_codes_rows_of(c, (uint32_t)f->at, &n);
    for (uint32_t i = 0; i < n; i++) {
        if (!cw_codes_is_gone(c, rows[i])) {
            d->loose[d->n_rows++] =
                (struct loose_row){.owner = cw_codes_owner(c, rows[i]),
                                   .seq = c->head.first_seq + c->rows[rows[i]].seq,
                                   .studio = c->rows[rows[i]].studio,
                                   .code = (uint32_t)d->n_codes};
        }
    }
}

static void take_delta_row(struct draft *d, const struct feed *f)
{
    const uint32_t at = d->order[f->at].value;
    const struct delta_row r = row_at(d->from->rows, at);
    const uint64_t owner =
        atomic_load_explicit(&r.chunk->owners[r.i], memory_order_relaxed);
    if (owner != 0) {
        d->loose[d->n_rows++] = (struct loose_row){.owner = owner,
                                                   .seq = d->from->rows_seq + at,
                                                   .studio = r.chunk->studios[r.i],
                                                   .code = (uint32_t)d->n_codes};
    }
}

/* Reads all feeds up: codes in ascending order, each once, and their rows. */
static void merge_feeds(struct draft *d)
{
    struct cw_hash *codes = d->out->codes;
    size_t n_rows = 0; /* before the last code */
    for (struct feed *f; (f = least_feed(d)) != NULL;) {
        const struct cw_hash *code = code_at_hand(d, f);
        if (d->n_rows > n_rows && memcmp(&codes[d->n_codes], code, sizeof *code) != 0) {
            n_rows = d->n_rows;
            d->n_codes++;
        }
        codes[d->n_codes] = *code;
        if (f->segment != NULL) {
            take_segment_rows(d, f);
        } else {
            take_delta_row(d, f);
        }
        f->at++;
        note_head(d, f);
    }
    d->n_codes += d->n_rows > n_rows ? 1 : 0;
}

static int open_feeds(struct draft *d, struct cw_err *err)
{
    const struct cw_codes_sources *from = d->from;
    size_t n_delta = 0;
    d->feeds = calloc(from->n_segments + 1, sizeof *d->feeds);
    if (d->feeds == NULL) {
        return no_memory(d, err);
    }
    for (size_t i = 0; i < from->n_segments; i++) {
        const struct cw_codes *c = from->segments[i];
        d->feeds[d->n_feeds++] = (struct feed){.segment = c, .n = c->head.n_codes};
        d->cap += c->head.n_rows;
    }
    if (from->rows != NULL) {
        CW_TRY(sort_delta(d, &n_delta, err));
        d->feeds[d->n_feeds++] = (struct feed){.n = n_delta};
        d->cap += n_delta;
    }
    for (size_t i = 0; i < d->n_feeds; i++) {
        note_head(d, &d->feeds[i]);
    }
    return 0;
}

/* ---- rows by owner ---------------------------------------------------------------- */

/* Places in the order of additions are kept in 32 bits, from the oldest row on. Should
 * rows be four thousand million additions apart, the oldest count as somewhat newer. */
static void note_places(struct cw_codes_head *h, const struct loose_row *rows, size_t n)
{
    h->first_seq = UINT64_MAX;
    h->end_seq = 0;
    for (size_t i = 0; i < n; i++) {
        h->first_seq = rows[i].seq < h->first_seq ? rows[i].seq : h->first_seq;
        h->end_seq = rows[i].seq >= h->end_seq ? rows[i].seq + 1 : h->end_seq;
    }
    if (h->end_seq - h->first_seq > UINT32_MAX) {
        h->first_seq = h->end_seq - UINT32_MAX;
    }
}

/* Reserves the lists of codes with several rows; rows are in the order of codes. */
static void reserve_links(struct cw_codes *c, const struct loose_row *rows, uint64_t n)
{
    uint64_t at = 0;
    for (uint64_t first = 0, i = 1; i <= n; i++) {
        if (i == n || rows[i].code != rows[first].code) {
            if (i - first > 1) {
                c->links[rows[first].code] = CW_CODES_MANY | (uint32_t)at;
                c->many[at] = 0;
                at += i - first + 1;
            }
            first = i;
        }
    }
}

static uint64_t count_many(const struct loose_row *rows, uint64_t n)
{
    uint64_t many = 0;
    for (uint64_t first = 0, i = 1; i <= n; i++) {
        if (i == n || rows[i].code != rows[first].code) {
            many += i - first > 1 ? i - first + 1 : 0;
            first = i;
        }
    }
    return many;
}

static void put_row(struct cw_codes *c, uint32_t row, const struct loose_row *from)
{
    const uint64_t first = c->head.first_seq;
    uint32_t *link = &c->links[from->code];
    c->rows[row] = (struct cw_code_row){
        .owner_low = (uint32_t)from->owner,
        .studio = from->studio,
        .seq = from->seq < first ? 0 : (uint32_t)(from->seq - first)};
    if ((*link & CW_CODES_MANY) != 0) {
        uint32_t *list = &c->many[*link & ~CW_CODES_MANY];
        list[++list[0]] = row;
    } else {
        *link = row;
    }
}

static uint32_t count_ranges(const struct cw_keyed *order, uint64_t n)
{
    uint32_t ranges = 1;
    for (uint64_t i = 1; i < n; i++) {
        ranges += order[i].key >> 32 != order[i - 1].key >> 32;
    }
    return ranges;
}

static int take_rows(struct draft *d, const struct cw_keyed *order, struct cw_err *err)
{
    struct cw_codes *c = d->out;
    struct cw_codes_head *h = &c->head;
    h->n_rows = (uint32_t)d->n_rows;
    h->n_ranges = count_ranges(order, d->n_rows);
    h->n_many = count_many(d->loose, d->n_rows);
    c->rows = cw_codes_take(h->n_rows * sizeof *c->rows);
    c->ranges = cw_codes_take(h->n_ranges * sizeof *c->ranges);
    c->links = cw_codes_take(h->n_codes * sizeof *c->links);
    c->many = cw_codes_take(h->n_many * sizeof *c->many);
    c->gone = calloc((h->n_rows + 63) / 64, sizeof *c->gone);
    return c->rows == NULL || c->ranges == NULL || c->links == NULL || c->many == NULL ||
                   c->gone == NULL
               ? no_memory(d, err)
               : 0;
}

static void fill_rows(struct draft *d, const struct cw_keyed *order)
{
    struct cw_codes *c = d->out;
    uint32_t n_ranges = 0;
    note_places(&c->head, d->loose, d->n_rows);
    reserve_links(c, d->loose, d->n_rows);
    for (uint32_t row = 0; row < c->head.n_rows; row++) {
        const uint32_t high = (uint32_t)(order[row].key >> 32);
        if (row == 0 || high != c->ranges[n_ranges - 1].owner_high) {
            c->ranges[n_ranges++] =
                (struct cw_code_range){.first = row, .owner_high = high};
        }
        put_row(c, row, &d->loose[order[row].value]);
    }
}

static int order_rows(struct draft *d, struct cw_err *err)
{
    const size_t len = (d->n_rows + 1) * 2 * sizeof(struct cw_keyed);
    struct cw_keyed *order = cw_codes_take(len);
    if (order == NULL) {
        return no_memory(d, err);
    }
    for (size_t i = 0; i < d->n_rows; i++) {
        order[i] = (struct cw_keyed){.key = d->loose[i].owner, .value = (uint32_t)i};
    }
    cw_keyed_sort(order, order + d->n_rows, d->n_rows);
    const int rc = take_rows(d, order, err);
    if (rc == 0) {
        fill_rows(d, order);
    }
    cw_codes_give(order, len);
    return rc;
}

/* ---- buckets ---------------------------------------------------------------------- */

/* How many other codes share a bucket with a code, on average. */
static float load_of(const uint32_t *starts, size_t n_keys, uint32_t n_codes)
{
    double pairs = 0;
    for (size_t k = 0; k < n_keys; k++) {
        const double n = starts[k + 1] - starts[k];
        pairs += n * n;
    }
    return (float)(pairs / n_codes - 1);
}

/* Counting sort of all codes by band b. */
static void fill_band(struct cw_codes *c, unsigned b)
{
    const unsigned at = c->head.bands.at[b];
    const unsigned width = c->head.bands.width[b];
    const size_t n_keys = (size_t)1 << width;
    uint32_t *starts = c->starts + c->starts_at[b];
    for (uint32_t i = 0; i < c->head.n_codes; i++) {
        starts[cw_band_key(&c->codes[i], at, width) + 1]++;
    }
    for (size_t k = 0; k < n_keys; k++) {
        starts[k + 1] += starts[k];
    }
    c->head.load[b] = load_of(starts, n_keys, c->head.n_codes);
    uint32_t *entries = c->entries + (size_t)b * c->head.n_codes;
    /* Filling moves each start to the next one's: moved back below. */
    for (uint32_t i = 0; i < c->head.n_codes; i++) {
        entries[starts[cw_band_key(&c->codes[i], at, width)]++] =
            i << CW_BAND_CHECK_BITS | cw_band_check(&c->codes[i], &c->head.bands, b);
    }
    memmove(starts + 1, starts, n_keys * sizeof *starts);
    starts[0] = 0;
}

/* Another number of bands for every number of codes, all of them quickly filled. */
static uint32_t bands_for_tests(uint32_t n_codes)
{
    return CW_BANDS_MOST - n_codes % 9;
}

static int fill_bands(struct draft *d, struct cw_err *err)
{
    struct cw_codes *c = d->out;
    struct cw_codes_head *h = &c->head;
    cw_bands_cut(d->from->always_bands ? bands_for_tests(h->n_codes)
                                       : cw_bands_for(h->n_codes),
                 &h->bands);
    h->n_starts = cw_bands_starts(&h->bands);
    h->n_entries = (uint64_t)h->bands.n * h->n_codes;
    c->starts = cw_codes_take(h->n_starts * sizeof *c->starts);
    c->entries = cw_codes_take(h->n_entries * sizeof *c->entries);
    if (c->starts == NULL || c->entries == NULL) {
        return no_memory(d, err);
    }
    cw_codes_place_starts(c);
    for (unsigned b = 0; b < h->bands.n; b++) {
        fill_band(c, b);
    }
    return 0;
}

/* ---- all of it -------------------------------------------------------------------- */

/* Everything is given back by draft_done at any point: an array is taken under the number
 * that the header has of it. */
static int build(struct draft *d, struct cw_err *err)
{
    struct cw_codes *c = d->out = calloc(1, sizeof *d->out);
    if (c == NULL) {
        return no_memory(d, err);
    }
    atomic_init(&c->refs, 1);
    c->head.kind = d->from->kind;
    CW_TRY(open_feeds(d, err));
    c->head.n_codes = (uint32_t)d->cap;
    c->codes = cw_codes_take(d->cap * sizeof *c->codes);
    d->loose = cw_codes_take(d->cap * sizeof *d->loose);
    if (c->codes == NULL || d->loose == NULL) {
        return no_memory(d, err);
    }
    merge_feeds(d);
    cw_codes_trim(c->codes, d->cap * sizeof *c->codes, d->n_codes * sizeof *c->codes);
    c->head.n_codes = (uint32_t)d->n_codes;
    if (d->n_rows == 0) {
        return 0;
    }
    CW_TRY(order_rows(d, err));
    cw_codes_give(d->loose, d->cap * sizeof *d->loose);
    d->loose = NULL;
    CW_TRY(fill_bands(d, err));
    return cw_codes_finish(c, err);
}

int cw_codes_build(const struct cw_codes_sources *from, struct cw_codes **out,
                   struct cw_err *err)
{
    CW_AUTO(draft_done) struct draft d = {.from = from};
    CW_TRY(build(&d, err));
    *out = NULL;
    if (d.n_rows > 0) {
        *out = d.out;
        d.out = NULL;
    }
    return 0;
}
