/* What is registered is found by the very next request, unchanged or changed. */
#include "base/crypto.h"
#include "base/hex.h"
#include "tests/support/t_api.h"
#include "tests/support/t_pictures.h"

static struct t_reply match_picture(const struct t_server *s, const struct t_picture *p)
{
    CW_AUTO(cw_buf_done) struct cw_buf png = CW_BUF_INIT(T_PICTURE_MAX_PNG);
    t_picture_png(p, &png);
    return t_send_picture(s, s->admin_key, "POST", "/v1/match", cw_buf_view(&png));
}

static void expect_best(const struct t_reply *r, const char *asset, const char *turn)
{
    t_expect_status(r, 200);
    assert_true(t_json_count(r->json, "/matches") >= 1);
    t_expect_text(r->json, "/matches/0/asset", asset);
    t_expect_text(r->json, "/matches/0/turn", turn);
    t_expect_text(r->json, "/matches/0/band", "strong");
    assert_true(t_json_double(r->json, "/matches/0/confidence") > 0.9);
}

static void a_registered_picture_is_matched(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf png = t_drawing(1);
    CW_AUTO(t_reply_done)
    struct t_reply put = t_send_picture(
        s, s->admin_key, "PUT", "/v1/collections/film/assets/cut%2F001.png?kind=frame",
        cw_buf_view(&png));
    t_expect_status(&put, 201);
    t_expect_text(put.json, "/id", "cut/001.png");
    t_expect_text(put.json, "/status", "registered");
    t_expect_text(put.json, "/kind", "frame");
    t_expect_u64(put.json, "/version", 1);
    assert_false(t_json_bool(put.json, "/weak"));
    assert_int_equal(t_json_count(put.json, "/seen_before"), 0);

    CW_AUTO(t_reply_done)
    struct t_reply r =
        t_send_picture(s, s->admin_key, "POST", "/v1/match", cw_buf_view(&png));
    expect_best(&r, "cut/001.png", "orig");
    t_expect_u64(r.json, "/matches/0/distance", 0);
    assert_true(t_json_bool(r.json, "/matches/0/exact_bytes"));
}

/* Asks for the assets that pass a filter; the first must be that of `collection`. */
static void expect_filtered(const struct t_server *s, size_t n, const char *query,
                            const char *collection)
{
    char path[T_JSON_CAP];
    CW_AUTO(cw_buf_done) struct cw_buf png = t_drawing('f');
    t_format(path, "/v1/match?%s", query);
    CW_AUTO(t_reply_done)
    struct t_reply r = t_send_picture(s, s->admin_key, "POST", path, cw_buf_view(&png));
    t_expect_status(&r, 200);
    assert_int_equal(t_json_count(r.json, "/matches"), n);
    if (n > 0) {
        t_expect_text(r.json, "/matches/0/collection", collection);
    }
}

static void answers_can_be_filtered(void **state)
{
    const struct t_server *s = *state;
    static const char *const puts[] = {
        "/v1/collections/open/assets/one?embargo_until=2001-01-01T00:00:00Z",
        "/v1/collections/secret/assets/one?embargo_until=2999-01-01T00:00:00Z",
        "/v1/collections/plain/assets/one"};
    CW_AUTO(cw_buf_done) struct cw_buf png = t_drawing('f');
    for (size_t i = 0; i < 3; i++) {
        CW_AUTO(t_reply_done)
        struct t_reply put =
            t_send_picture(s, s->admin_key, "PUT", puts[i], cw_buf_view(&png));
        t_expect_status(&put, 201);
    }
    expect_filtered(s, 1, "collection=plain", "plain");
    expect_filtered(s, 1, "collection=secret", "secret");
    expect_filtered(s, 0, "collection=other", "");
    expect_filtered(s, 1, "embargoed=1", "secret");
    expect_filtered(s, 0, "embargoed=1&collection=open", "");
    CW_AUTO(t_reply_done)
    struct t_reply wrong = t_send_picture(s, s->admin_key, "POST",
                                          "/v1/match?embargoed=2", cw_buf_view(&png));
    t_expect_problem(&wrong, 400, "bad_query");
}

static void a_mirrored_turned_or_smaller_copy_is_matched(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf png = t_drawing(2);
    CW_AUTO(t_reply_done)
    struct t_reply put = t_send_picture(
        s, s->admin_key, "PUT", "/v1/collections/film/assets/two", cw_buf_view(&png));
    t_expect_status(&put, 201);
    CW_AUTO(t_picture_done) struct t_picture original = t_picture_draw(2, 320, 240);

    CW_AUTO(t_picture_done) struct t_picture mirrored = t_picture_mirrored(&original);
    CW_AUTO(t_reply_done) struct t_reply a = match_picture(s, &mirrored);
    expect_best(&a, "two", "flipy");

    CW_AUTO(t_picture_done) struct t_picture turned = t_picture_turned(&original);
    CW_AUTO(t_reply_done) struct t_reply b = match_picture(s, &turned);
    t_expect_status(&b, 200);
    t_expect_text(b.json, "/matches/0/asset", "two");

    CW_AUTO(t_picture_done)
    struct t_picture small = t_picture_resized(&original, 200, 150);
    CW_AUTO(t_reply_done) struct t_reply c = match_picture(s, &small);
    expect_best(&c, "two", "orig");
    assert_false(t_json_bool(c.json, "/matches/0/exact_bytes"));
}

static void a_stranger_is_not_matched(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(t_picture_done) struct t_picture stranger = t_picture_draw(999, 320, 240);
    CW_AUTO(t_reply_done) struct t_reply r = match_picture(s, &stranger);
    t_expect_status(&r, 200);
    assert_int_equal(t_json_count(r.json, "/matches"), 0);
}

static void all_shows_the_nearest_even_if_it_is_no_match(void **state)
{
    const struct t_server *s = *state;
    char body[T_JSON_CAP];
    char hex[CW_HASH_TEXT_CAP];
    t_register(s, s->admin_key, "nearest", "far-away", 40);
    t_hash_text(41, 0, hex);
    t_format(body, "{\"pdq\":\"%s\"}", hex);
    CW_AUTO(t_reply_done)
    struct t_reply r = t_post_json(s, s->admin_key, "/v1/match?all=1", body);
    t_expect_status(&r, 200);
    size_t n = t_json_count(r.json, "/matches");
    assert_in_range(n, 1, 20);
    t_expect_text(r.json, "/matches/0/band", "none");
}

static void registering_again_changes_nothing(void **state)
{
    const struct t_server *s = *state;
    char body[T_JSON_CAP];
    t_register(s, s->admin_key, "again", "a", 50);
    t_fingerprint_json(50, 0, "", body);
    CW_AUTO(t_reply_done)
    struct t_reply r =
        t_put_json(s, s->admin_key, "/v1/collections/again/assets/a", body);
    t_expect_status(&r, 200);
    t_expect_text(r.json, "/status", "unchanged");
    t_expect_u64(r.json, "/version", 1);
}

static void other_content_becomes_the_next_version(void **state)
{
    const struct t_server *s = *state;
    char body[T_JSON_CAP];
    char old_hash[CW_HASH_TEXT_CAP];
    t_register(s, s->admin_key, "versions", "a", 60);
    t_fingerprint_json(61, 0, "", body);
    CW_AUTO(t_reply_done)
    struct t_reply r =
        t_put_json(s, s->admin_key, "/v1/collections/versions/assets/a", body);
    t_expect_status(&r, 200);
    t_expect_text(r.json, "/status", "replaced");
    t_expect_u64(r.json, "/version", 2);

    t_hash_text(60, 0, old_hash);
    t_format(body, "{\"pdq\":\"%s\"}", old_hash);
    CW_AUTO(t_reply_done)
    struct t_reply gone = t_post_json(s, s->admin_key, "/v1/match", body);
    t_expect_status(&gone, 200);
    assert_int_equal(t_json_count(gone.json, "/matches"), 0);
}

static void the_same_file_by_a_newer_recipe_is_an_upgrade(void **state)
{
    const struct t_server *s = *state;
    static const char PATH[] = "/v1/collections/upgrades/assets/a";
    uint8_t sha256[CW_SHA256_BYTES];
    char sha256_text[2 * CW_SHA256_BYTES + 1], pdq[T_JSON_CAP], body[T_JSON_CAP];
    CW_AUTO(cw_buf_done) struct cw_buf png = t_drawing(61);
    cw_sha256(cw_buf_view(&png), sha256);
    cw_hex_encode(sha256, sizeof sha256, sha256_text);
    t_hash_text(61, 0, pdq);
    t_format(body, "{\"fingerprint\":{\"pdq\":\"%s\",\"sha256\":\"%s\"}}", pdq,
             sha256_text);
    CW_AUTO(t_reply_done) struct t_reply old = t_put_json(s, s->admin_key, PATH, body);
    t_expect_text(old.json, "/status", "registered");
    CW_AUTO(t_reply_done)
    struct t_reply now = t_send_picture(s, s->admin_key, "PUT", PATH, cw_buf_view(&png));
    t_expect_status(&now, 200);
    t_expect_text(now.json, "/status", "upgraded");
    t_expect_u64(now.json, "/version", 2);
    CW_AUTO(t_reply_done)
    struct t_reply again =
        t_send_picture(s, s->admin_key, "PUT", PATH, cw_buf_view(&png));
    t_expect_text(again.json, "/status", "unchanged");
}

static void posting_other_content_under_a_taken_id_is_a_conflict(void **state)
{
    const struct t_server *s = *state;
    char body[T_JSON_CAP];
    t_register(s, s->admin_key, "posts", "a", 70);
    t_fingerprint_json(70, 0, "", body);
    CW_AUTO(t_reply_done)
    struct t_reply same =
        t_post_json(s, s->admin_key, "/v1/collections/posts/assets?id=a", body);
    t_expect_status(&same, 200);
    t_expect_text(same.json, "/status", "unchanged");
    t_fingerprint_json(71, 0, "", body);
    CW_AUTO(t_reply_done)
    struct t_reply other =
        t_post_json(s, s->admin_key, "/v1/collections/posts/assets?id=a", body);
    t_expect_problem(&other, 409, "asset_exists");
}

static void posting_without_an_id_makes_one(void **state)
{
    const struct t_server *s = *state;
    char body[T_JSON_CAP];
    char id[T_ID_CAP];
    char path[T_JSON_CAP];
    t_fingerprint_json(80, 0, "", body);
    CW_AUTO(t_reply_done)
    struct t_reply r = t_post_json(s, s->admin_key, "/v1/collections/posts/assets", body);
    t_expect_status(&r, 201);
    t_json_copy_text(r.json, "/id", id, sizeof id);
    assert_memory_equal(id, "a-", 2);
    t_format(path, "/v1/collections/posts/assets/%s", id);
    CW_AUTO(t_reply_done) struct t_reply there = t_get(s, s->admin_key, path);
    t_expect_status(&there, 200);
}

static void ndjson_answers_a_line_for_a_line_in_order(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf lines = CW_BUF_INIT(1 << 20);
    for (unsigned i = 0; i < 100; i++) {
        char more[T_JSON_CAP];
        char line[T_JSON_CAP];
        t_format(more, ",\"id\":\"n-%u\",\"kind\":\"sketch\"", i);
        t_fingerprint_json(1000 + i, 0, more, line);
        cw_buf_printf(&lines, "%s\n", i == 50 ? "{\"id\":\"n-50\"}" : line);
    }
    CW_AUTO(t_reply_done)
    struct t_reply r =
        t_post_ndjson(s, s->admin_key, "/v1/collections/bulk/assets", cw_buf_str(&lines));
    t_expect_status(&r, 200);
    assert_int_equal(r.n_lines, 100);
    for (unsigned i = 0; i < 100; i++) {
        char id[T_JSON_CAP];
        t_format(id, "n-%u", i);
        t_expect_text(r.lines[i], "/id", id);
        t_expect_text(r.lines[i], "/status", i == 50 ? "error" : "registered");
    }
    t_expect_text(r.lines[50], "/code", "bad_field");
}

static void a_deleted_asset_is_no_longer_matched(void **state)
{
    const struct t_server *s = *state;
    static const char PATH[] = "/v1/collections/gone/assets/a";
    char body[T_JSON_CAP];
    char hex[CW_HASH_TEXT_CAP];
    t_register(s, s->admin_key, "gone", "a", 90);
    CW_AUTO(t_reply_done) struct t_reply del = t_delete(s, s->admin_key, PATH);
    t_expect_status(&del, 204);
    CW_AUTO(t_reply_done) struct t_reply get = t_get(s, s->admin_key, PATH);
    t_expect_problem(&get, 404, "not_found");
    t_hash_text(90, 0, hex);
    t_format(body, "{\"pdq\":\"%s\"}", hex);
    CW_AUTO(t_reply_done)
    struct t_reply r = t_post_json(s, s->admin_key, "/v1/match", body);
    t_expect_status(&r, 200);
    assert_int_equal(t_json_count(r.json, "/matches"), 0);
}

static void everything_is_still_there_after_a_restart(void **state)
{
    struct t_server *s = *state;
    t_server_stop(s);
    t_server_start(s);
    CW_AUTO(t_picture_done) struct t_picture p = t_picture_draw(1, 320, 240);
    CW_AUTO(t_reply_done) struct t_reply r = match_picture(s, &p);
    expect_best(&r, "cut/001.png", "orig");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registered_picture_is_matched),
        cmocka_unit_test(answers_can_be_filtered),
        cmocka_unit_test(a_mirrored_turned_or_smaller_copy_is_matched),
        cmocka_unit_test(a_stranger_is_not_matched),
        cmocka_unit_test(all_shows_the_nearest_even_if_it_is_no_match),
        cmocka_unit_test(registering_again_changes_nothing),
        cmocka_unit_test(other_content_becomes_the_next_version),
        cmocka_unit_test(the_same_file_by_a_newer_recipe_is_an_upgrade),
        cmocka_unit_test(posting_other_content_under_a_taken_id_is_a_conflict),
        cmocka_unit_test(posting_without_an_id_makes_one),
        cmocka_unit_test(ndjson_answers_a_line_for_a_line_in_order),
        cmocka_unit_test(a_deleted_asset_is_no_longer_matched),
        cmocka_unit_test(everything_is_still_there_after_a_restart),
    };
    return cmocka_run_group_tests(tests, t_server_group_setup, t_server_group_teardown);
}
