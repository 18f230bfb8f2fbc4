/* Whatever is sent: its own documented answer, and afterwards nothing is lost. */
#include "tests/support/t_api.h"
#include "tests/support/t_pictures.h"

#define ASSET "/v1/collections/bad/assets/x"

static void expect_put_refused(const struct t_server *s, struct cw_bytes picture,
                               int status, const char *code)
{
    CW_AUTO(t_reply_done)
    struct t_reply r = t_send_picture(s, s->admin_key, "PUT", ASSET, picture);
    t_expect_problem(&r, status, code);
}

static void truncated_pictures_are_refused_but_still_sighted(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf png = t_drawing(400);
    struct cw_bytes most = cw_bytes_of(png.p, png.len * 3 / 4);
    expect_put_refused(s, most, 422, "damaged_picture");
    CW_AUTO(t_reply_done)
    struct t_reply r =
        t_send_picture(s, s->admin_key, "POST",
                       "/v1/sightings?url=http%3A%2F%2Fx.example%2Fcut.png", most);
    t_expect_status(&r, 202);
}

static void every_cut_of_a_picture_is_answered(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf png = t_drawing(401);
    for (size_t len = 1; len < 200; len += 7) {
        CW_AUTO(t_reply_done)
        struct t_reply r =
            t_send_picture(s, s->admin_key, "PUT", ASSET, cw_bytes_of(png.p, len));
        assert_true(r.status == 415 || r.status == 422);
    }
}

static void an_empty_body_is_refused(void **state)
{
    const struct t_server *s = *state;
    expect_put_refused(s, (struct cw_bytes){0}, 400, "empty_body");
    CW_AUTO(t_reply_done)
    struct t_reply r = t_post_json(s, s->admin_key, "/v1/match", "");
    t_expect_problem(&r, 400, "empty_body");
}

static void what_is_no_picture_is_refused(void **state)
{
    const struct t_server *s = *state;
    static const uint8_t zeros[4096];
    static const char SVG[] = "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>";
    expect_put_refused(s, cw_bytes_str("this is a text"), 415, "not_a_picture");
    expect_put_refused(s, cw_bytes_of(zeros, sizeof zeros), 415, "not_a_picture");
    expect_put_refused(s, cw_bytes_str(SVG), 415, "not_a_picture");
    expect_put_refused(s, cw_bytes_str("%PDF-1.7\n"), 415, "not_a_picture");
}

static void the_bytes_decide_not_the_label(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf png = t_drawing(402);
    CW_AUTO(t_reply_done)
    struct t_reply r =
        t_http(s, &(struct t_request){.method = "PUT",
                                      .path = "/v1/collections/bad/assets/label",
                                      .key = s->admin_key,
                                      .content_type = "image/jpeg",
                                      .body = cw_buf_view(&png)});
    t_expect_status(&r, 201);
}

static void huge_dimensions_are_refused_by_the_header(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf png = CW_BUF_INIT(4096);
    t_hollow_png(60000, 60000, &png);
    expect_put_refused(s, cw_buf_view(&png), 422, "picture_too_large");
}

static void other_content_types_are_refused(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(t_reply_done)
    struct t_reply r = t_http(s, &(struct t_request){.method = "PUT",
                                                     .path = ASSET,
                                                     .key = s->admin_key,
                                                     .content_type = "text/html",
                                                     .body = cw_bytes_str("<p>")});
    t_expect_problem(&r, 415, "unsupported_media");
}

struct bad_json {
    const char *method, *path, *body;
    const char *code;
    const char *pointer; /* NULL: none expected */
};

#define ZEROS_16 "0000000000000000"
#define PDQ ZEROS_16 "ffffffffffffffff" ZEROS_16 "ffffffffffffffff"
#define GOOD "\"fingerprint\":{\"pdq\":\"" PDQ "\"}"

static const struct bad_json BAD_JSON[] = {
    {"PUT", ASSET, "{", "bad_json", NULL},
    {"PUT", ASSET, "[]", "bad_json", NULL},
    {"PUT", ASSET, "{} {}", "bad_json", NULL},
    {"PUT", ASSET, "{\"kind\":\"frame\",\"kind\":\"sheet\"}", "bad_json", NULL},
    {"PUT", ASSET, "{\"kind\":\"\xff\"}", "bad_json", NULL},
    {"PUT", ASSET, "[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]", "bad_json", NULL},
    {"PUT", ASSET, "{" GOOD ",\"colour\":1}", "unknown_field", "/colour"},
    {"PUT", ASSET, "{\"fingerprint\":{\"pdq\":\"" PDQ "\",\"x\":1}}", "unknown_field",
     "/fingerprint/x"},
    {"PUT", ASSET, "{}", "bad_field", "/fingerprint"},
    {"PUT", ASSET, "{\"fingerprint\":7}", "bad_field", "/fingerprint"},
    {"PUT", ASSET, "{\"fingerprint\":{\"pdq\":\"xyz\"}}", "bad_field",
     "/fingerprint/pdq"},
    {"PUT", ASSET, "{\"fingerprint\":{\"pdq\":\"" PDQ "00\"}}", "bad_field",
     "/fingerprint/pdq"},
    {"PUT", ASSET, "{" GOOD ",\"kind\":\"statue\"}", "bad_field", "/kind"},
    {"PUT", ASSET, "{" GOOD ",\"embargo_until\":\"soon\"}", "bad_field",
     "/embargo_until"},
    {"POST", "/v1/collections", "{}", "bad_field", "/name"},
    {"POST", "/v1/collections", "{\"name\":\"a/b\"}", "bad_field", "/name"},
    {"POST", "/v1/collections", "{\"name\":\"\"}", "bad_field", "/name"},
    {"POST", "/v1/collections", "{\"name\":\"a\\nb\"}", "bad_field", "/name"},
    {"POST", "/v1/keys", "{\"role\":\"king\"}", "bad_field", "/role"},
    {"POST", "/v1/keys", "{\"role\":\"crawler\",\"disclosure\":\"all\"}", "bad_field",
     "/disclosure"},
    {"POST", "/v1/sightings", "{" GOOD ",\"url\":\"not a url\"}", "bad_field", "/url"},
    {"POST", "/v1/sightings", "{" GOOD ",\"url\":\"file:///etc/passwd\"}", "bad_field",
     "/url"},
    {"POST", "/v1/sightings", "{" GOOD ",\"ip\":\"999.1.1.1\"}", "bad_field", "/ip"},
    {"POST", "/v1/sightings", "{" GOOD ",\"ip\":\"192.0.2.1\",\"fetched_at\":\"1\"}",
     "bad_field", "/fetched_at"},
    {"POST", "/v1/match", "{\"pdq\":\"" PDQ "\",\"radius\":1}", "unknown_field",
     "/radius"},
};

static void bad_json_is_refused_with_a_pointer(void **state)
{
    const struct t_server *s = *state;
    for (size_t i = 0; i < sizeof BAD_JSON / sizeof *BAD_JSON; i++) {
        const struct bad_json *bad = &BAD_JSON[i];
        CW_AUTO(t_reply_done)
        struct t_reply r =
            t_http(s, &(struct t_request){.method = bad->method,
                                          .path = bad->path,
                                          .key = s->admin_key,
                                          .content_type = "application/json",
                                          .body = cw_bytes_str(bad->body)});
        print_message("sent %s\n", bad->body);
        t_expect_problem(&r, 400, bad->code);
        if (bad->pointer != NULL) {
            t_expect_text(r.json, "/errors/0/pointer", bad->pointer);
        }
    }
}

static void bad_queries_are_refused(void **state)
{
    static const char *const PATHS[] = {
        "/v1/collections?limit=0",       "/v1/collections?limit=1001",
        "/v1/collections?limit=x",       "/v1/collections?limit=1&limit=2",
        "/v1/collections?cursor=%21%21", "/v1/collections?colour=red",
        "/v1/incidents?state=lost",      "/v1/events?after=-1",
    };
    const struct t_server *s = *state;
    for (size_t i = 0; i < sizeof PATHS / sizeof *PATHS; i++) {
        CW_AUTO(t_reply_done) struct t_reply r = t_get(s, s->admin_key, PATHS[i]);
        print_message("asked %s\n", PATHS[i]);
        t_expect_problem(&r, 400, "bad_query");
    }
}

static void a_sighting_must_say_where(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf png = t_drawing(403);
    CW_AUTO(t_reply_done)
    struct t_reply r =
        t_send_picture(s, s->admin_key, "POST", "/v1/sightings", cw_buf_view(&png));
    t_expect_problem(&r, 400, "bad_query");
}

static void what_is_not_there_is_not_found(void **state)
{
    static const char *const PATHS[] = {"/v1/collections/none",
                                        "/v1/collections/none/assets",
                                        "/v1/collections/none/assets/x",
                                        "/v1/incidents/INC-77777",
                                        "/v1/incidents/x",
                                        "/v1/sightings/00000000000000000000000000000000"};
    const struct t_server *s = *state;
    for (size_t i = 0; i < sizeof PATHS / sizeof *PATHS; i++) {
        CW_AUTO(t_reply_done) struct t_reply r = t_get(s, s->admin_key, PATHS[i]);
        t_expect_problem(&r, 404, "not_found");
    }
    CW_AUTO(t_reply_done)
    struct t_reply no_route = t_get(s, s->admin_key, "/v2/anything");
    t_expect_problem(&no_route, 404, "no_route");
    CW_AUTO(t_reply_done) struct t_reply method = t_delete(s, s->admin_key, "/v1/match");
    char allow[64];
    t_expect_problem(&method, 405, "method_not_allowed");
    assert_true(t_reply_header(&method, "Allow", allow, sizeof allow));
    assert_string_equal(allow, "POST");
}

static void one_bad_line_does_not_hold_up_the_others(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(t_reply_done)
    struct t_reply r = t_post_ndjson(s, s->admin_key, "/v1/sightings",
                                     "{" GOOD ",\"ip\":\"192.0.2.7\"}\n{\"broken\n{" GOOD
                                     ",\"ip\":\"192.0.2.7\",\"z\":0}\n"
                                     "{" GOOD ",\"ip\":\"192.0.2.7\"}\n");
    t_expect_status(&r, 200);
    assert_int_equal(r.n_lines, 4);
    t_expect_text(r.lines[0], "/disclosure", "detail");
    t_expect_text(r.lines[1], "/code", "bad_json");
    t_expect_text(r.lines[2], "/code", "unknown_field");
    t_expect_text(r.lines[2], "/pointer", "/z");
    t_expect_text(r.lines[3], "/disclosure", "detail");
}

static void afterwards_nothing_is_lost(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(t_reply_done)
    struct t_reply kept = t_get(s, s->admin_key, "/v1/collections/kept/assets/before");
    t_expect_status(&kept, 200);
    CW_AUTO(t_reply_done) struct t_reply not_made = t_get(s, s->admin_key, ASSET);
    t_expect_problem(&not_made, 404, "not_found");
    CW_AUTO(t_reply_done) struct t_reply ready = t_get(s, NULL, "/readyz");
    t_expect_status(&ready, 200);
}

static int set_up(void **state)
{
    struct t_server *s = t_server_new(NULL);
    *state = s;
    t_register(s, s->admin_key, "kept", "before", 499);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truncated_pictures_are_refused_but_still_sighted),
        cmocka_unit_test(every_cut_of_a_picture_is_answered),
        cmocka_unit_test(an_empty_body_is_refused),
        cmocka_unit_test(what_is_no_picture_is_refused),
        cmocka_unit_test(the_bytes_decide_not_the_label),
        cmocka_unit_test(huge_dimensions_are_refused_by_the_header),
        cmocka_unit_test(other_content_types_are_refused),
        cmocka_unit_test(bad_json_is_refused_with_a_pointer),
        cmocka_unit_test(bad_queries_are_refused),
        cmocka_unit_test(a_sighting_must_say_where),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(one_bad_line_does_not_hold_up_the_others),
        cmocka_unit_test(afterwards_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, set_up, t_server_group_teardown);
}
