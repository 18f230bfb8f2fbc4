#include "tests/support/t_process.h"

#include "base/clock.h"
#include "tests/support/t_cmocka.h"
#include "tests/support/t_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ENV 512

extern char **environ;

void t_program(const char *name, char out[T_PATH_CAP])
{
    const char *build = getenv("CELWATCH_BUILD");
    if (build == NULL) {
        fail_msg("CELWATCH_BUILD is not set: start tests by tests/run.sh");
        return;
    }
    assert_in_range(snprintf(out, T_PATH_CAP, "%s/%s", build, name), 1, T_PATH_CAP - 1);
}

/* Our environment with `extra` in front, where a lookup finds it first. */
static void merge_env(const char *const *extra, char *out[MAX_ENV])
{
    size_t n = 0;
    for (size_t i = 0; extra != NULL && extra[i] != NULL; i++) {
        assert_true(n < MAX_ENV - 1);
        out[n++] = (char *)(uintptr_t)extra[i];
    }
    for (size_t i = 0; environ[i] != NULL; i++) {
        assert_true(n < MAX_ENV - 1);
        out[n++] = environ[i];
    }
    out[n] = NULL;
}

struct t_process t_process_start(const struct t_spawn *spawn)
{
    int out[2];
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
                                                      O_RDONLY, 0),
                     0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO),
                     0);
    assert_int_equal(
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, spawn->stderr_path,
                                         O_WRONLY | O_CREAT | O_APPEND, 0600),
        0);
    char *env[MAX_ENV];
    merge_env(spawn->env, env);
    struct t_process p = {.out_fd = out[0]};
    int rc = posix_spawn(&p.pid, spawn->argv[0], &actions, NULL,
                         (char *const *)(uintptr_t)spawn->argv, env);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(out[1]);
    if (rc != 0) {
        fail_msg("cannot start %s: error %d", spawn->argv[0], rc);
    }
    return p;
}

static int ms_left(uint64_t deadline_ns)
{
    uint64_t now = cw_mono_ns();
    return now >= deadline_ns ? 0 : (int)((deadline_ns - now) / 1000000 + 1);
}

static uint64_t deadline_in(int seconds)
{
    return cw_mono_ns() + (uint64_t)seconds * 1000000000U;
}

int t_process_wait(struct t_process *p, int seconds)
{
    int fd = pidfd_open(p->pid, 0);
    assert_true(fd >= 0);
    uint64_t deadline = deadline_in(seconds);
    struct pollfd end = {.fd = fd, .events = POLLIN};
    int rc = 0;
    while ((rc = poll(&end, 1, ms_left(deadline))) < 0 && errno == EINTR) {
    }
    (void)close(fd);
    if (rc == 0) {
        (void)kill(p->pid, SIGKILL);
    }
    int status = 0;
    assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
    (void)close(p->out_fd);
    p->pid = 0;
    p->out_fd = -1;
    if (rc == 0) {
        fail_msg("a program did not end within %d s", seconds);
    }
    return status;
}

/* One read of its output: the number of bytes, 0 at the end. */
static size_t read_some(struct t_process *p, uint64_t deadline, void *out, size_t cap)
{
    struct pollfd ready = {.fd = p->out_fd, .events = POLLIN};
    int rc = poll(&ready, 1, ms_left(deadline));
    if (rc == 0) {
        fail_msg("a program printed nothing for too long");
    }
    ssize_t n = read(p->out_fd, out, cap);
    assert_true(n >= 0);
    return (size_t)n;
}

bool t_process_read_line(struct t_process *p, int seconds, char *out, size_t cap)
{
    uint64_t deadline = deadline_in(seconds);
    for (size_t n = 0; n < cap; n++) {
        if (read_some(p, deadline, &out[n], 1) == 0) {
            return false;
        }
        if (out[n] == '\n') {
            out[n] = '\0';
            return true;
        }
    }
    fail_msg("a line of output is longer than %zu bytes", cap);
    return false;
}

void t_process_read_all(struct t_process *p, int seconds, struct cw_buf *out)
{
    uint64_t deadline = deadline_in(seconds);
    char piece[4096];
    for (size_t n = 0; (n = read_some(p, deadline, piece, sizeof piece)) > 0;) {
        cw_buf_add(out, piece, n);
    }
    assert_false(out->failed);
}

void t_read_file(const char *path, struct cw_buf *out)
{
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        assert_int_equal(errno, ENOENT);
        return;
    }
    char piece[4096];
    for (size_t n = 0; (n = fread(piece, 1, sizeof piece, f)) > 0;) {
        cw_buf_add(out, piece, n);
    }
    (void)fclose(f);
    assert_false(out->failed);
}

void t_write_file(const char *path, struct cw_bytes content)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(content.p, 1, content.len, f), content.len);
    assert_int_equal(fclose(f), 0);
}

void t_make_folder(char out[T_PATH_CAP])
{
    const char *tmp = getenv("TMPDIR");
    int n = snprintf(out, T_PATH_CAP, "%s/celwatch-test-XXXXXX", tmp ? tmp : "/tmp");
    assert_in_range(n, 1, T_PATH_CAP - 1);
    assert_non_null(mkdtemp(out));
}

void t_remove_tree(const char *path)
{
    assert_int_equal(t_folder_remove(path), 0);
}

void t_expect_no_sanitizer_report(const char *text)
{
    static const char *const SIGNS[] = {"Sanitizer", "runtime error:"};
    for (size_t i = 0; i < sizeof SIGNS / sizeof *SIGNS; i++) {
        if (strstr(text, SIGNS[i]) != NULL) {
            fail_msg("a program printed a sanitizer report:\n%s", text);
        }
    }
}
