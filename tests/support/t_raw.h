/* t_raw.h - HTTP by hand over a socket, for requests that no honest client would send. */
#ifndef CW_TESTS_SUPPORT_T_RAW_H
#define CW_TESTS_SUPPORT_T_RAW_H

#include "tests/support/t_server.h"

/* One connection. */
struct t_raw {
    int fd;
    struct cw_buf in; /* received and not yet taken by t_raw_read */
};

struct t_raw_reply {
    int status; /* 0: the connection ended without an answer */
    char head[4096];
    char body[16384]; /* as much as fits, with a NUL */
    bool closes;      /* "Connection: close" */
};

/* Owns  caller ends it with t_raw_done */
struct t_raw t_raw_connect(const struct t_server *s);
void t_raw_done(struct t_raw *c);

void t_raw_send(struct t_raw *c, const char *text);
void t_raw_send_bytes(struct t_raw *c, struct cw_bytes bytes);
/* The same, but false instead of a failed test if the server has hung up. */
bool t_raw_try_send(struct t_raw *c, struct cw_bytes bytes);
/* Reads one answer with a Content-Length; fails the test after `seconds`. */
struct t_raw_reply t_raw_read(struct t_raw *c, int seconds);
/* Reads until the text received holds `needle`; fails the test after `seconds`. */
void t_raw_read_until(struct t_raw *c, const char *needle, int seconds);
/* True once the server has closed the connection and nothing unread is left; false if
 * that did not happen within `seconds` or an answer came instead. */
bool t_raw_is_closed(struct t_raw *c, int seconds);
/* Sends one request on a connection of its own and reads the answer. */
struct t_raw_reply t_raw_exchange(const struct t_server *s, const char *text);

#endif
