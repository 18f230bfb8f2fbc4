/* Messages between a program and its hasher, as either side reads them. */
#include <stdlib.h>

#include "hashing/hasher_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cw_bytes in = cw_bytes_of(data, size);
    struct cw_hasher_setup setup;
    struct cw_hasher_picture picture;
    struct cw_err failure = {0};
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    const int n_readers = (cw_hasher_get_setup(in, &setup, NULL) == 0) +
                          (cw_hasher_get_ready(in, NULL) == 0) +
                          (cw_hasher_get_picture(in, &picture, NULL) == 0) +
                          (cw_hasher_get_answer(in, &fp, &failure, NULL) == 0);
    if (n_readers > 1 || failure.code > 0) {
        abort(); /* a message means one thing */
    }
    return 0;
}
