/* progress.h - one line on a terminal that says how far a long command is; nothing at all
 * where stderr is no terminal. */
#ifndef CW_CLI_PROGRESS_H
#define CW_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct cw_progress {
    bool on;    /* stderr is a terminal */
    bool shown; /* the line stands on the screen */
    size_t total;
    uint64_t start; /* monotonic ns */
    uint64_t drawn; /* when it was last drawn; 0 = never */
};

struct cw_progress cw_progress_of(size_t total);
/* `done` of the total are done; redrawn at most ten times a second. */
void cw_progress_show(struct cw_progress *p, size_t done);
/* Takes the line off the screen; call before printing anything else. */
void cw_progress_hide(struct cw_progress *p);

/* Appends the text of the line: bar, counts, rate and time left, at most 79 columns. */
void cw_progress_format(struct cw_buf *out, size_t done, size_t total,
                        uint64_t elapsed_ns);

#endif
