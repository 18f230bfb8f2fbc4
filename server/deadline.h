/* deadline.h - absolute deadlines for connections.
 *
 * libmicrohttpd's timeout counts silence only: a client that sends one byte every two
 * seconds is never closed by it. Here every connection has a moment by which its present
 * step (headers, body, answer) must be over; a reaper shuts down the sockets that miss
 * it. */
#ifndef CW_SERVER_DEADLINE_H
#define CW_SERVER_DEADLINE_H

#include <stdint.h>

#include "base/error.h"

struct cw_deadlines;
struct cw_deadline; /* of one connection */

int cw_deadlines_open(struct cw_deadlines **out, struct cw_err *err) CW_CHECKED;
void cw_deadlines_close(struct cw_deadlines *d);

/* fd  stays valid until cw_deadline_free; NULL if out of memory */
struct cw_deadline *cw_deadline_new(struct cw_deadlines *d, int fd, uint32_t seconds);
void cw_deadline_free(struct cw_deadlines *d, struct cw_deadline *c);
/* seconds from now; 0 = none (we are at work, or it is an event stream). Any thread. */
void cw_deadline_set(struct cw_deadline *c, uint64_t seconds);
/* How many connections were shut down so far. */
uint64_t cw_deadlines_missed(struct cw_deadlines *d);

#endif
