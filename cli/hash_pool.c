/* Threads: n_threads workers and the consumer. One lock guards the numbers below; a slot
 * belongs to the worker that took it from `begun` until `ready`, then to the consumer. */
#include "cli/hash_pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

#define MAX_PROCESSES 16
#define MAX_THREADS (MAX_PROCESSES + 1)
#define WINDOW 64 /* results that may wait; each some kilobytes */

struct slot {
    bool ready;
    struct cw_hashed item;
};

struct cw_hash_pool {
    const struct cw_paths *paths;
    enum cw_strictness how;
    struct cw_hasher *hasher;
    uint64_t max_bytes;
    pthread_mutex_t lock;  /* guards: begun, taken, stop, slots[].ready */
    pthread_cond_t turned; /* something guarded has changed */
    size_t begun;          /* files given to workers */
    size_t taken;          /* files handed to the consumer */
    bool stop;
    struct slot slots[WINDOW];
    unsigned n_threads;
    pthread_t threads[MAX_THREADS];
};

void cw_hashed_done(struct cw_hashed *item)
{
    cw_fingerprint_done(&item->fp);
}

/* The path of `name` seen from the folder of the running program; false if it is not an
 * executable file. */
static bool beside_program(const char *name, char *out, size_t cap)
{
    char program[1024];
    const ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n <= 0) {
        return false;
    }
    program[n] = '\0';
    char *slash = strrchr(program, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    const int len = snprintf(out, cap, "%s/%s", program, name);
    return len > 0 && (size_t)len < cap && access(out, X_OK) == 0;
}

int cw_find_hasher(char *out, size_t cap, struct cw_err *err)
{
    const char *named = getenv("CELWATCH_HASHER");
    if (named != NULL && named[0] != '\0') {
        if (access(named, X_OK) != 0) {
            return cw_fail(err, CW_E_NOT_FOUND,
                           "CELWATCH_HASHER is set to %.120s, which is no program",
                           named);
        }
        return cw_copy_text(out, cap, cw_bytes_str(named), "CELWATCH_HASHER", err);
    }
    if (beside_program("celwatch-hasher", out, cap) ||
        beside_program("../libexec/celwatch/celwatch-hasher", out, cap)) {
        return 0;
    }
    return cw_fail(
        err, CW_E_NOT_FOUND,
        "celwatch-hasher is neither beside celwatch nor in ../libexec/celwatch; "
        "name it with CELWATCH_HASHER");
}

static void hash_one(struct cw_hash_pool *pool, struct cw_hashed *item,
                     struct cw_buf *bytes)
{
    bytes->max = pool->max_bytes;
    int rc = cw_read_file(item->path, bytes, &item->err);
    if (rc == 0) {
        item->n_bytes = bytes->len;
        rc = cw_hasher_run(pool->hasher, cw_buf_view(bytes), pool->how, &item->fp,
                           &item->err);
    }
    if (rc == 0) {
        item->err = (struct cw_err){0};
    }
}

/* Waits until the window has room. Returns the number of the file to hash, or the number
 * of files if there is nothing left to do. */
static size_t begin_next(struct cw_hash_pool *pool)
{
    size_t i = pool->paths->n;
    pthread_mutex_lock(&pool->lock);
    while (!pool->stop && pool->begun < pool->paths->n &&
           pool->begun - pool->taken >= WINDOW) {
        pthread_cond_wait(&pool->turned, &pool->lock);
    }
    if (!pool->stop && pool->begun < pool->paths->n) {
        i = pool->begun++;
    }
    pthread_mutex_unlock(&pool->lock);
    return i;
}

static void *work(void *arg)
{
    struct cw_hash_pool *pool = arg;
    CW_AUTO(cw_buf_done) struct cw_buf bytes = CW_BUF_INIT(0);
    size_t i;
    while ((i = begin_next(pool)) < pool->paths->n) {
        struct slot *slot = &pool->slots[i % WINDOW];
        slot->item = (struct cw_hashed){.path = pool->paths->items[i]};
        hash_one(pool, &slot->item, &bytes);
        pthread_mutex_lock(&pool->lock);
        slot->ready = true;
        pthread_cond_broadcast(&pool->turned);
        pthread_mutex_unlock(&pool->lock);
    }
    return NULL;
}

static unsigned count_processes(size_t n_files)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t n = cores < 1 ? 1 : (size_t)cores;
    n = n > MAX_PROCESSES ? MAX_PROCESSES : n;
    return (unsigned)(n > n_files ? n_files : n);
}

static int start(struct cw_hash_pool *pool, struct cw_err *err)
{
    char program[1024];
    struct cw_hasher_options options = CW_HASHER_DEFAULTS;
    CW_TRY(cw_find_hasher(program, sizeof program, err));
    options.program = program;
    options.n_processes = count_processes(pool->paths->n);
    pool->max_bytes = options.max_bytes;
    CW_TRY(cw_hasher_open(&options, &pool->hasher, err));
    /* One thread more than hashers, so that a file is being read while all of them work.
     */
    while (pool->n_threads < options.n_processes + 1) {
        if (pthread_create(&pool->threads[pool->n_threads], NULL, work, pool) != 0) {
            return cw_fail(err, CW_E_INTERNAL, "cannot start a thread");
        }
        pool->n_threads++;
    }
    return 0;
}

int cw_hash_pool_open(const struct cw_paths *paths, enum cw_strictness how,
                      struct cw_hash_pool **out, struct cw_err *err)
{
    struct cw_hash_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    pool->paths = paths;
    pool->how = how;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->turned, NULL);
    const int rc = paths->n == 0 ? 0 : start(pool, err);
    if (rc != 0) {
        cw_hash_pool_close(&pool);
        return rc;
    }
    *out = pool;
    return 0;
}

void cw_hash_pool_close(struct cw_hash_pool **out)
{
    struct cw_hash_pool *pool = *out;
    if (pool == NULL) {
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->turned);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->n_threads; i++) {
        pthread_join(pool->threads[i], NULL);
    }
    for (size_t i = 0; i < WINDOW; i++) {
        cw_hashed_done(&pool->slots[i].item);
    }
    cw_hasher_close(pool->hasher);
    pthread_cond_destroy(&pool->turned);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
    *out = NULL;
}

bool cw_hash_pool_next(struct cw_hash_pool *pool, struct cw_hashed *out)
{
    if (pool->taken == pool->paths->n) {
        return false;
    }
    struct slot *slot = &pool->slots[pool->taken % WINDOW];
    pthread_mutex_lock(&pool->lock);
    while (!slot->ready) {
        pthread_cond_wait(&pool->turned, &pool->lock);
    }
    *out = slot->item;
    *slot = (struct slot){0};
    pool->taken++;
    pthread_cond_broadcast(&pool->turned);
    pthread_mutex_unlock(&pool->lock);
    return true;
}

const char *cw_hash_problem(const struct cw_err *err)
{
    switch (err->code) {
    case CW_E_INVALID:
        return "empty file";
    case CW_E_UNSUPPORTED:
        return "not a picture of a kind celwatch reads";
    case CW_E_CORRUPT:
        return "damaged picture";
    case CW_E_TOO_LARGE:
        return "picture too large";
    case CW_E_TIMEOUT:
        return "took too long to decode";
    default:
        return err->text;
    }
}
