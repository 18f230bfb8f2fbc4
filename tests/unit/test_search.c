/* test_search.c - the search against a loop over everything that was added. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "index/search.h"
#include "tests/support/t_cmocka.h"

#define N_ROWS 3000
#define MAX_OWNERS 1000
#define NO_HIT (CW_HASH_BITS + 1)
#define MANY 100000 /* as max_hits: all of them */

static uint64_t random_state = 7;

static uint32_t random_u32(void)
{
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(random_state >> 32);
}

static void random_hash(struct cw_hash *h)
{
    for (size_t i = 0; i < CW_HASH_BYTES; i++) {
        h->b[i] = (uint8_t)random_u32();
    }
}

static void flip_bits(struct cw_hash *h, unsigned n)
{
    for (; n > 0; n--) {
        const uint32_t bit = random_u32() % CW_HASH_BITS;
        h->b[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static unsigned slow_distance(const struct cw_hash *a, const struct cw_hash *b)
{
    unsigned d = 0;
    for (unsigned bit = 0; bit < CW_HASH_BITS; bit++) {
        d += (unsigned)(a->b[bit / 8] ^ b->b[bit / 8]) >> bit % 8 & 1U;
    }
    return d;
}

static struct cw_search *open_search(uint64_t max_rows)
{
    const struct cw_search_options o = {.max_rows = max_rows};
    struct cw_search *s = NULL;
    assert_int_equal(cw_search_open(&o, &s, NULL), 0);
    return s;
}

static void add(struct cw_search *s, const struct cw_search_row *rows, size_t n)
{
    assert_int_equal(cw_search_add(s, rows, n, NULL), 0);
}

static struct cw_hits find(struct cw_search *s, const struct cw_search_query *q,
                           size_t max)
{
    struct cw_hits hits = {0};
    assert_int_equal(cw_search_find(s, q, max, &hits, NULL), 0);
    return hits;
}

/* ---- the oracle ------------------------------------------------------------------- */

/* Lowers best[owner] to the distance of every row that is a hit of the query. */
static void find_slowly(const struct cw_search_row *rows, size_t n,
                        const struct cw_search_query *q, unsigned best[MAX_OWNERS + 1])
{
    for (size_t i = (size_t)q->from; i < n; i++) {
        for (size_t k = 0; k < q->n_hashes; k++) {
            const struct cw_search_hash *h = &q->hashes[k];
            unsigned d = slow_distance(&rows[i].hash, &h->hash);
            if (h->inverted && CW_HASH_BITS - d < d) {
                d = CW_HASH_BITS - d;
            }
            if (rows[i].studio == q->studio && rows[i].kind == h->kind &&
                d <= h->radius && d < best[rows[i].owner]) {
                best[rows[i].owner] = d;
            }
        }
    }
}

/* Owners are 1..MAX_OWNERS; an owner of 0 in `rows` was removed. */
static void expect_exact(struct cw_search *s, const struct cw_search_row *rows, size_t n,
                         const struct cw_search_query *q)
{
    unsigned best[MAX_OWNERS + 1];
    size_t expected = 0;
    for (size_t i = 0; i <= MAX_OWNERS; i++) {
        best[i] = NO_HIT;
    }
    find_slowly(rows, n, q, best);
    for (size_t i = 1; i <= MAX_OWNERS; i++) {
        expected += best[i] != NO_HIT;
    }
    struct cw_hits hits = find(s, q, MANY);
    assert_int_equal(hits.n, expected);
    for (size_t i = 0; i < hits.n; i++) {
        const struct cw_search_hit *hit = &hits.items[i];
        assert_true(hit->owner >= 1 && hit->owner <= MAX_OWNERS);
        assert_int_equal(hit->distance, best[hit->owner]);
        assert_true(i == 0 || hit[-1].distance < hit->distance ||
                    (hit[-1].distance == hit->distance && hit[-1].owner < hit->owner));
    }
    cw_hits_done(&hits);
}

/* ---- exactness -------------------------------------------------------------------- */

static void expect_exact_for_some_queries(struct cw_search *s,
                                          const struct cw_search_row *rows, size_t n)
{
    static const uint8_t radii[] = {0, 31, 105, 128};
    for (size_t i = 0; i < 8; i++) {
        struct cw_search_hash h[3];
        for (size_t k = 0; k < 3; k++) {
            h[k] = (struct cw_search_hash){
                .kind = 1, .radius = radii[i % 4], .inverted = k == 2};
            if (n > 0 && k != 1) {
                h[k].hash = rows[random_u32() % n].hash;
                flip_bits(&h[k].hash, 20);
            } else {
                random_hash(&h[k].hash);
            }
        }
        const struct cw_search_query q = {.studio = 1, .n_hashes = 3, .hashes = h};
        expect_exact(s, rows, n, &q);
    }
}

static void few_rows_are_found_exactly(void **state)
{
    struct cw_search_row rows[2] = {{.owner = 1, .studio = 1, .kind = 1},
                                    {.owner = 2, .studio = 1, .kind = 1}};
    (void)state;
    for (size_t n = 0; n <= 2; n++) {
        struct cw_search *s = open_search(10);
        random_hash(&rows[0].hash);
        random_hash(&rows[1].hash);
        add(s, rows, n);
        expect_exact_for_some_queries(s, rows, n);
        cw_search_close(s);
    }
}

static void random_rows_are_found_exactly(void **state)
{
    struct cw_search_row *rows = calloc(N_ROWS, sizeof *rows);
    struct cw_search *s = open_search(N_ROWS);
    (void)state;
    assert_non_null(rows);
    for (size_t i = 0; i < N_ROWS; i++) {
        rows[i] = (struct cw_search_row){.owner = i / 3 + 1,
                                         .studio = random_u32() % 3,
                                         .kind = (uint8_t)(random_u32() % 2)};
        random_hash(&rows[i].hash);
    }
    add(s, rows, N_ROWS / 2);
    add(s, rows + N_ROWS / 2, N_ROWS - N_ROWS / 2);
    expect_exact_for_some_queries(s, rows, N_ROWS);
    cw_search_close(s);
    free(rows);
}

static void clusters_and_duplicates_are_found_exactly(void **state)
{
    struct cw_search_row *rows = calloc(N_ROWS, sizeof *rows);
    struct cw_search *s = open_search(N_ROWS);
    (void)state;
    assert_non_null(rows);
    for (size_t i = 0; i < N_ROWS; i++) {
        rows[i] = (struct cw_search_row){.owner = i % 50 + 1, .studio = 1, .kind = 1};
        if (i % 100 == 0) {
            random_hash(&rows[i].hash);
        } else {
            rows[i].hash = rows[i - 1].hash;
            flip_bits(&rows[i].hash, random_u32() % 3);
        }
    }
    add(s, rows, N_ROWS);
    expect_exact_for_some_queries(s, rows, N_ROWS);
    cw_search_close(s);
    free(rows);
}

static void removed_owners_are_gone_and_the_others_stay(void **state)
{
    struct cw_search_row *rows = calloc(N_ROWS, sizeof *rows);
    struct cw_search *s = open_search(N_ROWS);
    struct cw_search_stats st;
    (void)state;
    assert_non_null(rows);
    for (size_t i = 0; i < N_ROWS; i++) {
        rows[i] = (struct cw_search_row){.owner = i % 1000 + 1, .studio = 1, .kind = 1};
        random_hash(&rows[i].hash);
        add(s, &rows[i], 1);
    }
    for (uint64_t owner = 1; owner <= 1000; owner++) {
        if (random_u32() % 4 != 0) {
            cw_search_remove(s, owner);
            for (size_t i = owner - 1; i < N_ROWS; i += 1000) {
                rows[i].owner = 0;
            }
        }
    }
    cw_search_remove(s, 123456); /* never there */
    expect_exact_for_some_queries(s, rows, N_ROWS);
    cw_search_get_stats(s, &st);
    size_t removed = 0;
    for (size_t i = 0; i < N_ROWS; i++) {
        removed += rows[i].owner == 0;
    }
    assert_int_equal(st.removed, removed);
    assert_int_equal(st.rows, N_ROWS);
    cw_search_close(s);
    free(rows);
}

static void an_owner_may_come_back_after_removal(void **state)
{
    struct cw_search *s = open_search(10);
    struct cw_search_row row = {.owner = 5, .studio = 1, .kind = 1};
    const struct cw_search_hash h = {.kind = 1, .radius = 0};
    const struct cw_search_query q = {.studio = 1, .n_hashes = 1, .hashes = &h};
    (void)state;
    add(s, &row, 1);
    cw_search_remove(s, 5);
    struct cw_hits hits = find(s, &q, MANY);
    assert_int_equal(hits.n, 0);
    cw_hits_done(&hits);
    add(s, &row, 1);
    hits = find(s, &q, MANY);
    assert_int_equal(hits.n, 1);
    cw_hits_done(&hits);
    cw_search_close(s);
}

/* ---- limits and marks ------------------------------------------------------------- */

static void only_the_best_owners_are_kept(void **state)
{
    enum { N = 20000, KEEP = 7 };
    struct cw_search_row *rows = calloc(N, sizeof *rows);
    struct cw_search *s = open_search(N);
    struct cw_search_hash h = {.kind = 1, .radius = 128};
    const struct cw_search_query q = {.studio = 1, .n_hashes = 1, .hashes = &h};
    (void)state;
    assert_non_null(rows);
    for (size_t i = 0; i < N; i++) {
        rows[i] = (struct cw_search_row){.owner = i / 2 + 1, .studio = 1, .kind = 1};
        random_hash(&rows[i].hash);
    }
    add(s, rows, N);
    random_hash(&h.hash);
    struct cw_hits all = find(s, &q, MANY);
    struct cw_hits best = find(s, &q, KEEP);
    assert_int_equal(best.n, KEEP);
    assert_true(all.n > 5000);
    for (size_t i = 0; i < KEEP; i++) {
        assert_int_equal(best.items[i].owner, all.items[i].owner);
        assert_int_equal(best.items[i].distance, all.items[i].distance);
    }
    cw_hits_done(&all);
    cw_hits_done(&best);
    cw_search_close(s);
    free(rows);
}

static void rows_before_a_mark_are_skipped(void **state)
{
    struct cw_search *s = open_search(10);
    const struct cw_search_row old = {.owner = 1, .studio = 1, .kind = 1};
    const struct cw_search_row new = {.owner = 2, .studio = 1, .kind = 1};
    const struct cw_search_hash h = {.kind = 1, .radius = 0};
    struct cw_search_query q = {.studio = 1, .n_hashes = 1, .hashes = &h};
    (void)state;
    add(s, &old, 1);
    q.from = cw_search_mark(s);
    struct cw_hits hits = find(s, &q, MANY);
    assert_int_equal(hits.n, 0);
    cw_hits_done(&hits);
    add(s, &new, 1);
    hits = find(s, &q, MANY);
    assert_int_equal(hits.n, 1);
    assert_int_equal(hits.items[0].owner, 2);
    cw_hits_done(&hits);
    cw_search_close(s);
}

static void what_is_over_a_limit_is_refused(void **state)
{
    struct cw_search *s = open_search(2);
    const struct cw_search_row rows[3] = {{.owner = 1}, {.owner = 2}, {.owner = 3}};
    struct cw_search_hash h = {.radius = 129};
    struct cw_search_query q = {.n_hashes = 1, .hashes = &h};
    struct cw_hits hits = {0};
    const struct cw_search_options bad = {.max_rows = 2, .kernel = "abacus"};
    struct cw_search *none = NULL;
    (void)state;
    assert_int_equal(cw_search_add(s, rows, 3, NULL), CW_E_BUSY);
    assert_int_equal(cw_search_add(s, rows, CW_SEARCH_MAX_ADD + 1, NULL), CW_E_TOO_LARGE);
    assert_int_equal(cw_search_mark(s), 0);
    assert_int_equal(cw_search_find(s, &q, 1, &hits, NULL), CW_E_INVALID);
    q.n_hashes = 0;
    assert_int_equal(cw_search_find(s, &q, 1, &hits, NULL), CW_E_INVALID);
    assert_int_equal(cw_search_open(&bad, &none, NULL), CW_E_NOT_FOUND);
    cw_search_close(s);
}

/* ---- threads ---------------------------------------------------------------------- */

enum { N_SHARED = 150000 }; /* more than two chunks */

struct shared {
    struct cw_search *s;
    atomic_uint added; /* owners 1..added are in */
    int failures;
};

static void owner_hash(uint64_t owner, struct cw_hash *out)
{
    for (size_t i = 0; i < CW_HASH_BYTES; i++) {
        owner = owner * 6364136223846793005U + 1442695040888963407U;
        out->b[i] = (uint8_t)(owner >> 56);
    }
}

static void *add_owners(void *arg)
{
    struct shared *sh = arg;
    struct cw_search_row rows[500];
    for (unsigned first = 1; first <= N_SHARED; first += 500) {
        for (unsigned i = 0; i < 500; i++) {
            rows[i] = (struct cw_search_row){.owner = first + i, .studio = 1, .kind = 1};
            owner_hash(first + i, &rows[i].hash);
        }
        sh->failures += cw_search_add(sh->s, rows, 500, NULL) != 0;
        atomic_store(&sh->added, first + 499);
        cw_search_remove(sh->s, first); /* the first of every 500 goes again */
    }
    return NULL;
}

static void queries_see_all_that_was_added_before_them(void **state)
{
    struct shared sh = {.s = open_search(N_SHARED)};
    pthread_t adder;
    unsigned added = 0;
    (void)state;
    assert_int_equal(pthread_create(&adder, NULL, add_owners, &sh), 0);
    while (added < N_SHARED) {
        added = atomic_load(&sh.added);
        const uint64_t owner = added == 0 ? 0 : 1 + random_u32() % added;
        if (owner == 0 || owner % 500 == 1) {
            continue;
        }
        struct cw_search_hash h = {.kind = 1, .radius = 3};
        owner_hash(owner, &h.hash);
        const struct cw_search_query q = {.studio = 1, .n_hashes = 1, .hashes = &h};
        struct cw_hits hits = find(sh.s, &q, 5);
        assert_int_equal(hits.n, 1);
        assert_int_equal(hits.items[0].owner, owner);
        cw_hits_done(&hits);
    }
    pthread_join(adder, NULL);
    assert_int_equal(sh.failures, 0);
    cw_search_close(sh.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_rows_are_found_exactly),
        cmocka_unit_test(random_rows_are_found_exactly),
        cmocka_unit_test(clusters_and_duplicates_are_found_exactly),
        cmocka_unit_test(removed_owners_are_gone_and_the_others_stay),
        cmocka_unit_test(an_owner_may_come_back_after_removal),
        cmocka_unit_test(only_the_best_owners_are_kept),
        cmocka_unit_test(rows_before_a_mark_are_skipped),
        cmocka_unit_test(what_is_over_a_limit_is_refused),
        cmocka_unit_test(queries_see_all_that_was_added_before_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
