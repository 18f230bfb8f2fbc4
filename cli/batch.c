#include "cli/batch.h"

void cw_batch_done(struct cw_batch *batch)
{
    cw_buf_done(&batch->body);
    batch->n = 0;
}

void cw_batch_clear(struct cw_batch *batch)
{
    cw_buf_clear(&batch->body);
    batch->n = 0;
}

bool cw_batch_fits(const struct cw_batch *batch, size_t len)
{
    return batch->n < CW_BATCH_MAX_LINES && len < CW_BATCH_MAX_BYTES - batch->body.len;
}

int cw_batch_add(struct cw_batch *batch, struct cw_bytes line, struct cw_err *err)
{
    cw_buf_add(&batch->body, line.p, line.len);
    cw_buf_add(&batch->body, "\n", 1);
    CW_TRY(cw_buf_check(&batch->body, "a batch", err));
    batch->n++;
    return 0;
}

bool cw_line_next(struct cw_bytes *rest, struct cw_bytes *line)
{
    while (rest->len > 0) {
        *line = cw_bytes_cut(rest, '\n');
        if (line->len > 0 && line->p[line->len - 1] == '\r') {
            line->len--;
        }
        if (line->len > 0) {
            return true;
        }
    }
    return false;
}
