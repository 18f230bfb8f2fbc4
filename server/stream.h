/* stream.h - the event stream (server-sent events, WHATWG HTML 9.2): who listens, what
 * each has been told, and waking them after a commit.
 *
 * A stream is read by a network thread (cw_stream_read). When there is nothing to tell it
 * sleeps; one thread wakes sleepers after a commit and every 15 s for a heartbeat. */
#ifndef CW_SERVER_STREAM_H
#define CW_SERVER_STREAM_H

#include <sys/types.h>

#include "base/json_write.h"
#include "server/app.h"

struct cw_stream;

int cw_streams_open(struct cw_store *store, size_t max, struct cw_streams **out,
                    struct cw_err *err) CW_CHECKED;
/* Ends the waker; every stream must be gone. */
void cw_streams_close(struct cw_streams *h);
/* From now on every stream ends; sleepers are woken. */
void cw_streams_stop(struct cw_streams *h);
/* To be given to cw_store_on_commit (ctx is the struct cw_streams). */
void cw_streams_committed(void *ctx, uint64_t seq);
size_t cw_streams_count(struct cw_streams *h);

/* Events of a studio after `after`. Errors CW_E_BUSY too many streams */
int cw_stream_new(struct cw_streams *h, cw_studio_no studio, uint64_t after,
                  struct cw_stream **out, struct cw_err *err) CW_CHECKED;
void cw_stream_free(struct cw_stream *s); /* NULL is fine */

/* Up to max bytes; 0 = nothing to tell now; -1 = the stream has ended. */
ssize_t cw_stream_read(struct cw_stream *s, char *buf, size_t max);
/* Puts the stream to sleep unless something came up meanwhile. `pause(handle)` is called
 * if it really sleeps, `wake(handle)` from the waker's thread later. */
void cw_stream_sleep(struct cw_stream *s, void (*pause)(void *handle),
                     void (*wake)(void *handle), void *handle);

#endif
