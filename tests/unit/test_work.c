/* Worker threads: every job runs once, a full queue says so, closing runs what is queued.
 */
#include "tests/support/t_cmocka.h"

#include <pthread.h>
#include <stdatomic.h>

#include "server/work.h"

#define N_JOBS 1000

static atomic_int ran[N_JOBS];

static void run_job(void *job)
{
    atomic_fetch_add((atomic_int *)job, 1);
}

static void every_job_runs_once(void **state)
{
    struct cw_work *w;
    (void)state;
    assert_int_equal(cw_work_open(4, N_JOBS, run_job, &w, NULL), 0);
    for (int i = 0; i < N_JOBS; i++) {
        assert_true(cw_work_push(w, &ran[i]));
    }
    cw_work_close(w);
    for (int i = 0; i < N_JOBS; i++) {
        assert_int_equal(atomic_load(&ran[i]), 1);
    }
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* held while jobs must wait */

static void wait_at_gate(void *job)
{
    pthread_mutex_lock(&gate);
    run_job(job);
    pthread_mutex_unlock(&gate);
}

static void a_full_queue_refuses(void **state)
{
    static atomic_int jobs[4];
    struct cw_work *w;
    int taken = 0;
    (void)state;
    pthread_mutex_lock(&gate);
    assert_int_equal(cw_work_open(1, 2, wait_at_gate, &w, NULL), 0);
    for (int i = 0; i < 4; i++) { /* one may be in the thread, two wait */
        taken += cw_work_push(w, &jobs[i]) ? 1 : 0;
    }
    pthread_mutex_unlock(&gate);
    cw_work_close(w);
    assert_in_range(taken, 2, 3);
    int done = 0;
    for (int i = 0; i < 4; i++) {
        done += atomic_load(&jobs[i]);
    }
    assert_int_equal(done, taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_runs_once),
        cmocka_unit_test(a_full_queue_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
