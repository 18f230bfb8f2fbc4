/* The raw request target: path, query, route, cursor, host of a URL parameter. */
#include <stdlib.h>

#include "server/host.h"
#include "server/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cw_request *r = calloc(1, sizeof *r);
    struct cw_bytes query = cw_bytes_of(data, len);
    const struct cw_bytes path = cw_bytes_cut(&query, '?');
    CW_AUTO(cw_buf_done) struct cw_buf cursor = CW_BUF_INIT(64);
    struct cw_refusal why;
    char allow[64], host[CW_HOST_CAP];
    r->method = CW_GET;
    if (cw_path_split(r, path, &why) == 0 && cw_query_split(r, query, &why) == 0) {
        (void)!cw_route_find(r, allow, &why);
        (void)!cw_cursor_read(r, &cursor, &why);
        const char *url = cw_request_param(r, "url");
        const char *ip = cw_request_param(r, "ip");
        (void)!cw_host_of(url == NULL ? "" : url, ip == NULL ? "" : ip, host, NULL);
    }
    free(r->params);
    free(r);
    return 0;
}
