/* Paths, queries and the table of routes. */
#include "tests/support/t_cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "server/route.h"

static int split(struct cw_request *r, const char *path, struct cw_refusal *why)
{
    memset(r, 0, sizeof *r);
    r->method = CW_GET;
    return cw_path_split(r, cw_bytes_str(path), why);
}

static const char *route_of(enum cw_method method, const char *path)
{
    static struct cw_request r;
    struct cw_refusal why;
    char allow[64];
    if (split(&r, path, &why) != 0) {
        return cw_problem_code(why.problem);
    }
    r.method = method;
    return cw_route_find(&r, allow, &why) == 0 ? r.route->path
                                               : cw_problem_code(why.problem);
}

static void finds_routes_by_method_and_path(void **state)
{
    (void)state;
    assert_string_equal(route_of(CW_GET, "/"), "/");
    assert_string_equal(route_of(CW_HEAD, "/healthz"), "/healthz");
    assert_string_equal(route_of(CW_GET, "/v1/incidents"), "/v1/incidents");
    assert_string_equal(route_of(CW_GET, "/v1/incidents/INC-3"), "/v1/incidents/{id}");
    assert_string_equal(route_of(CW_PUT, "/v1/collections/a/assets/b%2Fc"),
                        "/v1/collections/{c}/assets/{id}");
    assert_string_equal(route_of(CW_GET, "/v1/incidents/INC-3/nothing"), "no_route");
    assert_string_equal(route_of(CW_GET, "/v2"), "no_route");
    assert_string_equal(route_of(CW_DELETE, "/v1/incidents"), "method_not_allowed");
    assert_string_equal(route_of(CW_OTHER, "/healthz"), "method_not_allowed");
}

static void an_empty_segment_is_no_name(void **state)
{
    (void)state;
    assert_string_equal(route_of(CW_GET, "/v1/incidents//matches"), "no_route");
}

static void lists_the_methods_that_are_allowed(void **state)
{
    struct cw_request r;
    struct cw_refusal why;
    char allow[64];
    (void)state;
    assert_int_equal(split(&r, "/v1/collections/c/assets/i", &why), 0);
    r.method = CW_POST;
    assert_int_equal(cw_route_find(&r, allow, &why), -1);
    assert_string_equal(allow, "PUT, GET, DELETE");
}

static void decodes_segments_once(void **state)
{
    struct cw_request r;
    struct cw_refusal why;
    char allow[64];
    (void)state;
    assert_int_equal(split(&r, "/v1/collections/caf%C3%A9/assets/a%2Fb+c%252F", &why), 0);
    assert_int_equal(cw_route_find(&r, allow, &why), 0);
    assert_string_equal(cw_route_arg(&r, 0), "caf\xc3\xa9");
    assert_string_equal(cw_route_arg(&r, 1), "a/b+c%2F");
    assert_string_equal(cw_route_arg(&r, 2), "");
}

static void refuses_hostile_paths(void **state)
{
    static const char *const bad[] = {"",        "v1",         "/%",     "/%4",
                                      "/%zz",    "/a%00b",     "/a%0ab", "/%ff",
                                      "/%c0%af", "/%ed%a0%80", "/%7f",   "/a\x01"};
    struct cw_request r;
    struct cw_refusal why;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(split(&r, bad[i], &why), -1);
        assert_int_equal(why.problem, CW_P_BAD_REQUEST);
    }
    assert_int_equal(split(&r, "/1/2/3/4/5/6/7", &why), -1);
    assert_int_equal(why.problem, CW_P_NO_ROUTE);
}

static void refuses_a_segment_that_is_too_long(void **state)
{
    char path[CW_PART_CAP + 8] = "/";
    struct cw_request r;
    struct cw_refusal why;
    (void)state;
    memset(path + 1, 'a', CW_PART_CAP - 1);
    assert_int_equal(split(&r, path, &why), 0);
    path[CW_PART_CAP] = 'a';
    assert_int_equal(split(&r, path, &why), -1);
}

static void splits_queries(void **state)
{
    struct cw_request r = {0};
    struct cw_refusal why;
    (void)state;
    assert_int_equal(
        cw_query_split(&r, cw_bytes_str("url=http%3A%2F%2Fa%2F%3Fx%3D1&ip=&flag&s=a+b"),
                       &why),
        0);
    assert_string_equal(cw_request_param(&r, "url"), "http://a/?x=1");
    assert_string_equal(cw_request_param(&r, "ip"), "");
    assert_string_equal(cw_request_param(&r, "flag"), "");
    assert_string_equal(cw_request_param(&r, "s"), "a b");
    assert_null(cw_request_param(&r, "none"));
    free(r.params);
}

static void refuses_repeated_and_too_many_parameters(void **state)
{
    struct cw_request r = {0};
    struct cw_refusal why;
    (void)state;
    assert_int_equal(cw_query_split(&r, cw_bytes_str("a=1&b=2&a=3"), &why), -1);
    assert_int_equal(why.problem, CW_P_BAD_QUERY);
    free(r.params);
    r = (struct cw_request){0};
    assert_int_equal(cw_query_split(&r, cw_bytes_str("a&b&c&d&e&f&g&h&i&j&k&l&m"), &why),
                     -1);
    free(r.params);
}

static void parameters_are_checked(void **state)
{
    static const char *const names[] = {"limit", "since"};
    struct cw_request r = {0};
    struct cw_refusal why;
    uint64_t v = 0;
    (void)state;
    assert_int_equal(
        cw_query_split(&r, cw_bytes_str("limit=5000&since=2026-11-23"), &why), 0);
    assert_int_equal(cw_request_only_params(&r, names, 2, &why), 0);
    assert_int_equal(cw_request_only_params(&r, names, 1, &why), -1);
    assert_int_equal(cw_request_number(&r, "limit", 1, 1000, 100, &v, &why), -1);
    assert_int_equal(cw_request_number(&r, "none", 1, 1000, 100, &v, &why), 0);
    assert_int_equal(v, 100);
    assert_int_equal(cw_request_time(&r, "since", &v, &why), 0);
    assert_int_equal(v, (uint64_t)1795392000 * 1000000);
    assert_int_equal(cw_request_time(&r, "limit", &v, &why), -1);
    free(r.params);
}

static void every_route_is_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < cw_n_routes; i++) {
        const struct cw_route *route = &cw_routes[i];
        assert_non_null(route->handler);
        assert_int_equal(route->path[0], '/');
        /* What changes something needs a key; what takes a body is no GET. */
        assert_true(route->method == CW_GET || route->roles != CW_MAY_PUBLIC);
        assert_true(route->method != CW_GET || route->bodies == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_routes_by_method_and_path),
        cmocka_unit_test(an_empty_segment_is_no_name),
        cmocka_unit_test(lists_the_methods_that_are_allowed),
        cmocka_unit_test(decodes_segments_once),
        cmocka_unit_test(refuses_hostile_paths),
        cmocka_unit_test(refuses_a_segment_that_is_too_long),
        cmocka_unit_test(splits_queries),
        cmocka_unit_test(refuses_repeated_and_too_many_parameters),
        cmocka_unit_test(parameters_are_checked),
        cmocka_unit_test(every_route_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
