/* A match opens an incident whichever side came first, and exactly once if both come
 * together. */
#include "tests/support/t_api.h"

#include <pthread.h>

#define N_RACES 24
#define N_RACERS 4 /* sighting threads beside each registering one */

static void a_sighting_of_a_registered_asset_opens_an_incident(void **state)
{
    const struct t_server *s = *state;
    char incident[T_ID_CAP];
    char sighting[T_ID_CAP];
    char path[T_JSON_CAP];
    t_register(s, s->admin_key, "first", "frame", 100);
    t_submit(s, s->admin_key, "Pirates.Example", 100, 4, sighting);
    assert_true(t_find_incident(s, s->admin_key, "first", incident));

    t_format(path, "/v1/incidents/%s", incident);
    CW_AUTO(t_reply_done) struct t_reply one = t_get(s, s->admin_key, path);
    t_expect_status(&one, 200);
    t_expect_text(one.json, "/state", "new");
    t_expect_text(one.json, "/host", "pirates.example");
    t_expect_u64(one.json, "/matches", 1);

    t_format(path, "/v1/incidents/%s/matches", incident);
    CW_AUTO(t_reply_done) struct t_reply matches = t_get(s, s->admin_key, path);
    t_expect_status(&matches, 200);
    t_expect_text(matches.json, "/items/0/asset", "frame");
    t_expect_text(matches.json, "/items/0/sighting", sighting);
    assert_false(t_json_bool(matches.json, "/items/0/lookback"));
    assert_true(t_json_u64(matches.json, "/items/0/distance") <= 4);
}

static void an_asset_registered_later_finds_earlier_sightings(void **state)
{
    const struct t_server *s = *state;
    char incident[T_ID_CAP];
    char sighting[T_ID_CAP];
    char body[T_JSON_CAP];
    char path[T_JSON_CAP];
    t_submit(s, s->admin_key, "early.example", 110, 2, sighting);
    t_fingerprint_json(110, 0, "", body);
    CW_AUTO(t_reply_done)
    struct t_reply put =
        t_put_json(s, s->admin_key, "/v1/collections/later/assets/frame", body);
    t_expect_status(&put, 201);
    assert_int_equal(t_json_count(put.json, "/seen_before"), 1);
    t_expect_text(put.json, "/seen_before/0/sighting", sighting);
    t_expect_text(put.json, "/seen_before/0/host", "early.example");

    assert_true(t_find_incident(s, s->admin_key, "later", incident));
    t_format(path, "/v1/incidents/%s/matches", incident);
    CW_AUTO(t_reply_done) struct t_reply matches = t_get(s, s->admin_key, path);
    t_expect_status(&matches, 200);
    assert_true(t_json_bool(matches.json, "/items/0/lookback"));
}

static void bulk_registration_looks_back_too(void **state)
{
    const struct t_server *s = *state;
    char line[T_JSON_CAP];
    char incident[T_ID_CAP];
    t_submit(s, s->admin_key, "bulk.example", 120, 0, NULL);
    t_fingerprint_json(120, 0, ",\"id\":\"b\"", line);
    CW_AUTO(t_reply_done)
    struct t_reply r =
        t_post_ndjson(s, s->admin_key, "/v1/collections/bulk-later/assets", line);
    t_expect_status(&r, 200);
    assert_int_equal(r.n_lines, 1);
    assert_int_equal(t_json_count(r.lines[0], "/seen_before"), 1);
    assert_true(t_find_incident(s, s->admin_key, "bulk-later", incident));
}

static void a_stranger_opens_no_incident(void **state)
{
    const struct t_server *s = *state;
    char incident[T_ID_CAP];
    t_register(s, s->admin_key, "quiet", "frame", 130);
    t_submit(s, s->admin_key, "stranger.example", 131, 0, NULL);
    assert_false(t_find_incident(s, s->admin_key, "quiet", incident));
}

static void more_finds_on_the_same_host_grow_one_incident(void **state)
{
    const struct t_server *s = *state;
    char incident[T_ID_CAP];
    char path[T_JSON_CAP];
    t_register(s, s->admin_key, "grows", "a", 140);
    t_register(s, s->admin_key, "grows", "b", 141);
    t_submit(s, s->admin_key, "grows.example", 140, 0, NULL);
    t_submit(s, s->admin_key, "grows.example", 141, 0, NULL);
    t_submit(s, s->admin_key, "grows.example", 141, 1, NULL);
    assert_true(t_find_incident(s, s->admin_key, "grows", incident));
    t_format(path, "/v1/incidents/%s", incident);
    CW_AUTO(t_reply_done) struct t_reply r = t_get(s, s->admin_key, path);
    t_expect_status(&r, 200);
    t_expect_u64(r.json, "/matches", 3);
    t_expect_u64(r.json, "/undecided", 3);
}

static void an_address_alone_says_where(void **state)
{
    const struct t_server *s = *state;
    char body[T_JSON_CAP];
    char incident[T_ID_CAP];
    char path[T_JSON_CAP];
    t_register(s, s->admin_key, "by-address", "a", 150);
    t_fingerprint_json(150, 0, ",\"ip\":\"2001:db8::7\"", body);
    CW_AUTO(t_reply_done)
    struct t_reply r = t_post_json(s, s->admin_key, "/v1/sightings", body);
    t_expect_status(&r, 202);
    assert_true(t_find_incident(s, s->admin_key, "by-address", incident));
    t_format(path, "/v1/incidents/%s", incident);
    CW_AUTO(t_reply_done) struct t_reply one = t_get(s, s->admin_key, path);
    t_expect_text(one.json, "/host", "2001:db8::7");
}

/* One asset and N_RACERS sightings of it, all sent at the same moment. */
struct race {
    const struct t_server *server;
    unsigned number;
    pthread_barrier_t start;
};

static void *register_now(void *arg)
{
    struct race *race = arg;
    char collection[T_JSON_CAP];
    t_format(collection, "race-%u", race->number);
    (void)pthread_barrier_wait(&race->start);
    t_register(race->server, race->server->admin_key, collection, "frame",
               5000 + race->number);
    return NULL;
}

static void *submit_now(void *arg)
{
    struct race *race = arg;
    char host[T_JSON_CAP];
    t_format(host, "race-%u.example", race->number);
    (void)pthread_barrier_wait(&race->start);
    t_submit(race->server, race->server->admin_key, host, 5000 + race->number, 0, NULL);
    return NULL;
}

static void run_race(const struct t_server *s, unsigned number)
{
    struct race race = {.server = s, .number = number};
    pthread_t threads[1 + N_RACERS];
    assert_int_equal(pthread_barrier_init(&race.start, NULL, 1 + N_RACERS), 0);
    for (size_t i = 0; i <= N_RACERS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, i == 0 ? register_now : submit_now, &race),
            0);
    }
    for (size_t i = 0; i <= N_RACERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    (void)pthread_barrier_destroy(&race.start);
}

static void a_race_of_both_sides_finds_every_match_once(void **state)
{
    const struct t_server *s = *state;
    for (unsigned i = 0; i < N_RACES; i++) {
        char collection[T_JSON_CAP];
        char incident[T_ID_CAP];
        char path[T_JSON_CAP];
        run_race(s, i);
        t_format(collection, "race-%u", i);
        assert_true(t_find_incident(s, s->admin_key, collection, incident));
        t_format(path, "/v1/incidents/%s/matches", incident);
        CW_AUTO(t_reply_done) struct t_reply r = t_get(s, s->admin_key, path);
        t_expect_status(&r, 200);
        assert_int_equal(t_json_count(r.json, "/items"), N_RACERS);
        t_format(path, "/v1/incidents/%s", incident);
        CW_AUTO(t_reply_done) struct t_reply one = t_get(s, s->admin_key, path);
        t_expect_u64(one.json, "/matches", N_RACERS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sighting_of_a_registered_asset_opens_an_incident),
        cmocka_unit_test(an_asset_registered_later_finds_earlier_sightings),
        cmocka_unit_test(bulk_registration_looks_back_too),
        cmocka_unit_test(a_stranger_opens_no_incident),
        cmocka_unit_test(more_finds_on_the_same_host_grow_one_incident),
        cmocka_unit_test(an_address_alone_says_where),
        cmocka_unit_test(a_race_of_both_sides_finds_every_match_once),
    };
    return cmocka_run_group_tests(tests, t_server_group_setup, t_server_group_teardown);
}
