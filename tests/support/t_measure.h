/* t_measure.h - what benchmarks of the service measure with: one processor for who is
 * measured and another for the load, CPU time of processes, medians, a JSON line. */
#ifndef CW_TESTS_SUPPORT_T_MEASURE_H
#define CW_TESTS_SUPPORT_T_MEASURE_H

#include <sys/types.h>

#include "tests/support/t_load.h"

/* The last processor is for who is measured, the first for the load. With one processor
 * both share it. Threads and children inherit it. */
void t_measure_here(bool measured);

/* CPU time of some processes so far, seconds. */
double t_measure_cpu(const pid_t *pids, size_t n);

/* One round of one side. */
struct t_round {
    double per_second;
    double cpu_us; /* a request */
};
struct t_round t_measure_load(const struct t_load *load, const pid_t *pids, size_t n);

/* Of at most 64 values. */
double t_median(const double *values, size_t n);

/* Figures of a benchmark, printed as one JSON line after {"name":name. */
struct t_figure {
    const char *name;
    double value;
    int decimals;
};
void t_print_figures(const char *name, const struct t_figure *figures, size_t n);

#endif
