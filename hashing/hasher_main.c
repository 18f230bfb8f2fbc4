/* celwatch-hasher: fingerprints pictures that nobody trusts, one at a time.
 *
 * Started by hashing/hasher_client.c with one end of a socket pair as descriptor 3, an
 * almost empty environment and nothing else open. It never opens a file after its
 * libraries are loaded, and ends when the socket does. Whatever a picture makes of this
 * process, all it can do is to give wrong answers about pictures. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hashing/hasher_confine.h"
#include "hashing/hasher_protocol.h"
#include "hashing/recipe.h"

#define REQUEST_CAP 64 /* longer than any request */

/* One request, and the descriptor that came with it or -1. */
struct request {
    uint8_t bytes[REQUEST_CAP];
    size_t len;
    int fd;
};

/* A picture's bytes while they are mapped. */
struct mapping {
    void *p;
    size_t len;
};

static void unmap(struct mapping *m)
{
    if (m->p != NULL) {
        (void)munmap(m->p, m->len);
    }
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

/* 1 and a request, 0 at the end, negative for a broken socket. */
static int receive(struct request *out)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec iov = {.iov_base = out->bytes, .iov_len = sizeof out->bytes};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof control.bytes};
    ssize_t n = -1;
    do {
        n = recvmsg(CW_HASHER_FD, &msg, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        return (int)n;
    }
    out->len = (size_t)n;
    out->fd = -1;
    const struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
    if (cmsg != NULL && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS) {
        memcpy(&out->fd, CMSG_DATA(cmsg), sizeof out->fd);
    }
    return 1;
}

static int answer(const struct cw_buf *message, struct cw_err *err)
{
    CW_TRY(cw_buf_check(message, "answer", err));
    if (send(CW_HASHER_FD, message->p, message->len, MSG_NOSIGNAL) < 0) {
        return cw_fail(err, CW_E_IO, "answer: %s", strerrorname_np(errno));
    }
    return 0;
}

/* The file is sealed against change (hasher_client.c), so what is checked stays true. */
static int map_picture(int fd, uint64_t len, struct mapping *out, struct cw_err *err)
{
    struct stat st;
    if (len == 0) {
        return cw_fail(err, CW_E_INVALID, "picture has no bytes");
    }
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size < 0 || (uint64_t)st.st_size != len) {
        return cw_fail(err, CW_E_INTERNAL, "no file of %llu bytes",
                       (unsigned long long)len);
    }
    void *p = mmap(NULL, (size_t)len, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (p == MAP_FAILED) {
        return cw_fail(err, CW_E_NO_MEMORY, "picture cannot be mapped");
    }
    *out = (struct mapping){.p = p, .len = (size_t)len};
    return 0;
}

static int fingerprint(struct cw_recipe *recipe, struct cw_bytes request, int fd,
                       struct cw_fingerprint *out, struct cw_err *err)
{
    struct cw_hasher_picture picture;
    CW_AUTO(unmap) struct mapping map = {0};
    CW_TRY(cw_hasher_get_picture(request, &picture, err));
    CW_TRY(map_picture(fd, picture.len, &map, err));
    return cw_recipe_run(recipe, cw_bytes_of(map.p, map.len), picture.how, out, err);
}

static int serve_one(struct cw_recipe *recipe, const struct request *request,
                     uint32_t cpu_seconds, struct cw_err *err)
{
    CW_AUTO(close_fd) int fd = request->fd;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    CW_AUTO(cw_buf_done) struct cw_buf message = CW_BUF_INIT(CW_HASHER_MAX_MESSAGE);
    struct cw_err failure = {0};
    CW_TRY(cw_hasher_start_cpu_clock(cpu_seconds, err));
    if (fingerprint(recipe, cw_bytes_of(request->bytes, request->len), fd, &fp,
                    &failure) == 0) {
        cw_hasher_put_fingerprint(&fp, &message);
    } else {
        cw_hasher_put_failed(&failure, &message);
    }
    return answer(&message, err);
}

static int say_ready(struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf message = CW_BUF_INIT(CW_HASHER_MAX_MESSAGE);
    cw_hasher_put_ready(&message);
    return answer(&message, err);
}

static int serve(struct cw_err *err)
{
    struct request request;
    struct cw_hasher_setup setup;
    CW_AUTO(cw_recipe_free) struct cw_recipe *recipe = NULL;
    if (receive(&request) != 1) {
        return cw_fail(err, CW_E_IO, "not started by a celwatch program");
    }
    CW_TRY(cw_hasher_get_setup(cw_bytes_of(request.bytes, request.len), &setup, err));
    const struct cw_decode_limits limits = {
        .max_pixels = setup.max_pixels,
        .max_held_bytes = setup.memory_bytes / 2,
    };
    CW_TRY(cw_decode_init(err));
    CW_TRY(cw_recipe_new(&limits, &recipe, err));
    CW_TRY(cw_hasher_confine(setup.memory_bytes, err));
    CW_TRY(say_ready(err));
    while (receive(&request) == 1) {
        CW_TRY(serve_one(recipe, &request, setup.cpu_seconds, err));
    }
    return 0;
}

int main(void)
{
    struct cw_err err = {0};
    if (serve(&err) != 0) {
        (void)fprintf(stderr, "celwatch-hasher: %s\n", err.text);
        return 1;
    }
    /* No exit handlers: the libraries have nothing to save, and have seen hostile bytes.
     */
    _exit(0);
}
