/* render.h - answers of the service as lines for people, and as JSON lines for scripts.
 *
 * Every text is made safe for a terminal (plain_text.h). A member that is missing or of
 * another type is shown as a dash: an older or newer service is still readable. */
#ifndef CW_CLI_RENDER_H
#define CW_CLI_RENDER_H

#include "base/json_read.h"

/* Appends a text or number member, made safe; a dash if it is absent or null. */
void cw_add_member(struct cw_buf *out, const struct cw_json *object, const char *name);

/* "STRONG  INV-S4/shots/a.png  confidence 0.99  distance 4  rot90 ..." without newline.
 */
void cw_render_match(struct cw_buf *out, const struct cw_json *match);
/* Where and when an asset was seen before it was registered. */
void cw_render_seen(struct cw_buf *out, const struct cw_json *seen);
/* One incident as a row. */
void cw_render_incident(struct cw_buf *out, const struct cw_json *incident);
/* One match of an incident as a row. */
void cw_render_incident_match(struct cw_buf *out, const struct cw_json *match);
/* One line of an incident's history. */
void cw_render_history(struct cw_buf *out, const struct cw_json *entry);

/* Appends {"file":FILE, and the members of `object`, as one line with its newline. */
void cw_json_line_with_file(struct cw_buf *out, const char *file,
                            const struct cw_json *object);
/* Appends {"file":FILE,"status":STATUS,"error":WHY} and a newline. */
void cw_json_line_failed(struct cw_buf *out, const char *file, const char *status,
                         const char *why);
/* Appends the value as one line. */
void cw_json_line(struct cw_buf *out, const struct cw_json *v);

#endif
