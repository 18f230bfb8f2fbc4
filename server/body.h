/* body.h - reading what requests carry: strict JSON objects, pictures, fingerprints.
 *
 * Every reader refuses with the code and JSON pointer that api-spec/openapi.yaml names.
 */
#ifndef CW_SERVER_BODY_H
#define CW_SERVER_BODY_H

#include "base/json_read.h"
#include "hashing/fingerprint.h"
#include "hashing/hasher.h"
#include "server/app.h"
#include "server/request.h"

/* Parses a JSON object. *out is to be freed with cw_json_free.
 * what  "the body" or "the line" */
int cw_body_object(struct cw_bytes text, const char *what, struct cw_json **out,
                   struct cw_refusal *why) CW_CHECKED;
/* Refuses members that are not among the n names. */
int cw_body_only(const struct cw_json *object, const char *const *names, size_t n,
                 struct cw_refusal *why) CW_CHECKED;
/* A text member copied to dst (cap with NUL, so at most cap - 1 bytes). Absent leaves dst
 * as it is if `optional`; control characters are refused. */
int cw_body_text(const struct cw_json *object, const char *member, bool optional,
                 char *dst, size_t cap, struct cw_refusal *why) CW_CHECKED;
/* An RFC 3339 member; absent or null leaves *out. */
int cw_body_time(const struct cw_json *object, const char *member, uint64_t *out,
                 struct cw_refusal *why) CW_CHECKED;
/* The member "fingerprint". */
int cw_body_fingerprint(const struct cw_json *object, struct cw_fingerprint *out,
                        struct cw_refusal *why) CW_CHECKED;

/* Fingerprints a picture body in a hasher process. Blocks: work lane only. */
int cw_body_picture(struct cw_app *app, const struct cw_request *r,
                    enum cw_strictness how, struct cw_fingerprint *out,
                    struct cw_refusal *why) CW_CHECKED;

/* Whether a text has a character below space, or DEL. */
bool cw_has_control(struct cw_bytes text);
/* A name (of a collection, a studio): not empty, UTF-8, no control characters, no '/'. */
int cw_check_name(const char *text, const char *what, const char *pointer,
                  struct cw_refusal *why) CW_CHECKED;

/* Walks the lines of an NDJSON body: returns false at its end. Empty lines are skipped.
 */
bool cw_next_line(struct cw_bytes *rest, struct cw_bytes *out);

#endif
