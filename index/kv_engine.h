/* kv_engine.h - what an engine of kv.h implements; seen by kv.c and the engines only. */
#ifndef CW_INDEX_KV_ENGINE_H
#define CW_INDEX_KV_ENGINE_H

#include "index/kv.h"

/* The first member of an engine's own struct. */
struct cw_kv {
    const struct cw_kv_ops *ops;
};

struct cw_kv_tx {
    struct cw_kv *kv;
    bool write;
    uint64_t changes;
    int failure;
};

struct cw_kv_cursor {
    struct cw_kv_tx *tx;
    unsigned table;
};

/* Same contracts as the functions of kv.h; arguments were checked there. `begin` fills
 * only its own part of the transaction, kv.c the rest. */
struct cw_kv_ops {
    void (*close)(struct cw_kv *kv);
    int (*begin)(struct cw_kv *kv, bool write, struct cw_kv_tx **out, struct cw_err *err);
    int (*commit)(struct cw_kv_tx *tx, struct cw_err *err);
    void (*abort)(struct cw_kv_tx *tx);
    int (*get)(struct cw_kv_tx *tx, unsigned table, struct cw_bytes key,
               struct cw_bytes *out, struct cw_err *err);
    int (*put)(struct cw_kv_tx *tx, unsigned table, struct cw_bytes key,
               struct cw_bytes value, struct cw_err *err);
    int (*del)(struct cw_kv_tx *tx, unsigned table, struct cw_bytes key,
               struct cw_err *err);
    int (*cursor_open)(struct cw_kv_tx *tx, unsigned table, struct cw_kv_cursor **out,
                       struct cw_err *err);
    void (*cursor_close)(struct cw_kv_cursor *c);
    int (*move)(struct cw_kv_cursor *c, enum cw_kv_move how, struct cw_bytes key,
                struct cw_kv_pair *out, struct cw_err *err);
    int (*grow)(struct cw_kv *kv, struct cw_err *err);
    int (*reap)(struct cw_kv *kv, struct cw_err *err);
    void (*size)(struct cw_kv *kv, uint64_t *out_used, uint64_t *out_map);
    int (*copy)(struct cw_kv *kv, const char *path, struct cw_err *err);
};

#endif
