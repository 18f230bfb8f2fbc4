/* store_writer.h - the one thread that writes: many callers, one transaction, one fsync.
 *
 * A caller hands in an operation and blocks. The writer takes all that wait (up to a
 * maximum), runs them in one transaction in order of arrival, commits, and answers all.
 * Nobody is answered before the commit returned.
 *
 * An operation is a function of (store, transaction). It checks first and writes after;
 * if it fails after its first write, the whole transaction is aborted and the operations
 * are tried one by one, so that each is atomic in any case. So an operation may run more
 * than once: it must not keep anything from an earlier run. */
#ifndef CW_INDEX_STORE_WRITER_H
#define CW_INDEX_STORE_WRITER_H

#include "index/kv.h"

struct cw_writer;

typedef int cw_write_fn(void *ctx, struct cw_kv_tx *tx, void *args, struct cw_err *err);
/* Reads the newest event number inside the transaction, for the listener. */
typedef int cw_writer_seq_fn(struct cw_kv_tx *tx, uint64_t *out, struct cw_err *err);

struct cw_writer_options {
    struct cw_kv *kv; /* borrowed until close */
    void *ctx;        /* first argument of every operation */
    cw_writer_seq_fn *seq;
    uint32_t max_batch; /* at least 1 */
    uint32_t commit_delay_us;
};

int cw_writer_open(const struct cw_writer_options *options, struct cw_writer **out,
                   struct cw_err *err) CW_CHECKED;
/* Finishes what waits, then ends the thread. Nobody may call in any more. NULL is fine.
 */
void cw_writer_close(struct cw_writer *w);

/* Runs `fn` in a transaction and returns its result once that is durable.
 *
 * Errors   those of fn (nothing of it is written then), and of cw_kv_commit
 * Threads  any but the writer's own */
int cw_writer_run(struct cw_writer *w, cw_write_fn *fn, void *args,
                  struct cw_err *err) CW_CHECKED;
/* See cw_store_on_commit. */
void cw_writer_listen(struct cw_writer *w, void (*fn)(void *ctx, uint64_t seq),
                      void *ctx);
void cw_writer_counts(struct cw_writer *w, uint64_t *out_commits, uint64_t *out_writes);

#endif
