/* The binary fingerprint: what decodes must encode to the same bytes; the first version
 * of the form is read but no longer written. */
#include <stdlib.h>

#include "hashing/confidence.h"
#include "hashing/fingerprint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cw_bytes in = cw_bytes_of(data, size);
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    CW_AUTO(cw_buf_done) struct cw_buf out = CW_BUF_INIT(CW_FP_MAX_BYTES);
    if (cw_fingerprint_decode(in, &fp, NULL) != 0) {
        return 0;
    }
    cw_fingerprint_encode(&fp, &out);
    if ((in.p[0] != 1 && !cw_bytes_equal(in, cw_buf_view(&out))) ||
        cw_fingerprint_self_distance(&fp) > CW_HASH_BITS) {
        abort();
    }
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint again = {0};
    if (cw_fingerprint_decode(cw_buf_view(&out), &again, NULL) != 0) {
        abort();
    }
    return 0;
}
