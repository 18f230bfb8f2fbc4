/* The matching policy against a registry in memory: turns, inversion, bands, tenants. */
#include "tests/support/t_cmocka.h"

#include <string.h>

#include "base/clock.h"
#include "server/ingest.h"
#include "tests/support/t_app.h"
#include "tests/support/t_frames.h"

static struct t_app t;
static struct cw_app *const app = &t.app;
static struct cw_key_record *const who = &t.who;
static struct cw_key_record *const stranger = &t.stranger;

static int open_app(void **state)
{
    (void)state;
    return t_app_open(&t);
}

static int close_app(void **state)
{
    (void)state;
    return t_app_close(&t);
}

/* A made-up hash; the same seed gives the same one. */
static struct cw_hash hash_of(const char *seed)
{
    struct cw_hash h;
    cw_sha256(cw_bytes_str(seed), h.b);
    return h;
}

static struct cw_hash flip_bits(struct cw_hash h, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        h.b[i % CW_HASH_BYTES] ^= (uint8_t)(1U << (i / CW_HASH_BYTES));
    }
    return h;
}

static void register_hash(const char *id, struct cw_hash hash)
{
    struct cw_asset_in in = {.kind = CW_KIND_FRAME};
    struct cw_registered done;
    memcpy(in.id, id, strlen(id) + 1);
    cw_fingerprint_from_pdq(&hash, &in.fp);
    assert_int_equal(cw_ingest_assets(app, who, "film", &in, 1, true, &done, NULL), 0);
    assert_int_equal(done.rc, 0);
    cw_fingerprint_done(&in.fp);
}

static struct cw_found_list ask(cw_studio_no studio, struct cw_hash hash,
                                enum cw_band least)
{
    const struct cw_match_options options = {.least = least};
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    struct cw_found_list found = {0};
    cw_fingerprint_from_pdq(&hash, &fp);
    assert_int_equal(cw_match_assets(app, studio, &fp, &options, &found, NULL), 0);
    return found;
}

static void near_hashes_match_with_their_band(void **state)
{
    static const struct {
        unsigned bits;
        enum cw_band band;
    } cases[] = {{0, CW_BAND_STRONG},
                 {CW_RADIUS_STRONG, CW_BAND_STRONG},
                 {CW_RADIUS_STRONG + 1, CW_BAND_POSSIBLE},
                 {CW_RADIUS_POSSIBLE + 1, CW_BAND_WEAK}};
    (void)state;
    register_hash("a", hash_of("a"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CW_AUTO(cw_found_list_done)
        struct cw_found_list found =
            ask(who->studio, flip_bits(hash_of("a"), cases[i].bits), CW_BAND_WEAK);
        assert_int_equal(found.n, 1);
        assert_string_equal(found.items[0].asset.id, "a");
        assert_int_equal(found.items[0].match.distance, cases[i].bits);
        assert_int_equal(found.items[0].match.band, cases[i].band);
        assert_int_equal(found.items[0].match.turn, CW_TURN_ORIG);
    }
}

static void what_is_too_far_is_shown_only_on_request(void **state)
{
    const struct cw_hash far = flip_bits(hash_of("a"), CW_RADIUS_WEAK + 1);
    (void)state;
    register_hash("a", hash_of("a"));
    CW_AUTO(cw_found_list_done)
    struct cw_found_list none = ask(who->studio, far, CW_BAND_WEAK);
    CW_AUTO(cw_found_list_done)
    struct cw_found_list all = ask(who->studio, far, CW_BAND_NONE);
    assert_int_equal(none.n, 0);
    assert_int_equal(all.n, 1);
    assert_int_equal(all.items[0].match.band, CW_BAND_NONE);
}

static void turned_and_inverted_copies_match(void **state)
{
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    const struct cw_hash hash = hash_of("turned");
    (void)state;
    register_hash("a", hash);
    cw_fingerprint_from_pdq(&hash, &fp);
    for (uint8_t turn = 0; turn < CW_TURN_COUNT; turn++) {
        const struct cw_view *view = cw_fingerprint_view(&fp, CW_VIEW_PDQ, turn);
        struct cw_hash negative = view->hash;
        for (size_t i = 0; i < CW_HASH_BYTES; i++) {
            negative.b[i] = (uint8_t)~negative.b[i];
        }
        CW_AUTO(cw_found_list_done)
        struct cw_found_list found = ask(who->studio, view->hash, CW_BAND_WEAK);
        CW_AUTO(cw_found_list_done)
        struct cw_found_list inverted = ask(who->studio, negative, CW_BAND_WEAK);
        assert_int_equal(found.n, 1);
        assert_false(found.items[0].match.inverted);
        assert_int_equal(inverted.n, 1);
        assert_true(inverted.items[0].match.inverted);
    }
}

/* A fingerprint of recipe 2: hashes of its own for `pdq`, and one more view. */
static struct cw_fingerprint with_view(const char *seed, uint8_t kind,
                                       struct cw_area16 area, struct cw_hash hash)
{
    struct cw_fingerprint fp;
    const struct cw_hash pdq = hash_of(seed);
    cw_fingerprint_from_pdq(&pdq, &fp);
    fp.recipe = CW_RECIPE_VIEWS;
    fp.views[fp.n_views++] = (struct cw_view){kind, CW_TURN_ORIG, area, hash};
    fp.local = calloc(1, sizeof *fp.local); /* not a plain picture */
    assert_non_null(fp.local);
    fp.n_local = 1;
    return fp;
}

static struct cw_found_list ask_with(const struct cw_fingerprint *fp)
{
    const struct cw_match_options options = {.least = CW_BAND_WEAK};
    struct cw_found_list found = {0};
    assert_int_equal(cw_match_assets(app, who->studio, fp, &options, &found, NULL), 0);
    return found;
}

static void register_view(const char *id, uint8_t kind, struct cw_hash hash)
{
    struct cw_asset_in in = {.kind = CW_KIND_FRAME};
    struct cw_registered done;
    memcpy(in.id, id, strlen(id) + 1);
    in.fp = with_view(id, kind, CW_AREA_WHOLE, hash);
    assert_int_equal(cw_ingest_assets(app, who, "film", &in, 1, true, &done, NULL), 0);
    cw_fingerprint_done(&in.fp);
}

static void a_plain_asset_is_no_part_of_other_pictures(void **state)
{
    const struct cw_area16 panel = {100, 200, 30000, 40000};
    const struct cw_hash box = hash_of("box");
    struct cw_asset_in in = {.id = "box", .kind = CW_KIND_FRAME};
    struct cw_registered done;
    (void)state;
    in.fp = with_view("plain", CW_VIEW_PDQR, CW_AREA_WHOLE, box);
    in.fp.n_local = 0;
    assert_int_equal(cw_ingest_assets(app, who, "film", &in, 1, true, &done, NULL), 0);
    cw_fingerprint_done(&in.fp);
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint page = with_view("page", CW_VIEW_PDQR_RECT, panel, box);
    CW_AUTO(cw_found_list_done) struct cw_found_list part = ask_with(&page);
    assert_int_equal(part.n, 1);
    assert_int_equal(part.items[0].match.band, CW_BAND_WEAK);
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint copy = with_view("copy", CW_VIEW_PDQR, CW_AREA_WHOLE, box);
    CW_AUTO(cw_found_list_done) struct cw_found_list whole = ask_with(&copy);
    assert_int_equal(whole.items[0].match.band, CW_BAND_STRONG);
}

static void a_rectangle_of_a_found_picture_meets_the_whole_asset(void **state)
{
    const struct cw_area16 panel = {100, 200, 30000, 40000};
    (void)state;
    register_view("a", CW_VIEW_INK, hash_of("drawing"));
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint fp =
        with_view("sheet", CW_VIEW_INK_RECT, panel, flip_bits(hash_of("drawing"), 9));
    CW_AUTO(cw_found_list_done) struct cw_found_list found = ask_with(&fp);
    assert_int_equal(found.n, 1);
    assert_int_equal(found.items[0].match.view, CW_VIEW_INK_RECT);
    assert_int_equal(found.items[0].match.distance, 9);
    assert_int_equal(found.items[0].match.agreeing, 1U << CW_VIEW_INK_RECT);
    assert_int_equal(found.items[0].match.found[2].x, 30000);
}

static void kinds_are_not_mixed_up(void **state)
{
    (void)state;
    register_view("a", CW_VIEW_INK, hash_of("drawing"));
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint fp =
        with_view("other", CW_VIEW_PDQR, CW_AREA_WHOLE, hash_of("drawing"));
    CW_AUTO(cw_found_list_done) struct cw_found_list found = ask_with(&fp);
    assert_int_equal(found.n, 0);
}

static void views_that_agree_are_one_match(void **state)
{
    (void)state;
    register_view("a", CW_VIEW_INK, hash_of("drawing"));
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint fp =
        with_view("a", CW_VIEW_INK, CW_AREA_WHOLE, hash_of("drawing"));
    fp.views[CW_TURN_ORIG].hash = flip_bits(hash_of("a"), 30);
    CW_AUTO(cw_found_list_done) struct cw_found_list found = ask_with(&fp);
    assert_int_equal(found.n, 1);
    assert_int_equal(found.items[0].match.view, CW_VIEW_INK); /* the more telling one */
    assert_int_equal(found.items[0].match.agreeing,
                     1U << CW_VIEW_PDQ | 1U << CW_VIEW_INK);
}

static void recipes_meet_in_pdq(void **state)
{
    (void)state;
    register_hash("old", hash_of("same"));
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint fp =
        with_view("same", CW_VIEW_INK, CW_AREA_WHOLE, hash_of("drawing"));
    CW_AUTO(cw_found_list_done) struct cw_found_list found = ask_with(&fp);
    assert_int_equal(found.n, 1);
    assert_int_equal(found.items[0].match.view, CW_VIEW_PDQ);
}

static void what_many_assets_share_is_only_weak(void **state)
{
    const struct cw_match_options weak = {.least = CW_BAND_WEAK};
    (void)state;
    register_view("a", CW_VIEW_INK, flip_bits(hash_of("sheet"), 41));
    register_view("b", CW_VIEW_INK, flip_bits(hash_of("sheet"), 40));
    register_view("c", CW_VIEW_INK, flip_bits(hash_of("sheet"), 39));
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint fp =
        with_view("found", CW_VIEW_INK, CW_AREA_WHOLE, hash_of("sheet"));
    CW_AUTO(cw_found_list_done) struct cw_found_list three = ask_with(&fp);
    assert_int_equal(three.n, 3);
    assert_int_equal(three.items[0].match.band, CW_BAND_POSSIBLE);
    register_view("d", CW_VIEW_INK, flip_bits(hash_of("sheet"), 42));
    register_view("really", CW_VIEW_INK, flip_bits(hash_of("sheet"), 20));
    CW_AUTO(cw_found_list_done) struct cw_found_list five = {0};
    assert_int_equal(cw_match_assets(app, who->studio, &fp, &weak, &five, NULL), 0);
    assert_int_equal(five.n, 5);
    assert_string_equal(five.items[0].asset.id, "really");
    assert_int_equal(five.items[0].match.band, CW_BAND_STRONG);
    for (size_t i = 1; i < five.n; i++) {
        assert_int_equal(five.items[i].match.band, CW_BAND_WEAK);
        assert_true(five.items[i].match.confidence <= 500000);
    }
}

static void a_new_asset_meets_rectangles_of_past_sightings(void **state)
{
    static struct cw_sighting_in in;
    const struct cw_area16 panel = {100, 200, 30000, 40000};
    const struct cw_match_options options = {.least = CW_BAND_POSSIBLE};
    struct cw_recorded done;
    (void)state;
    memset(&in, 0, sizeof in);
    in.sighting.id[0] = 1;
    memcpy(in.sighting.ip, "203.0.113.9", sizeof "203.0.113.9");
    in.fp = with_view("sheet", CW_VIEW_PDQR_RECT, panel, hash_of("frame"));
    assert_int_equal(cw_ingest_sightings(app, who, &in, 1, &done, NULL), 0);
    cw_fingerprint_done(&in.fp);
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint asset =
        with_view("a", CW_VIEW_PDQR, CW_AREA_WHOLE, flip_bits(hash_of("frame"), 5));
    CW_AUTO(cw_found_list_done) struct cw_found_list found = {0};
    assert_int_equal(cw_match_sightings(app, who->studio, &asset, &options, &found, NULL),
                     0);
    assert_int_equal(found.n, 1);
    assert_int_equal(found.items[0].match.view, CW_VIEW_PDQR_RECT);
    assert_int_equal(found.items[0].match.found[0].x, 100);
    assert_int_equal(found.items[0].match.found[2].y, 40000);
    assert_true(found.items[0].match.lookback);
}

/* A drawing registered by its local descriptors. */
static void register_drawing(const char *id, uint64_t seed)
{
    struct cw_asset_in in = {.kind = CW_KIND_FRAME};
    struct cw_registered done;
    uint8_t *px = t_frame_draw(seed, 0, 0);
    memcpy(in.id, id, strlen(id) + 1);
    in.fp = t_frame_print(px, 0, 0, T_FRAME_WIDTH, T_FRAME_HEIGHT, 300, seed, 0);
    free(px);
    assert_int_equal(cw_ingest_assets(app, who, "film", &in, 1, true, &done, NULL), 0);
    cw_fingerprint_done(&in.fp);
}

/* The middle of it, with a hash of its own. */
static struct cw_fingerprint crop_of(uint64_t seed)
{
    uint8_t *px = t_frame_draw(seed, 0, 0);
    const struct cw_fingerprint fp =
        t_frame_print(px, 64, 48, 384, 288, 700, seed + 1000, 0);
    free(px);
    return fp;
}

static void a_crop_is_found_by_its_details(void **state)
{
    (void)state;
    register_drawing("a", 1);
    register_drawing("b", 2);
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint crop = crop_of(2);
    CW_AUTO(cw_found_list_done) struct cw_found_list found = ask_with(&crop);
    assert_int_equal(found.n, 1);
    const struct cw_match *m = &found.items[0].match;
    assert_string_equal(found.items[0].asset.id, "b");
    assert_int_equal(m->view, CW_VIEW_LOCAL);
    assert_int_equal(m->band, CW_BAND_STRONG);
    assert_true(m->score > 16 * CW_MATCH_ONE);
    assert_int_equal(m->turn, CW_TURN_ORIG);
    assert_int_equal(m->n_corners, 4);
    assert_int_equal(m->found[2].x, UINT16_MAX);
    assert_true(m->shown[0].x > 7000 && m->shown[0].x < 9400); /* 1/8 */
    assert_true(found.items[0].expected_false < 1e-4);
}

static void a_fast_look_is_by_hashes_alone(void **state)
{
    const struct cw_match_options fast = {.least = CW_BAND_WEAK, .fast = true};
    CW_AUTO(cw_found_list_done) struct cw_found_list found = {0};
    (void)state;
    register_drawing("a", 1);
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint crop = crop_of(1);
    assert_int_equal(cw_match_assets(app, who->studio, &crop, &fast, &found, NULL), 0);
    assert_int_equal(found.n, 0);
}

/* Two drawings on one page, one above the other. */
static void every_asset_of_a_sheet_has_its_own_region(void **state)
{
    struct cw_lpdq *l = NULL;
    uint8_t *page = malloc((size_t)T_FRAME_WIDTH * T_FRAME_HEIGHT * 2);
    uint8_t *upper = t_frame_draw(1, 0, 0);
    uint8_t *lower = t_frame_draw(2, 0, 0);
    (void)state;
    assert_non_null(page);
    memcpy(page, upper, (size_t)T_FRAME_WIDTH * T_FRAME_HEIGHT);
    memcpy(page + (size_t)T_FRAME_WIDTH * T_FRAME_HEIGHT, lower,
           (size_t)T_FRAME_WIDTH * T_FRAME_HEIGHT);
    const struct cw_luma_map map = {.px = page,
                                    .width = T_FRAME_WIDTH,
                                    .height = 2 * T_FRAME_HEIGHT,
                                    .stride = T_FRAME_WIDTH};
    const struct cw_hash hash = hash_of("page");
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    cw_fingerprint_from_pdq(&hash, &fp);
    fp.width = map.width;
    fp.height = map.height;
    fp.local = malloc(800 * sizeof *fp.local);
    assert_non_null(fp.local);
    assert_int_equal(cw_lpdq_new(2 * T_FRAME_HEIGHT, &l, NULL), 0);
    fp.n_local = cw_lpdq_extract(l, &map, 800, fp.local);
    cw_lpdq_free(&l);
    free(page);
    free(upper);
    free(lower);
    register_drawing("upper", 1);
    register_drawing("lower", 2);
    register_drawing("stranger", 3);
    CW_AUTO(cw_found_list_done) struct cw_found_list found = ask_with(&fp);
    assert_int_equal(found.n, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct cw_match *m = &found.items[i].match;
        const bool is_upper = strcmp(found.items[i].asset.id, "upper") == 0;
        assert_true(is_upper ? m->found[2].y < 36000 : m->found[0].y > 29000);
    }
}

static void a_new_asset_meets_details_of_past_sightings(void **state)
{
    static struct cw_sighting_in in;
    const struct cw_match_options options = {.least = CW_BAND_POSSIBLE};
    struct cw_recorded done;
    (void)state;
    memset(&in, 0, sizeof in);
    in.sighting.id[0] = 1;
    memcpy(in.sighting.ip, "203.0.113.9", sizeof "203.0.113.9");
    in.fp = crop_of(1);
    assert_int_equal(cw_ingest_sightings(app, who, &in, 1, &done, NULL), 0);
    cw_fingerprint_done(&in.fp);
    uint8_t *px = t_frame_draw(1, 0, 0);
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint asset =
        t_frame_print(px, 0, 0, T_FRAME_WIDTH, T_FRAME_HEIGHT, 300, 1, 0);
    free(px);
    CW_AUTO(cw_found_list_done) struct cw_found_list found = {0};
    assert_int_equal(cw_match_sightings(app, who->studio, &asset, &options, &found, NULL),
                     0);
    assert_int_equal(found.n, 1);
    const struct cw_match *m = &found.items[0].match;
    assert_int_equal(m->view, CW_VIEW_LOCAL);
    assert_true(m->lookback);
    assert_int_equal(m->found[2].x, UINT16_MAX); /* all of what was found */
    assert_true(m->shown[0].x > 7000 && m->shown[0].x < 9400);
}

static void another_studio_finds_nothing(void **state)
{
    (void)state;
    register_hash("a", hash_of("a"));
    CW_AUTO(cw_found_list_done)
    struct cw_found_list found = ask(stranger->studio, hash_of("a"), CW_BAND_NONE);
    assert_int_equal(found.n, 0);
}

static void the_best_match_comes_first(void **state)
{
    (void)state;
    register_hash("far", flip_bits(hash_of("x"), 20));
    register_hash("near", flip_bits(hash_of("x"), 3));
    register_hash("middle", flip_bits(hash_of("x"), 9));
    CW_AUTO(cw_found_list_done)
    struct cw_found_list found = ask(who->studio, hash_of("x"), CW_BAND_WEAK);
    assert_int_equal(found.n, 3);
    assert_string_equal(found.items[0].asset.id, "near");
    assert_string_equal(found.items[1].asset.id, "middle");
    assert_string_equal(found.items[2].asset.id, "far");
    assert_true(found.items[0].match.confidence >= found.items[1].match.confidence);
}

static void a_replaced_version_is_no_longer_found(void **state)
{
    (void)state;
    register_hash("a", hash_of("first"));
    register_hash("a", hash_of("second"));
    CW_AUTO(cw_found_list_done)
    struct cw_found_list first = ask(who->studio, hash_of("first"), CW_BAND_WEAK);
    CW_AUTO(cw_found_list_done)
    struct cw_found_list second = ask(who->studio, hash_of("second"), CW_BAND_WEAK);
    assert_int_equal(first.n, 0);
    assert_int_equal(second.n, 1);
    assert_int_equal(second.items[0].asset.version, 2);
}

static void a_verdict_hides_weak_matches(void **state)
{
    (void)state;
    assert_string_equal(cw_verdict(CW_BAND_NONE), "none");
    assert_string_equal(cw_verdict(CW_BAND_WEAK), "none");
    assert_string_equal(cw_verdict(CW_BAND_POSSIBLE), "possible");
    assert_string_equal(cw_verdict(CW_BAND_STRONG), "strong");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(near_hashes_match_with_their_band, open_app,
                                        close_app),
        cmocka_unit_test_setup_teardown(what_is_too_far_is_shown_only_on_request,
                                        open_app, close_app),
        cmocka_unit_test_setup_teardown(turned_and_inverted_copies_match, open_app,
                                        close_app),
        cmocka_unit_test_setup_teardown(
            a_rectangle_of_a_found_picture_meets_the_whole_asset, open_app, close_app),
        cmocka_unit_test_setup_teardown(a_plain_asset_is_no_part_of_other_pictures,
                                        open_app, close_app),
        cmocka_unit_test_setup_teardown(kinds_are_not_mixed_up, open_app, close_app),
        cmocka_unit_test_setup_teardown(views_that_agree_are_one_match, open_app,
                                        close_app),
        cmocka_unit_test_setup_teardown(what_many_assets_share_is_only_weak, open_app,
                                        close_app),
        cmocka_unit_test_setup_teardown(recipes_meet_in_pdq, open_app, close_app),
        cmocka_unit_test_setup_teardown(a_new_asset_meets_rectangles_of_past_sightings,
                                        open_app, close_app),
        cmocka_unit_test_setup_teardown(a_crop_is_found_by_its_details, open_app,
                                        close_app),
        cmocka_unit_test_setup_teardown(a_fast_look_is_by_hashes_alone, open_app,
                                        close_app),
        cmocka_unit_test_setup_teardown(every_asset_of_a_sheet_has_its_own_region,
                                        open_app, close_app),
        cmocka_unit_test_setup_teardown(a_new_asset_meets_details_of_past_sightings,
                                        open_app, close_app),
        cmocka_unit_test_setup_teardown(another_studio_finds_nothing, open_app,
                                        close_app),
        cmocka_unit_test_setup_teardown(the_best_match_comes_first, open_app, close_app),
        cmocka_unit_test_setup_teardown(a_replaced_version_is_no_longer_found, open_app,
                                        close_app),
        cmocka_unit_test(a_verdict_hides_weak_matches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
