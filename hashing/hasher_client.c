/* The set of hasher processes, and one picture's way through it.
 *
 * A slot is a process that serves one picture at a time, and sometimes its successor that
 * is still loading its libraries: a process that has served its number of pictures goes
 * on until the successor is ready, so nobody waits for a start. Only after a death may
 * the slot's next picture wait, and then only if no other slot is free and ready.
 *
 * A slot belongs to the thread that took it; the lock is held for taking and giving back,
 * never while a picture is hashed. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "hashing/hasher_process.h"

#define MAX_PROCESSES 64
#define NS_PER_MS 1000000U
#define START_NS ((uint64_t)10000 * NS_PER_MS) /* for a process to become ready */

const struct cw_hasher_options CW_HASHER_DEFAULTS = {
    .program = NULL,
    .n_processes = 1,
    .deadline_ms = 5000,
    .cpu_seconds = 5,
    .max_bytes = (uint64_t)64 << 20,
    .max_pixels = 100000000,
    .memory_bytes = (uint64_t)640 << 20,
    .recycle_after = 1000,
};

/* What is to be done with a picture. */
struct errand {
    struct cw_bytes picture;
    enum cw_strictness how;
};

struct slot {
    bool taken;
    struct cw_hasher_process current;
    struct cw_hasher_process next;
    uint8_t message[CW_HASHER_MAX_MESSAGE]; /* the answer, while it is read */
};

struct cw_hasher {
    struct cw_hasher_options options;
    char *program;
    pthread_mutex_t lock; /* guards: slots[].taken, stats; and, of free slots, the rest */
    pthread_cond_t given_back;
    struct cw_hasher_stats stats;
    struct slot slots[]; /* options.n_processes */
};

static int check_options(const struct cw_hasher_options *o, struct cw_err *err)
{
    if (o->program == NULL || o->n_processes < 1 || o->n_processes > MAX_PROCESSES ||
        o->deadline_ms == 0 || o->cpu_seconds == 0 || o->max_bytes == 0 ||
        o->max_pixels == 0 || o->memory_bytes == 0 || o->recycle_after == 0) {
        return cw_fail(err, CW_E_INVALID, "options of the hasher are out of range");
    }
    return 0;
}

static void close_hasher(struct cw_hasher **h)
{
    cw_hasher_close(*h);
}

static int start_all(struct cw_hasher *h, struct cw_err *err)
{
    for (unsigned i = 0; i < h->options.n_processes; i++) {
        CW_TRY(cw_hasher_process_start(&h->options, &h->slots[i].current, err));
    }
    const uint64_t deadline = cw_mono_ns() + START_NS;
    for (unsigned i = 0; i < h->options.n_processes; i++) {
        if (cw_hasher_process_wait_ready(&h->slots[i].current, deadline, err) != 0) {
            return cw_fail(err, CW_E_IO, "%s does not become ready", h->program);
        }
    }
    return 0;
}

int cw_hasher_open(const struct cw_hasher_options *options, struct cw_hasher **out,
                   struct cw_err *err)
{
    CW_TRY(check_options(options, err));
    CW_AUTO(close_hasher)
    struct cw_hasher *h =
        calloc(1, sizeof *h + options->n_processes * sizeof h->slots[0]);
    if (h == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for the hasher");
    }
    (void)pthread_mutex_init(&h->lock, NULL);
    (void)pthread_cond_init(&h->given_back, NULL);
    h->options = *options;
    h->program = strdup(options->program);
    h->options.program = h->program;
    if (h->program == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for the hasher");
    }
    CW_TRY(start_all(h, err));
    *out = h;
    h = NULL;
    return 0;
}

void cw_hasher_close(struct cw_hasher *h)
{
    if (h == NULL) {
        return;
    }
    for (unsigned i = 0; i < h->options.n_processes; i++) {
        (void)cw_hasher_process_kill(&h->slots[i].current);
        (void)cw_hasher_process_kill(&h->slots[i].next);
    }
    (void)pthread_cond_destroy(&h->given_back);
    (void)pthread_mutex_destroy(&h->lock);
    free(h->program);
    free(h);
}

/* A free slot, one whose process is ready if there is one; NULL if all are taken. */
static struct slot *find_free(struct cw_hasher *h)
{
    struct slot *any = NULL;
    for (unsigned i = 0; i < h->options.n_processes; i++) {
        struct slot *slot = &h->slots[i];
        if (slot->taken) {
            continue;
        }
        if (cw_hasher_process_is_ready(&slot->current)) {
            return slot;
        }
        any = any == NULL ? slot : any;
    }
    return any;
}

static struct slot *take_slot(struct cw_hasher *h)
{
    struct slot *slot = NULL;
    (void)pthread_mutex_lock(&h->lock);
    while ((slot = find_free(h)) == NULL) {
        (void)pthread_cond_wait(&h->given_back, &h->lock);
    }
    slot->taken = true;
    (void)pthread_mutex_unlock(&h->lock);
    return slot;
}

/* What became of a picture, for the counters. */
static void count(struct cw_hasher *h, int rc)
{
    h->stats.pictures++;
    if (rc == CW_E_TIMEOUT) {
        h->stats.timeouts++;
    } else if (rc == CW_E_INTERNAL) {
        h->stats.crashes++;
    } else if (rc != 0) {
        h->stats.refused++;
    }
}

static void give_back(struct cw_hasher *h, struct slot *slot, int rc, bool replaced)
{
    (void)pthread_mutex_lock(&h->lock);
    count(h, rc);
    h->stats.restarts += replaced;
    slot->taken = false;
    (void)pthread_cond_signal(&h->given_back);
    (void)pthread_mutex_unlock(&h->lock);
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static int write_all(int fd, struct cw_bytes bytes, struct cw_err *err)
{
    for (size_t done = 0; done < bytes.len;) {
        const ssize_t n = write(fd, bytes.p + done, bytes.len - done);
        if (n < 0 && errno != EINTR) {
            return cw_fail(err, CW_E_NO_MEMORY, "picture for the hasher: %s",
                           strerrorname_np(errno));
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* The picture as a memory file that can no longer be changed or cut, by anyone. */
static int make_picture_file(struct cw_bytes picture, int *out_fd, struct cw_err *err)
{
    CW_AUTO(close_fd) int fd = memfd_create("picture", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return cw_fail(err, CW_E_NO_MEMORY, "memfd_create: %s", strerrorname_np(errno));
    }
    CW_TRY(write_all(fd, picture, err));
    if (fcntl(fd, F_ADD_SEALS,
              F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        return cw_fail(err, CW_E_INTERNAL, "seals: %s", strerrorname_np(errno));
    }
    *out_fd = fd;
    fd = -1;
    return 0;
}

/* Sends the picture and waits for the answer; its SHA-256 is computed while the process
 * works on it. */
static int exchange(struct cw_hasher *h, struct slot *slot, const struct errand *errand,
                    uint8_t sha256[32], size_t *out_len, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf request = CW_BUF_INIT(CW_HASHER_MAX_MESSAGE);
    CW_AUTO(close_fd) int fd = -1;
    CW_TRY(make_picture_file(errand->picture, &fd, err));
    cw_hasher_put_picture(
        &(struct cw_hasher_picture){.how = errand->how, .len = errand->picture.len},
        &request);
    const uint64_t deadline = cw_mono_ns() + (uint64_t)h->options.deadline_ms * NS_PER_MS;
    CW_TRY(cw_hasher_process_send(&slot->current, &request, fd, err));
    slot->current.pictures++;
    cw_sha256(errand->picture, sha256);
    return cw_hasher_process_receive(&slot->current, deadline, slot->message,
                                     sizeof slot->message, out_len, err);
}

/* Reads the answer, with the whole record checked again. */
static int read_answer(struct cw_bytes message, struct cw_fingerprint *out,
                       struct cw_err *err)
{
    struct cw_err failure = {0};
    if (cw_hasher_get_answer(message, out, &failure, NULL) != 0) {
        return cw_fail(err, CW_E_INTERNAL, "hasher answers nonsense");
    }
    if (failure.code != 0) {
        return cw_fail(err, failure.code, "%s", failure.text);
    }
    return 0;
}

/* Makes the slot's current process one that is alive and ready. */
static int prepare(struct cw_hasher *h, struct slot *slot, struct cw_err *err)
{
    if (cw_hasher_process_is_ready(&slot->next)) {
        (void)cw_hasher_process_kill(&slot->current);
        slot->current = slot->next;
        slot->next = (struct cw_hasher_process){0};
    }
    if (slot->current.ready && !cw_hasher_process_is_ready(&slot->current)) {
        (void)cw_hasher_process_kill(
            &slot->current); /* died while it had nothing to do */
    }
    if (slot->current.pid == 0) {
        CW_TRY(cw_hasher_process_start(&h->options, &slot->current, err));
    }
    if (cw_hasher_process_wait_ready(&slot->current, cw_mono_ns() + START_NS, err) != 0) {
        (void)cw_hasher_process_kill(&slot->current);
        return cw_fail(err, CW_E_INTERNAL, "hasher does not become ready");
    }
    return 0;
}

/* Kills a process that failed, and starts the next without waiting for it. Returns what
 * the caller is told: a process that ended by its CPU clock was over its time. */
static int replace(struct cw_hasher *h, struct slot *slot, int rc, struct cw_err *err)
{
    const int signal = cw_hasher_process_kill(&slot->current);
    slot->current = slot->next;
    slot->next = (struct cw_hasher_process){0};
    if (slot->current.pid == 0 &&
        cw_hasher_process_start(&h->options, &slot->current, NULL) != 0) {
        slot->current = (struct cw_hasher_process){0}; /* the next picture tries again */
    }
    if (signal == SIGPROF) {
        return cw_fail(err, CW_E_TIMEOUT, "picture takes more than %u s of CPU time",
                       h->options.cpu_seconds);
    }
    return rc;
}

/* Starts the successor of a process that has served its time. */
static void recycle(struct cw_hasher *h, struct slot *slot)
{
    if (slot->current.pictures >= h->options.recycle_after && slot->next.pid == 0 &&
        cw_hasher_process_start(&h->options, &slot->next, NULL) != 0) {
        slot->next = (struct cw_hasher_process){0};
    }
}

static int run_in(struct cw_hasher *h, struct slot *slot, const struct errand *errand,
                  struct cw_fingerprint *out, struct cw_err *err)
{
    uint8_t sha256[CW_SHA256_BYTES];
    size_t len = 0;
    CW_TRY(prepare(h, slot, err));
    int rc = exchange(h, slot, errand, sha256, &len, err);
    rc = rc != 0 ? rc : read_answer(cw_bytes_of(slot->message, len), out, err);
    if (rc == CW_E_TIMEOUT || rc == CW_E_INTERNAL) {
        return replace(h, slot, rc, err);
    }
    recycle(h, slot);
    if (rc == 0) {
        memcpy(out->sha256, sha256, sizeof out->sha256);
        out->has_sha256 = true;
    }
    return rc;
}

int cw_hasher_run(struct cw_hasher *h, struct cw_bytes picture, enum cw_strictness how,
                  struct cw_fingerprint *out, struct cw_err *err)
{
    if (picture.len == 0) {
        return cw_fail(err, CW_E_INVALID, "picture has no bytes");
    }
    if (picture.len > h->options.max_bytes) {
        return cw_fail(err, CW_E_TOO_LARGE, "picture is %zu bytes, the limit is %llu",
                       picture.len, (unsigned long long)h->options.max_bytes);
    }
    struct slot *slot = take_slot(h);
    const pid_t before = slot->current.pid;
    const struct errand errand = {.picture = picture, .how = how};
    const int rc = run_in(h, slot, &errand, out, err);
    give_back(h, slot, rc, slot->current.pid != before);
    return rc;
}

void cw_hasher_get_stats(struct cw_hasher *h, struct cw_hasher_stats *out)
{
    (void)pthread_mutex_lock(&h->lock);
    *out = h->stats;
    (void)pthread_mutex_unlock(&h->lock);
}
