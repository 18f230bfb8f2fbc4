/* test_audit.c - when the service tells of the head of its log. */
#include "server/audit.h"

#include "base/crypto.h"
#include "index/store_failing.h"
#include "tests/support/t_cmocka.h"

static struct cw_store *open_store(void)
{
    struct cw_store *inner = NULL;
    struct cw_store *s = NULL;
    assert_int_equal(cw_store_open("memory:", &CW_STORE_DEFAULTS, &inner, NULL), 0);
    assert_int_equal(cw_store_failing_new(inner, &s, NULL), 0);
    return s;
}

/* Writes one event. */
static void write_event(struct cw_store *s, uint8_t id)
{
    struct cw_key_record key = {
        .id = {id}, .role = CW_ROLE_ADMIN, .disclosure = CW_DISCLOSE_DETAIL};
    assert_int_equal(cw_store_studio(s, "acme", true, &key.studio, NULL), 0);
    assert_int_equal(cw_store_put_key(s, &key, key.id, NULL), 0);
}

static void a_head_is_told_once(void **state)
{
    struct cw_store *s = open_store();
    struct cw_audit a = {.store = s};
    (void)state;
    cw_audit_tell(&a);
    assert_int_equal(a.told, 0);
    write_event(s, 1);
    cw_audit_tell(&a);
    assert_int_equal(a.told, 1);
    cw_audit_tell(&a);
    assert_int_equal(a.told, 1);
    write_event(s, 2);
    write_event(s, 3);
    cw_audit_tell(&a);
    assert_int_equal(a.told, 3);
    cw_store_close(s);
}

static void a_head_that_cannot_be_read_is_told_later(void **state)
{
    static const char *const verbs[] = {"log_head", "audit_seed"};
    struct cw_store *s = open_store();
    struct cw_audit a = {.store = s};
    (void)state;
    write_event(s, 1);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        const struct cw_store_fault fault = {
            .verb = verbs[i], .nth = 1, .times = 1, .code = CW_E_IO};
        cw_store_failing_arm(s, &fault);
        cw_audit_tell(&a);
        assert_int_equal(a.told, 0);
    }
    cw_audit_tell(&a);
    assert_int_equal(a.told, 1);
    cw_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_told_once),
        cmocka_unit_test(a_head_that_cannot_be_read_is_told_later),
    };
    return cw_crypto_init(NULL) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
