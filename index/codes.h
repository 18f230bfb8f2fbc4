/* codes.h - a segment of the search: different codes of one kind of view, sorted, with
 * the rows that have them and the buckets that find them. Nothing in it ever changes, but
 * for rows going out of sight.
 *
 * Its memory is a header and seven flat arrays without a pointer in them. For each code:
 * 32 bytes of it, 4 that lead to its row, 4 of bucket entry for each band, and the bucket
 * starts; for each row 12 bytes, sorted by owner, so that removal needs no map. */
#ifndef CW_INDEX_CODES_H
#define CW_INDEX_CODES_H

#include <stdatomic.h>

#include "index/bands.h"
#include "index/scan.h"
#include "index/search_hits.h"
#include "index/search_rows.h"

/* Of one segment: bounds the memory of merging, and leaves room in an entry. */
#define CW_CODES_MOST_ROWS (1U << 24)
#define CW_CODES_MANY (1U << 31) /* in a link */
#define CW_CODES_PLANNED 64      /* larger radii are always scanned */

/* One row. The upper half of its owner's number is that of its range, its place in the
 * order of additions is the segment's first_seq + seq. */
struct cw_code_row {
    uint32_t owner_low, studio, seq;
};

/* Rows from `first` to the next range have this upper half of their owners. */
struct cw_code_range {
    uint32_t first, owner_high;
};

struct cw_codes_head {
    uint8_t kind;
    uint32_t n_codes, n_rows, n_ranges;
    uint64_t n_many, n_starts, n_entries;
    uint64_t first_seq, end_seq; /* all rows were added between */
    struct cw_bands bands;
    float load[CW_BANDS_MOST]; /* other codes in the bucket of one of the codes */
};

struct cw_codes {
    atomic_uint refs;
    uint64_t saved_as; /* its number among what is saved, 0 = it is not; the saver's */
    struct cw_codes_head head;
    struct cw_hash *codes;    /* n_codes, ascending */
    uint32_t *links;          /* by code: its row, or CW_CODES_MANY | a place in many */
    uint32_t *many;           /* n_many: a number of rows, then those rows; and so on */
    struct cw_code_row *rows; /* n_rows, by owner */
    struct cw_code_range *ranges; /* n_ranges, by row */
    /* Bucket k of band b: its entries from starts_of(b)[k] to starts_of(b)[k + 1]. An
     * entry is a code's number and, in the lowest bits, its check (cw_band_check). */
    uint32_t *starts;  /* n_starts: bands one after the other */
    uint32_t *entries; /* n_entries: bands one after the other, n_codes each */
    uint64_t starts_at[CW_BANDS_MOST];
    struct cw_band_plan *plans; /* by radius, up to CW_CODES_PLANNED */
    atomic_uint_fast64_t *gone; /* a bit a row */
    atomic_uint n_gone;
    size_t bytes; /* all of the above */
};

/* Where the starts of each band begin, by the bands. */
void cw_codes_place_starts(struct cw_codes *c);
/* Makes what follows from the header and the starts: plans and sizes. The last step of
 * making one. Errors: CW_E_NO_MEMORY */
int cw_codes_finish(struct cw_codes *c, struct cw_err *err) CW_CHECKED;
/* Room for what a header says, all zero. Owns: the caller holds the one reference */
int cw_codes_with_room(const struct cw_codes_head *head, struct cw_codes **out,
                       struct cw_err *err) CW_CHECKED;
void cw_codes_ref(struct cw_codes *c);
void cw_codes_unref(struct cw_codes *c); /* accepts NULL */

/* Takes the rows of an owner out of sight. Threads: one at a time, beside finds */
void cw_codes_remove(struct cw_codes *c, uint64_t owner);
uint64_t cw_codes_owner(const struct cw_codes *c, uint32_t row);
static inline bool cw_codes_is_gone(const struct cw_codes *c, uint32_t row)
{
    return (atomic_load_explicit(&c->gone[row / 64], memory_order_relaxed) >> row % 64 &
            1U) != 0;
}
/* The rows of a code: out points to *n of them. */
static inline const uint32_t *cw_codes_rows_of(const struct cw_codes *c, uint32_t code,
                                               uint32_t *n)
{
    const uint32_t *link = &c->links[code];
    if ((*link & CW_CODES_MANY) == 0) {
        *n = 1;
        return link;
    }
    link = &c->many[*link & ~CW_CODES_MANY];
    *n = link[0];
    return link + 1;
}

/* ---- building (codes_build.c) ----------------------------------------------------- */

/* What a segment is made of: the rows of its kind of one delta, and whole segments. */
struct cw_codes_sources {
    uint8_t kind;
    bool always_bands;          /* for tests: even if there are few codes */
    const struct cw_rows *rows; /* NULL = none; finished, but for rows going */
    uint64_t rows_seq;          /* place of its first row in the order of additions */
    struct cw_codes *const *segments;
    size_t n_segments;
};

/* Rows that are out of sight are left behind; *out is NULL if none is left.
 *
 * Owns     the caller holds the one reference of *out
 * Errors   CW_E_NO_MEMORY
 * Threads  beside finds and removals; the caller removes once more from *out what was
 *          removed meanwhile
 * Cost     about 0.5 us a row; beside *out about 60 bytes a row for the time being */
int cw_codes_build(const struct cw_codes_sources *from, struct cw_codes **out,
                   struct cw_err *err) CW_CHECKED;

/* Memory that is kept out of core dumps and, as far as allowed, of swap: NULL if there is
 * none. Large areas lie in huge pages, as each look-up goes to another place. */
void *cw_codes_take(size_t len);
void cw_codes_give(void *p, size_t len); /* NULL is fine */
void cw_codes_trim(void *p, size_t len, size_t new_len);
size_t cw_codes_mapped(size_t len); /* what taking so many bytes takes */

/* ---- finding (codes_find.c) ------------------------------------------------------- */

struct cw_codes_walk; /* what looking a hash up needs, 80 KB */

/* A query on its way through the segments. */
struct cw_finding {
    const struct cw_scan_kernel *kernel;
    const struct cw_band_masks *masks;
    const struct cw_search_query *query;
    size_t max_hits;
    bool only_bands; /* scan only what bands cannot find */
    struct cw_hits *hits;
    struct cw_codes_walk *walk; /* NULL at first; to be freed in the end */
    uint64_t cost_ps;           /* estimated, of what was done */
    uint64_t fallbacks; /* hashes that were compared with every code of a large segment */
};

/* Collects the hits of all hashes of the query that ask for this segment's kind.
 * Errors  CW_E_NO_MEMORY */
int cw_codes_find(const struct cw_codes *c, struct cw_finding *f,
                  struct cw_err *err) CW_CHECKED;
/* Estimated picoseconds of looking up one hash. */
uint64_t cw_codes_cost_ps(const struct cw_codes *c, unsigned radius);

#endif
