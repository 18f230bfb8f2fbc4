/* store_sightings.c - recording and reading sightings, and matches found afterwards. */
#include <string.h>

#include "base/hex.h"
#include "index/store_kv.h"

static struct cw_kk id_key(cw_studio_no studio, const uint8_t id[CW_SIGHTING_ID_BYTES])
{
    struct cw_kk k = cw_kk_studio(studio);
    cw_kk_raw(&k, cw_bytes_of(id, CW_SIGHTING_ID_BYTES));
    return k;
}

int cw_skv_load_sighting(struct cw_kv_tx *tx, cw_studio_no studio, cw_sighting_no no,
                         struct cw_sighting *out, struct cw_err *err)
{
    const struct cw_kk key = cw_kk_studio_u64(studio, no);
    struct cw_bytes value;
    CW_TRY(cw_skv_need(tx, CW_TABLE_SIGHTING, &key, "sighting", &value, err));
    CW_TRY(cw_record_get_sighting(value, out, err));
    out->studio = studio;
    out->no = no;
    return 0;
}

static int find_sighting(struct cw_kv_tx *tx, cw_studio_no studio,
                         const uint8_t id[CW_SIGHTING_ID_BYTES], struct cw_sighting *out,
                         struct cw_err *err)
{
    const struct cw_kk key = id_key(studio, id);
    struct cw_bytes value;
    uint64_t no;
    CW_TRY(cw_skv_need(tx, CW_TABLE_SIGHTING_ID, &key, "sighting", &value, err));
    CW_TRY(cw_record_get_number(value, &no, err));
    return cw_skv_load_sighting(tx, studio, no, out, err);
}

/* ---- recording -------------------------------------------------------------------- */

struct record_args {
    const struct cw_new_sighting *items;
    size_t n;
    struct cw_recorded *out;
    uint64_t local_budget;
    struct cw_touched touched;
};

static int append_event(struct cw_kv_tx *tx, const struct cw_sighting *s,
                        struct cw_err *err)
{
    struct cw_event e = {
        .at_us = s->received_us, .studio = s->studio, .type = CW_EVENT_SIGHTING_RECORDED};
    memcpy(e.actor, s->actor, sizeof e.actor);
    cw_hex_encode(s->id, sizeof s->id, e.subject);
    return cw_skv_append_event(tx, &e, err);
}

/* Record, id, feed entry and event of a new sighting. */
static int write_sighting(struct cw_kv_tx *tx, const struct cw_new_sighting *item,
                          uint64_t local_budget, cw_sighting_no *out_no,
                          struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(CW_RECORD_MAX);
    const struct cw_sighting *s = &item->sighting;
    uint64_t no;
    CW_TRY(cw_skv_count(tx, CW_COUNTER_SIGHTING, 0, 1, &no, err));
    const struct cw_kk by_no = cw_kk_studio_u64(s->studio, no);
    const struct cw_kk by_id = id_key(s->studio, s->id);
    cw_record_put_sighting(&b, s);
    CW_TRY(cw_skv_put(tx, CW_TABLE_SIGHTING, &by_no, &b, err));
    CW_TRY(cw_skv_put_number(tx, CW_TABLE_SIGHTING_ID, &by_id, no, err));
    struct cw_feed_entry e = {.studio = s->studio, .no = no, .n_rows = item->n_rows};
    memcpy(e.rows, item->rows, item->n_rows * sizeof e.rows[0]);
    CW_TRY(cw_skv_append_feed(tx, CW_FEED_SIGHTINGS, cw_bytes_of(s->id, sizeof s->id), &e,
                              err));
    CW_TRY(cw_skv_put_sighting_local(tx, s->studio, no, item->local, local_budget, err));
    *out_no = no;
    return append_event(tx, s, err);
}

static int record_one(struct cw_kv_tx *tx, const struct cw_new_sighting *item,
                      struct record_args *args, struct cw_recorded *out,
                      struct cw_err *err)
{
    const struct cw_sighting *s = &item->sighting;
    struct cw_sighting old;
    const int rc = find_sighting(tx, s->studio, s->id, &old, err);
    if (rc == 0) {
        const bool same = memcmp(old.digest, s->digest, sizeof old.digest) == 0;
        *out =
            (struct cw_recorded){.rc = same ? CW_E_EXISTS : CW_E_CONFLICT, .no = old.no};
        return 0;
    }
    if (rc != CW_E_NOT_FOUND) {
        return rc;
    }
    *out = (struct cw_recorded){0};
    CW_TRY(write_sighting(tx, item, args->local_budget, &out->no, err));
    for (size_t i = 0; i < item->n_matches; i++) {
        struct cw_match m = item->matches[i];
        m.sighting = m.sighting == 0 ? out->no : m.sighting;
        CW_TRY(cw_skv_add_match(tx, s->studio, &m, &args->touched, err));
    }
    return 0;
}

static int write_sightings(void *ctx, struct cw_kv_tx *tx, void *args, struct cw_err *err)
{
    struct record_args *a = args;
    const struct cw_skv *s = ctx;
    a->local_budget = s->sighting_local_bytes;
    a->touched.n = 0;
    for (size_t i = 0; i < a->n; i++) {
        CW_TRY(record_one(tx, &a->items[i], a, &a->out[i], err));
    }
    return cw_skv_finish_matches(tx, &a->touched, a->items[0].sighting.actor, err);
}

int cw_skv_record_sightings(struct cw_store *s, const struct cw_new_sighting *items,
                            size_t n, struct cw_recorded *out, struct cw_err *err)
{
    struct record_args args = {.items = items, .n = n, .out = out};
    for (size_t i = 0; i < n; i++) {
        if (items[i].sighting.host[0] == '\0' || items[i].n_rows > CW_ROWS_PER_RECORD) {
            return cw_fail(err, CW_E_INVALID, "sighting %zu lacks a host", i);
        }
    }
    if (n == 0) {
        return 0;
    }
    const int rc = cw_skv_write(s, write_sightings, &args, err);
    cw_touched_done(&args.touched);
    return rc;
}

/* ---- matches found afterwards ----------------------------------------------------- */

struct match_args {
    cw_studio_no studio;
    const struct cw_match *matches;
    size_t n;
    struct cw_touched touched;
};

static int write_matches(void *ctx, struct cw_kv_tx *tx, void *args, struct cw_err *err)
{
    static const uint8_t nobody[CW_KEY_ID_BYTES]; /* the service itself found them */
    struct match_args *a = args;
    (void)ctx;
    a->touched.n = 0;
    for (size_t i = 0; i < a->n; i++) {
        CW_TRY(cw_skv_add_match(tx, a->studio, &a->matches[i], &a->touched, err));
    }
    return cw_skv_finish_matches(tx, &a->touched, nobody, err);
}

int cw_skv_record_matches(struct cw_store *s, cw_studio_no studio,
                          const struct cw_match *matches, size_t n, struct cw_err *err)
{
    struct match_args args = {.studio = studio, .matches = matches, .n = n};
    const int rc = cw_skv_write(s, write_matches, &args, err);
    cw_touched_done(&args.touched);
    return rc;
}

/* ---- reading ---------------------------------------------------------------------- */

int cw_skv_get_sighting(struct cw_store *s, cw_studio_no studio,
                        const uint8_t id[CW_SIGHTING_ID_BYTES], struct cw_sighting *out,
                        struct cw_buf *fp, struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    struct cw_sighting found;
    CW_TRY(cw_skv_read(s, &tx, err));
    CW_TRY(find_sighting(tx, studio, id, &found, err));
    CW_TRY(cw_skv_keep_fingerprint(&found.fingerprint, fp, err));
    *out = found;
    return 0;
}

int cw_skv_get_sighting_no(struct cw_store *s, cw_studio_no studio, cw_sighting_no no,
                           struct cw_sighting *out, struct cw_buf *fp, struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    struct cw_sighting found;
    CW_TRY(cw_skv_read(s, &tx, err));
    CW_TRY(cw_skv_load_sighting(tx, studio, no, &found, err));
    CW_TRY(cw_skv_keep_fingerprint(&found.fingerprint, fp, err));
    *out = found;
    return 0;
}
