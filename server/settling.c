/* Ten times a second is often enough: rows that wait are compared one by one, and a
 * thousand of them take a microsecond of a query. */
#include "server/settling.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "server/log.h"

#define TICK_NS 100000000U
#define REST_TICKS 100 /* after a failure */

struct cw_settling {
    pthread_mutex_t lock; /* guards: stopping */
    pthread_cond_t stopped;
    bool stopping;
    pthread_t thread;
    size_t n;
    struct cw_search *searches[CW_SETTLING_MOST]; /* borrowed */
};

/* Waits that many ticks, or until it is time to stop. The lock is held. */
static void wait_ticks(struct cw_settling *s, unsigned ticks)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    const uint64_t ns = (uint64_t)until.tv_nsec + (uint64_t)ticks * TICK_NS;
    until.tv_sec += (time_t)(ns / 1000000000U);
    until.tv_nsec = (long)(ns % 1000000000U);
    while (!s->stopping && pthread_cond_timedwait(&s->stopped, &s->lock, &until) == 0) {
    }
}

static bool settle_all(struct cw_settling *s)
{
    bool well = true;
    for (size_t i = 0; i < s->n; i++) {
        struct cw_err err;
        if (cw_search_settle(s->searches[i], &err) != 0) {
            cw_log(CW_LOG_ERROR, "event=settle_failed why=\"%s\"", err.text);
            well = false;
        }
    }
    return well;
}

static void *run(void *arg)
{
    struct cw_settling *s = arg;
    pthread_mutex_lock(&s->lock);
    while (!s->stopping) {
        pthread_mutex_unlock(&s->lock);
        const bool well = settle_all(s);
        pthread_mutex_lock(&s->lock);
        wait_ticks(s, well ? 1 : REST_TICKS);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

int cw_settling_open(struct cw_search *const *searches, size_t n,
                     struct cw_settling **out, struct cw_err *err)
{
    struct cw_settling *s = calloc(1, sizeof *s);
    pthread_condattr_t attr;
    if (s == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    s->n = n;
    for (size_t i = 0; i < n; i++) {
        s->searches[i] = searches[i];
    }
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->stopped, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&s->thread, NULL, run, s) != 0) {
        pthread_cond_destroy(&s->stopped);
        pthread_mutex_destroy(&s->lock);
        free(s);
        return cw_fail(err, CW_E_NO_MEMORY, "cannot start the settling thread");
    }
    (void)pthread_setname_np(s->thread, "cw-settle");
    *out = s;
    return 0;
}

void cw_settling_close(struct cw_settling *s)
{
    if (s == NULL) {
        return;
    }
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->stopped);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->stopped);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
