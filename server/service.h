/* service.h - the parts of the running service, put together and taken apart in order. */
#ifndef CW_SERVER_SERVICE_H
#define CW_SERVER_SERVICE_H

#include "server/conf.h"

struct cw_service;

/* Opens everything and listens; the index may still be loading when it returns.
 * Errors  whatever part fails first, with its reason */
int cw_service_start(const struct cw_conf *conf, struct cw_service **out,
                     struct cw_err *err) CW_CHECKED;
const char *cw_service_address(const struct cw_service *s);
/* What is due every minute: stale readers, a map that fills up. */
void cw_service_upkeep(struct cw_service *s);
/* Lets requests in flight end, then closes everything. */
void cw_service_stop(struct cw_service *s);

/* The URL of the store: conf->store, else lmdb: in conf->data. */
int cw_service_store_url(const struct cw_conf *conf, char *out, size_t cap,
                         struct cw_err *err) CW_CHECKED;

#endif
