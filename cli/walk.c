#include "cli/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"

void cw_paths_done(struct cw_paths *paths)
{
    for (size_t i = 0; i < paths->n; i++) {
        free(paths->items[i]);
    }
    free(paths->items);
    *paths = (struct cw_paths){0};
}

/* Takes `item`, even on failure. */
static int append(struct cw_paths *paths, char *item, struct cw_err *err)
{
    if (item == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for the list of files");
    }
    if (paths->n == CW_WALK_MAX_FILES) {
        free(item);
        return cw_fail(err, CW_E_TOO_LARGE,
                       "more than %zu files; name a smaller folder at a time",
                       CW_WALK_MAX_FILES);
    }
    if (paths->n == paths->cap) {
        const size_t cap = paths->cap == 0 ? 64 : paths->cap * 2;
        char **items = realloc(paths->items, cap * sizeof *items);
        if (items == NULL) {
            free(item);
            return cw_fail(err, CW_E_NO_MEMORY, "out of memory for the list of files");
        }
        paths->items = items;
        paths->cap = cap;
    }
    paths->items[paths->n++] = item;
    return 0;
}

static char *join(const char *folder, const char *name)
{
    char *path = NULL;
    const char *slash = strcmp(folder, "/") == 0 ? "" : "/";
    return asprintf(&path, "%s%s%s", folder, slash, name) < 0 ? NULL : path;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The visible names in a folder, sorted. Takes `fd`. */
static int list_names(int fd, struct cw_paths *names, struct cw_err *err)
{
    int rc = 0;
    const struct dirent *entry;
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        (void)close(fd);
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for the list of files");
    }
    while (rc == 0 && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            rc = append(names, strdup(entry->d_name), err);
        }
    }
    (void)closedir(dir);
    if (rc == 0 && names->n > 0) {
        qsort(names->items, names->n, sizeof *names->items, by_bytes);
    }
    return rc;
}

static int walk_folder(int fd, const char *path, int depth, struct cw_paths *paths,
                       struct cw_err *err);

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static void free_text(char **text)
{
    free(*text);
}

/* One name in the folder `fd`, whose path is `folder`. */
static int walk_name(int fd, const char *folder, const char *name, int depth,
                     struct cw_paths *paths, struct cw_err *err)
{
    struct stat st;
    CW_AUTO(free_text) char *path = join(folder, name);
    if (path == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for the list of files");
    }
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? 0 : append(paths, strdup(path), err);
    }
    if (S_ISDIR(st.st_mode)) {
        const int sub = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return sub < 0 ? append(paths, strdup(path), err)
                       : walk_folder(sub, path, depth + 1, paths, err);
    }
    if (S_ISREG(st.st_mode)) {
        return append(paths, strdup(path), err);
    }
    paths->n_links += S_ISLNK(st.st_mode) ? 1 : 0;
    return 0;
}

/* Takes `fd`: the listing works on a copy, because fdopendir closes what it is given. */
static int walk_folder(int fd, const char *path, int depth, struct cw_paths *paths,
                       struct cw_err *err)
{
    CW_AUTO(close_fd) int here = fd;
    CW_AUTO(cw_paths_done) struct cw_paths names = {0};
    if (depth > CW_WALK_MAX_DEPTH) {
        return cw_fail(err, CW_E_TOO_LARGE, "folders are nested deeper than %d at %.120s",
                       CW_WALK_MAX_DEPTH, path);
    }
    const int copy = fcntl(here, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        return cw_fail(err, CW_E_IO, "%s: %s", path, strerrordesc_np(errno));
    }
    CW_TRY(list_names(copy, &names, err));
    for (size_t i = 0; i < names.n; i++) {
        CW_TRY(walk_name(here, path, names.items[i], depth, paths, err));
    }
    return 0;
}

int cw_walk(const char *path, struct cw_paths *paths, struct cw_err *err)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    CW_AUTO(free_text) char *clean = strndup(path, len);
    if (clean == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for the list of files");
    }
    const int fd = open(clean, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return append(paths, strdup(clean), err);
    }
    return walk_folder(fd, clean, 0, paths, err);
}

/* The real path of the folder that holds `file`, a slash, and the last part of `file`. */
static int real_file(const char *file, char out[PATH_MAX], struct cw_err *err)
{
    char real[PATH_MAX];
    const char *slash = strrchr(file, '/');
    const char *name = slash == NULL ? file : slash + 1;
    CW_AUTO(free_text) char *folder = NULL;
    if (slash == NULL) {
        folder = strdup(".");
    } else {
        folder = slash == file ? strdup("/") : strndup(file, (size_t)(slash - file));
    }
    if (folder == NULL || realpath(folder, real) == NULL) {
        return cw_fail(err, CW_E_IO, "%s", strerrordesc_np(errno));
    }
    const int n =
        snprintf(out, PATH_MAX, "%s/%s", strcmp(real, "/") == 0 ? "" : real, name);
    if (n < 0 || n >= PATH_MAX) {
        return cw_fail(err, CW_E_TOO_LARGE, "the path is too long");
    }
    return 0;
}

int cw_path_below(const char *root, const char *file, char *out, size_t cap,
                  struct cw_err *err)
{
    char real_root[PATH_MAX];
    char real[PATH_MAX];
    if (realpath(root, real_root) == NULL) {
        return cw_fail(err, CW_E_IO, "%.120s: %s", root, strerrordesc_np(errno));
    }
    CW_TRY(real_file(file, real, err));
    const size_t len = strcmp(real_root, "/") == 0 ? 0 : strlen(real_root);
    if (strncmp(real, real_root, len) != 0 || real[len] != '/') {
        return cw_fail(err, CW_E_INVALID, "it does not lie below --root %.120s", root);
    }
    return cw_copy_text(out, cap, cw_bytes_str(real + len + 1), "the path", err);
}
