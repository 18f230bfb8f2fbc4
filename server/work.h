/* work.h - a set of threads that run jobs from one bounded queue. */
#ifndef CW_SERVER_WORK_H
#define CW_SERVER_WORK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct cw_work;

/* run  called on one of n_threads threads for every job */
int cw_work_open(size_t n_threads, size_t capacity, void (*run)(void *job),
                 struct cw_work **out, struct cw_err *err) CW_CHECKED;
bool cw_work_push(struct cw_work *w, void *job) CW_CHECKED; /* false: full or stopped */
/* Takes no more jobs, runs what is queued, then ends the threads. */
void cw_work_stop(struct cw_work *w);
/* Stops and frees; nobody may push any more. */
void cw_work_close(struct cw_work *w);

#endif
