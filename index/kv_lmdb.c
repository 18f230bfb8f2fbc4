/* kv_lmdb.c - the key-value engine on LMDB; the only file that knows lmdb.h.
 *
 * Durability is LMDB's default: commit returns after fdatasync and a synchronous write of
 * the meta page. No DUPSORT and no MDB_CURRENT (0.9.24 has bugs there). MDB_NOTLS, so
 * that a reader belongs to its transaction object.
 *
 * The map may only be resized while no transaction is open, which LMDB does not check:
 * `map_lock` is held for reading by every transaction and for writing by a resize. A copy
 * is a long reader; a resize waiting for it would hold up every new reader, so
 * `copy_lock` makes a resize give up instead.
 *
 * One process at a time writes: LMDB would allow more, but our search structure would not
 * see what another process writes. A flock on a file of our own says so; it also stops a
 * second opening in the same process, which LMDB forbids and does not notice. Backup and
 * check read beside it, which is what LMDB is made for. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "index/kv_engine.h"
#include "index/new_file.h"

struct lmdb_kv {
    struct cw_kv base;
    struct cw_kv_lmdb_options o;
    char *dir;    /* what o.dir points to; owned */
    MDB_env *env; /* NULL if it could not even be reopened for reading */
    MDB_dbi tables[CW_KV_TABLES_MAX];
    int lock_fd;
    int witness_fd; /* of the data, never written through: see nothing_was_lost */
    pthread_rwlock_t map_lock; /* guards: env, tables, the address of the map */
    pthread_mutex_t copy_lock; /* held while a copy is made; taken before map_lock */
    atomic_bool full;          /* the last write ran out of map */
    atomic_bool broken;        /* a commit failed half way: no more writes */
};

struct lmdb_tx {
    struct cw_kv_tx base;
    MDB_txn *txn;
};

struct lmdb_cursor {
    struct cw_kv_cursor base;
    MDB_cursor *cursor;
};

static struct lmdb_kv *kv_of(struct cw_kv *kv)
{
    return (struct lmdb_kv *)kv;
}

static struct lmdb_tx *tx_of(struct cw_kv_tx *tx)
{
    return (struct lmdb_tx *)tx;
}

static enum cw_code code_of(int rc)
{
    switch (rc) {
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case MDB_READERS_FULL:
    case ENOSPC:
    case EDQUOT:
    case EROFS:
    case EACCES:
        return CW_E_BUSY;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
        return CW_E_CORRUPT;
    case MDB_VERSION_MISMATCH:
        return CW_E_UNSUPPORTED;
    case ENOMEM:
        return CW_E_NO_MEMORY;
    case ENOENT:
        return CW_E_NOT_FOUND;
    default:
        return CW_E_IO;
    }
}

static int fail_mdb(int rc, const char *what, struct cw_err *err)
{
    return cw_fail(err, code_of(rc), "database: %s: %s", what, mdb_strerror(rc));
}

static MDB_val val_of(struct cw_bytes b)
{
    /* LMDB's type is not const, but it only reads keys and the values of a put. */
    return (MDB_val){.mv_size = b.len, .mv_data = (void *)(uintptr_t)b.p};
}

static struct cw_bytes bytes_of(MDB_val v)
{
    return cw_bytes_of(v.mv_data, v.mv_size);
}

/* ---- the environment -------------------------------------------------------------- */

/* Opens all tables in one transaction, as LMDB wants it. */
static int open_tables(struct lmdb_kv *kv, bool read_only)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(kv->env, NULL, read_only ? MDB_RDONLY : 0, &txn);
    for (unsigned i = 0; rc == 0 && i < kv->o.n_tables; i++) {
        char name[4];
        (void)snprintf(name, sizeof name, "t%02u", i % 100);
        rc = mdb_dbi_open(txn, name, read_only ? 0 : MDB_CREATE, &kv->tables[i]);
    }
    if (rc == 0) {
        return mdb_txn_commit(txn);
    }
    mdb_txn_abort(txn); /* NULL is fine */
    return rc;
}

/* True if the file ends before the last page it uses. */
static bool is_cut_short(struct lmdb_kv *kv)
{
    MDB_envinfo info = {0};
    MDB_stat use = {0};
    struct stat st = {0};
    int fd = -1;
    (void)mdb_env_info(kv->env, &info);
    (void)mdb_env_stat(kv->env, &use);
    return mdb_env_get_fd(kv->env, &fd) != 0 || fstat(fd, &st) != 0 ||
           (uint64_t)st.st_size < (info.me_last_pgno + 1) * (uint64_t)use.ms_psize;
}

static int open_env(struct lmdb_kv *kv, uint64_t map_bytes, bool read_only)
{
    int rc = mdb_env_create(&kv->env);
    if (rc == 0) {
        rc = mdb_env_set_mapsize(kv->env, map_bytes);
    }
    if (rc == 0) {
        rc = mdb_env_set_maxreaders(kv->env, kv->o.max_readers);
    }
    if (rc == 0) {
        rc = mdb_env_set_maxdbs(kv->env, CW_KV_TABLES_MAX);
    }
    if (rc == 0) {
        rc = mdb_env_open(kv->env, kv->dir, MDB_NOTLS | (read_only ? MDB_RDONLY : 0),
                          0600);
    }
    if (rc == 0) {
        rc = mdb_reader_check(kv->env, NULL);
    }
    if (rc == 0 && kv->o.derived && is_cut_short(kv)) {
        rc = MDB_CORRUPTED;
    }
    return rc == 0 ? open_tables(kv, read_only) : rc;
}

static void close_env(struct lmdb_kv *kv)
{
    if (kv->env != NULL) {
        mdb_env_close(kv->env);
        kv->env = NULL;
    }
}

/* After a panic: what is on disk can be read by a new environment, but not by this one.
 */
static void reopen_for_reading(struct lmdb_kv *kv)
{
    MDB_envinfo info = {0};
    pthread_rwlock_wrlock(&kv->map_lock);
    (void)mdb_env_info(kv->env, &info);
    close_env(kv);
    if (open_env(kv, info.me_mapsize, true) != 0) {
        close_env(kv);
    }
    pthread_rwlock_unlock(&kv->map_lock);
}

/* ---- transactions ----------------------------------------------------------------- */

static int lmdb_begin(struct cw_kv *base, bool write, struct cw_kv_tx **out,
                      struct cw_err *err)
{
    struct lmdb_kv *kv = kv_of(base);
    if (write && kv->o.read_only) {
        return cw_fail(err, CW_E_DENIED, "the database is open for reading only");
    }
    if (write && atomic_load(&kv->broken)) {
        return cw_fail(err, CW_E_IO,
                       "the database stopped writing after a failed commit");
    }
    struct lmdb_tx *tx = calloc(1, sizeof *tx);
    if (tx == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for a transaction");
    }
    pthread_rwlock_rdlock(&kv->map_lock);
    const int rc = kv->env == NULL
                       ? MDB_PANIC
                       : mdb_txn_begin(kv->env, NULL, write ? 0 : MDB_RDONLY, &tx->txn);
    if (rc != 0) {
        pthread_rwlock_unlock(&kv->map_lock);
        free(tx);
        return fail_mdb(rc, "begin", err);
    }
    *out = &tx->base;
    return 0;
}

static void end_tx(struct lmdb_tx *tx)
{
    pthread_rwlock_unlock(&kv_of(tx->base.kv)->map_lock);
    free(tx);
}

static void note_full(struct lmdb_kv *kv, int rc)
{
    if (rc == MDB_MAP_FULL) {
        atomic_store(&kv->full, true);
    }
}

/* True if LMDB refuses every transaction from now on: the meta page could not be written,
 * and nobody knows which one is on disk. */
static bool has_panicked(struct lmdb_kv *kv)
{
    MDB_txn *probe = NULL;
    const int rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, &probe);
    mdb_txn_abort(probe); /* NULL is fine */
    return rc == MDB_PANIC;
}

/* On a disk that gets full a write is cut short, which LMDB calls EIO. An open file is
 * told of every page that the kernel took and could not write since it was opened, once
 * for each opening (errseq_t, Linux 4.13): if this one is told of none, the commit failed
 * before anything was at stake. */
static bool nothing_was_lost(const struct lmdb_kv *kv)
{
    return kv->witness_fd >= 0 && fdatasync(kv->witness_fd) == 0;
}

/* What a failed mdb_txn_commit leaves behind. When room ran out, the pages of the aborted
 * transaction are simply not referenced. After any other failure the kernel may have
 * dropped dirty pages that LMDB believes written, so writing stops for good. */
static int fail_commit(struct lmdb_kv *kv, int rc, bool *out_panicked, struct cw_err *err)
{
    note_full(kv, rc);
    if (code_of(rc) == CW_E_BUSY || code_of(rc) == CW_E_NO_MEMORY) {
        return fail_mdb(rc, "commit", err);
    }
    *out_panicked = has_panicked(kv);
    if (rc == EIO && !*out_panicked && nothing_was_lost(kv)) {
        return cw_fail(err, CW_E_BUSY,
                       "database: the disk took a part of a commit only, is it full?");
    }
    atomic_store(&kv->broken, true);
    return cw_fail(err, *out_panicked ? CW_E_UNKNOWN : CW_E_IO,
                   "database: commit failed, no more writes until restart: %s",
                   mdb_strerror(rc));
}

static int lmdb_commit(struct cw_kv_tx *base, struct cw_err *err)
{
    struct lmdb_tx *tx = tx_of(base);
    struct lmdb_kv *kv = kv_of(base->kv);
    bool panicked = false;
    int rc = mdb_txn_commit(tx->txn);
    if (rc != 0) {
        rc = fail_commit(kv, rc, &panicked, err);
    }
    end_tx(tx);
    if (panicked) {
        reopen_for_reading(kv);
    }
    return rc;
}

static void lmdb_abort(struct cw_kv_tx *base)
{
    struct lmdb_tx *tx = tx_of(base);
    mdb_txn_abort(tx->txn);
    end_tx(tx);
}

static int lmdb_get(struct cw_kv_tx *tx, unsigned table, struct cw_bytes key,
                    struct cw_bytes *out, struct cw_err *err)
{
    MDB_val k = val_of(key), v;
    const int rc = mdb_get(tx_of(tx)->txn, kv_of(tx->kv)->tables[table], &k, &v);
    if (rc == MDB_NOTFOUND) {
        return CW_E_NOT_FOUND;
    }
    if (rc != 0) {
        return fail_mdb(rc, "get", err);
    }
    *out = bytes_of(v);
    return 0;
}

static int lmdb_put(struct cw_kv_tx *tx, unsigned table, struct cw_bytes key,
                    struct cw_bytes value, struct cw_err *err)
{
    MDB_val k = val_of(key), v = val_of(value);
    const int rc = mdb_put(tx_of(tx)->txn, kv_of(tx->kv)->tables[table], &k, &v, 0);
    note_full(kv_of(tx->kv), rc);
    return rc == 0 ? 0 : fail_mdb(rc, "put", err);
}

static int lmdb_del(struct cw_kv_tx *tx, unsigned table, struct cw_bytes key,
                    struct cw_err *err)
{
    MDB_val k = val_of(key);
    const int rc = mdb_del(tx_of(tx)->txn, kv_of(tx->kv)->tables[table], &k, NULL);
    if (rc == MDB_NOTFOUND) {
        return CW_E_NOT_FOUND;
    }
    note_full(kv_of(tx->kv), rc);
    return rc == 0 ? 0 : fail_mdb(rc, "delete", err);
}

/* ---- cursors ---------------------------------------------------------------------- */

static int lmdb_cursor_open(struct cw_kv_tx *tx, unsigned table,
                            struct cw_kv_cursor **out, struct cw_err *err)
{
    struct lmdb_cursor *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for a cursor");
    }
    const int rc =
        mdb_cursor_open(tx_of(tx)->txn, kv_of(tx->kv)->tables[table], &c->cursor);
    if (rc != 0) {
        free(c);
        return fail_mdb(rc, "open cursor", err);
    }
    *out = &c->base;
    return 0;
}

static void lmdb_cursor_close(struct cw_kv_cursor *base)
{
    struct lmdb_cursor *c = (struct lmdb_cursor *)base;
    mdb_cursor_close(c->cursor);
    free(c);
}

static int lmdb_move(struct cw_kv_cursor *base, enum cw_kv_move how, struct cw_bytes key,
                     struct cw_kv_pair *out, struct cw_err *err)
{
    static const MDB_cursor_op ops[] = {[CW_KV_SEEK] = MDB_SET_RANGE,
                                        [CW_KV_NEXT] = MDB_NEXT,
                                        [CW_KV_PREV] = MDB_PREV,
                                        [CW_KV_LAST] = MDB_LAST};
    struct lmdb_cursor *c = (struct lmdb_cursor *)base;
    MDB_val k = val_of(key), v;
    const MDB_cursor_op op = how == CW_KV_SEEK && key.len == 0 ? MDB_FIRST : ops[how];
    const int rc = mdb_cursor_get(c->cursor, &k, &v, op);
    if (rc == MDB_NOTFOUND) {
        return CW_E_NOT_FOUND;
    }
    if (rc != 0) {
        return fail_mdb(rc, "move cursor", err);
    }
    out->key = bytes_of(k);
    out->value = bytes_of(v);
    return 0;
}

/* ---- upkeep ----------------------------------------------------------------------- */

static void lmdb_size(struct cw_kv *base, uint64_t *out_used, uint64_t *out_map)
{
    struct lmdb_kv *kv = kv_of(base);
    MDB_envinfo info = {0};
    MDB_stat stat = {0};
    pthread_rwlock_rdlock(&kv->map_lock);
    (void)mdb_env_info(kv->env, &info); /* these two fail on NULL arguments only, */
    (void)mdb_env_stat(kv->env, &stat); /* and leave zeroes then */
    pthread_rwlock_unlock(&kv->map_lock);
    *out_used = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
    *out_map = info.me_mapsize;
}

static int resize(struct lmdb_kv *kv, uint64_t bytes, struct cw_err *err)
{
    pthread_rwlock_wrlock(&kv->map_lock);
    const int rc = kv->env == NULL ? MDB_PANIC : mdb_env_set_mapsize(kv->env, bytes);
    pthread_rwlock_unlock(&kv->map_lock);
    if (rc != 0) {
        return fail_mdb(rc, "grow the map", err);
    }
    atomic_store(&kv->full, false);
    return 0;
}

static int lmdb_grow(struct cw_kv *base, struct cw_err *err)
{
    struct lmdb_kv *kv = kv_of(base);
    uint64_t used, map;
    lmdb_size(base, &used, &map);
    if (kv->o.read_only || atomic_load(&kv->broken) ||
        (!atomic_load(&kv->full) && used < map / 5 * 4)) {
        return 0;
    }
    if (map >= kv->o.max_map_bytes) {
        return cw_fail(err, CW_E_BUSY,
                       "the database is full: %" PRIu64 " of %" PRIu64 " bytes", used,
                       kv->o.max_map_bytes);
    }
    if (pthread_mutex_trylock(&kv->copy_lock) != 0) {
        return cw_fail(err, CW_E_BUSY, "the database cannot grow while a backup is made");
    }
    const uint64_t bytes = map > kv->o.max_map_bytes / 2 ? kv->o.max_map_bytes : map * 2;
    const int rc = resize(kv, bytes, err);
    pthread_mutex_unlock(&kv->copy_lock);
    return rc;
}

static int lmdb_reap(struct cw_kv *base, struct cw_err *err)
{
    struct lmdb_kv *kv = kv_of(base);
    pthread_rwlock_rdlock(&kv->map_lock);
    const int rc = kv->env == NULL ? MDB_PANIC : mdb_reader_check(kv->env, NULL);
    pthread_rwlock_unlock(&kv->map_lock);
    return rc == 0 ? 0 : fail_mdb(rc, "check readers", err);
}

static int lmdb_copy(struct cw_kv *base, const char *path, struct cw_err *err)
{
    struct lmdb_kv *kv = kv_of(base);
    CW_AUTO(cw_new_file_done) struct cw_new_file file = CW_NEW_FILE_INIT;
    CW_TRY(cw_new_file_begin(&file, path, err));
    pthread_mutex_lock(&kv->copy_lock);
    pthread_rwlock_rdlock(&kv->map_lock);
    const int rc =
        kv->env == NULL ? MDB_PANIC : mdb_env_copyfd2(kv->env, file.fd, MDB_CP_COMPACT);
    pthread_rwlock_unlock(&kv->map_lock);
    pthread_mutex_unlock(&kv->copy_lock);
    return rc == 0 ? cw_new_file_finish(&file, err) : fail_mdb(rc, "write a copy", err);
}

/* ---- opening ---------------------------------------------------------------------- */

static void lmdb_close(struct cw_kv *base)
{
    struct lmdb_kv *kv = kv_of(base);
    close_env(kv);
    if (kv->witness_fd >= 0) {
        close(kv->witness_fd);
    }
    if (kv->lock_fd >= 0) {
        close(kv->lock_fd); /* gives the flock up */
    }
    pthread_rwlock_destroy(&kv->map_lock);
    pthread_mutex_destroy(&kv->copy_lock);
    free(kv->dir);
    free(kv);
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

static int make_directory(const char *dir, struct cw_err *err)
{
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        return cw_fail(err, CW_E_IO, "cannot make the store's directory: error %d",
                       errno);
    }
    return 0;
}

/* Takes the lock of the directory, which is there. */
static int take_lock(struct lmdb_kv *kv, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf path = CW_BUF_INIT(PATH_MAX);
    cw_buf_printf(&path, "%s/celwatch.lock", kv->dir);
    CW_TRY(cw_buf_check(&path, "store path", err));
    kv->lock_fd = open(cw_buf_str(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (kv->lock_fd < 0) {
        return cw_fail(err, CW_E_IO, "cannot open the store's lock file: %s",
                       errno == EROFS ? "the disk is read-only" : "no right to write");
    }
    if (flock(kv->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return cw_fail(err, CW_E_BUSY, "another process has the store open");
    }
    return 0;
}

/* Finds or makes the directory, and takes its lock. */
static int take_directory(struct lmdb_kv *kv, uint64_t *out_file_bytes,
                          struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf path = CW_BUF_INIT(PATH_MAX);
    struct stat st = {0};
    cw_buf_printf(&path, "%s/data.mdb", kv->dir);
    CW_TRY(cw_buf_check(&path, "store path", err));
    const bool there = stat(cw_buf_str(&path), &st) == 0;
    if (!there && (!kv->o.create || kv->o.read_only)) {
        return cw_fail(err, CW_E_NOT_FOUND, "no store in this directory");
    }
    CW_TRY(there ? 0 : make_directory(kv->dir, err));
    *out_file_bytes = (uint64_t)st.st_size;
    return kv->o.read_only ? 0 : take_lock(kv, err);
}

/* Address space to begin with. Who only reads cannot grow it, and takes all there may be
 * at once. */
static uint64_t first_map(const struct lmdb_kv *kv, uint64_t file_bytes)
{
    uint64_t map = kv->o.first_map_bytes;
    map = file_bytes * 2 > map ? file_bytes * 2 : map;
    map = map > kv->o.max_map_bytes || kv->o.read_only ? kv->o.max_map_bytes : map;
    return map > file_bytes ? map : file_bytes;
}

/* Gives LMDB's table of readers its place on the disk now: it is mapped, and a page that
 * finds no room when it is first used would end the process. */
static int reserve_readers(const struct lmdb_kv *kv, struct cw_err *err)
{
    static const off_t line = 64; /* bytes of a reader, and of the head */
    CW_AUTO(cw_buf_done) struct cw_buf path = CW_BUF_INIT(PATH_MAX);
    cw_buf_printf(&path, "%s/lock.mdb", kv->dir);
    CW_TRY(cw_buf_check(&path, "store path", err));
    CW_AUTO(close_fd)
    int fd = open(cw_buf_str(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || posix_fallocate(fd, 0, line * ((off_t)kv->o.max_readers + 4)) != 0) {
        return cw_fail(err, CW_E_IO, "no room on the disk for the table of readers");
    }
    return 0;
}

static void open_witness(struct lmdb_kv *kv)
{
    CW_AUTO(cw_buf_done) struct cw_buf path = CW_BUF_INIT(PATH_MAX);
    cw_buf_printf(&path, "%s/data.mdb", kv->dir);
    kv->witness_fd = open(cw_buf_str(&path), O_RDONLY | O_CLOEXEC);
}

static int open_all(struct lmdb_kv *kv, struct cw_err *err)
{
    uint64_t file_bytes = 0;
    CW_TRY(take_directory(kv, &file_bytes, err));
    CW_TRY(kv->o.read_only ? 0 : reserve_readers(kv, err));
    const int rc = open_env(kv, first_map(kv, file_bytes), kv->o.read_only);
    if (rc != 0) {
        return fail_mdb(rc, "open", err);
    }
    if (!kv->o.read_only) {
        open_witness(kv);
    }
    if (file_bytes > 0) {
        return 0;
    }
    CW_AUTO(cw_buf_done) struct cw_buf inside = CW_BUF_INIT(PATH_MAX);
    cw_buf_printf(&inside, "%s/", kv->dir);
    CW_TRY(cw_sync_parent(cw_buf_str(&inside), err));
    return cw_sync_parent(kv->dir, err);
}

static const struct cw_kv_ops lmdb_ops = {
    .close = lmdb_close,
    .begin = lmdb_begin,
    .commit = lmdb_commit,
    .abort = lmdb_abort,
    .get = lmdb_get,
    .put = lmdb_put,
    .del = lmdb_del,
    .cursor_open = lmdb_cursor_open,
    .cursor_close = lmdb_cursor_close,
    .move = lmdb_move,
    .grow = lmdb_grow,
    .reap = lmdb_reap,
    .size = lmdb_size,
    .copy = lmdb_copy,
};

int cw_kv_open_lmdb(const struct cw_kv_lmdb_options *options, struct cw_kv **out,
                    struct cw_err *err)
{
    pthread_rwlockattr_t attr;
    struct lmdb_kv *kv = calloc(1, sizeof *kv);
    if (kv == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for the database");
    }
    kv->base.ops = &lmdb_ops;
    kv->lock_fd = -1;
    kv->witness_fd = -1;
    kv->o = *options;
    kv->dir = strdup(options->dir);
    /* Readers follow each other closely; without preference a resize might wait for ever.
     */
    pthread_rwlockattr_init(&attr);
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&kv->map_lock, &attr);
    pthread_rwlockattr_destroy(&attr);
    pthread_mutex_init(&kv->copy_lock, NULL);
    const int rc = kv->dir == NULL
                       ? cw_fail(err, CW_E_NO_MEMORY, "out of memory for a path")
                       : open_all(kv, err);
    if (rc != 0) {
        lmdb_close(&kv->base);
        return rc;
    }
    *out = &kv->base;
    return 0;
}

/* ---- restoring -------------------------------------------------------------------- */

static int copy_file(const char *from, const char *to, struct cw_err *err)
{
    CW_AUTO(cw_new_file_done) struct cw_new_file file = CW_NEW_FILE_INIT;
    CW_AUTO(close_fd) int in = open(from, O_RDONLY | O_CLOEXEC);
    ssize_t n;
    if (in < 0) {
        return cw_fail(err, errno == ENOENT ? CW_E_NOT_FOUND : CW_E_IO,
                       "cannot open the backup: error %d", errno);
    }
    CW_TRY(cw_new_file_begin(&file, to, err));
    while ((n = sendfile(file.fd, in, NULL, (size_t)1 << 30)) > 0) {
    }
    if (n < 0) {
        return cw_fail(err, CW_E_IO, "cannot copy the backup: error %d", errno);
    }
    return cw_new_file_finish(&file, err);
}

/* Whether it can be opened, and none of its pages is missing. */
static int look_at(const struct cw_kv_lmdb_options *options, struct cw_err *err)
{
    struct cw_kv_lmdb_options o = *options;
    struct cw_kv *kv = NULL;
    o.read_only = true;
    o.derived = true;
    CW_TRY(cw_kv_open_lmdb(&o, &kv, err));
    cw_kv_close(kv);
    return 0;
}

int cw_kv_restore_lmdb(const struct cw_kv_lmdb_options *options, const char *file,
                       struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf path = CW_BUF_INIT(PATH_MAX);
    cw_buf_printf(&path, "%s/data.mdb", options->dir);
    CW_TRY(cw_buf_check(&path, "store path", err));
    CW_TRY(make_directory(options->dir, err));
    CW_TRY(copy_file(file, cw_buf_str(&path), err));
    const int rc = look_at(options, err);
    if (rc != 0) {
        (void)unlink(cw_buf_str(&path));
        return rc;
    }
    return cw_sync_parent(options->dir, err);
}
