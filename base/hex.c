#include "base/hex.h"

void cw_hex_encode(const uint8_t *in, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[in[i] >> 4];
        out[2 * i + 1] = digits[in[i] & 15];
    }
    out[2 * len] = '\0';
}

static int digit_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

int cw_hex_decode(struct cw_bytes text, uint8_t *out, size_t len, struct cw_err *err)
{
    if (text.len != 2 * len) {
        return cw_fail(err, CW_E_INVALID, "expected %zu hexadecimal digits, got %zu",
                       2 * len, text.len);
    }
    for (size_t i = 0; i < text.len; i++) {
        if (digit_value(text.p[i]) < 0) {
            return cw_fail(err, CW_E_INVALID, "character %zu is not a hexadecimal digit",
                           i);
        }
    }
    for (size_t i = 0; i < len; i++) {
        const unsigned high = (unsigned)digit_value(text.p[2 * i]);
        out[i] = (uint8_t)(high << 4 | (unsigned)digit_value(text.p[2 * i + 1]));
    }
    return 0;
}
