/* local_pack.h - descriptors in the order of their keys: a bucket is one piece of memory,
 * and no bucket holds numbers that point elsewhere. A pack never changes once filled; it
 * is flat arrays, to be saved as they are. */
#ifndef CW_INDEX_LOCAL_PACK_H
#define CW_INDEX_LOCAL_PACK_H

#include "index/local_index.h"
#include "index/local_key.h"
#include "index/local_rows.h"

/* Packs are cut by the five highest bits of the key, so that merging needs the memory of
 * one of 32 beside the others. */
#define CW_LOCAL_SHARD_BITS 5
#define CW_LOCAL_SHARDS (1U << CW_LOCAL_SHARD_BITS)

/* Whose descriptor it is and where it lies, as near as placing needs it: 10 bytes. */
struct cw_local_tag {
    uint16_t row_high, row_low;
    uint16_t local;
    uint8_t x, y;  /* 256ths of the width and height */
    uint8_t scale; /* sixteenths of an octave, rounded down */
    uint8_t angle; /* 256ths of a turn */
};

struct cw_local_pack {
    atomic_uint refs;
    uint64_t saved_as; /* its number among what is saved; 0 = it is not. Guarded by who
                          saves */
    unsigned key_bits; /* those that choose the shard included */
    uint32_t n;
    uint32_t *starts; /* bucket k is starts[k] .. starts[k + 1] - 1 */
    uint64_t *seconds;
    struct cw_local_rest *rests;
    struct cw_local_tag *tags;
    size_t bytes; /* of memory */
    void *memory; /* mapped; all four arrays, one after the other */
};

static inline unsigned cw_local_shard(uint32_t key)
{
    return key >> (CW_LOCAL_MOST_KEY - CW_LOCAL_SHARD_BITS);
}

/* The bucket of a key within its shard. */
static inline uint32_t cw_local_bucket(uint32_t key, unsigned key_bits)
{
    const uint32_t within = (1U << (CW_LOCAL_MOST_KEY - CW_LOCAL_SHARD_BITS)) - 1;
    return (key & within) >> (CW_LOCAL_MOST_KEY - key_bits);
}

static inline size_t cw_local_buckets(unsigned key_bits)
{
    return (size_t)1 << (key_bits - CW_LOCAL_SHARD_BITS);
}

struct cw_local_tag cw_local_tag_of(uint32_t row, size_t local, const struct cw_local *l);
static inline uint32_t cw_local_tag_row(const struct cw_local_tag *t)
{
    return (uint32_t)t->row_high << 16 | t->row_low;
}
/* The pose as it can be told from a tag. */
void cw_local_tag_pose(const struct cw_local_tag *t, struct cw_local_match *out);

/* Descriptors of one shard: another pack, or some of the fresh ones. */
struct cw_local_source {
    uint32_t n;
    const uint64_t *seconds;
    const struct cw_local_rest *rests;
    const struct cw_local_tag *tags;
};

/* Packs what the sources hold, but for pictures that are gone. Within a bucket
 * they stay in the order of the sources.
 *
 * out     NULL if nothing is left; else the caller holds its one reference
 * Errors  CW_E_NO_MEMORY
 * Threads beside anything; what goes meanwhile may or may not be left out
 * Cost    about 60 ns a descriptor */
int cw_local_pack_make(const struct cw_local_source *sources, size_t n, unsigned key_bits,
                       const struct cw_local_rows *rows, struct cw_local_pack **out,
                       struct cw_err *err) CW_CHECKED;
/* An empty one to be filled: all four arrays. */
int cw_local_pack_new(unsigned key_bits, uint32_t n, struct cw_local_pack **out,
                      struct cw_err *err) CW_CHECKED;
void cw_local_pack_ref(struct cw_local_pack *p);   /* NULL is fine */
void cw_local_pack_unref(struct cw_local_pack *p); /* NULL is fine */

#endif
