/* t_saved.h - somewhere to save blobs: in memory, or in a temporary folder. */
#ifndef CW_TESTS_SUPPORT_T_SAVED_H
#define CW_TESTS_SUPPORT_T_SAVED_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "index/saved.h"
#include "tests/support/t_folder.h"

struct t_saved {
    char dir[40];
    struct cw_saved *saved; /* owned */
};

/* In memory; to be ended with cw_saved_close. */
static inline struct cw_saved *t_saved_in_memory(void)
{
    static const uint8_t secret[CW_SAVED_SECRET_BYTES] = {4, 2};
    struct cw_kv *kv = NULL;
    struct cw_saved *saved = NULL;
    if (cw_kv_open_memory(&kv, NULL) != 0 ||
        cw_saved_open(kv, secret, &saved, NULL) != 0) {
        abort();
    }
    return saved;
}

static inline double t_wall_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline void t_saved_open(struct t_saved *t)
{
    static const uint8_t secret[CW_SAVED_SECRET_BYTES];
    struct cw_kv *kv = NULL;
    (void)snprintf(t->dir, sizeof t->dir, "/tmp/celwatch-bench-XXXXXX");
    if (mkdtemp(t->dir) == NULL) {
        abort();
    }
    const struct cw_kv_lmdb_options o = {.dir = t->dir,
                                         .first_map_bytes = (uint64_t)1 << 30,
                                         .max_map_bytes = (uint64_t)1 << 40,
                                         .max_readers = 8,
                                         .n_tables = CW_SAVED_TABLES,
                                         .create = true,
                                         .derived = true};
    if (cw_kv_open_lmdb(&o, &kv, NULL) != 0 ||
        cw_saved_open(kv, secret, &t->saved, NULL) != 0) {
        abort();
    }
}

static inline void t_saved_remove(struct t_saved *t)
{
    cw_saved_close(t->saved);
    (void)t_folder_remove(t->dir);
}

/* Seconds it takes to read the file it is in from the system's cache into new memory, and
 * its size: what restoring is compared with. */
static inline double t_saved_read_s(const struct t_saved *t, double *out_bytes)
{
    char path[64];
    (void)snprintf(path, sizeof path, "%s/data.mdb", t->dir);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const off_t len = lseek(fd, 0, SEEK_END);
    const double start = t_wall_s();
    uint8_t *all = malloc((size_t)len);
    ssize_t done = 0;
    for (ssize_t n = 1; all != NULL && n > 0; done += n) {
        n = pread(fd, all + done, (size_t)(len - done), done);
    }
    const double took = t_wall_s() - start;
    free(all);
    close(fd);
    *out_bytes = (double)len;
    return took;
}

#endif
