#include "cli/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

static unsigned n_interrupts;

static sigset_t stop_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

void cw_interrupt_watch(void)
{
    const sigset_t set = stop_signals();
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void fetch(struct timespec patience)
{
    const sigset_t set = stop_signals();
    if (sigtimedwait(&set, NULL, &patience) > 0) {
        n_interrupts++;
    }
}

unsigned cw_interrupts(void)
{
    fetch((struct timespec){0});
    return n_interrupts;
}

void cw_interrupt_wait_ms(uint32_t ms)
{
    if (cw_interrupts() == 0) {
        fetch((struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L});
    }
}
