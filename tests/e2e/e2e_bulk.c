/* Many fingerprints in one binary request: as NDJSON does it, without the JSON. */
#include "tests/support/t_api.h"

#define N_RECORDS 100
#define LIMIT 1000 /* bulk_lines */
#define SKETCH 2

static struct cw_fingerprint fingerprint(uint64_t seed)
{
    struct cw_fingerprint fp;
    const struct cw_hash hash = t_hash(seed, 0);
    cw_fingerprint_from_pdq(&hash, &fp);
    return fp;
}

static void add(struct cw_buf *out, const char *prefix, unsigned n, uint64_t seed)
{
    char id[T_JSON_CAP];
    const struct cw_fingerprint fp = fingerprint(seed);
    t_format(id, "%s-%u", prefix, n);
    t_add_record(out, id, SKETCH, &fp);
}

static void expect_all(const struct t_reply *r, unsigned n, const char *status)
{
    t_expect_status(r, 200);
    assert_int_equal(r->n_lines, n);
    for (unsigned i = 0; i < n; i++) {
        t_expect_text(r->lines[i], "/status", status);
    }
}

static void records_are_answered_a_line_for_a_record_in_order(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf records = CW_BUF_INIT(1 << 20);
    for (unsigned i = 0; i < N_RECORDS; i++) {
        const struct cw_fingerprint empty = {.recipe = 1};
        if (i == 50) {
            t_add_record(&records, "r-50", 0, &empty);
        } else {
            add(&records, "r", i, 2000 + i);
        }
    }
    CW_AUTO(t_reply_done)
    struct t_reply r = t_post_records(s, s->admin_key, "binary", &records);
    t_expect_status(&r, 200);
    assert_int_equal(r.n_lines, N_RECORDS);
    for (unsigned i = 0; i < N_RECORDS; i++) {
        char id[T_JSON_CAP];
        t_format(id, "r-%u", i);
        t_expect_text(r.lines[i], "/id", id);
        t_expect_text(r.lines[i], "/status", i == 50 ? "error" : "registered");
    }
    t_expect_text(r.lines[50], "/code", "bad_field");
    t_expect_text(r.lines[50], "/pointer", "/fingerprint");
    t_expect_text(r.lines[0], "/kind", "sketch");
}

static void sent_again_changes_nothing_not_even_after_a_kill(void **state)
{
    struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf records = CW_BUF_INIT(1 << 20);
    for (unsigned i = 0; i < N_RECORDS; i++) {
        add(&records, "again", i, 3000 + i);
    }
    CW_AUTO(t_reply_done)
    struct t_reply first = t_post_records(s, s->admin_key, "binary", &records);
    expect_all(&first, N_RECORDS, "registered");
    t_server_kill(s);
    t_server_start(s);
    CW_AUTO(t_reply_done)
    struct t_reply again = t_post_records(s, s->admin_key, "binary", &records);
    expect_all(&again, N_RECORDS, "unchanged");
}

static void the_same_asset_as_a_line_of_json_is_unchanged(void **state)
{
    const struct t_server *s = *state;
    char line[T_JSON_CAP];
    CW_AUTO(cw_buf_done) struct cw_buf records = CW_BUF_INIT(1 << 20);
    add(&records, "both", 0, 4000);
    t_fingerprint_json(4000, 0, ",\"id\":\"both-0\",\"kind\":\"sketch\"", line);
    CW_AUTO(t_reply_done)
    struct t_reply binary = t_post_records(s, s->admin_key, "binary", &records);
    expect_all(&binary, 1, "registered");
    CW_AUTO(t_reply_done)
    struct t_reply json =
        t_post_ndjson(s, s->admin_key, "/v1/collections/binary/assets", line);
    expect_all(&json, 1, "unchanged");
}

static void it_says_where_the_asset_was_seen_before(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf records = CW_BUF_INIT(1 << 20);
    t_submit(s, s->admin_key, "early.example", 5000, 3, NULL);
    add(&records, "seen", 0, 5000);
    CW_AUTO(t_reply_done)
    struct t_reply r = t_post_records(s, s->admin_key, "binary", &records);
    expect_all(&r, 1, "registered");
    t_expect_text(r.lines[0], "/seen_before/0/host", "early.example");
}

static void a_body_that_is_cut_short_registers_nothing(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf records = CW_BUF_INIT(1 << 20);
    add(&records, "cut", 0, 6000);
    add(&records, "cut", 1, 6001);
    records.len -= 5;
    CW_AUTO(t_reply_done)
    struct t_reply r = t_post_records(s, s->admin_key, "binary", &records);
    t_expect_problem(&r, 400, "bad_batch");
    CW_AUTO(t_reply_done)
    struct t_reply get = t_get(s, s->admin_key, "/v1/collections/binary/assets/cut-0");
    t_expect_problem(&get, 404, "not_found");
}

static void a_thousand_records_are_the_limit(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf records = CW_BUF_INIT(1 << 20);
    for (unsigned i = 0; i < LIMIT; i++) {
        add(&records, "many", i, 7000 + i);
    }
    CW_AUTO(t_reply_done)
    struct t_reply full = t_post_records(s, s->admin_key, "binary", &records);
    expect_all(&full, LIMIT, "registered");
    add(&records, "many", LIMIT, 7000 + LIMIT);
    CW_AUTO(t_reply_done)
    struct t_reply over = t_post_records(s, s->admin_key, "binary", &records);
    t_expect_problem(&over, 413, "body_too_large");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_answered_a_line_for_a_record_in_order),
        cmocka_unit_test(sent_again_changes_nothing_not_even_after_a_kill),
        cmocka_unit_test(the_same_asset_as_a_line_of_json_is_unchanged),
        cmocka_unit_test(it_says_where_the_asset_was_seen_before),
        cmocka_unit_test(a_body_that_is_cut_short_registers_nothing),
        cmocka_unit_test(a_thousand_records_are_the_limit),
    };
    return cmocka_run_group_tests(tests, t_server_group_setup, t_server_group_teardown);
}
