#include "tests/support/t_measure.h"

#include "base/json_write.h"
#include "tests/support/t_cmocka.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_VALUES 64

void t_measure_here(bool measured)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(measured ? (size_t)sysconf(_SC_NPROCESSORS_ONLN) - 1 : 0, &set);
    assert_int_equal(sched_setaffinity(0, sizeof set, &set), 0);
}

double t_measure_cpu(const pid_t *pids, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        clockid_t clock;
        struct timespec t;
        assert_int_equal(clock_getcpuclockid(pids[i], &clock), 0);
        assert_int_equal(clock_gettime(clock, &t), 0);
        sum += (double)t.tv_sec + (double)t.tv_nsec / 1e9;
    }
    return sum;
}

struct t_round t_measure_load(const struct t_load *load, const pid_t *pids, size_t n)
{
    double before = t_measure_cpu(pids, n);
    struct t_load_result r = t_load_run(load);
    double used = t_measure_cpu(pids, n) - before;
    return (struct t_round){.per_second = (double)r.n_answers / r.seconds,
                            .cpu_us = used / (double)r.n_answers * 1e6};
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double t_median(const double *values, size_t n)
{
    double sorted[MAX_VALUES];
    assert_in_range(n, 1, MAX_VALUES);
    memcpy(sorted, values, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_value);
    return sorted[n / 2];
}

void t_print_figures(const char *name, const struct t_figure *figures, size_t n)
{
    CW_AUTO(cw_buf_done) struct cw_buf line = CW_BUF_INIT(4096);
    struct cw_jw w = cw_jw_of(&line);
    cw_jw_begin_object(&w);
    cw_jw_kstr(&w, "name", name);
    for (size_t i = 0; i < n; i++) {
        cw_jw_key(&w, figures[i].name);
        cw_jw_fixed(&w, figures[i].value, figures[i].decimals);
    }
    cw_jw_end_object(&w);
    (void)printf("%s\n", cw_buf_str(&line));
    (void)fflush(stdout);
}
