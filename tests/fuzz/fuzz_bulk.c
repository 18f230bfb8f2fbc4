/* The binary stream of many assets: every record is an asset that is fit to be
 * registered, or refused in a line that is JSON. */
#include <stdlib.h>

#include "base/json_read.h"
#include "server/asset_body.h"

#define MAX_RECORDS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_asset(const struct cw_asset_in *in)
{
    CW_AUTO(cw_buf_done) struct cw_buf out = CW_BUF_INIT(CW_FP_MAX_BYTES);
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint again = {0};
    cw_fingerprint_encode(&in->fp, &out);
    if (in->id[0] == '\0' || !cw_is_utf8(cw_bytes_str(in->id)) ||
        in->kind < CW_KIND_FRAME || in->kind > CW_KIND_SHEET ||
        cw_fingerprint_decode(cw_buf_view(&out), &again, NULL) != 0) {
        abort();
    }
}

static void check_refusal(const struct cw_bulk_record *record)
{
    CW_AUTO(cw_buf_done) struct cw_buf line = CW_BUF_INIT(4096);
    CW_AUTO(cw_json_free) struct cw_json *root = NULL;
    struct cw_jw w = cw_jw_of(&line);
    cw_problem_line_write(&w, "id", record->id, &record->why);
    if (cw_json_parse(cw_buf_view(&line), &root, NULL) != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    CW_AUTO(cw_bulk_done) struct cw_bulk bulk = {0};
    struct cw_refusal why;
    if (cw_bulk_read(cw_bytes_of(data, len), CW_BODY_FINGERPRINTS, MAX_RECORDS, &bulk,
                     &why) != 0) {
        return 0;
    }
    size_t n_good = 0;
    for (size_t i = 0; i < bulk.n; i++) {
        if (bulk.records[i].bad) {
            check_refusal(&bulk.records[i]);
        } else if (bulk.records[i].place != n_good++) {
            abort();
        }
    }
    if (n_good != bulk.n_assets) {
        abort();
    }
    for (size_t i = 0; i < bulk.n_assets; i++) {
        check_asset(&bulk.assets[i]);
    }
    return 0;
}
