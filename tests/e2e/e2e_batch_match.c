/* Many hashes in one request, 32 bytes each, answered by a line each. */
#include "tests/support/t_api.h"

static struct t_reply match_batch(const struct t_server *s, const char *path,
                                  struct cw_bytes hashes)
{
    return t_http(s,
                  &(struct t_request){.method = "POST",
                                      .path = path,
                                      .key = s->admin_key,
                                      .content_type = "application/vnd.celwatch.hashes",
                                      .body = hashes});
}

static void add_hash(struct cw_buf *out, uint64_t seed, unsigned flipped)
{
    struct cw_hash h = t_hash(seed, flipped);
    cw_buf_add(out, h.b, sizeof h.b);
}

static void each_hash_has_its_line_in_order(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf batch = CW_BUF_INIT(1 << 20);
    for (unsigned i = 0; i < 3; i++) {
        char id[T_JSON_CAP];
        t_format(id, "b-%u", i);
        t_register(s, s->admin_key, "batch", id, 800 + i);
    }
    for (unsigned i = 0; i < 300; i++) {
        add_hash(&batch, i % 100 < 3 ? 800 + i % 100 : 900000 + i, 5);
    }
    CW_AUTO(t_reply_done)
    struct t_reply r = match_batch(s, "/v1/match", cw_buf_view(&batch));
    t_expect_status(&r, 200);
    assert_int_equal(r.n_lines, 300);
    for (unsigned i = 0; i < 300; i++) {
        t_expect_u64(r.lines[i], "/n", i);
        bool known = i % 100 < 3;
        assert_int_equal(t_json_count(r.lines[i], "/matches"), known ? 1 : 0);
        if (known) {
            char id[T_JSON_CAP];
            t_format(id, "b-%u", i % 100);
            t_expect_text(r.lines[i], "/matches/0/asset", id);
            t_expect_text(r.lines[i], "/matches/0/collection", "batch");
            t_expect_u64(r.lines[i], "/matches/0/distance", 5);
        }
    }
}

static void the_radius_is_inclusive_and_31_by_default(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf batch = CW_BUF_INIT(1024);
    t_register(s, s->admin_key, "radius", "r", 810);
    add_hash(&batch, 810, 31);
    add_hash(&batch, 810, 32);
    CW_AUTO(t_reply_done)
    struct t_reply by_default = match_batch(s, "/v1/match", cw_buf_view(&batch));
    t_expect_status(&by_default, 200);
    assert_int_equal(t_json_count(by_default.lines[0], "/matches"), 1);
    assert_int_equal(t_json_count(by_default.lines[1], "/matches"), 0);
    CW_AUTO(t_reply_done)
    struct t_reply wider = match_batch(s, "/v1/match?radius=32", cw_buf_view(&batch));
    t_expect_status(&wider, 200);
    assert_int_equal(t_json_count(wider.lines[1], "/matches"), 1);
}

static void a_part_of_a_hash_is_refused(void **state)
{
    const struct t_server *s = *state;
    static const uint8_t bytes[65];
    CW_AUTO(t_reply_done)
    struct t_reply one_short = match_batch(s, "/v1/match", cw_bytes_of(bytes, 31));
    t_expect_problem(&one_short, 400, "bad_batch");
    CW_AUTO(t_reply_done)
    struct t_reply one_over = match_batch(s, "/v1/match", cw_bytes_of(bytes, 65));
    t_expect_problem(&one_over, 400, "bad_batch");
    CW_AUTO(t_reply_done)
    struct t_reply empty = match_batch(s, "/v1/match", (struct cw_bytes){0});
    t_expect_problem(&empty, 400, "empty_body");
}

static void ten_thousand_hashes_are_the_limit(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf batch = CW_BUF_INIT(1 << 20);
    for (unsigned i = 0; i < 10000; i++) {
        add_hash(&batch, 1000000 + i, 0);
    }
    CW_AUTO(t_reply_done)
    struct t_reply r = match_batch(s, "/v1/match", cw_buf_view(&batch));
    t_expect_status(&r, 200);
    assert_int_equal(r.n_lines, 10000);
    add_hash(&batch, 1, 0);
    CW_AUTO(t_reply_done)
    struct t_reply over = match_batch(s, "/v1/match", cw_buf_view(&batch));
    t_expect_problem(&over, 413, "body_too_large");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_hash_has_its_line_in_order),
        cmocka_unit_test(the_radius_is_inclusive_and_31_by_default),
        cmocka_unit_test(a_part_of_a_hash_is_refused),
        cmocka_unit_test(ten_thousand_hashes_are_the_limit),
    };
    return cmocka_run_group_tests(tests, t_server_group_setup, t_server_group_teardown);
}
