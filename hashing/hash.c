#include "hashing/hash.h"

#include <string.h>

#include "base/hex.h"

unsigned cw_hash_distance(const struct cw_hash *a, const struct cw_hash *b)
{
    unsigned distance = 0;
    for (size_t i = 0; i < CW_HASH_BYTES; i += sizeof(uint64_t)) {
        uint64_t x = 0;
        uint64_t y = 0;
        memcpy(&x, a->b + i, sizeof x);
        memcpy(&y, b->b + i, sizeof y);
        distance += (unsigned)__builtin_popcountll(x ^ y);
    }
    return distance;
}

void cw_hash_format(const struct cw_hash *h, char out[CW_HASH_TEXT_CAP])
{
    cw_hex_encode(h->b, CW_HASH_BYTES, out);
}

int cw_hash_parse(struct cw_bytes text, struct cw_hash *out, struct cw_err *err)
{
    if (text.len != (size_t)2 * CW_HASH_BYTES) {
        return cw_fail(err, CW_E_INVALID,
                       "a hash is %d hexadecimal digits, not %zu bytes",
                       2 * CW_HASH_BYTES, text.len);
    }
    struct cw_hash h;
    CW_TRY(cw_hex_decode(text, h.b, CW_HASH_BYTES, err));
    *out = h;
    return 0;
}
