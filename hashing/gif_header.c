/* GIF87a and GIF89a blocks: only as much as bounds the canvas. */
#include "hashing/picture_header.h"

#define BLOCK_EXTENSION 0x21
#define BLOCK_IMAGE 0x2C
#define BLOCK_END 0x3B

/* GIF numbers are little-endian. */
static uint32_t get_u16_le(struct cw_reader *r)
{
    const uint32_t low = cw_get_u8(r);
    return low | (uint32_t)cw_get_u8(r) << 8;
}

static void skip_colours(struct cw_reader *r, uint8_t flags)
{
    if ((flags & 0x80) != 0) {
        (void)cw_get_bytes(r, (size_t)3 << ((flags & 7) + 1));
    }
}

/* Sub-blocks: a length byte and that many bytes, until a length of 0. */
static void skip_sub_blocks(struct cw_reader *r)
{
    uint8_t len = cw_get_u8(r);
    while (!r->failed && len != 0) {
        (void)cw_get_bytes(r, len);
        len = cw_get_u8(r);
    }
}

static void read_frame(struct cw_reader *r, struct cw_gif_header *gif)
{
    const uint32_t left = get_u16_le(r);
    const uint32_t top = get_u16_le(r);
    const uint32_t right = left + get_u16_le(r);
    const uint32_t bottom = top + get_u16_le(r);
    skip_colours(r, cw_get_u8(r));
    gif->width = right > gif->width ? right : gif->width;
    gif->height = bottom > gif->height ? bottom : gif->height;
    gif->frames++;
    (void)cw_get_u8(r); /* minimum code size */
    skip_sub_blocks(r);
}

int cw_gif_read_header(struct cw_bytes file, struct cw_gif_header *out,
                       struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(file);
    struct cw_gif_header gif = {0};
    (void)cw_get_bytes(&r, 6); /* signature */
    gif.width = get_u16_le(&r);
    gif.height = get_u16_le(&r);
    const uint8_t flags = cw_get_u8(&r);
    (void)cw_get_bytes(&r, 2); /* background, aspect */
    skip_colours(&r, flags);
    while (!r.failed && r.in.len > 0) {
        const uint8_t block = cw_get_u8(&r);
        if (block == BLOCK_END) {
            break;
        } else if (block == BLOCK_IMAGE) {
            read_frame(&r, &gif);
        } else if (block == BLOCK_EXTENSION) {
            (void)cw_get_u8(&r); /* label */
            skip_sub_blocks(&r);
        } else if (block != 0) {
            return cw_fail(err, CW_E_CORRUPT, "GIF has a block of type %#x", block);
        }
    }
    *out = gif;
    return 0;
}
