/* batch.h - lines of NDJSON, gathered until a request is full. */
#ifndef CW_CLI_BATCH_H
#define CW_CLI_BATCH_H

#include "base/bytes.h"

#define CW_BATCH_MAX_LINES ((size_t)200)
#define CW_BATCH_MAX_BYTES ((size_t)4 * 1024 * 1024)

struct cw_batch {
    struct cw_buf body; /* whole lines, each with its newline */
    size_t n;           /* lines */
};

#define CW_BATCH_INIT ((struct cw_batch){.body = {.max = CW_BATCH_MAX_BYTES}})
void cw_batch_done(struct cw_batch *batch);
void cw_batch_clear(struct cw_batch *batch);

/* Whether a line of `len` bytes (without newline) still fits. A line that does not fit
 * into an empty batch never will. */
bool cw_batch_fits(const struct cw_batch *batch, size_t len);
/* Adds a line that fits. CW_E_NO_MEMORY. */
int cw_batch_add(struct cw_batch *batch, struct cw_bytes line,
                 struct cw_err *err) CW_CHECKED;

/* Cuts the next line that is not empty off `rest`; a carriage return before the newline
 * is dropped. False at the end. */
bool cw_line_next(struct cw_bytes *rest, struct cw_bytes *line);

#endif
