/* t_cli.h - running `celwatch` as a user does, and keeping what it printed. */
#ifndef CW_TESTS_SUPPORT_T_CLI_H
#define CW_TESTS_SUPPORT_T_CLI_H

#include "tests/support/t_server.h"

struct t_cli_result {
    int exit_code;
    struct cw_buf out, err;
};

/* Runs celwatch against a service with that key.
 *
 * s, key  NULL: CELWATCH_URL or CELWATCH_KEY are empty
 * args    NULL-terminated, without the program's name
 * Owns    caller ends the result with t_cli_done
 * Errors  the test fails if it is ended by a signal or reports a sanitizer error */
struct t_cli_result t_cli(const struct t_server *s, const char *key,
                          const char *const *args);
void t_cli_done(struct t_cli_result *r);
/* On failure the message holds what it printed. */
void t_expect_exit(const struct t_cli_result *r, int code);

#endif
