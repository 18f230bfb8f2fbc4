/* check.h - does the saved index hold what the truth says, and can all of it be found? */
#ifndef CW_SERVER_CHECK_H
#define CW_SERVER_CHECK_H

#include "index/saved.h"
#include "index/store.h"
#include "server/conf.h"

struct cw_check_report {
    bool saved;        /* something is; all else is 0 if not */
    uint64_t rows;     /* hashes looked at, in the truth */
    uint64_t problems; /* 0 = the two agree */
    char first[240];   /* one line, as an error has it */
};

/* Reads what is saved as a start would, and compares its hashes with those of the feeds,
 * all of them: that there are the same, and that each is found by a search for it. Local
 * descriptors are read and checked for soundness, not derived again.
 *
 * Errors  those of the store, CW_E_NO_MEMORY; what is wrong with what is saved is a
 *         problem of the report
 * Cost    1 us a hash, and the memory of the index */
int cw_check_saved(struct cw_store *store, const struct cw_conf *conf,
                   struct cw_saved *saved, struct cw_check_report *out,
                   struct cw_err *err) CW_CHECKED;

#endif
