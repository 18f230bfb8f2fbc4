/* test_search_equal.c - the engines against the linear scan: the same rows, removals and
 * queries must give the same answers, whatever was packed and merged in between.
 *
 * CELWATCH_SEARCH_CASES is the number of cases, each a random query of data that changes
 * all the time. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "index/scan.h"
#include "index/search.h"
#include "tests/support/t_cmocka.h"

#define CASES 4000
#define WORLD_CASES 250 /* cases of one world: so its data stays small */
#define MOST_ROWS 6000
#define MOST_HASHES 4
#define KINDS 3
#define STUDIOS 2
#define MARKS 8

static uint64_t random_state = 11;

static uint32_t random_u32(void)
{
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(random_state >> 32);
}

static uint32_t below(uint32_t n)
{
    return random_u32() % n;
}

static uint64_t n_cases(void)
{
    const char *text =
        getenv("CELWATCH_SEARCH_CASES"); /* NOLINT(concurrency-mt-unsafe) */
    uint64_t n = CASES;
    if (text != NULL) {
        assert_int_equal(
            cw_parse_u64(cw_bytes_str(text), 1, UINT32_MAX, "cases", &n, NULL), 0);
    }
    return n;
}

/* Two searches that are told the same. */
struct world {
    struct cw_search *tested, *oracle;
    size_t n;
    struct cw_search_row rows[MOST_ROWS]; /* all that were added */
    uint64_t marks[MARKS];
};

static struct cw_search *open_search(const char *engine, uint64_t pack_rows)
{
    size_t n_kernels;
    const struct cw_scan_kernel *const *kernels = cw_scan_kernels(&n_kernels);
    const struct cw_scan_kernel *kernel = kernels[below((uint32_t)n_kernels)];
    const struct cw_search_options o = {.max_rows = 1000000,
                                        .kernel = kernel->usable() ? kernel->name : NULL,
                                        .engine = engine,
                                        .pack_rows = pack_rows};
    struct cw_search *s = NULL;
    assert_int_equal(cw_search_open(&o, &s, NULL), 0);
    return s;
}

static struct world *open_world(const char *engine)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->tested = open_search(engine, 1 + below(300));
    w->oracle = open_search("linear", 0);
    return w;
}

static void close_world(struct world *w)
{
    cw_search_close(w->tested);
    cw_search_close(w->oracle);
    free(w);
}

/* ---- random data ------------------------------------------------------------------ */

static void flip_bits(struct cw_hash *h, unsigned n)
{
    for (; n > 0; n--) {
        const uint32_t bit = below(CW_HASH_BITS);
        h->b[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

/* New, skewed, nearly all alike, near a code that is there, the complement of it, or it.
 */
static void random_hash(const struct world *w, struct cw_hash *out)
{
    const uint32_t how = below(8);
    for (size_t i = 0; i < CW_HASH_BYTES; i++) {
        const uint32_t random = random_u32();
        out->b[i] = (uint8_t)(how == 1 ? random & random >> 8 & random >> 16 : random);
    }
    if (how == 2) {
        memset(out->b, 0, sizeof out->b);
        flip_bits(out, below(6));
    }
    if (how >= 3 && w->n > 0) {
        *out = w->rows[below((uint32_t)w->n)].hash;
        flip_bits(out, how == 3 ? 0 : below(how == 4 ? 4 : 70));
    }
    if (how == 7) {
        for (size_t i = 0; i < CW_HASH_BYTES; i++) {
            out->b[i] = (uint8_t)~out->b[i];
        }
    }
}

/* Mostly the next one, sometimes one that was there, sometimes any. */
static uint64_t random_owner(const struct world *w)
{
    switch (below(6)) {
    case 0:
        return w->n > 0 ? w->rows[below((uint32_t)w->n)].owner : 1;
    case 1:
        return ((uint64_t)random_u32() << 32 | random_u32()) + 1;
    default:
        return w->n + 1;
    }
}

static void add_rows(struct world *w, size_t n)
{
    n = n < MOST_ROWS - w->n ? n : MOST_ROWS - w->n;
    struct cw_search_row *first = &w->rows[w->n];
    for (size_t i = 0; i < n; i++) {
        struct cw_search_row row = {.owner = random_owner(w),
                                    .studio = below(STUDIOS),
                                    .kind = (uint8_t)below(KINDS)};
        random_hash(w, &row.hash);
        w->rows[w->n++] = row;
    }
    assert_int_equal(cw_search_add(w->tested, first, n, NULL), 0);
    assert_int_equal(cw_search_add(w->oracle, first, n, NULL), 0);
}

static void remove_owner(struct world *w)
{
    const uint64_t owner = w->n > 0 ? w->rows[below((uint32_t)w->n)].owner : 1;
    cw_search_remove(w->tested, owner);
    cw_search_remove(w->oracle, owner);
}

static void change(struct world *w)
{
    switch (below(12)) {
    case 0:
    case 1:
        add_rows(w, 1 + below(3));
        break;
    case 2:
        add_rows(w, below(400));
        break;
    case 3:
    case 4:
        remove_owner(w);
        break;
    case 5:
        for (unsigned i = below(100); i > 0; i--) {
            remove_owner(w);
        }
        break;
    case 6:
    case 7:
        assert_int_equal(cw_search_settle(w->tested, NULL), 0);
        break;
    case 8:
        assert_int_equal(cw_search_mark(w->tested), cw_search_mark(w->oracle));
        w->marks[below(MARKS)] = cw_search_mark(w->tested);
        break;
    default:
        break;
    }
}

/* ---- comparing -------------------------------------------------------------------- */

static void expect_same(struct cw_search *tested, struct cw_search *oracle,
                        const struct cw_search_query *q, size_t max_hits)
{
    struct cw_hits a = {0}, b = {0};
    assert_int_equal(cw_search_find(tested, q, max_hits, &a, NULL), 0);
    assert_int_equal(cw_search_find(oracle, q, max_hits, &b, NULL), 0);
    assert_int_equal(a.n, b.n);
    for (size_t i = 0; i < a.n; i++) {
        assert_int_equal(a.items[i].owner, b.items[i].owner);
        assert_int_equal(a.items[i].distance, b.items[i].distance);
        assert_int_equal(a.items[i].hash_index, b.items[i].hash_index);
        assert_int_equal(a.items[i].inverted, b.items[i].inverted);
    }
    cw_hits_done(&a);
    cw_hits_done(&b);
}

static uint8_t random_radius(void)
{
    const uint32_t how = below(10);
    return (uint8_t)(how == 0 ? below(129) : how < 5 ? below(65) : below(36));
}

static void ask(const struct world *w)
{
    struct cw_search_hash hashes[MOST_HASHES];
    struct cw_search_query q = {.studio = below(STUDIOS),
                                .n_hashes = 1 + below(MOST_HASHES),
                                .hashes = hashes,
                                .from = below(4) == 0 ? w->marks[below(MARKS)] : 0};
    for (size_t i = 0; i < q.n_hashes; i++) {
        hashes[i] = (struct cw_search_hash){.kind = (uint8_t)below(KINDS),
                                            .radius = random_radius(),
                                            .inverted = below(3) == 0};
        random_hash(w, &hashes[i].hash);
    }
    expect_same(w->tested, w->oracle, &q, below(8) == 0 ? 1 + below(5) : MOST_ROWS);
}

static void run_worlds(const char *engine, uint64_t cases)
{
    for (uint64_t done = 0; done < cases;) {
        struct world *w = open_world(engine);
        add_rows(w, below(2) == 0 ? below(3) : below(3000));
        for (unsigned i = 0; i < WORLD_CASES && done < cases; i++, done++) {
            change(w);
            ask(w);
        }
        close_world(w);
    }
}

static void buckets_alone_answer_like_the_scan(void **state)
{
    (void)state;
    run_worlds("bands", n_cases() / 2);
}

static void the_engine_answers_like_the_scan(void **state)
{
    (void)state;
    run_worlds("mih", n_cases() / 2);
}

/* ---- larger ----------------------------------------------------------------------- */

/* Enough codes for the bands that are used in earnest. */
static void many_rows_are_found_like_by_the_scan(void **state)
{
    enum { N = 60000, BATCH = 1000 };
    struct world *w = open_world("mih");
    struct cw_search_stats stats;
    (void)state;
    for (unsigned i = 0; i < N / BATCH; i++) {
        w->n = 0; /* what was added is forgotten but for the last batch */
        add_rows(w, BATCH);
        if (i % 16 == 15) {
            assert_int_equal(cw_search_settle(w->tested, NULL), 0);
        }
    }
    for (unsigned i = 0; i < 300; i++) {
        ask(w);
    }
    cw_search_get_stats(w->tested, &stats);
    assert_true(stats.codes > N / 4);
    close_world(w);
}

/* ---- beside merges ---------------------------------------------------------------- */

#define FIRST_CHURNED 1000001 /* owner */
#define CHURNED 4             /* owners come and most go in the time of a query */

/* Rows of studio 0 stay; rows of studio 1 come and go, in the same segments. */
struct shared {
    struct cw_search *tested;
    atomic_bool stop;
    atomic_uint asked; /* queries so far: churning keeps pace with them */
    atomic_int failures;
};

static void *churn(void *arg)
{
    struct shared *sh = arg;
    uint64_t state = 5;
    for (uint64_t owner = FIRST_CHURNED; !atomic_load(&sh->stop); owner++) {
        struct cw_search_row rows[20];
        while (owner - FIRST_CHURNED > (uint64_t)CHURNED * atomic_load(&sh->asked) &&
               !atomic_load(&sh->stop)) {
            (void)sched_yield();
        }
        for (size_t i = 0; i < 20; i++) {
            rows[i] = (struct cw_search_row){
                .owner = owner, .studio = 1, .kind = (uint8_t)(i % KINDS)};
            for (size_t k = 0; k < CW_HASH_BYTES; k++) {
                state = state * 6364136223846793005U + 1442695040888963407U;
                rows[i].hash.b[k] = (uint8_t)(state >> 56);
            }
        }
        if (cw_search_add(sh->tested, rows, 20, NULL) != 0) {
            atomic_fetch_add(&sh->failures, 1);
        }
        if (owner % 4 != 0) {
            cw_search_remove(sh->tested, owner - 2);
        }
    }
    return NULL;
}

static void *settle(void *arg)
{
    struct shared *sh = arg;
    while (!atomic_load(&sh->stop)) {
        if (cw_search_settle(sh->tested, NULL) != 0) {
            atomic_fetch_add(&sh->failures, 1);
        }
    }
    return NULL;
}

static void answers_stay_the_same_beside_merges(void **state)
{
    enum { QUERIES = 1500 };
    struct world *w = open_world("bands");
    struct shared sh = {.tested = w->tested};
    pthread_t churner, settler;
    (void)state;
    add_rows(w, 3000);
    assert_int_equal(pthread_create(&churner, NULL, churn, &sh), 0);
    assert_int_equal(pthread_create(&settler, NULL, settle, &sh), 0);
    for (unsigned i = 0; i < QUERIES; i++) {
        struct cw_search_hash h = {.kind = (uint8_t)below(KINDS),
                                   .radius = random_radius(),
                                   .inverted = below(2) == 0};
        const struct cw_search_query q = {.studio = 0, .n_hashes = 1, .hashes = &h};
        random_hash(w, &h.hash);
        expect_same(w->tested, w->oracle, &q, MOST_ROWS);
        atomic_fetch_add(&sh.asked, 1);
        if (i % 10 == 9) { /* rows of our own come and go, too */
            add_rows(w, 1 + below(3));
            remove_owner(w);
        }
    }
    atomic_store(&sh.stop, true);
    pthread_join(churner, NULL);
    pthread_join(settler, NULL);
    assert_int_equal(atomic_load(&sh.failures), 0);
    close_world(w);
}

/* ---- memory ----------------------------------------------------------------------- */

static void removed_rows_give_their_memory_back(void **state)
{
    enum { OWNERS = 20000 };
    struct world *w = open_world("mih");
    struct cw_search_stats before, after;
    (void)state;
    for (uint64_t owner = 1; owner <= OWNERS; owner++) {
        struct cw_search_row row = {.owner = owner, .kind = 1};
        random_hash(w, &row.hash);
        row.hash.b[owner % 8] = (uint8_t)owner;
        assert_int_equal(cw_search_add(w->tested, &row, 1, NULL), 0);
    }
    assert_int_equal(cw_search_settle(w->tested, NULL), 0);
    cw_search_get_stats(w->tested, &before);
    for (uint64_t owner = 1; owner <= OWNERS; owner++) {
        if (owner % 10 != 0) {
            cw_search_remove(w->tested, owner);
        }
    }
    assert_int_equal(cw_search_settle(w->tested, NULL), 0);
    cw_search_get_stats(w->tested, &after);
    assert_int_equal(after.rows, OWNERS / 10);
    assert_int_equal(after.removed, 0);
    assert_true(after.bytes < before.bytes / 2);
    for (uint64_t owner = 10; owner <= OWNERS; owner += 10) {
        cw_search_remove(w->tested, owner);
    }
    assert_int_equal(cw_search_settle(w->tested, NULL), 0);
    cw_search_get_stats(w->tested, &after);
    assert_int_equal(after.rows, 0);
    assert_int_equal(after.segments, 0);
    close_world(w);
}

static void equal_codes_are_one_with_many_owners(void **state)
{
    enum { OWNERS = 5000 };
    struct world *w = open_world("mih");
    struct cw_search_stats stats;
    struct cw_search_hash h = {.kind = 1, .radius = 0};
    const struct cw_search_query q = {.n_hashes = 1, .hashes = &h};
    (void)state;
    for (uint64_t owner = 1; owner <= OWNERS; owner++) {
        struct cw_search_row row = {.owner = owner, .kind = 1};
        row.hash.b[31] = (uint8_t)(owner % 2);
        assert_int_equal(cw_search_add(w->tested, &row, 1, NULL), 0);
        assert_int_equal(cw_search_add(w->oracle, &row, 1, NULL), 0);
    }
    assert_int_equal(cw_search_settle(w->tested, NULL), 0);
    cw_search_get_stats(w->tested, &stats);
    assert_int_equal(stats.rows, OWNERS);
    assert_int_equal(stats.codes, 2);
    expect_same(w->tested, w->oracle, &q, MOST_ROWS);
    close_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_alone_answer_like_the_scan),
        cmocka_unit_test(the_engine_answers_like_the_scan),
        cmocka_unit_test(many_rows_are_found_like_by_the_scan),
        cmocka_unit_test(answers_stay_the_same_beside_merges),
        cmocka_unit_test(removed_rows_give_their_memory_back),
        cmocka_unit_test(equal_codes_are_one_with_many_owners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
