/* new_file.h - making a file that is there whole and durable, or not at all. */
#ifndef CW_INDEX_NEW_FILE_H
#define CW_INDEX_NEW_FILE_H

#include "base/bytes.h"

/* A file being written beside its final name. */
struct cw_new_file {
    int fd;             /* to write to */
    const char *path;   /* borrowed until done */
    struct cw_buf part; /* the name it has until finished */
};
#define CW_NEW_FILE_INIT ((struct cw_new_file){.fd = -1})

/* Begins a file of mode 0600; `path` must not exist.
 *
 * out     from CW_NEW_FILE_INIT; ended by cw_new_file_done in any case
 * Errors  CW_E_EXISTS, CW_E_IO */
int cw_new_file_begin(struct cw_new_file *out, const char *path,
                      struct cw_err *err) CW_CHECKED;
/* Makes it durable and gives it its name. Errors CW_E_EXISTS somebody was faster, CW_E_IO
 */
int cw_new_file_finish(struct cw_new_file *f, struct cw_err *err) CW_CHECKED;
/* Closes it; an unfinished one is removed. */
void cw_new_file_done(struct cw_new_file *f);

/* Makes the names in the directory that holds `path` durable. */
int cw_sync_parent(const char *path, struct cw_err *err) CW_CHECKED;

#endif
