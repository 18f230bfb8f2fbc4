/* queue.h - a bounded first-in first-out queue of owned pointers between threads. */
#ifndef CW_BASE_QUEUE_H
#define CW_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct cw_queue;

/* capacity   most items waiting at once, at least 1
 * Owns       caller owns the queue; items left in it are not freed */
int cw_queue_new(size_t capacity, struct cw_queue **out, struct cw_err *err) CW_CHECKED;
void cw_queue_free(struct cw_queue *q);

/* Takes `item` and returns true; false if the queue is full or closed (item stays yours).
 */
bool cw_queue_push(struct cw_queue *q, void *item) CW_CHECKED;
/* Waits for an item; NULL once the queue is closed and empty. */
void *cw_queue_pop(struct cw_queue *q);
/* No more pushes; everybody waiting in pop is woken. */
void cw_queue_close(struct cw_queue *q);
size_t cw_queue_len(struct cw_queue *q);

#endif
