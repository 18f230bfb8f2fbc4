/* A picture that kills its decoder costs one answer, never the service. */
#include "tests/support/t_api.h"
#include "tests/support/t_pictures.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define N_SENDERS 3
#define N_PICTURES 20 /* of each sender */

/* Kills every hasher of the service; returns how many there were. */
static size_t kill_hashers(const struct t_server *s)
{
    pid_t hashers[64];
    size_t n = t_server_hashers(s, hashers, 64);
    for (size_t i = 0; i < n; i++) {
        (void)kill(hashers[i], SIGKILL);
    }
    return n;
}

struct sender {
    const struct t_server *server;
    unsigned number;
    unsigned n_accepted;
    atomic_uint *n_running;
};

static void *send_pictures(void *arg)
{
    struct sender *me = arg;
    for (unsigned i = 0; i < N_PICTURES; i++) {
        char path[T_JSON_CAP];
        CW_AUTO(cw_buf_done) struct cw_buf png = t_drawing(me->number * 1000 + i);
        t_format(path, "/v1/collections/crash/assets/%u-%u", me->number, i);
        CW_AUTO(t_reply_done)
        struct t_reply r = t_send_picture(me->server, me->server->admin_key, "PUT", path,
                                          cw_buf_view(&png));
        if (r.status == 201) {
            me->n_accepted++;
        } else if (r.status != 503) {
            t_expect_problem(&r, 422, "damaged_picture");
        }
    }
    (void)atomic_fetch_sub(me->n_running, 1);
    return NULL;
}

static void killed_hashers_are_replaced_and_the_service_lives_on(void **state)
{
    const struct t_server *s = *state;
    atomic_uint n_running = N_SENDERS;
    struct sender senders[N_SENDERS];
    pthread_t threads[N_SENDERS];
    size_t n_killed = 0;
    for (unsigned i = 0; i < N_SENDERS; i++) {
        senders[i] = (struct sender){.server = s, .number = i, .n_running = &n_running};
        assert_int_equal(pthread_create(&threads[i], NULL, send_pictures, &senders[i]),
                         0);
    }
    do {
        n_killed += kill_hashers(s);
        CW_AUTO(t_reply_done) struct t_reply alive = t_get(s, NULL, "/healthz");
        t_expect_status(&alive, 200);
    } while (atomic_load(&n_running) > 0);
    for (size_t i = 0; i < N_SENDERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_true(n_killed > 0);

    CW_AUTO(cw_buf_done) struct cw_buf png = t_drawing(77777);
    CW_AUTO(t_reply_done)
    struct t_reply r = t_send_picture(
        s, s->admin_key, "PUT", "/v1/collections/crash/assets/last", cw_buf_view(&png));
    t_expect_status(&r, 201);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_hashers_are_replaced_and_the_service_lives_on),
    };
    return cmocka_run_group_tests(tests, t_server_group_setup, t_server_group_teardown);
}
