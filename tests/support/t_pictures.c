#include "tests/support/t_pictures.h"

#include "tests/support/t_cmocka.h"
#include "tests/support/t_sketch.h"

#include <stdbool.h>
#include <stdlib.h>

#define N_SHAPES 14
#define STORED_MAX                                                                       \
    65535U /* bytes in one stored deflate block, RFC 1951 section 3.2.4                  \
            */

static struct t_picture new_picture(unsigned width, unsigned height)
{
    struct t_picture p = {.width = width, .height = height};
    p.luma = calloc((size_t)width * height, 1);
    assert_non_null(p.luma);
    return p;
}

void t_picture_done(struct t_picture *p)
{
    free(p->luma);
    *p = (struct t_picture){0};
}

/* splitmix64 (Steele, Lea and Flood 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

/* In thousandths of the drawing, so that its size does not matter. */
struct shape {
    bool disc;
    int x, y, rx, ry;
    uint8_t luma;
};

static bool inside(const struct shape *s, int x, int y)
{
    int dx = abs(x - s->x);
    int dy = abs(y - s->y);
    if (dx > s->rx || dy > s->ry) {
        return false;
    }
    int64_t a = (int64_t)dx * s->ry;
    int64_t b = (int64_t)dy * s->rx;
    int64_t c = (int64_t)s->rx * s->ry;
    return !s->disc || a * a + b * b <= c * c;
}

static uint8_t luma_at(const struct shape shapes[N_SHAPES], int x, int y)
{
    for (int i = N_SHAPES - 1; i >= 0; i--) {
        if (inside(&shapes[i], x, y)) {
            return shapes[i].luma;
        }
    }
    return (uint8_t)(96 + y / 16);
}

struct t_picture t_picture_draw(uint64_t seed, unsigned width, unsigned height)
{
    uint64_t state = seed;
    struct shape shapes[N_SHAPES];
    for (size_t i = 0; i < N_SHAPES; i++) {
        uint64_t r = next_random(&state);
        shapes[i] = (struct shape){
            .disc = (r & 1) != 0,
            .x = (int)((r >> 1) % 1000),
            .y = (int)((r >> 12) % 1000),
            .rx = 40 + (int)((r >> 24) % 220),
            .ry = 40 + (int)((r >> 36) % 220),
            .luma = (uint8_t)(r >> 56),
        };
    }
    struct t_picture p = new_picture(width, height);
    for (unsigned y = 0; y < height; y++) {
        for (unsigned x = 0; x < width; x++) {
            p.luma[(size_t)y * width + x] =
                luma_at(shapes, (int)(x * 1000 / width), (int)(y * 1000 / height));
        }
    }
    return p;
}

struct t_picture t_picture_sketch(uint64_t seed, unsigned width, unsigned height)
{
    return (struct t_picture){.width = width,
                              .height = height,
                              .luma = t_sketch_draw((int)width, (int)height, seed)};
}

struct t_picture t_picture_mirrored(const struct t_picture *p)
{
    struct t_picture out = new_picture(p->width, p->height);
    for (size_t y = 0; y < p->height; y++) {
        for (size_t x = 0; x < p->width; x++) {
            out.luma[y * p->width + x] = p->luma[y * p->width + (p->width - 1 - x)];
        }
    }
    return out;
}

struct t_picture t_picture_turned(const struct t_picture *p)
{
    struct t_picture out = new_picture(p->height, p->width);
    for (size_t y = 0; y < out.height; y++) {
        for (size_t x = 0; x < out.width; x++) {
            out.luma[y * out.width + x] = p->luma[(p->height - 1 - x) * p->width + y];
        }
    }
    return out;
}

struct t_picture t_picture_resized(const struct t_picture *p, unsigned width,
                                   unsigned height)
{
    struct t_picture out = new_picture(width, height);
    for (size_t y = 0; y < height; y++) {
        for (size_t x = 0; x < width; x++) {
            out.luma[y * width + x] =
                p->luma[(y * p->height / height) * p->width + x * p->width / width];
        }
    }
    return out;
}

struct t_picture t_picture_cropped(const struct t_picture *p, unsigned x, unsigned y,
                                   unsigned width, unsigned height)
{
    assert_true(x + width <= p->width && y + height <= p->height);
    struct t_picture out = new_picture(width, height);
    for (size_t row = 0; row < height; row++) {
        memcpy(out.luma + row * width, p->luma + (y + row) * p->width + x, width);
    }
    return out;
}

/* CRC-32 of PNG (its specification, annex D), a bit at a time: these files are small. */
static uint32_t crc32_of(const uint8_t *p, size_t len)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < len; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320U : 0);
        }
    }
    return ~crc;
}

/* Adler-32, RFC 1950. */
static uint32_t adler32_of(const uint8_t *p, size_t len)
{
    uint32_t a = 1;
    uint32_t b = 0;
    for (size_t i = 0; i < len; i++) {
        a = (a + p[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static void put_chunk(struct cw_buf *out, const char *type, struct cw_bytes data)
{
    cw_put_u32(out, (uint32_t)data.len);
    size_t start = out->len;
    cw_buf_add_str(out, type);
    cw_buf_add(out, data.p, data.len);
    assert_false(out->failed);
    cw_put_u32(out, crc32_of(out->p + start, out->len - start));
}

static void put_header(struct cw_buf *out, uint32_t width, uint32_t height)
{
    static const uint8_t GRAY_8_BITS[] = {8, 0, 0, 0, 0};
    CW_AUTO(cw_buf_done) struct cw_buf ihdr = CW_BUF_INIT(64);
    cw_put_u32(&ihdr, width);
    cw_put_u32(&ihdr, height);
    cw_buf_add(&ihdr, GRAY_8_BITS, sizeof GRAY_8_BITS);
    cw_buf_add(out, "\x89PNG\r\n\x1a\n", 8);
    put_chunk(out, "IHDR", cw_buf_view(&ihdr));
}

static void put_u16_le(struct cw_buf *out, uint16_t v)
{
    cw_put_u8(out, (uint8_t)(v & 0xff));
    cw_put_u8(out, (uint8_t)(v >> 8));
}

/* Wraps `raw` in a zlib stream of stored blocks. */
static void put_zlib(struct cw_buf *out, struct cw_bytes raw)
{
    cw_put_u16(out, 0x7801);
    for (size_t at = 0; at < raw.len;) {
        size_t n = raw.len - at < STORED_MAX ? raw.len - at : STORED_MAX;
        cw_put_u8(out, at + n == raw.len);
        put_u16_le(out, (uint16_t)n);
        put_u16_le(out, (uint16_t)~n);
        cw_buf_add(out, raw.p + at, n);
        at += n;
    }
    cw_put_u32(out, adler32_of(raw.p, raw.len));
}

void t_picture_png(const struct t_picture *p, struct cw_buf *out)
{
    CW_AUTO(cw_buf_done) struct cw_buf raw = CW_BUF_INIT(T_PICTURE_MAX_PNG);
    CW_AUTO(cw_buf_done) struct cw_buf zlib = CW_BUF_INIT(T_PICTURE_MAX_PNG);
    for (size_t y = 0; y < p->height; y++) {
        cw_put_u8(&raw, 0); /* filter: none */
        cw_buf_add(&raw, p->luma + y * p->width, p->width);
    }
    put_zlib(&zlib, cw_buf_view(&raw));
    put_header(out, p->width, p->height);
    put_chunk(out, "IDAT", cw_buf_view(&zlib));
    put_chunk(out, "IEND", (struct cw_bytes){0});
    assert_false(out->failed || raw.failed || zlib.failed);
}

void t_hollow_png(uint32_t width, uint32_t height, struct cw_buf *out)
{
    put_header(out, width, height);
    put_chunk(out, "IDAT", (struct cw_bytes){0});
    put_chunk(out, "IEND", (struct cw_bytes){0});
    assert_false(out->failed);
}

struct cw_buf t_drawing(uint64_t seed)
{
    struct cw_buf png = CW_BUF_INIT(T_PICTURE_MAX_PNG);
    CW_AUTO(t_picture_done) struct t_picture p = t_picture_draw(seed, 320, 240);
    t_picture_png(&p, &png);
    return png;
}
