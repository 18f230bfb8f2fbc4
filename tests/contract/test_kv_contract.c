/* test_kv_contract.c - what kv.h promises, on both engines. */
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "index/kv.h"
#include "tests/contract/store_fixture.h"

struct kv_fixture {
    struct cw_kv *kv;
    char dir[64];
};

static bool on_lmdb; /* the engine of the group that runs */

static struct cw_kv_lmdb_options lmdb_options(const char *dir)
{
    return (struct cw_kv_lmdb_options){.dir = dir,
                                       .first_map_bytes = 1 << 20,
                                       .max_map_bytes = 8 << 20,
                                       .max_readers = 16,
                                       .n_tables = 2,
                                       .create = true};
}

static int set_up(void **state)
{
    struct kv_fixture *x = calloc(1, sizeof *x);
    struct cw_err err = {0};
    assert_non_null(x);
    if (on_lmdb) {
        fix_temp_dir(x->dir);
        const struct cw_kv_lmdb_options o = lmdb_options(x->dir);
        fix_ok(cw_kv_open_lmdb(&o, &x->kv, &err), &err);
    } else {
        fix_ok(cw_kv_open_memory(&x->kv, &err), &err);
    }
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct kv_fixture *x = *state;
    cw_kv_close(x->kv);
    if (on_lmdb) {
        fix_remove_dir(x->dir);
    }
    free(x);
    return 0;
}

static struct cw_kv_tx *begin(struct cw_kv *kv, bool write)
{
    struct cw_kv_tx *tx = NULL;
    struct cw_err err = {0};
    fix_ok(cw_kv_begin(kv, write, &tx, &err), &err);
    return tx;
}

static void put(struct cw_kv_tx *tx, const char *key, const char *value)
{
    struct cw_err err = {0};
    fix_ok(cw_kv_put(tx, 0, cw_bytes_str(key), cw_bytes_str(value), &err), &err);
}

static void put_alone(struct cw_kv *kv, const char *key, const char *value)
{
    struct cw_kv_tx *tx = begin(kv, true);
    struct cw_err err = {0};
    put(tx, key, value);
    fix_ok(cw_kv_commit(tx, &err), &err);
}

/* NULL = expect that there is none. */
static void expect(struct cw_kv_tx *tx, const char *key, const char *value)
{
    struct cw_bytes got;
    const int rc = cw_kv_get(tx, 0, cw_bytes_str(key), &got, NULL);
    assert_int_equal(rc, value == NULL ? CW_E_NOT_FOUND : 0);
    if (value != NULL) {
        assert_true(cw_bytes_equal_str(got, value));
    }
}

static void expect_alone(struct cw_kv *kv, const char *key, const char *value)
{
    struct cw_kv_tx *tx = begin(kv, false);
    expect(tx, key, value);
    cw_kv_abort(tx);
}

static void what_is_committed_is_there_and_what_is_aborted_is_not(void **state)
{
    struct kv_fixture *x = *state;
    put_alone(x->kv, "a", "1");
    struct cw_kv_tx *tx = begin(x->kv, true);
    put(tx, "a", "2");
    put(tx, "b", "3");
    expect(tx, "a", "2");
    assert_int_equal(cw_kv_changes(tx), 2);
    cw_kv_abort(tx);
    expect_alone(x->kv, "a", "1");
    expect_alone(x->kv, "b", NULL);
}

static void a_reader_keeps_the_moment_of_its_beginning(void **state)
{
    struct kv_fixture *x = *state;
    put_alone(x->kv, "a", "1");
    struct cw_kv_tx *old = begin(x->kv, false);
    put_alone(x->kv, "a", "2");
    expect(old, "a", "1");
    cw_kv_abort(old);
    expect_alone(x->kv, "a", "2");
}

static void deleting_what_is_not_there_is_an_answer(void **state)
{
    struct kv_fixture *x = *state;
    struct cw_err err = {0};
    put_alone(x->kv, "a", "1");
    struct cw_kv_tx *tx = begin(x->kv, true);
    assert_int_equal(cw_kv_del(tx, 0, cw_bytes_str("b"), &err), CW_E_NOT_FOUND);
    assert_int_equal(cw_kv_failure(tx), 0);
    fix_ok(cw_kv_del(tx, 0, cw_bytes_str("a"), &err), &err);
    expect(tx, "a", NULL);
    fix_ok(cw_kv_commit(tx, &err), &err);
    expect_alone(x->kv, "a", NULL);
}

static void tables_do_not_mix_and_empty_values_are_values(void **state)
{
    struct kv_fixture *x = *state;
    struct cw_kv_tx *tx = begin(x->kv, true);
    struct cw_bytes got;
    struct cw_err err = {0};
    fix_ok(cw_kv_put(tx, 1, cw_bytes_str("k"), cw_bytes_of(NULL, 0), &err), &err);
    expect(tx, "k", NULL);
    fix_ok(cw_kv_get(tx, 1, cw_bytes_str("k"), &got, &err), &err);
    assert_int_equal(got.len, 0);
    cw_kv_abort(tx);
}

static void expect_move(struct cw_kv_cursor *c, enum cw_kv_move how, const char *key,
                        const char *found)
{
    struct cw_kv_pair at;
    const int rc = cw_kv_move(c, how, cw_bytes_str(key), &at, NULL);
    assert_int_equal(rc, found == NULL ? CW_E_NOT_FOUND : 0);
    if (found != NULL) {
        assert_true(cw_bytes_equal_str(at.key, found));
        assert_true(cw_bytes_equal_str(at.value, found));
    }
}

static void cursors_walk_in_order_of_bytes(void **state)
{
    struct kv_fixture *x = *state;
    const char *const keys[] = {"b", "a", "\xff", "ab", "B"};
    struct cw_kv_cursor *c = NULL;
    struct cw_err err = {0};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        put_alone(x->kv, keys[i], keys[i]);
    }
    struct cw_kv_tx *tx = begin(x->kv, false);
    fix_ok(cw_kv_cursor_open(tx, 0, &c, &err), &err);
    expect_move(c, CW_KV_SEEK, "", "B");
    expect_move(c, CW_KV_NEXT, "", "a");
    expect_move(c, CW_KV_NEXT, "", "ab");
    expect_move(c, CW_KV_SEEK, "aa", "ab");
    expect_move(c, CW_KV_PREV, "", "a");
    expect_move(c, CW_KV_LAST, "", "\xff");
    expect_move(c, CW_KV_NEXT, "", NULL);
    expect_move(c, CW_KV_SEEK, "B", "B");
    expect_move(c, CW_KV_PREV, "", NULL);
    expect_move(c, CW_KV_SEEK, "\xff\xff", NULL);
    cw_kv_cursor_close(c);
    cw_kv_abort(tx);
}

/* The engine against a plain table of 64 keys, through a few thousand random steps. */
static void random_steps_agree_with_a_plain_table(void **state)
{
    struct kv_fixture *x = *state;
    char model[64] = {0}; /* 0 = not there */
    uint32_t random = 12345;
    for (int round = 0; round < 60; round++) {
        char next[64];
        struct cw_kv_tx *tx = begin(x->kv, true);
        memcpy(next, model, sizeof next);
        for (int i = 0; i < 50; i++) {
            random = random * 1664525U + 1013904223U;
            const unsigned at = random >> 26;
            const char key[2] = {(char)('!' + at), '\0'};
            const char value[2] = {(char)('a' + (random >> 8) % 26), '\0'};
            if (random & 0x80) {
                put(tx, key, value);
                next[at] = value[0];
            } else {
                assert_int_equal(cw_kv_del(tx, 0, cw_bytes_str(key), NULL),
                                 next[at] == 0 ? CW_E_NOT_FOUND : 0);
                next[at] = 0;
            }
        }
        if (round % 3 == 0) {
            cw_kv_abort(tx);
        } else {
            assert_int_equal(cw_kv_commit(tx, NULL), 0);
            memcpy(model, next, sizeof model);
        }
        tx = begin(x->kv, false);
        for (unsigned at = 0; at < 64; at++) {
            const char key[2] = {(char)('!' + at), '\0'};
            const char value[2] = {model[at], '\0'};
            expect(tx, key, model[at] == 0 ? NULL : value);
        }
        cw_kv_abort(tx);
    }
}

struct reading {
    struct cw_kv *kv;
    int torn;
};

static void *read_pairs(void *arg)
{
    struct reading *r = arg;
    for (int i = 0; i < 300; i++) {
        struct cw_kv_tx *tx = begin(r->kv, false);
        struct cw_bytes a, b;
        if (cw_kv_get(tx, 0, cw_bytes_str("a"), &a, NULL) != 0 ||
            cw_kv_get(tx, 0, cw_bytes_str("b"), &b, NULL) != 0 || !cw_bytes_equal(a, b)) {
            r->torn++;
        }
        cw_kv_abort(tx);
    }
    return NULL;
}

static void readers_never_see_half_a_transaction(void **state)
{
    struct kv_fixture *x = *state;
    struct reading readings[3];
    pthread_t threads[3];
    put_alone(x->kv, "b", "0");
    put_alone(x->kv, "a", "0");
    for (size_t i = 0; i < 3; i++) {
        readings[i] = (struct reading){.kv = x->kv};
        assert_int_equal(pthread_create(&threads[i], NULL, read_pairs, &readings[i]), 0);
    }
    for (int i = 0; i < 50; i++) {
        const char value[2] = {(char)('0' + i), '\0'};
        struct cw_kv_tx *tx = begin(x->kv, true);
        put(tx, "a", value);
        put(tx, "b", value);
        assert_int_equal(cw_kv_commit(tx, NULL), 0);
    }
    for (size_t i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(readings[i].torn, 0);
    }
}

/* ---- LMDB alone ------------------------------------------------------------------- */

static int put_large(struct cw_kv *kv, uint32_t n)
{
    static const uint8_t value[64 * 1024];
    struct cw_kv_tx *tx = begin(kv, true);
    int rc = cw_kv_put(tx, 0, cw_bytes_of(&n, sizeof n), cw_bytes_of(value, sizeof value),
                       NULL);
    if (rc == 0) {
        return cw_kv_commit(tx, NULL);
    }
    cw_kv_abort(tx);
    return rc;
}

static void a_full_map_is_busy_until_it_grows_and_then_to_its_limit(void **state)
{
    struct kv_fixture *x = *state;
    uint64_t used = 0, map = 0;
    uint32_t n = 0, grown = 0;
    put_alone(x->kv, "first", "kept");
    for (; n < 1000; n++) {
        int rc = put_large(x->kv, n);
        if (rc == CW_E_BUSY && cw_kv_grow(x->kv, NULL) == 0) {
            grown++;
            rc = put_large(x->kv, n);
        }
        if (rc != 0) {
            assert_int_equal(rc, CW_E_BUSY);
            break;
        }
    }
    cw_kv_size(x->kv, &used, &map);
    assert_int_equal(grown, 3); /* 1, 2, 4, 8 MiB */
    assert_int_equal(map, 8 << 20);
    assert_true(n > 100 && n < 128);
    assert_int_equal(cw_kv_grow(x->kv, NULL), CW_E_BUSY);
    expect_alone(x->kv, "first", "kept");
}

static void a_second_opener_is_busy_and_modes_are_private(void **state)
{
    struct kv_fixture *x = *state;
    const struct cw_kv_lmdb_options o = lmdb_options(x->dir);
    struct cw_kv *second = NULL;
    struct stat st;
    char path[96];
    assert_int_equal(cw_kv_open_lmdb(&o, &second, NULL), CW_E_BUSY);
    (void)snprintf(path, sizeof path, "%s/data.mdb", x->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    put_alone(x->kv, "a", "1"); /* the failed opening has not hurt the first */
    expect_alone(x->kv, "a", "1");
}

/* Reads beside us in a process of its own until it is killed; what went wrong before it
 * began to read is its first word. */
static pid_t start_reader(const char *dir)
{
    struct cw_kv_lmdb_options o = lmdb_options(dir);
    struct cw_kv *kv = NULL;
    struct cw_kv_tx *tx = NULL;
    int ends[2];
    char word = 'b';
    assert_int_equal(pipe(ends), 0);
    const pid_t pid = fork();
    if (pid != 0) {
        close(ends[1]);
        assert_int_equal(read(ends[0], &word, 1), 1);
        close(ends[0]);
        assert_int_equal(word, 'a');
        return pid;
    }
    o.read_only = true;
    if (cw_kv_open_lmdb(&o, &kv, NULL) == 0 &&
        cw_kv_begin(kv, true, &tx, NULL) == CW_E_DENIED &&
        cw_kv_begin(kv, false, &tx, NULL) == 0) {
        word = 'a';
    }
    if (write(ends[1], &word, 1) == 1) {
        (void)pause();
    }
    _exit(1);
}

/* How much the file grows by replacing the same value 40 times. */
static uint64_t growth(struct cw_kv *kv)
{
    uint64_t before = 0, after = 0, map = 0;
    cw_kv_size(kv, &before, &map);
    for (int i = 0; i < 40; i++) {
        if (put_large(kv, 7) != 0) {
            assert_int_equal(cw_kv_grow(kv, NULL), 0);
            assert_int_equal(put_large(kv, 7), 0);
        }
    }
    cw_kv_size(kv, &after, &map);
    return after - before;
}

static void what_a_dead_reader_holds_is_given_back(void **state)
{
    struct kv_fixture *x = *state;
    int status = 0;
    put_alone(x->kv, "a", "1");
    (void)growth(x->kv);
    const pid_t pid = start_reader(x->dir);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(growth(x->kv) > 30 * 64 * 1024); /* nothing can be used again */
    assert_int_equal(cw_kv_reap(x->kv, NULL), 0);
    assert_true(growth(x->kv) < 4 * 64 * 1024);
    expect_alone(x->kv, "a", "1");
}

static void opening_needs_create_and_makes_a_private_directory(void **state)
{
    struct kv_fixture *x = *state;
    struct cw_kv *kv = NULL;
    struct stat st;
    char dir[96];
    struct cw_err err = {0};
    (void)snprintf(dir, sizeof dir, "%s/new", x->dir);
    struct cw_kv_lmdb_options o = lmdb_options(dir);
    o.create = false;
    assert_int_equal(cw_kv_open_lmdb(&o, &kv, NULL), CW_E_NOT_FOUND);
    o.create = true;
    fix_ok(cw_kv_open_lmdb(&o, &kv, &err), &err);
    put_alone(kv, "a", "1");
    cw_kv_close(kv);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    o.create = false;
    fix_ok(cw_kv_open_lmdb(&o, &kv, &err), &err);
    expect_alone(kv, "a", "1");
    cw_kv_close(kv);
}

static void a_damaged_file_is_corrupt(void **state)
{
    struct kv_fixture *x = *state;
    struct cw_kv *kv = NULL;
    char dir[96], file[112];
    (void)snprintf(dir, sizeof dir, "%s/bad", x->dir);
    (void)snprintf(file, sizeof file, "%s/data.mdb", dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(fputc('x', f), 'x');
    }
    assert_int_equal(fclose(f), 0);
    const struct cw_kv_lmdb_options o = lmdb_options(dir);
    assert_int_equal(cw_kv_open_lmdb(&o, &kv, NULL), CW_E_CORRUPT);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest both[] = {
        CASE(what_is_committed_is_there_and_what_is_aborted_is_not),
        CASE(a_reader_keeps_the_moment_of_its_beginning),
        CASE(deleting_what_is_not_there_is_an_answer),
        CASE(tables_do_not_mix_and_empty_values_are_values),
        CASE(cursors_walk_in_order_of_bytes),
        CASE(random_steps_agree_with_a_plain_table),
        CASE(readers_never_see_half_a_transaction),
    };
    const struct CMUnitTest lmdb[] = {
        CASE(a_full_map_is_busy_until_it_grows_and_then_to_its_limit),
        CASE(a_second_opener_is_busy_and_modes_are_private),
        CASE(what_a_dead_reader_holds_is_given_back),
        CASE(opening_needs_create_and_makes_a_private_directory),
        CASE(a_damaged_file_is_corrupt),
    };
    int failed = cmocka_run_group_tests_name("memory", both, NULL, NULL);
    on_lmdb = true;
    failed += cmocka_run_group_tests_name("lmdb", both, NULL, NULL);
    return failed + cmocka_run_group_tests_name("lmdb alone", lmdb, NULL, NULL);
}
