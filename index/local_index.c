/* What is written and what is read meet in one pointer: the current snapshot, which never
 * changes. A find takes a reference under a lock that is held for two instructions, and
 * works on it undisturbed; a writer makes a new one and swaps it in.
 *
 * Additions go to the fresh descriptors, where finds see them at once. When there is no
 * more room they are packed as a level of their own, and cw_local_settle merges levels so
 * that each is more than MERGE_RATIO times as large as all after it together: every
 * descriptor moves a few times only, and a find looks into few levels. Levels are merged
 * one shard at a time, each swapped in by itself, so that the memory of one shard in 32
 * is needed twice.
 *
 * Locks, in order: merging (held while merging, by one thread), writing (additions,
 * removals, swapping), reading (the pointer). */
#include "index/local_index.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "index/local_save.h"
#include "index/local_snapshot.h"

#define MERGE_RATIO 8
#define BEHIND 16    /* levels: whoever adds merges first */
#define GONE_SHARE 4 /* with a quarter of the descriptors gone all is packed anew */
#define MORE_KEY 2   /* bits a small level may have beyond its own need */

struct cw_local_index {
    struct cw_local_options options;
    struct cw_local_rows *rows;
    pthread_mutex_t merging;
    pthread_mutex_t writing;
    pthread_mutex_t reading;       /* guards: now */
    struct cw_local_snapshot *now; /* one reference */
    atomic_uint_fast64_t queries;
    atomic_uint_fast64_t gone_pictures, gone; /* not yet dropped; gone: descriptors */
    uint64_t newest_saved;                    /* see cw_local_newest_saved */
    struct cw_local_flips flips[CW_LOCAL_MOST_KEY - CW_LOCAL_LEAST_KEY + 1];
};

const struct cw_local_rows *cw_local_rows_of(const struct cw_local_index *ix)
{
    return ix->rows;
}

const struct cw_local_flips *cw_local_flips(const struct cw_local_index *ix,
                                            unsigned key_bits)
{
    return &ix->flips[key_bits - CW_LOCAL_LEAST_KEY];
}

void cw_local_note_query(struct cw_local_index *ix)
{
    atomic_fetch_add_explicit(&ix->queries, 1, memory_order_relaxed);
}

/* ---- snapshots -------------------------------------------------------------------- */

struct cw_local_snapshot *cw_local_snapshot_get(struct cw_local_index *ix)
{
    pthread_mutex_lock(&ix->reading);
    struct cw_local_snapshot *s = ix->now;
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    pthread_mutex_unlock(&ix->reading);
    return s;
}

void cw_local_snapshot_unref(struct cw_local_snapshot *s)
{
    if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (unsigned i = 0; i < s->n_levels; i++) {
        for (unsigned shard = 0; shard < CW_LOCAL_SHARDS; shard++) {
            cw_local_pack_unref(s->levels[i].packs[shard]);
        }
    }
    cw_local_fresh_unref(s->fresh);
    free(s);
}

/* A copy with references of its own, to be changed and published. */
static int copy_snapshot(const struct cw_local_snapshot *from,
                         struct cw_local_snapshot **out, struct cw_err *err)
{
    struct cw_local_snapshot *s = malloc(sizeof *s);
    if (s == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for a list of packs");
    }
    atomic_init(&s->refs, 1);
    s->n_levels = from->n_levels;
    memcpy(s->levels, from->levels, sizeof s->levels);
    s->fresh = from->fresh;
    for (unsigned i = 0; i < s->n_levels; i++) {
        for (unsigned shard = 0; shard < CW_LOCAL_SHARDS; shard++) {
            cw_local_pack_ref(s->levels[i].packs[shard]);
        }
    }
    cw_local_fresh_ref(s->fresh);
    *out = s;
    return 0;
}

/* Makes it the current one and takes the caller's reference. The caller writes. */
static void publish(struct cw_local_index *ix, struct cw_local_snapshot *s)
{
    pthread_mutex_lock(&ix->reading);
    struct cw_local_snapshot *old = ix->now;
    ix->now = s;
    pthread_mutex_unlock(&ix->reading);
    cw_local_snapshot_unref(old);
}

static uint64_t total_of(const struct cw_local_snapshot *s)
{
    uint64_t total = atomic_load_explicit(&s->fresh->n, memory_order_acquire);
    for (unsigned i = 0; i < s->n_levels; i++) {
        total += s->levels[i].n;
    }
    return total;
}

/* ---- opening and closing ---------------------------------------------------------- */

static int check_options(const struct cw_local_options *o, struct cw_err *err)
{
    if (o->key_bits != 0 &&
        (o->key_bits < CW_LOCAL_LEAST_KEY || o->key_bits > CW_LOCAL_MOST_KEY)) {
        return cw_fail(err, CW_E_INVALID, "keys of local descriptors have %d..%d bits",
                       CW_LOCAL_LEAST_KEY, CW_LOCAL_MOST_KEY);
    }
    return 0;
}

int cw_local_snapshot_new(struct cw_local_snapshot **out, struct cw_err *err)
{
    struct cw_local_snapshot *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for the local index");
    }
    atomic_init(&s->refs, 1);
    const int rc = cw_local_fresh_new(&s->fresh, err);
    if (rc != 0) {
        cw_local_snapshot_unref(s);
        return rc;
    }
    *out = s;
    return 0;
}

int cw_local_open(const struct cw_local_options *options, struct cw_local_index **out,
                  struct cw_err *err)
{
    CW_TRY(check_options(options, err));
    struct cw_local_index *ix = calloc(1, sizeof *ix);
    if (ix == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for the local index");
    }
    ix->options = *options;
    pthread_mutex_init(&ix->merging, NULL);
    pthread_mutex_init(&ix->writing, NULL);
    pthread_mutex_init(&ix->reading, NULL);
    for (unsigned bits = CW_LOCAL_LEAST_KEY; bits <= CW_LOCAL_MOST_KEY; bits++) {
        cw_local_flips_of(bits, &ix->flips[bits - CW_LOCAL_LEAST_KEY]);
    }
    int rc = cw_local_rows_new(&ix->rows, err);
    if (rc == 0) {
        rc = cw_local_snapshot_new(&ix->now, err);
    }
    if (rc != 0) {
        cw_local_close(ix);
        return rc;
    }
    *out = ix;
    return 0;
}

void cw_local_close(struct cw_local_index *ix)
{
    if (ix != NULL) {
        cw_local_snapshot_unref(ix->now);
        cw_local_rows_free(ix->rows);
        pthread_mutex_destroy(&ix->merging);
        pthread_mutex_destroy(&ix->writing);
        pthread_mutex_destroy(&ix->reading);
        free(ix);
    }
}

/* ---- packing ---------------------------------------------------------------------- */

/* All levels are to cost a find about the same for each descriptor, so the key follows
 * the whole index; but the buckets of a small level are not to outgrow its contents. */
static unsigned choose_key(const struct cw_local_index *ix, uint64_t own, uint64_t total)
{
    const unsigned most = cw_local_key_bits(own) + MORE_KEY;
    const unsigned want = cw_local_key_bits(total);
    return ix->options.key_bits != 0 ? ix->options.key_bits : want < most ? want : most;
}

static int pack_fresh(struct cw_local_index *ix, struct cw_local_level *out,
                      struct cw_err *err)
{
    struct cw_local_sorted *s = NULL;
    CW_TRY(cw_local_fresh_sort(ix->now->fresh, &s, err));
    out->key_bits = choose_key(ix, s->starts[CW_LOCAL_SHARDS], total_of(ix->now));
    int rc = 0;
    for (unsigned k = 0; k < CW_LOCAL_SHARDS && rc == 0; k++) {
        const struct cw_local_source source = {.n = s->starts[k + 1] - s->starts[k],
                                               .seconds = s->seconds + s->starts[k],
                                               .rests = s->rests + s->starts[k],
                                               .tags = s->tags + s->starts[k]};
        rc = cw_local_pack_make(&source, 1, out->key_bits, ix->rows, &out->packs[k], err);
        out->n += out->packs[k] != NULL ? out->packs[k]->n : 0;
    }
    free(s);
    return rc;
}

static void drop_level(struct cw_local_level *l)
{
    for (unsigned shard = 0; shard < CW_LOCAL_SHARDS; shard++) {
        cw_local_pack_unref(l->packs[shard]);
    }
}

/* Packs the fresh descriptors and begins anew. The caller writes, so ix->now stays. */
static int begin_fresh(struct cw_local_index *ix, struct cw_err *err)
{
    struct cw_local_level packed = {0};
    struct cw_local_fresh *fresh = NULL;
    struct cw_local_snapshot *next = NULL;
    if (ix->now->n_levels == CW_LOCAL_LEVELS - 1) { /* one is for merging into */
        return cw_fail(err, CW_E_BUSY, "the local index is behind with merging");
    }
    int rc = pack_fresh(ix, &packed, err);
    if (rc == 0) {
        rc = cw_local_fresh_new(&fresh, err);
    }
    if (rc == 0) {
        rc = copy_snapshot(ix->now, &next, err);
    }
    if (rc != 0) {
        drop_level(&packed);
        cw_local_fresh_unref(fresh);
        return rc;
    }
    next->levels[next->n_levels++] = packed;
    cw_local_fresh_unref(next->fresh);
    next->fresh = fresh;
    publish(ix, next);
    return 0;
}

/* ---- adding and removing ---------------------------------------------------------- */

static int add_locked(struct cw_local_index *ix, const struct cw_local_picture *picture,
                      struct cw_err *err)
{
    const struct cw_local_row row = {.asset = picture->asset,
                                     .page = picture->page,
                                     .studio = picture->studio,
                                     .frame = picture->frame,
                                     .n = (uint16_t)picture->n};
    uint32_t no;
    if (total_of(ix->now) + picture->n > ix->options.max_descriptors) {
        return cw_fail(err, CW_E_BUSY, "the local index is full");
    }
    if (!cw_local_fresh_has_room(ix->now->fresh, picture->n)) {
        CW_TRY(begin_fresh(ix, err));
    }
    CW_TRY(cw_local_rows_add(ix->rows, &row, &no, err));
    cw_local_fresh_add(ix->now->fresh, no, picture->local, picture->n);
    return 0;
}

static bool is_behind(struct cw_local_index *ix)
{
    struct cw_local_snapshot *s = cw_local_snapshot_get(ix);
    const bool behind = s->n_levels > BEHIND;
    cw_local_snapshot_unref(s);
    return behind;
}

int cw_local_add(struct cw_local_index *ix, const struct cw_local_picture *picture,
                 struct cw_err *err)
{
    if (picture->asset == 0 || picture->n > CW_FP_MAX_LOCAL) {
        return cw_fail(err, CW_E_INVALID,
                       "a picture has an asset and up to %d descriptors",
                       CW_FP_MAX_LOCAL);
    }
    if (is_behind(ix)) {
        CW_TRY(cw_local_settle(ix, err));
    }
    pthread_mutex_lock(&ix->writing);
    const int rc = add_locked(ix, picture, err);
    pthread_mutex_unlock(&ix->writing);
    return rc;
}

void cw_local_remove(struct cw_local_index *ix, uint64_t asset)
{
    pthread_mutex_lock(&ix->writing);
    uint64_t pictures;
    uint64_t descriptors;
    cw_local_rows_remove(ix->rows, asset, &pictures, &descriptors);
    atomic_fetch_add(&ix->gone, descriptors);
    atomic_fetch_add(&ix->gone_pictures, pictures);
    pthread_mutex_unlock(&ix->writing);
}

/* ---- merging ---------------------------------------------------------------------- */

/* The levels from which on all are due to become one; n_levels if none are. */
static unsigned choose_level(const struct cw_local_index *ix,
                             const struct cw_local_snapshot *s)
{
    uint64_t after = total_of(s) - atomic_load(&s->fresh->n);
    if (atomic_load(&ix->gone) * GONE_SHARE > after) {
        return 0;
    }
    for (unsigned i = 0; i + 1 < s->n_levels; i++) {
        after -= s->levels[i].n;
        if (s->levels[i].n <= MERGE_RATIO * after) {
            return i;
        }
    }
    return s->n_levels;
}

/* Begins an empty level before level `at`. */
static int insert_level(struct cw_local_index *ix, unsigned at, unsigned key_bits,
                        struct cw_err *err)
{
    struct cw_local_snapshot *next = NULL;
    pthread_mutex_lock(&ix->writing);
    const int rc = copy_snapshot(ix->now, &next, err);
    if (rc == 0) {
        memmove(&next->levels[at + 1], &next->levels[at],
                (next->n_levels - at) * sizeof *next->levels);
        next->levels[at] = (struct cw_local_level){.key_bits = key_bits};
        next->n_levels++;
        publish(ix, next);
    }
    pthread_mutex_unlock(&ix->writing);
    return rc;
}

/* Moves a pack into level `to`, in the place of what it was made from: that shard of the
 * n levels behind. Takes the caller's reference. */
static int replace_shard(struct cw_local_index *ix, unsigned to, unsigned n,
                         unsigned shard, struct cw_local_pack *merged, struct cw_err *err)
{
    struct cw_local_snapshot *next = NULL;
    pthread_mutex_lock(&ix->writing);
    const int rc = copy_snapshot(ix->now, &next, err);
    if (rc == 0) {
        next->levels[to].packs[shard] = merged;
        next->levels[to].n += merged != NULL ? merged->n : 0;
        for (unsigned i = to + 1; i <= to + n; i++) {
            struct cw_local_level *l = &next->levels[i];
            l->n -= l->packs[shard] != NULL ? l->packs[shard]->n : 0;
            cw_local_pack_unref(l->packs[shard]);
            l->packs[shard] = NULL;
        }
        publish(ix, next);
    } else {
        cw_local_pack_unref(merged);
    }
    pthread_mutex_unlock(&ix->writing);
    return rc;
}

static int merge_shard(struct cw_local_index *ix, unsigned to, unsigned n, unsigned shard,
                       struct cw_err *err)
{
    struct cw_local_snapshot *s = cw_local_snapshot_get(ix);
    struct cw_local_source sources[CW_LOCAL_LEVELS] = {0};
    struct cw_local_pack *merged = NULL;
    for (unsigned i = 0; i < n; i++) {
        const struct cw_local_pack *p = s->levels[to + 1 + i].packs[shard];
        if (p != NULL) {
            sources[i] = (struct cw_local_source){
                .n = p->n, .seconds = p->seconds, .rests = p->rests, .tags = p->tags};
        }
    }
    const int rc =
        cw_local_pack_make(sources, n, s->levels[to].key_bits, ix->rows, &merged, err);
    cw_local_snapshot_unref(s);
    return rc != 0 ? rc : replace_shard(ix, to, n, shard, merged, err);
}

/* Takes levels without descriptors out. */
static int drop_empty(struct cw_local_index *ix, struct cw_err *err)
{
    struct cw_local_snapshot *next = NULL;
    pthread_mutex_lock(&ix->writing);
    const int rc = copy_snapshot(ix->now, &next, err);
    if (rc == 0) {
        unsigned n = 0;
        for (unsigned i = 0; i < next->n_levels; i++) {
            if (next->levels[i].n != 0) {
                next->levels[n++] = next->levels[i];
            }
        }
        next->n_levels = n;
        publish(ix, next);
    }
    pthread_mutex_unlock(&ix->writing);
    return rc;
}

/* Makes one of n levels. Nobody else merges, and what is added meanwhile becomes levels
 * behind them: so they stay where they are. What could not be merged for lack of memory
 * stays as it is beside what was. */
static int merge_levels(struct cw_local_index *ix, unsigned from, unsigned n,
                        unsigned key_bits, struct cw_err *err)
{
    int rc = insert_level(ix, from, key_bits, err);
    for (unsigned shard = 0; shard < CW_LOCAL_SHARDS && rc == 0; shard++) {
        rc = merge_shard(ix, from, n, shard, err);
    }
    const int dropped = drop_empty(ix, rc == 0 ? err : NULL);
    return rc != 0 ? rc : dropped;
}

static int merge_due(struct cw_local_index *ix, bool *out_merged, struct cw_err *err)
{
    struct cw_local_snapshot *s = cw_local_snapshot_get(ix);
    const unsigned from = choose_level(ix, s);
    const unsigned to = s->n_levels;
    const uint64_t total = total_of(s);
    const uint64_t gone = atomic_load(&ix->gone);
    const uint64_t gone_pictures = atomic_load(&ix->gone_pictures);
    uint64_t own = 0;
    for (unsigned i = from; i < to; i++) {
        own += s->levels[i].n;
    }
    cw_local_snapshot_unref(s);
    *out_merged = from < to;
    if (from < to) {
        CW_TRY(merge_levels(ix, from, to - from, choose_key(ix, own, total), err));
    }
    if (from == 0 && to > 0) { /* all but what is fresh has been looked through */
        atomic_fetch_sub(&ix->gone, gone);
        atomic_fetch_sub(&ix->gone_pictures, gone_pictures);
    }
    return 0;
}

int cw_local_settle(struct cw_local_index *ix, struct cw_err *err)
{
    bool merged = true;
    int rc = 0;
    pthread_mutex_lock(&ix->merging);
    while (rc == 0 && merged) {
        rc = merge_due(ix, &merged, err);
    }
    pthread_mutex_unlock(&ix->merging);
    return rc;
}

/* ---- freezing and thawing --------------------------------------------------------- */

int cw_local_freeze(struct cw_local_index *ix, struct cw_local_frozen **out,
                    struct cw_err *err)
{
    struct cw_local_frozen *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory to save the local index");
    }
    f->ix = ix;
    pthread_mutex_lock(&ix->writing);
    f->snapshot = cw_local_snapshot_get(ix);
    f->n_fresh = atomic_load_explicit(&f->snapshot->fresh->n, memory_order_relaxed);
    f->n_rows = cw_local_rows_count(ix->rows);
    f->gone = malloc(f->n_rows + 1);
    for (uint32_t i = 0; f->gone != NULL && i < f->n_rows; i++) {
        f->gone[i] = cw_local_row_is_gone(cw_local_rows_at(ix->rows, i));
    }
    pthread_mutex_unlock(&ix->writing);
    if (f->gone == NULL) {
        cw_local_frozen_free(f);
        return cw_fail(err, CW_E_NO_MEMORY, "no memory to save the local index");
    }
    *out = f;
    return 0;
}

void cw_local_frozen_free(struct cw_local_frozen *f)
{
    if (f != NULL) {
        cw_local_snapshot_unref(f->snapshot);
        free(f->gone);
        free(f);
    }
}

uint64_t *cw_local_newest_saved(struct cw_local_index *ix)
{
    return &ix->newest_saved;
}

int cw_local_thaw_row(struct cw_local_index *ix, const struct cw_local_row *row,
                      struct cw_err *err)
{
    uint32_t no;
    CW_TRY(cw_local_rows_add(ix->rows, row, &no, err));
    if (cw_local_row_is_gone(row)) {
        cw_local_rows_mark(ix->rows, no);
        atomic_fetch_add(&ix->gone, row->n);
        atomic_fetch_add(&ix->gone_pictures, 1);
    }
    return 0;
}

void cw_local_clear(struct cw_local_index *ix)
{
    cw_local_rows_clear(ix->rows);
    atomic_store(&ix->gone, 0);
    atomic_store(&ix->gone_pictures, 0);
}

void cw_local_thaw(struct cw_local_index *ix, struct cw_local_snapshot *s)
{
    pthread_mutex_lock(&ix->writing);
    publish(ix, s);
    pthread_mutex_unlock(&ix->writing);
}

/* ---- figures ---------------------------------------------------------------------- */

void cw_local_get_stats(struct cw_local_index *ix, struct cw_local_stats *out)
{
    pthread_mutex_lock(&ix->writing);
    const struct cw_local_snapshot *s = ix->now;
    *out = (struct cw_local_stats){
        .pictures = cw_local_rows_count(ix->rows),
        .descriptors = total_of(s),
        .removed = atomic_load(&ix->gone_pictures),
        .bytes =
            sizeof *ix + sizeof *s + sizeof *s->fresh + cw_local_rows_bytes(ix->rows),
        .queries = atomic_load_explicit(&ix->queries, memory_order_relaxed),
        .segments = s->n_levels + 1};
    for (unsigned i = 0; i < s->n_levels; i++) {
        for (unsigned shard = 0; shard < CW_LOCAL_SHARDS; shard++) {
            const struct cw_local_pack *p = s->levels[i].packs[shard];
            out->bytes += p != NULL ? p->bytes : 0;
        }
    }
    pthread_mutex_unlock(&ix->writing);
}
