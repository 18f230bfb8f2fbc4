/* local_rows.h - the pictures of a local index, by number: never moved, marked when they
 * go. A picture keeps its number until the next start, 32 bytes and 8 of the look-up by
 * asset. */
#ifndef CW_INDEX_LOCAL_ROWS_H
#define CW_INDEX_LOCAL_ROWS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "hashing/local.h"

#define CW_LOCAL_MOST_ROWS (1U << 26)

struct cw_local_row {
    uint64_t asset;
    struct cw_frame frame;
    uint32_t page, studio;
    uint16_t n; /* descriptors */
    atomic_bool gone;
};

struct cw_local_rows;

int cw_local_rows_new(struct cw_local_rows **out, struct cw_err *err) CW_CHECKED;
void cw_local_rows_free(struct cw_local_rows *r); /* NULL is fine */

/* Threads  one writer for what follows
 * Errors   CW_E_BUSY too many, CW_E_NO_MEMORY; nothing was added then */
int cw_local_rows_add(struct cw_local_rows *r, const struct cw_local_row *row,
                      uint32_t *out_no, struct cw_err *err) CW_CHECKED;
/* Marks the pictures of an asset that are not marked yet; tells how many there are and
 * how many descriptors they have. Cost: a look-up */
void cw_local_rows_remove(struct cw_local_rows *r, uint64_t asset, uint64_t *out_pictures,
                          uint64_t *out_descriptors);

/* Forgets all of them. No other call may be under way. */
void cw_local_rows_clear(struct cw_local_rows *r);
/* Marks one picture. */
void cw_local_rows_mark(struct cw_local_rows *r, uint32_t no);

/* Threads  any, for numbers that a writer handed over */
const struct cw_local_row *cw_local_rows_at(const struct cw_local_rows *r, uint32_t no);
bool cw_local_row_is_gone(const struct cw_local_row *row);
uint32_t cw_local_rows_count(const struct cw_local_rows *r);
uint64_t cw_local_rows_bytes(const struct cw_local_rows *r);

#endif
