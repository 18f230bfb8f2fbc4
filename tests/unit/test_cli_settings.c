#include "cli/settings.h"
#include "tests/support/t_cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int clean(void **state)
{
    (void)state;
    (void)unsetenv("CELWATCH_URL");
    (void)unsetenv("CELWATCH_KEY");
    return 0;
}

static void command_line_wins_over_environment(void **state)
{
    (void)state;
    struct cw_settings s;
    const struct cw_settings_input in = {.server = "https://b.example.net/"};
    (void)setenv("CELWATCH_URL", "http://a.example.net", 1);
    (void)setenv("CELWATCH_KEY", "cw_admin_1_x", 1);
    assert_int_equal(cw_settings_load(&in, &s, NULL), 0);
    assert_string_equal(s.url, "https://b.example.net");
    assert_string_equal(s.key, "cw_admin_1_x");
    assert_int_equal(cw_settings_load(&(struct cw_settings_input){0}, &s, NULL), 0);
    assert_string_equal(s.url, "http://a.example.net");
}

static void nothing_said_means_this_machine(void **state)
{
    (void)state;
    struct cw_settings s;
    (void)setenv("CELWATCH_KEY", "cw_admin_1_x", 1);
    assert_int_equal(cw_settings_load(&(struct cw_settings_input){0}, &s, NULL), 0);
    assert_string_equal(s.url, CW_DEFAULT_URL);
}

static void refuses_what_is_no_address(void **state)
{
    (void)state;
    static const char *const bad[] = {"example.net", "ftp://example.net", "http://",
                                      "http:///x",   "http://a b",        "http://a?x=1",
                                      "http://u@h",  "http://h\r\nX: y"};
    struct cw_settings s;
    (void)setenv("CELWATCH_KEY", "cw_admin_1_x", 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct cw_settings_input in = {.server = bad[i]};
        assert_int_equal(cw_settings_load(&in, &s, NULL), CW_E_INVALID);
    }
}

static int load_key(const char *content, size_t len, struct cw_settings *s,
                    struct cw_err *err)
{
    char path[] = "/tmp/celwatch-test-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, len), (ssize_t)len);
    (void)close(fd);
    const struct cw_settings_input in = {.key_file = path};
    const int rc = cw_settings_load(&in, s, err);
    (void)unlink(path);
    return rc;
}

static void key_file_is_its_first_line(void **state)
{
    (void)state;
    static const char text[] = "  cw_studio_1_abc \r\nsecond line\n";
    struct cw_settings s;
    assert_int_equal(load_key(text, sizeof text - 1, &s, NULL), 0);
    assert_string_equal(s.key, "cw_studio_1_abc");
}

static void refuses_a_file_that_holds_no_key(void **state)
{
    (void)state;
    struct cw_settings s;
    struct cw_err err;
    char long_line[300];
    memset(long_line, 'k', sizeof long_line);
    assert_int_equal(load_key("", 0, &s, &err), CW_E_INVALID);
    assert_int_equal(load_key("\n", 1, &s, &err), CW_E_INVALID);
    assert_int_equal(load_key("a\0b", 3, &s, &err), CW_E_INVALID);
    assert_int_equal(load_key("a b", 3, &s, &err), CW_E_INVALID);
    assert_int_equal(load_key(long_line, sizeof long_line, &s, &err), CW_E_INVALID);
    assert_null(strstr(err.text, "kkk"));
    const struct cw_settings_input nowhere = {.key_file = "/nowhere/key"};
    assert_int_equal(cw_settings_load(&nowhere, &s, &err), CW_E_INVALID);
    assert_non_null(strstr(err.text, "/nowhere/key"));
}

static void says_how_to_come_by_a_key(void **state)
{
    (void)state;
    struct cw_settings s;
    struct cw_err err;
    assert_int_equal(cw_settings_load(&(struct cw_settings_input){0}, &s, &err),
                     CW_E_INVALID);
    assert_non_null(strstr(err.text, "CELWATCH_KEY"));
}

static void knows_this_machine(void **state)
{
    (void)state;
    assert_true(cw_url_is_loopback("http://127.0.0.1:8710"));
    assert_true(cw_url_is_loopback("http://127.9.8.7"));
    assert_true(cw_url_is_loopback("https://LocalHost/x"));
    assert_true(cw_url_is_loopback("http://[::1]:80"));
    assert_false(cw_url_is_loopback("http://127.0.0.1.example.net"));
    assert_false(cw_url_is_loopback("http://localhost.example.net"));
    assert_false(cw_url_is_loopback("http://[::2]"));
    assert_false(cw_url_is_loopback("http://[::1"));
    assert_false(cw_url_is_loopback("http://198.51.100.1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(command_line_wins_over_environment, clean),
        cmocka_unit_test_setup(nothing_said_means_this_machine, clean),
        cmocka_unit_test_setup(refuses_what_is_no_address, clean),
        cmocka_unit_test_setup(key_file_is_its_first_line, clean),
        cmocka_unit_test_setup(refuses_a_file_that_holds_no_key, clean),
        cmocka_unit_test_setup(says_how_to_come_by_a_key, clean),
        cmocka_unit_test_setup(knows_this_machine, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
