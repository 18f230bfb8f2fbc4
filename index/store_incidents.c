/* store_incidents.c - reading incidents, deciding them, and their history. */
#include <string.h>

#include "index/store_kv.h"

bool cw_skv_is_open(uint8_t state)
{
    return state == CW_STATE_NEW || state == CW_STATE_TRIAGED ||
           state == CW_STATE_CONFIRMED;
}

int cw_skv_load_incident(struct cw_kv_tx *tx, cw_studio_no studio, uint64_t no,
                         struct cw_incident *out, struct cw_err *err)
{
    const struct cw_kk key = cw_kk_studio_u64(studio, no);
    struct cw_bytes value;
    CW_TRY(cw_skv_need(tx, CW_TABLE_INCIDENT, &key, "incident", &value, err));
    CW_TRY(cw_record_get_incident(value, out, err));
    out->studio = studio;
    out->no = no;
    return 0;
}

int cw_skv_save_incident(struct cw_kv_tx *tx, const struct cw_incident *i,
                         struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(CW_RECORD_MAX);
    const struct cw_kk key = cw_kk_studio_u64(i->studio, i->no);
    cw_record_put_incident(&b, i);
    return cw_skv_put(tx, CW_TABLE_INCIDENT, &key, &b, err);
}

int cw_skv_get_incident(struct cw_store *s, cw_studio_no studio, uint64_t no,
                        struct cw_incident *out, struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    struct cw_incident found;
    CW_TRY(cw_skv_read(s, &tx, err));
    CW_TRY(cw_skv_load_incident(tx, studio, no, &found, err));
    *out = found;
    return 0;
}

static struct cw_kk state_key(cw_studio_no studio, uint8_t state, uint64_t no)
{
    struct cw_kk k = cw_kk_studio(studio);
    cw_kk_u8(&k, state);
    cw_kk_u64(&k, no);
    return k;
}

int cw_skv_list_incidents(struct cw_store *s, cw_studio_no studio, uint8_t state,
                          uint64_t before, cw_incident_fn *fn, void *ctx,
                          struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    CW_AUTO(cw_scan_done) struct cw_scan scan = {0};
    const uint64_t below_no = before == 0 ? UINT64_MAX : before;
    const enum cw_table table = state == 0 ? CW_TABLE_INCIDENT : CW_TABLE_INCIDENT_STATE;
    const size_t prefix_len = sizeof studio + (state == 0 ? 0 : sizeof state);
    const struct cw_kk below = state == 0 ? cw_kk_studio_u64(studio, below_no)
                                          : state_key(studio, state, below_no);
    struct cw_incident in;
    CW_TRY(cw_skv_read(s, &tx, err));
    int rc = cw_scan_below(&scan, tx, table, &below, prefix_len, err);
    for (; rc == 0; rc = cw_scan_prev(&scan, err)) {
        const uint64_t no = cw_kk_read_u64(scan.at.key, prefix_len);
        CW_TRY(cw_skv_load_incident(tx, studio, no, &in, err));
        if (!fn(ctx, &in)) {
            return 0;
        }
    }
    return cw_scan_end(rc);
}

/* ---- deciding --------------------------------------------------------------------- */

struct decide_args {
    cw_studio_no studio;
    uint64_t no;
    uint64_t expected;
    const struct cw_history *act;
    struct cw_incident now; /* the incident as it is afterwards, also on a conflict */
};

/* The last decision that no undo has taken back. Undos and decisions pair like brackets,
 * read from the newest line. Errors CW_E_INVALID there is none */
static int find_undoable(struct cw_kv_tx *tx, const struct cw_incident *in,
                         struct cw_history_record *out, struct cw_err *err)
{
    CW_AUTO(cw_scan_done) struct cw_scan scan = {0};
    const struct cw_kk below = cw_kk_studio_u64_u64(in->studio, in->no, UINT64_MAX);
    const size_t prefix_len = sizeof in->studio + sizeof in->no;
    uint64_t undone = 0;
    int rc = cw_scan_below(&scan, tx, CW_TABLE_HISTORY, &below, prefix_len, err);
    for (; rc == 0; rc = cw_scan_prev(&scan, err)) {
        CW_TRY(cw_record_get_history(scan.at.value, out, err));
        if (out->h.act == CW_ACT_UNDO) {
            undone++;
        } else if (out->h.act == CW_ACT_DECISION && undone-- == 0) {
            return 0;
        }
    }
    return rc == CW_E_NOT_FOUND
               ? cw_fail(err, CW_E_INVALID, "there is no decision to undo")
               : rc;
}

/* Moves the incident to another state, in its index and in the count of open ones. */
static int move_state(struct cw_kv_tx *tx, struct cw_incident *in, uint8_t state,
                      struct cw_err *err)
{
    const struct cw_kk old = state_key(in->studio, in->state, in->no);
    const struct cw_kk new = state_key(in->studio, state, in->no);
    const int opened = (int)cw_skv_is_open(state) - (int)cw_skv_is_open(in->state);
    if (state == in->state) {
        return 0;
    }
    CW_TRY(cw_skv_del(tx, CW_TABLE_INCIDENT_STATE, &old, err));
    CW_TRY(cw_skv_put_empty(tx, CW_TABLE_INCIDENT_STATE, &new, err));
    in->state = state;
    return opened == 0
               ? 0
               : cw_skv_count(tx, CW_COUNTER_OPEN_INCIDENTS, 0, opened, NULL, err);
}

static const char *state_name(uint8_t state)
{
    static const char *const names[] = {
        [CW_STATE_NEW] = "new",
        [CW_STATE_TRIAGED] = "triaged",
        [CW_STATE_CONFIRMED] = "confirmed",
        [CW_STATE_REJECTED] = "rejected",
        [CW_STATE_DUPLICATE] = "duplicate",
        [CW_STATE_AUTHORISED] = "authorised",
        [CW_STATE_RELEASED] = "released",
        [CW_STATE_CLOSED] = "closed",
    };
    return names[state];
}

static int append_event(struct cw_kv_tx *tx, const struct cw_incident *in,
                        const struct cw_history *h, struct cw_err *err)
{
    static const uint8_t types[] = {[CW_ACT_DECISION] = CW_EVENT_INCIDENT_DECIDED,
                                    [CW_ACT_UNDO] = CW_EVENT_INCIDENT_UNDONE,
                                    [CW_ACT_COMMENT] = CW_EVENT_INCIDENT_COMMENTED};
    struct cw_event e = {.at_us = h->at_us,
                         .studio = in->studio,
                         .type = types[h->act],
                         .incident = in->no};
    memcpy(e.actor, h->actor, sizeof e.actor);
    memcpy(e.collection, in->collection, sizeof e.collection);
    if (h->act != CW_ACT_COMMENT) {
        const char *name = state_name(in->state);
        memcpy(e.detail, name, strlen(name));
    }
    return cw_skv_append_event(tx, &e, err);
}

/* Fills in what the act does: the state after it, and what is undecided after it. */
static int work_out(struct cw_kv_tx *tx, const struct cw_incident *in,
                    struct cw_history_record *line, uint64_t *out_undecided,
                    struct cw_err *err)
{
    line->h.state_before = in->state;
    line->undecided_before = in->n_undecided;
    *out_undecided = in->n_undecided;
    if (line->h.act == CW_ACT_COMMENT) {
        line->h.state_after = in->state;
    } else if (line->h.act == CW_ACT_DECISION) {
        *out_undecided = 0;
    } else {
        struct cw_history_record undone;
        CW_TRY(find_undoable(tx, in, &undone, err));
        line->h.state_after = undone.h.state_before;
        *out_undecided += undone.undecided_before;
    }
    return 0;
}

static int write_act(void *ctx, struct cw_kv_tx *tx, void *args, struct cw_err *err)
{
    struct decide_args *a = args;
    struct cw_history_record line = {.h = *a->act};
    struct cw_incident in;
    uint64_t undecided;
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(CW_RECORD_MAX);
    (void)ctx;
    CW_TRY(cw_skv_load_incident(tx, a->studio, a->no, &in, err));
    a->now = in;
    const bool any = a->expected == 0 && a->act->act == CW_ACT_COMMENT;
    if (!any && in.version != a->expected) {
        return cw_fail(err, CW_E_CONFLICT, "the incident has changed meanwhile");
    }
    CW_TRY(work_out(tx, &in, &line, &undecided, err));
    CW_TRY(move_state(tx, &in, line.h.state_after, err));
    in.n_undecided = undecided;
    in.version++;
    in.changed_us = line.h.at_us > in.changed_us ? line.h.at_us : in.changed_us;
    CW_TRY(cw_skv_save_incident(tx, &in, err));
    const struct cw_kk key = cw_kk_studio_u64_u64(in.studio, in.no, in.version);
    cw_record_put_history(&b, &line);
    CW_TRY(cw_skv_put(tx, CW_TABLE_HISTORY, &key, &b, err));
    a->now = in;
    return append_event(tx, &in, &line.h, err);
}

int cw_skv_decide(struct cw_store *s, cw_studio_no studio, uint64_t incident,
                  uint64_t expected, const struct cw_history *act,
                  struct cw_incident *out, struct cw_err *err)
{
    struct decide_args args = {
        .studio = studio, .no = incident, .expected = expected, .act = act};
    const bool decides = act->act == CW_ACT_DECISION;
    if (act->act < CW_ACT_DECISION || act->act > CW_ACT_COMMENT ||
        (decides &&
         (act->state_after < CW_STATE_NEW || act->state_after > CW_STATE_CLOSED))) {
        return cw_fail(err, CW_E_INVALID, "an unknown act or state");
    }
    const int rc = cw_skv_write(s, write_act, &args, err);
    if (rc == 0 || rc == CW_E_CONFLICT) {
        *out = args.now;
    }
    return rc;
}

int cw_skv_list_history(struct cw_store *s, cw_studio_no studio, uint64_t incident,
                        cw_history_fn *fn, void *ctx, struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    CW_AUTO(cw_scan_done) struct cw_scan scan = {0};
    const struct cw_kk from = cw_kk_studio_u64(studio, incident);
    struct cw_history_record line;
    CW_TRY(cw_skv_read(s, &tx, err));
    int rc = cw_scan_from(&scan, tx, CW_TABLE_HISTORY, &from, from.len, err);
    for (; rc == 0; rc = cw_scan_next(&scan, err)) {
        CW_TRY(cw_record_get_history(scan.at.value, &line, err));
        line.h.version = cw_kk_read_u64(scan.at.key, from.len);
        if (!fn(ctx, &line.h)) {
            return 0;
        }
    }
    return cw_scan_end(rc);
}
