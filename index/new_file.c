#include "index/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cw_new_file_begin(struct cw_new_file *out, const char *path, struct cw_err *err)
{
    out->path = path;
    out->part = CW_BUF_INIT(PATH_MAX);
    cw_buf_printf(&out->part, "%s.part", path);
    CW_TRY(cw_buf_check(&out->part, "file name", err));
    if (access(path, F_OK) == 0) {
        return cw_fail(err, CW_E_EXISTS, "the file is already there");
    }
    out->fd =
        open(cw_buf_str(&out->part), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return out->fd >= 0 ? 0
                        : cw_fail(err, CW_E_IO, "cannot create a file: error %d", errno);
}

int cw_new_file_finish(struct cw_new_file *f, struct cw_err *err)
{
    if (fsync(f->fd) != 0) {
        return cw_fail(err, CW_E_IO, "cannot sync a new file: error %d", errno);
    }
    if (link(cw_buf_str(&f->part), f->path) !=
        0) { /* unlike rename, it does not replace */
        return cw_fail(err, errno == EEXIST ? CW_E_EXISTS : CW_E_IO,
                       "cannot name a new file: error %d", errno);
    }
    return cw_sync_parent(f->path, err);
}

void cw_new_file_done(struct cw_new_file *f)
{
    if (f->fd >= 0) {
        close(f->fd);
        unlink(cw_buf_str(&f->part)); /* a finished file has its other name by now */
        f->fd = -1;
    }
    cw_buf_done(&f->part);
}

int cw_sync_parent(const char *path, struct cw_err *err)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    const int fd = dir == NULL ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int rc = fd < 0 ? -1 : fsync(fd);
    free(dir);
    if (fd >= 0) {
        close(fd);
    }
    return rc == 0 ? 0 : cw_fail(err, CW_E_IO, "cannot sync the folder of a new file");
}
