/* The local descriptors that are searched: what was added is found, by its studio only,
 * until it is taken out or the budget is used up; also while others add. */
#include "server/locals.h"
#include "tests/support/t_cmocka.h"
#include "tests/support/t_local.h"

#include <pthread.h>
#include <stdatomic.h>

#define OURS 1
#define THEIRS 2
#define WIDE 420
#define HIGH 320
#define N_DRAWINGS 12

/* Registered and found, of the same drawings. */
static struct cw_fingerprint assets[N_DRAWINGS], seen[N_DRAWINGS];

static int make_drawings(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_DRAWINGS; i++) {
        CW_AUTO(t_drawn_done) struct t_drawn d = t_drawn_new(WIDE, HIGH, 40 + i);
        t_describe(&d, CW_LPDQ_REGISTRY_POINTS, &assets[i]);
        t_describe(&d, CW_LPDQ_QUERY_POINTS, &seen[i]);
    }
    return 0;
}

static int end_drawings(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_DRAWINGS; i++) {
        cw_fingerprint_done(&assets[i]);
        cw_fingerprint_done(&seen[i]);
    }
    return 0;
}

static struct cw_locals *open_with(size_t points, uint64_t sighting_bytes)
{
    const struct cw_locals_options options = {
        .points = points, .sighting_bytes = sighting_bytes, .max_descriptors = 1000000};
    struct cw_locals *l = NULL;
    assert_int_equal(cw_locals_open(&options, &l, NULL), 0);
    return l;
}

static void add_asset(struct cw_locals *l, cw_studio_no studio, cw_asset_no no,
                      unsigned drawing)
{
    assert_int_equal(cw_locals_add_asset(l, studio, no, &assets[drawing], NULL), 0);
}

static void add_sighting(struct cw_locals *l, cw_sighting_no no, unsigned drawing)
{
    assert_int_equal(cw_locals_add_sighting(l, OURS, no, &seen[drawing], NULL), 0);
}

/* True if `no` is among what is found of a picture. */
static bool finds(struct cw_locals *l, enum cw_locals_side side, cw_studio_no studio,
                  const struct cw_fingerprint *fp, uint64_t no)
{
    uint64_t out[CW_LOCALS_CANDIDATES];
    size_t n = 0;
    assert_int_equal(cw_locals_find(l, side, studio, fp, out, &n, NULL), 0);
    assert_in_range(n, 0, CW_LOCALS_CANDIDATES);
    for (size_t i = 0; i < n; i++) {
        if (out[i] == no) {
            return true;
        }
    }
    return false;
}

static uint64_t bytes_of(unsigned drawing)
{
    return seen[drawing].n_local * CW_FP_LOCAL_BYTES;
}

static void what_was_added_is_found_first(void **state)
{
    struct cw_locals *l = open_with(300, 1 << 20);
    (void)state;
    for (unsigned i = 0; i < N_DRAWINGS; i++) {
        add_asset(l, OURS, 100 + i, i);
    }
    for (unsigned i = 0; i < N_DRAWINGS; i++) {
        uint64_t out[CW_LOCALS_CANDIDATES];
        size_t n = 0;
        assert_int_equal(
            cw_locals_find(l, CW_LOCALS_ASSETS, OURS, &seen[i], out, &n, NULL), 0);
        assert_in_range(n, 1, CW_LOCALS_CANDIDATES);
        assert_int_equal(out[0], 100 + i);
    }
    cw_locals_close(l);
}

static void a_mirrored_copy_is_found_once(void **state)
{
    struct cw_locals *l = open_with(300, 1 << 20);
    CW_AUTO(t_drawn_done) struct t_drawn d = t_drawn_new(WIDE, HIGH, 40);
    CW_AUTO(t_drawn_done) struct t_drawn m = t_drawn_mirrored(&d);
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    uint64_t out[CW_LOCALS_CANDIDATES];
    size_t n = 0;
    (void)state;
    t_describe(&m, CW_LPDQ_QUERY_POINTS, &fp);
    add_asset(l, OURS, 7, 0);
    assert_int_equal(cw_locals_find(l, CW_LOCALS_ASSETS, OURS, &fp, out, &n, NULL), 0);
    assert_int_equal(n, 1);
    assert_int_equal(out[0], 7);
    cw_locals_close(l);
}

static void strangers_are_not_found(void **state)
{
    struct cw_locals *l = open_with(300, 1 << 20);
    (void)state;
    for (unsigned i = 1; i < N_DRAWINGS; i++) {
        add_asset(l, OURS, 100 + i, i);
        assert_false(finds(l, CW_LOCALS_ASSETS, OURS, &seen[0], 100 + i));
    }
    cw_locals_close(l);
}

static void what_was_removed_is_not_found(void **state)
{
    struct cw_locals *l = open_with(300, 1 << 20);
    (void)state;
    add_asset(l, OURS, 100, 0);
    add_asset(l, OURS, 101, 1);
    assert_true(finds(l, CW_LOCALS_ASSETS, OURS, &seen[0], 100));
    cw_locals_remove_asset(l, 100);
    cw_locals_remove_asset(l, 999); /* unknown ones are fine */
    assert_false(finds(l, CW_LOCALS_ASSETS, OURS, &seen[0], 100));
    assert_true(finds(l, CW_LOCALS_ASSETS, OURS, &seen[1], 101));
    assert_int_equal(cw_locals_settle(l, NULL), 0);
    assert_false(finds(l, CW_LOCALS_ASSETS, OURS, &seen[0], 100));
    assert_true(finds(l, CW_LOCALS_ASSETS, OURS, &seen[1], 101));
    cw_locals_close(l);
}

static void each_studio_finds_its_own(void **state)
{
    struct cw_locals *l = open_with(300, 1 << 20);
    (void)state;
    add_asset(l, OURS, 100, 0);
    add_asset(l, THEIRS, 200, 0);
    assert_true(finds(l, CW_LOCALS_ASSETS, OURS, &seen[0], 100));
    assert_false(finds(l, CW_LOCALS_ASSETS, OURS, &seen[0], 200));
    assert_true(finds(l, CW_LOCALS_ASSETS, THEIRS, &seen[0], 200));
    assert_false(finds(l, CW_LOCALS_ASSETS, THEIRS, &seen[0], 100));
    add_sighting(l, 300, 1);
    assert_true(finds(l, CW_LOCALS_SIGHTINGS, OURS, &assets[1], 300));
    assert_false(finds(l, CW_LOCALS_SIGHTINGS, THEIRS, &assets[1], 300));
    cw_locals_close(l);
}

static void the_sides_are_kept_apart(void **state)
{
    struct cw_locals *l = open_with(300, 1 << 20);
    (void)state;
    add_asset(l, OURS, 100, 0);
    add_sighting(l, 200, 1);
    assert_false(finds(l, CW_LOCALS_SIGHTINGS, OURS, &seen[0], 100));
    assert_false(finds(l, CW_LOCALS_ASSETS, OURS, &seen[1], 200));
    cw_locals_remove_asset(l, 200); /* a sighting's number says nothing of assets */
    assert_true(finds(l, CW_LOCALS_SIGHTINGS, OURS, &assets[1], 200));
    cw_locals_close(l);
}

static void only_the_most_telling_points_of_an_asset_are_kept(void **state)
{
    struct cw_locals *l = open_with(50, 1 << 20);
    struct cw_local_stats stats;
    (void)state;
    add_asset(l, OURS, 100, 0);
    cw_locals_get_stats(l, CW_LOCALS_ASSETS, &stats);
    assert_int_equal(stats.descriptors, 50);
    assert_true(finds(l, CW_LOCALS_ASSETS, OURS, &seen[0], 100));
    cw_locals_close(l);
}

static void no_points_turn_the_search_of_assets_off(void **state)
{
    struct cw_locals *l = open_with(0, 1 << 20);
    struct cw_local_stats stats;
    (void)state;
    const uint64_t mark = cw_locals_mark(l, CW_LOCALS_ASSETS);
    add_asset(l, OURS, 100, 0);
    cw_locals_get_stats(l, CW_LOCALS_ASSETS, &stats);
    assert_int_equal(stats.descriptors, 0);
    assert_int_equal(cw_locals_mark(l, CW_LOCALS_ASSETS), mark);
    assert_false(finds(l, CW_LOCALS_ASSETS, OURS, &seen[0], 100));
    cw_locals_close(l);
}

/* ---- the budget ------------------------------------------------------------------- */

static cw_sighting_no oldest(struct cw_locals *l)
{
    assert_int_equal(cw_locals_oldest(l, OURS + 1000), 0); /* another studio's */
    return cw_locals_oldest(l, OURS);
}

static void the_budget_lets_the_oldest_sighting_go(void **state)
{
    struct cw_locals *l = open_with(300, bytes_of(0) + bytes_of(1) + bytes_of(2));
    (void)state;
    assert_int_equal(oldest(l), 0);
    add_sighting(l, 10, 0);
    add_sighting(l, 11, 1);
    add_sighting(l, 12, 2); /* exactly full */
    assert_int_equal(oldest(l), 10);
    assert_true(finds(l, CW_LOCALS_SIGHTINGS, OURS, &assets[0], 10));
    add_sighting(l, 13, 0);
    assert_int_equal(oldest(l), 11);
    assert_false(finds(l, CW_LOCALS_SIGHTINGS, OURS, &assets[0], 10));
    assert_true(finds(l, CW_LOCALS_SIGHTINGS, OURS, &assets[0], 13));
    assert_true(finds(l, CW_LOCALS_SIGHTINGS, OURS, &assets[1], 11));
    assert_true(finds(l, CW_LOCALS_SIGHTINGS, OURS, &assets[2], 12));
    cw_locals_close(l);
}

/* First large ones, then small ones: the ring grows when it has gone round already. */
static void the_budget_holds_over_thousands_of_sightings(void **state)
{
    enum { N = 6000, LARGE = 10, SMALL = 2, FIRST_SMALL = 1500, ROOM = 10000 };
    struct cw_locals *l = open_with(300, (uint64_t)ROOM * CW_FP_LOCAL_BYTES);
    struct cw_fingerprint fp = seen[0];
    cw_sighting_no first = 1;
    size_t kept = 0;
    (void)state;
    for (cw_sighting_no no = 1; no <= N; no++) {
        fp.n_local = no < FIRST_SMALL ? LARGE : SMALL;
        kept += fp.n_local;
        for (; kept > ROOM; first++) {
            kept -= first < FIRST_SMALL ? LARGE : SMALL;
        }
        assert_int_equal(cw_locals_add_sighting(l, OURS, no, &fp, NULL), 0);
        assert_int_equal(oldest(l), first);
    }
    cw_locals_close(l);
}

static void a_sighting_beyond_the_whole_budget_displaces_nobody(void **state)
{
    struct cw_locals *l = open_with(300, bytes_of(0));
    struct cw_fingerprint small = seen[1];
    (void)state;
    small.n_local = 100;
    assert_int_equal(cw_locals_add_sighting(l, OURS, 10, &small, NULL), 0);
    CW_AUTO(t_drawn_done) struct t_drawn d = t_drawn_new(760, 600, 99);
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint large = {0};
    t_describe(&d, 2 * CW_LPDQ_QUERY_POINTS, &large);
    assert_true(large.n_local > seen[0].n_local);
    assert_int_equal(cw_locals_add_sighting(l, OURS, 11, &large, NULL), 0);
    assert_int_equal(oldest(l), 10);
    assert_false(finds(l, CW_LOCALS_SIGHTINGS, OURS, &large, 11));
    cw_locals_close(l);
}

static void no_budget_turns_the_lookback_off(void **state)
{
    struct cw_locals *l = open_with(300, 0);
    (void)state;
    add_sighting(l, 10, 0);
    assert_int_equal(oldest(l), 0);
    assert_false(finds(l, CW_LOCALS_SIGHTINGS, OURS, &assets[0], 10));
    cw_locals_close(l);
}

/* ---- marks, odd input ------------------------------------------------------------- */

static void the_mark_moves_with_every_addition_of_its_side(void **state)
{
    struct cw_locals *l = open_with(300, 1 << 20);
    (void)state;
    const uint64_t a0 = cw_locals_mark(l, CW_LOCALS_ASSETS);
    const uint64_t s0 = cw_locals_mark(l, CW_LOCALS_SIGHTINGS);
    add_asset(l, OURS, 100, 0);
    const uint64_t a1 = cw_locals_mark(l, CW_LOCALS_ASSETS);
    assert_true(a1 > a0);
    assert_int_equal(cw_locals_mark(l, CW_LOCALS_SIGHTINGS), s0);
    add_sighting(l, 200, 0);
    assert_true(cw_locals_mark(l, CW_LOCALS_SIGHTINGS) > s0);
    assert_int_equal(cw_locals_mark(l, CW_LOCALS_ASSETS), a1);
    (void)finds(l, CW_LOCALS_ASSETS, OURS, &seen[0], 100);
    assert_int_equal(cw_locals_mark(l, CW_LOCALS_ASSETS), a1);
    cw_locals_close(l);
}

static void pictures_without_descriptors_or_size_are_passed_over(void **state)
{
    struct cw_locals *l = open_with(300, 1 << 20);
    struct cw_fingerprint flat = seen[0];
    const struct cw_fingerprint empty = {.width = WIDE, .height = HIGH};
    (void)state;
    flat.height = 0;
    assert_int_equal(cw_locals_add_asset(l, OURS, 1, &empty, NULL), 0);
    assert_int_equal(cw_locals_add_asset(l, OURS, 2, &flat, NULL), 0);
    assert_int_equal(cw_locals_add_sighting(l, OURS, 3, &empty, NULL), 0);
    assert_int_equal(cw_locals_add_sighting(l, OURS, 4, &flat, NULL), 0);
    assert_int_equal(oldest(l), 0);
    add_asset(l, OURS, 5, 0);
    assert_false(finds(l, CW_LOCALS_ASSETS, OURS, &empty, 5));
    assert_false(finds(l, CW_LOCALS_ASSETS, OURS, &flat, 5));
    assert_true(finds(l, CW_LOCALS_ASSETS, OURS, &seen[0], 5));
    cw_locals_close(l);
}

static void a_full_index_says_busy(void **state)
{
    const struct cw_locals_options options = {
        .points = 300, .sighting_bytes = 1 << 20, .max_descriptors = 350};
    struct cw_locals *l = NULL;
    (void)state;
    assert_int_equal(cw_locals_open(&options, &l, NULL), 0);
    add_asset(l, OURS, 1, 0);
    const uint64_t mark = cw_locals_mark(l, CW_LOCALS_ASSETS);
    assert_int_equal(cw_locals_add_asset(l, OURS, 2, &assets[1], NULL), CW_E_BUSY);
    assert_int_equal(cw_locals_mark(l, CW_LOCALS_ASSETS), mark);
    assert_true(finds(l, CW_LOCALS_ASSETS, OURS, &seen[0], 1));
    cw_locals_close(l);
}

/* ---- threads ---------------------------------------------------------------------- */

struct adding {
    struct cw_locals *l;
    _Atomic unsigned n_added; /* drawings 0 .. n_added - 1 are on both sides */
};

static void *add_all(void *arg)
{
    struct adding *a = arg;
    for (unsigned i = 0; i < N_DRAWINGS; i++) {
        if (cw_locals_add_asset(a->l, OURS, 100 + i, &assets[i], NULL) != 0 ||
            cw_locals_add_sighting(a->l, OURS, 200 + i, &seen[i], NULL) != 0) {
            return arg;
        }
        atomic_store(&a->n_added, i + 1);
        cw_locals_remove_asset(a->l, 5000 + i);
        if (i % 4 == 3 && cw_locals_settle(a->l, NULL) != 0) {
            return arg;
        }
    }
    return NULL;
}

static void *add_small_sightings(void *arg)
{
    struct adding *a = arg;
    struct cw_fingerprint small = seen[0];
    small.n_local = 3;
    for (uint64_t no = 100000; no < 100400; no++) {
        if (cw_locals_add_sighting(a->l, THEIRS, no, &small, NULL) != 0) {
            return arg;
        }
    }
    return NULL;
}

static void what_was_added_is_found_while_others_add(void **state)
{
    struct adding a = {.l = open_with(300, 1 << 22)};
    pthread_t adder, other;
    void *failed = NULL;
    (void)state;
    assert_int_equal(pthread_create(&adder, NULL, add_all, &a), 0);
    assert_int_equal(pthread_create(&other, NULL, add_small_sightings, &a), 0);
    for (unsigned n = 0, i = 0; n < N_DRAWINGS; i++) {
        n = atomic_load(&a.n_added);
        const unsigned drawing = n > 0 ? i % n : 0;
        const bool there = n > 0;
        assert_true(finds(a.l, CW_LOCALS_ASSETS, OURS, &seen[drawing], 100 + drawing) ||
                    !there);
        assert_true(
            finds(a.l, CW_LOCALS_SIGHTINGS, OURS, &assets[drawing], 200 + drawing) ||
            !there);
        (void)cw_locals_oldest(a.l, OURS);
    }
    pthread_join(adder, &failed);
    assert_null(failed);
    pthread_join(other, &failed);
    assert_null(failed);
    cw_locals_close(a.l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_found_first),
        cmocka_unit_test(a_mirrored_copy_is_found_once),
        cmocka_unit_test(strangers_are_not_found),
        cmocka_unit_test(what_was_removed_is_not_found),
        cmocka_unit_test(each_studio_finds_its_own),
        cmocka_unit_test(the_sides_are_kept_apart),
        cmocka_unit_test(only_the_most_telling_points_of_an_asset_are_kept),
        cmocka_unit_test(no_points_turn_the_search_of_assets_off),
        cmocka_unit_test(the_budget_lets_the_oldest_sighting_go),
        cmocka_unit_test(the_budget_holds_over_thousands_of_sightings),
        cmocka_unit_test(a_sighting_beyond_the_whole_budget_displaces_nobody),
        cmocka_unit_test(no_budget_turns_the_lookback_off),
        cmocka_unit_test(the_mark_moves_with_every_addition_of_its_side),
        cmocka_unit_test(pictures_without_descriptors_or_size_are_passed_over),
        cmocka_unit_test(a_full_index_says_busy),
        cmocka_unit_test(what_was_added_is_found_while_others_add),
    };
    return cmocka_run_group_tests(tests, make_drawings, end_drawings);
}
