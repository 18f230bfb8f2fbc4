#include "hashing/picture_header.h"
#include "tests/support/t_cmocka.h"

#include <string.h>

#include "tests/support/t_encode.h"

/* A JPEG header: EXIF in the given byte order with one tag, then a frame. */
static struct cw_buf jpeg(bool little, uint16_t tag, uint16_t type, uint16_t value)
{
    struct cw_buf b = CW_BUF_INIT(1024);
    uint8_t entry[] = {0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    entry[2] = (uint8_t)(tag >> 8);
    entry[3] = (uint8_t)tag;
    entry[5] = (uint8_t)type;
    entry[10] = (uint8_t)(value >> 8);
    entry[11] = (uint8_t)value;
    if (little) {
        const uint8_t swapped[] = {1, 0, entry[3], entry[2],  entry[5],  0, 1,
                                   0, 0, 0,        entry[11], entry[10], 0, 0};
        memcpy(entry, swapped, sizeof entry);
    }
    cw_buf_add(&b,
               "\xff\xd8\xff\xe1\0\x1e"
               "Exif\0\0",
               12);
    cw_buf_add(&b, little ? "II*\0\x08\0\0\0" : "MM\0*\0\0\0\x08", 8);
    cw_buf_add(&b, entry, sizeof entry);
    cw_buf_add(&b, "\xff\xc2\0\x11\x08\0\x10\0\x20\3\1\x22\0\2\x11\1\3\x11\1", 19);
    return b;
}

static unsigned orientation_of(bool little, uint16_t tag, uint16_t type, uint16_t value)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = jpeg(little, tag, type, value);
    struct cw_jpeg_header h;
    cw_jpeg_read_header(cw_buf_view(&b), &h);
    assert_int_equal(h.frame_type, 0xc2);
    assert_int_equal(h.precision, 8);
    assert_int_equal(h.components, 3);
    return h.orientation;
}

static void reads_the_orientation_in_both_byte_orders(void **state)
{
    (void)state;
    for (uint16_t o = 1; o <= 8; o++) {
        assert_int_equal(orientation_of(true, 274, 3, o), o);
        assert_int_equal(orientation_of(false, 274, 3, o), o);
    }
}

static void takes_nonsense_for_upright(void **state)
{
    (void)state;
    assert_int_equal(orientation_of(false, 274, 3, 0), 1);
    assert_int_equal(orientation_of(false, 274, 3, 9), 1);
    assert_int_equal(orientation_of(true, 274, 4, 6), 1);
    assert_int_equal(orientation_of(true, 275, 3, 6), 1);
}

static void survives_a_header_cut_anywhere(void **state)
{
    (void)state;
    CW_AUTO(cw_buf_done) struct cw_buf b = jpeg(true, 274, 3, 6);
    for (size_t len = 0; len < b.len; len++) {
        struct cw_jpeg_header h;
        cw_jpeg_read_header(cw_bytes_of(b.p, len), &h);
        assert_int_equal(h.frame_type, 0);
        assert_true(h.orientation == 1 || h.orientation == 6);
    }
}

static void skips_garbage_between_segments(void **state)
{
    (void)state;
    static const char FILE[] = "\xff\xd8junk\xff\xff\xff\xfe\0\4hi\xff\0\xff\xc0\0\x0b"
                               "\x08\0\1\0\1\1\1\x11\0";
    struct cw_jpeg_header h;
    cw_jpeg_read_header(cw_bytes_of(FILE, sizeof FILE - 1), &h);
    assert_int_equal(h.frame_type, 0xc0);
    assert_int_equal(h.components, 1);
}

static void reads_headers_that_libjpeg_writes(void **state)
{
    (void)state;
    struct t_image p = t_image_draw(1, 48, 32);
    struct cw_jpeg_header h;
    CW_AUTO(cw_buf_done) struct cw_buf plain = t_encode(&p, T_RGB, ".jpg", 5);
    cw_jpeg_read_header(cw_buf_view(&plain), &h);
    assert_int_equal(h.frame_type, 0xc0);
    assert_int_equal(h.orientation, 5);
    CW_AUTO(cw_buf_done)
    struct cw_buf progressive = t_encode(&p, T_CMYK, ".jpg[interlace]", 0);
    cw_jpeg_read_header(cw_buf_view(&progressive), &h);
    assert_int_equal(h.frame_type, 0xc2);
    assert_int_equal(h.components, 4);
    t_image_done(&p);
}

/* The 43-byte file of the threat model: a screen of 10 x 10 and a frame far outside. */
static const uint8_t LYING_GIF[] = {
    'G', 'I',  'F',  '8',  '9',  'a',  10, 0, 10, 0, 0x80, 0, 0, 0,    0, 0, 255, 255,
    255, 0x2c, 0x60, 0xea, 0x60, 0xea, 50, 0, 50, 0, 0,    2, 2, 0x4c, 1, 0, 0x3b};

static void gif_canvas_holds_every_frame(void **state)
{
    (void)state;
    struct cw_gif_header gif;
    assert_int_equal(
        cw_gif_read_header(cw_bytes_of(LYING_GIF, sizeof LYING_GIF), &gif, NULL), 0);
    assert_int_equal(gif.width, 60050);
    assert_int_equal(gif.height, 60050);
    assert_int_equal(gif.frames, 1);
}

static void gif_headers_that_libvips_writes(void **state)
{
    (void)state;
    struct t_image p = t_image_draw(1, 48, 32);
    struct cw_gif_header gif;
    CW_AUTO(cw_buf_done) struct cw_buf file = t_encode(&p, T_RGB, ".gif", 0);
    assert_int_equal(cw_gif_read_header(cw_buf_view(&file), &gif, NULL), 0);
    assert_int_equal(gif.width, 48);
    assert_int_equal(gif.height, 32);
    assert_int_equal(gif.frames, 1);
    t_image_done(&p);
}

static void gif_of_unknown_blocks_is_corrupt(void **state)
{
    (void)state;
    uint8_t bytes[sizeof LYING_GIF];
    struct cw_gif_header gif;
    memcpy(bytes, LYING_GIF, sizeof bytes);
    bytes[19] = 0x99;
    assert_int_equal(cw_gif_read_header(cw_bytes_of(bytes, sizeof bytes), &gif, NULL),
                     CW_E_CORRUPT);
}

static void put_chunk(struct cw_buf *out, const char *type, const char *data)
{
    cw_put_bytes32(out, cw_bytes_str("")); /* a length, set below */
    out->p[out->len - 1] = (uint8_t)strlen(data);
    cw_buf_add_str(out, type);
    cw_buf_add_str(out, data);
    cw_put_u32(out, 0);
}

static struct cw_buf png_of(const char *const *chunks)
{
    struct cw_buf png = CW_BUF_INIT(1024);
    cw_buf_add(&png, "\x89PNG\r\n\x1a\n", 8);
    for (size_t i = 0; chunks[i] != NULL; i += 2) {
        put_chunk(&png, chunks[i], chunks[i + 1]);
    }
    return png;
}

static void leaves_packed_texts_of_a_png_out(void **state)
{
    static const char *const BEFORE[] = {"zTXt", "a",    "IHDR", "b",    "tEXt",
                                         "c",    "iTXt", "",     "IDAT", "d",
                                         "zTXt", "e",    "IEND", "",     NULL};
    static const char *const AFTER[] = {"IHDR", "b",    "tEXt", "c", "IDAT",
                                        "d",    "IEND", "",     NULL};
    (void)state;
    CW_AUTO(cw_buf_done) struct cw_buf before = png_of(BEFORE);
    CW_AUTO(cw_buf_done) struct cw_buf after = png_of(AFTER);
    CW_AUTO(cw_buf_done) struct cw_buf out = CW_BUF_INIT(before.len);
    assert_int_equal(cw_png_drop_texts(cw_buf_view(&before), &out, NULL), 0);
    assert_true(cw_bytes_equal(cw_buf_view(&out), cw_buf_view(&after)));
}

static void leaves_a_png_without_packed_texts_alone(void **state)
{
    static const char *const CHUNKS[] = {"IHDR", "b", "tEXt", "c", "IEND", "", NULL};
    (void)state;
    CW_AUTO(cw_buf_done) struct cw_buf png = png_of(CHUNKS);
    CW_AUTO(cw_buf_done) struct cw_buf out = CW_BUF_INIT(1024);
    assert_int_equal(cw_png_drop_texts(cw_buf_view(&png), &out, NULL), 0);
    assert_int_equal(out.len, 0);
    assert_int_equal(cw_png_drop_texts(cw_bytes_str(""), &out, NULL), 0);
    assert_int_equal(out.len, 0);
}

/* Whatever is cut, nothing but whole texts is lost. */
static void a_png_cut_anywhere_keeps_what_is_no_text(void **state)
{
    static const char *const CHUNKS[] = {"IHDR", "b", "zTXt", "text", "IDAT", "d", NULL};
    (void)state;
    CW_AUTO(cw_buf_done) struct cw_buf png = png_of(CHUNKS);
    const size_t text_end = 8 + 13 + 16;
    for (size_t len = 0; len <= png.len; len++) {
        CW_AUTO(cw_buf_done) struct cw_buf out = CW_BUF_INIT(1024);
        assert_int_equal(cw_png_drop_texts(cw_bytes_of(png.p, len), &out, NULL), 0);
        assert_int_equal(out.len, len < text_end ? 0 : len - 16);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_packed_texts_of_a_png_out),
        cmocka_unit_test(leaves_a_png_without_packed_texts_alone),
        cmocka_unit_test(a_png_cut_anywhere_keeps_what_is_no_text),
        cmocka_unit_test(reads_the_orientation_in_both_byte_orders),
        cmocka_unit_test(takes_nonsense_for_upright),
        cmocka_unit_test(survives_a_header_cut_anywhere),
        cmocka_unit_test(skips_garbage_between_segments),
        cmocka_unit_test(reads_headers_that_libjpeg_writes),
        cmocka_unit_test(gif_canvas_holds_every_frame),
        cmocka_unit_test(gif_headers_that_libvips_writes),
        cmocka_unit_test(gif_of_unknown_blocks_is_corrupt),
    };
    t_encode_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
