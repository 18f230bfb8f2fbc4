/* http.h - the listener: libmicrohttpd behind a narrow door.
 *
 * It refuses ambiguous framing, checks route, key, role, type and length before one byte
 * of a body is kept, collects the body, runs the handler on the lane its route names and
 * sends the answer. Connections have absolute deadlines (deadline.h). */
#ifndef CW_SERVER_HTTP_H
#define CW_SERVER_HTTP_H

#include "server/app.h"

struct cw_http;

/* Starts listening on conf->listen.
 * Errors  CW_E_IO the address cannot be bound (in use, no such address) */
int cw_http_open(struct cw_app *app, struct cw_http **out, struct cw_err *err) CW_CHECKED;
/* "127.0.0.1:8710" or "[::1]:8710" with the port really bound. Borrowed. */
const char *cw_http_address(const struct cw_http *h);
/* Stops accepting, lets requests in flight end (bounded), closes everything. */
void cw_http_close(struct cw_http *h);

#endif
