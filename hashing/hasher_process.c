/* A child learns of its parent's end by the end of the socket, which nobody else holds
 * (all descriptors are close-on-exec). A parent-death signal would be wrong here: Linux
 * ties it to the thread that started the child, and threads come and go. */
#include "hashing/hasher_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define NS_PER_MS 1000000U

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

/* The whole environment of the child. libvips' code generator would write executable
 * files and change pixels; one memory arena keeps the process small. */
static char *const ENVIRONMENT[] = {
    (char[]){"VIPS_NOVECTOR=1"},    (char[]){"VIPS_BLOCK_UNTRUSTED=1"},
    (char[]){"VIPS_CONCURRENCY=1"}, (char[]){"MALLOC_ARENA_MAX=1"},
    (char[]){"LC_ALL=C"},           NULL,
};

/* Descriptors 0 and 1 are /dev/null, 2 stays for last words, the socket is CW_HASHER_FD.
 */
static int set_descriptors(posix_spawn_file_actions_t *actions, int socket)
{
    int rc = posix_spawn_file_actions_adddup2(actions, socket, CW_HASHER_FD);
    rc |=
        posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    rc |= posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY,
                                           0);
    rc |= posix_spawn_file_actions_addclosefrom_np(actions, CW_HASHER_FD + 1);
    return rc;
}

/* Default signals, none blocked, and a process group of its own: Ctrl-C on the terminal
 * is for the program that asks, which ends its hashers by closing their sockets. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    int rc = posix_spawnattr_setsigmask(attributes, &none);
    rc |= posix_spawnattr_setsigdefault(attributes, &all);
    rc |= posix_spawnattr_setpgroup(attributes, 0);
    rc |= posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
                                                   POSIX_SPAWN_SETSIGDEF |
                                                   POSIX_SPAWN_SETPGROUP);
    return rc;
}

static int spawn(const char *program, int socket, pid_t *out_pid, struct cw_err *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char name[] = "celwatch-hasher";
    char *const argv[] = {name, NULL};
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory to start a hasher");
    }
    if (posix_spawnattr_init(&attributes) != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return cw_fail(err, CW_E_NO_MEMORY, "no memory to start a hasher");
    }
    int rc = set_descriptors(&actions, socket);
    rc = rc != 0 ? rc : set_attributes(&attributes);
    rc = rc != 0
             ? rc
             : posix_spawn(out_pid, program, &actions, &attributes, argv, ENVIRONMENT);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    if (rc != 0) {
        return cw_fail(err, CW_E_IO, "%s cannot be started: %s", program,
                       strerrorname_np(rc));
    }
    return 0;
}

static int send_setup(const struct cw_hasher_options *options,
                      const struct cw_hasher_process *p, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf message = CW_BUF_INIT(CW_HASHER_MAX_MESSAGE);
    const struct cw_hasher_setup setup = {
        .cpu_seconds = options->cpu_seconds,
        .max_pixels = options->max_pixels,
        .memory_bytes = options->memory_bytes,
    };
    cw_hasher_put_setup(&setup, &message);
    return cw_hasher_process_send(p, &message, -1, err);
}

int cw_hasher_process_start(const struct cw_hasher_options *options,
                            struct cw_hasher_process *out, struct cw_err *err)
{
    int pair[2];
    struct cw_hasher_process p = {0};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return cw_fail(err, CW_E_IO, "socketpair: %s", strerrorname_np(errno));
    }
    CW_AUTO(close_fd) int theirs = pair[1];
    p.fd = pair[0];
    int rc = spawn(options->program, theirs, &p.pid, err);
    if (rc != 0) {
        (void)close(p.fd);
        return rc;
    }
    rc = send_setup(options, &p, err);
    if (rc != 0) {
        (void)cw_hasher_process_kill(&p);
        return rc;
    }
    *out = p;
    return 0;
}

int cw_hasher_process_kill(struct cw_hasher_process *p)
{
    int status = 0;
    if (p->pid == 0) {
        return 0;
    }
    (void)close(p->fd);
    (void)kill(p->pid, SIGKILL);
    pid_t got = -1;
    do {
        got = waitpid(p->pid, &status, 0);
    } while (got < 0 && errno == EINTR);
    *p = (struct cw_hasher_process){0};
    return got > 0 && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int cw_hasher_process_send(const struct cw_hasher_process *p,
                           const struct cw_buf *message, int fd, struct cw_err *err)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec iov = {.iov_base = message->p, .iov_len = message->len};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    CW_TRY(cw_buf_check(message, "message to a hasher", err));
    if (fd >= 0) {
        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof control.bytes;
        struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(cmsg), &fd, sizeof fd);
    }
    ssize_t n = -1;
    do {
        n = sendmsg(p->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return cw_fail(err, CW_E_INTERNAL, "hasher does not listen: %s",
                       strerrorname_np(errno));
    }
    return 0;
}

/* Waits for something to read, or for the end of the stream. */
static int wait_readable(const struct cw_hasher_process *p, uint64_t deadline_ns,
                         struct cw_err *err)
{
    struct pollfd readable = {.fd = p->fd, .events = POLLIN};
    for (;;) {
        const uint64_t now = cw_mono_ns();
        const uint64_t left_ms =
            now >= deadline_ns ? 0 : (deadline_ns - now) / NS_PER_MS + 1;
        const int rc = poll(&readable, 1, (int)(left_ms > 3600000 ? 3600000 : left_ms));
        if (rc > 0) {
            return 0;
        }
        if (rc == 0 && cw_mono_ns() >= deadline_ns) {
            return cw_fail(err, CW_E_TIMEOUT, "hasher does not answer in time");
        }
        if (rc < 0 && errno != EINTR) {
            return cw_fail(err, CW_E_INTERNAL, "poll: %s", strerrorname_np(errno));
        }
    }
}

int cw_hasher_process_receive(const struct cw_hasher_process *p, uint64_t deadline_ns,
                              uint8_t *out, size_t cap, size_t *out_len,
                              struct cw_err *err)
{
    ssize_t n = -1;
    CW_TRY(wait_readable(p, deadline_ns, err));
    do {
        n = recv(p->fd, out, cap, MSG_TRUNC | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        return cw_fail(err, CW_E_INTERNAL, "hasher died on this picture");
    }
    if ((size_t)n > cap) {
        return cw_fail(err, CW_E_INTERNAL, "hasher answers with %zd bytes", n);
    }
    *out_len = (size_t)n;
    return 0;
}

int cw_hasher_process_wait_ready(struct cw_hasher_process *p, uint64_t deadline_ns,
                                 struct cw_err *err)
{
    uint8_t message[16];
    size_t len = 0;
    if (p->ready) {
        return wait_readable(p, 0, NULL) == CW_E_TIMEOUT
                   ? 0
                   : cw_fail(err, CW_E_INTERNAL, "hasher died while idle");
    }
    CW_TRY(cw_hasher_process_receive(p, deadline_ns, message, sizeof message, &len, err));
    if (cw_hasher_get_ready(cw_bytes_of(message, len), NULL) != 0) {
        return cw_fail(err, CW_E_INTERNAL, "hasher starts with nonsense");
    }
    p->ready = true;
    return 0;
}

bool cw_hasher_process_is_ready(struct cw_hasher_process *p)
{
    return p->pid != 0 && cw_hasher_process_wait_ready(p, 0, NULL) == 0;
}
