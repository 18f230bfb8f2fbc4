/* The local index against its rule, taken literally: every descriptor is compared with
 * every other, bit by bit where it matters. */
#include "index/local_index.h"
#include "index/local_key.h"
#include "tests/support/t_cmocka.h"
#include "tests/support/t_sketch.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

#define STUDIO 7
#define MOST_PICTURES 400

static struct cw_hash random_bits(uint64_t *seed)
{
    struct cw_hash h;
    for (unsigned i = 0; i < CW_HASH_BYTES; i++) {
        h.b[i] = (uint8_t)t_sketch_random(seed);
    }
    return h;
}

/* Each bit changes with a chance of `percent`. */
static struct cw_hash noisy(struct cw_hash h, unsigned percent, uint64_t *seed)
{
    for (unsigned bit = 0; bit < CW_HASH_BITS; bit++) {
        if (t_sketch_below(seed, 100) < percent) {
            h.b[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        }
    }
    return h;
}

/* ---- the rule, literally ---------------------------------------------------------- */

struct naive {
    unsigned key_bits; /* of the first n_packed pictures; the rest are fresh */
    size_t n_packed;
    size_t n;
    struct cw_local_picture pictures[MOST_PICTURES];
    bool gone[MOST_PICTURES];
};

struct naive_match {
    size_t picture;
    struct cw_local_match m;
};

struct naive_found {
    size_t n;
    struct naive_match items[4096];
};

/* The pose as a match tells it: the middle of what it may have been. */
static struct cw_local_match coarse(const struct cw_local *l)
{
    unsigned octave = 0;
    while (l->scale >> octave > 1) {
        octave++;
    }
    const double step = (double)(1U << octave) / 16;
    const double scale = (floor(l->scale / step) + 0.5) * step;
    return (struct cw_local_match){.x = (uint16_t)(l->x / 256 * 256 + 128),
                                   .y = (uint16_t)(l->y / 256 * 256 + 128),
                                   .scale = l->scale == 0 ? 1 : (uint16_t)scale,
                                   .angle = (uint16_t)(l->angle / 256 * 256 + 128)};
}

static bool meets(const struct cw_hash *a, const struct cw_hash *b, unsigned key_bits)
{
    const struct cw_local_words x = cw_local_words_of(a);
    const struct cw_local_words y = cw_local_words_of(b);
    unsigned second = 0;
    for (unsigned bit = 64; bit < 128; bit++) {
        second += ((a->b[bit / 8] ^ b->b[bit / 8]) >> (bit % 8)) & 1;
    }
    return second <= CW_LOCAL_SECOND_RADIUS &&
           cw_local_keys_meet(cw_local_key(x.rest.first), cw_local_key(y.rest.first),
                              key_bits);
}

static int by_distance(const void *a, const void *b)
{
    const struct naive_match *x = a;
    const struct naive_match *y = b;
    const int d = (int)x->m.distance - (int)y->m.distance;
    const int p = (int)x->picture - (int)y->picture;
    return d != 0 ? d : p != 0 ? p : (int)x->m.local - (int)y->m.local;
}

/* The nearest CW_LOCAL_NEAREST of one descriptor, appended. Pictures are in the order of
 * their asset numbers here. */
static void naive_nearest(const struct naive *nv, const struct cw_local_query *q,
                          size_t i, struct naive_found *out)
{
    struct cw_hash h = q->local[i].bits;
    for (unsigned k = 0; q->mirrored && k < CW_HASH_BYTES; k++) {
        h.b[k] ^= CW_LOCAL_MIRROR.b[k];
    }
    const size_t first = out->n;
    for (size_t p = 0; p < nv->n; p++) {
        for (size_t k = 0; k < nv->pictures[p].n; k++) {
            const struct cw_local *l = &nv->pictures[p].local[k];
            const unsigned d = cw_hash_distance(&h, &l->bits);
            if (d <= CW_LOCAL_RADIUS && !nv->gone[p] &&
                nv->pictures[p].studio == q->studio &&
                meets(&h, &l->bits,
                      p < nv->n_packed ? nv->key_bits : CW_LOCAL_LEAST_KEY)) {
                assert_true(out->n < 4096);
                struct naive_match *m = &out->items[out->n++];
                *m = (struct naive_match){.picture = p, .m = coarse(l)};
                m->m.query = (uint16_t)i;
                m->m.local = (uint16_t)k;
                m->m.distance = (uint16_t)d;
            }
        }
    }
    qsort(out->items + first, out->n - first, sizeof *out->items, by_distance);
    if (out->n > first + CW_LOCAL_NEAREST) {
        out->n = first + CW_LOCAL_NEAREST;
    }
}

static void assert_candidate(const struct cw_local_candidate *c, const struct naive *nv,
                             const struct naive_found *nf, size_t picture)
{
    size_t n = 0;
    assert_int_equal(c->asset, nv->pictures[picture].asset);
    assert_int_equal(c->page, nv->pictures[picture].page);
    assert_int_equal(c->frame.width, nv->pictures[picture].frame.width);
    for (size_t i = 0; i < nf->n; i++) {
        if (nf->items[i].picture == picture) {
            assert_true(n < c->n_matches);
            assert_memory_equal(&c->matches[n], &nf->items[i].m, sizeof *c->matches);
            n++;
        }
    }
    assert_int_equal(n, c->n_matches);
}

/* Asks both and compares all there is to compare; returns how many candidates. */
static size_t assert_same(struct cw_local_index *ix, const struct naive *nv,
                          const struct cw_local_query *q)
{
    struct cw_local_found found;
    struct naive_found *nf = calloc(1, sizeof *nf);
    size_t votes[MOST_PICTURES] = {0};
    assert_non_null(nf);
    assert_int_equal(cw_local_find(ix, q, &found, NULL), 0);
    for (size_t i = 0; i < q->n; i++) {
        naive_nearest(nv, q, i, nf);
    }
    for (size_t i = 0; i < nf->n; i++) {
        votes[nf->items[i].picture]++;
    }
    for (size_t k = 0;; k++) {
        size_t best = 0;
        for (size_t p = 1; p < nv->n; p++) {
            best = votes[p] > votes[best] ? p : best;
        }
        if (k == CW_LOCAL_CANDIDATES || votes[best] < CW_LOCAL_LEAST_VOTES) {
            assert_int_equal(found.n, k);
            break;
        }
        assert_true(k < found.n);
        assert_candidate(&found.items[k], nv, nf, best);
        votes[best] = 0;
    }
    const size_t n = found.n;
    cw_local_found_done(&found);
    free(nf);
    return n;
}

/* ---- pictures that share themes --------------------------------------------------- */

#define THEMES 40
#define PER_THEME 300

struct world {
    uint64_t seed;
    struct cw_hash themes[THEMES][PER_THEME];
    struct naive naive;
    struct cw_local_index *ix;
};

static struct world *new_world(unsigned key_bits)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->seed = key_bits;
    for (unsigned t = 0; t < THEMES; t++) {
        for (unsigned i = 0; i < PER_THEME; i++) {
            w->themes[t][i] = random_bits(&w->seed);
        }
    }
    w->naive.key_bits = key_bits != 0 ? key_bits : CW_LOCAL_LEAST_KEY;
    const struct cw_local_options o = {.max_descriptors = 1000000, .key_bits = key_bits};
    assert_int_equal(cw_local_open(&o, &w->ix, NULL), 0);
    return w;
}

static void free_world(struct world *w)
{
    for (size_t i = 0; i < w->naive.n; i++) {
        free((void *)(uintptr_t)w->naive.pictures[i].local);
    }
    cw_local_close(w->ix);
    free(w);
}

/* n descriptors of a theme, with noise. To be freed. */
static struct cw_local *variation(struct world *w, unsigned theme, size_t n)
{
    struct cw_local *l = calloc(n + 1, sizeof *l);
    assert_non_null(l);
    for (size_t i = 0; i < n; i++) {
        const uint64_t r = t_sketch_random(&w->seed);
        l[i] =
            (struct cw_local){.bits = noisy(w->themes[theme][i % PER_THEME], 9, &w->seed),
                              .x = (uint16_t)r,
                              .y = (uint16_t)(r >> 16),
                              .scale = (uint16_t)(r >> 32),
                              .angle = (uint16_t)(r >> 48)};
    }
    return l;
}

static void add(struct world *w, unsigned theme, size_t n, uint32_t studio)
{
    struct cw_local_picture *p = &w->naive.pictures[w->naive.n++];
    *p = (struct cw_local_picture){
        .asset = w->naive.n,
        .page = (uint32_t)w->naive.n % 3,
        .studio = studio,
        .frame = {.width = 100 + (uint32_t)w->naive.n, .height = 90},
        .n = n,
        .local = variation(w, theme, n)};
    assert_int_equal(cw_local_add(w->ix, p, NULL), 0);
}

static void drop(struct world *w, uint64_t asset)
{
    cw_local_remove(w->ix, asset);
    for (size_t i = 0; i < w->naive.n; i++) {
        w->naive.gone[i] |= w->naive.pictures[i].asset == asset;
    }
}

static size_t ask(struct world *w, unsigned theme, size_t n, bool mirrored)
{
    struct cw_local *l = variation(w, theme, n);
    for (size_t i = 0; mirrored && i < n; i++) {
        for (unsigned k = 0; k < CW_HASH_BYTES; k++) {
            l[i].bits.b[k] ^= CW_LOCAL_MIRROR.b[k];
        }
    }
    const struct cw_local_query q = {
        .studio = STUDIO, .mirrored = mirrored, .n = n, .local = l};
    const size_t found = assert_same(w->ix, &w->naive, &q);
    free(l);
    return found;
}

/* ---- tests ------------------------------------------------------------------------ */

static void fresh_pictures_are_found_at_once(void **state)
{
    (void)state;
    struct world *w = new_world(0);
    assert_int_equal(ask(w, 0, 20, false), 0);
    for (unsigned i = 0; i < 30; i++) {
        add(w, i % 5, 40, i % 4 == 0 ? STUDIO + 1 : STUDIO);
        assert_in_range(ask(w, i % 5, 40, false), i % 4 != 0 ? 1 : 0, 30);
    }
    assert_true(ask(w, 1, 40, true) > 0);
    assert_int_equal(ask(w, 9, 40, false), 0);
    free_world(w);
}

static void packed_and_fresh_answer_alike(void **state)
{
    (void)state;
    for (unsigned key_bits = 0; key_bits <= 21; key_bits += 21) {
        struct world *w = new_world(key_bits);
        for (unsigned i = 0; i < 330;
             i++) { /* 79,200 descriptors: the fresh ones fill up */
            add(w, i % THEMES, 240, i % 9 == 0 ? STUDIO + 1 : STUDIO);
        }
        struct cw_local_stats st;
        cw_local_get_stats(w->ix, &st);
        assert_int_equal(st.segments, 2);
        assert_int_equal(st.descriptors, 79200);
        w->naive.n_packed = 65536 / 240;
        for (unsigned t = 0; t < THEMES; t += 8) {
            assert_in_range(ask(w, t, 60, t % 16 != 0), 5, 20);
        }
        free_world(w);
    }
}

static void no_more_candidates_than_the_bound(void **state)
{
    (void)state;
    struct world *w = new_world(0);
    for (unsigned i = 0; i < 90; i++) {
        add(w, 0, 20, STUDIO);
    }
    assert_int_equal(ask(w, 0, 20, false), CW_LOCAL_CANDIDATES);
    free_world(w);
}

static void removed_pictures_are_out_of_sight(void **state)
{
    (void)state;
    struct world *w = new_world(0);
    for (unsigned i = 0; i < 300; i++) {
        add(w, i % 50 % THEMES, 240, STUDIO);
    }
    for (uint64_t asset = 1; asset <= 300; asset += 2) {
        drop(w, asset);
    }
    drop(w, 4000);
    for (unsigned t = 0; t < 6; t++) {
        ask(w, t, 40, false);
    }
    struct cw_local_stats before;
    struct cw_local_stats after;
    cw_local_get_stats(w->ix, &before);
    assert_int_equal(before.removed, 150);
    assert_int_equal(cw_local_settle(w->ix, NULL), 0);
    cw_local_get_stats(w->ix, &after);
    assert_true(after.descriptors < before.descriptors);
    assert_true(after.removed < 20); /* those of the fresh segment */
    for (unsigned t = 0; t < 6; t++) {
        ask(w, t, 40, false);
    }
    free_world(w);
}

static void buckets_over_the_bound_are_skipped(void **state)
{
    (void)state;
    for (size_t n = CW_LOCAL_BUCKET_MAX; n <= CW_LOCAL_BUCKET_MAX + 1; n++) {
        struct world *w = new_world(0);
        struct cw_local *l = calloc(n, sizeof *l);
        assert_non_null(l);
        for (size_t i = 0; i < n; i++) {
            l[i].bits = w->themes[0][0];
        }
        const struct cw_local_picture p = {
            .asset = 5, .studio = STUDIO, .n = n, .local = l};
        assert_int_equal(cw_local_add(w->ix, &p, NULL), 0);
        const struct cw_local_query q = {.studio = STUDIO, .n = 1, .local = l};
        struct cw_local_found f;
        assert_int_equal(cw_local_find(w->ix, &q, &f, NULL), 0);
        assert_int_equal(f.n, n > CW_LOCAL_BUCKET_MAX ? 0 : 1);
        if (f.n == 1) {
            assert_int_equal(f.items[0].n_matches, CW_LOCAL_NEAREST);
        }
        cw_local_found_done(&f);
        free(l);
        free_world(w);
    }
}

static void keys_grow_with_the_number(void **state)
{
    (void)state;
    struct world *w = new_world(0);
    for (unsigned i = 0; i < 350; i++) {
        add(w, i % THEMES, 240, STUDIO);
    }
    assert_int_equal(cw_local_settle(w->ix, NULL), 0);
    assert_true(ask(w, 3, 30, false) > 0);
    free_world(w);
}

static void refuses_what_does_not_fit(void **state)
{
    (void)state;
    struct cw_local_index *ix = NULL;
    struct cw_local_options o = {.max_descriptors = 10, .key_bits = 17};
    assert_int_equal(cw_local_open(&o, &ix, NULL), CW_E_INVALID);
    o.key_bits = 18;
    assert_int_equal(cw_local_open(&o, &ix, NULL), 0);
    struct cw_local l[11] = {0};
    struct cw_local_picture p = {.asset = 0, .n = 1, .local = l};
    assert_int_equal(cw_local_add(ix, &p, NULL), CW_E_INVALID);
    p.asset = 1;
    p.n = CW_FP_MAX_LOCAL + 1;
    assert_int_equal(cw_local_add(ix, &p, NULL), CW_E_INVALID);
    p.n = 11;
    assert_int_equal(cw_local_add(ix, &p, NULL), CW_E_BUSY);
    p.n = 0;
    assert_int_equal(cw_local_add(ix, &p, NULL), 0);
    const struct cw_local_query q = {.n = CW_FP_MAX_LOCAL + 1, .local = l};
    struct cw_local_found f;
    assert_int_equal(cw_local_find(ix, &q, &f, NULL), CW_E_INVALID);
    cw_local_close(ix);
    cw_local_close(NULL);
}

/* ---- threads ---------------------------------------------------------------------- */

struct shared {
    struct world *w;
    struct cw_local *query;
    atomic_bool stop;
    atomic_uint finds, missed;
};

/* Asset 1 is always there; nothing of another studio ever shows. */
static void *read_on(void *arg)
{
    struct shared *s = arg;
    while (!atomic_load(&s->stop)) {
        const struct cw_local_query q = {.studio = STUDIO, .n = 30, .local = s->query};
        struct cw_local_found f;
        bool seen = false;
        if (cw_local_find(s->w->ix, &q, &f, NULL) == 0) {
            for (size_t i = 0; i < f.n; i++) {
                seen |= f.items[i].asset == 1;
            }
            cw_local_found_done(&f);
        }
        atomic_fetch_add(&s->finds, 1);
        atomic_fetch_add(&s->missed, seen ? 0 : 1);
    }
    return NULL;
}

static void *settle_on(void *arg)
{
    struct shared *s = arg;
    while (!atomic_load(&s->stop)) {
        if (cw_local_settle(s->w->ix, NULL) != 0) {
            atomic_fetch_add(&s->missed, 1);
        }
    }
    return NULL;
}

static void readers_never_miss_beside_a_writer(void **state)
{
    (void)state;
    struct shared s = {.w = new_world(0)};
    pthread_t threads[3];
    add(s.w, 0, 40, STUDIO);
    s.query = variation(s.w, 0, 30);
    struct cw_local *other = variation(s.w, 1, 300);
    assert_int_equal(pthread_create(&threads[0], NULL, read_on, &s), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, read_on, &s), 0);
    assert_int_equal(pthread_create(&threads[2], NULL, settle_on, &s), 0);
    for (uint64_t i = 2; i < 700; i++) { /* three times full */
        const struct cw_local_picture p = {
            .asset = i, .studio = STUDIO, .n = 300, .local = other};
        assert_int_equal(cw_local_add(s.w->ix, &p, NULL), 0);
        if (i % 3 != 0 && i > 2) {
            cw_local_remove(s.w->ix, i - 1);
        }
        /* Each bit of `other` moves on, so that buckets stay small. */
        for (size_t k = 0; k < 300; k++) {
            other[k].bits = random_bits(&s.w->seed);
        }
    }
    atomic_store(&s.stop, true);
    for (unsigned i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&s.missed), 0);
    assert_true(atomic_load(&s.finds) > 0);
    free(other);
    free(s.query);
    free_world(s.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fresh_pictures_are_found_at_once),
        cmocka_unit_test(packed_and_fresh_answer_alike),
        cmocka_unit_test(no_more_candidates_than_the_bound),
        cmocka_unit_test(removed_pictures_are_out_of_sight),
        cmocka_unit_test(buckets_over_the_bound_are_skipped),
        cmocka_unit_test(keys_grow_with_the_number),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(readers_never_miss_beside_a_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
