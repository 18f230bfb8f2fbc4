/* The list: version, the newest number of a segment, segments with their number and the
 * bits of what has gone, then rows that are in no segment. A segment: a header that tells
 * the order of bytes, then its arrays as they lie in memory. */
#include "index/search_save.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index/search_internal.h"

#define VERSION 1
#define BYTE_ORDER_MARK 0x01020304U
#define ARRAYS 7
#define ROW_BYTES (CW_HASH_BYTES + 8 + 4 + 1)
#define MOST_SEGMENTS 65536

/* Begins a saved segment; in the order of bytes of the machine, like what follows. */
struct segment_header {
    uint32_t order, version; /* BYTE_ORDER_MARK, VERSION */
    struct cw_codes_head head;
};

/* One array of a segment: where it is, and its length in bytes. */
struct array {
    void *p;
    size_t len;
};

static void arrays_of(const struct cw_codes *c, struct array out[ARRAYS])
{
    const struct cw_codes_head *h = &c->head;
    const struct array all[ARRAYS] = {{c->codes, h->n_codes * sizeof *c->codes},
                                      {c->links, h->n_codes * sizeof *c->links},
                                      {c->many, h->n_many * sizeof *c->many},
                                      {c->rows, h->n_rows * sizeof *c->rows},
                                      {c->ranges, h->n_ranges * sizeof *c->ranges},
                                      {c->starts, h->n_starts * sizeof *c->starts},
                                      {c->entries, h->n_entries * sizeof *c->entries}};
    memcpy(out, all, sizeof all);
}

static size_t gone_words(const struct cw_codes *c)
{
    return ((size_t)c->head.n_rows + 63) / 64;
}

/* ---- freezing --------------------------------------------------------------------- */

struct cw_search_frozen {
    struct cw_search *search;            /* borrowed */
    struct cw_search_snapshot *snapshot; /* one reference */
    uint64_t **gone;                     /* of each segment; owned */
    size_t n_rows;
    struct cw_search_row *rows; /* in no segment; owned */
};

static int copy_gone(struct cw_search_frozen *f, struct cw_err *err)
{
    const struct cw_search_snapshot *v = f->snapshot;
    f->gone = calloc(v->n_segments + 1, sizeof *f->gone);
    for (size_t i = 0; f->gone != NULL && i < v->n_segments; i++) {
        const struct cw_codes *c = v->segments[i];
        f->gone[i] = malloc((gone_words(c) + 1) * sizeof **f->gone);
        if (f->gone[i] == NULL) {
            return cw_fail(err, CW_E_NO_MEMORY, "out of memory to save the search");
        }
        for (size_t k = 0; k < gone_words(c); k++) {
            f->gone[i][k] = atomic_load_explicit(&c->gone[k], memory_order_relaxed);
        }
    }
    return f->gone == NULL
               ? cw_fail(err, CW_E_NO_MEMORY, "out of memory to save the search")
               : 0;
}

static void copy_delta(const struct cw_search_delta *d, uint64_t n,
                       struct cw_search_frozen *f)
{
    for (uint64_t at = 0; at < n; at++) {
        const struct cw_chunk *c = cw_rows_chunk(d->rows, (size_t)(at / CW_CHUNK_ROWS));
        const size_t i = (size_t)(at % CW_CHUNK_ROWS);
        const uint64_t owner = atomic_load_explicit(&c->owners[i], memory_order_relaxed);
        if (owner != 0) {
            f->rows[f->n_rows++] = (struct cw_search_row){.hash = c->hashes[i],
                                                          .owner = owner,
                                                          .studio = c->studios[i],
                                                          .kind = c->kinds[i]};
        }
    }
}

static int copy_rows(struct cw_search_frozen *f, struct cw_err *err)
{
    uint64_t counts[CW_SEARCH_DELTAS] = {0};
    uint64_t total = 0;
    for (unsigned i = 0; i < f->snapshot->n_deltas; i++) {
        counts[i] = cw_search_delta_rows(f->snapshot->deltas[i]);
        total += counts[i];
    }
    f->rows = calloc((size_t)total + 1, sizeof *f->rows);
    if (f->rows == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory to save the search");
    }
    for (unsigned i = 0; i < f->snapshot->n_deltas; i++) {
        copy_delta(f->snapshot->deltas[i], counts[i], f);
    }
    return 0;
}

int cw_search_freeze(struct cw_search *s, struct cw_search_frozen **out,
                     struct cw_err *err)
{
    struct cw_search_frozen *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory to save the search");
    }
    f->search = s;
    pthread_mutex_lock(&s->writing);
    f->snapshot = cw_search_snapshot_get(s);
    int rc = copy_gone(f, err);
    rc = rc == 0 ? copy_rows(f, err) : rc;
    pthread_mutex_unlock(&s->writing);
    if (rc != 0) {
        cw_search_frozen_free(f);
        return rc;
    }
    *out = f;
    return 0;
}

void cw_search_frozen_free(struct cw_search_frozen *f)
{
    if (f != NULL) {
        for (size_t i = 0; f->gone != NULL && i < f->snapshot->n_segments; i++) {
            free(f->gone[i]);
        }
        free(f->gone);
        free(f->rows);
        cw_search_snapshot_unref(f->snapshot);
        free(f);
    }
}

/* ---- saving ----------------------------------------------------------------------- */

static int save_segment(struct cw_saved *saved, const char *name, uint64_t no,
                        const struct cw_codes *c, struct cw_err *err)
{
    char blob[CW_SAVED_NAME_MAX + 1];
    const struct segment_header h = {
        .order = BYTE_ORDER_MARK, .version = VERSION, .head = c->head};
    struct array arrays[ARRAYS];
    struct cw_bytes parts[ARRAYS + 1] = {cw_bytes_of(&h, sizeof h)};
    arrays_of(c, arrays);
    for (size_t i = 0; i < ARRAYS; i++) {
        parts[i + 1] = cw_bytes_of(arrays[i].p, arrays[i].len);
    }
    cw_saved_part_name(name, no, blob);
    return cw_saved_put(saved, blob, parts, ARRAYS + 1, err);
}

static void put_rows(const struct cw_search_frozen *f, struct cw_buf *list)
{
    cw_put_u64(list, f->n_rows);
    for (size_t i = 0; i < f->n_rows; i++) {
        cw_buf_add(list, f->rows[i].hash.b, CW_HASH_BYTES);
        cw_put_u64(list, f->rows[i].owner);
        cw_put_u32(list, f->rows[i].studio);
        cw_put_u8(list, f->rows[i].kind);
    }
}

int cw_search_save(const struct cw_search_frozen *f, struct cw_saved *saved,
                   const char *name, struct cw_buf *list, struct cw_err *err)
{
    const struct cw_search_snapshot *v = f->snapshot;
    for (size_t i = 0; i < v->n_segments; i++) {
        struct cw_codes *c = v->segments[i];
        if (c->saved_as == 0) {
            CW_TRY(save_segment(saved, name, f->search->newest_saved + 1, c, err));
            c->saved_as = ++f->search->newest_saved;
        }
    }
    cw_put_u8(list, VERSION);
    cw_put_u64(list, f->search->newest_saved);
    cw_put_u32(list, (uint32_t)v->n_segments);
    for (size_t i = 0; i < v->n_segments; i++) {
        cw_put_u64(list, v->segments[i]->saved_as);
        cw_put_u32(list, (uint32_t)gone_words(v->segments[i]));
        for (size_t k = 0; k < gone_words(v->segments[i]); k++) {
            cw_put_u64(list, f->gone[i][k]);
        }
    }
    put_rows(f, list);
    return cw_buf_check(list, "the list of a saved search", err);
}

/* ---- lists ------------------------------------------------------------------------ */

static int corrupt(struct cw_err *err)
{
    return cw_fail(err, CW_E_CORRUPT, "the saved search makes no sense");
}

/* One segment of a list. */
struct entry {
    uint64_t no;
    uint32_t n_gone;      /* words */
    struct cw_bytes gone; /* as they are in the list */
};

/* Begins to read a list. */
static int get_start(struct cw_reader *r, uint64_t *out_newest, uint32_t *out_n,
                     struct cw_err *err)
{
    if (cw_get_u8(r) != VERSION) {
        return cw_fail(err, CW_E_CORRUPT, "the saved search has another format");
    }
    *out_newest = cw_get_u64(r);
    *out_n = cw_get_u32(r);
    return r->failed || *out_n > MOST_SEGMENTS ? corrupt(err) : 0;
}

static struct entry get_entry(struct cw_reader *r)
{
    struct entry e = {.no = cw_get_u64(r), .n_gone = cw_get_u32(r)};
    e.gone = cw_get_bytes(r, (size_t)e.n_gone * 8);
    return e;
}

int cw_search_sweep(struct cw_saved *saved, const char *name, struct cw_bytes list,
                    struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(list);
    uint64_t newest;
    uint32_t n;
    CW_TRY(get_start(&r, &newest, &n, err));
    uint64_t *numbers = calloc((size_t)n + 1, sizeof *numbers);
    if (numbers == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; i < n; i++) {
        numbers[i] = get_entry(&r).no;
    }
    const int rc =
        r.failed ? corrupt(err) : cw_saved_sweep_parts(saved, name, numbers, n, err);
    free(numbers);
    return rc;
}

/* ---- restoring: no search may be led out of its arrays ----------------------------- */

/* The header alone: counts that agree with each other and with the length of the blob. */
static bool is_head_sound(const struct cw_codes_head *h, uint64_t left)
{
    struct cw_bands bands = {0};
    const bool counts = h->n_rows > 0 && h->n_rows <= CW_CODES_MOST_ROWS &&
                        h->n_codes > 0 && h->n_codes <= h->n_rows && h->n_ranges > 0 &&
                        h->n_ranges <= h->n_rows &&
                        h->n_many <= 2 * (uint64_t)h->n_rows &&
                        (h->bands.n == 0 ||
                         (h->bands.n >= CW_BANDS_LEAST && h->bands.n <= CW_BANDS_MOST));
    if (!counts) {
        return false;
    }
    cw_bands_cut(h->bands.n, &bands);
    for (unsigned b = 0; b < h->bands.n; b++) {
        if (!isfinite(h->load[b]) || h->bands.at[b] != bands.at[b] ||
            h->bands.width[b] != bands.width[b] ||
            memcmp(h->bands.keys[b], bands.keys[b], sizeof bands.keys[b]) != 0) {
            return false;
        }
    }
    const struct cw_codes shape = {.head = *h};
    struct array arrays[ARRAYS];
    uint64_t total = 0;
    arrays_of(&shape, arrays);
    for (size_t i = 0; i < ARRAYS; i++) {
        total += arrays[i].len;
    }
    return h->n_starts == (h->bands.n == 0 ? 0 : cw_bands_starts(&bands)) &&
           h->n_entries == (uint64_t)h->bands.n * h->n_codes && total == left;
}

static bool are_links_sound(const struct cw_codes *c)
{
    const struct cw_codes_head *h = &c->head;
    for (uint32_t i = 0; i < h->n_codes; i++) {
        const uint32_t at = c->links[i] & ~CW_CODES_MANY;
        if ((c->links[i] & CW_CODES_MANY) == 0) {
            if (at >= h->n_rows) {
                return false;
            }
        } else if (at >= h->n_many || c->many[at] >= h->n_many - at) {
            return false;
        } else {
            for (uint32_t k = 1; k <= c->many[at]; k++) {
                if (c->many[at + k] >= h->n_rows) {
                    return false;
                }
            }
        }
    }
    return true;
}

static bool are_ranges_sound(const struct cw_codes *c)
{
    bool sound = c->ranges[0].first == 0;
    for (uint32_t i = 1; i < c->head.n_ranges; i++) {
        sound &= c->ranges[i].first > c->ranges[i - 1].first &&
                 c->ranges[i].first < c->head.n_rows;
    }
    return sound;
}

static bool are_buckets_sound(const struct cw_codes *c)
{
    const struct cw_codes_head *h = &c->head;
    bool sound = true;
    for (unsigned b = 0; b < h->bands.n; b++) {
        const uint32_t *starts = c->starts + c->starts_at[b];
        const size_t n_keys = (size_t)1 << h->bands.width[b];
        sound &= starts[0] == 0 && starts[n_keys] == h->n_codes;
        for (size_t k = 0; k < n_keys; k++) {
            sound &= starts[k] <= starts[k + 1];
        }
    }
    for (uint64_t i = 0; i < h->n_entries; i++) {
        sound &= c->entries[i] >> CW_BAND_CHECK_BITS < h->n_codes;
    }
    return sound;
}

static int read_segment(struct cw_saved_reader *r, struct cw_codes **out,
                        struct cw_err *err)
{
    struct segment_header h;
    struct array arrays[ARRAYS];
    CW_TRY(cw_saved_read(r, &h, sizeof h, err));
    if (h.order != BYTE_ORDER_MARK || h.version != VERSION ||
        !is_head_sound(&h.head, cw_saved_left(r))) {
        return corrupt(err);
    }
    CW_TRY(cw_codes_with_room(&h.head, out, err));
    arrays_of(*out, arrays);
    for (size_t i = 0; i < ARRAYS; i++) {
        CW_TRY(cw_saved_read(r, arrays[i].p, arrays[i].len, err));
    }
    cw_codes_place_starts(*out);
    if (!are_links_sound(*out) || !are_ranges_sound(*out) || !are_buckets_sound(*out)) {
        return corrupt(err);
    }
    return cw_codes_finish(*out, err);
}

static int restore_segment(struct cw_saved *saved, const char *name,
                           const struct entry *e, struct cw_codes **out,
                           struct cw_err *err)
{
    char blob[CW_SAVED_NAME_MAX + 1];
    CW_AUTO(cw_saved_end) struct cw_saved_reader *r = NULL;
    cw_saved_part_name(name, e->no, blob);
    const int rc = cw_saved_get(saved, blob, &r, err);
    if (rc != 0) {
        return rc == CW_E_NOT_FOUND ? corrupt(err) : rc;
    }
    CW_TRY(read_segment(r, out, err));
    if (gone_words(*out) != e->n_gone) {
        return corrupt(err);
    }
    struct cw_reader gone = cw_reader_of(e->gone);
    for (size_t k = 0; k < e->n_gone; k++) {
        const uint64_t word = cw_get_u64(&gone);
        atomic_init(&(*out)->gone[k], word);
        (*out)->n_gone += (unsigned)__builtin_popcountll(word);
    }
    (*out)->saved_as = e->no;
    return 0;
}

/* What is restored so far. */
struct restoring {
    size_t n;
    struct cw_codes **segments; /* owned, with a reference each */
    uint64_t n_rows, end_seq;
    struct cw_search_delta *fresh; /* one reference */
};

static void restoring_done(struct restoring *w)
{
    for (size_t i = 0; i < w->n; i++) {
        cw_codes_unref(w->segments[i]);
    }
    free(w->segments);
    cw_search_delta_unref(w->fresh);
}

static int restore_segments(struct cw_saved *saved, const char *name, uint32_t n,
                            struct cw_reader *r, struct restoring *w, struct cw_err *err)
{
    w->segments = calloc((size_t)n + 1, sizeof(*w->segments));
    if (w->segments == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct entry e = get_entry(r);
        struct cw_codes *c = NULL;
        const int rc = restore_segment(saved, name, &e, &c, err);
        if (c != NULL) {
            w->segments[w->n++] = c;
            w->n_rows += c->head.n_rows;
            w->end_seq = c->head.end_seq > w->end_seq ? c->head.end_seq : w->end_seq;
        }
        CW_TRY(rc);
    }
    return 0;
}

static int restore_rows(struct cw_reader *r, struct restoring *w, struct cw_err *err)
{
    const uint64_t n = cw_get_u64(r);
    if (n > r->in.len / ROW_BYTES) {
        return corrupt(err);
    }
    for (uint64_t i = 0; i < n; i++) {
        struct cw_search_row row;
        const struct cw_bytes hash = cw_get_bytes(r, CW_HASH_BYTES);
        memcpy(row.hash.b, hash.p, CW_HASH_BYTES);
        row.owner = cw_get_u64(r);
        row.studio = cw_get_u32(r);
        row.kind = cw_get_u8(r);
        if (row.owner == 0) {
            return corrupt(err);
        }
        CW_TRY(cw_rows_add(w->fresh->rows, &row, 1, err));
    }
    w->n_rows += n;
    return cw_reader_end(r, "the list of a saved search", err);
}

static int restore(struct cw_search *s, struct cw_saved *saved, const char *name,
                   struct cw_bytes list, struct restoring *w, struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(list);
    uint64_t newest;
    uint32_t n;
    CW_TRY(get_start(&r, &newest, &n, err));
    CW_TRY(restore_segments(saved, name, n, &r, w, err));
    CW_TRY(cw_search_delta_new(s, w->end_seq, &w->fresh, err));
    CW_TRY(restore_rows(&r, w, err));
    if (w->n_rows > s->max_rows) {
        return cw_fail(err, CW_E_BUSY, "more rows are saved than the search may hold");
    }
    pthread_mutex_lock(&s->writing);
    const int rc = cw_search_publish(s, &w->fresh, 1, w->segments, w->n, err);
    pthread_mutex_unlock(&s->writing);
    if (rc == 0) {
        s->newest_saved = newest;
    }
    return rc;
}

int cw_search_restore(struct cw_search *s, struct cw_saved *saved, const char *name,
                      struct cw_bytes list, struct cw_err *err)
{
    struct restoring w = {0};
    const int rc = restore(s, saved, name, list, &w, err);
    restoring_done(&w);
    return rc;
}
