/* JSON bodies and NDJSON lines as the handlers read them, and writing back what was read.
 */
#include "server/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const names[] = {"fingerprint", "url", "fetched_at"};
    struct cw_bytes rest = cw_bytes_of(data, len), line;
    while (cw_next_line(&rest, &line)) {
        CW_AUTO(cw_json_free) struct cw_json *object = NULL;
        CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
        CW_AUTO(cw_buf_done) struct cw_buf out = CW_BUF_INIT(65536);
        struct cw_refusal why;
        char url[CW_URL_CAP] = "";
        uint64_t at = 0;
        if (cw_body_object(line, "the line", &object, &why) == 0 &&
            cw_body_only(object, names, 3, &why) == 0 &&
            cw_body_text(object, "url", true, url, sizeof url, &why) == 0 &&
            cw_body_time(object, "fetched_at", &at, &why) == 0) {
            (void)!cw_body_fingerprint(object, &fp, &why);
        } else {
            cw_problem_write(&out, &why, "0000000000000000");
        }
    }
    return 0;
}
