/* walk.h - from the paths that were typed to the list of files to look at.
 *
 * Whether a file is a picture is decided later, by its bytes. Inside a folder, names that
 * begin with a dot, symbolic links and everything that is no regular file are left out;
 * what the user named himself is always taken. */
#ifndef CW_CLI_WALK_H
#define CW_CLI_WALK_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define CW_WALK_MAX_FILES ((size_t)5000000)
#define CW_WALK_MAX_DEPTH 64

/* Files in the order of the operands, each folder sorted by the bytes of its names. */
struct cw_paths {
    char **items; /* owned */
    size_t n;
    size_t cap;
    size_t n_links; /* symbolic links left out */
};

void cw_paths_done(struct cw_paths *paths);

/* Adds what lies at and below `path`. What does not exist or cannot be listed is added as
 * it is: opening it will say why.
 *
 * path    as typed; slashes at its end are dropped
 * Errors  CW_E_TOO_LARGE over CW_WALK_MAX_FILES files or CW_WALK_MAX_DEPTH folders deep,
 *         CW_E_NO_MEMORY */
int cw_walk(const char *path, struct cw_paths *paths, struct cw_err *err) CW_CHECKED;

/* The path of `file` as seen from the folder `root`: both are made real first, but a link
 * that is the last part of `file` keeps its name.
 *
 * out     cap bytes; NUL-terminated
 * Errors  CW_E_IO one of them does not exist, CW_E_INVALID `file` is not below `root`,
 *         CW_E_TOO_LARGE */
int cw_path_below(const char *root, const char *file, char *out, size_t cap,
                  struct cw_err *err) CW_CHECKED;

#endif
