/* What the service answers when its store is in trouble (docs/operations.md has the
 * table), and that nothing it acknowledged is lost. */
#include "tests/support/t_api.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#define LARGE_LOCAL 500 /* descriptors: 20 KB an asset */
#define MAX_REGISTERED 3500

/* ---- registering until it is refused ----------------------------------------------- */

static struct cw_fingerprint large_fingerprint(uint64_t seed)
{
    struct cw_fingerprint fp;
    const struct cw_hash hash = t_hash(seed, 0);
    cw_fingerprint_from_pdq(&hash, &fp);
    fp.local = calloc(LARGE_LOCAL, sizeof *fp.local);
    assert_non_null(fp.local);
    fp.n_local = LARGE_LOCAL;
    for (size_t i = 0; i < fp.n_local; i++) {
        fp.local[i].bits = t_hash(seed * LARGE_LOCAL + i, 1);
    }
    return fp;
}

/* One asset of 20 KB; the status of the answer. */
static int register_large(const struct t_server *s, unsigned n)
{
    char id[T_JSON_CAP];
    CW_AUTO(cw_buf_done) struct cw_buf body = CW_BUF_INIT(1 << 20);
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = large_fingerprint(n);
    t_format(id, "large-%u", n);
    t_add_record(&body, id, 1, &fp);
    CW_AUTO(t_reply_done)
    struct t_reply r = t_post_records(s, s->admin_key, "faults", &body);
    if (r.status == 503) {
        char after[16];
        t_expect_problem(&r, 503, "busy");
        assert_true(t_reply_header(&r, "Retry-After", after, sizeof after));
    } else {
        t_expect_status(&r, 200);
        t_expect_text(r.lines[0], "/status", "registered");
    }
    return r.status;
}

/* Returns how many were acknowledged before the first refusal. */
static unsigned fill(const struct t_server *s)
{
    unsigned n = 0;
    while (register_large(s, n) == 200) {
        n++;
        assert_in_range(n, 1, MAX_REGISTERED);
    }
    assert_true(n > 0);
    return n;
}

/* All of them are there, and the newest is matched. */
static void expect_kept(const struct t_server *s, unsigned n)
{
    char hex[CW_HASH_TEXT_CAP];
    char text[T_JSON_CAP];
    for (unsigned i = 0; i < n; i++) {
        t_format(text, "/v1/collections/faults/assets/large-%u", i);
        CW_AUTO(t_reply_done) struct t_reply r = t_get(s, s->admin_key, text);
        t_expect_status(&r, 200);
    }
    t_hash_text(n - 1, 3, hex);
    t_format(text, "{\"pdq\":\"%s\"}", hex);
    CW_AUTO(t_reply_done)
    struct t_reply r = t_post_json(s, s->admin_key, "/v1/match", text);
    t_expect_status(&r, 200);
    assert_true(t_json_count(r.json, "/matches") >= 1);
}

static void expect_command(const struct t_server *s, const char *name, const char *file,
                           int status, const char *words)
{
    CW_AUTO(cw_buf_done) struct cw_buf said = CW_BUF_INIT(65536);
    const int got = t_server_command(s, name, file, &said);
    if (got != status || strstr(cw_buf_str(&said), words) == NULL) {
        fail_msg("celwatchd %s ended with %d: %s", name == NULL ? "" : name, got,
                 cw_buf_str(&said));
    }
}

static void write_config(const struct t_server *s, const char *text)
{
    char path[T_PATH_CAP + 16];
    (void)snprintf(path, sizeof path, "%s/celwatch.conf", s->dir);
    t_write_file(path, cw_bytes_str(text));
}

/* ---- the map ----------------------------------------------------------------------- */

static void the_map_grows_under_load_and_nobody_notices(void **state)
{
    struct t_server *s = t_server_new(NULL); /* begins with 64 MiB */
    (void)state;
    for (unsigned n = 0; n < MAX_REGISTERED; n += 100) {
        CW_AUTO(cw_buf_done) struct cw_buf body = CW_BUF_INIT((size_t)16 << 20);
        for (unsigned i = n; i < n + 100; i++) {
            char id[T_JSON_CAP];
            CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = large_fingerprint(i);
            t_format(id, "large-%u", i);
            t_add_record(&body, id, 1, &fp);
        }
        CW_AUTO(t_reply_done)
        struct t_reply r = t_post_records(s, s->admin_key, "faults", &body);
        t_expect_status(&r, 200);
        t_expect_text(r.lines[99], "/status", "registered");
    }
    t_server_kill(s);
    t_server_start(s);
    expect_kept(s, MAX_REGISTERED);
    t_server_free(s);
}

static void a_full_map_refuses_writes_until_it_may_be_larger(void **state)
{
    struct t_server *s = t_server_new("map_bytes = 16777216\n");
    (void)state;
    const unsigned n = fill(s);
    expect_kept(s, n);
    t_server_kill(s);
    write_config(s, "map_bytes = 33554432\n");
    t_server_start(s);
    expect_kept(s, n);
    assert_int_equal(register_large(s, n), 200);
    t_server_stop(s);
    expect_command(s, "check", NULL, 0, "0 problems");
    t_server_free(s);
}

/* ---- disks ------------------------------------------------------------------------- */

/* Whether we have mounts of our own, which nobody else sees and which end with us. */
static bool may_mount;

/* Mounts something over the folder of a stopped server's store, if that is allowed here.
 */
static bool mount_over(const struct t_server *s, const char *type, unsigned long flags,
                       const char *options)
{
    char store[T_PATH_CAP + 8];
    (void)snprintf(store, sizeof store, "%s/store", s->dir);
    return may_mount &&
           mount(type == NULL ? store : "none", store, type, flags, options) == 0;
}

static void unmount(const struct t_server *s)
{
    char store[T_PATH_CAP + 8];
    (void)snprintf(store, sizeof store, "%s/store", s->dir);
    assert_int_equal(umount2(store, MNT_DETACH), 0);
}

static void a_full_disk_refuses_writes_until_there_is_room(void **state)
{
    struct t_server *s = t_server_new(NULL);
    char file[T_PATH_CAP + 16];
    (void)state;
    (void)snprintf(file, sizeof file, "%s/backup", s->dir);
    expect_command(s, "backup", file, 0, "");
    t_server_stop(s);
    if (!mount_over(s, "tmpfs", 0, "size=12m,mode=0700")) {
        t_server_free(s);
        skip();
    }
    expect_command(s, "restore", file, 0, "0 problems");
    t_server_start(s);
    const unsigned n = fill(s);
    expect_kept(s, n);
    assert_int_equal(register_large(s, n), 503);
    t_server_kill(s);
    t_server_start(s);
    expect_kept(s, n);
    assert_true(mount_over(s, "tmpfs", MS_REMOUNT, "size=24m"));
    assert_int_equal(register_large(s, n), 200); /* without a restart */
    t_server_stop(s);
    expect_command(s, "check", NULL, 0, "0 problems");
    unmount(s);
    t_server_free(s);
}

static void a_read_only_disk_is_said_at_the_start_and_can_be_backed_up(void **state)
{
    struct t_server *s = t_server_new(NULL);
    char file[T_PATH_CAP + 16];
    (void)state;
    (void)snprintf(file, sizeof file, "%s/backup", s->dir);
    assert_int_equal(register_large(s, 0), 200);
    t_server_stop(s);
    if (!mount_over(s, NULL, MS_BIND, NULL)) {
        t_server_free(s);
        skip();
    }
    assert_true(mount_over(s, "none", MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));
    expect_command(s, NULL, NULL, 1, "read-only");
    expect_command(s, "check", NULL, 0, "0 problems");
    expect_command(s, "backup", file, 0, "");
    unmount(s);
    t_server_start(s);
    expect_kept(s, 1);
    t_server_free(s);
}

/* ---- two at once ------------------------------------------------------------------- */

static void a_second_service_on_the_same_store_does_not_start(void **state)
{
    struct t_server *s = t_server_new(NULL);
    (void)state;
    assert_int_equal(register_large(s, 0), 200);
    expect_command(s, NULL, NULL, 1, "another process has the store open");
    assert_int_equal(register_large(s, 1), 200);
    expect_kept(s, 2);
    t_server_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_map_grows_under_load_and_nobody_notices),
        cmocka_unit_test(a_full_map_refuses_writes_until_it_may_be_larger),
        cmocka_unit_test(a_full_disk_refuses_writes_until_there_is_room),
        cmocka_unit_test(a_read_only_disk_is_said_at_the_start_and_can_be_backed_up),
        cmocka_unit_test(a_second_service_on_the_same_store_does_not_start),
    };
    may_mount = unshare(CLONE_NEWNS) == 0 &&
                mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
