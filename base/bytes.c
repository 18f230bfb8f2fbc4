#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cw_bytes cw_bytes_of(const void *p, size_t len)
{
    return (struct cw_bytes){.p = p, .len = len};
}

struct cw_bytes cw_bytes_str(const char *s)
{
    return cw_bytes_of(s, s == NULL ? 0 : strlen(s));
}

bool cw_bytes_equal(struct cw_bytes a, struct cw_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool cw_bytes_equal_str(struct cw_bytes a, const char *s)
{
    return cw_bytes_equal(a, cw_bytes_str(s));
}

struct cw_bytes cw_bytes_cut(struct cw_bytes *rest, uint8_t c)
{
    const uint8_t *at = rest->len == 0 ? NULL : memchr(rest->p, c, rest->len);
    struct cw_bytes head = *rest;
    if (at == NULL) {
        *rest = cw_bytes_of(NULL, 0);
        return head;
    }
    head.len = (size_t)(at - rest->p);
    *rest = cw_bytes_of(at + 1, rest->len - head.len - 1);
    return head;
}

void cw_buf_done(struct cw_buf *b)
{
    free(b->p);
    *b = (struct cw_buf){0};
}

void cw_buf_clear(struct cw_buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->p != NULL) {
        b->p[0] = '\0';
    }
}

int cw_buf_reserve(struct cw_buf *b, size_t extra, struct cw_err *err)
{
    size_t need;
    size_t cap = b->cap == 0 ? 64 : b->cap;
    if (__builtin_add_overflow(b->len, extra, &need) || need > b->max) {
        b->failed = true;
        return cw_fail(err, CW_E_TOO_LARGE,
                       "buffer would exceed its maximum of %zu bytes", b->max);
    }
    if (b->p != NULL && need < b->cap) {
        return 0;
    }
    while (cap <= need) { /* one byte more than needed: the closing NUL */
        cap += cap / 2 + 1;
    }
    if (cap > b->max) {
        cap = b->max + 1;
    }
    uint8_t *p = realloc(b->p, cap);
    if (p == NULL) {
        b->failed = true;
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for %zu bytes", cap);
    }
    b->p = p;
    b->cap = cap;
    b->p[b->len] = '\0';
    return 0;
}

void cw_buf_add(struct cw_buf *b, const void *p, size_t len)
{
    if (b->failed || cw_buf_reserve(b, len, NULL) != 0) {
        return;
    }
    if (len > 0) {
        memcpy(b->p + b->len, p, len);
    }
    b->len += len;
    b->p[b->len] = '\0';
}

void cw_buf_add_str(struct cw_buf *b, const char *s)
{
    cw_buf_add(b, s, strlen(s));
}

void cw_buf_printf(struct cw_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0 || b->failed || cw_buf_reserve(b, (size_t)n, NULL) != 0) {
        b->failed = true;
        return;
    }
    va_start(ap, fmt);
    n = vsnprintf((char *)b->p + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
}

struct cw_bytes cw_buf_view(const struct cw_buf *b)
{
    return cw_bytes_of(b->p, b->len);
}

const char *cw_buf_str(const struct cw_buf *b)
{
    return b->p == NULL ? "" : (const char *)b->p;
}

int cw_buf_check(const struct cw_buf *b, const char *what, struct cw_err *err)
{
    if (b->failed) {
        return cw_fail(err, CW_E_TOO_LARGE, "%s exceeds %zu bytes", what, b->max);
    }
    return 0;
}

void cw_put_u8(struct cw_buf *b, uint8_t v)
{
    cw_buf_add(b, &v, 1);
}

void cw_put_u16(struct cw_buf *b, uint16_t v)
{
    const uint8_t be[2] = {(uint8_t)(v >> 8), (uint8_t)v};
    cw_buf_add(b, be, sizeof be);
}

void cw_put_u32(struct cw_buf *b, uint32_t v)
{
    cw_put_u16(b, (uint16_t)(v >> 16));
    cw_put_u16(b, (uint16_t)v);
}

void cw_put_u64(struct cw_buf *b, uint64_t v)
{
    cw_put_u32(b, (uint32_t)(v >> 32));
    cw_put_u32(b, (uint32_t)v);
}

void cw_put_bytes16(struct cw_buf *b, struct cw_bytes v)
{
    if (v.len > UINT16_MAX) {
        b->failed = true;
        return;
    }
    cw_put_u16(b, (uint16_t)v.len);
    cw_buf_add(b, v.p, v.len);
}

void cw_put_bytes32(struct cw_buf *b, struct cw_bytes v)
{
    if (v.len > UINT32_MAX) {
        b->failed = true;
        return;
    }
    cw_put_u32(b, (uint32_t)v.len);
    cw_buf_add(b, v.p, v.len);
}

struct cw_reader cw_reader_of(struct cw_bytes in)
{
    return (struct cw_reader){.in = in};
}

struct cw_bytes cw_get_bytes(struct cw_reader *r, size_t len)
{
    if (r->failed || r->in.len < len) {
        r->failed = true;
        return cw_bytes_of(NULL, 0);
    }
    struct cw_bytes out = cw_bytes_of(r->in.p, len);
    r->in = cw_bytes_of(r->in.p + len, r->in.len - len);
    return out;
}

/* The next `len` bytes as a big-endian number; 0 past the end. */
static uint64_t get_be(struct cw_reader *r, size_t len)
{
    struct cw_bytes b = cw_get_bytes(r, len);
    uint64_t v = 0;
    for (size_t i = 0; i < b.len; i++) {
        v = v << 8 | b.p[i];
    }
    return v;
}

uint8_t cw_get_u8(struct cw_reader *r)
{
    return (uint8_t)get_be(r, 1);
}

uint16_t cw_get_u16(struct cw_reader *r)
{
    return (uint16_t)get_be(r, 2);
}

uint32_t cw_get_u32(struct cw_reader *r)
{
    return (uint32_t)get_be(r, 4);
}

uint64_t cw_get_u64(struct cw_reader *r)
{
    return get_be(r, 8);
}

struct cw_bytes cw_get_bytes16(struct cw_reader *r)
{
    return cw_get_bytes(r, cw_get_u16(r));
}

struct cw_bytes cw_get_bytes32(struct cw_reader *r)
{
    return cw_get_bytes(r, cw_get_u32(r));
}

int cw_reader_end(const struct cw_reader *r, const char *what, struct cw_err *err)
{
    if (r->failed) {
        return cw_fail(err, CW_E_CORRUPT, "%s ends too early", what);
    }
    if (r->in.len != 0) {
        return cw_fail(err, CW_E_CORRUPT, "%s has %zu bytes too many", what, r->in.len);
    }
    return 0;
}

int cw_copy_text(char *dst, size_t dst_cap, struct cw_bytes src, const char *what,
                 struct cw_err *err)
{
    if (src.len >= dst_cap) {
        return cw_fail(err, CW_E_TOO_LARGE, "%s is longer than %zu bytes", what,
                       dst_cap - 1);
    }
    if (src.len > 0 && memchr(src.p, '\0', src.len) != NULL) {
        return cw_fail(err, CW_E_INVALID, "%s holds a NUL byte", what);
    }
    if (src.len > 0) {
        memcpy(dst, src.p, src.len);
    }
    dst[src.len] = '\0';
    return 0;
}

bool cw_is_utf8(struct cw_bytes text)
{
    size_t i = 0;
    while (i < text.len) {
        const uint8_t c = text.p[i++];
        uint32_t point;
        uint32_t least; /* smallest code point that needs this many bytes */
        size_t more;
        if (c < 0x80) {
            continue;
        }
        if ((c & 0xe0) == 0xc0) {
            more = 1, least = 0x80, point = c & 0x1f;
        } else if ((c & 0xf0) == 0xe0) {
            more = 2, least = 0x800, point = c & 0x0f;
        } else if ((c & 0xf8) == 0xf0) {
            more = 3, least = 0x10000, point = c & 0x07;
        } else {
            return false;
        }
        if (text.len - i < more) {
            return false;
        }
        for (; more > 0; more--, i++) {
            if ((text.p[i] & 0xc0) != 0x80) {
                return false;
            }
            point = point << 6 | (text.p[i] & 0x3f);
        }
        if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
            return false;
        }
    }
    return true;
}
