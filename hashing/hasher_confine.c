#include "hashing/hasher_confine.h"

#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>

#define MAX_FDS 16

/* The sanitizers' shadow memory needs more address space than any limit worth setting. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LIMIT_ADDRESS_SPACE 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LIMIT_ADDRESS_SPACE 0
#endif
#endif
#ifndef LIMIT_ADDRESS_SPACE
#define LIMIT_ADDRESS_SPACE 1
#endif

static int limit(int resource, uint64_t most, struct cw_err *err)
{
    const struct rlimit r = {.rlim_cur = most, .rlim_max = most};
    if (setrlimit((__rlimit_resource_t)resource, &r) != 0) {
        return cw_fail(err, CW_E_INTERNAL, "resource limit %d is refused", resource);
    }
    return 0;
}

/* A warning that goes to a log file would break the limit on written files, and that is
 * no reason to die: with the signal ignored the write merely fails. */
static int ignore_file_limit(struct cw_err *err)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGXFSZ, &ignore, NULL) != 0) {
        return cw_fail(err, CW_E_INTERNAL, "SIGXFSZ cannot be ignored");
    }
    return 0;
}

int cw_hasher_confine(uint64_t memory_bytes, struct cw_err *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return cw_fail(err, CW_E_INTERNAL, "prctl is refused");
    }
    CW_TRY(ignore_file_limit(err));
    CW_TRY(limit(RLIMIT_CORE, 0, err));
    CW_TRY(limit(RLIMIT_FSIZE, 0, err));
    CW_TRY(limit(RLIMIT_NOFILE, MAX_FDS, err));
    CW_TRY(limit(RLIMIT_MEMLOCK, 0, err));
    if (LIMIT_ADDRESS_SPACE) {
        CW_TRY(limit(RLIMIT_AS, memory_bytes, err));
    }
    return 0;
}

int cw_hasher_start_cpu_clock(uint32_t cpu_seconds, struct cw_err *err)
{
    const struct itimerval budget = {.it_value = {.tv_sec = (time_t)cpu_seconds}};
    if (setitimer(ITIMER_PROF, &budget, NULL) != 0) {
        return cw_fail(err, CW_E_INTERNAL, "CPU time cannot be limited");
    }
    return 0;
}
