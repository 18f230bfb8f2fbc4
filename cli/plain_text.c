#include "cli/plain_text.h"

/* Length of the well-formed UTF-8 sequence at p, 0 if there is none. */
static size_t sequence_len(const uint8_t *p, size_t left)
{
    for (size_t n = 1; n <= 4 && n <= left; n++) {
        if (cw_is_utf8(cw_bytes_of(p, n))) {
            return n;
        }
    }
    return 0;
}

/* The code point of a well-formed sequence. */
static uint32_t code_point(const uint8_t *p, size_t n)
{
    static const uint8_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = p[0] & first_bits[n];
    for (size_t i = 1; i < n; i++) {
        c = (c << 6) | (p[i] & 0x3fU);
    }
    return c;
}

static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f);
}

/* Marks that reorder or break what is shown: directional marks, embeddings, overrides and
 * isolates, line and paragraph separators, the byte order mark. */
static bool is_treacherous(uint32_t c)
{
    return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

void cw_add_plain(struct cw_buf *out, struct cw_bytes text)
{
    size_t i = 0;
    while (i < text.len) {
        const size_t n = sequence_len(text.p + i, text.len - i);
        const uint32_t c = n == 0 ? text.p[i] : code_point(text.p + i, n);
        if (n == 0 || is_control(c)) {
            cw_buf_printf(out, "\\x%02x", (unsigned)c);
        } else if (is_treacherous(c)) {
            cw_buf_printf(out, "\\u{%04x}", (unsigned)c);
        } else {
            cw_buf_add(out, text.p + i, n);
        }
        i += n == 0 ? 1 : n;
    }
}

void cw_add_plain_str(struct cw_buf *out, const char *text)
{
    cw_add_plain(out, cw_bytes_str(text == NULL ? "-" : text));
}
