/* local_fresh.h - the descriptors that came last, in the order they came; a query sees
 * each of them as soon as it is added. Buckets are chains. */
#ifndef CW_INDEX_LOCAL_FRESH_H
#define CW_INDEX_LOCAL_FRESH_H

#include "index/local_pack.h"

#define CW_FRESH_DESCRIPTORS 65536U /* it is full then */
#define CW_FRESH_KEY 18
#define CW_NO_ID UINT32_MAX

struct cw_local_fresh {
    atomic_uint refs;
    atomic_uint n; /* published after they are in their chains */
    struct cw_local_words words[CW_FRESH_DESCRIPTORS];
    struct cw_local_tag tags[CW_FRESH_DESCRIPTORS];
    uint32_t next[CW_FRESH_DESCRIPTORS];
    _Atomic uint32_t heads[1U << CW_FRESH_KEY]; /* of the chains, by key */
};

int cw_local_fresh_new(struct cw_local_fresh **out, struct cw_err *err) CW_CHECKED;
void cw_local_fresh_ref(struct cw_local_fresh *f);
void cw_local_fresh_unref(struct cw_local_fresh *f); /* NULL is fine */

bool cw_local_fresh_has_room(const struct cw_local_fresh *f, size_t n);
/* The descriptors of it, sorted by shard: those of shard k from starts[k] on. Owns:
 * caller frees it */
struct cw_local_sorted {
    uint32_t starts[CW_LOCAL_SHARDS + 1];
    uint64_t seconds[CW_FRESH_DESCRIPTORS];
    struct cw_local_rest rests[CW_FRESH_DESCRIPTORS];
    struct cw_local_tag tags[CW_FRESH_DESCRIPTORS];
};
int cw_local_fresh_sort(const struct cw_local_fresh *f, struct cw_local_sorted **out,
                        struct cw_err *err) CW_CHECKED;

/* Adds one. One thread at a time. */
void cw_local_fresh_put(struct cw_local_fresh *f, const struct cw_local_words *words,
                        const struct cw_local_tag *tag);
/* Adds the n descriptors of a row. One thread at a time. */
void cw_local_fresh_add(struct cw_local_fresh *f, uint32_t row,
                        const struct cw_local *local, size_t n);

#endif
