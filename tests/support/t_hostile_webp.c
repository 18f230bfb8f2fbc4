/* WebP: canvases larger than what is on them, animations, chunks that lie. */
#include <string.h>

#include "tests/support/t_hostile_internal.h"

#define COUNT(a) ((unsigned)(sizeof(a) / sizeof *(a)))
#define RIFF_LEN 12
#define CHUNK_LEN 8
#define ALPHA 0x10
#define ANIMATED 0x02
#define EXIF 0x08
#define XMP 0x04
#define ICC 0x20
#define BASE_WIDTH 96
#define BASE_HEIGHT 72

static void put_u24_le(struct cw_buf *b, uint32_t v)
{
    t_put_u16_le(b, (uint16_t)v);
    cw_put_u8(b, (uint8_t)(v >> 16));
}

static void put_chunk(struct cw_buf *out, const char *type, struct cw_bytes data)
{
    cw_buf_add(out, type, 4);
    t_put_u32_le(out, (uint32_t)data.len);
    cw_buf_add(out, data.p, data.len);
    t_put_fill(out, 0, data.len & 1);
}

static void put_riff(struct cw_buf *out, const struct cw_buf *chunks)
{
    cw_buf_add_str(out, "RIFF");
    t_put_u32_le(out, (uint32_t)chunks->len + 4);
    cw_buf_add_str(out, "WEBP");
    cw_buf_add(out, chunks->p, chunks->len);
}

/* The chunk with the pixels of a base, header and all; libvips puts others around it. */
static struct cw_bytes pixels_of(enum t_base which)
{
    const struct cw_bytes base = t_hostile_base(which);
    const char *type = which == T_BASE_WEBP ? "VP8 " : "VP8L";
    size_t at = RIFF_LEN;
    size_t len = 0;
    for (;; at += len) {
        const uint8_t *size = base.p + at + 4;
        len = CHUNK_LEN + (((size_t)size[0] | (size_t)size[1] << 8) + 1) / 2 * 2;
        if (memcmp(base.p + at, type, 4) == 0) {
            return cw_bytes_of(base.p + at, len);
        }
    }
}

/* A file of them alone. */
static void put_simple(struct cw_buf *out, enum t_base which)
{
    const struct cw_bytes pixels = pixels_of(which);
    CW_AUTO(cw_buf_done) struct cw_buf chunks = CW_BUF_INIT(T_HOSTILE_MAX);
    cw_buf_add(&chunks, pixels.p, pixels.len);
    put_riff(out, &chunks);
}

static void put_vp8x(struct cw_buf *out, uint8_t flags, uint32_t width, uint32_t height)
{
    CW_AUTO(cw_buf_done) struct cw_buf data = CW_BUF_INIT(10);
    cw_put_u8(&data, flags);
    put_u24_le(&data, 0);
    put_u24_le(&data, width - 1);
    put_u24_le(&data, height - 1);
    put_chunk(out, "VP8X", cw_buf_view(&data));
}

/* ---- animations ----------------------------------------------------------------------
 */

static const struct animation {
    uint32_t canvas_width, canvas_height;
    uint32_t x, y, width, height; /* x and y in units of two pixels */
    unsigned n;
} ANIMATIONS[] = {
    {BASE_WIDTH, BASE_HEIGHT, 0, 0, BASE_WIDTH, BASE_HEIGHT, 1},
    {BASE_WIDTH, BASE_HEIGHT, 0, 0, BASE_WIDTH, BASE_HEIGHT, 50},
    {200, 200, 20, 20, BASE_WIDTH, BASE_HEIGHT, 5},
    {BASE_WIDTH, BASE_HEIGHT, 0, 0, BASE_WIDTH, BASE_HEIGHT, 2000},
    {16383, 16383, 0, 0, BASE_WIDTH, BASE_HEIGHT, 1},
    {16777216, 16777216, 0, 0, BASE_WIDTH, BASE_HEIGHT, 1},
    {16777216, 1, 0, 0, BASE_WIDTH, BASE_HEIGHT, 1},
    {9000, 9000, 0, 0, BASE_WIDTH, BASE_HEIGHT, 500},
    {BASE_WIDTH, BASE_HEIGHT, 100, 100, BASE_WIDTH, BASE_HEIGHT, 3},
    {BASE_WIDTH, BASE_HEIGHT, 0xffffff, 0xffffff, BASE_WIDTH, BASE_HEIGHT, 1},
    {BASE_WIDTH, BASE_HEIGHT, 0, 0, 16777216, 16777216, 1},
    {BASE_WIDTH, BASE_HEIGHT, 0, 0, 1, 1, 1},
    {1, 1, 0, 0, BASE_WIDTH, BASE_HEIGHT, 1},
    {BASE_WIDTH, BASE_HEIGHT, 0, 0, BASE_WIDTH, BASE_HEIGHT, 0},
};
#define N_SOUND 4 /* of them there is nothing wrong with the first */

static void put_animation(struct cw_buf *out, const struct animation *a)
{
    const struct cw_bytes pixels = pixels_of(T_BASE_LOSSLESS);
    CW_AUTO(cw_buf_done) struct cw_buf frame = CW_BUF_INIT(T_HOSTILE_MAX);
    CW_AUTO(cw_buf_done) struct cw_buf all = CW_BUF_INIT(T_HOSTILE_MAX);
    put_u24_le(&frame, a->x);
    put_u24_le(&frame, a->y);
    put_u24_le(&frame, a->width - 1);
    put_u24_le(&frame, a->height - 1);
    put_u24_le(&frame, 40); /* ms */
    cw_put_u8(&frame, 0);
    cw_buf_add(&frame, pixels.p, pixels.len);
    put_vp8x(&all, ANIMATED | ALPHA, a->canvas_width, a->canvas_height);
    put_chunk(&all, "ANIM", cw_bytes_of("\xff\xff\xff\xff\0\0", 6));
    for (unsigned i = 0; i < a->n; i++) {
        put_chunk(&all, "ANMF", cw_buf_view(&frame));
    }
    put_riff(out, &all);
}

static void make_sound_animation(struct cw_buf *out, unsigned number)
{
    put_animation(out, &ANIMATIONS[number]);
}

static void make_animation(struct cw_buf *out, unsigned number)
{
    put_animation(out, &ANIMATIONS[N_SOUND + number]);
}

/* ---- still pictures with more than pixels ---------------------------------------------
 */

static const struct {
    enum t_base base;
    uint8_t flags;
    uint32_t width, height;
    const char *type; /* of a chunk before the pixels */
    size_t len;
} STILLS[] = {
    {T_BASE_WEBP, 0, BASE_WIDTH, BASE_HEIGHT, "JUNK", 8},
    {T_BASE_WEBP, 0, BASE_WIDTH, BASE_HEIGHT, "JUNK", (size_t)20 << 20},
    {T_BASE_WEBP, ICC, BASE_WIDTH, BASE_HEIGHT, "ICCP", 0},
    {T_BASE_WEBP, ICC, BASE_WIDTH, BASE_HEIGHT, "ICCP", (size_t)20 << 20},
    {T_BASE_WEBP, EXIF, BASE_WIDTH, BASE_HEIGHT, "EXIF", (size_t)20 << 20},
    {T_BASE_WEBP, XMP, BASE_WIDTH, BASE_HEIGHT, "XMP ", (size_t)20 << 20},
    {T_BASE_WEBP, 0xff, BASE_WIDTH, BASE_HEIGHT, "JUNK", 8},
    {T_BASE_WEBP, ALPHA, BASE_WIDTH, BASE_HEIGHT, "ALPH", 0},
    {T_BASE_WEBP, ALPHA, BASE_WIDTH, BASE_HEIGHT, "ALPH", 1000},
    {T_BASE_WEBP, ALPHA, BASE_WIDTH, BASE_HEIGHT, "ALPH", BASE_WIDTH *BASE_HEIGHT + 1},
    {T_BASE_WEBP, 0, 16383, 16383, "JUNK", 8},
    {T_BASE_WEBP, 0, 16777216, 16777216, "JUNK", 8},
    {T_BASE_LOSSLESS, 0, 1, 1, "JUNK", 8},
    {T_BASE_LOSSLESS, 0, BASE_WIDTH, BASE_HEIGHT, "VP8X", 10},
    {T_BASE_LOSSLESS, 0, BASE_WIDTH, BASE_HEIGHT, "VP8L", 5},
    {T_BASE_LOSSLESS, 0, BASE_WIDTH, BASE_HEIGHT, "ANIM", 6},
};

static void make_still(struct cw_buf *out, unsigned number)
{
    const struct cw_bytes pixels = pixels_of(STILLS[number].base);
    CW_AUTO(cw_buf_done) struct cw_buf more = CW_BUF_INIT(T_HOSTILE_MAX);
    CW_AUTO(cw_buf_done) struct cw_buf all = CW_BUF_INIT(T_HOSTILE_MAX);
    t_put_fill(&more, 0, STILLS[number].len);
    put_vp8x(&all, STILLS[number].flags, STILLS[number].width, STILLS[number].height);
    put_chunk(&all, STILLS[number].type, cw_buf_view(&more));
    cw_buf_add(&all, pixels.p, pixels.len);
    put_riff(out, &all);
}

/* A lossless picture that says 16383 x 16383, or less, and has the pixels of 96 x 72. */
static void make_wide(struct cw_buf *out, unsigned number)
{
    static const uint32_t SIDES[] = {16384, 10000, 9000, 5000, 1};
    const uint32_t side = SIDES[number] - 1;
    const uint32_t bits = side | side << 14;
    put_simple(out, T_BASE_LOSSLESS);
    for (size_t i = 0; i < 4; i++) { /* behind the chunk's header and its first byte */
        out->p[RIFF_LEN + CHUNK_LEN + 1 + i] = (uint8_t)(bits >> (8 * i));
    }
}

/* The same of a lossy one. */
static void make_wide_lossy(struct cw_buf *out, unsigned number)
{
    static const uint16_t SIDES[] = {16383, 10000, 9000, 5000, 0};
    put_simple(out, T_BASE_WEBP);
    for (size_t i = 0; i < 4; i++) { /* behind the frame tag and the start code */
        out->p[RIFF_LEN + CHUNK_LEN + 6 + i] = (uint8_t)(SIDES[number] >> (8 * (i & 1)));
    }
}

/* Sizes of the file and of the chunk that are not so. */
static void make_size(struct cw_buf *out, unsigned number)
{
    static const uint32_t SIZES[] = {0, 1, 11, 0x7fffffff, 0xfffffffe, 0xffffffff};
    const size_t at = number / 2 < COUNT(SIZES) ? 4 : RIFF_LEN + 4;
    const uint32_t size = SIZES[number / 2 % COUNT(SIZES)];
    put_simple(out, number % 2 == 0 ? T_BASE_WEBP : T_BASE_LOSSLESS);
    for (size_t i = 0; i < 4; i++) {
        out->p[at + i] = (uint8_t)(size >> (8 * i));
    }
}

static const struct t_hostile_row ROWS[] = {
    {"webp-animation", T_TAKEN, make_sound_animation, N_SOUND},
    {"webp-bad-animation", T_EITHER, make_animation, COUNT(ANIMATIONS) - N_SOUND},
    {"webp-still", T_EITHER, make_still, COUNT(STILLS)},
    {"webp-wide", T_EITHER, make_wide, 5},
    {"webp-wide-lossy", T_EITHER, make_wide_lossy, 5},
    {"webp-size", T_EITHER, make_size, 24},
};
const struct t_hostile_table t_hostile_webp = {ROWS, COUNT(ROWS)};
