/* interrupt.h - Ctrl-C as a wish that is asked for, not as a handler that strikes.
 *
 * SIGINT and SIGTERM are blocked and fetched with sigtimedwait, so that a batch on its
 * way is finished first. The hashers inherit the blocked mask and survive the Ctrl-C that
 * a terminal sends to the whole group. */
#ifndef CW_CLI_INTERRUPT_H
#define CW_CLI_INTERRUPT_H

#include <stdint.h>

/* From here on the two signals are counted instead of ending the program. Call before
 * threads are started. */
void cw_interrupt_watch(void);

/* How often the user has asked to stop so far. Threads: main only. */
unsigned cw_interrupts(void);

/* Waits, at most until the user asks to stop; without cw_interrupt_watch the signals keep
 * ending the program. Threads: main only. */
void cw_interrupt_wait_ms(uint32_t ms);

#endif
