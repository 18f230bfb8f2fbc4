/* each_file.h - what hash, register, match and submit have in common: walk the paths,
 * hash every file, hand over one after the other. */
#ifndef CW_CLI_EACH_FILE_H
#define CW_CLI_EACH_FILE_H

#include "cli/cli.h"
#include "cli/hash_pool.h"
#include "cli/options.h"
#include "cli/progress.h"

struct cw_each_file {
    enum cw_strictness how;
    bool prints_lines; /* a line a file goes to stdout: no progress if that is a terminal
                        */
    /* One file, hashed or not (item->err); a failure ends the walk and is complained of.
     */
    int (*each)(void *ctx, const struct cw_hashed *item, struct cw_err *err);
    void *ctx;
    struct cw_progress
        progress; /* kept by cw_each_file; `each` hides it before printing */
};

/* Walks the operands in order. Ends early, and returns as if at the end, once the user
 * asks to stop (interrupt.h).
 *
 * Returns  CW_EXIT_DONE, or what the command must exit with */
int cw_each_file(const struct cw_args *args, struct cw_each_file *walk);

/* Reports a file that could not be hashed: as a JSON line on stdout, or as a complaint.
 */
void cw_report_unreadable(const struct cw_hashed *item, bool json);

#endif
