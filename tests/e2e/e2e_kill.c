/* What was acknowledged survives kill -9 at any moment, and is searched again. */
#include "tests/support/t_api.h"

#include "base/num.h"

#include <pthread.h>
#include <stdlib.h>

#define N_WRITERS 4
#define DEFAULT_KILLS 20

/* Writers register and submit until the service is gone, and remember what it accepted.
 */
struct writer {
    const struct t_server *server;
    unsigned round, number;
    unsigned n_assets;            /* acknowledged: ids 0 .. n_assets - 1 */
    char last_sighting[T_ID_CAP]; /* "" if none was acknowledged */
    pthread_mutex_t *lock;        /* guards: *n_acknowledged */
    pthread_cond_t *progress;
    unsigned *n_acknowledged;
};

static uint64_t seed_of(const struct writer *w, unsigned n)
{
    return (uint64_t)w->round * 1000000 + w->number * 100000 + n;
}

static void name_asset(const struct writer *w, unsigned n, char out[T_JSON_CAP])
{
    t_format(out, "/v1/collections/kill/assets/%u-%u-%u", w->round, w->number, n);
}

static bool register_next(struct writer *w)
{
    char path[T_JSON_CAP];
    char body[T_JSON_CAP];
    name_asset(w, w->n_assets, path);
    t_fingerprint_json(seed_of(w, w->n_assets), 0, "", body);
    CW_AUTO(t_reply_done)
    struct t_reply r = t_put_json(w->server, w->server->admin_key, path, body);
    if (r.status == 0) {
        return false;
    }
    t_expect_status(&r, 201);
    w->n_assets++;
    return true;
}

static bool submit_next(struct writer *w)
{
    char body[T_JSON_CAP];
    t_fingerprint_json(seed_of(w, w->n_assets - 1), 1, ",\"ip\":\"192.0.2.9\"", body);
    CW_AUTO(t_reply_done)
    struct t_reply r =
        t_post_json(w->server, w->server->admin_key, "/v1/sightings", body);
    if (r.status == 0) {
        return false;
    }
    t_expect_status(&r, 202);
    t_json_copy_text(r.json, "/sighting", w->last_sighting, sizeof w->last_sighting);
    return true;
}

static void *write_until_killed(void *arg)
{
    struct writer *w = arg;
    while (register_next(w) && submit_next(w)) {
        (void)pthread_mutex_lock(w->lock);
        (*w->n_acknowledged)++;
        (void)pthread_cond_signal(w->progress);
        (void)pthread_mutex_unlock(w->lock);
    }
    return NULL;
}

static void expect_kept(const struct writer *w)
{
    char path[T_JSON_CAP];
    for (unsigned n = 0; n < w->n_assets; n++) {
        name_asset(w, n, path);
        CW_AUTO(t_reply_done)
        struct t_reply r = t_get(w->server, w->server->admin_key, path);
        t_expect_status(&r, 200);
    }
    if (w->last_sighting[0] != '\0') {
        t_format(path, "/v1/sightings/%s", w->last_sighting);
        CW_AUTO(t_reply_done)
        struct t_reply r = t_get(w->server, w->server->admin_key, path);
        t_expect_status(&r, 200);
        assert_true(t_json_count(r.json, "/matches") >= 1);
    }
    if (w->n_assets > 0) {
        char hex[CW_HASH_TEXT_CAP];
        char body[T_JSON_CAP];
        t_hash_text(seed_of(w, w->n_assets - 1), 0, hex);
        t_format(body, "{\"pdq\":\"%s\"}", hex);
        CW_AUTO(t_reply_done)
        struct t_reply r =
            t_post_json(w->server, w->server->admin_key, "/v1/match", body);
        t_expect_status(&r, 200);
        assert_int_equal(t_json_count(r.json, "/matches"), 1);
    }
}

/* Lets the writers get `acknowledgements` answers, kills, restarts and looks. */
static void kill_once(struct t_server *s, unsigned round, unsigned acknowledgements)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t progress = PTHREAD_COND_INITIALIZER;
    unsigned n_acknowledged = 0;
    struct writer writers[N_WRITERS];
    pthread_t threads[N_WRITERS];
    for (unsigned i = 0; i < N_WRITERS; i++) {
        writers[i] = (struct writer){.server = s,
                                     .round = round,
                                     .number = i,
                                     .lock = &lock,
                                     .progress = &progress,
                                     .n_acknowledged = &n_acknowledged};
        assert_int_equal(
            pthread_create(&threads[i], NULL, write_until_killed, &writers[i]), 0);
    }
    (void)pthread_mutex_lock(&lock);
    while (n_acknowledged < acknowledgements) {
        (void)pthread_cond_wait(&progress, &lock);
    }
    (void)pthread_mutex_unlock(&lock);
    t_server_kill(s);
    for (size_t i = 0; i < N_WRITERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    t_server_start(s);
    for (size_t i = 0; i < N_WRITERS; i++) {
        expect_kept(&writers[i]);
    }
}

static unsigned kills_wanted(void)
{
    const char *text = getenv("CELWATCH_KILLS");
    uint64_t n = DEFAULT_KILLS;
    if (text != NULL) {
        assert_int_equal(
            cw_parse_u64(cw_bytes_str(text), 1, 100000, "CELWATCH_KILLS", &n, NULL), 0);
    }
    return (unsigned)n;
}

static void nothing_acknowledged_is_lost_by_kill_9(void **state)
{
    unsigned n_kills = kills_wanted();
    for (unsigned round = 0; round < n_kills; round++) {
        kill_once(*state, round, 1 + round * 7 % 20);
    }
}

static void the_store_is_sound_afterwards(void **state)
{
    struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf said = CW_BUF_INIT(1 << 20);
    t_server_stop(s);
    if (t_server_command(s, "check", NULL, &said) != 0) {
        fail_msg("celwatchd check found: %s", cw_buf_str(&said));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_acknowledged_is_lost_by_kill_9),
        cmocka_unit_test(the_store_is_sound_afterwards),
    };
    return cmocka_run_group_tests(tests, t_server_group_setup, t_server_group_teardown);
}
