/* store_verify_incidents.c - the half of verify that walks matches, incidents, history.
 */
#include <inttypes.h>
#include <string.h>

#include "index/store_verify.h"

/* ---- matches ---------------------------------------------------------------------- */

/* A match with the three things it ties together. */
struct tie {
    struct cw_match_record m;
    struct cw_asset asset;
    struct cw_sighting sighting;
    struct cw_incident incident;
};

static int load_tie(struct cw_kv_tx *tx, cw_studio_no studio, struct cw_kv_pair at,
                    struct tie *out, struct cw_err *err)
{
    CW_TRY(cw_record_get_match(at.value, &out->m, err));
    out->m.m.asset = cw_kk_read_u64(at.key, 4);
    out->m.m.sighting = cw_kk_read_u64(at.key, 12);
    CW_TRY(cw_skv_load_asset(tx, studio, out->m.m.asset, &out->asset, err));
    CW_TRY(cw_skv_load_sighting(tx, studio, out->m.m.sighting, &out->sighting, err));
    return cw_skv_load_incident(tx, studio, out->m.incident, &out->incident, err);
}

static int check_match(struct cw_check *c, struct cw_kv_pair at, void *ctx,
                       struct cw_err *err)
{
    const cw_studio_no studio = cw_kk_read_u32(at.key, 0);
    struct cw_err why = {0};
    struct tie t;
    bool ok;
    (void)ctx;
    CW_TRY(cw_check_outcome(c, load_tie(c->tx, studio, at, &t, &why), &why,
                            "match with its asset, sighting and incident", &ok, err));
    if (!ok) {
        return 0;
    }
    if (strcmp(t.asset.collection, t.incident.collection) != 0 ||
        strcmp(t.sighting.host, t.incident.host) != 0) {
        cw_check_problem(c, "a match is filed under the wrong incident %" PRIu64,
                         t.incident.no);
    }
    const struct cw_kk by_sighting =
        cw_kk_studio_u64_u64(studio, t.m.m.sighting, t.m.m.asset);
    struct cw_kk by_incident = cw_kk_studio_u64_u64(studio, t.m.incident, t.m.m.asset);
    cw_kk_u64(&by_incident, t.m.m.sighting);
    CW_TRY(cw_check_present(c, CW_TABLE_SIGHTING_MATCH, &by_sighting,
                            "match under its sighting", err));
    return cw_check_present(c, CW_TABLE_INCIDENT_MATCH, &by_incident,
                            "match under its incident", err);
}

static int check_matches(struct cw_check *c, struct cw_err *err)
{
    uint64_t n;
    CW_TRY(cw_check_each(c, CW_TABLE_MATCH, check_match, NULL, &n, err));
    CW_TRY(cw_check_mirror(c, CW_TABLE_SIGHTING_MATCH, "matches by sighting", n, err));
    return cw_check_mirror(c, CW_TABLE_INCIDENT_MATCH, "matches by incident", n, err);
}

/* ---- incidents -------------------------------------------------------------------- */

/* The history of an incident leads, line by line, to the state it is in. */
static int check_history(struct cw_check *c, const struct cw_incident *in,
                         struct cw_err *err)
{
    CW_AUTO(cw_scan_done) struct cw_scan scan = {0};
    const struct cw_kk from = cw_kk_studio_u64(in->studio, in->no);
    struct cw_history_record line;
    uint8_t state = CW_STATE_NEW;
    int rc = cw_scan_from(&scan, c->tx, CW_TABLE_HISTORY, &from, from.len, err);
    for (; rc == 0; rc = cw_scan_next(&scan, err)) {
        struct cw_err why = {0};
        bool ok;
        CW_TRY(cw_check_outcome(c, cw_record_get_history(scan.at.value, &line, &why),
                                &why, "history", &ok, err));
        if (!ok) {
            continue;
        }
        if (line.h.state_before != state ||
            cw_kk_read_u64(scan.at.key, from.len) > in->version) {
            cw_check_problem(c, "the history of incident %" PRIu64 " does not connect",
                             in->no);
        }
        state = line.h.state_after;
    }
    cw_check_same(c, "state of an incident", in->state, state);
    return cw_scan_end(rc);
}

static int check_incident(struct cw_check *c, struct cw_kv_pair at, void *ctx,
                          struct cw_err *err)
{
    uint64_t *n_open = ctx;
    struct cw_incident in = {.studio = cw_kk_read_u32(at.key, 0),
                             .no = cw_kk_read_u64(at.key, 4)};
    struct cw_err why = {0};
    uint64_t matches;
    bool ok;
    CW_TRY(cw_check_outcome(c, cw_record_get_incident(at.value, &in, &why), &why,
                            "incident", &ok, err));
    if (!ok) {
        return 0;
    }
    *n_open += cw_skv_is_open(in.state);
    const struct cw_kk prefix = cw_kk_studio_u64(in.studio, in.no);
    CW_TRY(cw_check_count(c, CW_TABLE_INCIDENT_MATCH, &prefix, &matches, err));
    cw_check_same(c, "matches of an incident", in.n_matches, matches);
    if (in.n_undecided > in.n_matches) {
        cw_check_problem(
            c, "incident %" PRIu64 " has more undecided matches than matches", in.no);
    }
    struct cw_kk by_state = cw_kk_studio(in.studio);
    cw_kk_u8(&by_state, in.state);
    cw_kk_u64(&by_state, in.no);
    CW_TRY(cw_check_present(c, CW_TABLE_INCIDENT_STATE, &by_state,
                            "incident under its state", err));
    return check_history(c, &in, err);
}

/* The key of an incident names its collection and host. */
static int check_incident_key(struct cw_check *c, struct cw_kv_pair at, void *ctx,
                              struct cw_err *err)
{
    const size_t host_at = sizeof(cw_studio_no) + sizeof(uint32_t);
    const cw_studio_no studio = cw_kk_read_u32(at.key, 0);
    struct cw_collection_record col = {0};
    struct cw_incident in;
    struct cw_err why = {0};
    uint64_t no = 0;
    bool ok;
    (void)ctx;
    int rc = cw_record_get_number(at.value, &no, &why);
    if (rc == 0) {
        rc = cw_skv_load_incident(c->tx, studio, no, &in, &why);
    }
    if (rc == 0) {
        rc = cw_skv_load_collection(c->tx, studio, in.collection, &col, &why);
    }
    CW_TRY(cw_check_outcome(c, rc, &why, "incident of a key", &ok, err));
    if (!ok) {
        return 0;
    }
    if (at.key.len < host_at || cw_kk_read_u32(at.key, sizeof studio) != col.no ||
        !cw_bytes_equal_str(cw_bytes_of(at.key.p + host_at, at.key.len - host_at),
                            in.host)) {
        cw_check_problem(c, "the key of incident %" PRIu64 " is another one's", no);
    }
    return 0;
}

static int check_history_key(struct cw_check *c, struct cw_kv_pair at, void *ctx,
                             struct cw_err *err)
{
    const struct cw_kk incident =
        cw_kk_studio_u64(cw_kk_read_u32(at.key, 0), cw_kk_read_u64(at.key, 4));
    (void)ctx;
    return cw_check_present(c, CW_TABLE_INCIDENT, &incident, "incident of a history line",
                            err);
}

int cw_check_incidents(struct cw_check *c, struct cw_err *err)
{
    uint64_t n, n_keys, n_open = 0;
    CW_TRY(check_matches(c, err));
    CW_TRY(cw_check_each(c, CW_TABLE_INCIDENT, check_incident, &n_open, &n, err));
    CW_TRY(cw_check_counter(c, CW_COUNTER_INCIDENTS, "incident counter", n, err));
    CW_TRY(cw_check_counter(c, CW_COUNTER_OPEN_INCIDENTS, "open incidents", n_open, err));
    CW_TRY(cw_check_mirror(c, CW_TABLE_INCIDENT_STATE, "incidents by state", n, err));
    CW_TRY(
        cw_check_each(c, CW_TABLE_INCIDENT_KEY, check_incident_key, NULL, &n_keys, err));
    cw_check_same(c, "incidents by key", n_keys, n);
    return cw_check_each(c, CW_TABLE_HISTORY, check_history_key, NULL, NULL, err);
}
