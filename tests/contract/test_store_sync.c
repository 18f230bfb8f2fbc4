/* test_store_sync.c - a disk that fails under the store: nothing is acknowledged any
 * more, and what was acknowledged before is still there.
 *
 * The system's calls below are defined here and so taken by the database, too; they do
 * their work until they are told to fail. */
#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "tests/contract/store_fixture.h"

#define META_BYTES                                                                       \
    1024 /* LMDB writes its meta page shorter than this, all others whole */

static atomic_int sync_error, page_error, meta_error; /* errno to fail with, 0 = work */
static atomic_bool
    cut_short; /* pages are taken but for a part, as by a disk that fills */

int fdatasync(int fd)
{
    if (atomic_load(&sync_error) != 0) {
        errno = atomic_load(&sync_error);
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

ssize_t pwrite(int fd, const void *p, size_t len, off_t at)
{
    const int error = atomic_load(len < META_BYTES ? &meta_error : &page_error);
    if (error != 0) {
        errno = error;
        return -1;
    }
    const size_t taken = len >= META_BYTES && atomic_load(&cut_short) ? len / 2 : len;
    return syscall(SYS_pwrite64, fd, p, taken, at);
}

/* How LMDB writes runs of pages. */
ssize_t writev(int fd, const struct iovec *v, int n)
{
    if (atomic_load(&page_error) != 0) {
        errno = atomic_load(&page_error);
        return -1;
    }
    return syscall(SYS_writev, fd, v, atomic_load(&cut_short) ? n - 1 : n);
}

int fsync(int fd)
{
    return fdatasync(fd);
}

static int set_up(void **state)
{
    struct fixture *x = calloc(1, sizeof *x);
    assert_non_null(x);
    fix_open(x, "lmdb");
    (void)fix_asset(x, "c", "before");
    *state = x;
    return 0;
}

/* Reopens the store as a restart would, and looks whether it is whole. */
static int tear_down(void **state)
{
    struct fixture *x = *state;
    struct cw_asset a;
    atomic_store(&sync_error, 0);
    atomic_store(&page_error, 0);
    atomic_store(&meta_error, 0);
    atomic_store(&cut_short, false);
    cw_store_close(x->s);
    x->s = fix_open_url(x->url);
    assert_int_equal(cw_store_get_asset(x->s, x->studio, "c", "before", &a, NULL, NULL),
                     0);
    (void)fix_asset(x, "c", "later");
    fix_verify(x->s);
    fix_close(x);
    free(x);
    return 0;
}

static int try_register(struct fixture *x, const char *id)
{
    const struct cw_registration item = fix_item(x->studio, "c", id, 1);
    struct cw_registered out = {0};
    return cw_store_register(x->s, &item, 1, FIX_ACTOR, &out, NULL);
}

static int try_get(struct fixture *x, const char *id)
{
    struct cw_asset a;
    return cw_store_get_asset(x->s, x->studio, "c", id, &a, NULL, NULL);
}

static void after_a_failed_sync_nothing_is_acknowledged_but_reads_go_on(void **state)
{
    struct fixture *x = *state;
    atomic_store(&sync_error, EIO);
    assert_int_equal(try_register(x, "lost"), CW_E_IO);
    atomic_store(&sync_error, 0);
    assert_int_equal(try_register(x, "more"),
                     CW_E_IO); /* the kernel forgets; we do not */
    assert_int_equal(try_get(x, "before"), 0);
    assert_int_equal(try_get(x, "lost"), CW_E_NOT_FOUND);
}

static void a_failed_meta_page_leaves_it_open_what_was_written(void **state)
{
    struct fixture *x = *state;
    atomic_store(&meta_error, EIO);
    assert_int_equal(try_register(x, "perhaps"), CW_E_UNKNOWN);
    atomic_store(&meta_error, 0);
    assert_int_equal(try_register(x, "more"), CW_E_IO);
    assert_int_equal(try_get(x, "before"), 0);
}

static void a_full_disk_is_busy_until_there_is_room(void **state)
{
    struct fixture *x = *state;
    atomic_store(&page_error, ENOSPC);
    assert_int_equal(try_register(x, "1"), CW_E_BUSY);
    assert_int_equal(try_get(x, "1"), CW_E_NOT_FOUND);
    assert_int_equal(try_get(x, "before"), 0);
    atomic_store(&page_error, 0);
    assert_int_equal(try_register(x, "1"), 0);
    assert_int_equal(try_get(x, "1"), 0);
}

static void a_write_that_is_cut_short_is_busy_until_there_is_room(void **state)
{
    struct fixture *x = *state;
    atomic_store(&cut_short, true);
    assert_int_equal(try_register(x, "1"), CW_E_BUSY);
    assert_int_equal(try_get(x, "before"), 0);
    atomic_store(&cut_short, false);
    assert_int_equal(try_register(x, "1"), 0);
}

/* The disk fills and fails: what the kernel took may be lost. */
static void a_write_cut_short_on_a_failing_disk_ends_writing(void **state)
{
    struct fixture *x = *state;
    atomic_store(&cut_short, true);
    atomic_store(&sync_error, EIO);
    assert_int_equal(try_register(x, "1"), CW_E_IO);
    atomic_store(&cut_short, false);
    atomic_store(&sync_error, 0);
    assert_int_equal(try_register(x, "1"), CW_E_IO);
    assert_int_equal(try_get(x, "before"), 0);
}

static void a_backup_that_fails_leaves_no_file(void **state)
{
    struct fixture *x = *state;
    char path[96];
    (void)snprintf(path, sizeof path, "%s/copy", x->dir);
    atomic_store(&sync_error, EIO);
    assert_int_equal(cw_store_backup(x->s, path, NULL), CW_E_IO);
    assert_int_equal(access(path, F_OK), -1);
    atomic_store(&sync_error, 0);
    assert_int_equal(cw_store_backup(x->s, path, NULL), 0);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(after_a_failed_sync_nothing_is_acknowledged_but_reads_go_on),
        CASE(a_failed_meta_page_leaves_it_open_what_was_written),
        CASE(a_full_disk_is_busy_until_there_is_room),
        CASE(a_write_that_is_cut_short_is_busy_until_there_is_room),
        CASE(a_write_cut_short_on_a_failing_disk_ends_writing),
        CASE(a_backup_that_fails_leaves_no_file),
    };
    return cw_crypto_init(NULL) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
