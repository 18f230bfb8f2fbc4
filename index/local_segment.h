/* local_segment.h - a run of registered pictures with their local descriptors and the
 * buckets over them. Two forms with one face: a fresh segment is filled picture by
 * picture and its buckets are chains; a packed one never changes, but for pictures going
 * out of sight, and its buckets lie in one piece. */
#ifndef CW_INDEX_LOCAL_SEGMENT_H
#define CW_INDEX_LOCAL_SEGMENT_H

#include <stdatomic.h>

#include "index/local_index.h"

#define CW_FRESH_DESCRIPTORS 65536U /* a fresh segment is full then */
#define CW_FRESH_PICTURES 4096U
#define CW_BLOCK_SHIFT 6 /* 64 descriptors share one note of whose they are */
#define CW_NO_ID UINT32_MAX

/* Descriptors as four words, the lowest bits first: made for distances and keys. */
struct cw_word_hash {
    uint64_t w[4];
};

struct cw_local_pose {
    uint16_t x, y, scale, angle;
};

struct cw_local_row {
    uint64_t asset;
    uint32_t page, studio;
    struct cw_frame frame;
    uint32_t first, n; /* its descriptors */
    atomic_bool gone;
};

struct cw_segment {
    atomic_uint refs;
    unsigned key_bits;
    bool fresh;
    uint32_t cap, cap_rows;
    atomic_uint n;      /* descriptors; published after they are in their buckets */
    atomic_uint n_rows; /* published before n */
    struct cw_word_hash *hashes;
    struct cw_local_pose *poses;
    struct cw_local_row *rows;
    uint32_t *block_row;                 /* row of descriptor 64 i */
    const struct cw_local_row **origins; /* where rows were packed from, until carried */
    atomic_uint n_gone;                  /* rows */
    /* Packed: bucket k of table t is ids[t][starts[t][k] .. starts[t][k + 1]). */
    uint32_t *starts[CW_LOCAL_TABLES];
    uint32_t *ids[CW_LOCAL_TABLES];
    /* Fresh: heads[t << key_bits | k] begins a chain that next[t * cap + id] goes on. */
    _Atomic uint32_t *heads;
    uint32_t *next;
    size_t bytes;
};

struct cw_word_hash cw_word_hash_of(const struct cw_hash *h);
/* Run t of the lowest bits, key_bits long. */
static inline uint32_t cw_local_key(const struct cw_word_hash *h, unsigned t,
                                    unsigned key_bits)
{
    const unsigned at = t * CW_LOCAL_KEY_STRIDE;
    const unsigned word = at / 64;
    const unsigned shift = at % 64;
    uint64_t v = h->w[word] >> shift;
    if (shift + key_bits > 64) {
        v |= h->w[word + 1] << (64 - shift);
    }
    return (uint32_t)v & ((1U << key_bits) - 1);
}

/* Key length for so many descriptors. */
unsigned cw_local_key_bits(uint64_t n);

/* Owns  caller holds the one reference of *out. Errors: CW_E_NO_MEMORY */
int cw_segment_fresh(unsigned key_bits, struct cw_segment **out,
                     struct cw_err *err) CW_CHECKED;
/* Packs the pictures of n segments that are not gone into a new one. `key_bits` 0 means
 * by the number of descriptors, theirs and the `total` of the index. Threads: beside
 * finds and removals; removals meanwhile are to be carried over with
 * cw_segment_carry_gone. */
int cw_segment_pack(struct cw_segment *const *from, size_t n, unsigned key_bits,
                    uint64_t total, struct cw_segment **out,
                    struct cw_err *err) CW_CHECKED;
/* Marks in a packed segment what has gone meanwhile from those it was packed from, which
 * must still be there. Once; no removal may be under way. */
void cw_segment_carry_gone(struct cw_segment *packed);
void cw_segment_ref(struct cw_segment *s);
void cw_segment_unref(struct cw_segment *s); /* accepts NULL */

/* Whether a picture of n descriptors fits a fresh segment; adding it. One thread. */
bool cw_segment_has_room(const struct cw_segment *s, size_t n);
void cw_segment_append(struct cw_segment *s, const struct cw_local_picture *picture);
/* Marks the pictures of an asset gone; returns how many. */
uint64_t cw_segment_remove(struct cw_segment *s, uint64_t asset);
/* Whose descriptor `id` is. */
uint32_t cw_segment_row_of(const struct cw_segment *s, uint32_t id);

#endif
