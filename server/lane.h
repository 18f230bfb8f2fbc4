/* lane.h - where a request runs: inline on a network thread, or on a thread that may
 * wait. */
#ifndef CW_SERVER_LANE_H
#define CW_SERVER_LANE_H

#include "server/route.h"

/* A picture needs a hasher, and a whole fingerprint takes the search for its local
 * descriptors, so neither runs inline; a search for bare hashes does as long as it is
 * estimated to take microseconds. To be decided once: the estimate may change.
 *
 * r       its route and kind of body are known, its query is read
 * length  of the body, in bytes */
enum cw_lane cw_lane_of(const struct cw_app *app, const struct cw_request *r,
                        uint64_t length);

#endif
