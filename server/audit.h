/* audit.h - signed heads of the log, written where whoever holds the store cannot take
 * them back: to stderr, which goes to the journal and from there to another machine. */
#ifndef CW_SERVER_AUDIT_H
#define CW_SERVER_AUDIT_H

#include "index/store.h"

struct cw_audit {
    struct cw_store *store; /* borrowed */
    uint64_t told;          /* number of the event that was the head told last */
};

/* Logs event=audit_checkpoint with the head and its signature, if the head has moved on;
 * logs why if it cannot. The service calls it once a minute and at its end. Thread: one
 * at a time. */
void cw_audit_tell(struct cw_audit *a);

#endif
