/* store_failing.h - a store that fails on demand, around one that works; for tests.
 *
 * Until it is armed it passes everything through. */
#ifndef CW_INDEX_STORE_FAILING_H
#define CW_INDEX_STORE_FAILING_H

#include "index/store.h"

/* Zeroed = no fault. */
struct cw_store_fault {
    const char *verb;  /* "register", "decide", ...: the verb without cw_store_; NULL =
                        * any.  Borrowed while armed */
    uint64_t nth;      /* the first call that fails, 1 = the next */
    uint64_t times;    /* calls that fail from there on; 0 = all */
    enum cw_code code; /* what they answer */
    bool after; /* do the work first and deny it: with CW_E_UNKNOWN, a lost answer */
};

/* Takes  `inner`, which is closed with *out; on failure it stays the caller's
 * Errors CW_E_NO_MEMORY */
int cw_store_failing_new(struct cw_store *inner, struct cw_store **out,
                         struct cw_err *err) CW_CHECKED;
/* Sets what fails from now on, counting calls from zero.
 *
 * s        from cw_store_failing_new
 * Threads  any */
void cw_store_failing_arm(struct cw_store *s, const struct cw_store_fault *fault);

#endif
