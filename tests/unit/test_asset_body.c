/* Assets as requests carry them: the binary stream, and what it shares with NDJSON. */
#include "tests/support/t_cmocka.h"

#include <string.h>

#include "server/asset_body.h"

#define MAX_RECORDS 4

static struct cw_buf body;

static int begin(void **state)
{
    (void)state;
    body = CW_BUF_INIT(1 << 20);
    cw_json_init();
    return 0;
}

static int end(void **state)
{
    (void)state;
    cw_buf_done(&body);
    return 0;
}

struct fields {
    uint8_t version, kind;
    uint64_t embargo_us;
    const char *id;
    uint8_t hash; /* of the fingerprint, repeated; 0 = no fingerprint */
};

static void add_record(const struct fields *f)
{
    CW_AUTO(cw_buf_done) struct cw_buf record = CW_BUF_INIT(4096);
    cw_put_u8(&record, f->version);
    cw_put_u8(&record, f->kind);
    cw_put_u64(&record, f->embargo_us);
    cw_put_bytes16(&record, cw_bytes_str(f->id));
    if (f->hash != 0) {
        struct cw_fingerprint fp;
        struct cw_hash hash;
        memset(hash.b, f->hash, sizeof hash.b);
        cw_fingerprint_from_pdq(&hash, &fp);
        cw_fingerprint_encode(&fp, &record);
    }
    cw_put_bytes32(&body, cw_buf_view(&record));
    assert_false(body.failed);
}

static struct cw_bulk read_body(enum cw_body kind)
{
    struct cw_bulk bulk = {0};
    struct cw_refusal why = {0};
    if (cw_bulk_read(cw_buf_view(&body), kind, MAX_RECORDS, &bulk, &why) != 0) {
        fail_msg("refused: %s", why.detail);
    }
    return bulk;
}

static void expect_refused(enum cw_body kind, enum cw_problem problem)
{
    struct cw_bulk bulk = {0};
    struct cw_refusal why;
    assert_int_equal(cw_bulk_read(cw_buf_view(&body), kind, MAX_RECORDS, &bulk, &why),
                     -1);
    assert_int_equal(why.problem, problem);
    assert_null(bulk.records);
}

static void a_record_carries_id_kind_embargo_and_fingerprint(void **state)
{
    (void)state;
    add_record(&(struct fields){1, CW_KIND_SHEET, 5, "sc1/b\xc3\xa4r.png", 7});
    CW_AUTO(cw_bulk_done) struct cw_bulk bulk = read_body(CW_BODY_FINGERPRINTS);
    assert_int_equal(bulk.n, 1);
    assert_int_equal(bulk.n_assets, 1);
    const struct cw_asset_in *in = &bulk.assets[0];
    assert_string_equal(in->id, "sc1/b\xc3\xa4r.png");
    assert_int_equal(in->kind, CW_KIND_SHEET);
    assert_int_equal(in->embargo_until_us, 5);
    assert_int_equal(in->fp.n_views, CW_TURN_COUNT);
    assert_int_equal(in->fp.views[0].hash.b[31], 7);
}

static void a_kind_that_is_not_said_is_a_frame(void **state)
{
    (void)state;
    add_record(&(struct fields){1, 0, 0, "a", 7});
    CW_AUTO(cw_bulk_done) struct cw_bulk bulk = read_body(CW_BODY_FINGERPRINTS);
    assert_int_equal(bulk.assets[0].kind, CW_KIND_FRAME);
}

static void expect_bad(const struct fields *f, const char *id, const char *pointer)
{
    cw_buf_clear(&body);
    add_record(&(struct fields){1, 1, 0, "before", 7});
    add_record(f);
    add_record(&(struct fields){1, 1, 0, "after", 9});
    CW_AUTO(cw_bulk_done) struct cw_bulk bulk = read_body(CW_BODY_FINGERPRINTS);
    assert_int_equal(bulk.n, 3);
    assert_int_equal(bulk.n_assets, 2);
    assert_true(bulk.records[1].bad);
    assert_string_equal(bulk.records[1].id, id);
    assert_int_equal(bulk.records[1].why.problem, CW_P_BAD_FIELD);
    assert_string_equal(bulk.records[1].why.pointer, pointer);
    assert_false(bulk.records[2].bad);
    assert_int_equal(bulk.records[2].place, 1);
    assert_string_equal(bulk.assets[1].id, "after");
    assert_int_equal(bulk.assets[1].fp.views[0].hash.b[0], 9);
}

static void a_bad_record_does_not_hold_up_the_others(void **state)
{
    char long_id[CW_ASSET_ID_CAP + 1];
    (void)state;
    memset(long_id, 'x', sizeof long_id);
    long_id[CW_ASSET_ID_CAP] = '\0';
    expect_bad(&(struct fields){2, 1, 0, "a", 7}, "", "");
    expect_bad(&(struct fields){1, 1, 0, "", 7}, "", "/id");
    expect_bad(&(struct fields){1, 1, 0, "a\nb", 7}, "", "/id");
    expect_bad(&(struct fields){1, 1, 0, "a\xff", 7}, "", "/id");
    expect_bad(&(struct fields){1, 1, 0, long_id, 7}, "", "/id");
    expect_bad(&(struct fields){1, 5, 0, "a", 7}, "a", "/kind");
    expect_bad(&(struct fields){1, 1, UINT64_MAX, "a", 7}, "a", "/embargo_until");
    expect_bad(&(struct fields){1, 1, 0, "a", 0}, "a", "/fingerprint");
}

static void an_empty_record_is_bad_and_an_empty_line_is_none(void **state)
{
    (void)state;
    cw_put_bytes32(&body, cw_bytes_of(NULL, 0));
    CW_AUTO(cw_bulk_done) struct cw_bulk bulk = read_body(CW_BODY_FINGERPRINTS);
    assert_int_equal(bulk.n, 1);
    assert_true(bulk.records[0].bad);
    cw_buf_clear(&body);
    cw_buf_add_str(&body, "\n\r\n");
    CW_AUTO(cw_bulk_done) struct cw_bulk lines = read_body(CW_BODY_NDJSON);
    assert_int_equal(lines.n, 0);
}

static void a_record_that_ends_beyond_the_body_spoils_all_of_it(void **state)
{
    (void)state;
    add_record(&(struct fields){1, 1, 0, "a", 7});
    const size_t whole = body.len;
    add_record(&(struct fields){1, 1, 0, "b", 7});
    for (body.len--; body.len > whole; body.len--) {
        expect_refused(CW_BODY_FINGERPRINTS, CW_P_BAD_BATCH);
    }
    cw_buf_clear(&body);
    cw_put_u32(&body, UINT32_MAX);
    expect_refused(CW_BODY_FINGERPRINTS, CW_P_BAD_BATCH);
}

static void more_than_the_limit_is_refused_in_both_forms(void **state)
{
    (void)state;
    for (int i = 0; i < MAX_RECORDS; i++) {
        add_record(&(struct fields){1, 1, 0, "a", 7});
    }
    CW_AUTO(cw_bulk_done) struct cw_bulk full = read_body(CW_BODY_FINGERPRINTS);
    assert_int_equal(full.n_assets, MAX_RECORDS);
    add_record(&(struct fields){1, 1, 0, "a", 7});
    expect_refused(CW_BODY_FINGERPRINTS, CW_P_BODY_TOO_LARGE);
    cw_buf_clear(&body);
    cw_buf_add_str(&body, "1\n2\n3\n4\n5\n");
    expect_refused(CW_BODY_NDJSON, CW_P_BODY_TOO_LARGE);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(a_record_carries_id_kind_embargo_and_fingerprint),
        CASE(a_kind_that_is_not_said_is_a_frame),
        CASE(a_bad_record_does_not_hold_up_the_others),
        CASE(an_empty_record_is_bad_and_an_empty_line_is_none),
        CASE(a_record_that_ends_beyond_the_body_spoils_all_of_it),
        CASE(more_than_the_limit_is_refused_in_both_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
