/* The two walks that write: both directions find each other, in any order and in a race,
 * and after a crash between the commit and the last look. */
#include "tests/support/t_cmocka.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "server/ingest.h"
#include "tests/support/t_app.h"

#define N_PAIRS 400

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

static void fill_hash(unsigned n, struct cw_fingerprint *fp)
{
    struct cw_hash h;
    cw_sha256(cw_bytes_of(&n, sizeof n), h.b);
    cw_fingerprint_from_pdq(&h, fp);
}

static cw_asset_no add_asset(unsigned n)
{
    struct cw_asset_in in = {.kind = CW_KIND_FRAME};
    struct cw_registered done = {0};
    (void)snprintf(in.id, sizeof in.id, "frame-%u", n);
    fill_hash(n, &in.fp);
    if (cw_ingest_assets(app, who, "film", &in, 1, true, &done, NULL) != 0) {
        return 0;
    }
    return done.no;
}

static int make_sighting(unsigned n, struct cw_sighting_in *in)
{
    memset(in, 0, sizeof *in);
    memcpy(in->sighting.id, &n, sizeof n);
    (void)snprintf(in->sighting.url, sizeof in->sighting.url, "http://host.example/%u",
                   n);
    fill_hash(n, &in->fp);
    return 0;
}

static cw_sighting_no add_sighting(unsigned n)
{
    static _Thread_local struct cw_sighting_in in;
    struct cw_recorded done = {0};
    make_sighting(n, &in);
    if (cw_ingest_sightings(app, who, &in, 1, &done, NULL) != 0) {
        return 0;
    }
    return done.no;
}

static bool count_match(void *ctx, const struct cw_match *m)
{
    (void)m;
    ++*(size_t *)ctx;
    return true;
}

static size_t matches_of(cw_sighting_no no)
{
    size_t n = 0;
    assert_int_equal(cw_store_list_sighting_matches(app->store, who->studio, no,
                                                    count_match, &n, NULL),
                     0);
    return n;
}

static void a_sighting_finds_the_asset(void **state)
{
    (void)state;
    assert_int_not_equal(add_asset(1), 0);
    const cw_sighting_no s = add_sighting(1);
    assert_int_equal(matches_of(s), 1);
    assert_int_equal(matches_of(add_sighting(2)), 0);
}

static void an_asset_finds_the_past_sighting(void **state)
{
    (void)state;
    const cw_sighting_no s = add_sighting(1);
    assert_int_equal(matches_of(s), 0);
    const cw_asset_no a = add_asset(1);
    assert_int_equal(matches_of(s), 1);
    size_t n = 0;
    assert_int_equal(
        cw_store_list_asset_matches(app->store, who->studio, a, count_match, &n, NULL),
        0);
    assert_int_equal(n, 1);
}

static void registering_again_changes_nothing(void **state)
{
    (void)state;
    const cw_asset_no first = add_asset(1);
    const cw_sighting_no s = add_sighting(1);
    assert_int_equal(add_asset(1), first);
    assert_int_equal(matches_of(s), 1);
}

static void *run_assets(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < N_PAIRS; i++) {
        (void)add_asset(i);
    }
    return NULL;
}

static void *run_sightings(void *arg)
{
    cw_sighting_no *out = arg;
    for (unsigned i = 0; i < N_PAIRS; i++) {
        out[i] = add_sighting(i);
    }
    return NULL;
}

static void a_race_of_the_two_misses_nothing(void **state)
{
    static cw_sighting_no sightings[N_PAIRS];
    pthread_t a, s;
    (void)state;
    assert_int_equal(pthread_create(&a, NULL, run_assets, NULL), 0);
    assert_int_equal(pthread_create(&s, NULL, run_sightings, sightings), 0);
    pthread_join(a, NULL);
    pthread_join(s, NULL);
    for (unsigned i = 0; i < N_PAIRS; i++) {
        assert_int_not_equal(sightings[i], 0);
        assert_int_equal(matches_of(sightings[i]), 1);
    }
}

#define N_WRITERS 8
#define N_VERSIONS 40

static void *replace_one_asset(void *arg)
{
    const unsigned first = *(const unsigned *)arg;
    for (unsigned i = 0; i < N_VERSIONS; i++) {
        struct cw_asset_in in = {.id = "same", .kind = CW_KIND_FRAME};
        struct cw_registered done;
        fill_hash(first + i, &in.fp);
        (void)!cw_ingest_assets(app, who, "film", &in, 1, true, &done, NULL);
    }
    return NULL;
}

static void one_version_is_left_however_writers_race(void **state)
{
    pthread_t threads[N_WRITERS];
    unsigned first[N_WRITERS];
    const struct cw_match_options strong = {.least = CW_BAND_STRONG};
    size_t found_versions = 0;
    (void)state;
    for (unsigned i = 0; i < N_WRITERS; i++) {
        first[i] = 100000 + i * N_VERSIONS;
        assert_int_equal(pthread_create(&threads[i], NULL, replace_one_asset, &first[i]),
                         0);
    }
    for (unsigned i = 0; i < N_WRITERS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (unsigned n = 0; n < N_WRITERS * N_VERSIONS; n++) {
        CW_AUTO(cw_found_list_done) struct cw_found_list found = {0};
        CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
        fill_hash(100000 + n, &fp);
        assert_int_equal(cw_match_assets(app, who->studio, &fp, &strong, &found, NULL),
                         0);
        found_versions += found.n;
    }
    assert_int_equal(found_versions, 1);
    assert_int_equal(cw_registry_assets(app->registry, who->studio), 1);
}

/* What a crash between the commit and the last look leaves behind: both records, no
 * match. */
static void a_lost_last_look_is_made_up_for_at_start(void **state)
{
    static struct cw_sighting_in in;
    struct cw_new_sighting bare = {0};
    struct cw_recorded done;
    CW_AUTO(cw_buf_done) struct cw_buf bytes = CW_BUF_INIT(CW_FP_MAX_BYTES);
    (void)state;
    assert_int_not_equal(add_asset(5), 0);
    make_sighting(5, &in);
    cw_fingerprint_encode(&in.fp, &bytes);
    bare.sighting = in.sighting;
    bare.sighting.studio = who->studio;
    memcpy(bare.sighting.host, "host.example", sizeof "host.example");
    bare.sighting.fetched_us = bare.sighting.received_us = 1000000;
    bare.sighting.fingerprint = cw_buf_view(&bytes);
    bare.n_rows = cw_search_rows(&in.fp, bare.rows);
    assert_int_equal(cw_store_record_sightings(app->store, &bare, 1, &done, NULL), 0);
    assert_int_equal(matches_of(done.no), 0);
    assert_int_equal(cw_registry_load(app->registry, NULL, NULL), 0);
    assert_int_equal(cw_ingest_recheck(app, NULL), 0);
    assert_int_equal(matches_of(done.no), 1);
    assert_int_equal(cw_ingest_recheck(app, NULL), 0); /* again is harmless */
    assert_int_equal(matches_of(done.no), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sighting_finds_the_asset, open_app, close_app),
        cmocka_unit_test_setup_teardown(an_asset_finds_the_past_sighting, open_app,
                                        close_app),
        cmocka_unit_test_setup_teardown(registering_again_changes_nothing, open_app,
                                        close_app),
        cmocka_unit_test_setup_teardown(a_race_of_the_two_misses_nothing, open_app,
                                        close_app),
        cmocka_unit_test_setup_teardown(one_version_is_left_however_writers_race,
                                        open_app, close_app),
        cmocka_unit_test_setup_teardown(a_lost_last_look_is_made_up_for_at_start,
                                        open_app, close_app),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
