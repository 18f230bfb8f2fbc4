#include "tests/support/t_load.h"

#include "base/clock.h"
#include "base/num.h"
#include "tests/support/t_cmocka.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX 16384
#define STALL_MS 30000

struct connection {
    int fd;
    size_t sent;  /* of the request */
    bool waiting; /* for room to send the rest */
    size_t n_in;
    char in[ANSWER_MAX + 1]; /* n_in bytes of the answer, and a NUL */
};

struct run {
    const struct t_load *load;
    int epoll;
    uint64_t deadline_ns;
    unsigned n_open;
    struct t_load_result result;
};

static void watch(const struct run *run, struct connection *c, int op, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = c};
    assert_int_equal(epoll_ctl(run->epoll, op, c->fd, &e), 0);
}

static void open_connection(struct run *run, struct connection *c)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(run->load->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(c->fd >= 0);
    assert_int_equal(connect(c->fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
    watch(run, c, EPOLL_CTL_ADD, EPOLLIN);
    run->n_open++;
}

static void wait_for_room(const struct run *run, struct connection *c, bool waiting)
{
    if (c->waiting != waiting) {
        c->waiting = waiting;
        watch(run, c, EPOLL_CTL_MOD, waiting ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

/* Sends what the socket takes; the rest follows when it can be written again. */
static void send_some(const struct run *run, struct connection *c)
{
    const struct cw_bytes request = run->load->request;
    while (c->sent < request.len) {
        ssize_t n = send(c->fd, request.p + c->sent, request.len - c->sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
            assert_int_equal(errno, EAGAIN);
            wait_for_room(run, c, true);
            return;
        }
        c->sent += (size_t)n;
    }
    wait_for_room(run, c, false);
}

/* True once the answer is complete. */
static bool is_answered(const struct connection *c)
{
    static const char LENGTH[] = "\r\nContent-Length: ";
    const char *blank = strstr(c->in, "\r\n\r\n");
    if (blank == NULL) {
        return false;
    }
    const char *value = strstr(c->in, LENGTH);
    if (strncmp(c->in, "HTTP/1.1 200 ", 13) != 0 || value == NULL || value > blank) {
        fail_msg("unexpected answer: %s", c->in);
        return false;
    }
    value += sizeof LENGTH - 1;
    uint64_t body_len = 0;
    struct cw_bytes digits = cw_bytes_of(value, strspn(value, "0123456789"));
    assert_int_equal(cw_parse_u64(digits, 0, ANSWER_MAX, "length", &body_len, NULL), 0);
    return c->n_in >= (size_t)(blank - c->in) + 4 + body_len;
}

static void close_connection(struct run *run, struct connection *c)
{
    (void)close(c->fd);
    run->n_open--;
}

static void receive_some(struct run *run, struct connection *c)
{
    ssize_t n = recv(c->fd, c->in + c->n_in, ANSWER_MAX - c->n_in, MSG_DONTWAIT);
    assert_true(n > 0);
    c->n_in += (size_t)n;
    c->in[c->n_in] = '\0';
    if (!is_answered(c)) {
        return;
    }
    run->result.n_answers++;
    c->n_in = 0;
    c->sent = 0;
    if (cw_mono_ns() >= run->deadline_ns) {
        close_connection(run, c);
    } else {
        send_some(run, c);
    }
}

struct t_load_result t_load_run(const struct t_load *load)
{
    static struct connection connections[T_LOAD_MAX_CONNECTIONS];
    assert_in_range(load->connections, 1, T_LOAD_MAX_CONNECTIONS);
    struct run run = {.load = load, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    assert_true(run.epoll >= 0);
    uint64_t start = cw_mono_ns();
    run.deadline_ns = start + load->duration_ns;
    for (unsigned i = 0; i < load->connections; i++) {
        connections[i] = (struct connection){0};
        open_connection(&run, &connections[i]);
        send_some(&run, &connections[i]);
    }
    while (run.n_open > 0) {
        struct epoll_event events[64];
        int n = epoll_wait(run.epoll, events, 64, STALL_MS);
        assert_true(n > 0);
        for (int i = 0; i < n; i++) {
            if ((events[i].events & EPOLLOUT) != 0) {
                send_some(&run, events[i].data.ptr);
            }
            if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
                receive_some(&run, events[i].data.ptr);
            }
        }
    }
    run.result.seconds = (double)(cw_mono_ns() - start) / 1e9;
    (void)close(run.epoll);
    return run.result;
}
