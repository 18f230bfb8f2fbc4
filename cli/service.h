/* service.h - asking the service for JSON: parsed answers, lists page by page, paths. */
#ifndef CW_CLI_SERVICE_H
#define CW_CLI_SERVICE_H

#include "base/json_read.h"
#include "cli/http_client.h"

#define CW_PATH_MAX ((size_t)8192)

/* Appends one segment of a path or a value of a query, percent-encoded but for unreserved
 * characters (RFC 3986). */
void cw_path_add(struct cw_buf *path, const char *segment);

/* cw_http_run, and the answer parsed as a JSON object.
 *
 * etag    CW_HTTP_ETAG_CAP bytes, or NULL if it is of no interest
 * Owns    caller frees *out with cw_json_free
 * Errors  those of cw_http_run; CW_E_INTERNAL if the answer is no JSON object */
int cw_service_ask(struct cw_http *http, const struct cw_http_request *request,
                   char *etag, struct cw_json **out, struct cw_err *err) CW_CHECKED;
/* The same for a plain GET. */
int cw_service_get(struct cw_http *http, const char *path, char *etag,
                   struct cw_json **out, struct cw_err *err) CW_CHECKED;

/* Called for one item of a list; a failure ends the walk. */
typedef int (*cw_service_item)(void *ctx, const struct cw_json *item, struct cw_err *err);

/* Gets a list page by page, following its cursor.
 *
 * path    with or without a query of its own
 * Errors  those of cw_service_get and of `each` */
int cw_service_list(struct cw_http *http, const char *path, cw_service_item each,
                    void *ctx, struct cw_err *err) CW_CHECKED;

#endif
