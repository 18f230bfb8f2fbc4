/* store_verify.h - between the parts of cw_store_verify. */
#ifndef CW_INDEX_STORE_VERIFY_H
#define CW_INDEX_STORE_VERIFY_H

#include "index/store_kv.h"

/* One walk over everything. */
struct cw_check {
    struct cw_kv_tx *tx;
    struct cw_verify_report report;
};

/* Notes a problem; the first one's text is kept. */
void cw_check_problem(struct cw_check *c, const char *fmt, ...) CW_PRINTF(2, 3);
/* Judges the outcome of a load or decode: a missing or damaged record is a problem, noted
 * with what it was; anything else that failed ends the walk.
 *
 * out_ok  whether the record is there and whole */
int cw_check_outcome(struct cw_check *c, int rc, const struct cw_err *why,
                     const char *what, bool *out_ok, struct cw_err *err) CW_CHECKED;
/* Notes a problem unless the key is in the table. */
int cw_check_present(struct cw_check *c, enum cw_table table, const struct cw_kk *key,
                     const char *what, struct cw_err *err) CW_CHECKED;
/* Calls fn with every entry of a table; counts them as records looked at.
 *
 * out_n  how many there are; may be NULL */
typedef int cw_check_fn(struct cw_check *c, struct cw_kv_pair at, void *ctx,
                        struct cw_err *err);
int cw_check_each(struct cw_check *c, enum cw_table table, cw_check_fn *fn, void *ctx,
                  uint64_t *out_n, struct cw_err *err) CW_CHECKED;
/* How many entries a table has whose keys begin with `prefix`. */
int cw_check_count(struct cw_check *c, enum cw_table table, const struct cw_kk *prefix,
                   uint64_t *out, struct cw_err *err) CW_CHECKED;
/* Walks a table that must have n entries. */
int cw_check_mirror(struct cw_check *c, enum cw_table table, const char *what, uint64_t n,
                    struct cw_err *err) CW_CHECKED;
/* Compares a counter over all studios with what was counted. */
int cw_check_counter(struct cw_check *c, enum cw_counter which, const char *what,
                     uint64_t expected, struct cw_err *err) CW_CHECKED;
/* Notes a problem if two figures that must agree do not. */
void cw_check_same(struct cw_check *c, const char *what, uint64_t found,
                   uint64_t expected);

/* The log (store_verify_log.c).
 *
 * known     as in cw_store_verify_log; may be NULL
 * out_head  may be NULL */
int cw_check_log(struct cw_check *c, const struct cw_chain_head *known,
                 struct cw_chain_head *out_head, struct cw_err *err) CW_CHECKED;
/* Matches, incidents and their history (store_verify_incidents.c). */
int cw_check_incidents(struct cw_check *c, struct cw_err *err) CW_CHECKED;

#endif
