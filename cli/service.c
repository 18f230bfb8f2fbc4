#include "cli/service.h"

#include <string.h>

#define PAGE_LIMIT "500"

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~", c) != NULL);
}

void cw_path_add(struct cw_buf *path, const char *segment)
{
    for (const char *c = segment; *c != '\0'; c++) {
        if (is_unreserved(*c)) {
            cw_buf_add(path, c, 1);
        } else {
            cw_buf_printf(path, "%%%02X", (unsigned char)*c);
        }
    }
}

static int not_understood(struct cw_err *err)
{
    return cw_fail(
        err, CW_E_INTERNAL,
        "the service's answer cannot be understood; is it a celwatchd, and as new "
        "as this celwatch?");
}

int cw_service_ask(struct cw_http *http, const struct cw_http_request *request,
                   char *etag, struct cw_json **out, struct cw_err *err)
{
    CW_AUTO(cw_http_answer_done) struct cw_http_answer answer = {0};
    CW_AUTO(cw_json_free) struct cw_json *root = NULL;
    CW_TRY(cw_http_run(http, request, &answer, err));
    if (cw_json_parse(cw_buf_view(&answer.body), &root, NULL) != 0 ||
        !cw_json_is_object(root)) {
        return not_understood(err);
    }
    if (etag != NULL) {
        memcpy(etag, answer.etag, sizeof answer.etag);
    }
    *out = root;
    root = NULL;
    return 0;
}

int cw_service_get(struct cw_http *http, const char *path, char *etag,
                   struct cw_json **out, struct cw_err *err)
{
    const struct cw_http_request request = {.method = "GET", .path = path};
    return cw_service_ask(http, &request, etag, out, err);
}

/* Walks the items of one page; *cursor is what leads to the next, empty at the end. */
static int one_page(struct cw_http *http, const char *path, cw_service_item each,
                    void *ctx, struct cw_buf *cursor, struct cw_err *err)
{
    struct cw_bytes next;
    CW_AUTO(cw_json_free) struct cw_json *page = NULL;
    CW_TRY(cw_service_get(http, path, NULL, &page, err));
    const struct cw_json *items = cw_json_get(page, "items");
    if (!cw_json_is_array(items)) {
        return not_understood(err);
    }
    for (size_t i = 0; i < cw_json_count(items); i++) {
        CW_TRY(each(ctx, cw_json_at(items, i), err));
    }
    cw_buf_clear(cursor);
    if (cw_json_text(cw_json_get(page, "next"), &next)) {
        cw_buf_add(cursor, next.p, next.len);
    }
    return cw_buf_check(cursor, "the cursor of a list", err);
}

int cw_service_list(struct cw_http *http, const char *path, cw_service_item each,
                    void *ctx, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf cursor = CW_BUF_INIT(1024);
    CW_AUTO(cw_buf_done) struct cw_buf page = CW_BUF_INIT(CW_PATH_MAX);
    do {
        cw_buf_clear(&page);
        cw_buf_printf(&page, "%s%climit=" PAGE_LIMIT, path,
                      strchr(path, '?') == NULL ? '?' : '&');
        if (cursor.len > 0) {
            cw_buf_add_str(&page, "&cursor=");
            cw_path_add(&page, cw_buf_str(&cursor));
        }
        CW_TRY(cw_buf_check(&page, "the address of the request", err));
        CW_TRY(one_page(http, cw_buf_str(&page), each, ctx, &cursor, err));
    } while (cursor.len > 0);
    return 0;
}
