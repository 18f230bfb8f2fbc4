#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/plain_text.h"

#define COMPLAINT_MAX ((size_t)4096)

/* Set once something could not be printed. */
static bool output_lost;

int cw_exit_of(const struct cw_err *err)
{
    switch (err->code) {
    case CW_OK:
        return CW_EXIT_DONE;
    case CW_E_IO:
    case CW_E_TIMEOUT:
    case CW_E_BUSY:
        return CW_EXIT_UNREACHABLE;
    default:
        return CW_EXIT_SOME_FAILED;
    }
}

void cw_complain(const char *fmt, ...)
{
    char raw[1024];
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(raw, sizeof raw, fmt, ap) < 0) {
        raw[0] = '\0';
    }
    va_end(ap);
    CW_AUTO(cw_buf_done) struct cw_buf line = CW_BUF_INIT(COMPLAINT_MAX);
    cw_buf_add_str(&line, "celwatch: ");
    cw_add_plain(&line, cw_bytes_str(raw));
    cw_buf_add_str(&line, "\n");
    (void)fputs(cw_buf_str(&line), stderr);
}

int cw_give_up(const struct cw_err *err)
{
    cw_complain("%s", err->text);
    return cw_exit_of(err);
}

void cw_print(struct cw_buf *text)
{
    if (text->failed ||
        (text->len > 0 && fwrite(text->p, 1, text->len, stdout) != text->len)) {
        output_lost = true;
    }
    cw_buf_clear(text);
}

int cw_finish(int code)
{
    if (fflush(stdout) != 0 || output_lost) {
        cw_complain(
            "the output could not be written whole; what the service was asked to do "
            "may be done, run the same command again");
        return code == CW_EXIT_DONE ? CW_EXIT_SOME_FAILED : code;
    }
    return code;
}

static int io_error(struct cw_err *err)
{
    return cw_fail(err, CW_E_IO, "%s", strerrordesc_np(errno));
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

int cw_read_file(const char *path, struct cw_buf *out, struct cw_err *err)
{
    struct stat st;
    uint8_t part[65536];
    CW_AUTO(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0) {
        return io_error(err);
    }
    if (!S_ISREG(st.st_mode)) {
        return cw_fail(err, CW_E_UNSUPPORTED, "not a regular file");
    }
    cw_buf_clear(out);
    for (;;) {
        const ssize_t n = read(fd, part, sizeof part);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return io_error(err);
        }
        if (n == 0) {
            return cw_buf_check(out, "the file", err);
        }
        cw_buf_add(out, part, (size_t)n);
        if (out->failed) {
            return cw_buf_check(out, "the file", err);
        }
    }
}
