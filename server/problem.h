/* problem.h - every way a request can be refused: one table of code, HTTP status and
 * public sentence (RFC 9457). api-spec/openapi.yaml lists the same codes; a test
 * compares. */
#ifndef CW_SERVER_PROBLEM_H
#define CW_SERVER_PROBLEM_H

#include "base/json_write.h"

enum cw_problem {
    CW_P_BAD_REQUEST,
    CW_P_BAD_JSON,
    CW_P_BAD_FIELD,
    CW_P_UNKNOWN_FIELD,
    CW_P_BAD_QUERY,
    CW_P_EMPTY_BODY,
    CW_P_BAD_BATCH,
    CW_P_NO_KEY,
    CW_P_ROLE_FORBIDDEN,
    CW_P_DISCLOSURE_FORBIDDEN,
    CW_P_NOT_FOUND,
    CW_P_NO_ROUTE,
    CW_P_METHOD_NOT_ALLOWED,
    CW_P_REQUEST_TIMEOUT,
    CW_P_ASSET_EXISTS,
    CW_P_LENGTH_REQUIRED,
    CW_P_VERSION_CONFLICT,
    CW_P_BODY_TOO_LARGE,
    CW_P_UNSUPPORTED_MEDIA,
    CW_P_NOT_A_PICTURE,
    CW_P_DAMAGED_PICTURE,
    CW_P_PICTURE_TOO_LARGE,
    CW_P_PICTURE_TOO_COSTLY,
    CW_P_IDEMPOTENCY_MISMATCH,
    CW_P_NOTHING_TO_UNDO,
    CW_P_VERSION_REQUIRED,
    CW_P_INTERNAL,
    CW_P_BUSY,
    CW_P_STORAGE,
    CW_P_COUNT
};

#define CW_POINTER_CAP 160

/* One refusal. */
struct cw_refusal {
    enum cw_problem problem;
    char detail[240];             /* for the client: no secrets, no paths */
    char pointer[CW_POINTER_CAP]; /* JSON pointer of the culprit in the body, or "" */
};

/* Fills *out and returns -1, so that a function that refuses can end with it. */
int cw_refuse(struct cw_refusal *out, enum cw_problem problem, const char *pointer,
              const char *fmt, ...) CW_PRINTF(4, 5);
/* The refusal that answers a failure of the store, the hasher or the search. Detail of
 * our own faults is not passed on. */
int cw_refuse_failure(struct cw_refusal *out, const struct cw_err *err);
/* The same for a picture the hasher would not take. */
int cw_refuse_picture(struct cw_refusal *out, const struct cw_err *err);

const char *cw_problem_code(enum cw_problem problem); /* such as "bad_json" */
unsigned cw_problem_status(enum cw_problem problem);  /* HTTP status */
/* The application/problem+json document. */
void cw_problem_write(struct cw_buf *out, const struct cw_refusal *why,
                      const char *request_id);
/* The answer to one line of an NDJSON body that was refused: `member` with the line's own
 * id ("" writes null), then status, code, detail and pointer. */
void cw_problem_line_write(struct cw_jw *w, const char *member, const char *id,
                           const struct cw_refusal *why);

#endif
