/* What the registry saves and has back: the same answers as without, whatever happened in
 * between, and nothing at all from what is damaged, stale or of another store. */
#include "tests/support/t_cmocka.h"

#include <stdio.h>

#include "server/check.h"
#include "server/checkpoint.h"
#include "server/ingest.h"
#include "tests/support/t_app.h"
#include "tests/support/t_frames.h"
#include "tests/support/t_saved.h"

#define FIGURE 77

static struct t_app t;
static struct cw_saved *saved;

static int open_all(void **state)
{
    (void)state;
    saved = t_saved_in_memory();
    return t_app_open(&t);
}

static int close_all(void **state)
{
    (void)state;
    cw_saved_close(saved);
    return t_app_close(&t);
}

/* A frame of a scene, whose hash is `bits` from the scene's. */
static struct cw_fingerprint print_of(uint64_t scene, unsigned bits, size_t want)
{
    uint8_t *px = t_frame_draw(scene, FIGURE, 100);
    const struct cw_fingerprint fp =
        t_frame_print(px, 0, 0, T_FRAME_WIDTH, T_FRAME_HEIGHT, want, scene, bits);
    free(px);
    return fp;
}

static void add_asset(unsigned no, uint64_t scene, unsigned bits)
{
    struct cw_asset_in in = {.kind = CW_KIND_FRAME, .fp = print_of(scene, bits, 300)};
    struct cw_registered done = {0};
    (void)snprintf(in.id, sizeof in.id, "frame-%u", no);
    assert_int_equal(cw_ingest_assets(&t.app, &t.who, "film", &in, 1, true, &done, NULL),
                     0);
    cw_fingerprint_done(&in.fp);
}

static void retire_asset(unsigned no)
{
    char id[CW_ASSET_ID_CAP];
    cw_asset_no gone;
    (void)snprintf(id, sizeof id, "frame-%u", no);
    assert_int_equal(
        cw_store_retire(t.app.store, t.who.studio, "film", id, 5, t.who.id, &gone, NULL),
        0);
    assert_int_equal(cw_registry_withdraw(t.app.registry, t.who.studio, gone, NULL), 0);
}

static void add_sighting(uint64_t scene)
{
    struct cw_sighting_in in = {.fp = print_of(scene, 0, 500)};
    struct cw_recorded done = {0};
    (void)snprintf(in.sighting.url, sizeof in.sighting.url, "http://h.example/%u",
                   (unsigned)scene);
    in.sighting.id[0] = (uint8_t)scene;
    assert_int_equal(cw_ingest_sightings(&t.app, &t.who, &in, 1, &done, NULL), 0);
    assert_int_equal(done.rc, 0);
    cw_fingerprint_done(&in.fp);
}

static void save(void)
{
    assert_int_equal(cw_checkpoint_save(t.app.registry, saved, NULL), 0);
}

static struct cw_registry *load(struct cw_saved *from)
{
    struct cw_registry *r = NULL;
    assert_int_equal(cw_registry_open(t.app.store, &CW_REGISTRY_DEFAULTS, &r, NULL), 0);
    assert_int_equal(cw_registry_load(r, from, NULL), 0);
    return r;
}

#define SCENES 12
static struct cw_fingerprint queries[SCENES + 1]; /* by scene, made once */

static const struct cw_fingerprint *query_of(uint64_t scene)
{
    if (queries[scene].n_local == 0) {
        queries[scene] = print_of(scene, 0, 200);
    }
    return &queries[scene];
}

/* Which numbers the local descriptors of a scene find, sorted. */
static size_t found_of(struct cw_registry *r, enum cw_locals_side side, uint64_t scene,
                       uint64_t out[CW_LOCALS_CANDIDATES])
{
    size_t n = 0;
    assert_int_equal(
        cw_locals_find(r->locals, side, t.who.studio, query_of(scene), out, &n, NULL), 0);
    return n;
}

static void assert_same_finds(struct cw_registry *a, struct cw_registry *b,
                              enum cw_locals_side side, uint64_t scene)
{
    uint64_t x[CW_LOCALS_CANDIDATES];
    uint64_t y[CW_LOCALS_CANDIDATES];
    const size_t n = found_of(a, side, scene, x);
    assert_int_equal(found_of(b, side, scene, y), n);
    assert_memory_equal(x, y, n * sizeof *x);
}

/* What the hash of a scene finds, in either search. */
static struct cw_hits hits_of(struct cw_search *search, uint64_t scene)
{
    struct cw_hits hits = {0};
    const struct cw_search_hash h = {.hash = query_of(scene)->views[0].hash,
                                     .kind = CW_VIEW_PDQ,
                                     .radius = 40,
                                     .inverted = true};
    const struct cw_search_query q = {
        .studio = t.who.studio, .n_hashes = 1, .hashes = &h};
    assert_int_equal(cw_search_find(search, &q, 100, &hits, NULL), 0);
    return hits;
}

static void assert_same_hits(struct cw_search *a, struct cw_search *b, uint64_t scene)
{
    CW_AUTO(cw_hits_done) struct cw_hits x = hits_of(a, scene);
    CW_AUTO(cw_hits_done) struct cw_hits y = hits_of(b, scene);
    assert_int_equal(x.n, y.n);
    for (size_t i = 0; i < x.n; i++) {
        assert_int_equal(x.items[i].owner, y.items[i].owner);
        assert_int_equal(x.items[i].distance, y.items[i].distance);
    }
}

static void assert_same(struct cw_registry *a, struct cw_registry *b)
{
    struct cw_runs_stats x;
    struct cw_runs_stats y;
    cw_runs_get_stats(a->runs, &x);
    cw_runs_get_stats(b->runs, &y);
    assert_int_equal(x.frames, y.frames);
    assert_int_equal(x.runs, y.runs);
    assert_int_equal(cw_registry_assets(a, t.who.studio),
                     cw_registry_assets(b, t.who.studio));
    assert_int_equal(atomic_load(&a->by_recipe[CW_RECIPE_VIEWS]),
                     atomic_load(&b->by_recipe[CW_RECIPE_VIEWS]));
    assert_int_equal(cw_locals_oldest(a->locals, t.who.studio),
                     cw_locals_oldest(b->locals, t.who.studio));
    for (uint64_t scene = 1; scene <= SCENES; scene++) {
        assert_same_hits(a->assets, b->assets, scene);
        assert_same_hits(a->sightings, b->sightings, scene);
        assert_same_finds(a, b, CW_LOCALS_ASSETS, scene);
        assert_same_finds(a, b, CW_LOCALS_SIGHTINGS, scene);
    }
}

/* Some scenes, each a run of two frames; some sightings. */
static void fill(void)
{
    for (unsigned i = 0; i < 8; i++) {
        add_asset(i, 1 + i / 2, i % 2);
    }
    for (uint64_t scene = 5; scene <= 7; scene++) {
        add_sighting(scene);
    }
}

/* The registry that lives, the one from what is saved and the one from nothing agree. */
static void assert_loads(void)
{
    struct cw_registry *with = load(saved);
    struct cw_registry *without = load(NULL);
    assert_same(with, without);
    assert_same(with, t.app.registry);
    cw_registry_close(with);
    cw_registry_close(without);
}

static void nothing_saved_is_nothing(void **state)
{
    (void)state;
    fill();
    assert_loads();
}

static void comes_back_as_it_was(void **state)
{
    (void)state;
    save(); /* of nothing */
    assert_loads();
    fill();
    save();
    assert_loads();
    struct cw_checkpoint_mark mark;
    struct cw_registry *r = NULL;
    assert_int_equal(cw_registry_open(t.app.store, &CW_REGISTRY_DEFAULTS, &r, NULL), 0);
    assert_int_equal(cw_checkpoint_restore(r, saved, &mark, NULL), 0);
    assert_same(r, t.app.registry); /* without a look at any fingerprint */
    cw_registry_close(r);
}

static void goes_on_from_there(void **state)
{
    (void)state;
    fill();
    save();
    add_asset(20, 9, 0);
    add_asset(21, 9, 1);
    add_sighting(10);
    retire_asset(0); /* the keyframe of its run: the other takes over */
    retire_asset(3);
    add_asset(4, 11, 0); /* another picture under an old name */
    add_asset(30, 12, 0);
    retire_asset(30); /* came and went */
    assert_loads();
    save();
    assert_loads();
}

/* Hashes at once, descriptors later; what goes or is replaced in between stays gone. */
static void descriptors_may_come_later(void **state)
{
    struct cw_registry_options options = CW_REGISTRY_DEFAULTS;
    struct cw_registry *r = NULL;
    uint64_t found[CW_LOCALS_CANDIDATES];
    (void)state;
    fill();
    options.derive_at_once = 0;
    assert_int_equal(cw_registry_open(t.app.store, &options, &r, NULL), 0);
    assert_int_equal(cw_registry_load(r, NULL, NULL), 0);
    assert_int_equal(cw_registry_pending(r), 8);
    assert_int_equal(cw_registry_assets(r, t.who.studio), 8);
    assert_same_hits(r->assets, t.app.registry->assets, 2);
    assert_int_equal(found_of(r, CW_LOCALS_ASSETS, 2, found), 0);
    assert_true(found_of(r, CW_LOCALS_SIGHTINGS, 6, found) > 0);

    cw_registry_close(t.app.registry); /* from here on it is the one in use */
    t.app.registry = r;
    assert_int_equal(cw_registry_derive(r, 2, NULL), 0);
    assert_int_equal(cw_registry_pending(r), 6);
    retire_asset(0);     /* derived */
    retire_asset(5);     /* pending */
    add_asset(6, 10, 0); /* takes the place of one that is pending */
    add_asset(50, 11, 0);
    assert_int_equal(cw_registry_pending(r), 4);
    assert_int_equal(cw_registry_derive(r, 100, NULL), 0);
    assert_int_equal(cw_registry_pending(r), 0);
    struct cw_registry *without = load(NULL);
    assert_same(r, without);
    cw_registry_close(without);
}

/* ---- what must not be believed ---------------------------------------------------- */

static void assert_refused(struct cw_registry_options options)
{
    struct cw_checkpoint_mark mark;
    struct cw_registry *r = NULL;
    assert_int_equal(cw_registry_open(t.app.store, &options, &r, NULL), 0);
    assert_int_equal(cw_checkpoint_restore(r, saved, &mark, NULL), CW_E_CORRUPT);
    assert_int_equal(cw_registry_load(r, saved, NULL), 0); /* does without */
    if (options.locals.points == CW_REGISTRY_DEFAULTS.locals.points) {
        assert_same(r, t.app.registry);
    }
    cw_registry_close(r);
}

static void other_settings_are_noticed(void **state)
{
    struct cw_registry_options options = CW_REGISTRY_DEFAULTS;
    (void)state;
    fill();
    save();
    options.locals.points = 150;
    assert_refused(options);
}

/* A copy of the truth from before, and one that went on differently. */
static void another_history_is_noticed(void **state)
{
    (void)state;
    fill();
    save();
    assert_int_equal(t_app_close(&t), 0);
    assert_int_equal(t_app_open(&t), 0);
    assert_refused(CW_REGISTRY_DEFAULTS);
    for (unsigned i = 0; i < 8; i++) { /* the same names, so the same slots */
        add_asset(i, 8 - i / 2, i % 2);
    }
    for (uint64_t scene = 1; scene <= 4; scene++) {
        add_sighting(scene);
    }
    assert_refused(CW_REGISTRY_DEFAULTS);
}

static void damage_is_noticed(void **state)
{
    (void)state;
    fill();
    for (size_t len = 0; len < 40000; len = len * 9 + 1) { /* shorter and shorter ends */
        struct cw_saved_reader *r = NULL;
        save();
        assert_int_equal(cw_saved_get(saved, "registry", &r, NULL), 0);
        uint8_t *all = malloc((size_t)cw_saved_left(r));
        assert_non_null(all);
        assert_true(len < cw_saved_left(r));
        const size_t keep = (size_t)cw_saved_left(r) - len - 1;
        assert_int_equal(cw_saved_read(r, all, keep, NULL), 0);
        cw_saved_end(&r);
        const struct cw_bytes cut = cw_bytes_of(all, keep);
        assert_int_equal(cw_saved_put(saved, "registry", &cut, 1, NULL), 0);
        assert_refused(CW_REGISTRY_DEFAULTS);
        free(all);
    }
}

/* ---- checking ---------------------------------------------------------------------- */

static struct cw_check_report check(void)
{
    struct cw_check_report report;
    assert_int_equal(cw_check_saved(t.app.store, &t.conf, saved, &report, NULL), 0);
    return report;
}

static void what_is_right_has_no_problem(void **state)
{
    (void)state;
    assert_false(check().saved);
    fill();
    retire_asset(3);
    save();
    add_asset(20, 9, 0); /* beyond the mark: no business of the check */
    retire_asset(1);
    const struct cw_check_report report = check();
    assert_true(report.saved);
    assert_int_equal(report.problems, 0);
    assert_int_equal(report.rows, 7 + 3);
}

/* A search that lost an asset, or kept one that went, or has another hash. */
static void what_is_wrong_is_told(void **state)
{
    (void)state;
    fill();
    struct cw_registry *right = t.app.registry;
    for (unsigned i = 0; i < 3; i++) {
        const struct cw_search_row more = {
            .owner = i == 1 ? 4000 : 2, .studio = t.who.studio, .kind = CW_VIEW_PDQ};
        struct cw_registry *wrong = load(NULL);
        if (i != 1) {
            cw_search_remove(wrong->assets, 2);
        }
        if (i != 0) {
            assert_int_equal(cw_search_add(wrong->assets, &more, 1, NULL), 0);
        }
        assert_int_equal(cw_checkpoint_save(wrong, saved, NULL), 0);
        cw_registry_close(wrong);
        assert_true(check().problems > 0);
    }
    assert_int_equal(cw_checkpoint_save(right, saved, NULL), 0);
    assert_int_equal(check().problems, 0);
}

static void what_cannot_be_used_is_told(void **state)
{
    (void)state;
    fill();
    save();
    t.conf.local_points = 150;
    assert_int_equal(check().problems, 1);
}

int main(void)
{
#define WITH_ALL(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)
    const struct CMUnitTest tests[] = {
        WITH_ALL(nothing_saved_is_nothing),   WITH_ALL(comes_back_as_it_was),
        WITH_ALL(goes_on_from_there),         WITH_ALL(descriptors_may_come_later),
        WITH_ALL(other_settings_are_noticed), WITH_ALL(another_history_is_noticed),
        WITH_ALL(damage_is_noticed),          WITH_ALL(what_is_right_has_no_problem),
        WITH_ALL(what_is_wrong_is_told),      WITH_ALL(what_cannot_be_used_is_told),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i <= SCENES; i++) {
        cw_fingerprint_done(&queries[i]);
    }
    return failed;
}
