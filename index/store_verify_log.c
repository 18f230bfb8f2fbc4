/* store_verify_log.c - the part of verify that walks the log and its two chains.
 *
 * A bad event is named once; the walk then goes on from what it says of itself, so that
 * the figure of problems tells how much was changed. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "index/store_verify.h"

#define MAX_STUDIOS ((uint64_t)1 << 20) /* 32 MiB of hashes */

struct log_walk {
    struct cw_chain_head last; /* over all studios */
    const struct cw_chain_head *known;
    uint8_t (*hashes)[CW_CHAIN_BYTES]; /* owned: the last one of studio i + 1 */
    uint64_t n_studios;
    struct cw_buf scratch; /* owned */
};

static void walk_done(struct log_walk *w)
{
    free(w->hashes);
    cw_buf_done(&w->scratch);
}

static int walk_init(struct log_walk *w, struct cw_check *c,
                     const struct cw_chain_head *known, struct cw_err *err)
{
    *w = (struct log_walk){.known = known, .scratch = CW_BUF_INIT(CW_RECORD_MAX)};
    if (cw_skv_counter(c->tx, CW_COUNTER_STUDIO, 0, &w->n_studios, NULL) != 0 ||
        w->n_studios > MAX_STUDIOS) {
        cw_check_problem(c, "the studio counter is damaged");
        w->n_studios = 0;
    }
    w->hashes = calloc((size_t)w->n_studios + 1, sizeof *w->hashes);
    return w->hashes == NULL ? cw_fail(err, CW_E_NO_MEMORY, "out of memory") : 0;
}

/* Whether the event follows from what was walked; notes it if not. */
static int check_chains(struct cw_check *c, struct log_walk *w, const struct cw_event *e,
                        struct cw_err *err)
{
    struct cw_event again = *e;
    uint8_t *hash_before = w->hashes[e->studio - 1];
    CW_TRY(cw_skv_seal_event(&again, hash_before, w->last.hash, &w->scratch, err));
    if (memcmp(again.hash, e->hash, sizeof e->hash) != 0) {
        cw_check_problem(c,
                         "event %" PRIu64
                         ": changed, or does not follow from the one before it in its "
                         "studio",
                         e->seq);
    } else if (memcmp(again.chain, e->chain, sizeof e->chain) != 0) {
        cw_check_problem(
            c, "event %" PRIu64 ": changed, or does not follow from the one before it",
            e->seq);
    }
    memcpy(hash_before, e->hash, sizeof e->hash);
    memcpy(w->last.hash, e->chain, sizeof e->chain);
    return 0;
}

static void check_known(struct cw_check *c, const struct log_walk *w)
{
    if (w->known != NULL && w->known->seq == w->last.seq &&
        memcmp(w->known->hash, w->last.hash, sizeof w->last.hash) != 0) {
        cw_check_problem(c, "event %" PRIu64 " is not the one of the known head",
                         w->last.seq);
    }
}

static int check_event(struct cw_check *c, struct cw_kv_pair at, void *ctx,
                       struct cw_err *err)
{
    struct log_walk *w = ctx;
    struct cw_event e = {.seq = cw_kk_read_u64(at.key, 0)};
    if (at.key.len != sizeof e.seq) {
        cw_check_problem(c, "the key of an event is damaged");
        return 0;
    }
    if (e.seq != w->last.seq + 1) {
        cw_check_problem(c, "event %" PRIu64 ": missing", w->last.seq + 1);
    }
    w->last.seq = e.seq;
    if (cw_record_get_event(at.value, &e, NULL) != 0 || e.studio == 0 ||
        e.studio > w->n_studios) {
        cw_check_problem(c, "event %" PRIu64 ": damaged", e.seq);
        return 0;
    }
    CW_TRY(check_chains(c, w, &e, err));
    check_known(c, w);
    const struct cw_kk entry = cw_kk_studio_u64(e.studio, e.seq);
    return cw_check_present(c, CW_TABLE_STUDIO_LOG, &entry, "event in its studio", err);
}

int cw_check_log(struct cw_check *c, const struct cw_chain_head *known,
                 struct cw_chain_head *out_head, struct cw_err *err)
{
    CW_AUTO(walk_done) struct log_walk w = {0};
    uint64_t n;
    CW_TRY(walk_init(&w, c, known, err));
    check_known(c, &w);
    CW_TRY(cw_check_each(c, CW_TABLE_LOG, check_event, &w, &n, err));
    if (known != NULL && known->seq > w.last.seq) {
        cw_check_problem(c,
                         "event %" PRIu64 ": missing, and so is what follows it up to "
                         "event %" PRIu64 " of the known head",
                         w.last.seq + 1, known->seq);
    }
    CW_TRY(cw_check_counter(c, CW_COUNTER_EVENT, "event counter", n, err));
    if (out_head != NULL) {
        *out_head = w.last;
    }
    return cw_check_mirror(c, CW_TABLE_STUDIO_LOG, "events by studio", n, err);
}

int cw_skv_verify_log(struct cw_store *s, const struct cw_chain_head *known,
                      struct cw_verify_report *out, struct cw_chain_head *out_head,
                      struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    CW_TRY(cw_skv_read(s, &tx, err));
    struct cw_check c = {.tx = tx};
    CW_TRY(cw_check_log(&c, known, out_head, err));
    *out = c.report;
    return 0;
}
