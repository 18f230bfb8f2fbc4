#include "base/num.h"

#include <inttypes.h>

int cw_size_mul(size_t a, size_t b, size_t *out, struct cw_err *err)
{
    size_t v;
    if (__builtin_mul_overflow(a, b, &v)) {
        return cw_fail(err, CW_E_TOO_LARGE, "%zu times %zu is too large", a, b);
    }
    *out = v;
    return 0;
}

int cw_size_add(size_t a, size_t b, size_t *out, struct cw_err *err)
{
    size_t v;
    if (__builtin_add_overflow(a, b, &v)) {
        return cw_fail(err, CW_E_TOO_LARGE, "%zu plus %zu is too large", a, b);
    }
    *out = v;
    return 0;
}

int cw_parse_u64(struct cw_bytes text, uint64_t min, uint64_t max, const char *what,
                 uint64_t *out, struct cw_err *err)
{
    uint64_t v = 0;
    if (text.len == 0 || text.len > 20) {
        return cw_fail(err, CW_E_INVALID, "%s is not a whole number", what);
    }
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.p[i];
        if (c < '0' || c > '9') {
            return cw_fail(err, CW_E_INVALID, "%s is not a whole number", what);
        }
        if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(c - '0'), &v)) {
            return cw_fail(err, CW_E_INVALID, "%s is too large", what);
        }
    }
    if (v < min || v > max) {
        return cw_fail(err, CW_E_INVALID, "%s must be %" PRIu64 "..%" PRIu64, what, min,
                       max);
    }
    *out = v;
    return 0;
}
