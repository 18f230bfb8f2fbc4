#include "index/store_writer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/* One operation; lives on the stack of the caller, who waits for it. */
struct job {
    cw_write_fn *fn;
    void *args;
    int rc;
    struct cw_err err;
    bool done; /* guarded by the writer's lock */
    pthread_cond_t answered;
    struct job *next;
};

struct cw_writer {
    struct cw_writer_options o;
    pthread_t thread;
    pthread_mutex_t lock; /* guards: first, last, closing, job.done */
    pthread_cond_t work;
    struct job *first, **last;
    bool closing;
    void (*listener)(void *ctx, uint64_t seq); /* set before the first write */
    void *listener_ctx;
    atomic_uint_fast64_t commits, writes;
};

/* ---- one transaction -------------------------------------------------------------- */

/* Runs the jobs of a list in `tx`. A job that fails before it wrote keeps its own result
 * and does not disturb the others; one that fails later spoils the transaction, and its
 * code is returned. */
static int run_jobs(struct cw_writer *w, struct cw_kv_tx *tx, struct job *jobs,
                    struct cw_err *err)
{
    for (struct job *j = jobs; j != NULL; j = j->next) {
        const uint64_t before = cw_kv_changes(tx);
        j->rc = j->fn(w->o.ctx, tx, j->args, &j->err);
        if (cw_kv_failure(tx) != 0 || (j->rc != 0 && cw_kv_changes(tx) != before)) {
            *err = j->err;
            return cw_kv_failure(tx) != 0 ? cw_kv_failure(tx) : j->rc;
        }
    }
    return 0;
}

/* Runs and commits a list of jobs; 0 means that each job has its own final result. */
static int transact(struct cw_writer *w, struct job *jobs, struct cw_err *err)
{
    struct cw_kv_tx *tx = NULL;
    uint64_t seq = 0;
    CW_TRY(cw_kv_begin(w->o.kv, true, &tx, err));
    int rc = run_jobs(w, tx, jobs, err);
    if (rc == 0) {
        rc = w->o.seq(tx, &seq, err);
    }
    if (rc != 0 || cw_kv_changes(tx) == 0) {
        cw_kv_abort(tx);
        return rc;
    }
    if (w->o.commit_delay_us > 0) {
        usleep(w->o.commit_delay_us);
    }
    CW_TRY(cw_kv_commit(tx, err));
    atomic_fetch_add(&w->commits, 1);
    if (w->listener != NULL) {
        w->listener(w->listener_ctx, seq);
    }
    return 0;
}

/* The same, and once more in a larger database if this one ran out of room. */
static int transact_with_room(struct cw_writer *w, struct job *jobs, struct cw_err *err)
{
    int rc = transact(w, jobs, err);
    if (rc == CW_E_BUSY && cw_kv_grow(w->o.kv, NULL) == 0) {
        rc = transact(w, jobs, err);
    }
    return rc;
}

/* Gives every job its result. After CW_E_IO or CW_E_UNKNOWN nothing is tried again: the
 * engine has stopped writing. */
static void run_batch(struct cw_writer *w, struct job *jobs)
{
    struct cw_err err = {0};
    const int rc = transact_with_room(w, jobs, &err);
    if (rc == 0) {
        return;
    }
    const bool hopeless = rc == CW_E_IO || rc == CW_E_UNKNOWN;
    const bool alone = jobs->next == NULL;
    for (struct job *j = jobs; j != NULL; j = j->next) {
        struct job *const next = j->next;
        j->next = NULL; /* a list of one */
        const int now = hopeless || alone ? rc : transact_with_room(w, j, &err);
        j->next = next;
        if (now != 0) {
            j->rc = now;
            j->err = err;
        }
    }
}

/* ---- the thread ------------------------------------------------------------------- */

/* Waits for work and detaches up to max_batch jobs; NULL when closing and all is done. */
static struct job *take_batch(struct cw_writer *w, uint64_t *out_n)
{
    pthread_mutex_lock(&w->lock);
    while (w->first == NULL && !w->closing) {
        pthread_cond_wait(&w->work, &w->lock);
    }
    struct job *jobs = w->first;
    struct job **end = &w->first;
    uint64_t n = 0;
    while (*end != NULL && n < w->o.max_batch) {
        end = &(*end)->next;
        n++;
    }
    if (n > 0) {
        struct job *rest = *end;
        *end = NULL;
        w->first = rest;
        if (rest == NULL) {
            w->last = &w->first;
        }
    }
    pthread_mutex_unlock(&w->lock);
    *out_n = n;
    return jobs;
}

/* From the moment `done` is set and the lock is free, a job may be gone. */
static void answer(struct cw_writer *w, struct job *jobs)
{
    pthread_mutex_lock(&w->lock);
    while (jobs != NULL) {
        struct job *next = jobs->next;
        jobs->done = true;
        pthread_cond_signal(&jobs->answered);
        jobs = next;
    }
    pthread_mutex_unlock(&w->lock);
}

static void *writer_main(void *arg)
{
    struct cw_writer *w = arg;
    uint64_t n;
    for (struct job *jobs; (jobs = take_batch(w, &n)) != NULL;) {
        run_batch(w, jobs);
        atomic_fetch_add(&w->writes, n);
        answer(w, jobs);
    }
    return NULL;
}

int cw_writer_run(struct cw_writer *w, cw_write_fn *fn, void *args, struct cw_err *err)
{
    struct job job = {.fn = fn, .args = args};
    pthread_cond_init(&job.answered, NULL);
    pthread_mutex_lock(&w->lock);
    *w->last = &job;
    w->last = &job.next;
    pthread_cond_signal(&w->work);
    while (!job.done) {
        pthread_cond_wait(&job.answered, &w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    pthread_cond_destroy(&job.answered);
    if (job.rc != 0 && err != NULL) {
        *err = job.err;
    }
    return job.rc;
}

/* ---- opening ---------------------------------------------------------------------- */

int cw_writer_open(const struct cw_writer_options *options, struct cw_writer **out,
                   struct cw_err *err)
{
    struct cw_writer *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for the writer");
    }
    w->o = *options;
    w->o.max_batch = w->o.max_batch == 0 ? 1 : w->o.max_batch;
    w->last = &w->first;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->work, NULL);
    if (pthread_create(&w->thread, NULL, writer_main, w) != 0) {
        pthread_cond_destroy(&w->work);
        pthread_mutex_destroy(&w->lock);
        free(w);
        return cw_fail(err, CW_E_BUSY, "cannot start the writer thread");
    }
    (void)pthread_setname_np(w->thread, "cw-writer");
    *out = w;
    return 0;
}

void cw_writer_close(struct cw_writer *w)
{
    if (w == NULL) {
        return;
    }
    pthread_mutex_lock(&w->lock);
    w->closing = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

void cw_writer_listen(struct cw_writer *w, void (*fn)(void *ctx, uint64_t seq), void *ctx)
{
    pthread_mutex_lock(&w->lock); /* publishes both to the writer */
    w->listener_ctx = ctx;
    w->listener = fn;
    pthread_mutex_unlock(&w->lock);
}

void cw_writer_counts(struct cw_writer *w, uint64_t *out_commits, uint64_t *out_writes)
{
    *out_commits = atomic_load(&w->commits);
    *out_writes = atomic_load(&w->writes);
}
