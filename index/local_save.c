/* The list: version, the newest number of a pack, levels with the numbers of theirs,
 * rows, fresh descriptors. A pack: a header that tells the order of bytes, then its
 * arrays as they lie in memory. */
#include "index/local_save.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index/local_snapshot.h"

#define VERSION 1
#define ROW_BYTES 31
#define FRESH_BYTES 42
#define PACK_PARTS 5

/* Begins a saved pack; in the order of bytes of the machine, like what follows. */
struct pack_header {
    uint32_t order; /* BYTE_ORDER_MARK */
    uint32_t version, key_bits, n;
};
#define BYTE_ORDER_MARK 0x01020304U

/* ---- saving ----------------------------------------------------------------------- */

static int save_pack(struct cw_saved *saved, const char *name, uint64_t no,
                     const struct cw_local_pack *p, struct cw_err *err)
{
    char blob[CW_SAVED_NAME_MAX + 1];
    const struct pack_header h = {
        .order = BYTE_ORDER_MARK, .version = VERSION, .key_bits = p->key_bits, .n = p->n};
    const struct cw_bytes parts[PACK_PARTS] = {
        cw_bytes_of(&h, sizeof h),
        cw_bytes_of(p->starts, (cw_local_buckets(p->key_bits) + 1) * sizeof *p->starts),
        cw_bytes_of(p->seconds, p->n * sizeof *p->seconds),
        cw_bytes_of(p->rests, p->n * sizeof *p->rests),
        cw_bytes_of(p->tags, p->n * sizeof *p->tags)};
    cw_saved_part_name(name, no, blob);
    return cw_saved_put(saved, blob, parts, PACK_PARTS, err);
}

/* Saves the packs that are not. */
static int save_packs(const struct cw_local_frozen *f, struct cw_saved *saved,
                      const char *name, struct cw_err *err)
{
    uint64_t *newest = cw_local_newest_saved(f->ix);
    for (unsigned i = 0; i < f->snapshot->n_levels; i++) {
        for (unsigned k = 0; k < CW_LOCAL_SHARDS; k++) {
            struct cw_local_pack *p = f->snapshot->levels[i].packs[k];
            if (p != NULL && p->saved_as == 0) {
                CW_TRY(save_pack(saved, name, *newest + 1, p, err));
                p->saved_as = ++*newest;
            }
        }
    }
    return 0;
}

static void put_rows(struct cw_buf *out, const struct cw_local_rows *rows,
                     const struct cw_local_frozen *f)
{
    cw_put_u32(out, f->n_rows);
    for (uint32_t i = 0; i < f->n_rows; i++) {
        const struct cw_local_row *r = cw_local_rows_at(rows, i);
        cw_put_u64(out, r->asset);
        cw_put_u32(out, r->frame.width);
        cw_put_u32(out, r->frame.height);
        cw_put_u32(out, r->page);
        cw_put_u32(out, r->studio);
        cw_put_u16(out, r->n);
        cw_put_u8(out, f->gone[i]);
    }
}

static void put_tag(struct cw_buf *out, const struct cw_local_tag *t)
{
    cw_put_u32(out, cw_local_tag_row(t));
    cw_put_u16(out, t->local);
    cw_put_u8(out, t->x);
    cw_put_u8(out, t->y);
    cw_put_u8(out, t->scale);
    cw_put_u8(out, t->angle);
}

static void put_fresh(struct cw_buf *out, const struct cw_local_frozen *f)
{
    cw_put_u32(out, f->n_fresh);
    for (uint32_t i = 0; i < f->n_fresh; i++) {
        const struct cw_local_words *w = &f->snapshot->fresh->words[i];
        cw_put_u64(out, w->rest.first);
        cw_put_u64(out, w->second);
        cw_put_u64(out, w->rest.third);
        cw_put_u64(out, w->rest.fourth);
        put_tag(out, &f->snapshot->fresh->tags[i]);
    }
}

static void put_levels(struct cw_buf *out, const struct cw_local_snapshot *s)
{
    cw_put_u8(out, (uint8_t)s->n_levels);
    for (unsigned i = 0; i < s->n_levels; i++) {
        cw_put_u8(out, (uint8_t)s->levels[i].key_bits);
        for (unsigned k = 0; k < CW_LOCAL_SHARDS; k++) {
            const struct cw_local_pack *p = s->levels[i].packs[k];
            cw_put_u64(out, p == NULL ? 0 : p->saved_as);
        }
    }
}

int cw_local_save(const struct cw_local_frozen *f, struct cw_saved *saved,
                  const char *name, struct cw_buf *list, struct cw_err *err)
{
    CW_TRY(save_packs(f, saved, name, err));
    cw_put_u8(list, VERSION);
    cw_put_u64(list, *cw_local_newest_saved(f->ix));
    put_levels(list, f->snapshot);
    put_rows(list, cw_local_rows_of(f->ix), f);
    put_fresh(list, f);
    return cw_buf_check(list, "the list of a saved local index", err);
}

/* ---- levels of a list ------------------------------------------------------------- */

static int corrupt(struct cw_err *err)
{
    return cw_fail(err, CW_E_CORRUPT, "the saved local index makes no sense");
}

struct level {
    unsigned key_bits;
    uint64_t packs[CW_LOCAL_SHARDS]; /* their numbers; 0 = none */
};

struct levels {
    uint64_t newest; /* number of a pack */
    unsigned n;
    struct level items[CW_LOCAL_LEVELS];
};

static int get_levels(struct cw_reader *r, struct levels *out, struct cw_err *err)
{
    if (cw_get_u8(r) != VERSION) {
        return cw_fail(err, CW_E_CORRUPT, "the saved local index has another format");
    }
    out->newest = cw_get_u64(r);
    out->n = cw_get_u8(r);
    if (out->n >= CW_LOCAL_LEVELS) {
        return corrupt(err);
    }
    for (unsigned i = 0; i < out->n; i++) {
        struct level *l = &out->items[i];
        l->key_bits = cw_get_u8(r);
        if (l->key_bits < CW_LOCAL_LEAST_KEY || l->key_bits > CW_LOCAL_MOST_KEY) {
            return corrupt(err);
        }
        for (unsigned k = 0; k < CW_LOCAL_SHARDS; k++) {
            l->packs[k] = cw_get_u64(r);
        }
    }
    return r->failed ? corrupt(err) : 0;
}

int cw_local_sweep(struct cw_saved *saved, const char *name, struct cw_bytes list,
                   struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(list);
    struct levels levels;
    uint64_t numbers[CW_LOCAL_LEVELS * CW_LOCAL_SHARDS];
    size_t n = 0;
    CW_TRY(get_levels(&r, &levels, err));
    for (unsigned i = 0; i < levels.n; i++) {
        for (unsigned k = 0; k < CW_LOCAL_SHARDS; k++) {
            numbers[n++] = levels.items[i].packs[k]; /* 0 is the number of none */
        }
    }
    return cw_saved_sweep_parts(saved, name, numbers, n, err);
}

/* ---- restoring -------------------------------------------------------------------- */

/* A search must not be led out of its arrays by what was saved. */
static bool is_sound(const struct cw_local_pack *p, uint32_t n_rows)
{
    const size_t n_buckets = cw_local_buckets(p->key_bits);
    bool sound = p->starts[0] == 0 && p->starts[n_buckets] == p->n;
    for (size_t i = 0; i < n_buckets; i++) {
        sound &= p->starts[i] <= p->starts[i + 1];
    }
    for (uint32_t i = 0; i < p->n; i++) {
        sound &= cw_local_tag_row(&p->tags[i]) < n_rows;
    }
    return sound;
}

static int read_arrays(struct cw_saved_reader *r, const struct cw_local_pack *p,
                       struct cw_err *err)
{
    const size_t n_starts = cw_local_buckets(p->key_bits) + 1;
    CW_TRY(cw_saved_read(r, p->starts, n_starts * sizeof *p->starts, err));
    CW_TRY(cw_saved_read(r, p->seconds, p->n * sizeof *p->seconds, err));
    CW_TRY(cw_saved_read(r, p->rests, p->n * sizeof *p->rests, err));
    return cw_saved_read(r, p->tags, p->n * sizeof *p->tags, err);
}

/* What the arrays of a pack take in a blob. */
static uint64_t bytes_of(const struct pack_header *h)
{
    return (cw_local_buckets(h->key_bits) + 1) * sizeof(uint32_t) +
           (uint64_t)h->n * (sizeof(uint64_t) + sizeof(struct cw_local_rest) +
                             sizeof(struct cw_local_tag));
}

static int read_pack(struct cw_saved_reader *r, unsigned key_bits, uint32_t n_rows,
                     struct cw_local_pack **out, struct cw_err *err)
{
    struct pack_header h;
    CW_TRY(cw_saved_read(r, &h, sizeof h, err));
    if (h.order != BYTE_ORDER_MARK || h.version != VERSION || h.key_bits != key_bits ||
        cw_saved_left(r) != bytes_of(&h)) {
        return corrupt(err);
    }
    CW_TRY(cw_local_pack_new(key_bits, h.n, out, err));
    CW_TRY(read_arrays(r, *out, err));
    return is_sound(*out, n_rows) ? 0 : corrupt(err);
}

static int restore_pack(struct cw_saved *saved, const char *name, uint64_t no,
                        unsigned key_bits, uint32_t n_rows, struct cw_local_pack **out,
                        struct cw_err *err)
{
    char blob[CW_SAVED_NAME_MAX + 1];
    CW_AUTO(cw_saved_end) struct cw_saved_reader *r = NULL;
    cw_saved_part_name(name, no, blob);
    const int rc = cw_saved_get(saved, blob, &r, err);
    if (rc != 0) {
        return rc == CW_E_NOT_FOUND ? corrupt(err) : rc;
    }
    CW_TRY(read_pack(r, key_bits, n_rows, out, err));
    (*out)->saved_as = no;
    return 0;
}

static int get_rows(struct cw_reader *r, struct cw_local_index *ix, struct cw_err *err)
{
    const uint32_t n = cw_get_u32(r);
    if ((uint64_t)n * ROW_BYTES > r->in.len) {
        return corrupt(err);
    }
    for (uint32_t i = 0; i < n; i++) {
        struct cw_local_row row = {.asset = cw_get_u64(r)};
        row.frame.width = cw_get_u32(r);
        row.frame.height = cw_get_u32(r);
        row.page = cw_get_u32(r);
        row.studio = cw_get_u32(r);
        row.n = cw_get_u16(r);
        atomic_init(&row.gone, cw_get_u8(r) != 0);
        CW_TRY(cw_local_thaw_row(ix, &row, err));
    }
    return 0;
}

static struct cw_local_tag get_tag(struct cw_reader *r)
{
    const uint32_t row = cw_get_u32(r);
    struct cw_local_tag t = {.row_high = (uint16_t)(row >> 16), .row_low = (uint16_t)row};
    t.local = cw_get_u16(r);
    t.x = cw_get_u8(r);
    t.y = cw_get_u8(r);
    t.scale = cw_get_u8(r);
    t.angle = cw_get_u8(r);
    return t;
}

static int get_fresh(struct cw_reader *r, struct cw_local_fresh *fresh, uint32_t n_rows,
                     struct cw_err *err)
{
    const uint32_t n = cw_get_u32(r);
    if (n > CW_FRESH_DESCRIPTORS || (uint64_t)n * FRESH_BYTES > r->in.len) {
        return corrupt(err);
    }
    for (uint32_t i = 0; i < n; i++) {
        struct cw_local_words w;
        w.rest.first = cw_get_u64(r);
        w.second = cw_get_u64(r);
        w.rest.third = cw_get_u64(r);
        w.rest.fourth = cw_get_u64(r);
        const struct cw_local_tag tag = get_tag(r);
        if (cw_local_tag_row(&tag) >= n_rows) {
            return corrupt(err);
        }
        cw_local_fresh_put(fresh, &w, &tag);
    }
    return 0;
}

/* What a restoring is made with. */
struct restoring {
    struct cw_saved *saved;
    const char *name;
    struct cw_local_index *ix;
    struct cw_local_snapshot *snapshot; /* being filled */
};

static int restore_level(struct restoring *w, const struct level *from,
                         struct cw_err *err)
{
    struct cw_local_level *to = &w->snapshot->levels[w->snapshot->n_levels];
    const uint32_t n_rows = cw_local_rows_count(cw_local_rows_of(w->ix));
    *to = (struct cw_local_level){.key_bits = from->key_bits};
    w->snapshot->n_levels++; /* from here on its packs are let go with the snapshot */
    for (unsigned k = 0; k < CW_LOCAL_SHARDS; k++) {
        if (from->packs[k] != 0) {
            CW_TRY(restore_pack(w->saved, w->name, from->packs[k], from->key_bits, n_rows,
                                &to->packs[k], err));
            to->n += to->packs[k]->n;
        }
    }
    return 0;
}

static int get_list(struct restoring *w, struct cw_bytes list, struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(list);
    struct levels levels;
    CW_TRY(get_levels(&r, &levels, err));
    *cw_local_newest_saved(w->ix) = levels.newest;
    CW_TRY(get_rows(&r, w->ix, err));
    CW_TRY(get_fresh(&r, w->snapshot->fresh, cw_local_rows_count(cw_local_rows_of(w->ix)),
                     err));
    CW_TRY(cw_reader_end(&r, "the list of a saved local index", err));
    for (unsigned i = 0; i < levels.n; i++) {
        CW_TRY(restore_level(w, &levels.items[i], err));
    }
    return 0;
}

int cw_local_restore(struct cw_local_index *ix, struct cw_saved *saved, const char *name,
                     struct cw_bytes list, struct cw_err *err)
{
    struct restoring w = {.saved = saved, .name = name, .ix = ix};
    CW_TRY(cw_local_snapshot_new(&w.snapshot, err));
    const int rc = get_list(&w, list, err);
    if (rc != 0) {
        cw_local_snapshot_unref(w.snapshot);
        cw_local_clear(ix);
        return rc;
    }
    cw_local_thaw(ix, w.snapshot);
    return 0;
}
