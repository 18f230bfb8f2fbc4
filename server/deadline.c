#include "server/deadline.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"

#define TICK_NS 250000000

struct cw_deadline {
    struct cw_deadline *prev, *next; /* guarded by cw_deadlines.lock */
    int fd;
    _Atomic uint64_t at_ns; /* monotonic; 0 = none */
};

struct cw_deadlines {
    pthread_mutex_t lock; /* guards: the list, stopping */
    pthread_cond_t stopped;
    struct cw_deadline head; /* of a ring */
    bool stopping;
    pthread_t reaper;
    _Atomic uint64_t missed;
};

/* Waits one tick; called and left with the lock held. */
static void wait_tick(struct cw_deadlines *d)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += TICK_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_cond_timedwait(&d->stopped, &d->lock, &until);
}

static void *reap(void *arg)
{
    struct cw_deadlines *d = arg;
    pthread_mutex_lock(&d->lock);
    while (!d->stopping) {
        const uint64_t now = cw_mono_ns();
        for (struct cw_deadline *c = d->head.next; c != &d->head; c = c->next) {
            const uint64_t at = atomic_load(&c->at_ns);
            if (at != 0 && at < now) {
                atomic_store(&c->at_ns, 0);
                atomic_fetch_add(&d->missed, 1);
                (void)shutdown(c->fd, SHUT_RDWR);
            }
        }
        wait_tick(d);
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

int cw_deadlines_open(struct cw_deadlines **out, struct cw_err *err)
{
    struct cw_deadlines *d = calloc(1, sizeof *d);
    pthread_condattr_t attr;
    if (d == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    d->head.prev = d->head.next = &d->head;
    pthread_mutex_init(&d->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&d->stopped, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&d->reaper, NULL, reap, d) != 0) {
        free(d);
        return cw_fail(err, CW_E_NO_MEMORY, "cannot start the deadline thread");
    }
    *out = d;
    return 0;
}

void cw_deadlines_close(struct cw_deadlines *d)
{
    if (d == NULL) {
        return;
    }
    pthread_mutex_lock(&d->lock);
    d->stopping = true;
    pthread_cond_signal(&d->stopped);
    pthread_mutex_unlock(&d->lock);
    pthread_join(d->reaper, NULL);
    pthread_cond_destroy(&d->stopped);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

struct cw_deadline *cw_deadline_new(struct cw_deadlines *d, int fd, uint32_t seconds)
{
    struct cw_deadline *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    c->fd = fd;
    cw_deadline_set(c, seconds);
    pthread_mutex_lock(&d->lock);
    c->next = d->head.next;
    c->prev = &d->head;
    c->next->prev = c;
    d->head.next = c;
    pthread_mutex_unlock(&d->lock);
    return c;
}

void cw_deadline_free(struct cw_deadlines *d, struct cw_deadline *c)
{
    if (c == NULL) {
        return;
    }
    pthread_mutex_lock(&d->lock);
    c->prev->next = c->next;
    c->next->prev = c->prev;
    pthread_mutex_unlock(&d->lock);
    free(c);
}

void cw_deadline_set(struct cw_deadline *c, uint64_t seconds)
{
    if (c != NULL) {
        atomic_store(&c->at_ns, seconds == 0 ? 0 : cw_mono_ns() + seconds * 1000000000U);
    }
}

uint64_t cw_deadlines_missed(struct cw_deadlines *d)
{
    return atomic_load(&d->missed);
}
