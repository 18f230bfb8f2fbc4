/* settling.h - the thread that keeps the hash searches in order while they are in use:
 * it makes segments of the rows that came and merges small ones (cw_search_settle). */
#ifndef CW_SERVER_SETTLING_H
#define CW_SERVER_SETTLING_H

#include "index/search.h"

#define CW_SETTLING_MOST 2 /* searches */

struct cw_settling;

/* searches  1..CW_SETTLING_MOST, borrowed until cw_settling_close
 * Errors    CW_E_NO_MEMORY
 * Cost      a look at each search ten times a second; a failure is logged, and tried
 *           again after ten seconds */
int cw_settling_open(struct cw_search *const *searches, size_t n,
                     struct cw_settling **out, struct cw_err *err) CW_CHECKED;
/* Waits for what is under way. NULL is fine. */
void cw_settling_close(struct cw_settling *s);

#endif
