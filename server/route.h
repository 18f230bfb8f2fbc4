/* route.h - the table of routes: method, path, who may, where it runs, what it takes. */
#ifndef CW_SERVER_ROUTE_H
#define CW_SERVER_ROUTE_H

#include "server/request.h"

/* On which thread a handler runs. */
enum cw_lane {
    CW_LANE_INLINE, /* network thread: must not block or compute for long */
    CW_LANE_SEARCH, /* inline while a search takes microseconds, else work */
    CW_LANE_WORK,   /* waits for a hasher, the disk, or searches a lot */
    CW_LANE_REVIEW  /* decisions and comments: never behind pictures */
};

#define CW_MAY(role) (1U << (role))
#define CW_MAY_PUBLIC 0U

typedef void cw_handler(struct cw_app *app, struct cw_request *r);

struct cw_route {
    enum cw_method method;
    const char *path; /* "/v1/collections/{c}"; {x} takes any one non-empty segment */
    unsigned roles;   /* CW_MAY(...) bits, CW_MAY_PUBLIC for everybody */
    unsigned bodies;  /* enum cw_body bits it takes; 0 = none */
    enum cw_lane lane;
    cw_handler *handler;
};

extern const struct cw_route cw_routes[];
extern const size_t cw_n_routes;

/* Splits the raw path (percent-encoded, no query) into r->parts.
 * Errors  CW_P_BAD_REQUEST: bad escape, NUL, not UTF-8, segment or path too long */
int cw_path_split(struct cw_request *r, struct cw_bytes raw,
                  struct cw_refusal *why) CW_CHECKED;
/* Splits and decodes a query string into r->params; a repeated name is refused. */
int cw_query_split(struct cw_request *r, struct cw_bytes raw,
                   struct cw_refusal *why) CW_CHECKED;
/* Finds r->route by method and parts.
 * Errors  CW_P_NO_ROUTE, CW_P_METHOD_NOT_ALLOWED (then `allow` lists the methods) */
int cw_route_find(struct cw_request *r, char allow[64],
                  struct cw_refusal *why) CW_CHECKED;
/* The segment of r that stands for the first, second, ... placeholder of its route. */
const char *cw_route_arg(const struct cw_request *r, size_t which);
const char *cw_method_name(enum cw_method method);
enum cw_method cw_method_of(const char *name);

#endif
