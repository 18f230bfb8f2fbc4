/* The host that incidents are grouped by. */
#include "tests/support/t_cmocka.h"

#include "server/host.h"

static void names_the_host(void **state)
{
    static const struct {
        const char *url, *ip, *host;
    } cases[] = {
        {"http://Files.Example.NET/a/b.png", "", "files.example.net"},
        {"https://user:pw@files.example.net:8443/x?y#z", "", "files.example.net"},
        {"HTTP://example.org", "203.0.113.9", "example.org"},
        {"ftp://example.org./pub", "", "example.org"},
        {"http://[2001:DB8::1]:80/", "", "2001:db8::1"},
        {"http://example.org?x@evil.example/", "", "example.org"},
        {"", "203.0.113.9", "203.0.113.9"},
        {"", "2001:0db8:0:0::1", "2001:db8::1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char host[CW_HOST_CAP];
        assert_int_equal(cw_host_of(cases[i].url, cases[i].ip, host, NULL), 0);
        assert_string_equal(host, cases[i].host);
    }
}

static void refuses_what_names_none(void **state)
{
    static const char *const bad[][2] = {
        {"", ""},
        {"file:///etc/passwd", ""},
        {"http://", ""},
        {"http:///x", ""},
        {"example.org", ""},
        {"http://user@/", ""},
        {"", "1.2.3"},
        {"", "1.2.3.4.5"},
        {"", "localhost"},
        {"http://a/", "nonsense"},
        {"http://:80/", ""},
    };
    char host[CW_HOST_CAP] = "untouched";
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(cw_host_of(bad[i][0], bad[i][1], host, NULL), CW_E_INVALID);
        assert_string_equal(host, "untouched");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_the_host),
        cmocka_unit_test(refuses_what_names_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
