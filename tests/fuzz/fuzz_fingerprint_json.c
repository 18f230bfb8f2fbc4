/* The JSON fingerprint: what is read must be written so that it is read the same again.
 */
#include <stdlib.h>
#include <string.h>

#include "hashing/fingerprint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_json(struct cw_bytes text, struct cw_fingerprint *out)
{
    CW_AUTO(cw_json_free) struct cw_json *v = NULL;
    char pointer[96];
    CW_TRY(cw_json_parse(text, &v, NULL));
    const int rc = cw_fingerprint_read_json(v, out, pointer, NULL);
    return rc != 0 && strlen(pointer) >= sizeof pointer ? CW_E_INTERNAL : rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint again = {0};
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT((size_t)1 << 20);
    if (read_json(cw_bytes_of(data, size), &fp) != 0) {
        return 0;
    }
    struct cw_jw w = cw_jw_of(&text);
    cw_fingerprint_write_json(&fp, &w);
    if (read_json(cw_buf_view(&text), &again) != 0 || again.n_views != fp.n_views ||
        memcmp(again.views, fp.views, sizeof fp.views) != 0) {
        abort();
    }
    return 0;
}
