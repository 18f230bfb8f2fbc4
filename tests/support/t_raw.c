#include "tests/support/t_raw.h"

#include "base/clock.h"
#include "base/num.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN_MAX ((size_t)1 << 20)
#define DEFAULT_WAIT_S 60

struct t_raw t_raw_connect(const struct t_server *s)
{
    struct t_raw c = {.in = CW_BUF_INIT(IN_MAX)};
    c.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(c.fd >= 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(s->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(c.fd, (struct sockaddr *)&to, sizeof to), 0);
    return c;
}

void t_raw_done(struct t_raw *c)
{
    if (c->fd >= 0) {
        (void)close(c->fd);
    }
    c->fd = -1;
    cw_buf_done(&c->in);
}

bool t_raw_try_send(struct t_raw *c, struct cw_bytes bytes)
{
    for (size_t at = 0; at < bytes.len;) {
        ssize_t n = send(c->fd, bytes.p + at, bytes.len - at, MSG_NOSIGNAL);
        if (n < 0) {
            assert_true(errno == EPIPE || errno == ECONNRESET);
            return false;
        }
        at += (size_t)n;
    }
    return true;
}

void t_raw_send_bytes(struct t_raw *c, struct cw_bytes bytes)
{
    assert_true(t_raw_try_send(c, bytes));
}

void t_raw_send(struct t_raw *c, const char *text)
{
    t_raw_send_bytes(c, cw_bytes_str(text));
}

enum got { GOT_BYTES, GOT_END, GOT_NOTHING };

/* Receives what there is, waiting at most until the deadline. */
static enum got receive(struct t_raw *c, uint64_t deadline_ns)
{
    uint64_t now = cw_mono_ns();
    int wait_ms = now >= deadline_ns ? 0 : (int)((deadline_ns - now) / 1000000 + 1);
    struct pollfd ready = {.fd = c->fd, .events = POLLIN};
    if (poll(&ready, 1, wait_ms) <= 0) {
        return GOT_NOTHING;
    }
    char piece[4096];
    ssize_t n = recv(c->fd, piece, sizeof piece, 0);
    if (n <= 0) {
        return GOT_END;
    }
    cw_buf_add(&c->in, piece, (size_t)n);
    assert_false(c->in.failed);
    return GOT_BYTES;
}

static uint64_t deadline_in(int seconds)
{
    return cw_mono_ns() + (uint64_t)seconds * 1000000000U;
}

/* Drops the first n received bytes. */
static void consume(struct t_raw *c, size_t n)
{
    if (c->in.p == NULL) {
        return; /* nothing was received yet */
    }
    memmove(c->in.p, c->in.p + n, c->in.len - n);
    c->in.len -= n;
    c->in.p[c->in.len] = 0;
}

static const char *find_header(const char *head, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = head; (line = strchr(line, '\n')) != NULL;) {
        line++;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            return line + len + 1 + strspn(line + len + 1, " ");
        }
    }
    return NULL;
}

static size_t content_length(const char *head)
{
    const char *value = find_header(head, "Content-Length");
    if (value == NULL) {
        return 0;
    }
    uint64_t n = 0;
    struct cw_bytes digits = cw_bytes_of(value, strspn(value, "0123456789"));
    assert_int_equal(cw_parse_u64(digits, 0, IN_MAX, "Content-Length", &n, NULL), 0);
    return (size_t)n;
}

/* Takes a whole answer out of what was received; false if it is not complete yet. */
static bool take_reply(struct t_raw *c, struct t_raw_reply *out)
{
    const char *in = cw_buf_str(&c->in);
    const char *blank = strstr(in, "\r\n\r\n");
    if (blank == NULL) {
        return false;
    }
    size_t head_len = (size_t)(blank - in) + 4;
    assert_true(head_len < sizeof out->head);
    memcpy(out->head, in, head_len);
    out->head[head_len] = '\0';
    size_t body_len = content_length(out->head);
    if (c->in.len < head_len + body_len) {
        return false;
    }
    assert_int_equal(strncmp(in, "HTTP/1.", 7), 0);
    uint64_t status = 0;
    assert_int_equal(
        cw_parse_u64(cw_bytes_of(in + 9, 3), 100, 599, "status", &status, NULL), 0);
    out->status = (int)status;
    const char *connection = find_header(out->head, "Connection");
    out->closes = connection != NULL && strncasecmp(connection, "close", 5) == 0;
    size_t keep = body_len < sizeof out->body ? body_len : sizeof out->body - 1;
    memcpy(out->body, in + head_len, keep);
    consume(c, head_len + body_len);
    return true;
}

struct t_raw_reply t_raw_read(struct t_raw *c, int seconds)
{
    struct t_raw_reply reply = {0};
    uint64_t deadline = deadline_in(seconds);
    while (!take_reply(c, &reply)) {
        enum got got = receive(c, deadline);
        if (got == GOT_NOTHING) {
            fail_msg("no answer within %d s; so far: %s", seconds, cw_buf_str(&c->in));
        }
        if (got == GOT_END) {
            break;
        }
    }
    return reply;
}

void t_raw_read_until(struct t_raw *c, const char *needle, int seconds)
{
    uint64_t deadline = deadline_in(seconds);
    while (strstr(cw_buf_str(&c->in), needle) == NULL) {
        if (receive(c, deadline) != GOT_BYTES) {
            fail_msg("\"%s\" did not come within %d s; so far: %s", needle, seconds,
                     cw_buf_str(&c->in));
        }
    }
}

bool t_raw_is_closed(struct t_raw *c, int seconds)
{
    return receive(c, deadline_in(seconds)) == GOT_END && c->in.len == 0;
}

struct t_raw_reply t_raw_exchange(const struct t_server *s, const char *text)
{
    CW_AUTO(t_raw_done) struct t_raw c = t_raw_connect(s);
    t_raw_send(&c, text);
    return t_raw_read(&c, DEFAULT_WAIT_S);
}
