#include "tests/support/t_routes.h"

#include "tests/support/t_cmocka.h"
#include "tests/support/t_process.h"

#include <string.h>

#define PRINT_S 60

const char *const t_role_names[T_N_ROLES] = {"studio", "crawler", "reviewer", "auditor",
                                             "admin"};

static unsigned role_bits(const char *names)
{
    unsigned bits = 0;
    struct cw_bytes rest = cw_bytes_str(names);
    while (rest.len > 0) {
        const struct cw_bytes name = cw_bytes_cut(&rest, ',');
        unsigned role = 0;
        while (role < T_N_ROLES && !cw_bytes_equal_str(name, t_role_names[role])) {
            role++;
        }
        if (role == T_N_ROLES) {
            fail_msg("a role that no test knows: %s", names);
        }
        bits |= T_MAY(role);
    }
    return bits;
}

static void find_holes(struct t_route *route)
{
    struct cw_bytes rest = cw_bytes_str(route->path + 1);
    struct cw_bytes before = cw_bytes_str("");
    while (rest.len > 0) {
        const struct cw_bytes part = cw_bytes_cut(&rest, '/');
        if (part.len > 0 && part.p[0] == '{') {
            assert_in_range(route->n_holes, 0, T_MAX_HOLES - 1);
            assert_int_equal(cw_copy_text(route->holes[route->n_holes++],
                                          sizeof route->holes[0], before, "hole", NULL),
                             0);
        }
        before = part;
    }
}

static void read_route(struct cw_bytes line, struct t_route *out)
{
    char roles[96];
    const struct cw_bytes method = cw_bytes_cut(&line, ' ');
    const struct cw_bytes path = cw_bytes_cut(&line, ' ');
    *out = (struct t_route){0};
    assert_int_equal(
        cw_copy_text(out->method, sizeof out->method, method, "method", NULL), 0);
    assert_int_equal(cw_copy_text(out->path, sizeof out->path, path, "path", NULL), 0);
    assert_int_equal(cw_copy_text(roles, sizeof roles, line, "roles", NULL), 0);
    out->roles = strcmp(roles, "public") == 0 ? 0 : role_bits(roles);
    assert_true(out->roles != 0 || strcmp(roles, "public") == 0);
    find_holes(out);
}

void t_read_routes(struct t_routes *out)
{
    char program[T_PATH_CAP];
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(65536);
    t_program("tests/print_routes", program);
    const char *const argv[] = {program, NULL};
    struct t_process p =
        t_process_start(&(struct t_spawn){.argv = argv, .stderr_path = "/dev/null"});
    t_process_read_all(&p, PRINT_S, &text);
    assert_int_equal(t_process_wait(&p, PRINT_S), 0);
    struct cw_bytes rest = cw_buf_view(&text);
    for (out->n = 0; rest.len > 0; out->n++) {
        assert_in_range(out->n, 0, T_MAX_ROUTES - 1);
        read_route(cw_bytes_cut(&rest, '\n'), &out->list[out->n]);
    }
    assert_true(out->n > 0);
}

bool t_has_route(const struct t_routes *routes, const char *method, const char *path)
{
    for (size_t i = 0; i < routes->n; i++) {
        if (strcmp(routes->list[i].method, method) == 0 &&
            strcmp(routes->list[i].path, path) == 0) {
            return true;
        }
    }
    return false;
}
