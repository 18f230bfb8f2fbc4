/* API keys: their text, and who is let in. */
#include "tests/support/t_cmocka.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "server/auth.h"

static struct cw_app app;
static struct cw_key_record key;
static char text[CW_KEY_TEXT_CAP];

static int open_app(void **state)
{
    struct cw_store_options options = CW_STORE_DEFAULTS;
    (void)state;
    options.create = true;
    memset(&app, 0, sizeof app);
    if (cw_crypto_init(NULL) != 0 ||
        cw_store_open("memory:", &options, &app.store, NULL) != 0 ||
        cw_store_secret(app.store, app.pepper, NULL) != 0) {
        return -1;
    }
    key = (struct cw_key_record){.role = CW_ROLE_REVIEWER,
                                 .disclosure = CW_DISCLOSE_DETAIL};
    if (cw_store_studio(app.store, "s", true, &key.studio, NULL) != 0) {
        return -1;
    }
    cw_key_make(app.pepper, &key, text);
    return cw_store_put_key(app.store, &key, key.id, NULL);
}

static int close_app(void **state)
{
    (void)state;
    cw_store_close(app.store);
    return 0;
}

static int check(const char *header)
{
    struct cw_key_record out;
    return cw_key_check(&app, cw_bytes_str(header), &out, NULL);
}

static void lets_the_key_in(void **state)
{
    char header[128];
    struct cw_key_record out;
    (void)state;
    (void)snprintf(header, sizeof header, "Bearer %s", text);
    assert_int_equal(cw_key_check(&app, cw_bytes_str(header), &out, NULL), 0);
    assert_int_equal(out.role, CW_ROLE_REVIEWER);
    assert_int_equal(out.studio, key.studio);
    assert_memory_equal(out.id, key.id, sizeof key.id);
}

static void the_text_has_prefix_role_id_and_secret(void **state)
{
    (void)state;
    assert_memory_equal(text, "cw_reviewer_", 12);
    assert_int_equal(strlen(text), 12 + 16 + 1 + 52);
}

static void refuses_everything_else(void **state)
{
    char header[128];
    (void)state;
    assert_int_equal(check(""), CW_E_DENIED);
    assert_int_equal(check("Bearer "), CW_E_DENIED);
    assert_int_equal(check("Basic dXNlcjpwdw=="), CW_E_DENIED);
    assert_int_equal(check("Bearer cw_reviewer_0123456789abcdef_"), CW_E_DENIED);
    (void)snprintf(header, sizeof header, "Bearer %s", text);
    for (size_t i = 7; header[i] != '\0'; i++) { /* any one character changed */
        const char was = header[i];
        header[i] = was == 'a' ? 'b' : 'a';
        assert_int_equal(check(header), CW_E_DENIED);
        header[i] = was;
    }
    header[strlen(header) - 1] = '\0';
    assert_int_equal(check(header), CW_E_DENIED);
    (void)snprintf(header, sizeof header, "Bearer %sa", text);
    assert_int_equal(check(header), CW_E_DENIED);
}

static void a_revoked_key_is_refused_at_once(void **state)
{
    char header[128];
    (void)state;
    (void)snprintf(header, sizeof header, "Bearer %s", text);
    assert_int_equal(check(header), 0);
    assert_int_equal(cw_store_revoke_key(app.store, key.studio, key.id, 1, key.id, NULL),
                     0);
    assert_int_equal(check(header), CW_E_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lets_the_key_in, open_app, close_app),
        cmocka_unit_test_setup_teardown(the_text_has_prefix_role_id_and_secret, open_app,
                                        close_app),
        cmocka_unit_test_setup_teardown(refuses_everything_else, open_app, close_app),
        cmocka_unit_test_setup_teardown(a_revoked_key_is_refused_at_once, open_app,
                                        close_app),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
