/* What is written and what is read meet in one pointer: the current snapshot, a list of
 * segments that never changes. A find takes a reference under a lock that is held for two
 * instructions, and works on it undisturbed; a writer makes a new list and swaps it in.
 *
 * Additions go into the fresh segment, where finds see them at once. When it is full, it
 * is packed, and cw_local_settle merges packed segments so that each is more than twelve
 * times as large as all after it together: every descriptor moves a few times only, and a
 * find looks into few segments.
 *
 * Locks, in order: merging (held while merging, by one thread), writing (additions,
 * removals, swapping), reading (the pointer). */
#include "index/local_index.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "index/local_snapshot.h"

#define MERGE_RATIO 12
#define BEHIND 16    /* packed segments: whoever adds merges first */
#define GONE_SHARE 4 /* a segment with a quarter of its pictures gone is packed anew */

struct cw_local_index {
    struct cw_local_options options;
    pthread_mutex_t merging;
    pthread_mutex_t writing;
    pthread_mutex_t reading;       /* guards: now */
    struct cw_local_snapshot *now; /* one reference */
    atomic_uint_fast64_t queries;
};

static uint32_t count_of(const struct cw_segment *s)
{
    return atomic_load_explicit(&s->n, memory_order_acquire);
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
    for (unsigned i = 0; i < s->n; i++) {
        cw_segment_unref(s->segments[i]);
    }
    free(s);
}

void cw_local_note_query(struct cw_local_index *ix)
{
    atomic_fetch_add_explicit(&ix->queries, 1, memory_order_relaxed);
}

/* Makes a list of segments the current one; takes a reference of each. The caller writes.
 */
static int publish(struct cw_local_index *ix, struct cw_segment *const *segments,
                   unsigned n, struct cw_err *err)
{
    struct cw_local_snapshot *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for a list of segments");
    }
    atomic_init(&s->refs, 1);
    s->n = n;
    for (unsigned i = 0; i < n; i++) {
        s->segments[i] = segments[i];
        cw_segment_ref(segments[i]);
    }
    pthread_mutex_lock(&ix->reading);
    struct cw_local_snapshot *old = ix->now;
    ix->now = s;
    pthread_mutex_unlock(&ix->reading);
    cw_local_snapshot_unref(old);
    return 0;
}

/* ---- opening and closing ---------------------------------------------------------- */

static int check_options(const struct cw_local_options *o, struct cw_err *err)
{
    if (o->max_descriptors > CW_NO_ID - 1) {
        return cw_fail(err, CW_E_INVALID, "too many local descriptors for one index");
    }
    if (o->key_bits != 0 &&
        (o->key_bits < CW_LOCAL_LEAST_KEY || o->key_bits > CW_LOCAL_MOST_KEY)) {
        return cw_fail(err, CW_E_INVALID, "keys of local descriptors have %d..%d bits",
                       CW_LOCAL_LEAST_KEY, CW_LOCAL_MOST_KEY);
    }
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
    struct cw_segment *fresh = NULL;
    int rc = cw_segment_fresh(options->key_bits, &fresh, err);
    if (rc == 0) {
        rc = publish(ix, &fresh, 1, err);
    }
    cw_segment_unref(fresh);
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
        pthread_mutex_destroy(&ix->merging);
        pthread_mutex_destroy(&ix->writing);
        pthread_mutex_destroy(&ix->reading);
        free(ix);
    }
}

/* ---- adding and removing ---------------------------------------------------------- */

static uint64_t total_of(const struct cw_local_snapshot *s)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < s->n; i++) {
        total += count_of(s->segments[i]);
    }
    return total;
}

/* Packs the fresh segment and begins a new one. The caller writes, so ix->now stays. */
static int begin_fresh(struct cw_local_index *ix, struct cw_err *err)
{
    const struct cw_local_snapshot *now = ix->now;
    struct cw_segment *list[CW_LOCAL_SEGMENTS + 1];
    struct cw_segment *packed = NULL;
    struct cw_segment *fresh = NULL;
    if (now->n == CW_LOCAL_SEGMENTS) {
        return cw_fail(err, CW_E_BUSY, "the local index is behind with merging");
    }
    memcpy(list, now->segments, now->n * sizeof *list);
    CW_TRY(cw_segment_pack(&list[now->n - 1], 1, ix->options.key_bits, total_of(now),
                           &packed, err));
    cw_segment_carry_gone(packed);
    int rc = cw_segment_fresh(ix->options.key_bits, &fresh, err);
    if (rc == 0) {
        list[now->n - 1] = packed;
        list[now->n] = fresh;
        rc = publish(ix, list, now->n + 1, err);
    }
    cw_segment_unref(packed);
    cw_segment_unref(fresh);
    return rc;
}

static int add_locked(struct cw_local_index *ix, const struct cw_local_picture *picture,
                      struct cw_err *err)
{
    if (total_of(ix->now) + picture->n > ix->options.max_descriptors) {
        return cw_fail(err, CW_E_BUSY, "the local index is full");
    }
    if (!cw_segment_has_room(ix->now->segments[ix->now->n - 1], picture->n)) {
        CW_TRY(begin_fresh(ix, err));
    }
    cw_segment_append(ix->now->segments[ix->now->n - 1], picture);
    return 0;
}

static bool is_behind(struct cw_local_index *ix)
{
    struct cw_local_snapshot *s = cw_local_snapshot_get(ix);
    const bool behind = s->n > BEHIND;
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
    for (unsigned i = 0; i < ix->now->n; i++) {
        cw_segment_remove(ix->now->segments[i], asset);
    }
    pthread_mutex_unlock(&ix->writing);
}

/* ---- merging ---------------------------------------------------------------------- */

/* A run of packed segments of a snapshot. */
struct run {
    unsigned first, n;
};

/* What is due: n = 0 if nothing. */
static struct run choose_run(const struct cw_local_snapshot *s)
{
    const unsigned n_packed = s->n - 1;
    uint64_t total = 0; /* of all segments */
    for (unsigned i = 0; i < n_packed; i++) {
        total += count_of(s->segments[i]);
    }
    for (unsigned i = 0; i < n_packed; i++) {
        const struct cw_segment *g = s->segments[i];
        const uint64_t after = total - count_of(g);
        if (i + 1 < n_packed && count_of(g) <= MERGE_RATIO * after) {
            return (struct run){.first = i, .n = n_packed - i};
        }
        const uint64_t gone = atomic_load_explicit(&g->n_gone, memory_order_relaxed);
        if (gone * GONE_SHARE > atomic_load_explicit(&g->n_rows, memory_order_relaxed)) {
            return (struct run){.first = i, .n = 1};
        }
        total = after;
    }
    return (struct run){0};
}

/* Puts `merged` in the place of a run. Others may have packed more behind it meanwhile.
 */
static int replace_run(struct cw_local_index *ix, struct run run,
                       struct cw_segment *merged, struct cw_err *err)
{
    struct cw_segment *list[CW_LOCAL_SEGMENTS];
    unsigned n = 0;
    pthread_mutex_lock(&ix->writing);
    cw_segment_carry_gone(merged);
    for (unsigned i = 0; i < ix->now->n; i++) {
        if (i == run.first) {
            list[n++] = merged;
        } else if (i < run.first || i >= run.first + run.n) {
            list[n++] = ix->now->segments[i];
        }
    }
    const int rc = publish(ix, list, n, err);
    pthread_mutex_unlock(&ix->writing);
    return rc;
}

static int merge_due(struct cw_local_index *ix, bool *out_merged, struct cw_err *err)
{
    struct cw_local_snapshot *s = cw_local_snapshot_get(ix);
    const struct run run = choose_run(s);
    int rc = 0;
    if (run.n != 0) {
        struct cw_segment *merged = NULL;
        rc = cw_segment_pack(s->segments + run.first, run.n, ix->options.key_bits,
                             total_of(s), &merged, err);
        if (rc == 0) {
            rc = replace_run(ix, run, merged, err);
        }
        cw_segment_unref(merged);
    }
    cw_local_snapshot_unref(s);
    *out_merged = run.n != 0;
    return rc;
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

/* ---- figures ---------------------------------------------------------------------- */

void cw_local_get_stats(struct cw_local_index *ix, struct cw_local_stats *out)
{
    struct cw_local_snapshot *s = cw_local_snapshot_get(ix);
    *out = (struct cw_local_stats){.bytes = sizeof *ix + sizeof *s, .segments = s->n};
    for (unsigned i = 0; i < s->n; i++) {
        const struct cw_segment *g = s->segments[i];
        out->pictures += atomic_load_explicit(&g->n_rows, memory_order_acquire);
        out->descriptors += count_of(g);
        out->removed += atomic_load_explicit(&g->n_gone, memory_order_relaxed);
        out->bytes += g->bytes;
    }
    out->queries = atomic_load_explicit(&ix->queries, memory_order_relaxed);
    cw_local_snapshot_unref(s);
}
