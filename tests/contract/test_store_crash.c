/* test_store_crash.c - kill -9 while it writes: nothing acknowledged is lost.
 *
 * The parent starts this program again as `test_store_crash --write DIR FROM`, which
 * registers assets FROM, FROM+1, ... on four threads and writes each number to its
 * standard output once the store has acknowledged it. The parent kills it at a random
 * moment, opens the store, and finds all of them. CELWATCH_KILLS says how often (10); a
 * store lives through a hundred of them. */
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/num.h"
#include "tests/contract/store_fixture.h"

#define N_WRITERS 4
#define MAX_ASSETS 100000
#define KILLS_A_STORE 100 /* all of a store is looked at after each */

static const char *program; /* argv[0] */

static int parse_number(const char *text, uint64_t *out)
{
    return cw_parse_u64(cw_bytes_str(text), 0, MAX_ASSETS, "number", out, NULL);
}

/* ---- the child -------------------------------------------------------------------- */

struct writer {
    struct fixture *x;
    uint32_t next;
};

static cw_asset_no register_number(struct fixture *x, uint32_t n)
{
    char id[16];
    (void)snprintf(id, sizeof id, "%u", n);
    struct cw_registration item = fix_item(x->studio, "c", id, (uint8_t)n);
    return fix_register(x->s, &item).no;
}

static void *write_for_ever(void *arg)
{
    struct writer *w = arg;
    for (;; w->next += N_WRITERS) {
        const cw_asset_no no = register_number(w->x, w->next);
        (void)fix_sight(w->x, w->next % 2 ? "odd" : "even", (uint8_t)w->next, &no, 1);
        if (write(STDOUT_FILENO, &w->next, sizeof w->next) != (ssize_t)sizeof w->next) {
            _exit(1);
        }
    }
    return NULL;
}

static int child_main(const char *dir, const char *from)
{
    struct fixture x = {0};
    struct writer writers[N_WRITERS];
    pthread_t threads[N_WRITERS];
    uint64_t first;
    (void)snprintf(x.url, sizeof x.url, "lmdb:%s", dir);
    x.s = fix_open_url(x.url);
    if (cw_store_studio(x.s, "acme", true, &x.studio, NULL) != 0 ||
        parse_number(from, &first) != 0) {
        return 1;
    }
    for (uint32_t i = 0; i < N_WRITERS; i++) {
        writers[i] = (struct writer){.x = &x, .next = (uint32_t)first + i};
        if (pthread_create(&threads[i], NULL, write_for_ever, &writers[i]) != 0) {
            return 1;
        }
    }
    pthread_join(threads[0], NULL);
    return 1; /* only reached if the parent does not kill it */
}

/* ---- the parent ------------------------------------------------------------------- */

static pid_t spawn_child(const char *dir, uint32_t from, int *out_fd)
{
    extern char **environ;
    posix_spawn_file_actions_t actions;
    char number[16];
    int ends[2];
    pid_t pid = -1;
    (void)snprintf(number, sizeof number, "%u", from);
    assert_int_equal(pipe(ends), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    char *const argv[] = {strdup(program), strdup("--write"), strdup(dir), number, NULL};
    assert_int_equal(posix_spawn(&pid, "/proc/self/exe", &actions, NULL, argv, environ),
                     0);
    posix_spawn_file_actions_destroy(&actions);
    for (size_t i = 0; i < 3; i++) {
        free(argv[i]);
    }
    close(ends[1]);
    *out_fd = ends[0];
    return pid;
}

/* Reads acknowledged numbers; kills the child `after_us` after the first. */
static uint32_t read_until_killed(pid_t pid, int fd, unsigned after_us,
                                  bool acked[MAX_ASSETS])
{
    uint32_t n = 0, most = 0;
    uint64_t deadline = 0;
    while (read(fd, &n, sizeof n) == (ssize_t)sizeof n && n < MAX_ASSETS) {
        acked[n] = true;
        most = n > most ? n : most;
        deadline = deadline == 0 ? cw_mono_ns() + (uint64_t)after_us * 1000 : deadline;
        if (cw_mono_ns() >= deadline) {
            kill(pid, SIGKILL);
        }
    }
    close(fd);
    return most;
}

static void check_acknowledged(const char *dir, const bool acked[MAX_ASSETS])
{
    struct fixture x = {0};
    struct cw_asset a;
    struct cw_err err = {0};
    (void)snprintf(x.url, sizeof x.url, "lmdb:%s", dir);
    x.s = fix_open_url(x.url);
    fix_ok(cw_store_studio(x.s, "acme", true, &x.studio, &err), &err);
    for (uint32_t n = 0; n < MAX_ASSETS; n++) {
        char id[16];
        (void)snprintf(id, sizeof id, "%u", n);
        if (acked[n] && cw_store_get_asset(x.s, x.studio, "c", id, &a, NULL, &err) != 0) {
            fail_msg("acknowledged asset %u is lost: %s", n, err.text);
        }
    }
    fix_verify(x.s);
    cw_store_close(x.s);
}

/* Kills the writers of one store so often. */
static void kill_on_one_store(uint64_t kills)
{
    static bool acked[MAX_ASSETS];
    char dir[64];
    uint32_t next = 0;
    memset(acked, 0, sizeof acked);
    fix_temp_dir(dir);
    for (uint64_t i = 0; i < kills; i++) {
        uint32_t random;
        int fd = -1, status = 0;
        cw_random(&random, sizeof random);
        const pid_t pid = spawn_child(dir, next, &fd);
        next = read_until_killed(pid, fd, random % 100000, acked) + N_WRITERS + 1;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        check_acknowledged(dir, acked);
        assert_true(next < MAX_ASSETS / 2);
    }
    fix_remove_dir(dir);
}

static void nothing_acknowledged_is_lost(void **state)
{
    const char *asked = getenv("CELWATCH_KILLS");
    uint64_t kills = 10;
    (void)state;
    if (asked != NULL) {
        assert_int_equal(parse_number(asked, &kills), 0);
    }
    for (; kills > KILLS_A_STORE; kills -= KILLS_A_STORE) {
        kill_on_one_store(KILLS_A_STORE);
    }
    kill_on_one_store(kills);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_acknowledged_is_lost)};
    program = argv[0];
    if (cw_crypto_init(NULL) != 0) {
        return 1;
    }
    if (argc == 4 && strcmp(argv[1], "--write") == 0) {
        return child_main(argv[2], argv[3]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
