/* register_report.h - what `celwatch register` says: a line a file, and the sum. */
#ifndef CW_CLI_REGISTER_REPORT_H
#define CW_CLI_REGISTER_REPORT_H

#include <stdint.h>

#include "base/json_read.h"

struct cw_register_totals {
    size_t n_registered, n_unchanged, n_replaced, n_weak, n_unreadable, n_refused;
    size_t n_seen;    /* files that were seen before */
    size_t n_sent;    /* fingerprints sent */
    uint64_t n_bytes; /* of request bodies sent */
};

struct cw_register_item {
    const char *file;
    const char *asset;
    const struct cw_json *answer; /* the service's line; NULL if the file was not sent */
    const char *why;              /* if not sent: the reason */
};

/* Counts one file. With `json`, appends a JSON line to `out` and nothing to `problem`.
 * Without, appends to `out` only what was seen before, and to `problem` one line, without
 * newline, if something is wrong with the file. */
void cw_register_render(const struct cw_register_item *item, bool json,
                        struct cw_register_totals *totals, struct cw_buf *out,
                        struct cw_buf *problem);
/* Renders and prints. */
void cw_register_report(const struct cw_register_item *item, bool json,
                        struct cw_register_totals *totals);

/* Appends the summary for people: two or three lines. */
void cw_register_render_totals(const struct cw_register_totals *totals,
                               const char *collection, struct cw_buf *out);
void cw_register_print_totals(const struct cw_register_totals *totals,
                              const char *collection);

/* Whether every file was registered or unchanged. */
bool cw_register_all_well(const struct cw_register_totals *totals);

#endif
