#include "server/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/hex.h"
#include "index/event_json.h"

#define HEARTBEAT_NS 15000000000U
#define PIECE_MAX 65536 /* text of events held for one slow reader */
#define PIECE_EVENTS 64

struct cw_stream {
    struct cw_streams *hub;
    struct cw_stream *next; /* guarded by hub->lock */
    cw_studio_no studio;
    uint64_t told; /* newest event in or through `text` */
    uint64_t seen; /* hub->seq when the log was last read to its end */
    struct cw_buf text;
    size_t sent; /* of text */
    /* guarded by hub->lock: */
    bool asleep;
    bool heartbeat;
    uint64_t slept_ns;
    void (*wake)(void *handle);
    void *handle;
};

struct cw_streams {
    struct cw_store *store;
    size_t max;
    pthread_mutex_t lock; /* guards: everything below, and as marked in cw_stream */
    pthread_cond_t news;
    struct cw_stream *first;
    size_t n;
    uint64_t seq; /* newest committed event */
    bool stopping;
    bool closing;
    pthread_t waker;
};

/* Wakes a sleeper; the lock is held. */
static void wake(struct cw_stream *s, bool heartbeat)
{
    s->asleep = false;
    s->heartbeat = heartbeat;
    s->wake(s->handle);
}

static void *run_waker(void *arg)
{
    struct cw_streams *h = arg;
    pthread_mutex_lock(&h->lock);
    while (!h->closing) {
        struct timespec until;
        const uint64_t now = cw_mono_ns();
        for (struct cw_stream *s = h->first; s != NULL; s = s->next) {
            const bool beat = now - s->slept_ns >= HEARTBEAT_NS;
            if (s->asleep && (h->stopping || h->seq > s->seen || beat)) {
                wake(s, beat);
            }
        }
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += 1;
        (void)pthread_cond_timedwait(&h->news, &h->lock, &until);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

int cw_streams_open(struct cw_store *store, size_t max, struct cw_streams **out,
                    struct cw_err *err)
{
    struct cw_streams *h = calloc(1, sizeof *h);
    pthread_condattr_t attr;
    if (h == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    h->store = store;
    h->max = max;
    pthread_mutex_init(&h->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&h->news, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&h->waker, NULL, run_waker, h) != 0) {
        free(h);
        return cw_fail(err, CW_E_NO_MEMORY, "cannot start the event thread");
    }
    *out = h;
    return 0;
}

void cw_streams_close(struct cw_streams *h)
{
    if (h == NULL) {
        return;
    }
    pthread_mutex_lock(&h->lock);
    h->closing = true;
    pthread_cond_signal(&h->news);
    pthread_mutex_unlock(&h->lock);
    pthread_join(h->waker, NULL);
    pthread_cond_destroy(&h->news);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

void cw_streams_stop(struct cw_streams *h)
{
    pthread_mutex_lock(&h->lock);
    h->stopping = true;
    pthread_cond_signal(&h->news);
    pthread_mutex_unlock(&h->lock);
}

void cw_streams_committed(void *ctx, uint64_t seq)
{
    struct cw_streams *h = ctx;
    pthread_mutex_lock(&h->lock);
    h->seq = seq;
    if (h->n > 0) {
        pthread_cond_signal(&h->news);
    }
    pthread_mutex_unlock(&h->lock);
}

size_t cw_streams_count(struct cw_streams *h)
{
    pthread_mutex_lock(&h->lock);
    const size_t n = h->n;
    pthread_mutex_unlock(&h->lock);
    return n;
}

int cw_stream_new(struct cw_streams *h, cw_studio_no studio, uint64_t after,
                  struct cw_stream **out, struct cw_err *err)
{
    struct cw_stream *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    s->hub = h;
    s->studio = studio;
    s->told = after;
    s->text = CW_BUF_INIT(PIECE_MAX);
    cw_buf_add_str(&s->text, ": celwatch events\n\n");
    pthread_mutex_lock(&h->lock);
    const bool room = h->n < h->max && !h->stopping;
    if (room) {
        s->next = h->first;
        h->first = s;
        h->n++;
    }
    pthread_mutex_unlock(&h->lock);
    if (!room) {
        cw_buf_done(&s->text);
        free(s);
        return cw_fail(err, CW_E_BUSY, "too many event streams");
    }
    *out = s;
    return 0;
}

void cw_stream_free(struct cw_stream *s)
{
    if (s == NULL) {
        return;
    }
    pthread_mutex_lock(&s->hub->lock);
    struct cw_stream **at = &s->hub->first;
    while (*at != s) {
        at = &(*at)->next;
    }
    *at = s->next;
    s->hub->n--;
    pthread_mutex_unlock(&s->hub->lock);
    cw_buf_done(&s->text);
    free(s);
}

struct fill {
    struct cw_stream *stream;
    unsigned n;
};

static bool add_event(void *ctx, const struct cw_event *e)
{
    struct fill *f = ctx;
    struct cw_stream *s = f->stream;
    const size_t before = s->text.len;
    cw_buf_printf(&s->text, "id: %" PRIu64 "\nevent: %s\ndata: ", e->seq,
                  cw_event_name(e->type));
    cw_event_write(&s->text, e);
    cw_buf_add_str(&s->text, "\n\n");
    if (s->text.failed) { /* full: this event comes with the next piece */
        s->text.len = before;
        s->text.failed = false;
        return false;
    }
    s->told = e->seq;
    return ++f->n < PIECE_EVENTS;
}

/* Reads what is new in the log; remembers how far the log had come before it was read. */
static bool fill(struct cw_stream *s)
{
    struct cw_err err;
    struct fill f = {.stream = s};
    pthread_mutex_lock(&s->hub->lock);
    const uint64_t seq = s->hub->seq;
    const bool stopping = s->hub->stopping;
    if (s->heartbeat) {
        s->heartbeat = false;
        cw_buf_add_str(&s->text, ": still here\n\n");
    }
    pthread_mutex_unlock(&s->hub->lock);
    if (stopping ||
        cw_store_read_log(s->hub->store, s->studio, s->told, add_event, &f, &err) != 0) {
        return false;
    }
    if (f.n < PIECE_EVENTS) {
        s->seen = seq;
    }
    return true;
}

ssize_t cw_stream_read(struct cw_stream *s, char *buf, size_t max)
{
    if (s->sent == s->text.len) {
        cw_buf_clear(&s->text);
        s->sent = 0;
        if (!fill(s)) {
            return -1;
        }
    }
    size_t n = s->text.len - s->sent;
    n = n < max ? n : max;
    if (n > 0) {
        memcpy(buf, s->text.p + s->sent, n);
        s->sent += n;
    }
    return (ssize_t)n;
}

void cw_stream_sleep(struct cw_stream *s, void (*pause)(void *handle),
                     void (*wake_fn)(void *handle), void *handle)
{
    struct cw_streams *h = s->hub;
    pthread_mutex_lock(&h->lock);
    if (h->seq <= s->seen && !h->stopping) {
        s->wake = wake_fn;
        s->handle = handle;
        s->slept_ns = cw_mono_ns();
        s->asleep = true;
        pause(handle);
    }
    pthread_mutex_unlock(&h->lock);
}
