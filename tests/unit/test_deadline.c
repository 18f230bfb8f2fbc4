/* Connections that miss their moment are shut down; others are not. */
#include "tests/support/t_cmocka.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/deadline.h"

/* True if the peer of a socket sees its end within `ms`. */
static int ended(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char byte;
    return poll(&p, 1, ms) == 1 && read(fd, &byte, 1) == 0;
}

static void a_late_connection_is_shut_down(void **state)
{
    struct cw_deadlines *d;
    int late[2], free_of[2];
    (void)state;
    assert_int_equal(cw_deadlines_open(&d, NULL), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, late), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, free_of), 0);
    struct cw_deadline *a = cw_deadline_new(d, late[0], 1);
    struct cw_deadline *b = cw_deadline_new(d, free_of[0], 1);
    cw_deadline_set(b, 0);
    assert_true(ended(late[1], 5000));
    assert_false(ended(free_of[1], 300));
    assert_int_equal(cw_deadlines_missed(d), 1);
    cw_deadline_free(d, a);
    cw_deadline_free(d, b);
    cw_deadlines_close(d);
    for (int i = 0; i < 2; i++) {
        close(late[i]);
        close(free_of[i]);
    }
}

static void a_new_moment_replaces_the_old_one(void **state)
{
    struct cw_deadlines *d;
    int pair[2];
    (void)state;
    assert_int_equal(cw_deadlines_open(&d, NULL), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct cw_deadline *c = cw_deadline_new(d, pair[0], 1);
    cw_deadline_set(c, 60);
    assert_false(ended(pair[1], 1800));
    cw_deadline_free(d, c);
    cw_deadlines_close(d);
    close(pair[0]);
    close(pair[1]);
}

static void nothing_is_fine_too(void **state)
{
    (void)state;
    cw_deadline_set(NULL, 1);
    cw_deadline_free(NULL, NULL);
    cw_deadlines_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_late_connection_is_shut_down),
        cmocka_unit_test(a_new_moment_replaces_the_old_one),
        cmocka_unit_test(nothing_is_fine_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
