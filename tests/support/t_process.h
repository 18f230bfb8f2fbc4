/* t_process.h - starting the real programs of a build and watching them end.
 *
 * Like all of tests/support, these helpers fail the running test themselves when
 * something goes wrong that the test did not ask for; callers need no error checks.
 * Prefix t_. */
#ifndef CW_TESTS_SUPPORT_T_PROCESS_H
#define CW_TESTS_SUPPORT_T_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/bytes.h"

#define T_PATH_CAP 512

/* Path of a program of the build under test: $CELWATCH_BUILD/name. */
void t_program(const char *name, char out[T_PATH_CAP]);

/* A running child and the reading end of its standard output. */
struct t_process {
    pid_t pid; /* 0 when it is not running */
    int out_fd;
};

struct t_spawn {
    const char *const *argv; /* NULL-terminated, argv[0] is the path */
    const char *const *env; /* NULL-terminated "NAME=value", added to ours; may be NULL */
    const char *stderr_path; /* appended to */
};

struct t_process t_process_start(const struct t_spawn *spawn);
/* Waits for its end. Fails the test after `seconds`. Returns the status of waitpid. */
int t_process_wait(struct t_process *p, int seconds);
/* Reads standard output up to and without the first line feed, into at most cap - 1 bytes
 * and a NUL. False if the output ended before; fails the test after `seconds`. */
bool t_process_read_line(struct t_process *p, int seconds, char *out, size_t cap);
/* Reads standard output to its end; `out` limits how much. */
void t_process_read_all(struct t_process *p, int seconds, struct cw_buf *out);

/* The contents of a file, appended. A missing file is empty. */
void t_read_file(const char *path, struct cw_buf *out);
void t_write_file(const char *path, struct cw_bytes content);
/* Makes a folder below $TMPDIR or /tmp; removed by t_remove_tree. */
void t_make_folder(char out[T_PATH_CAP]);
void t_remove_tree(const char *path);
/* Fails the test if the text holds a report of a sanitizer. */
void t_expect_no_sanitizer_report(const char *text);

#endif
