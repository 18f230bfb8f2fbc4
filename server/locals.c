#include "server/locals.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "hashing/geometry.h"

/* A placement by the descriptors that met in the index is worth a comparison in full from
 * this score on: a third of what makes a weak match. A full comparison finds more. */
#define WORTH_COMPARING 5.0

/* A sighting in order of arrival. */
struct kept {
    cw_studio_no studio;
    cw_sighting_no no;
    uint32_t bytes;
};

struct cw_locals {
    struct cw_locals_options options;
    struct cw_local_index *sides[CW_LOCALS_SIDES];
    _Atomic uint64_t marks[CW_LOCALS_SIDES];
    pthread_mutex_t lock; /* guards what follows */
    struct kept *kept;    /* a ring, oldest at `first` */
    size_t first, n_kept, cap;
    uint64_t bytes;
    cw_sighting_no newest;
};

int cw_locals_open(const struct cw_locals_options *options, struct cw_locals **out,
                   struct cw_err *err)
{
    const struct cw_local_options index = {.max_descriptors = options->max_descriptors};
    struct cw_locals *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    l->options = *options;
    (void)pthread_mutex_init(&l->lock, NULL);
    for (unsigned side = 0; side < CW_LOCALS_SIDES; side++) {
        const int rc = cw_local_open(&index, &l->sides[side], err);
        if (rc != 0) {
            cw_locals_close(l);
            return rc;
        }
    }
    *out = l;
    return 0;
}

void cw_locals_close(struct cw_locals *l)
{
    if (l != NULL) {
        for (unsigned side = 0; side < CW_LOCALS_SIDES; side++) {
            cw_local_close(l->sides[side]);
        }
        (void)pthread_mutex_destroy(&l->lock);
        free(l->kept);
        free(l);
    }
}

/* ---- additions -------------------------------------------------------------------- */

static int add(struct cw_locals *l, enum cw_locals_side side,
               const struct cw_local_picture *picture, struct cw_err *err)
{
    CW_TRY(cw_local_add(l->sides[side], picture, err));
    atomic_fetch_add(&l->marks[side], 1);
    return 0;
}

int cw_locals_add_asset(struct cw_locals *l, cw_studio_no studio, cw_asset_no no,
                        const struct cw_fingerprint *fp, struct cw_err *err)
{
    const struct cw_local_picture picture = {
        .asset = no,
        .studio = studio,
        .frame = {.width = fp->width, .height = fp->height},
        .n = fp->n_local < l->options.points ? fp->n_local : l->options.points,
        .local = fp->local};
    if (picture.n == 0 || fp->width == 0 || fp->height == 0) {
        return 0;
    }
    return add(l, CW_LOCALS_ASSETS, &picture, err);
}

void cw_locals_remove_asset(struct cw_locals *l, cw_asset_no no)
{
    cw_local_remove(l->sides[CW_LOCALS_ASSETS], no);
}

/* Makes room for one more in the ring. */
static int reserve(struct cw_locals *l, struct cw_err *err)
{
    if (l->n_kept < l->cap) {
        return 0;
    }
    const size_t cap = l->cap == 0 ? 1024 : l->cap * 2;
    struct kept *kept = malloc(cap * sizeof *kept);
    if (kept == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for %zu sightings", cap);
    }
    for (size_t i = 0; i < l->n_kept; i++) { /* the ring is full: n_kept = cap */
        kept[i] = l->kept[(l->first + i) % l->n_kept];
    }
    free(l->kept);
    l->kept = kept;
    l->cap = cap;
    l->first = 0;
    return 0;
}

/* Notes a sighting and lets the oldest go. The lock is held. */
static int keep(struct cw_locals *l, const struct kept *k, struct cw_err *err)
{
    CW_TRY(reserve(l, err));
    l->kept[(l->first + l->n_kept++) % l->cap] = *k;
    l->newest = k->no > l->newest ? k->no : l->newest;
    l->bytes += k->bytes;
    while (l->bytes > l->options.sighting_bytes) {
        const struct kept *oldest = &l->kept[l->first];
        cw_local_remove(l->sides[CW_LOCALS_SIGHTINGS], oldest->no);
        l->bytes -= oldest->bytes;
        l->first = (l->first + 1) % l->cap;
        l->n_kept--;
    }
    return 0;
}

int cw_locals_add_sighting(struct cw_locals *l, cw_studio_no studio, cw_sighting_no no,
                           const struct cw_fingerprint *fp, struct cw_err *err)
{
    const struct cw_local_picture picture = {
        .asset = no,
        .studio = studio,
        .frame = {.width = fp->width, .height = fp->height},
        .n = fp->n_local,
        .local = fp->local};
    const struct kept kept = {
        .studio = studio, .no = no, .bytes = (uint32_t)(fp->n_local * CW_FP_LOCAL_BYTES)};
    if (fp->n_local == 0 || fp->width == 0 || fp->height == 0 ||
        kept.bytes > l->options.sighting_bytes) {
        return 0;
    }
    CW_TRY(add(l, CW_LOCALS_SIGHTINGS, &picture, err));
    pthread_mutex_lock(&l->lock);
    const int rc = keep(l, &kept, err);
    pthread_mutex_unlock(&l->lock);
    return rc;
}

cw_sighting_no cw_locals_oldest(struct cw_locals *l, cw_studio_no studio)
{
    cw_sighting_no no = 0;
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < l->n_kept && no == 0; i++) {
        const struct kept *k = &l->kept[(l->first + i) % l->cap];
        no = k->studio == studio ? k->no : 0;
    }
    pthread_mutex_unlock(&l->lock);
    return no;
}

uint64_t cw_locals_mark(const struct cw_locals *l, enum cw_locals_side side)
{
    return atomic_load(&l->marks[side]);
}

/* ---- finding ---------------------------------------------------------------------- */

struct candidate {
    uint64_t no;
    double score;
};

struct candidates {
    size_t n;
    struct candidate items[2 * CW_LOCAL_CANDIDATES];
};

static void note(struct candidates *c, uint64_t no, double score)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->items[i].no == no) {
            c->items[i].score = score > c->items[i].score ? score : c->items[i].score;
            return;
        }
    }
    c->items[c->n++] = (struct candidate){.no = no, .score = score};
}

static int by_score(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;
    if (x->score != y->score) {
        return x->score > y->score ? -1 : 1;
    }
    return x->no < y->no ? -1 : x->no > y->no;
}

static void found_done(struct cw_local_found *f)
{
    cw_local_found_done(f);
}

/* Notes the pictures that can be placed by what met in the index. */
static int find_one_way(struct cw_local_index *ix, const struct cw_local_query *query,
                        struct cw_frame frame, struct candidates *out, struct cw_err *err)
{
    CW_AUTO(found_done) struct cw_local_found found = {0};
    CW_TRY(cw_local_find(ix, query, &found, err));
    for (size_t i = 0; i < found.n; i++) {
        const struct cw_local_candidate *c = &found.items[i];
        const struct cw_geometry_pair pair = {.query = query->local,
                                              .n_query = query->n,
                                              .query_frame = frame,
                                              .asset_frame = c->frame,
                                              .matches = c->matches,
                                              .n_matches = c->n_matches};
        struct cw_geometry placed;
        if (cw_geometry_place(&pair, query->mirrored, &placed) &&
            placed.score >= WORTH_COMPARING) {
            note(out, c->asset, placed.score);
        }
    }
    return 0;
}

int cw_locals_find(struct cw_locals *l, enum cw_locals_side side, cw_studio_no studio,
                   const struct cw_fingerprint *fp, uint64_t out[CW_LOCALS_CANDIDATES],
                   size_t *out_n, struct cw_err *err)
{
    const struct cw_frame frame = {.width = fp->width, .height = fp->height};
    struct cw_local_query query = {
        .studio = studio, .n = fp->n_local, .local = fp->local};
    struct candidates found = {0};
    *out_n = 0;
    if (fp->n_local == 0 || fp->width == 0 || fp->height == 0) {
        return 0;
    }
    CW_TRY(find_one_way(l->sides[side], &query, frame, &found, err));
    query.mirrored = true;
    CW_TRY(find_one_way(l->sides[side], &query, frame, &found, err));
    qsort(found.items, found.n, sizeof *found.items, by_score);
    for (; *out_n < found.n && *out_n < CW_LOCALS_CANDIDATES; (*out_n)++) {
        out[*out_n] = found.items[*out_n].no;
    }
    return 0;
}

/* ---- saving ------------------------------------------------------------------------ */

struct cw_locals_frozen {
    struct cw_local_frozen *sides[CW_LOCALS_SIDES];
    size_t n;
    cw_sighting_no newest;
    struct kept *kept; /* owned */
};

static const char *const SAVED_AS[CW_LOCALS_SIDES] = {"local-assets", "local-sightings"};

static int copy_kept(struct cw_locals *l, struct cw_locals_frozen *out,
                     struct cw_err *err)
{
    pthread_mutex_lock(&l->lock);
    out->n = l->n_kept;
    out->newest = l->newest;
    out->kept = calloc(l->n_kept + 1, sizeof *out->kept);
    for (size_t i = 0; out->kept != NULL && i < l->n_kept; i++) {
        out->kept[i] = l->kept[(l->first + i) % l->cap];
    }
    pthread_mutex_unlock(&l->lock);
    return out->kept == NULL ? cw_fail(err, CW_E_NO_MEMORY, "out of memory") : 0;
}

int cw_locals_freeze(struct cw_locals *l, struct cw_locals_frozen **out,
                     struct cw_err *err)
{
    struct cw_locals_frozen *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    int rc = copy_kept(l, f, err);
    for (unsigned side = 0; side < CW_LOCALS_SIDES && rc == 0; side++) {
        rc = cw_local_freeze(l->sides[side], &f->sides[side], err);
    }
    if (rc != 0) {
        cw_locals_frozen_free(f);
        return rc;
    }
    *out = f;
    return 0;
}

void cw_locals_frozen_free(struct cw_locals_frozen *f)
{
    if (f != NULL) {
        for (unsigned side = 0; side < CW_LOCALS_SIDES; side++) {
            cw_local_frozen_free(f->sides[side]);
        }
        free(f->kept);
        free(f);
    }
}

int cw_locals_save(const struct cw_locals_frozen *f, struct cw_saved *saved,
                   struct cw_buf *out, struct cw_err *err)
{
    for (unsigned side = 0; side < CW_LOCALS_SIDES; side++) {
        CW_AUTO(cw_buf_done) struct cw_buf list = CW_BUF_INIT(UINT32_MAX);
        CW_TRY(cw_local_save(f->sides[side], saved, SAVED_AS[side], &list, err));
        cw_put_bytes32(out, cw_buf_view(&list));
    }
    cw_put_u64(out, f->newest);
    cw_put_u64(out, f->n);
    for (size_t i = 0; i < f->n; i++) {
        cw_put_u32(out, f->kept[i].studio);
        cw_put_u64(out, f->kept[i].no);
        cw_put_u32(out, f->kept[i].bytes);
    }
    return cw_buf_check(out, "the saved local descriptors", err);
}

int cw_locals_sweep(struct cw_saved *saved, struct cw_bytes in, struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(in);
    for (unsigned side = 0; side < CW_LOCALS_SIDES; side++) {
        CW_TRY(cw_local_sweep(saved, SAVED_AS[side], cw_get_bytes32(&r), err));
    }
    return 0;
}

/* Those beyond a budget that became smaller meanwhile leave as ever. */
static int restore_kept(struct cw_locals *l, struct cw_reader *r, struct cw_err *err)
{
    int rc = 0;
    pthread_mutex_lock(&l->lock);
    const cw_sighting_no newest = cw_get_u64(r);
    const uint64_t n = cw_get_u64(r);
    for (uint64_t i = 0; i < n && rc == 0 && !r->failed; i++) {
        struct kept k = {.studio = cw_get_u32(r)};
        k.no = cw_get_u64(r);
        k.bytes = cw_get_u32(r);
        rc = keep(l, &k, err);
    }
    l->newest = newest;
    pthread_mutex_unlock(&l->lock);
    return rc != 0 ? rc : cw_reader_end(r, "saved sightings", err);
}

int cw_locals_restore(struct cw_locals *l, struct cw_saved *saved, struct cw_bytes in,
                      struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(in);
    int rc = 0;
    for (unsigned side = 0; side < CW_LOCALS_SIDES && rc == 0; side++) {
        rc = cw_local_restore(l->sides[side], saved, SAVED_AS[side], cw_get_bytes32(&r),
                              err);
    }
    return rc == 0 ? restore_kept(l, &r, err) : rc;
}

size_t cw_locals_points(const struct cw_locals *l)
{
    return l->options.points;
}

cw_sighting_no cw_locals_newest(struct cw_locals *l)
{
    pthread_mutex_lock(&l->lock);
    const cw_sighting_no no = l->newest;
    pthread_mutex_unlock(&l->lock);
    return no;
}

/* ---- upkeep ----------------------------------------------------------------------- */

int cw_locals_settle(struct cw_locals *l, struct cw_err *err)
{
    for (unsigned side = 0; side < CW_LOCALS_SIDES; side++) {
        CW_TRY(cw_local_settle(l->sides[side], err));
    }
    return 0;
}

void cw_locals_get_stats(struct cw_locals *l, enum cw_locals_side side,
                         struct cw_local_stats *out)
{
    cw_local_get_stats(l->sides[side], out);
}
