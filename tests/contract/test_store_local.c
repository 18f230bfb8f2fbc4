/* test_store_local.c - local descriptors of sightings: the newest within a budget of
 * bytes, on every engine. */
#include "tests/contract/store_fixture.h"

#define BYTES 100U /* of the descriptors of one sighting */

static const char *engine;

static struct cw_store *open_with(struct fixture *x, uint64_t budget)
{
    struct cw_store_options o = CW_STORE_DEFAULTS;
    struct cw_store *s = NULL;
    struct cw_err err = {0};
    o.create = true;
    o.sighting_local_bytes = budget;
    fix_ok(cw_store_open(x->url, &o, &s, &err), &err);
    return s;
}

/* A fixture whose store has that budget. */
static void open_budget(struct fixture *x, uint64_t budget)
{
    struct cw_err err = {0};
    fix_open(x, engine);
    cw_store_close(x->s);
    x->s = open_with(x, budget);
    fix_ok(cw_store_studio(x->s, "ours", true, &x->studio, &err), &err);
}

static cw_sighting_no sight(struct fixture *x, uint8_t id)
{
    uint8_t local[BYTES];
    struct cw_new_sighting item = fix_new_sighting(x->studio, "h", id);
    struct cw_recorded out = {0};
    struct cw_err err = {0};
    memset(local, id, sizeof local);
    item.local = cw_bytes_of(local, sizeof local);
    fix_ok(cw_store_record_sightings(x->s, &item, 1, &out, &err), &err);
    return out.no;
}

static bool is_kept(struct fixture *x, cw_sighting_no no, uint8_t id)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(1024);
    const int rc = cw_store_get_sighting_local(x->s, x->studio, no, &b, NULL);
    assert_true(rc == 0 || rc == CW_E_NOT_FOUND);
    if (rc == 0) {
        assert_int_equal(b.len, BYTES);
        assert_int_equal(b.p[0], id);
        assert_int_equal(b.p[BYTES - 1], id);
    }
    return rc == 0;
}

struct list {
    size_t n;
    cw_sighting_no no[32];
};

static bool note(void *ctx, cw_studio_no studio, cw_sighting_no no, struct cw_bytes local)
{
    struct list *l = ctx;
    assert_true(studio != 0);
    assert_int_equal(local.len, BYTES);
    l->no[l->n++] = no;
    return true;
}

static void the_newest_within_the_budget_are_kept(void **state)
{
    struct fixture x;
    struct list list = {0};
    struct cw_err err = {0};
    cw_sighting_no no[6];
    (void)state;
    open_budget(&x, 3 * BYTES);
    for (uint8_t i = 0; i < 6; i++) {
        no[i] = sight(&x, i);
    }
    for (uint8_t i = 0; i < 6; i++) {
        assert_int_equal(is_kept(&x, no[i], i), i >= 3);
    }
    fix_ok(cw_store_list_sighting_local(x.s, 0, note, &list, &err), &err);
    assert_int_equal(list.n, 3);
    assert_true(list.no[0] == no[3] && list.no[2] == no[5]);
    list.n = 0;
    fix_ok(cw_store_list_sighting_local(x.s, no[3], note, &list, &err), &err);
    assert_int_equal(list.n, 2);
    fix_verify(x.s);
    fix_close(&x);
}

static void the_sighting_itself_stays(void **state)
{
    struct fixture x;
    struct cw_sighting s;
    struct cw_err err = {0};
    (void)state;
    open_budget(&x, BYTES);
    const cw_sighting_no first = sight(&x, 1);
    (void)sight(&x, 2);
    assert_false(is_kept(&x, first, 1));
    fix_ok(cw_store_get_sighting_no(x.s, x.studio, first, &s, NULL, &err), &err);
    assert_string_equal(s.host, "h");
    fix_close(&x);
}

static void a_budget_of_nothing_keeps_nothing(void **state)
{
    struct fixture x;
    (void)state;
    open_budget(&x, 0);
    assert_false(is_kept(&x, sight(&x, 1), 1));
    fix_verify(x.s);
    fix_close(&x);
}

static void another_studio_does_not_get_them(void **state)
{
    struct fixture x;
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(1024);
    (void)state;
    open_budget(&x, 10 * BYTES);
    const cw_sighting_no no = sight(&x, 1);
    assert_int_equal(cw_store_get_sighting_local(x.s, x.studio + 1, no, &b, NULL),
                     CW_E_NOT_FOUND);
    fix_close(&x);
}

/* Only what is on disk can be opened again with another budget. */
static void a_lowered_budget_is_reached_soon(void **state)
{
    struct fixture x;
    cw_sighting_no no[12];
    (void)state;
    if (strcmp(engine, "lmdb") != 0) {
        return;
    }
    open_budget(&x, 20 * BYTES);
    for (uint8_t i = 0; i < 10; i++) {
        no[i] = sight(&x, i);
    }
    cw_store_close(x.s);
    x.s = open_with(&x, 2 * BYTES);
    no[10] = sight(&x, 10);
    no[11] = sight(&x, 11);
    for (uint8_t i = 0; i < 12; i++) {
        assert_int_equal(is_kept(&x, no[i], i), i >= 10);
    }
    fix_verify(x.s);
    fix_close(&x);
}

int main(void)
{
    const char *const engines[] = {"memory", "lmdb"};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_within_the_budget_are_kept),
        cmocka_unit_test(the_sighting_itself_stays),
        cmocka_unit_test(a_budget_of_nothing_keeps_nothing),
        cmocka_unit_test(another_studio_does_not_get_them),
        cmocka_unit_test(a_lowered_budget_is_reached_soon),
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
