/* test_store_verify.c - verify notices whatever is taken out of a store or put into it.
 */
#include "index/store_kv.h"
#include "tests/contract/store_fixture.h"

/* A store with an entry in every table. */
static void fill(struct fixture *x)
{
    struct cw_key_record key = {
        .studio = x->studio, .role = CW_ROLE_ADMIN, .disclosure = CW_DISCLOSE_DETAIL};
    const struct cw_history act = {
        .act = CW_ACT_DECISION, .state_after = CW_STATE_CONFIRMED, .at_us = 9};
    struct cw_incident in;
    struct cw_err err = {0};
    const cw_asset_no asset = fix_asset(x, "c", "1");
    fix_ok(cw_store_put_key(x->s, &key, FIX_ACTOR, &err), &err);
    (void)fix_sight(x, "h", 1, &asset, 1);
    fix_ok(cw_store_decide(x->s, x->studio, 1, 1, &act, &in, &err), &err);
    fix_verify(x->s);
}

static struct cw_kv *open_tables(const struct fixture *x)
{
    const struct cw_kv_lmdb_options o = {.dir = x->dir,
                                         .first_map_bytes = 64 << 20,
                                         .max_map_bytes = 64 << 20,
                                         .max_readers = 8,
                                         .n_tables = CW_TABLE_COUNT};
    struct cw_kv *kv = NULL;
    struct cw_err err = {0};
    fix_ok(cw_kv_open_lmdb(&o, &kv, &err), &err);
    return kv;
}

/* Takes the first entry of a table out, or spoils its last byte. */
static void tamper(const struct fixture *x, enum cw_table table, bool take_out)
{
    struct cw_kv *kv = open_tables(x);
    struct cw_kv_tx *tx = NULL;
    struct cw_kv_cursor *c = NULL;
    struct cw_kv_pair at;
    uint8_t key[CW_KV_KEY_MAX], value[4096];
    struct cw_err err = {0};
    fix_ok(cw_kv_begin(kv, true, &tx, &err), &err);
    fix_ok(cw_kv_cursor_open(tx, table, &c, &err), &err);
    assert_int_equal(cw_kv_move(c, CW_KV_SEEK, cw_bytes_of(NULL, 0), &at, NULL), 0);
    assert_true(at.value.len < sizeof value);
    const struct cw_bytes k = cw_bytes_of(key, at.key.len);
    size_t len = at.value.len;
    memcpy(key, at.key.p, at.key.len);
    if (len > 0) {
        memcpy(value, at.value.p, len);
    }
    cw_kv_cursor_close(c);
    if (take_out) {
        fix_ok(cw_kv_del(tx, table, k, &err), &err);
    } else {
        value[len++] = 0xff; /* one byte too many for any record */
        fix_ok(cw_kv_put(tx, table, k, cw_bytes_of(value, len), &err), &err);
    }
    fix_ok(cw_kv_commit(tx, &err), &err);
    cw_kv_close(kv);
}

static uint64_t problems_after(enum cw_table table, bool take_out)
{
    struct fixture x;
    struct cw_verify_report report = {0};
    struct cw_err err = {0};
    fix_open(&x, "lmdb");
    fill(&x);
    cw_store_close(x.s);
    tamper(&x, table, take_out);
    x.s = fix_open_url(x.url);
    fix_ok(cw_store_verify(x.s, &report, &err), &err);
    fix_close(&x);
    assert_true(report.problems == 0 || report.first[0] != '\0');
    return report.problems;
}

static void a_missing_entry_of_any_table_is_noticed(void **state)
{
    (void)state;
    for (enum cw_table t = CW_TABLE_COUNTER; t < CW_TABLE_COUNT; t++) {
        if (problems_after(t, true) == 0) {
            fail_msg("nothing noticed in table %d", (int)t);
        }
    }
}

static void a_damaged_record_of_any_table_is_noticed(void **state)
{
    static const enum cw_table records[] = {
        CW_TABLE_COUNTER,       CW_TABLE_STUDIO,      CW_TABLE_STUDIO_NAME,
        CW_TABLE_KEY,           CW_TABLE_ASSET,       CW_TABLE_COLLECTION,
        CW_TABLE_ASSET_NAME,    CW_TABLE_SIGHTING_ID, CW_TABLE_SIGHTING,
        CW_TABLE_MATCH,         CW_TABLE_INCIDENT,    CW_TABLE_INCIDENT_KEY,
        CW_TABLE_HISTORY,       CW_TABLE_LOG,         CW_TABLE_FEED,
        CW_TABLE_SIGHTING_LOCAL};
    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        if (problems_after(records[i], false) == 0) {
            fail_msg("nothing noticed in table %d", (int)records[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_entry_of_any_table_is_noticed),
        cmocka_unit_test(a_damaged_record_of_any_table_is_noticed),
    };
    return cw_crypto_init(NULL) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
