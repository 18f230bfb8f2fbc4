#include "server/work.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/queue.h"

struct cw_work {
    struct cw_queue *queue;
    void (*run)(void *job);
    size_t n_threads;
    pthread_t threads[];
};

static void *run_jobs(void *arg)
{
    struct cw_work *w = arg;
    for (void *job; (job = cw_queue_pop(w->queue)) != NULL;) {
        w->run(job);
    }
    return NULL;
}

int cw_work_open(size_t n_threads, size_t capacity, void (*run)(void *job),
                 struct cw_work **out, struct cw_err *err)
{
    struct cw_work *w = calloc(1, sizeof *w + n_threads * sizeof w->threads[0]);
    if (w == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    w->run = run;
    const int rc = cw_queue_new(capacity, &w->queue, err);
    if (rc != 0) {
        free(w);
        return rc;
    }
    while (w->n_threads < n_threads) {
        if (pthread_create(&w->threads[w->n_threads], NULL, run_jobs, w) != 0) {
            cw_work_close(w);
            return cw_fail(err, CW_E_NO_MEMORY, "cannot start a work thread");
        }
        w->n_threads++;
    }
    *out = w;
    return 0;
}

bool cw_work_push(struct cw_work *w, void *job)
{
    return cw_queue_push(w->queue, job);
}

void cw_work_stop(struct cw_work *w)
{
    cw_queue_close(w->queue);
    for (size_t i = 0; i < w->n_threads; i++) {
        pthread_join(w->threads[i], NULL);
    }
    w->n_threads = 0;
}

void cw_work_close(struct cw_work *w)
{
    if (w != NULL) {
        cw_work_stop(w);
        cw_queue_free(w->queue);
        free(w);
    }
}
