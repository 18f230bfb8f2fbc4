/* Keys: made once, shown once, gone the moment they are revoked. */
#include "tests/support/t_api.h"

#include <string.h>

static void expect_works(const struct t_server *s, const char *key, bool works)
{
    CW_AUTO(t_reply_done) struct t_reply r = t_get(s, key, "/v1/events");
    if (works) {
        t_expect_status(&r, 200);
    } else {
        t_expect_problem(&r, 401, "no_key");
    }
}

static void a_key_has_the_documented_form(void **state)
{
    static const char *const ROLES[] = {"studio", "crawler", "reviewer", "auditor",
                                        "admin"};
    const struct t_server *s = *state;
    for (size_t i = 0; i < sizeof ROLES / sizeof *ROLES; i++) {
        char body[T_JSON_CAP];
        char key[T_KEY_CAP];
        char id[T_ID_CAP];
        char prefix[T_JSON_CAP];
        t_format(body, "{\"role\":\"%s\",\"label\":\"for the test\"}", ROLES[i]);
        CW_AUTO(t_reply_done)
        struct t_reply r = t_post_json(s, s->admin_key, "/v1/keys", body);
        t_expect_status(&r, 201);
        t_expect_text(r.json, "/role", ROLES[i]);
        t_expect_text(r.json, "/studio", "default");
        t_expect_text(r.json, "/label", "for the test");
        t_expect_text(r.json, "/disclosure", i == 1 ? "receipt" : "detail");
        t_json_copy_text(r.json, "/key", key, sizeof key);
        t_json_copy_text(r.json, "/id", id, sizeof id);
        t_format(prefix, "cw_%s_%s_", ROLES[i], id);
        assert_int_equal(strncmp(key, prefix, strlen(prefix)), 0);
        const char *secret = key + strlen(prefix);
        assert_int_equal(strlen(secret), 52);
        assert_int_equal(strspn(secret, "abcdefghijklmnopqrstuvwxyz234567"), 52);
    }
}

static void the_list_never_shows_a_secret(void **state)
{
    const struct t_server *s = *state;
    char key[T_KEY_CAP];
    t_server_add_key(s, "auditor", NULL, NULL, key);
    CW_AUTO(t_reply_done) struct t_reply r = t_get(s, s->admin_key, "/v1/keys");
    t_expect_status(&r, 200);
    assert_null(strstr(cw_buf_str(&r.body), strrchr(key, '_') + 1));
    t_expect_absent(r.json, "/items/0/key");
    t_expect_null(r.json, "/items/0/revoked_at");
}

static void a_revoked_key_is_refused_by_the_next_request(void **state)
{
    struct t_server *s = *state;
    char key[T_KEY_CAP];
    char path[T_JSON_CAP];
    t_server_add_key(s, "auditor", NULL, NULL, key);
    expect_works(s, key, true);
    t_format(path, "/v1/keys/%.16s", key + strlen("cw_auditor_"));
    CW_AUTO(t_reply_done) struct t_reply r = t_delete(s, s->admin_key, path);
    t_expect_status(&r, 204);
    expect_works(s, key, false);
    CW_AUTO(t_reply_done) struct t_reply again = t_delete(s, s->admin_key, path);
    t_expect_status(&again, 204);
    t_server_stop(s);
    t_server_start(s);
    expect_works(s, key, false);
}

static void another_studios_key_cannot_be_revoked(void **state)
{
    const struct t_server *s = *state;
    char admin[T_KEY_CAP];
    char victim[T_KEY_CAP];
    char path[T_JSON_CAP];
    t_server_add_key(s, "admin", "other-studio", NULL, admin);
    t_server_add_key(s, "auditor", NULL, NULL, victim);
    t_format(path, "/v1/keys/%.16s", victim + strlen("cw_auditor_"));
    CW_AUTO(t_reply_done) struct t_reply r = t_delete(s, admin, path);
    t_expect_problem(&r, 404, "not_found");
    expect_works(s, victim, true);
}

static void what_is_no_key_is_refused(void **state)
{
    static const char *const KEYS[] = {
        "",
        "x",
        "cw_admin_",
        "cw_admin_0000000000000000_",
        "cw_admin_0000000000000000_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "cw_king_0000000000000000_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    const struct t_server *s = *state;
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
        expect_works(s, KEYS[i], false);
    }
}

static void a_key_of_another_role_cannot_be_forged(void **state)
{
    const struct t_server *s = *state;
    char key[T_KEY_CAP];
    char forged[T_JSON_CAP];
    t_server_add_key(s, "auditor", NULL, NULL, key);
    t_format(forged, "cw_admin_%s", key + strlen("cw_auditor_"));
    expect_works(s, forged, false);
    key[strlen(key) - 2] = key[strlen(key) - 2] == 'a' ? 'b' : 'a';
    expect_works(s, key, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_has_the_documented_form),
        cmocka_unit_test(the_list_never_shows_a_secret),
        cmocka_unit_test(a_revoked_key_is_refused_by_the_next_request),
        cmocka_unit_test(another_studios_key_cannot_be_revoked),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(a_key_of_another_role_cannot_be_forged),
    };
    return cmocka_run_group_tests(tests, t_server_group_setup, t_server_group_teardown);
}
