/* test_hasher.c - the set of hasher processes: with the real program, and with one that
 * misbehaves on demand. The latter is this very program, started under the other name:
 * the first letter of a "picture" says what to do with it. */
#include "hashing/hasher.h"
#include "tests/support/t_cmocka.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "hashing/hasher_protocol.h"
#include "hashing/recipe.h"
#include "tests/support/t_encode.h"

#define MS 1000000U

/* ---- the misbehaving hasher ---------------------------------------------------------
 */

static void say(const struct cw_buf *message)
{
    (void)send(CW_HASHER_FD, message->p, message->len, MSG_NOSIGNAL);
}

static void say_fingerprint(void)
{
    struct cw_fingerprint fp;
    const struct cw_hash pdq = {.b = {0x42}};
    struct cw_buf m = CW_BUF_INIT(CW_HASHER_MAX_MESSAGE);
    cw_fingerprint_from_pdq(&pdq, &fp);
    cw_hasher_put_fingerprint(&fp, &m);
    say(&m);
    cw_buf_done(&m);
}

static void misbehave(char how)
{
    static const uint8_t nonsense[CW_HASHER_MAX_MESSAGE + 100] = {1, 4, 1};
    switch (how) {
    case 'c': /* crash */
        (void)raise(SIGKILL);
        break;
    case 'p': /* out of CPU time */
        (void)raise(SIGPROF);
        break;
    case 's': /* stall */
        (void)pause();
        break;
    case 'n': /* nonsense */
        (void)send(CW_HASHER_FD, nonsense, 50, MSG_NOSIGNAL);
        break;
    case 'b': /* a big answer */
        (void)send(CW_HASHER_FD, nonsense, sizeof nonsense, MSG_NOSIGNAL);
        break;
    case 'd': /* answer, then die */
        say_fingerprint();
        _exit(3);
    case 't': /* answer twice */
        say_fingerprint();
        say_fingerprint();
        break;
    default:
        say_fingerprint();
    }
}

static int be_a_bad_hasher(void)
{
    uint8_t message[64];
    struct cw_buf ready = CW_BUF_INIT(16);
    (void)recv(CW_HASHER_FD, message, sizeof message, 0);
    cw_hasher_put_ready(&ready);
    say(&ready);
    for (;;) {
        union {
            struct cmsghdr align;
            char bytes[CMSG_SPACE(sizeof(int))];
        } control;
        struct iovec iov = {message, sizeof message};
        struct msghdr msg = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
        int fd = -1;
        char how = 0;
        if (recvmsg(CW_HASHER_FD, &msg, 0) <= 0) {
            return 0;
        }
        const struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
        if (cmsg == NULL) {
            return 1;
        }
        memcpy(&fd, CMSG_DATA(cmsg), sizeof fd);
        (void)!pread(fd, &how, 1, 0);
        (void)close(fd);
        misbehave(how);
    }
}

/* ---- helpers ------------------------------------------------------------------------
 */

static char real_program[4096];

static struct cw_hasher *open_with(const char *program, unsigned n_processes)
{
    struct cw_hasher_options options = CW_HASHER_DEFAULTS;
    struct cw_hasher *h = NULL;
    options.program = program;
    options.n_processes = n_processes;
    options.deadline_ms = 400;
    options.recycle_after = 20;
    assert_int_equal(cw_hasher_open(&options, &h, NULL), 0);
    return h;
}

static struct cw_hasher *open_bad(unsigned n_processes)
{
    return open_with("/proc/self/exe", n_processes);
}

static int run(struct cw_hasher *h, const char *picture)
{
    struct cw_fingerprint fp = {0};
    const int rc = cw_hasher_run(h, cw_bytes_str(picture), CW_STRICT, &fp, NULL);
    if (rc == 0) {
        assert_int_equal(fp.views[0].hash.b[0], 0x42);
        assert_true(fp.has_sha256);
    }
    cw_fingerprint_done(&fp);
    return rc;
}

/* ---- tests --------------------------------------------------------------------------
 */

static void a_process_that_fails_costs_one_picture(void **state)
{
    (void)state;
    static const struct {
        const char *picture;
        int rc;
    } CASES[] = {{"crash", CW_E_INTERNAL},
                 {"profile", CW_E_TIMEOUT},
                 {"stall", CW_E_TIMEOUT},
                 {"nonsense", CW_E_INTERNAL},
                 {"big", CW_E_INTERNAL}};
    struct cw_hasher *h = open_bad(1);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_int_equal(run(h, CASES[i].picture), CASES[i].rc);
        assert_int_equal(run(h, "ok"), 0);
    }
    struct cw_hasher_stats stats;
    cw_hasher_get_stats(h, &stats);
    assert_int_equal(stats.pictures, 10);
    assert_int_equal(stats.crashes, 3);
    assert_int_equal(stats.timeouts, 2);
    assert_int_equal(stats.restarts, 5);
    cw_hasher_close(h);
}

static void a_stall_ends_at_the_deadline(void **state)
{
    (void)state;
    struct cw_hasher *h = open_bad(1);
    const uint64_t start = cw_mono_ns();
    assert_int_equal(run(h, "stall"), CW_E_TIMEOUT);
    const uint64_t took_ms = (cw_mono_ns() - start) / MS;
    assert_true(took_ms >= 390 && took_ms < 3000);
    cw_hasher_close(h);
}

/* Dying or talking between two pictures must not hurt the second. */
static void a_process_that_fails_while_idle_is_replaced(void **state)
{
    (void)state;
    struct cw_hasher *h = open_bad(1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(run(h, "die"), 0);
        (void)usleep(20000); /* time to be dead; without it the test only tests less */
        assert_int_equal(run(h, "twice"), 0);
        assert_int_equal(run(h, "ok"), 0);
    }
    cw_hasher_close(h);
}

static void processes_are_recycled_without_a_failure(void **state)
{
    (void)state;
    struct cw_hasher *h = open_bad(1);
    struct cw_hasher_stats stats = {0};
    const uint64_t give_up = cw_mono_ns() + (uint64_t)20000 * MS;
    while (stats.restarts < 2 && cw_mono_ns() < give_up) {
        assert_int_equal(run(h, "ok"), 0);
        cw_hasher_get_stats(h, &stats);
    }
    assert_int_equal(stats.restarts, 2);
    assert_int_equal(stats.crashes + stats.timeouts, 0);
    cw_hasher_close(h);
}

struct thread {
    struct cw_hasher *h;
    unsigned n_right;
};

static void *work(void *arg)
{
    static const char *const PICTURES[] = {"ok", "crash", "ok", "nonsense", "ok"};
    struct thread *t = arg;
    for (unsigned i = 0; i < 40; i++) {
        const char *picture = PICTURES[i % 5];
        struct cw_fingerprint fp = {0};
        const int rc = cw_hasher_run(t->h, cw_bytes_str(picture), CW_STRICT, &fp, NULL);
        t->n_right += rc == (picture[0] == 'c' || picture[0] == 'n' ? CW_E_INTERNAL : 0);
        cw_fingerprint_done(&fp);
    }
    return NULL;
}

static void four_threads_share_two_processes(void **state)
{
    (void)state;
    struct cw_hasher *h = open_bad(2);
    struct thread threads[4];
    pthread_t ids[4];
    for (int i = 0; i < 4; i++) {
        threads[i] = (struct thread){.h = h};
        assert_int_equal(pthread_create(&ids[i], NULL, work, &threads[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(ids[i], NULL), 0);
        assert_int_equal(threads[i].n_right, 40);
    }
    cw_hasher_close(h);
}

static void a_program_that_cannot_start_is_an_error(void **state)
{
    (void)state;
    struct cw_hasher_options options = CW_HASHER_DEFAULTS;
    struct cw_hasher *h = NULL;
    assert_int_equal(cw_hasher_open(&options, &h, NULL), CW_E_INVALID);
    options.program = "/nonexistent/celwatch-hasher";
    assert_int_equal(cw_hasher_open(&options, &h, NULL), CW_E_IO);
    options.program = "/bin/true";
    assert_int_equal(cw_hasher_open(&options, &h, NULL), CW_E_IO);
    assert_null(h);
}

static void size_is_judged_before_anything_is_copied(void **state)
{
    (void)state;
    struct cw_hasher *h = open_bad(1);
    static uint8_t byte;
    struct cw_fingerprint fp;
    assert_int_equal(cw_hasher_run(h, cw_bytes_of(&byte, 0), CW_STRICT, &fp, NULL),
                     CW_E_INVALID);
    assert_int_equal(
        cw_hasher_run(h, cw_bytes_of(&byte, (size_t)CW_HASHER_DEFAULTS.max_bytes + 1),
                      CW_STRICT, &fp, NULL),
        CW_E_TOO_LARGE);
    cw_hasher_close(h);
}

static void the_program_gives_the_hash_of_the_recipe(void **state)
{
    (void)state;
    static const char *const SUFFIXES[] = {".jpg", ".png", ".webp", ".gif", ".tif"};
    const struct cw_decode_limits limits = {100000000, (uint64_t)320 << 20};
    struct t_image p = t_image_draw(9, 900, 600);
    CW_AUTO(cw_recipe_free) struct cw_recipe *recipe = NULL;
    assert_int_equal(cw_decode_init(NULL), 0);
    assert_int_equal(cw_recipe_new(&limits, &recipe, NULL), 0);
    struct cw_hasher *h = open_with(real_program, 2);
    for (size_t i = 0; i < sizeof SUFFIXES / sizeof SUFFIXES[0]; i++) {
        CW_AUTO(cw_fingerprint_done) struct cw_fingerprint here = {0};
        CW_AUTO(cw_fingerprint_done) struct cw_fingerprint there = {0};
        uint8_t sha256[32];
        CW_AUTO(cw_buf_done) struct cw_buf file = t_encode(&p, T_RGB, SUFFIXES[i], 0);
        assert_int_equal(
            cw_recipe_run(recipe, cw_buf_view(&file), CW_STRICT, &here, NULL), 0);
        assert_int_equal(cw_hasher_run(h, cw_buf_view(&file), CW_STRICT, &there, NULL),
                         0);
        cw_sha256(cw_buf_view(&file), sha256);
        assert_memory_equal(there.sha256, sha256, sizeof sha256);
        assert_memory_equal(here.views, there.views, sizeof here.views);
        assert_true(here.n_local > 0 && here.n_local == there.n_local);
        assert_memory_equal(here.local, there.local, here.n_local * sizeof *here.local);
        assert_string_equal(here.library, there.library);
        assert_int_equal(here.width, there.width);
    }
    cw_hasher_close(h);
    t_image_done(&p);
}

static void the_program_refuses_as_the_recipe_does(void **state)
{
    (void)state;
    struct cw_hasher *h = open_with(real_program, 1);
    struct cw_fingerprint fp;
    struct cw_err err = {0};
    const int rc = cw_hasher_run(h, cw_bytes_str("no picture"), CW_LENIENT, &fp, &err);
    assert_int_equal(rc, CW_E_UNSUPPORTED);
    assert_string_equal(err.text, "not a picture format we read");
    struct cw_hasher_stats stats;
    cw_hasher_get_stats(h, &stats);
    assert_int_equal(stats.refused, 1);
    assert_int_equal(stats.restarts, 0);
    cw_hasher_close(h);
}

/* CELWATCH_HASHER, or celwatch-hasher of the build this test belongs to. */
static void find_program(void)
{
    const char *given = getenv("CELWATCH_HASHER");
    const char *build = getenv("CELWATCH_BUILD");
    if (given != NULL) {
        (void)snprintf(real_program, sizeof real_program, "%s", given);
    } else {
        (void)snprintf(real_program, sizeof real_program, "%s/celwatch-hasher",
                       build != NULL ? build : "build/release");
    }
}

int main(int argc, char **argv)
{
    if (argc > 0 && strcmp(argv[0], "celwatch-hasher") == 0) {
        return be_a_bad_hasher();
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_that_fails_costs_one_picture),
        cmocka_unit_test(a_stall_ends_at_the_deadline),
        cmocka_unit_test(a_process_that_fails_while_idle_is_replaced),
        cmocka_unit_test(processes_are_recycled_without_a_failure),
        cmocka_unit_test(four_threads_share_two_processes),
        cmocka_unit_test(a_program_that_cannot_start_is_an_error),
        cmocka_unit_test(size_is_judged_before_anything_is_copied),
        cmocka_unit_test(the_program_gives_the_hash_of_the_recipe),
        cmocka_unit_test(the_program_refuses_as_the_recipe_does),
    };
    find_program();
    t_encode_init();
    return cw_crypto_init(NULL) != 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
