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

#define HEAD_MAX 16384 /* of an answer; its body is counted, not kept */
#define BODY_MAX ((size_t)128 << 20)
#define STALL_MS 30000

struct connection {
    int fd;
    struct cw_buf made;    /* the request, if it is made */
    size_t sent;           /* of the request */
    bool waiting;          /* for room to send the rest */
    size_t n_in;           /* bytes of the answer */
    size_t n_expected;     /* all of them; 0 until the head is complete */
    char in[HEAD_MAX + 1]; /* the first of them, and a NUL */
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
    const struct cw_bytes request =
        run->load->make == NULL ? run->load->request : cw_buf_view(&c->made);
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

/* Makes the next request, if that is how it is done, and begins to send it. */
static void begin_request(const struct run *run, struct connection *c)
{
    c->n_in = 0;
    c->n_expected = 0;
    c->sent = 0;
    if (run->load->make != NULL) {
        cw_buf_clear(&c->made);
        run->load->make(run->load->ctx, &c->made);
        assert_false(c->made.failed);
    }
    send_some(run, c);
}

/* How long the answer is; 0 while its head is not complete. */
static size_t answer_length(const struct connection *c)
{
    static const char LENGTH[] = "\r\nContent-Length: ";
    const char *blank = strstr(c->in, "\r\n\r\n");
    if (blank == NULL) {
        return 0;
    }
    const char *value = strstr(c->in, LENGTH);
    if ((strncmp(c->in, "HTTP/1.1 200 ", 13) != 0 &&
         strncmp(c->in, "HTTP/1.1 201 ", 13) != 0) ||
        value == NULL || value > blank) {
        fail_msg("unexpected answer: %s", c->in);
        return 0;
    }
    value += sizeof LENGTH - 1;
    uint64_t body_len = 0;
    struct cw_bytes digits = cw_bytes_of(value, strspn(value, "0123456789"));
    assert_int_equal(cw_parse_u64(digits, 0, BODY_MAX, "length", &body_len, NULL), 0);
    return (size_t)(blank - c->in) + 4 + body_len;
}

static void close_connection(struct run *run, struct connection *c)
{
    (void)close(c->fd);
    cw_buf_done(&c->made);
    run->n_open--;
}

static void receive_some(struct run *run, struct connection *c)
{
    static char rest[65536]; /* what follows the head is thrown away */
    const bool head = c->n_expected == 0;
    ssize_t n = head ? recv(c->fd, c->in + c->n_in, HEAD_MAX - c->n_in, MSG_DONTWAIT)
                     : recv(c->fd, rest, sizeof rest, MSG_DONTWAIT);
    assert_true(n > 0);
    c->n_in += (size_t)n;
    if (head) {
        c->in[c->n_in] = '\0';
        c->n_expected = answer_length(c);
    }
    if (c->n_expected == 0 || c->n_in < c->n_expected) {
        return;
    }
    run->result.n_answers++;
    if (cw_mono_ns() >= run->deadline_ns) {
        close_connection(run, c);
    } else {
        begin_request(run, c);
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
        connections[i] = (struct connection){.made = CW_BUF_INIT(load->make_max)};
        open_connection(&run, &connections[i]);
        begin_request(&run, &connections[i]);
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
