/* api_keys.c - making, listing and revoking API keys. */
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "server/api.h"
#include "server/auth.h"
#include "server/body.h"
#include "server/names.h"

static void write_key(struct cw_jw *w, const struct cw_key_record *k, const char *text)
{
    cw_jw_begin_object(w);
    cw_jw_khex(w, "id", k->id, sizeof k->id);
    if (text != NULL) {
        cw_jw_kstr(w, "key", text);
    }
    cw_jw_kstr(w, "role", cw_role_name(k->role));
    cw_jw_kstr(w, "studio", k->studio_name);
    cw_jw_kstr(w, "disclosure", cw_disclosure_name(k->disclosure));
    cw_jw_kstr(w, "label", k->label[0] == '\0' ? NULL : k->label);
    cw_jw_ktime(w, "created_at", k->created_us);
    if (text == NULL) {
        cw_jw_ktime(w, "revoked_at", k->revoked_us);
    }
    cw_jw_end_object(w);
}

/* Reads {"role","studio"?,"disclosure"?,"label"?} into *k. */
static int read_key(const struct cw_request *r, const struct cw_json *body,
                    struct cw_key_record *k, struct cw_refusal *why)
{
    static const char *const names[] = {"role", "studio", "disclosure", "label"};
    char role[32] = "", disclosure[32] = "";
    memcpy(k->studio_name, r->key.studio_name, sizeof k->studio_name);
    if (cw_body_only(body, names, 4, why) != 0 ||
        cw_body_text(body, "role", false, role, sizeof role, why) != 0 ||
        cw_body_text(body, "studio", true, k->studio_name, sizeof k->studio_name, why) !=
            0 ||
        cw_body_text(body, "disclosure", true, disclosure, sizeof disclosure, why) != 0 ||
        cw_body_text(body, "label", true, k->label, sizeof k->label, why) != 0) {
        return -1;
    }
    if (!cw_role_parse(cw_bytes_str(role), &k->role)) {
        return cw_refuse(why, CW_P_BAD_FIELD, "/role",
                         "must be studio, crawler, reviewer, auditor or admin");
    }
    k->disclosure = k->role == CW_ROLE_CRAWLER ? CW_DISCLOSE_RECEIPT : CW_DISCLOSE_DETAIL;
    if (disclosure[0] != '\0' &&
        !cw_disclosure_parse(cw_bytes_str(disclosure), &k->disclosure)) {
        return cw_refuse(why, CW_P_BAD_FIELD, "/disclosure",
                         "must be receipt, verdict or detail");
    }
    if (cw_check_name(k->studio_name, "studio", "/studio", why) != 0) {
        return -1;
    }
    if (strcmp(k->studio_name, r->key.studio_name) != 0 &&
        strcmp(r->key.studio_name, CW_FIRST_STUDIO) != 0) {
        return cw_refuse(why, CW_P_ROLE_FORBIDDEN, "",
                         "only an admin of studio '%s' makes keys for others",
                         CW_FIRST_STUDIO);
    }
    return 0;
}

void cw_api_key_create(struct cw_app *app, struct cw_request *r)
{
    struct cw_refusal why;
    struct cw_err err;
    struct cw_key_record k = {.created_us = cw_utc_us()};
    char text[CW_KEY_TEXT_CAP];
    CW_AUTO(cw_json_free) struct cw_json *body = NULL;
    if (cw_body_object(cw_buf_view(&r->body), "the body", &body, &why) != 0 ||
        read_key(r, body, &k, &why) != 0) {
        cw_answer_refusal(r, &why);
        return;
    }
    cw_key_make(app->pepper, &k, text);
    if (cw_store_studio(app->store, k.studio_name, true, &k.studio, &err) != 0 ||
        cw_store_put_key(app->store, &k, r->key.id, &err) != 0) {
        cw_answer_failure(r, &err);
    } else {
        struct cw_jw w = cw_answer_json(r, 201);
        write_key(&w, &k, text);
    }
    cw_wipe(text, sizeof text);
}

static bool list_key(void *ctx, const struct cw_key_record *k)
{
    write_key(ctx, k, NULL);
    return true;
}

void cw_api_key_list(struct cw_app *app, struct cw_request *r)
{
    struct cw_err err;
    struct cw_jw w = cw_answer_json(r, 200);
    cw_jw_begin_object(&w);
    cw_jw_key(&w, "items");
    cw_jw_begin_array(&w);
    if (cw_store_list_keys(app->store, r->key.studio, list_key, &w, &err) != 0) {
        cw_answer_failure(r, &err);
        return;
    }
    cw_answer_list_end(r, &w, false, cw_bytes_str(""));
}

void cw_api_key_revoke(struct cw_app *app, struct cw_request *r)
{
    struct cw_err err;
    uint8_t id[CW_KEY_ID_BYTES];
    if (cw_hex_decode(cw_bytes_str(cw_route_arg(r, 0)), id, sizeof id, &err) != 0) {
        err.code = CW_E_NOT_FOUND; /* no key has such an id */
        cw_answer_failure(r, &err);
    } else if (cw_store_revoke_key(app->store, r->key.studio, id, cw_utc_us(), r->key.id,
                                   &err) != 0) {
        cw_answer_failure(r, &err);
    } else {
        cw_answer(r, 204, NULL);
    }
}
