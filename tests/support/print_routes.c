/* print_routes.c - the service's route table as lines `METHOD /path role,role`, to be
 * compared with api-spec/openapi.yaml and tried by e2e_matrix. */
#include <stdio.h>

#include "server/names.h"
#include "server/route.h"

int main(void)
{
    for (size_t i = 0; i < cw_n_routes; i++) {
        const struct cw_route *route = &cw_routes[i];
        const char *comma = "";
        (void)printf("%s %s ", cw_method_name(route->method), route->path);
        for (uint8_t role = CW_ROLE_STUDIO; role <= CW_ROLE_ADMIN; role++) {
            if ((route->roles & CW_MAY(role)) != 0) {
                (void)printf("%s%s", comma, cw_role_name(role));
                comma = ",";
            }
        }
        (void)puts(route->roles == CW_MAY_PUBLIC ? "public" : "");
    }
    return 0;
}
