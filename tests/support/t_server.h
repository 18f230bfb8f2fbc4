/* t_server.h - a real celwatchd on a store of its own, for as long as a test needs it. */
#ifndef CW_TESTS_SUPPORT_T_SERVER_H
#define CW_TESTS_SUPPORT_T_SERVER_H

#include "tests/support/t_cmocka.h"
#include "tests/support/t_process.h"

#define T_KEY_CAP 160

struct t_server {
    char dir[T_PATH_CAP]; /* temporary folder: store/, celwatch.conf, stderr */
    char admin_key[T_KEY_CAP];
    char url[64]; /* http://127.0.0.1:PORT of the running service */
    uint16_t port;
    struct t_process process; /* pid 0 while it is stopped */
};

/* Makes a store by `celwatchd init` and starts the service on it.
 *
 * config  lines "key = value", or NULL for the defaults
 * Owns    caller ends it with t_server_free */
struct t_server *t_server_new(const char *config);
/* Stops it if it runs and removes its folder. */
void t_server_free(struct t_server *s);

/* Starts it (again) on the same store; returns once it is listening. */
void t_server_start(struct t_server *s);
/* SIGTERM; it must exit with 0 and without a sanitizer report. */
void t_server_stop(struct t_server *s);
/* The same in two halves, for tests that look at what happens in between. */
void t_server_begin_stop(struct t_server *s);
void t_server_end_stop(struct t_server *s);
/* SIGKILL: nothing gets a chance to be written. */
void t_server_kill(struct t_server *s);

/* Runs `celwatchd COMMAND --data STORE [ARGUMENT]` on its store, whether it runs or not.
 *
 * command  NULL = serve, which is expected to fail
 * file     an operand or a flag; NULL = none
 * out      what it printed on both outputs is appended
 * Returns  the exit status */
int t_server_command(const struct t_server *s, const char *command, const char *file,
                     struct cw_buf *out);
/* The same server again on a store of its own, restored from a backup. */
struct t_server *t_server_restored(const struct t_server *s, const char *file);

/* Makes a key with the first admin key.
 *
 * studio, disclosure  NULL = the default */
void t_server_add_key(const struct t_server *s, const char *role, const char *studio,
                      const char *disclosure, char out[T_KEY_CAP]);

/* Finds the processes that decode pictures for it; returns how many were put into `out`.
 */
size_t t_server_hashers(const struct t_server *s, pid_t *out, size_t cap);

/* cmocka group fixtures: one service with default limits, *state is its t_server. */
int t_server_group_setup(void **state);
int t_server_group_teardown(void **state);

#endif
