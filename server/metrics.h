/* metrics.h - counters of the service in Prometheus' text form. Atomics only: no locks.
 */
#ifndef CW_SERVER_METRICS_H
#define CW_SERVER_METRICS_H

#include "server/app.h"

struct cw_route;

enum cw_counter {
    CW_COUNT_PICTURES,         /* fingerprinted here */
    CW_COUNT_PICTURES_REFUSED, /* not decodable, too large, too slow */
    CW_COUNT_REGISTERED,
    CW_COUNT_SIGHTINGS,
    CW_COUNT_MATCHES,
    CW_COUNT_BUSY, /* answered 503 before the body was read */
    CW_COUNT_BAD_KEYS,
    CW_COUNTERS
};

int cw_metrics_open(struct cw_metrics **out, struct cw_err *err) CW_CHECKED;
void cw_metrics_close(struct cw_metrics *m);
void cw_metrics_count(struct cw_metrics *m, enum cw_counter counter, uint64_t n);
/* One answered request; route NULL = none was found. */
void cw_metrics_request(struct cw_metrics *m, const struct cw_route *route,
                        unsigned status, uint64_t duration_ns);
/* whole  with what is registered, seen and matched; without it, an onlooker learns how
 * the service is doing, but not whether a sighting met anything */
void cw_metrics_write(struct cw_app *app, bool whole, struct cw_buf *out);

#endif
