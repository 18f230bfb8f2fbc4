/* A backup is made while clients register, and a service runs on what it restores. */
#include "tests/support/t_api.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define N_CLIENTS 8
#define BEFORE 20 /* assets of each client before the backup begins */
#define MAX_ASSETS 100000

/* All clients and what they have. */
struct crowd {
    const struct t_server *server;
    pthread_mutex_t lock; /* guards: n, stop */
    pthread_cond_t progress;
    unsigned n[N_CLIENTS]; /* acknowledged of each: ids 0 .. n - 1 */
    bool stop;
};

struct client {
    struct crowd *crowd;
    unsigned number;
};

static void path_of(unsigned client, unsigned n, char out[T_JSON_CAP])
{
    t_format(out, "/v1/collections/kept/assets/%u-%u", client, n);
}

static uint64_t seed_of(unsigned client, unsigned n)
{
    return (uint64_t)client * MAX_ASSETS + n;
}

/* Notes that a client has n assets; false if it is to end. */
static bool note(struct client *c, unsigned n)
{
    struct crowd *crowd = c->crowd;
    (void)pthread_mutex_lock(&crowd->lock);
    crowd->n[c->number] = n;
    const bool go_on = !crowd->stop;
    (void)pthread_cond_signal(&crowd->progress);
    (void)pthread_mutex_unlock(&crowd->lock);
    return go_on;
}

static void *register_until_stopped(void *arg)
{
    struct client *c = arg;
    const struct t_server *s = c->crowd->server;
    for (unsigned n = 0; note(c, n) && n < MAX_ASSETS; n++) {
        char path[T_JSON_CAP];
        char body[T_JSON_CAP];
        path_of(c->number, n, path);
        t_fingerprint_json(seed_of(c->number, n), 0, "", body);
        CW_AUTO(t_reply_done)
        struct t_reply r = t_put_json(s, s->admin_key, path, body);
        t_expect_status(&r, 201);
    }
    return NULL;
}

/* Waits until each has `more` than out says, and says how many they have. */
static void wait_for(struct crowd *crowd, unsigned more, unsigned out[N_CLIENTS])
{
    (void)pthread_mutex_lock(&crowd->lock);
    for (unsigned i = 0; i < N_CLIENTS; i++) {
        while (crowd->n[i] < out[i] + more) {
            (void)pthread_cond_wait(&crowd->progress, &crowd->lock);
        }
    }
    memcpy(out, crowd->n, sizeof crowd->n);
    (void)pthread_mutex_unlock(&crowd->lock);
}

static void tell_to_stop(struct crowd *crowd)
{
    (void)pthread_mutex_lock(&crowd->lock);
    crowd->stop = true;
    (void)pthread_mutex_unlock(&crowd->lock);
}

static void expect_asset(const struct t_server *s, unsigned client, unsigned n)
{
    char path[T_JSON_CAP];
    path_of(client, n, path);
    CW_AUTO(t_reply_done) struct t_reply r = t_get(s, s->admin_key, path);
    t_expect_status(&r, 200);
}

static void expect_match(const struct t_server *s, unsigned client, unsigned n)
{
    char hex[CW_HASH_TEXT_CAP];
    char body[T_JSON_CAP];
    t_hash_text(seed_of(client, n), 4, hex);
    t_format(body, "{\"pdq\":\"%s\"}", hex);
    CW_AUTO(t_reply_done)
    struct t_reply r = t_post_json(s, s->admin_key, "/v1/match", body);
    t_expect_status(&r, 200);
    assert_int_equal(t_json_count(r.json, "/matches"), 1);
}

static void command(const struct t_server *s, const char *name, const char *file,
                    int status)
{
    CW_AUTO(cw_buf_done) struct cw_buf said = CW_BUF_INIT(65536);
    if (t_server_command(s, name, file, &said) != status) {
        fail_msg("celwatchd %s: %s", name, cw_buf_str(&said));
    }
}

static void a_backup_under_load_restores_all_that_was_acknowledged(void **state)
{
    const struct t_server *s = *state;
    struct crowd crowd = {.server = s,
                          .lock = PTHREAD_MUTEX_INITIALIZER,
                          .progress = PTHREAD_COND_INITIALIZER};
    struct client clients[N_CLIENTS];
    pthread_t threads[N_CLIENTS];
    unsigned before[N_CLIENTS] = {0};
    unsigned after[N_CLIENTS];
    char file[T_PATH_CAP + 16];
    (void)snprintf(file, sizeof file, "%s/backup", s->dir);
    for (unsigned i = 0; i < N_CLIENTS; i++) {
        clients[i] = (struct client){.crowd = &crowd, .number = i};
        assert_int_equal(
            pthread_create(&threads[i], NULL, register_until_stopped, &clients[i]), 0);
    }
    wait_for(&crowd, BEFORE, before);
    command(s, "backup", file, 0);
    memcpy(after, before, sizeof after);
    wait_for(&crowd, 1, after); /* they were not held up */
    tell_to_stop(&crowd);
    for (size_t i = 0; i < N_CLIENTS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    struct t_server *again = t_server_restored(s, file);
    for (unsigned i = 0; i < N_CLIENTS; i++) {
        for (unsigned n = 0; n < before[i]; n++) {
            expect_asset(again, i, n);
        }
        expect_match(again, i, before[i] - 1);
    }
    t_register(again, again->admin_key, "kept", "later", 1);
    t_server_free(again);
}

static void a_backup_is_never_written_over_and_a_store_neither(void **state)
{
    const struct t_server *s = *state;
    char file[T_PATH_CAP + 16];
    (void)snprintf(file, sizeof file, "%s/once", s->dir);
    command(s, "backup", file, 0);
    command(s, "backup", file, 1);
    command(s, "restore", file, 1); /* its own store is there */
}

static void what_is_no_backup_leaves_no_store(void **state)
{
    const struct t_server *s = *state;
    struct t_server other = {0};
    char file[T_PATH_CAP + 16];
    CW_AUTO(cw_buf_done) struct cw_buf whole = CW_BUF_INIT((size_t)64 << 20);
    (void)snprintf(file, sizeof file, "%s/cut", s->dir);
    command(s, "backup", file, 0);
    t_read_file(file, &whole);
    t_write_file(file, cw_bytes_of(whole.p, whole.len - 4096));
    t_make_folder(other.dir);
    command(&other, "restore", file, 1);
    t_write_file(file, cw_bytes_str("no backup at all"));
    command(&other, "restore", file, 1);
    command(&other, "check", NULL, 1); /* there is no store */
    t_remove_tree(other.dir);
}

static void a_store_is_checked_while_it_is_served(void **state)
{
    command(*state, "check", NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backup_under_load_restores_all_that_was_acknowledged),
        cmocka_unit_test(a_backup_is_never_written_over_and_a_store_neither),
        cmocka_unit_test(what_is_no_backup_leaves_no_store),
        cmocka_unit_test(a_store_is_checked_while_it_is_served),
    };
    return cmocka_run_group_tests(tests, t_server_group_setup, t_server_group_teardown);
}
