#include "base/queue.h"

#include <pthread.h>
#include <stdlib.h>

struct cw_queue {
    pthread_mutex_t lock; /* guards: everything below */
    pthread_cond_t filled;
    void **items;
    size_t capacity;
    size_t head;
    size_t len;
    bool closed;
};

int cw_queue_new(size_t capacity, struct cw_queue **out, struct cw_err *err)
{
    struct cw_queue *q = calloc(1, sizeof *q);
    void **items = calloc(capacity == 0 ? 1 : capacity, sizeof *items);
    if (q == NULL || items == NULL || capacity == 0) {
        free(q);
        free(items);
        return cw_fail(err, CW_E_NO_MEMORY, "cannot make a queue of %zu", capacity);
    }
    q->items = items;
    q->capacity = capacity;
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->filled, NULL);
    *out = q;
    return 0;
}

void cw_queue_free(struct cw_queue *q)
{
    if (q == NULL) {
        return;
    }
    pthread_cond_destroy(&q->filled);
    pthread_mutex_destroy(&q->lock);
    free(q->items);
    free(q);
}

bool cw_queue_push(struct cw_queue *q, void *item)
{
    pthread_mutex_lock(&q->lock);
    const bool room = !q->closed && q->len < q->capacity;
    if (room) {
        q->items[(q->head + q->len) % q->capacity] = item;
        q->len++;
        pthread_cond_signal(&q->filled);
    }
    pthread_mutex_unlock(&q->lock);
    return room;
}

void *cw_queue_pop(struct cw_queue *q)
{
    void *item = NULL;
    pthread_mutex_lock(&q->lock);
    while (q->len == 0 && !q->closed) {
        pthread_cond_wait(&q->filled, &q->lock);
    }
    if (q->len > 0) {
        item = q->items[q->head];
        q->head = (q->head + 1) % q->capacity;
        q->len--;
    }
    pthread_mutex_unlock(&q->lock);
    return item;
}

void cw_queue_close(struct cw_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->filled);
    pthread_mutex_unlock(&q->lock);
}

size_t cw_queue_len(struct cw_queue *q)
{
    pthread_mutex_lock(&q->lock);
    const size_t len = q->len;
    pthread_mutex_unlock(&q->lock);
    return len;
}
