/* host.h - the host that incidents are grouped by. */
#ifndef CW_SERVER_HOST_H
#define CW_SERVER_HOST_H

#include "index/store.h"

/* The host of a URL in lower case, else the address in its canonical form.
 *
 * url      "http://Host:port/..." (http, https, ftp) or ""
 * ip       an IPv4 or IPv6 literal or "" (checked even where the URL decides)
 * Errors   CW_E_INVALID neither is there, or one is malformed */
int cw_host_of(const char *url, const char *ip, char out[CW_HOST_CAP],
               struct cw_err *err) CW_CHECKED;

#endif
