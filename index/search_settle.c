/* Settling keeps the number of segments small without moving rows often. Of each kind,
 * the segments are looked at from the largest to the smallest, and from the first one on
 * that is not more than `ratio` times as large as all after it together, they become one.
 * A ratio of 12 leaves little beside the largest segment, so that a query costs hardly
 * more than with one; every row is moved a dozen times at most in each of two or three
 * sizes. With a ratio of 1 a row is moved as often as sizes double.
 *
 * A segment is never larger than CW_CODES_MOST_ROWS: searching two of that size costs
 * what one of the double size would, and merging needs no more memory than for one. */
#include <stdlib.h>

#include "index/search_internal.h"

#define GONE_SHARE 4     /* a segment with a quarter of its rows gone is built anew */
#define SMALL_ROWS 32768 /* are moved in 10 ms, so they become one in any case */
#define KINDS 256

/* ---- building beside removals ----------------------------------------------------- */

static void begin_build(struct cw_search *s)
{
    pthread_mutex_lock(&s->writing);
    s->gone.wanted = true;
    s->gone.failed = false;
    s->gone.n = 0;
    pthread_mutex_unlock(&s->writing);
}

/* Removes once more what went meanwhile. The caller writes. */
static int carry_gone(struct cw_search *s, struct cw_codes *const *built, size_t n,
                      struct cw_err *err)
{
    s->gone.wanted = false;
    if (s->gone.failed) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for removals beside a merge");
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < s->gone.n; k++) {
            cw_codes_remove(built[i], s->gone.owners[k]);
        }
    }
    return 0;
}

static void end_build(struct cw_search *s)
{
    pthread_mutex_lock(&s->writing);
    s->gone.wanted = false;
    pthread_mutex_unlock(&s->writing);
}

/* Publishes `deltas` and the current segments, with those in `old` replaced by `built`.
 * The caller writes. */
static int replace(struct cw_search *s, struct cw_search_delta *const *deltas,
                   unsigned n_deltas, struct cw_codes *const *old, size_t n_old,
                   struct cw_codes *const *built, size_t n_built, struct cw_err *err)
{
    const struct cw_search_snapshot *now = s->now;
    size_t n = 0;
    struct cw_codes **list = calloc(now->n_segments + n_built + 1, sizeof(*list));
    if (list == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for a list of segments");
    }
    for (size_t i = 0; i < now->n_segments; i++) {
        bool stays = true;
        for (size_t k = 0; k < n_old; k++) {
            stays = stays && now->segments[i] != old[k];
        }
        if (stays) {
            list[n++] = now->segments[i];
        }
    }
    for (size_t i = 0; i < n_built; i++) {
        list[n++] = built[i];
    }
    const int rc = cw_search_publish(s, deltas, n_deltas, list, n, err);
    free(list);
    return rc;
}

/* ---- packing ---------------------------------------------------------------------- */

/* Puts an empty delta behind the one that grows, if that is worth a segment. Sets *out to
 * the full one, whose reference is the caller's, or NULL. */
static int freeze(struct cw_search *s, struct cw_search_delta **out, struct cw_err *err)
{
    struct cw_search_delta *fresh = NULL;
    struct cw_search_delta *full = s->now->deltas[0];
    int rc = 0;
    if (s->now->n_deltas == 1) {
        const uint64_t n = cw_search_delta_rows(full);
        if (n < s->pack_rows) {
            return 0;
        }
        rc = cw_search_delta_new(s, full->first_seq + n, &fresh, err);
        if (rc == 0) {
            struct cw_search_delta *deltas[CW_SEARCH_DELTAS] = {full, fresh};
            rc = replace(s, deltas, CW_SEARCH_DELTAS, NULL, 0, NULL, 0, err);
        }
        cw_search_delta_unref(fresh);
    }
    if (rc == 0) {
        atomic_fetch_add_explicit(&full->refs, 1, memory_order_relaxed);
        *out = full;
    }
    return rc;
}

/* One segment for each kind of view there is in a delta. */
static int build_kinds(const struct cw_search *s, const struct cw_search_delta *d,
                       struct cw_codes *built[KINDS], size_t *n_built, struct cw_err *err)
{
    const uint64_t n = cw_search_delta_rows(d);
    bool there[KINDS] = {false};
    for (uint64_t at = 0; at < n; at++) {
        there[cw_rows_chunk(d->rows, (size_t)(at / CW_CHUNK_ROWS))
                  ->kinds[at % CW_CHUNK_ROWS]] = true;
    }
    for (unsigned kind = 0; kind < KINDS; kind++) {
        const struct cw_codes_sources from = {.kind = (uint8_t)kind,
                                              .always_bands = s->only_bands,
                                              .rows = d->rows,
                                              .rows_seq = d->first_seq};
        struct cw_codes *c = NULL;
        if (there[kind]) {
            CW_TRY(cw_codes_build(&from, &c, err));
        }
        if (c != NULL) {
            built[(*n_built)++] = c;
        }
    }
    return 0;
}

static int publish_packed(struct cw_search *s, struct cw_codes *const *built, size_t n,
                          struct cw_err *err)
{
    pthread_mutex_lock(&s->writing);
    int rc = carry_gone(s, built, n, err);
    if (rc == 0) {
        struct cw_search_delta *const fresh = cw_search_fresh(s->now);
        rc = replace(s, &fresh, 1, NULL, 0, built, n, err);
    }
    pthread_mutex_unlock(&s->writing);
    return rc;
}

/* After a failure the full delta stays where it is, and the next call takes it up. */
static int pack(struct cw_search *s, struct cw_err *err)
{
    struct cw_search_delta *full = NULL;
    struct cw_codes *built[KINDS];
    size_t n = 0;
    pthread_mutex_lock(&s->writing);
    int rc = freeze(s, &full, err);
    pthread_mutex_unlock(&s->writing);
    if (rc != 0 || full == NULL) {
        return rc;
    }
    begin_build(s);
    rc = build_kinds(s, full, built, &n, err);
    if (rc == 0) {
        rc = publish_packed(s, built, n, err);
    }
    end_build(s);
    for (size_t i = 0; i < n; i++) {
        cw_codes_unref(built[i]);
    }
    cw_search_delta_unref(full);
    return rc;
}

/* ---- merging ---------------------------------------------------------------------- */

static int by_kind_and_size(const void *pa, const void *pb)
{
    const struct cw_codes *const *a = pa, *const *b = pb;
    const struct cw_codes_head *x = &(*a)->head, *y = &(*b)->head;
    if (x->kind != y->kind) {
        return x->kind < y->kind ? -1 : 1;
    }
    return (x->n_rows < y->n_rows) - (x->n_rows > y->n_rows);
}

/* A run of segments of one kind. */
struct run {
    size_t first, n;
};

/* What is due of one kind, whose segments are list[first..end-1], largest first; n = 0 if
 * nothing. */
static struct run due_of_kind(struct cw_codes *const *list, size_t first, size_t end,
                              uint64_t ratio)
{
    uint64_t total = 0;
    for (size_t i = first; i < end; i++) {
        total += list[i]->head.n_rows;
    }
    for (size_t i = first; i < end; i++) {
        const uint64_t n = list[i]->head.n_rows;
        const uint64_t gone =
            atomic_load_explicit(&list[i]->n_gone, memory_order_relaxed);
        const uint64_t after = total - n;
        if (i + 1 < end && (n <= ratio * after || total <= SMALL_ROWS) &&
            total <= CW_CODES_MOST_ROWS) {
            return (struct run){.first = i, .n = end - i};
        }
        if (gone * GONE_SHARE > n) {
            return (struct run){.first = i, .n = 1};
        }
        total = after;
    }
    return (struct run){0};
}

static struct run choose_run(struct cw_codes *const *list, size_t n, uint64_t ratio)
{
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && list[end]->head.kind == list[first]->head.kind;
             end++) {
        }
        const struct run run = due_of_kind(list, first, end, ratio);
        if (run.n != 0) {
            return run;
        }
    }
    return (struct run){0};
}

/* Puts one segment in the place of a run. */
static int merge(struct cw_search *s, struct cw_codes *const *run, size_t n,
                 struct cw_err *err)
{
    const struct cw_codes_sources from = {.kind = run[0]->head.kind,
                                          .always_bands = s->only_bands,
                                          .segments = run,
                                          .n_segments = n};
    struct cw_codes *built = NULL;
    begin_build(s);
    int rc = cw_codes_build(&from, &built, err);
    if (rc == 0) {
        const size_t n_built = built != NULL ? 1 : 0;
        pthread_mutex_lock(&s->writing);
        rc = carry_gone(s, &built, n_built, err);
        if (rc == 0) {
            rc = replace(s, s->now->deltas, s->now->n_deltas, run, n, &built, n_built,
                         err);
        }
        pthread_mutex_unlock(&s->writing);
    }
    end_build(s);
    cw_codes_unref(built);
    return rc;
}

static int merge_due(struct cw_search *s, uint64_t ratio, bool *out_merged,
                     struct cw_err *err)
{
    struct cw_search_snapshot *v = cw_search_snapshot_get(s);
    struct cw_codes **list = calloc(v->n_segments + 1, sizeof(*list));
    int rc = 0;
    if (list == NULL) {
        rc = cw_fail(err, CW_E_NO_MEMORY, "out of memory for a list of segments");
    } else {
        memcpy(list, v->segments, v->n_segments * sizeof *list);
        if (v->n_segments > 1) {
            qsort(list, v->n_segments, sizeof *list, by_kind_and_size);
        }
        const struct run run = choose_run(list, v->n_segments, ratio);
        *out_merged = run.n != 0;
        if (run.n != 0) {
            rc = merge(s, list + run.first, run.n, err);
        }
    }
    free(list);
    cw_search_snapshot_unref(v);
    return rc;
}

int cw_search_settle_to(struct cw_search *s, uint64_t ratio, struct cw_err *err)
{
    bool merged = true;
    if (s->linear) {
        return 0;
    }
    pthread_mutex_lock(&s->merging);
    int rc = pack(s, err);
    while (rc == 0 && merged) {
        rc = merge_due(s, ratio, &merged, err);
    }
    pthread_mutex_unlock(&s->merging);
    return rc;
}

int cw_search_settle(struct cw_search *s, struct cw_err *err)
{
    return cw_search_settle_to(s, CW_SEARCH_RATIO, err);
}
