/* t_load.h - requests over many connections for some time, and how many answers came
 * back: the load of the HTTP benchmarks. One thread, epoll. */
#ifndef CW_TESTS_SUPPORT_T_LOAD_H
#define CW_TESTS_SUPPORT_T_LOAD_H

#include "base/bytes.h"

#define T_LOAD_MAX_CONNECTIONS 1024

struct t_load {
    uint16_t port;           /* on 127.0.0.1 */
    struct cw_bytes request; /* head and body; the connection is kept alive */
    /* If set, writes each request into the empty `out` instead. */
    void (*make)(void *ctx, struct cw_buf *out);
    void *ctx;
    size_t make_max;      /* bytes of a request that is made */
    unsigned connections; /* 1..T_LOAD_MAX_CONNECTIONS, each with one request under way */
    uint64_t duration_ns;
};

struct t_load_result {
    uint64_t n_answers;
    double seconds; /* from the first request to the last answer */
};

/* Any answer other than 200 or 201 with a Content-Length fails the test. */
struct t_load_result t_load_run(const struct t_load *load);

#endif
