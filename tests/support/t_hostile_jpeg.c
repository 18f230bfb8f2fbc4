/* JPEG: frames that lie, scans without end, application segments full of nothing. */
#include <string.h>

#include "tests/support/t_hostile_internal.h"

#define COUNT(a) ((unsigned)(sizeof(a) / sizeof *(a)))
#define SOI_LEN 2
#define MAX_SEGMENT 65533

/* The place of the first segment of that marker, of a well-formed file. */
static size_t find_segment(struct cw_bytes file, uint8_t marker)
{
    size_t at = SOI_LEN;
    while (at + 4 < file.len && file.p[at + 1] != marker) {
        at += 2U + ((size_t)file.p[at + 2] << 8 | file.p[at + 3]);
    }
    return at;
}

/* Bytes of the frame header replaced: marker, length, precision, height, width, number
 * of components, and the first component's sampling. */
static const struct {
    enum t_base base;
    uint8_t marker, precision;
    uint16_t height, width;
    uint8_t components, sampling;
} FRAMES[] = {
    {T_BASE_JPEG, 0xc0, 8, 0, 96, 3, 0x22},
    {T_BASE_JPEG, 0xc0, 8, 72, 0, 3, 0x22},
    {T_BASE_JPEG, 0xc0, 8, 65535, 65535, 3, 0x22},
    {T_BASE_JPEG, 0xc0, 8, 65500, 65500, 3, 0x22},
    {T_BASE_JPEG, 0xc0, 8, 10000, 10000, 3, 0x22},
    {T_BASE_JPEG, 0xc0, 8, 1500, 65500, 3, 0x22},
    {T_BASE_JPEG, 0xc0, 8, 65500, 1500, 3, 0x22},
    {T_BASE_JPEG, 0xc0, 8, 72, 96, 0, 0x22},
    {T_BASE_JPEG, 0xc0, 8, 72, 96, 1, 0x22},
    {T_BASE_JPEG, 0xc0, 8, 72, 96, 4, 0x22},
    {T_BASE_JPEG, 0xc0, 8, 72, 96, 255, 0x22},
    {T_BASE_JPEG, 0xc0, 8, 72, 96, 3, 0x00},
    {T_BASE_JPEG, 0xc0, 8, 72, 96, 3, 0x44},
    {T_BASE_JPEG, 0xc0, 8, 72, 96, 3, 0xff},
    {T_BASE_JPEG, 0xc0, 12, 72, 96, 3, 0x22},
    {T_BASE_JPEG, 0xc0, 0, 72, 96, 3, 0x22},
    {T_BASE_JPEG, 0xc0, 16, 72, 96, 3, 0x22},
    {T_BASE_JPEG, 0xc1, 8, 72, 96, 3, 0x22},
    {T_BASE_JPEG, 0xc2, 8, 72, 96, 3, 0x22},
    {T_BASE_JPEG, 0xc3, 8, 72, 96, 3, 0x22},
    {T_BASE_JPEG, 0xc5, 8, 72, 96, 3, 0x22},
    {T_BASE_JPEG, 0xc9, 8, 72, 96, 3, 0x22},
    {T_BASE_JPEG, 0xca, 8, 72, 96, 3, 0x22},
    {T_BASE_JPEG, 0xcf, 8, 72, 96, 3, 0x22},
    {T_BASE_PROGRESSIVE, 0xc2, 8, 10000, 10000, 3, 0x22},
    {T_BASE_PROGRESSIVE, 0xc2, 8, 65500, 1500, 3, 0x22},
    {T_BASE_PROGRESSIVE, 0xc2, 8, 4000, 4000, 3, 0x22},
    {T_BASE_PROGRESSIVE, 0xc0, 8, 72, 96, 3, 0x22},
    {T_BASE_PROGRESSIVE, 0xc2, 8, 65535, 65535, 3, 0x11},
};

static void make_frame(struct cw_buf *out, unsigned number)
{
    const struct cw_bytes base = t_hostile_base(FRAMES[number].base);
    const size_t at =
        find_segment(base, FRAMES[number].base == T_BASE_JPEG ? 0xc0 : 0xc2);
    cw_buf_add(out, base.p, base.len);
    uint8_t *frame = out->p + at;
    frame[1] = FRAMES[number].marker;
    frame[4] = FRAMES[number].precision;
    frame[5] = (uint8_t)(FRAMES[number].height >> 8);
    frame[6] = (uint8_t)FRAMES[number].height;
    frame[7] = (uint8_t)(FRAMES[number].width >> 8);
    frame[8] = (uint8_t)FRAMES[number].width;
    frame[9] = FRAMES[number].components;
    frame[11] = FRAMES[number].sampling;
}

/* ---- segments behind the start of a good picture -------------------------------------
 */

static void put_segment(struct cw_buf *out, uint8_t marker, struct cw_bytes head,
                        size_t len)
{
    cw_put_u8(out, 0xff);
    cw_put_u8(out, marker);
    cw_put_u16(out, (uint16_t)(len + 2));
    cw_buf_add(out, head.p, head.len < len ? head.len : len);
    t_put_fill(out, 'x', head.len < len ? len - head.len : 0);
}

static const struct {
    uint8_t marker;
    const char *head;
    size_t head_len, len;
    unsigned n;
} SEGMENTS[] = {
    {0xfe, "", 0, MAX_SEGMENT, 1},
    {0xfe, "", 0, MAX_SEGMENT, 500},
    {0xfe, "", 0, 0, 1000000},
    {0xfe, "*/<script>alert(1)</script><!--", 31, 31, 1},
    {0xe0, "JFIF\0\1\1\0\0\1\0\1\xff\xff", 14, MAX_SEGMENT, 1},
    {0xe0, "JFXX\0\x10", 6, MAX_SEGMENT, 1},
    {0xe1, "Exif\0\0", 6, 6, 1},
    {0xe1, "Exif\0\0", 6, MAX_SEGMENT, 500},
    {0xe1, "Exif\0\0II*\0\x08\0\0\0\xff\xff", 16, MAX_SEGMENT, 1},
    {0xe1, "Exif\0\0II*\0\xff\xff\xff\xff", 14, 1000, 1},
    {0xe1, "Exif\0\0MM\0*\0\0\0\x08\0\1\x87\x69\0\4\0\0\0\1\0\0\0\x08\0\0\0\x08", 32, 32,
     1},
    {0xe1, "Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\xff\xff\xff\xff\0\6\0\0\0\0\0\x08", 32,
     32, 1},
    {0xe1, "http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>", 41, MAX_SEGMENT, 1},
    {0xe1, "http://ns.adobe.com/xmp/extension/\0", 35, MAX_SEGMENT, 400},
    {0xe2, "ICC_PROFILE\0\1\1", 14, MAX_SEGMENT, 1},
    {0xe2, "ICC_PROFILE\0\1\xff", 14, MAX_SEGMENT, 255},
    {0xe2, "ICC_PROFILE\0\xff\1", 14, MAX_SEGMENT, 3},
    {0xe2, "ICC_PROFILE\0\0\0", 14, 14, 1},
    {0xed,
     "Photoshop 3.0\0"
     "8BIM\4\4\0\0\xff\xff\xff\xff",
     26, 100, 1},
    {0xee, "Adobe\0d\0\0\0\0\0", 12, 12, 1},
    {0xee, "Adobe\0d\0\0\0\0\2", 12, 12, 1},
    {0xee, "Adobe\0d\0\0\0\0\xff", 12, 12, 1},
    {0xdb, "\0", 1, 10, 1},
    {0xdb, "\xff", 1, 65, 1},
    {0xc4, "\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 17, 300,
     1},
    {0xc4, "\xff", 1, 17, 1},
    {0xdd, "\0\0", 2, 2, 1},
    {0xdd, "\0\1", 2, 2, 1},
    {0xdd, "\xff\xff", 2, 2, 1},
    {0xcc, "", 0, 0, 1},
    {0xdc, "\0\0", 2, 2, 1},
    {0xda, "\3\1\0\2\x11\3\x11\0\x3f\0", 10, 10, 1},
    {0xd8, "", 0, 0, 1},
    {0xd9, "", 0, 0, 1},
    {0x01, "", 0, 0, 1000},
};

static void make_segment(struct cw_buf *out, unsigned number)
{
    const struct cw_bytes base = t_hostile_base(T_BASE_JPEG);
    cw_buf_add(out, base.p, SOI_LEN);
    for (unsigned i = 0; i < SEGMENTS[number].n; i++) {
        put_segment(out, SEGMENTS[number].marker,
                    cw_bytes_of(SEGMENTS[number].head, SEGMENTS[number].head_len),
                    SEGMENTS[number].len);
    }
    cw_buf_add(out, base.p + SOI_LEN, base.len - SOI_LEN);
}

/* One scan of a progressive picture again and again: each costs a pass over all of it,
 * whatever size the frame says. */
static void make_scans(struct cw_buf *out, unsigned number)
{
    static const struct {
        uint16_t side;
        unsigned n;
    } SCANS[] = {{0, 100}, {0, 10000}, {3000, 500}, {4000, 2000}, {6000, 5000}};
    static const char SCAN[] = "\xff\xda\0\x08\1\1\0\1\x3f\0";
    const struct cw_bytes base = t_hostile_base(T_BASE_PROGRESSIVE);
    const size_t frame = find_segment(base, 0xc2);
    cw_buf_add(out, base.p, base.len - 2); /* without its end */
    for (unsigned i = 0; i < SCANS[number].n; i++) {
        cw_buf_add(out, SCAN, sizeof SCAN - 1);
    }
    cw_buf_add(out, "\xff\xd9", 2);
    if (SCANS[number].side != 0) {
        for (size_t i = 5; i < 9; i += 2) {
            out->p[frame + i] = (uint8_t)(SCANS[number].side >> 8);
            out->p[frame + i + 1] = (uint8_t)SCANS[number].side;
        }
    }
}

/* The segment length itself is wrong. */
static void make_length(struct cw_buf *out, unsigned number)
{
    static const uint8_t MARKERS[] = {0xdb, 0xc4, 0xda, 0xc0};
    static const uint16_t LENGTHS[] = {0, 1, 2, 3, 65535};
    const struct cw_bytes base = t_hostile_base(T_BASE_JPEG);
    const size_t at = find_segment(base, MARKERS[number % COUNT(MARKERS)]);
    const uint16_t len = LENGTHS[number / COUNT(MARKERS)];
    cw_buf_add(out, base.p, base.len);
    out->p[at + 2] = (uint8_t)(len >> 8);
    out->p[at + 3] = (uint8_t)len;
}

static const struct t_hostile_row ROWS[] = {
    {"jpeg-frame", T_EITHER, make_frame, COUNT(FRAMES)},
    {"jpeg-segment", T_EITHER, make_segment, COUNT(SEGMENTS)},
    {"jpeg-scans", T_EITHER, make_scans, 5},
    {"jpeg-length", T_EITHER, make_length, 20},
};
const struct t_hostile_table t_hostile_jpeg = {ROWS, COUNT(ROWS)};
