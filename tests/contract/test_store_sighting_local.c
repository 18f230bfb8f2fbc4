/* test_store_sighting_local.c - local descriptors of sightings, on every engine: kept
 * apart, the newest within a budget, the same after a restart. */
#include "tests/contract/store_fixture.h"

#define ONE 1000          /* bytes of one sighting's descriptors */
#define BUDGET (10 * ONE) /* ten of them */
#define MOST_LOCAL (80 * 1024)

static const char *engine; /* of the group that runs */

static int set_up(void **state)
{
    struct fixture *x = calloc(1, sizeof *x);
    assert_non_null(x);
    fix_open_with(x, engine, BUDGET);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    fix_verify(x->s);
    fix_close(x);
    free(x);
    return 0;
}

/* Each byte tells which sighting it belongs to. */
static cw_sighting_no record_of(struct fixture *x, cw_studio_no studio, unsigned n,
                                size_t len)
{
    static uint8_t bytes[MOST_LOCAL];
    struct cw_new_sighting item = fix_new_sighting(studio, "h.example", 0);
    struct cw_recorded out = {0};
    struct cw_err err = {0};
    memset(bytes, (int)(n % 251), len);
    memcpy(item.sighting.id, &n, sizeof n);
    item.local = cw_bytes_of(bytes, len);
    fix_ok(cw_store_record_sightings(x->s, &item, 1, &out, &err), &err);
    assert_int_equal(out.rc, 0);
    return out.no;
}

static cw_sighting_no record(struct fixture *x, unsigned n, size_t len)
{
    return record_of(x, x->studio, n, len);
}

/* True if sighting `no`, made with `n`, has its bytes; false if it has none. */
static bool has(struct fixture *x, cw_sighting_no no, unsigned n, size_t len)
{
    CW_AUTO(cw_buf_done) struct cw_buf got = CW_BUF_INIT(2 * MOST_LOCAL);
    struct cw_err err = {0};
    const int rc = cw_store_get_sighting_local(x->s, x->studio, no, &got, &err);
    if (rc == CW_E_NOT_FOUND) {
        assert_int_equal(got.len, 0);
        return false;
    }
    fix_ok(rc, &err);
    assert_int_equal(got.len, len);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(got.p[i], n % 251);
    }
    return true;
}

struct listed {
    size_t n, max; /* max 0 = no limit */
    uint64_t bytes;
    struct {
        cw_studio_no studio;
        cw_sighting_no no;
    } items[256];
};

static bool collect(void *ctx, cw_studio_no studio, cw_sighting_no no,
                    struct cw_bytes local)
{
    struct listed *l = ctx;
    assert_true(l->n < 256);
    l->items[l->n].studio = studio;
    l->items[l->n++].no = no;
    l->bytes += local.len;
    return l->n != l->max;
}

static struct listed list_from(struct fixture *x, cw_sighting_no after, size_t max)
{
    struct listed l = {.max = max};
    struct cw_err err = {0};
    fix_ok(cw_store_list_sighting_local(x->s, after, collect, &l, &err), &err);
    return l;
}

static bool add_up(void *ctx, cw_studio_no studio, cw_sighting_no no,
                   struct cw_bytes local)
{
    (void)studio;
    (void)no;
    *(uint64_t *)ctx += local.len;
    return true;
}

static uint64_t kept_bytes(struct fixture *x)
{
    uint64_t bytes = 0;
    struct cw_err err = {0};
    fix_ok(cw_store_list_sighting_local(x->s, 0, add_up, &bytes, &err), &err);
    return bytes;
}

/* Opens the same store again; engines that forget keep theirs. */
static void reopen(struct fixture *x, uint64_t budget)
{
    if (strcmp(engine, "lmdb") == 0) {
        cw_store_close(x->s);
        x->s = fix_open_url_with(x->url, budget);
    }
}

static void what_was_put_is_got_and_appended(void **state)
{
    struct fixture *x = *state;
    CW_AUTO(cw_buf_done) struct cw_buf got = CW_BUF_INIT(3 * ONE);
    struct cw_err err = {0};
    const cw_sighting_no a = record(x, 1, ONE);
    const cw_sighting_no b = record(x, 2, 40);
    assert_true(has(x, a, 1, ONE));
    assert_true(has(x, b, 2, 40));
    fix_ok(cw_store_get_sighting_local(x->s, x->studio, b, &got, &err), &err);
    fix_ok(cw_store_get_sighting_local(x->s, x->studio, a, &got, &err), &err);
    assert_int_equal(got.len, 40 + ONE);
    assert_int_equal(got.p[39], 2);
    assert_int_equal(got.p[40], 1);
}

static void a_sighting_without_descriptors_has_none(void **state)
{
    struct fixture *x = *state;
    const cw_sighting_no no = record(x, 1, 0);
    assert_false(has(x, no, 1, 0));
    assert_false(has(x, no + 1, 1, 0)); /* there is no such sighting */
    assert_int_equal(list_from(x, 0, 0).n, 0);
}

static void the_same_sighting_again_keeps_one(void **state)
{
    struct fixture *x = *state;
    struct cw_new_sighting item = fix_new_sighting(x->studio, "h.example", 1);
    struct cw_recorded out = {0};
    struct cw_err err = {0};
    for (int i = 0; i < 2; i++) {
        fix_ok(cw_store_record_sightings(x->s, &item, 1, &out, &err), &err);
        assert_int_equal(out.rc, i == 0 ? 0 : CW_E_EXISTS);
    }
    assert_int_equal(list_from(x, 0, 0).n, 1);
    assert_int_equal(kept_bytes(x), item.local.len);
}

static void another_studio_does_not_get_them(void **state)
{
    struct fixture *x = *state;
    CW_AUTO(cw_buf_done) struct cw_buf got = CW_BUF_INIT(2 * ONE);
    cw_studio_no other = 0;
    struct cw_err err = {0};
    fix_ok(cw_store_studio(x->s, "other", true, &other, &err), &err);
    const cw_sighting_no no = record(x, 1, ONE);
    assert_int_equal(cw_store_get_sighting_local(x->s, other, no, &got, &err),
                     CW_E_NOT_FOUND);
}

static void they_are_listed_oldest_first_from_a_number(void **state)
{
    struct fixture *x = *state;
    cw_sighting_no nos[6];
    cw_studio_no other = 0;
    struct cw_err err = {0};
    fix_ok(cw_store_studio(x->s, "other", true, &other, &err), &err);
    for (unsigned i = 0; i < 6; i++) {
        nos[i] = record_of(x, i % 2 == 0 ? other : x->studio, i, i == 3 ? 0 : 40);
    }
    const struct listed all = list_from(x, 0, 0);
    const cw_sighting_no expected[] = {nos[0], nos[1], nos[2], nos[4], nos[5]};
    assert_int_equal(all.n, 5);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(all.items[i].no, expected[i]);
        assert_int_equal(all.items[i].studio,
                         expected[i] % 2 == nos[0] % 2 ? other : x->studio);
    }
    assert_int_equal(all.bytes, 200);
    assert_int_equal(list_from(x, nos[2], 0).n, 2);
    assert_int_equal(list_from(x, nos[2], 0).items[0].no, nos[4]);
    assert_int_equal(list_from(x, nos[5], 0).n, 0);
    assert_int_equal(list_from(x, 0, 2).n, 2); /* the callback said stop */
}

static void the_newest_within_the_budget_are_kept(void **state)
{
    struct fixture *x = *state;
    cw_sighting_no nos[40];
    for (unsigned i = 0; i < 40; i++) {
        nos[i] = record(x, i, ONE);
        for (unsigned k = 0; k <= i; k++) {
            assert_int_equal(has(x, nos[k], k, ONE), k + 10 > i);
        }
        assert_int_equal(kept_bytes(x), i < 10 ? (i + 1) * ONE : BUDGET);
    }
    struct cw_sighting s;
    struct cw_err err = {0};
    fix_ok(cw_store_get_sighting_no(x->s, x->studio, nos[0], &s, NULL, &err), &err);
}

/* Many small ones, then large ones: the large are what the budget is for. */
static void the_budget_holds_whatever_the_sizes(void **state)
{
    struct fixture *x = *state;
    for (unsigned i = 0; i < BUDGET / 40; i++) {
        (void)record(x, i, 40);
    }
    assert_int_equal(kept_bytes(x), BUDGET);
    for (unsigned i = 0; i < 20; i++) {
        const cw_sighting_no no = record(x, 1000 + i, 4 * ONE);
        assert_true(has(x, no, 1000 + i, 4 * ONE));
        assert_true(kept_bytes(x) <= BUDGET);
    }
    for (unsigned i = 0; i < 100; i++) {
        (void)record(x, 2000 + i, 40 + 40 * (i * 7 % 60));
        assert_true(kept_bytes(x) <= BUDGET);
    }
}

/* As in the search, which follows this table. */
static void one_beyond_the_whole_budget_displaces_nobody(void **state)
{
    struct fixture *x = *state;
    const cw_sighting_no before = record(x, 1, ONE);
    const cw_sighting_no no = record(x, 2, BUDGET + 40);
    assert_false(has(x, no, 2, BUDGET + 40));
    assert_true(has(x, before, 1, ONE));
    const cw_sighting_no full = record(x, 3, BUDGET);
    assert_true(has(x, full, 3, BUDGET));
    assert_int_equal(kept_bytes(x), BUDGET);
}

static void a_batch_is_held_to_the_budget(void **state)
{
    struct fixture *x = *state;
    static uint8_t bytes[ONE];
    struct cw_new_sighting *items = calloc(64, sizeof *items);
    struct cw_recorded out[64];
    struct cw_err err = {0};
    assert_non_null(items);
    for (unsigned i = 0; i < 64; i++) {
        items[i] = fix_new_sighting(x->studio, "h.example", (uint8_t)i);
        items[i].local = cw_bytes_of(bytes, sizeof bytes);
    }
    fix_ok(cw_store_record_sightings(x->s, items, 64, out, &err), &err);
    const struct listed l = list_from(x, 0, 0);
    assert_int_equal(l.n, 10);
    assert_int_equal(l.items[9].no, out[63].no);
    free(items);
}

static void everything_is_the_same_after_reopening(void **state)
{
    struct fixture *x = *state;
    cw_sighting_no nos[15];
    for (unsigned i = 0; i < 13; i++) {
        nos[i] = record(x, i, ONE);
    }
    reopen(x, BUDGET);
    assert_int_equal(kept_bytes(x), BUDGET);
    assert_int_equal(list_from(x, 0, 0).items[0].no, nos[3]);
    assert_false(has(x, nos[2], 2, ONE));
    assert_true(has(x, nos[3], 3, ONE));
    nos[13] = record(x, 13, ONE); /* and goes on */
    assert_false(has(x, nos[3], 3, ONE));
    assert_true(has(x, nos[4], 4, ONE));
    assert_true(has(x, nos[13], 13, ONE));
    assert_int_equal(kept_bytes(x), BUDGET);
}

/* Of LMDB only: the others forget when they are closed. */
static void a_lowered_budget_is_reached_step_by_step(void **state)
{
    struct fixture *x = *state;
    const bool keeps = strcmp(engine, "lmdb") == 0;
    (void)reopen(x, 100 * ONE);
    for (unsigned i = 0; i < 100; i++) {
        (void)record(x, i, ONE);
    }
    assert_int_equal(kept_bytes(x), keeps ? 100 * ONE : BUDGET);
    reopen(x, BUDGET);
    uint64_t before = kept_bytes(x);
    for (unsigned i = 0; i < 20; i++) {
        (void)record(x, 100 + i, ONE);
        const uint64_t now = kept_bytes(x);
        assert_true(now < before || now <= BUDGET);
        before = now;
    }
    assert_int_equal(before, BUDGET);
}

static void a_budget_of_nothing_is_reached_too(void **state)
{
    struct fixture *x = *state;
    const bool keeps = strcmp(engine, "lmdb") == 0;
    for (unsigned i = 0; i < 10; i++) {
        (void)record(x, i, ONE);
    }
    reopen(x, 0);
    for (unsigned i = 0; i < 20; i++) {
        const cw_sighting_no no = record(x, 100 + i, ONE);
        assert_int_equal(has(x, no, 100 + i, ONE), !keeps);
    }
    assert_int_equal(kept_bytes(x), keeps ? 0 : BUDGET);
}

int main(void)
{
    const char *const engines[] = {"memory", "lmdb", "failing"};
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(what_was_put_is_got_and_appended),
        CASE(a_sighting_without_descriptors_has_none),
        CASE(the_same_sighting_again_keeps_one),
        CASE(another_studio_does_not_get_them),
        CASE(they_are_listed_oldest_first_from_a_number),
        CASE(the_newest_within_the_budget_are_kept),
        CASE(the_budget_holds_whatever_the_sizes),
        CASE(one_beyond_the_whole_budget_displaces_nobody),
        CASE(a_batch_is_held_to_the_budget),
        CASE(everything_is_the_same_after_reopening),
        CASE(a_lowered_budget_is_reached_step_by_step),
        CASE(a_budget_of_nothing_is_reached_too),
    };
    int failed = 0;
    if (cw_crypto_init(NULL) != 0) {
        return 1;
    }
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++) {
        engine = engines[i];
        failed += cmocka_run_group_tests_name(engine, tests, NULL, NULL);
    }
    return failed;
}
