/* t_routes.h - the routes of the service under test and who may use them, from its own
 * table: tests/print_routes of the same build prints it. */
#ifndef CW_TESTS_SUPPORT_T_ROUTES_H
#define CW_TESTS_SUPPORT_T_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

enum t_role {
    T_ROLE_STUDIO,
    T_ROLE_CRAWLER,
    T_ROLE_REVIEWER,
    T_ROLE_AUDITOR,
    T_ROLE_ADMIN,
    T_N_ROLES
};
#define T_MAY(role) (1U << (role))
extern const char *const t_role_names[T_N_ROLES];

#define T_MAX_ROUTES 128
#define T_MAX_HOLES 4

struct t_route {
    char method[8];
    char path[200];
    unsigned roles; /* T_MAY(...) bits; 0 = public */
    size_t n_holes;
    char holes[T_MAX_HOLES][32]; /* the segment before each {x}: what {x} names */
};

struct t_routes {
    size_t n;
    struct t_route list[T_MAX_ROUTES];
};

/* Fails the test on a line that it does not understand, and if there is none. */
void t_read_routes(struct t_routes *out);
bool t_has_route(const struct t_routes *routes, const char *method, const char *path);

#endif
