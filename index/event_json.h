/* event_json.h - an event as a line of JSON: what the log is exported as, and what its
 * hashes are of.
 *
 * The bytes of an event's line are fixed for ever, because the hashes that follow depend
 * on them. A new member or another spelling needs a new version of the event record and
 * a writer of its own beside this one.
 *
 * Threads  pure */
#ifndef CW_INDEX_EVENT_JSON_H
#define CW_INDEX_EVENT_JSON_H

#include "base/json_write.h"
#include "index/store.h"

/* A static name such as "asset.registered", or "unknown" for a number that has none. */
const char *cw_event_name(uint8_t type);
/* Incidents are INC-1, INC-2, ... within a studio. */
void cw_incident_id_write(struct cw_jw *w, uint64_t no);

/* Appends the line without its last member and brace: what the event's hash is of. */
void cw_event_write_hashed(struct cw_buf *out, const struct cw_event *e);
/* Appends the whole object: the same in NDJSON, SSE and, later, webhooks. */
void cw_event_write(struct cw_buf *out, const struct cw_event *e);

#endif
