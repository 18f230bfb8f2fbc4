/* GIF: small screens with huge frames, many frames, streams that do not end. */
#include "tests/support/t_hostile_internal.h"

#define COUNT(a) ((unsigned)(sizeof(a) / sizeof *(a)))
#define CODE_BITS 7 /* minimum code size: codes of 8 bits, one a byte */
#define CLEAR 128
#define END 129
#define RUN 100 /* pixels between two clear codes: the codes stay 8 bits long */

struct claim {
    uint16_t screen_width, screen_height;
    uint16_t left, top, width, height;
    unsigned n;       /* frames */
    unsigned pixels;  /* that really come with each */
    uint8_t min_code; /* said of the stream */
    uint8_t flags;    /* of each frame: 0x40 = interlaced, 0x80 = own colours */
};

static void put_screen(struct cw_buf *out, uint16_t width, uint16_t height)
{
    cw_buf_add_str(out, "GIF89a");
    t_put_u16_le(out, width);
    t_put_u16_le(out, height);
    cw_buf_add(out, "\xf6\0\0", 3); /* 128 colours */
    for (unsigned i = 0; i < 128; i++) {
        t_put_fill(out, (uint8_t)(i * 2), 3);
    }
}

/* Pixels as a stream of clear codes and literals. */
static void put_stream(struct cw_buf *out, uint8_t min_code, unsigned pixels)
{
    cw_put_u8(out, min_code);
    for (unsigned done = 0; done < pixels; done += RUN) {
        const unsigned n = pixels - done < RUN ? pixels - done : RUN;
        cw_put_u8(out, (uint8_t)(n + 1));
        cw_put_u8(out, CLEAR);
        for (unsigned i = 0; i < n; i++) {
            cw_put_u8(out, (uint8_t)((done + i) * 7 % 128));
        }
    }
    cw_put_u8(out, 1);
    cw_put_u8(out, END);
    cw_put_u8(out, 0);
}

static void put_frame(struct cw_buf *out, const struct claim *c)
{
    cw_buf_add(out, "\x21\xf9\4\x09\1\0\5\0", 8); /* dispose to background, see-through */
    cw_put_u8(out, 0x2c);
    t_put_u16_le(out, c->left);
    t_put_u16_le(out, c->top);
    t_put_u16_le(out, c->width);
    t_put_u16_le(out, c->height);
    cw_put_u8(out, c->flags);
    if ((c->flags & 0x80) != 0) {
        t_put_fill(out, 0x33, (size_t)3 << ((c->flags & 7) + 1));
    }
    put_stream(out, c->min_code, c->pixels);
}

static void put_claim(struct cw_buf *out, const struct claim *c)
{
    put_screen(out, c->screen_width, c->screen_height);
    for (unsigned i = 0; i < c->n; i++) {
        put_frame(out, c);
    }
    cw_put_u8(out, 0x3b);
}

static const struct claim HUGE_ONES[] = {
    {10, 10, 60000, 60000, 50, 50, 1, 2500, CODE_BITS, 0},
    {65535, 65535, 0, 0, 10, 10, 1, 100, CODE_BITS, 0},
    {65535, 65535, 0, 0, 65535, 65535, 1, 100, CODE_BITS, 0},
    {10, 10, 0, 0, 65535, 65535, 1, 100, CODE_BITS, 0},
    {10, 10, 65535, 65535, 65535, 65535, 1, 100, CODE_BITS, 0},
    {10, 10, 65535, 0, 65535, 10, 1, 100, CODE_BITS, 0x40},
    {20000, 20000, 0, 0, 1, 1, 1, 1, CODE_BITS, 0},
    {1, 1, 0, 0, 1, 1, 20000, 1, CODE_BITS, 0},
    {100, 100, 0, 0, 100, 100, 15000, 1, CODE_BITS, 0},
};

static void make_huge(struct cw_buf *out, unsigned number)
{
    put_claim(out, &HUGE_ONES[number]);
}

static const struct claim ODD_ONES[] = {
    {60, 40, 0, 0, 60, 40, 1, 2400, CODE_BITS, 0},
    {60, 40, 0, 0, 60, 40, 1, 2400, CODE_BITS, 0x40},
    {60, 40, 0, 0, 60, 40, 1, 2400, CODE_BITS, 0x86},
    {60, 40, 0, 0, 60, 40, 30, 2400, CODE_BITS, 0},
    {60, 40, 20, 10, 10, 10, 5, 100, CODE_BITS, 0},
    {60, 40, 0, 0, 60, 40, 1000, 2400, CODE_BITS, 0},
};

static void make_odd(struct cw_buf *out, unsigned number)
{
    put_claim(out, &ODD_ONES[number]);
}

static const struct claim WRONG_ONES[] = {
    {0, 0, 0, 0, 10, 10, 1, 100, CODE_BITS, 0},
    {0, 0, 0, 0, 0, 0, 1, 0, CODE_BITS, 0},
    {60, 40, 0, 0, 0, 0, 3, 0, CODE_BITS, 0},
    {60, 40, 0, 0, 60, 0, 1, 0, CODE_BITS, 0},
    {60, 40, 0, 0, 60, 40, 0, 0, CODE_BITS, 0},
    {60, 40, 0, 0, 60, 40, 1, 0, CODE_BITS, 0},
    {60, 40, 0, 0, 60, 40, 1, 1000, CODE_BITS, 0},
    {60, 40, 0, 0, 60, 40, 1, 100000, CODE_BITS, 0},
    {60, 40, 0, 0, 60, 40, 1, 2400, 0, 0},
    {60, 40, 0, 0, 60, 40, 1, 2400, 1, 0},
    {60, 40, 0, 0, 60, 40, 1, 2400, 2, 0},
    {60, 40, 0, 0, 60, 40, 1, 2400, 11, 0},
    {60, 40, 0, 0, 60, 40, 1, 2400, 12, 0},
    {60, 40, 0, 0, 60, 40, 1, 2400, 255, 0},
    {60, 40, 40, 30, 60, 40, 1, 2400, CODE_BITS, 0},
    {60, 40, 1000, 1000, 60, 40, 1, 2400, CODE_BITS, 0},
    {7000, 7000, 0, 0, 7000, 7000, 1, 100, CODE_BITS, 0},
    {7000, 7000, 0, 0, 7000, 7000, 200, 100, CODE_BITS, 0},
    {3000, 3000, 0, 0, 3000, 3000, 9000, 1, CODE_BITS, 0},
    {1, 1, 0, 0, 1, 1, 10000, 1, CODE_BITS, 0},
};

static void make_wrong(struct cw_buf *out, unsigned number)
{
    put_claim(out, &WRONG_ONES[number]);
}

/* Extensions: a head, sub-blocks of 255 bytes, and how many extensions. */
static const struct {
    const char *head;
    size_t head_len;
    unsigned blocks, n;
    bool ends;
} EXTENSIONS[] = {
    {"\x21\xfe", 2, 100000, 1, true},
    {"\x21\xfe", 2, 100000, 1, false},
    {"\x21\xfe", 2, 0, 500000, true},
    {"\x21\xff\x0bNETSCAPE2.0\3\1\0\0", 18, 0, 1, true},
    {"\x21\xff\x0bXMP DataXMP", 14, 40000, 1, true},
    {"\x21\xff\x0bICCRGBG1012", 14, 40000, 1, true},
    {"\x21\xff\xff", 3, 1, 1, true},
    {"\x21\xf9\0", 3, 0, 1, true},
    {"\x21\xf9\xff", 3, 1, 1, true},
    {"\x21\1\x0c", 3, 1, 1, true},
    {"\x21\0", 2, 1, 1, true},
    {"\x99", 1, 0, 1, true},
    {"\0\0\0\0", 4, 0, 100000, true},
};

static void make_extension(struct cw_buf *out, unsigned number)
{
    static const struct claim FRAME = {60, 40, 0, 0, 60, 40, 1, 2400, CODE_BITS, 0};
    put_screen(out, 60, 40);
    for (unsigned i = 0; i < EXTENSIONS[number].n; i++) {
        cw_buf_add(out, EXTENSIONS[number].head, EXTENSIONS[number].head_len);
        for (unsigned b = 0; b < EXTENSIONS[number].blocks; b++) {
            t_put_fill(out, 255, 256);
        }
        if (EXTENSIONS[number].ends) {
            cw_put_u8(out, 0);
        }
    }
    put_frame(out, &FRAME);
    cw_put_u8(out, 0x3b);
}

static const struct t_hostile_row ROWS[] = {
    {"gif-huge", T_REFUSED, make_huge, COUNT(HUGE_ONES)},
    {"gif-odd", T_TAKEN, make_odd, COUNT(ODD_ONES)},
    {"gif-wrong", T_EITHER, make_wrong, COUNT(WRONG_ONES)},
    {"gif-extension", T_EITHER, make_extension, COUNT(EXTENSIONS)},
};
const struct t_hostile_table t_hostile_gif = {ROWS, COUNT(ROWS)};
