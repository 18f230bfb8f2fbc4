/* test_store_writer.c - many writers at once, full maps, reopening, backup. */
#include <pthread.h>
#include <stdatomic.h>

#include "tests/contract/store_fixture.h"

#define N_THREADS 16
#define N_EACH 40

/* ---- group commit ----------------------------------------------------------------- */

struct worker {
    struct fixture *x;
    unsigned no;
    int failures;
};

static void *register_many(void *arg)
{
    struct worker *w = arg;
    for (unsigned i = 0; i < N_EACH; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "t%u/%u", w->no, i % (N_EACH - 5)); /* some twice */
        const struct cw_registration item = fix_item(w->x->studio, "c", id, 1);
        struct cw_registered out = {0};
        struct cw_asset a;
        if (cw_store_register(w->x->s, &item, 1, FIX_ACTOR, &out, NULL) != 0 ||
            out.rc != 0 ||
            cw_store_get_asset(w->x->s, w->x->studio, "c", id, &a, NULL, NULL) != 0 ||
            a.no != out.no) {
            w->failures++;
        }
    }
    return NULL;
}

static bool check_next(void *ctx, const struct cw_event *e)
{
    uint64_t *last = ctx;
    assert_int_equal(e->seq, *last + 1);
    *last = e->seq;
    return true;
}

static void run_workers(struct fixture *x)
{
    struct worker workers[N_THREADS];
    pthread_t threads[N_THREADS];
    for (unsigned i = 0; i < N_THREADS; i++) {
        workers[i] = (struct worker){.x = x, .no = i};
        assert_int_equal(pthread_create(&threads[i], NULL, register_many, &workers[i]),
                         0);
    }
    for (unsigned i = 0; i < N_THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].failures, 0);
    }
}

static void check_group_commit(const char *engine)
{
    struct fixture x;
    struct cw_store_stats st;
    uint64_t last = 0;
    struct cw_err err = {0};
    fix_open(&x, engine);
    run_workers(&x);
    fix_ok(cw_store_get_stats(x.s, &st, &err), &err);
    assert_int_equal(st.assets, N_THREADS * (N_EACH - 5));
    assert_true(st.commits <= st.writes);
    fix_ok(cw_store_read_log(x.s, x.studio, 0, check_next, &last, &err), &err);
    assert_int_equal(last, st.assets + 1); /* and the collection's */
    fix_verify(x.s);
    fix_close(&x);
}

static void sixteen_threads_share_commits_in_memory(void **state)
{
    (void)state;
    check_group_commit("memory");
}

static void sixteen_threads_share_commits_on_disk(void **state)
{
    (void)state;
    check_group_commit("lmdb");
}

static void *hammer_bad(void *arg)
{
    struct worker *w = arg;
    const struct cw_match missing = {.sighting = 999999, .at_us = 1};
    for (unsigned i = 0; i < N_EACH; i++) {
        struct cw_registration item = fix_item(w->x->studio, "c", "bad", 1);
        struct cw_registered out = {0};
        item.matches = &missing;
        item.n_matches = 1;
        const int rc = cw_store_register(w->x->s, &item, 1, FIX_ACTOR, &out, NULL);
        w->failures += rc != CW_E_NOT_FOUND;
    }
    return NULL;
}

/* An operation that fails half way takes its neighbours of the same commit with it only
 * for as long as it takes to try them again. */
static void a_failing_neighbour_spoils_nobody(void **state)
{
    struct fixture x;
    struct worker bad;
    struct cw_asset a;
    pthread_t thread;
    (void)state;
    fix_open(&x, "lmdb");
    bad = (struct worker){.x = &x};
    assert_int_equal(pthread_create(&thread, NULL, hammer_bad, &bad), 0);
    run_workers(&x);
    pthread_join(thread, NULL);
    assert_int_equal(bad.failures, 0);
    assert_int_equal(cw_store_get_asset(x.s, x.studio, "c", "bad", &a, NULL, NULL),
                     CW_E_NOT_FOUND);
    fix_verify(x.s);
    fix_close(&x);
}

/* ---- room ------------------------------------------------------------------------- */

static int register_large(struct fixture *x, unsigned i)
{
    static const uint8_t fingerprint[100 * 1024];
    struct cw_registered out;
    char id[32];
    (void)snprintf(id, sizeof id, "%u", i);
    struct cw_registration item = fix_item(x->studio, "c", id, 1);
    item.asset.fingerprint = cw_bytes_of(fingerprint, sizeof fingerprint);
    return cw_store_register(x->s, &item, 1, FIX_ACTOR, &out, NULL);
}

static void the_map_grows_by_itself(void **state)
{
    struct fixture x;
    struct cw_store_stats before, after;
    struct cw_err err = {0};
    (void)state;
    fix_open(&x, "lmdb");
    fix_ok(cw_store_get_stats(x.s, &before, &err), &err);
    for (unsigned i = 0; i < 700; i++) {
        assert_int_equal(register_large(&x, i), 0);
    }
    fix_ok(cw_store_get_stats(x.s, &after, &err), &err);
    assert_true(after.map_bytes >= 2 * before.map_bytes);
    fix_verify(x.s);
    fix_close(&x);
}

static void a_full_store_is_busy_and_still_readable(void **state)
{
    struct fixture x = {0};
    struct cw_store_options o = CW_STORE_DEFAULTS;
    struct cw_asset a;
    struct cw_err err = {0};
    unsigned n = 0;
    (void)state;
    fix_temp_dir(x.dir);
    (void)snprintf(x.url, sizeof x.url, "lmdb:%s", x.dir);
    o.create = true;
    o.map_bytes = 4 << 20;
    fix_ok(cw_store_open(x.url, &o, &x.s, &err), &err);
    fix_ok(cw_store_studio(x.s, "acme", true, &x.studio, &err), &err);
    int rc = 0;
    for (; rc == 0; n++) {
        rc = register_large(&x, n);
    }
    assert_int_equal(rc, CW_E_BUSY);
    assert_true(n > 10);
    fix_ok(cw_store_get_asset(x.s, x.studio, "c", "0", &a, NULL, &err), &err);
    fix_verify(x.s);
    fix_close(&x);
}

static void too_long_a_fingerprint_is_refused(void **state)
{
    struct fixture x;
    struct cw_registered out;
    (void)state;
    fix_open(&x, "memory");
    struct cw_registration item = fix_item(x.studio, "c", "id", 1);
    const size_t len = 200 * 1024;
    uint8_t *fingerprint = calloc(1, len);
    assert_non_null(fingerprint);
    item.asset.fingerprint = cw_bytes_of(fingerprint, len);
    assert_int_equal(cw_store_register(x.s, &item, 1, FIX_ACTOR, &out, NULL),
                     CW_E_TOO_LARGE);
    free(fingerprint);
    fix_verify(x.s);
    fix_close(&x);
}

/* ---- opening ---------------------------------------------------------------------- */

static void what_was_written_is_there_after_reopening(void **state)
{
    struct fixture x;
    uint8_t before[32], after[32];
    struct cw_incident in;
    struct cw_err err = {0};
    (void)state;
    fix_open(&x, "lmdb");
    fix_ok(cw_store_secret(x.s, before, &err), &err);
    const cw_asset_no asset = fix_asset(&x, "c", "1");
    (void)fix_sight(&x, "h", 1, &asset, 1);
    cw_store_close(x.s);
    x.s = fix_open_url(x.url);
    fix_ok(cw_store_secret(x.s, after, &err), &err);
    assert_memory_equal(before, after, sizeof before);
    fix_ok(cw_store_get_incident(x.s, x.studio, 1, &in, &err), &err);
    assert_true(fix_asset(&x, "c", "2") > asset);
    fix_verify(x.s);
    fix_close(&x);
}

static void urls_and_second_openers_are_checked(void **state)
{
    struct fixture x;
    struct cw_store *second = NULL;
    (void)state;
    fix_open(&x, "lmdb");
    assert_int_equal(cw_store_open(x.url, &CW_STORE_DEFAULTS, &second, NULL), CW_E_BUSY);
    assert_int_equal(
        cw_store_open("lmdb:/no/such/dir", &CW_STORE_DEFAULTS, &second, NULL),
        CW_E_NOT_FOUND);
    assert_int_equal(cw_store_open("ftp:x", &CW_STORE_DEFAULTS, &second, NULL),
                     CW_E_INVALID);
    fix_close(&x);
}

static void a_backup_opens_as_a_store(void **state)
{
    struct fixture x, copy = {0};
    char path[96];
    struct cw_asset a;
    struct cw_err err = {0};
    (void)state;
    fix_open(&x, "lmdb");
    (void)fix_asset(&x, "c", "1");
    fix_temp_dir(copy.dir);
    (void)snprintf(path, sizeof path, "%s/data.mdb", copy.dir);
    fix_ok(cw_store_backup(x.s, path, &err), &err);
    assert_int_equal(cw_store_backup(x.s, path, &err), CW_E_EXISTS);
    (void)fix_asset(&x, "c", "2");
    (void)snprintf(copy.url, sizeof copy.url, "lmdb:%s", copy.dir);
    copy.s = fix_open_url(copy.url);
    fix_ok(cw_store_get_asset(copy.s, x.studio, "c", "1", &a, NULL, &err), &err);
    assert_int_equal(cw_store_get_asset(copy.s, x.studio, "c", "2", &a, NULL, &err),
                     CW_E_NOT_FOUND);
    fix_verify(copy.s);
    fix_close(&copy);
    fix_close(&x);
}

static void memory_cannot_be_backed_up(void **state)
{
    struct fixture x;
    (void)state;
    fix_open(&x, "memory");
    assert_int_equal(cw_store_backup(x.s, "/tmp/cw-no-such-backup", NULL),
                     CW_E_UNSUPPORTED);
    fix_close(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sixteen_threads_share_commits_in_memory),
        cmocka_unit_test(sixteen_threads_share_commits_on_disk),
        cmocka_unit_test(a_failing_neighbour_spoils_nobody),
        cmocka_unit_test(the_map_grows_by_itself),
        cmocka_unit_test(a_full_store_is_busy_and_still_readable),
        cmocka_unit_test(too_long_a_fingerprint_is_refused),
        cmocka_unit_test(what_was_written_is_there_after_reopening),
        cmocka_unit_test(urls_and_second_openers_are_checked),
        cmocka_unit_test(a_backup_opens_as_a_store),
        cmocka_unit_test(memory_cannot_be_backed_up),
    };
    return cw_crypto_init(NULL) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
