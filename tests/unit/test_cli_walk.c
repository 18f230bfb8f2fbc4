#include "cli/walk.h"
#include "tests/support/t_cmocka.h"
#include "tests/support/t_folder.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each test works inside a folder of its own, removed afterwards. */
static char home[] = "/tmp/celwatch-walk-XXXXXX";
static char before[PATH_MAX];

static void touch(const char *path)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
}

static int enter(void **state)
{
    (void)state;
    memcpy(home + strlen(home) - 6, "XXXXXX", 6);
    return getcwd(before, sizeof before) == NULL || mkdtemp(home) == NULL ||
           chdir(home) != 0;
}

static int leave(void **state)
{
    (void)state;
    return chdir(before) != 0 || t_folder_remove(home) != 0;
}

static void expect_walk(const char *path, const char *const *wanted, size_t n)
{
    CW_AUTO(cw_paths_done) struct cw_paths paths = {0};
    assert_int_equal(cw_walk(path, &paths, NULL), 0);
    assert_int_equal(paths.n, n);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(paths.items[i], wanted[i]);
    }
}

static void folders_are_walked_in_the_order_of_bytes(void **state)
{
    (void)state;
    static const char *const wanted[] = {"art/B.png", "art/a.png", "art/sub/1", "art/z"};
    assert_int_equal(mkdir("art", 0700), 0);
    assert_int_equal(mkdir("art/sub", 0700), 0);
    touch("art/z");
    touch("art/a.png");
    touch("art/B.png");
    touch("art/sub/1");
    expect_walk("art", wanted, 4);
    expect_walk("art//", wanted, 4);
}

static void leaves_out_hidden_linked_and_special_files(void **state)
{
    (void)state;
    static const char *const wanted[] = {"art/a"};
    CW_AUTO(cw_paths_done) struct cw_paths paths = {0};
    assert_int_equal(mkdir("art", 0700), 0);
    assert_int_equal(mkdir("art/.git", 0700), 0);
    touch("art/.git/b");
    touch("art/.c");
    touch("art/a");
    assert_int_equal(symlink("/etc", "art/out"), 0);
    assert_int_equal(symlink("a", "art/same"), 0);
    assert_int_equal(mkfifo("art/fifo", 0600), 0);
    expect_walk("art", wanted, 1);
    assert_int_equal(cw_walk("art", &paths, NULL), 0);
    assert_int_equal(paths.n_links, 2);
}

static void what_is_named_is_taken(void **state)
{
    (void)state;
    static const char *const hidden[] = {".a"};
    static const char *const missing[] = {"nowhere"};
    static const char *const linked[] = {"way/x"};
    touch(".a");
    assert_int_equal(mkdir("art", 0700), 0);
    touch("art/x");
    assert_int_equal(symlink("art", "way"), 0);
    expect_walk(".a", hidden, 1);
    expect_walk("nowhere", missing, 1);
    expect_walk("way", linked, 1);
}

static void nesting_has_an_end(void **state)
{
    (void)state;
    char path[512] = "d";
    struct cw_err err;
    CW_AUTO(cw_paths_done) struct cw_paths paths = {0};
    for (int i = 0; i < CW_WALK_MAX_DEPTH + 2; i++) {
        assert_int_equal(mkdir(path, 0700), 0);
        memcpy(path + strlen(path), "/d", 3);
    }
    assert_int_equal(cw_walk("d", &paths, &err), CW_E_TOO_LARGE);
}

static void paths_below_a_root(void **state)
{
    (void)state;
    char out[64];
    assert_int_equal(mkdir("art", 0700), 0);
    assert_int_equal(mkdir("art/sub", 0700), 0);
    assert_int_equal(mkdir("artistic", 0700), 0);
    touch("art/sub/x");
    touch("artistic/y");
    assert_int_equal(symlink("/etc/hostname", "art/way"), 0);
    assert_int_equal(cw_path_below("art", "art/sub/x", out, sizeof out, NULL), 0);
    assert_string_equal(out, "sub/x");
    assert_int_equal(cw_path_below("art/", "./art/../art/sub/x", out, sizeof out, NULL),
                     0);
    assert_string_equal(out, "sub/x");
    assert_int_equal(cw_path_below("art", "art/way", out, sizeof out, NULL), 0);
    assert_string_equal(out, "way");
    assert_int_equal(cw_path_below("art", "artistic/y", out, sizeof out, NULL),
                     CW_E_INVALID);
    assert_int_equal(cw_path_below("nowhere", "art/sub/x", out, sizeof out, NULL),
                     CW_E_IO);
    assert_int_equal(cw_path_below("art", "art/sub/x", out, 4, NULL), CW_E_TOO_LARGE);
    assert_int_equal(cw_path_below("/", "art/sub/x", out, sizeof out, NULL), 0);
    assert_string_equal(out + strlen(out) - 9, "art/sub/x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(folders_are_walked_in_the_order_of_bytes, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(leaves_out_hidden_linked_and_special_files, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(what_is_named_is_taken, enter, leave),
        cmocka_unit_test_setup_teardown(nesting_has_an_end, enter, leave),
        cmocka_unit_test_setup_teardown(paths_below_a_root, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
