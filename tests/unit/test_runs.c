/* Runs of near-identical frames: who stands for whom, what a match then says, and that
 * nobody is lost when a keyframe goes. */
#include "tests/support/t_cmocka.h"

#include <stdio.h>
#include <string.h>

#include "hashing/covers.h"
#include "server/ingest.h"
#include "tests/support/t_app.h"
#include "tests/support/t_frames.h"

#define FIGURE 77

static struct t_app t;
static struct cw_app *const app = &t.app;
static struct cw_key_record *const who = &t.who;

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

/* Registers a frame of a scene with a figure at x; its hash is `bits` from the scene's.
 */
static cw_asset_no add_frame(const char *collection, const char *id, uint64_t scene,
                             int x, unsigned bits)
{
    struct cw_asset_in in = {.kind = CW_KIND_FRAME};
    struct cw_registered done = {0};
    uint8_t *px = t_frame_draw(scene, FIGURE, x);
    memcpy(in.id, id, strlen(id) + 1);
    in.fp = t_frame_print(px, 0, 0, T_FRAME_WIDTH, T_FRAME_HEIGHT, 300, scene, bits);
    free(px);
    assert_int_equal(cw_ingest_assets(app, who, collection, &in, 1, true, &done, NULL),
                     0);
    cw_fingerprint_done(&in.fp);
    return done.no;
}

static struct cw_runs_stats stats(void)
{
    struct cw_runs_stats s;
    cw_runs_get_stats(app->registry->runs, &s);
    return s;
}

/* What a crop of a frame finds. */
static struct cw_found_list find_crop(uint64_t scene, int figure_x, unsigned x,
                                      unsigned y, unsigned width, unsigned height)
{
    const struct cw_match_options options = {.least = CW_BAND_POSSIBLE};
    struct cw_found_list found = {0};
    uint8_t *px = t_frame_draw(scene, FIGURE, figure_x);
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint fp = t_frame_print(px, x, y, width, height, 700, 1000000, 0);
    free(px);
    assert_int_equal(cw_match_assets(app, who->studio, &fp, &options, &found, NULL), 0);
    return found;
}

static void a_hold_is_one_run(void **state)
{
    (void)state;
    const cw_asset_no first = add_frame("film", "1", 5, 100, 0);
    const cw_asset_no second = add_frame("film", "2", 5, 100, 3);
    struct cw_run_view run;
    assert_int_equal(stats().frames, 2);
    assert_int_equal(stats().runs, 1);
    cw_runs_view(app->registry->runs, second, &run);
    assert_int_equal(run.keyframe, first);
    assert_int_equal(run.n_frames, 2);
    assert_int_equal(run.n, 2);
}

static void a_figure_that_moves_begins_a_run(void **state)
{
    (void)state;
    (void)add_frame("film", "1", 5, 60, 0);
    (void)add_frame("film", "2", 5, 240, 3);
    assert_int_equal(stats().runs, 2);
}

static void other_scenes_and_other_collections_are_other_runs(void **state)
{
    (void)state;
    (void)add_frame("film", "1", 5, 100, 0);
    (void)add_frame("film", "2", 6, 100, 0);
    (void)add_frame("other film", "1", 5, 100, 0);
    assert_int_equal(stats().runs, 3);
}

static void a_crop_names_the_nearest_frame_and_its_run(void **state)
{
    (void)state;
    (void)add_frame("film", "a", 5, 100, 0);
    (void)add_frame("film", "b", 5, 100, 0);
    (void)add_frame("film", "c", 5, 101, 0);
    assert_int_equal(stats().runs, 1);
    CW_AUTO(cw_found_list_done)
    struct cw_found_list found = find_crop(5, 101, 40, 40, 400, 300);
    assert_int_equal(found.n, 1);
    assert_int_equal(found.items[0].match.view, CW_VIEW_LOCAL);
    assert_int_equal(found.items[0].run.frames, 3);
    assert_string_equal(found.items[0].run.keyframe, "a");
    assert_string_equal(found.items[0].asset.id, "c");
}

static void frames_of_a_run_are_one_match(void **state)
{
    const struct cw_match_options options = {.least = CW_BAND_WEAK};
    CW_AUTO(cw_found_list_done) struct cw_found_list found = {0};
    (void)state;
    (void)add_frame("film", "a", 5, 100, 0);
    (void)add_frame("film", "b", 5, 100, 4);
    (void)add_frame("film", "c", 5, 100, 8);
    uint8_t *px = t_frame_draw(5, FIGURE, 100);
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint fp =
        t_frame_print(px, 0, 0, T_FRAME_WIDTH, T_FRAME_HEIGHT, 700, 5, 4);
    free(px);
    assert_int_equal(cw_match_assets(app, who->studio, &fp, &options, &found, NULL), 0);
    assert_int_equal(found.n, 1);
    assert_string_equal(found.items[0].asset.id, "b");
    assert_int_equal(found.items[0].match.distance, 0);
    assert_int_equal(found.items[0].run.frames, 3);
}

static void a_run_outlives_its_keyframe(void **state)
{
    (void)state;
    const cw_asset_no first = add_frame("film", "a", 5, 100, 0);
    const cw_asset_no second = add_frame("film", "b", 5, 100, 0);
    const cw_asset_no third = add_frame("film", "c", 5, 100, 0);
    cw_asset_no gone;
    struct cw_run_view run;
    assert_int_equal(
        cw_store_retire(app->store, who->studio, "film", "a", 1, who->id, &gone, NULL),
        0);
    assert_int_equal(gone, first);
    assert_int_equal(cw_registry_withdraw(app->registry, who->studio, gone, NULL), 0);
    cw_runs_view(app->registry->runs, third, &run);
    assert_int_equal(run.keyframe, second);
    assert_int_equal(run.n_frames, 2);
    CW_AUTO(cw_found_list_done)
    struct cw_found_list found = find_crop(5, 100, 40, 40, 400, 300);
    assert_int_equal(found.n, 1);
    assert_int_equal(found.items[0].run.frames, 2);
    cw_runs_view(app->registry->runs, first, &run);
    assert_int_equal(run.n_frames, 1);
}

static void a_frame_in_the_middle_can_go(void **state)
{
    (void)state;
    const cw_asset_no first = add_frame("film", "a", 5, 100, 0);
    const cw_asset_no second = add_frame("film", "b", 5, 100, 0);
    const cw_asset_no third = add_frame("film", "c", 5, 100, 0);
    struct cw_run_view run;
    assert_int_equal(cw_runs_leave(app->registry->runs, second), 0);
    cw_runs_view(app->registry->runs, third, &run);
    assert_int_equal(run.keyframe, first);
    assert_int_equal(run.n_frames, 2);
    assert_int_equal(run.frames[1], third);
    assert_int_equal(cw_runs_leave(app->registry->runs, third), 0);
    const cw_asset_no fourth = add_frame("film", "d", 5, 100, 0);
    cw_runs_view(app->registry->runs, fourth, &run);
    assert_int_equal(run.keyframe, first);
    assert_int_equal(run.n_frames, 2);
    assert_int_equal(cw_runs_leave(app->registry->runs, 123456), 0);
}

static void a_new_version_of_a_keyframe_keeps_the_run_together(void **state)
{
    (void)state;
    (void)add_frame("film", "a", 5, 100, 0);
    const cw_asset_no second = add_frame("film", "b", 5, 100, 0);
    struct cw_run_view run;
    (void)add_frame("film", "a", 5, 100, 2); /* replaces it */
    cw_runs_view(app->registry->runs, second, &run);
    assert_int_equal(run.n_frames, 2);
    assert_int_equal(run.keyframe, second);
    assert_int_equal(stats().frames, 2);
}

static void runs_come_back_after_a_start(void **state)
{
    struct cw_registry *again = NULL;
    struct cw_local_stats before;
    struct cw_local_stats after;
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "frame-%u", i);
        (void)add_frame("film", id, i / 3, 100, i);
    }
    assert_int_equal(stats().runs, 2);
    assert_int_equal(cw_registry_open(app->store, &CW_REGISTRY_DEFAULTS, &again, NULL),
                     0);
    assert_int_equal(cw_registry_load(again, NULL, NULL), 0);
    cw_locals_get_stats(app->registry->locals, CW_LOCALS_ASSETS, &before);
    cw_locals_get_stats(again->locals, CW_LOCALS_ASSETS, &after);
    cw_registry_close(app->registry);
    app->registry = again;
    assert_int_equal(stats().frames, 6);
    assert_int_equal(stats().runs, 2);
    assert_int_equal(after.pictures, before.pictures);
    assert_int_equal(atomic_load(&again->by_recipe[CW_RECIPE_VIEWS]), 6);
}

static void every_part_must_be_covered(void **state)
{
    uint8_t *still = t_frame_draw(5, FIGURE, 100);
    uint8_t *moved = t_frame_draw(5, FIGURE, 300);
    struct cw_comparison c;
    (void)state;
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint a =
        t_frame_print(still, 0, 0, T_FRAME_WIDTH, T_FRAME_HEIGHT, 300, 5, 0);
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint b =
        t_frame_print(moved, 0, 0, T_FRAME_WIDTH, T_FRAME_HEIGHT, 300, 5, 0);
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint part = t_frame_print(still, 0, 0, 256, 384, 300, 5, 0);
    free(still);
    free(moved);
    assert_int_equal(cw_compare_local(&a, &a, &c, NULL), 0);
    assert_true(cw_covers(&a, &a, &c.placed));
    assert_int_equal(cw_compare_local(&b, &a, &c, NULL), 0);
    assert_true(c.loc > 40); /* most of it is the same ... */
    assert_false(cw_covers(&b, &a, &c.placed));
    assert_int_equal(cw_compare_local(&part, &a, &c, NULL), 0);
    assert_true(c.loc > 24);
    assert_false(cw_covers(&part, &a, &c.placed)); /* of another size */
    memset(&c, 0, sizeof c);
    assert_false(cw_covers(&a, &a, &c.placed));
    assert_true(cw_covers_unmoved(&a, &a));
    assert_false(cw_covers_unmoved(&b, &a));
    assert_false(cw_covers_unmoved(&part, &a));
}

int main(void)
{
#define IN_APP(test) cmocka_unit_test_setup_teardown(test, open_app, close_app)
    const struct CMUnitTest tests[] = {
        IN_APP(a_hold_is_one_run),
        IN_APP(a_figure_that_moves_begins_a_run),
        IN_APP(other_scenes_and_other_collections_are_other_runs),
        IN_APP(a_crop_names_the_nearest_frame_and_its_run),
        IN_APP(frames_of_a_run_are_one_match),
        IN_APP(a_run_outlives_its_keyframe),
        IN_APP(a_frame_in_the_middle_can_go),
        IN_APP(a_new_version_of_a_keyframe_keeps_the_run_together),
        IN_APP(runs_come_back_after_a_start),
        cmocka_unit_test(every_part_must_be_covered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
