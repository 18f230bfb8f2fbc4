/* Blobs kept beside the truth, on both engines: whole, in pieces, damaged, swept. */
#include "index/saved.h"
#include "tests/support/t_cmocka.h"
#include "tests/support/t_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t SECRET[CW_SAVED_SECRET_BYTES] = {1, 2, 3};

static struct cw_kv *memory(void)
{
    struct cw_kv *kv = NULL;
    assert_int_equal(cw_kv_open_memory(&kv, NULL), 0);
    return kv;
}

static struct cw_kv *lmdb(const char *dir)
{
    const struct cw_kv_lmdb_options o = {.dir = dir,
                                         .first_map_bytes = (uint64_t)1 << 20,
                                         .max_map_bytes = (uint64_t)1 << 30,
                                         .max_readers = 8,
                                         .n_tables = CW_SAVED_TABLES,
                                         .create = true};
    struct cw_kv *kv = NULL;
    assert_int_equal(cw_kv_open_lmdb(&o, &kv, NULL), 0);
    return kv;
}

static struct cw_saved *open_saved(struct cw_kv *kv)
{
    struct cw_saved *s = NULL;
    assert_int_equal(cw_saved_open(kv, SECRET, &s, NULL), 0);
    return s;
}

static uint8_t *bytes_of(size_t n, unsigned seed)
{
    uint8_t *p = malloc(n + 1);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)(seed + i * 31 + i / 255);
    }
    return p;
}

static void put(struct cw_saved *s, const char *name, size_t n, unsigned seed)
{
    uint8_t *p = bytes_of(n, seed);
    const struct cw_bytes parts[] = {cw_bytes_of(p, n / 3), cw_bytes_of(NULL, 0),
                                     cw_bytes_of(p + n / 3, n - n / 3)};
    assert_int_equal(cw_saved_put(s, name, parts, 3, NULL), 0);
    free(p);
}

/* Reads a blob in uneven pieces. */
static void assert_holds(struct cw_saved *s, const char *name, size_t n, unsigned seed)
{
    uint8_t *want = bytes_of(n, seed);
    uint8_t *got = malloc(n + 1);
    struct cw_saved_reader *r = NULL;
    assert_non_null(got);
    assert_int_equal(cw_saved_get(s, name, &r, NULL), 0);
    assert_int_equal(cw_saved_left(r), n);
    for (size_t at = 0, step = 1; at < n; at += step, step = step * 3 + 1) {
        step = step < n - at ? step : n - at;
        assert_int_equal(cw_saved_read(r, got + at, step, NULL), 0);
    }
    assert_memory_equal(got, want, n);
    assert_int_equal(cw_saved_read(r, got, 1, NULL), CW_E_CORRUPT);
    cw_saved_end(&r);
    free(got);
    free(want);
}

static void keeps_blobs_of_every_size(struct cw_saved *s)
{
    static const size_t SIZES[] = {0, 1, 1 << 20, (1 << 20) + 1, 40000000};
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        put(s, "one", SIZES[i], (unsigned)i);
        assert_holds(s, "one", SIZES[i], (unsigned)i);
    }
    put(s, "two", 3000000, 9);
    put(s, "one", 5, 7);
    assert_holds(s, "one", 5, 7);
    assert_holds(s, "two", 3000000, 9);
    struct cw_saved_reader *r = NULL;
    assert_int_equal(cw_saved_get(s, "three", &r, NULL), CW_E_NOT_FOUND);
}

static void in_memory(void **state)
{
    (void)state;
    struct cw_saved *s = open_saved(memory());
    keeps_blobs_of_every_size(s);
    cw_saved_close(s);
    cw_saved_close(NULL);
}

static void on_disk_over_a_restart(void **state)
{
    (void)state;
    char dir[] = "/tmp/celwatch-saved-XXXXXX";
    assert_non_null(mkdtemp(dir));
    struct cw_saved *s = open_saved(lmdb(dir)); /* the map grows from 1 MiB */
    keeps_blobs_of_every_size(s);
    cw_saved_close(s);
    s = open_saved(lmdb(dir));
    assert_holds(s, "one", 5, 7);
    assert_holds(s, "two", 3000000, 9);
    cw_saved_close(s);
    (void)t_folder_remove(dir);
}

/* ---- damage ----------------------------------------------------------------------- */

/* Changes one byte of the n-th value of a table. */
static void damage(struct cw_kv *kv, unsigned table, unsigned n, size_t at)
{
    struct cw_kv_tx *tx = NULL;
    struct cw_kv_cursor *c = NULL;
    struct cw_kv_pair pair;
    uint8_t key[CW_KV_KEY_MAX];
    assert_int_equal(cw_kv_begin(kv, true, &tx, NULL), 0);
    assert_int_equal(cw_kv_cursor_open(tx, table, &c, NULL), 0);
    assert_int_equal(cw_kv_move(c, CW_KV_SEEK, cw_bytes_of(NULL, 0), &pair, NULL), 0);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(cw_kv_move(c, CW_KV_NEXT, cw_bytes_of(NULL, 0), &pair, NULL), 0);
    }
    const size_t key_len = pair.key.len;
    const size_t len = pair.value.len;
    uint8_t *value = malloc(len);
    assert_non_null(value);
    memcpy(key, pair.key.p, key_len);
    memcpy(value, pair.value.p, len);
    value[at % len] ^= 1;
    cw_kv_cursor_close(c);
    assert_int_equal(
        cw_kv_put(tx, table, cw_bytes_of(key, key_len), cw_bytes_of(value, len), NULL),
        0);
    assert_int_equal(cw_kv_commit(tx, NULL), 0);
    free(value);
}

/* 0 or the error of reading all of it. */
static int read_all(struct cw_saved *s, const char *name)
{
    static uint8_t got[3000000];
    struct cw_saved_reader *r = NULL;
    int rc = cw_saved_get(s, name, &r, NULL);
    if (rc == 0) {
        rc = cw_saved_read(r, got, sizeof got, NULL);
    }
    cw_saved_end(&r);
    return rc;
}

static void damage_is_noticed(void **state)
{
    (void)state;
    for (size_t at = 0; at < 49; at++) {
        struct cw_kv *kv = memory();
        struct cw_saved *s = open_saved(kv);
        put(s, "name", sizeof(uint8_t[3000000]), 3);
        assert_int_equal(read_all(s, "name"), 0);
        damage(kv, 0, 0, at); /* the header */
        assert_int_equal(read_all(s, "name"), CW_E_CORRUPT);
        put(s, "name", 3000000, 3); /* a damaged one can be replaced */
        assert_int_equal(read_all(s, "name"), 0);
        damage(kv, 1, 3 + (unsigned)(at % 3), at * 997); /* behind those of the former */
        assert_int_equal(read_all(s, "name"), CW_E_CORRUPT);
        cw_saved_close(s);
    }
}

static void another_store_is_noticed(void **state)
{
    (void)state;
    static const uint8_t other[CW_SAVED_SECRET_BYTES] = {9};
    char dir[] = "/tmp/celwatch-saved-XXXXXX";
    struct cw_saved_reader *r = NULL;
    assert_non_null(mkdtemp(dir));
    struct cw_saved *s = open_saved(lmdb(dir));
    put(s, "name", 10, 1);
    cw_saved_close(s);
    assert_int_equal(cw_saved_open(lmdb(dir), other, &s, NULL), 0);
    assert_int_equal(cw_saved_get(s, "name", &r, NULL), CW_E_CORRUPT);
    cw_saved_close(s);
    (void)t_folder_remove(dir);
}

/* ---- sweeping --------------------------------------------------------------------- */

static bool is_b(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "x/b") == 0;
}

static size_t count_chunks(struct cw_kv *kv)
{
    struct cw_kv_tx *tx = NULL;
    struct cw_kv_cursor *c = NULL;
    struct cw_kv_pair pair;
    size_t n = 0;
    assert_int_equal(cw_kv_begin(kv, false, &tx, NULL), 0);
    assert_int_equal(cw_kv_cursor_open(tx, 1, &c, NULL), 0);
    int rc = cw_kv_move(c, CW_KV_SEEK, cw_bytes_of(NULL, 0), &pair, NULL);
    for (; rc == 0; n++) {
        rc = cw_kv_move(c, CW_KV_NEXT, cw_bytes_of(NULL, 0), &pair, NULL);
    }
    cw_kv_cursor_close(c);
    cw_kv_abort(tx);
    return n;
}

static void sweeps_what_nobody_wants(void **state)
{
    (void)state;
    struct cw_kv *kv = memory();
    struct cw_saved *s = open_saved(kv);
    struct cw_saved_reader *r = NULL;
    put(s, "w", 10, 1);
    put(s, "x/a", 30000000, 2); /* more chunks than one transaction deletes */
    put(s, "x/b", 1500000, 3);
    put(s, "x/c", 10, 4);
    put(s, "y", 10, 5);
    assert_int_equal(count_chunks(kv), 1 + 29 + 2 + 1 + 1);
    assert_int_equal(cw_saved_sweep(s, "x/", is_b, NULL, NULL), 0);
    assert_int_equal(count_chunks(kv), 1 + 2 + 1);
    assert_holds(s, "w", 10, 1);
    assert_holds(s, "x/b", 1500000, 3);
    assert_holds(s, "y", 10, 5);
    assert_int_equal(cw_saved_get(s, "x/a", &r, NULL), CW_E_NOT_FOUND);
    cw_saved_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_memory),
        cmocka_unit_test(on_disk_over_a_restart),
        cmocka_unit_test(damage_is_noticed),
        cmocka_unit_test(another_store_is_noticed),
        cmocka_unit_test(sweeps_what_nobody_wants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
