#include "tests/support/t_server.h"

#include "base/crypto.h"
#include "base/json_write.h"
#include "base/num.h"
#include "tests/support/t_http.h"
#include "tests/support/t_json.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* Generous: sanitizer builds on a busy machine are ten times slower. */
#define START_S 60
#define STOP_S 60
#define STDERR_MAX ((size_t)4 << 20)

static void path_in(const struct t_server *s, const char *name, char out[T_PATH_CAP])
{
    assert_in_range(snprintf(out, T_PATH_CAP, "%s/%s", s->dir, name), 1, T_PATH_CAP - 1);
}

static void expect_clean_stderr(const struct t_server *s)
{
    char path[T_PATH_CAP];
    path_in(s, "stderr", path);
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(STDERR_MAX);
    t_read_file(path, &text);
    t_expect_no_sanitizer_report(cw_buf_str(&text));
}

static void expect_exit_0(const struct t_server *s, int status, const char *what)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return;
    }
    char path[T_PATH_CAP];
    path_in(s, "stderr", path);
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(STDERR_MAX);
    t_read_file(path, &text);
    fail_msg("%s ended with status 0x%x:\n%s", what, (unsigned)status, cw_buf_str(&text));
}

int t_server_command(const struct t_server *s, const char *command, const char *file,
                     struct cw_buf *out)
{
    char program[T_PATH_CAP];
    char store[T_PATH_CAP];
    char errors[T_PATH_CAP];
    t_program("celwatchd", program);
    path_in(s, "store", store);
    path_in(s, "command", errors);
    t_write_file(errors, cw_bytes_str(""));
    const char *const argv[] = {program, command, "--data", store, file, NULL};
    const char *const serve[] = {program,    "--data",      store,
                                 "--listen", "127.0.0.1:0", NULL};
    struct t_process p = t_process_start(
        &(struct t_spawn){.argv = command != NULL ? argv : serve, .stderr_path = errors});
    t_process_read_all(&p, STOP_S, out);
    const int status = t_process_wait(&p, STOP_S);
    t_read_file(errors, out);
    t_expect_no_sanitizer_report(cw_buf_str(out));
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static struct t_server *new_server(const char *config)
{
    char path[T_PATH_CAP];
    struct t_server *s = calloc(1, sizeof *s);
    assert_non_null(s);
    t_make_folder(s->dir);
    path_in(s, "celwatch.conf", path);
    t_write_file(path, cw_bytes_str(config != NULL ? config : "# defaults\n"));
    return s;
}

struct t_server *t_server_restored(const struct t_server *s, const char *file)
{
    CW_AUTO(cw_buf_done) struct cw_buf said = CW_BUF_INIT(65536);
    struct t_server *again = new_server(NULL);
    memcpy(again->admin_key, s->admin_key, sizeof again->admin_key);
    if (t_server_command(again, "restore", file, &said) != 0) {
        fail_msg("celwatchd restore: %s", cw_buf_str(&said));
    }
    t_server_start(again);
    return again;
}

static void init_store(struct t_server *s)
{
    char program[T_PATH_CAP];
    char store[T_PATH_CAP];
    char errors[T_PATH_CAP];
    t_program("celwatchd", program);
    path_in(s, "store", store);
    path_in(s, "stderr", errors);
    const char *const argv[] = {program, "init", "--data", store, NULL};
    struct t_process p =
        t_process_start(&(struct t_spawn){.argv = argv, .stderr_path = errors});
    bool printed = t_process_read_line(&p, START_S, s->admin_key, sizeof s->admin_key);
    expect_exit_0(s, t_process_wait(&p, START_S), "celwatchd init");
    assert_true(printed);
}

struct t_server *t_server_new(const char *config)
{
    cw_json_init();
    assert_int_equal(cw_crypto_init(NULL), 0);
    struct t_server *s = new_server(config);
    init_store(s);
    t_server_start(s);
    return s;
}

void t_server_start(struct t_server *s)
{
    char program[T_PATH_CAP];
    char store[T_PATH_CAP];
    char config[T_PATH_CAP];
    char errors[T_PATH_CAP];
    t_program("celwatchd", program);
    path_in(s, "store", store);
    path_in(s, "celwatch.conf", config);
    path_in(s, "stderr", errors);
    const char *const argv[] = {program,       "--data",   store,  "--listen",
                                "127.0.0.1:0", "--config", config, NULL};
    s->process = t_process_start(&(struct t_spawn){.argv = argv, .stderr_path = errors});
    static const char READY[] = "listening on ";
    char line[128];
    if (!t_process_read_line(&s->process, START_S, line, sizeof line)) {
        int status = t_process_wait(&s->process, STOP_S);
        expect_exit_0(s, status, "celwatchd");
        fail_msg("celwatchd ended before it was listening");
    }
    assert_int_equal(strncmp(line, READY, sizeof READY - 1), 0);
    const char *url = line + sizeof READY - 1;
    assert_in_range(snprintf(s->url, sizeof s->url, "%s", url), 1, sizeof s->url - 1);
    const char *port = strrchr(url, ':');
    assert_non_null(port);
    uint64_t n = 0;
    assert_int_equal(
        cw_parse_u64(cw_bytes_str(port + 1), 1, UINT16_MAX, "port", &n, NULL), 0);
    s->port = (uint16_t)n;
}

void t_server_begin_stop(struct t_server *s)
{
    assert_int_equal(kill(s->process.pid, SIGTERM), 0);
}

void t_server_end_stop(struct t_server *s)
{
    expect_exit_0(s, t_process_wait(&s->process, STOP_S), "celwatchd");
    expect_clean_stderr(s);
}

void t_server_stop(struct t_server *s)
{
    t_server_begin_stop(s);
    t_server_end_stop(s);
}

void t_server_kill(struct t_server *s)
{
    assert_int_equal(kill(s->process.pid, SIGKILL), 0);
    int status = t_process_wait(&s->process, STOP_S);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    expect_clean_stderr(s);
}

void t_server_free(struct t_server *s)
{
    if (s == NULL) {
        return;
    }
    if (s->process.pid != 0) {
        t_server_stop(s);
    }
    t_remove_tree(s->dir);
    free(s);
}

void t_server_add_key(const struct t_server *s, const char *role, const char *studio,
                      const char *disclosure, char out[T_KEY_CAP])
{
    CW_AUTO(cw_buf_done) struct cw_buf body = CW_BUF_INIT(1024);
    struct cw_jw w = cw_jw_of(&body);
    cw_jw_begin_object(&w);
    cw_jw_kstr(&w, "role", role);
    if (studio != NULL) {
        cw_jw_kstr(&w, "studio", studio);
    }
    if (disclosure != NULL) {
        cw_jw_kstr(&w, "disclosure", disclosure);
    }
    cw_jw_end_object(&w);
    CW_AUTO(t_reply_done)
    struct t_reply r = t_post_json(s, s->admin_key, "/v1/keys", cw_buf_str(&body));
    t_expect_status(&r, 201);
    t_json_copy_text(r.json, "/key", out, T_KEY_CAP);
}

/* True if /proc/PID/stat names a celwatch-hasher whose parent is that process. */
static bool is_hasher_of(pid_t parent, const char *pid)
{
    char path[300];
    (void)snprintf(path, sizeof path, "/proc/%s/stat", pid);
    CW_AUTO(cw_buf_done) struct cw_buf stat = CW_BUF_INIT(4096);
    t_read_file(path, &stat);
    const char *name_end = strrchr(cw_buf_str(&stat), ')');
    if (name_end == NULL || strstr(cw_buf_str(&stat), "(celwatch-hasher") == NULL) {
        return false;
    }
    /* ") S 1234 ...": the state, then the parent. */
    const char *digits = name_end + 4;
    uint64_t n = 0;
    struct cw_bytes text = cw_bytes_of(digits, strspn(digits, "0123456789"));
    return cw_parse_u64(text, 1, INT32_MAX, "pid", &n, NULL) == 0 && (pid_t)n == parent;
}

size_t t_server_hashers(const struct t_server *s, pid_t *out, size_t cap)
{
    size_t n = 0;
    DIR *proc = opendir("/proc");
    assert_non_null(proc);
    for (struct dirent *entry; n < cap && (entry = readdir(proc)) != NULL;) {
        uint64_t pid = 0;
        struct cw_bytes name = cw_bytes_str(entry->d_name);
        if (cw_parse_u64(name, 1, INT32_MAX, "pid", &pid, NULL) == 0 &&
            is_hasher_of(s->process.pid, entry->d_name)) {
            out[n++] = (pid_t)pid;
        }
    }
    (void)closedir(proc);
    return n;
}

int t_server_group_setup(void **state)
{
    *state = t_server_new(NULL);
    return 0;
}

int t_server_group_teardown(void **state)
{
    t_server_free(*state);
    return 0;
}
