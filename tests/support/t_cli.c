#include "tests/support/t_cli.h"

#include <stdio.h>
#include <sys/wait.h>

#define MAX_ARGS 64
#define OUTPUT_MAX ((size_t)4 << 20)
#define LIMIT_S 120

static void expand(const char *program, const char *const *args,
                   const char *out[MAX_ARGS])
{
    size_t n = 0;
    out[n++] = program;
    for (size_t i = 0; args[i] != NULL; i++) {
        assert_true(n < MAX_ARGS - 1);
        out[n++] = args[i];
    }
    out[n] = NULL;
}

struct t_cli_result t_cli(const struct t_server *s, const char *key,
                          const char *const *args)
{
    char folder[T_PATH_CAP];
    char errors[T_PATH_CAP + 8];
    char program[T_PATH_CAP];
    char url[96];
    char key_env[T_KEY_CAP + 16];
    t_make_folder(folder);
    t_program("celwatch", program);
    (void)snprintf(errors, sizeof errors, "%s/stderr", folder);
    (void)snprintf(url, sizeof url, "CELWATCH_URL=%s", s != NULL ? s->url : "");
    (void)snprintf(key_env, sizeof key_env, "CELWATCH_KEY=%s", key != NULL ? key : "");
    const char *const env[] = {url, key_env, NULL};
    const char *argv[MAX_ARGS];
    expand(program, args, argv);

    struct t_cli_result r = {.out = CW_BUF_INIT(OUTPUT_MAX),
                             .err = CW_BUF_INIT(OUTPUT_MAX)};
    struct t_process p = t_process_start(
        &(struct t_spawn){.argv = argv, .env = env, .stderr_path = errors});
    t_process_read_all(&p, LIMIT_S, &r.out);
    int status = t_process_wait(&p, LIMIT_S);
    t_read_file(errors, &r.err);
    t_remove_tree(folder);
    t_expect_no_sanitizer_report(cw_buf_str(&r.err));
    if (!WIFEXITED(status)) {
        fail_msg("celwatch %s ended with status 0x%x", args[0], (unsigned)status);
    }
    r.exit_code = WEXITSTATUS(status);
    return r;
}

void t_cli_done(struct t_cli_result *r)
{
    cw_buf_done(&r->out);
    cw_buf_done(&r->err);
}

void t_expect_exit(const struct t_cli_result *r, int code)
{
    if (r->exit_code != code) {
        fail_msg("exit code %d, expected %d\n-- stdout\n%.2000s\n-- stderr\n%.2000s",
                 r->exit_code, code, cw_buf_str(&r->out), cw_buf_str(&r->err));
    }
}
