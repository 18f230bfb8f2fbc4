/* api_decisions.c - what a reviewer says of an incident: decisions, undo, comments. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "server/api.h"
#include "server/body.h"
#include "server/names.h"

#define REOPEN "reopen"
#define UNDO "undo"

/* {"decision","reason"?} */
static int read_decision(const struct cw_request *r, struct cw_history *act,
                         struct cw_refusal *why)
{
    static const char *const names[] = {"decision", "reason"};
    char decision[32] = "";
    CW_AUTO(cw_json_free) struct cw_json *body = NULL;
    if (cw_body_object(cw_buf_view(&r->body), "the body", &body, why) != 0 ||
        cw_body_only(body, names, 2, why) != 0 ||
        cw_body_text(body, "decision", false, decision, sizeof decision, why) != 0 ||
        cw_body_text(body, "reason", true, act->text, sizeof act->text, why) != 0) {
        return -1;
    }
    act->act = strcmp(decision, UNDO) == 0 ? CW_ACT_UNDO : CW_ACT_DECISION;
    if (act->act == CW_ACT_UNDO) {
        return 0;
    }
    if (strcmp(decision, REOPEN) == 0) {
        act->state_after = CW_STATE_NEW;
        return 0;
    }
    if (!cw_state_parse(cw_bytes_str(decision), &act->state_after) ||
        act->state_after == CW_STATE_NEW) {
        return cw_refuse(why, CW_P_BAD_FIELD, "/decision",
                         "must be triaged, confirmed, rejected, duplicate, authorised, "
                         "released, closed, reopen or undo");
    }
    return 0;
}

/* If-Match: "7" */
static int read_if_match(const struct cw_request *r, uint64_t *out,
                         struct cw_refusal *why)
{
    const struct cw_bytes tag = cw_bytes_str(r->if_match);
    if (tag.len == 0) {
        return cw_refuse(why, CW_P_VERSION_REQUIRED, "",
                         "send If-Match with the ETag of the incident you saw");
    }
    if (tag.len < 3 || tag.p[0] != '"' || tag.p[tag.len - 1] != '"' ||
        cw_parse_u64(cw_bytes_of(tag.p + 1, tag.len - 2), 1, UINT64_MAX, "If-Match", out,
                     NULL) != 0) {
        return cw_refuse(why, CW_P_BAD_QUERY, "",
                         "If-Match must be one ETag, such as \"7\"");
    }
    return 0;
}

/* Applies `act` to the incident of the path. */
static void apply(struct cw_app *app, struct cw_request *r, uint64_t expected,
                  struct cw_history *act, unsigned status)
{
    struct cw_refusal why;
    struct cw_err err;
    struct cw_incident i;
    uint64_t no;
    if (!cw_incident_id_parse(cw_route_arg(r, 0), &no)) {
        (void)cw_fail(&err, CW_E_NOT_FOUND, "incidents are INC-1, INC-2, ...");
        cw_answer_failure(r, &err);
        return;
    }
    memcpy(act->actor, r->key.id, sizeof act->actor);
    act->at_us = cw_utc_us();
    switch (cw_store_decide(app->store, r->key.studio, no, expected, act, &i, &err)) {
    case 0:
        cw_answer_incident(app, r, status, &i);
        break;
    case CW_E_CONFLICT:
        cw_refuse(&why, CW_P_VERSION_CONFLICT, "",
                  "it is at version %" PRIu64 ", state %s", i.version,
                  cw_state_name(i.state));
        cw_answer_refusal(r, &why);
        cw_answer_header(r, "ETag", "\"%" PRIu64 "\"", i.version);
        break;
    case CW_E_INVALID:
        cw_refuse(&why, CW_P_NOTHING_TO_UNDO, "", "no decision of it is left to undo");
        cw_answer_refusal(r, &why);
        break;
    default:
        cw_answer_failure(r, &err);
    }
}

void cw_api_decide(struct cw_app *app, struct cw_request *r)
{
    struct cw_refusal why;
    struct cw_history act = {0};
    uint64_t expected;
    if (read_decision(r, &act, &why) != 0 || read_if_match(r, &expected, &why) != 0) {
        cw_answer_refusal(r, &why);
        return;
    }
    apply(app, r, expected, &act, 200);
}

void cw_api_comment(struct cw_app *app, struct cw_request *r)
{
    static const char *const names[] = {"text"};
    struct cw_refusal why;
    struct cw_history act = {.act = CW_ACT_COMMENT};
    CW_AUTO(cw_json_free) struct cw_json *body = NULL;
    if (cw_body_object(cw_buf_view(&r->body), "the body", &body, &why) != 0 ||
        cw_body_only(body, names, 1, &why) != 0 ||
        cw_body_text(body, "text", false, act.text, sizeof act.text, &why) != 0) {
        cw_answer_refusal(r, &why);
        return;
    }
    if (act.text[0] == '\0') {
        cw_refuse(&why, CW_P_BAD_FIELD, "/text", "a comment has text");
        cw_answer_refusal(r, &why);
        return;
    }
    apply(app, r, 0, &act, 201);
}
