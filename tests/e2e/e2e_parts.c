/* Parts of registered drawings are found, said where, in both directions, after a
 * restart; and pictures that show next to nothing raise no alarm against each other. */
#include "base/crypto.h"
#include "tests/support/t_api.h"
#include "tests/support/t_pictures.h"
#include "tests/support/t_sketch.h"

#define WIDTH 640
#define HEIGHT 480

static struct t_reply send(const struct t_server *s, const char *method, const char *path,
                           const struct t_picture *p)
{
    CW_AUTO(cw_buf_done) struct cw_buf png = CW_BUF_INIT(T_PICTURE_MAX_PNG);
    t_picture_png(p, &png);
    return t_send_picture(s, s->admin_key, method, path, cw_buf_view(&png));
}

static struct t_picture drawing(uint64_t seed)
{
    return (struct t_picture){
        .width = WIDTH, .height = HEIGHT, .luma = t_sketch_draw(WIDTH, HEIGHT, seed)};
}

/* The middle, three quarters of either side. */
static struct t_picture crop(uint64_t seed)
{
    struct t_picture whole = drawing(seed);
    struct t_picture part = {.width = WIDTH * 3 / 4, .height = HEIGHT * 3 / 4};
    part.luma = malloc((size_t)part.width * part.height);
    assert_non_null(part.luma);
    for (unsigned y = 0; y < part.height; y++) {
        memcpy(part.luma + (size_t)y * part.width,
               whole.luma + (size_t)(y + HEIGHT / 8) * WIDTH + WIDTH / 8, part.width);
    }
    t_picture_done(&whole);
    return part;
}

static void put(const struct t_server *s, const char *path, uint64_t seed)
{
    CW_AUTO(t_picture_done) struct t_picture p = drawing(seed);
    CW_AUTO(t_reply_done) struct t_reply r = send(s, "PUT", path, &p);
    t_expect_status(&r, 201);
}

static void expect_window(const struct t_reply *r)
{
    t_expect_status(r, 200);
    assert_int_equal(t_json_count(r->json, "/matches"), 1);
    t_expect_text(r->json, "/matches/0/asset", "one");
    t_expect_text(r->json, "/matches/0/view", "local");
    assert_true(t_json_double(r->json, "/matches/0/score") >= 16);
    assert_int_equal(t_json_count(r->json, "/matches/0/polygon/found"), 4);
    assert_true(t_json_double(r->json, "/matches/0/polygon/found/2/0") > 0.98);
    const double left = t_json_double(r->json, "/matches/0/polygon/asset/0/0");
    const double right = t_json_double(r->json, "/matches/0/polygon/asset/2/0");
    assert_true(left > 0.11 && left < 0.14);
    assert_true(right > 0.86 && right < 0.89);
}

static void a_crop_is_found_with_its_window(void **state)
{
    const struct t_server *s = *state;
    put(s, "/v1/collections/film/assets/one", 1);
    put(s, "/v1/collections/film/assets/two", 2);
    CW_AUTO(t_picture_done) struct t_picture part = crop(1);
    CW_AUTO(t_reply_done) struct t_reply r = send(s, "POST", "/v1/match", &part);
    expect_window(&r);
}

static void a_fast_look_misses_it(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(t_picture_done) struct t_picture part = crop(1);
    CW_AUTO(t_reply_done)
    struct t_reply fast = send(s, "POST", "/v1/match?effort=fast", &part);
    t_expect_status(&fast, 200);
    assert_int_equal(t_json_count(fast.json, "/matches"), 0);
    CW_AUTO(t_reply_done)
    struct t_reply full = send(s, "POST", "/v1/match?effort=full", &part);
    expect_window(&full);
    CW_AUTO(t_reply_done)
    struct t_reply wrong = send(s, "POST", "/v1/match?effort=some", &part);
    t_expect_problem(&wrong, 400, "bad_query");
}

static void what_was_seen_as_a_part_is_seen_before(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(t_picture_done) struct t_picture part = crop(3);
    CW_AUTO(t_picture_done) struct t_picture whole = drawing(3);
    CW_AUTO(t_reply_done)
    struct t_reply seen =
        send(s, "POST", "/v1/sightings?url=http%3A%2F%2Fx.example%2F3.png", &part);
    t_expect_status(&seen, 202);
    CW_AUTO(t_reply_done)
    struct t_reply r = send(s, "PUT", "/v1/collections/film/assets/three", &whole);
    t_expect_status(&r, 201);
    assert_int_equal(t_json_count(r.json, "/seen_before"), 1);
    t_expect_text(r.json, "/seen_before/0/view", "local");
    assert_true(t_json_bool(r.json, "/lookback/local"));
}

static void parts_are_found_after_a_restart(void **state)
{
    struct t_server *s = *state;
    CW_AUTO(t_picture_done) struct t_picture unseen = crop(4);
    CW_AUTO(t_reply_done)
    struct t_reply seen =
        send(s, "POST", "/v1/sightings?url=http%3A%2F%2Fx.example%2F4.png", &unseen);
    t_expect_status(&seen, 202);
    t_server_stop(s);
    t_server_start(s);
    CW_AUTO(t_picture_done) struct t_picture part = crop(1);
    CW_AUTO(t_reply_done) struct t_reply r = send(s, "POST", "/v1/match", &part);
    expect_window(&r);
    CW_AUTO(t_picture_done) struct t_picture whole = drawing(4);
    CW_AUTO(t_reply_done)
    struct t_reply late = send(s, "PUT", "/v1/collections/film/assets/four", &whole);
    assert_int_equal(t_json_count(late.json, "/seen_before"), 1);
}

static void the_metrics_count_recipes_and_descriptors(void **state)
{
    const struct t_server *s = *state;
    char body[T_JSON_CAP];
    t_fingerprint_json(77, 0, "", body);
    CW_AUTO(t_reply_done)
    struct t_reply old =
        t_put_json(s, s->admin_key, "/v1/collections/film/assets/old", body);
    t_expect_status(&old, 201);
    CW_AUTO(t_reply_done) struct t_reply r = t_get(s, s->admin_key, "/metrics");
    t_expect_status(&r, 200);
    const char *text = cw_buf_str(&r.body);
    assert_non_null(strstr(text, "celwatch_assets_by_recipe{recipe=\"1\"} 1\n"));
    assert_non_null(strstr(text, "celwatch_assets_by_recipe{recipe=\"2\"} 4\n"));
    assert_non_null(strstr(text, "celwatch_local_descriptors{side=\"assets\"} "));
    assert_non_null(strstr(text, "celwatch_runs 5\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crop_is_found_with_its_window),
        cmocka_unit_test(a_fast_look_misses_it),
        cmocka_unit_test(what_was_seen_as_a_part_is_seen_before),
        cmocka_unit_test(parts_are_found_after_a_restart),
        cmocka_unit_test(the_metrics_count_recipes_and_descriptors),
    };
    return cmocka_run_group_tests(tests, t_server_group_setup, t_server_group_teardown);
}
