/* cli.h - what all commands of `celwatch` share: exit codes, reporting, reading a
 * picture. */
#ifndef CW_CLI_CLI_H
#define CW_CLI_CLI_H

#include "base/bytes.h"

/* What a command leaves behind, passed about as int; scripts rely on these numbers. */
enum cw_exit {
    CW_EXIT_DONE = 0,
    CW_EXIT_SOME_FAILED = 1, /* the service refused, or some items failed */
    CW_EXIT_USAGE = 2,       /* wrong use: nothing was done */
    CW_EXIT_UNREACHABLE = 3, /* the service did not answer; trying again may help */
};

/* The exit code for a failure of an exchange with the service. */
int cw_exit_of(const struct cw_err *err);

/* Prints "celwatch: TEXT" as one line on stderr; control characters in it are escaped. */
void cw_complain(const char *fmt, ...) CW_PRINTF(1, 2);
/* Complains with the text of `err` and returns its exit code. */
int cw_give_up(const struct cw_err *err);

/* Writes the buffer to stdout and empties it. A failed buffer or a failed write is
 * remembered for cw_finish. */
void cw_print(struct cw_buf *text);
/* Flushes stdout. Returns `code`, or CW_EXIT_SOME_FAILED with a complaint if something
 * that should have been printed was lost. */
int cw_finish(int code);

/* Reads a whole regular file. Never waits on a FIFO or a device.
 *
 * max      most bytes that are read
 * out      replaced; keeps its own maximum
 * Errors   CW_E_IO it cannot be opened or read, CW_E_UNSUPPORTED it is no regular file,
 *          CW_E_TOO_LARGE it is longer than out->max; the text leaves out the path */
int cw_read_file(const char *path, struct cw_buf *out, struct cw_err *err) CW_CHECKED;

#endif
