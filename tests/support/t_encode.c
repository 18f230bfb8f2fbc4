#include "tests/support/t_encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>

#define N_SHAPES 24
#define GRAIN 10        /* levels; makes a 1920 x 1080 JPEG at quality 85 about 200 KB */
#define PNG_HEAD_LEN 33 /* signature and IHDR */

static void must(bool ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "t_encode: %s: %s\n", what, vips_error_buffer());
        abort();
    }
}

void t_encode_init(void)
{
    must(vips_init("test") == 0, "init");
    vips_concurrency_set(1);
}

/* splitmix64 (Steele, Lea and Flood 2014). */
static unsigned next_random(uint64_t *state, unsigned below)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return (unsigned)((z ^ (z >> 31)) % below);
}

/* In thousandths of the picture's sides. */
struct shape {
    bool disc;
    int x, y, rx, ry;
    uint8_t rgb[3];
};

/* How far inside the shape a place is: 0 outside, 1 on its outline, 2 within. */
static int depth(const struct shape *s, int x, int y)
{
    const double dx = abs(x - s->x) / (double)s->rx;
    const double dy = abs(y - s->y) / (double)s->ry;
    const double out = s->disc ? dx * dx + dy * dy : (dx > dy ? dx : dy);
    return out > 1.0 ? 0 : out > 0.9 ? 1 : 2;
}

static void draw_place(const struct shape shapes[N_SHAPES], int x, int y, uint8_t rgb[3])
{
    rgb[0] = (uint8_t)(120 + x / 12);
    rgb[1] = (uint8_t)(150 + y / 14);
    rgb[2] = (uint8_t)(230 - (x + y) / 20);
    for (int i = 0; i < N_SHAPES; i++) {
        const int d = depth(&shapes[i], x, y);
        if (d == 1) {
            memset(rgb, 20, 3);
        } else if (d == 2) {
            memcpy(rgb, shapes[i].rgb, 3);
        }
    }
}

static struct t_image new_image(unsigned width, unsigned height)
{
    struct t_image p = {.width = width, .height = height};
    p.rgb = calloc((size_t)width * height, 3);
    must(p.rgb != NULL, "memory");
    return p;
}

struct t_image t_image_draw(unsigned seed, unsigned width, unsigned height)
{
    struct shape shapes[N_SHAPES];
    uint64_t state = seed;
    for (int i = 0; i < N_SHAPES; i++) {
        struct shape *s = &shapes[i];
        *s = (struct shape){.disc = next_random(&state, 2) == 0,
                            .x = (int)next_random(&state, 1000),
                            .y = (int)next_random(&state, 1000),
                            .rx = 20 + (int)next_random(&state, 200),
                            .ry = 20 + (int)next_random(&state, 200)};
        for (int c = 0; c < 3; c++) {
            s->rgb[c] = (uint8_t)next_random(&state, 256);
        }
    }
    struct t_image p = new_image(width, height);
    for (unsigned y = 0; y < height; y++) {
        for (unsigned x = 0; x < width; x++) {
            draw_place(shapes, (int)(x * 1000 / width), (int)(y * 1000 / height),
                       p.rgb + ((size_t)y * width + x) * 3);
        }
    }
    return p;
}

struct t_image t_image_draw_grainy(unsigned seed, unsigned width, unsigned height)
{
    struct t_image p = t_image_draw(seed, width, height);
    uint64_t state = seed;
    for (size_t i = 0; i < (size_t)width * height; i++) {
        const int grain = (int)next_random(&state, GRAIN) - GRAIN / 2;
        for (size_t c = 0; c < 3; c++) {
            const int v = p.rgb[i * 3 + c] + grain;
            p.rgb[i * 3 + c] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
        }
    }
    return p;
}

/* Where the upright place (x, y) is stored: EXIF 2.3, tag 274. */
static void stored_place(const struct t_image *up, unsigned orientation, unsigned x,
                         unsigned y, unsigned *out_x, unsigned *out_y)
{
    const unsigned right = up->width - 1 - x;
    const unsigned below = up->height - 1 - y;
    const unsigned places[9][2] = {{x, y},         {x, y},         {right, y},
                                   {right, below}, {x, below},     {y, x},
                                   {y, right},     {below, right}, {below, x}};
    *out_x = places[orientation][0];
    *out_y = places[orientation][1];
}

struct t_image t_image_stored(const struct t_image *p, unsigned orientation)
{
    const bool transposed = orientation >= 5;
    struct t_image out =
        new_image(transposed ? p->height : p->width, transposed ? p->width : p->height);
    for (unsigned y = 0; y < p->height; y++) {
        for (unsigned x = 0; x < p->width; x++) {
            unsigned to_x = 0;
            unsigned to_y = 0;
            stored_place(p, orientation, x, y, &to_x, &to_y);
            memcpy(out.rgb + ((size_t)to_y * out.width + to_x) * 3,
                   p->rgb + ((size_t)y * p->width + x) * 3, 3);
        }
    }
    return out;
}

void t_image_done(struct t_image *p)
{
    free(p->rgb);
    *p = (struct t_image){0};
}

static void replace(VipsImage **image, VipsImage *made)
{
    must(made != NULL, "conversion");
    g_object_unref(*image);
    *image = made;
}

/* By PDQ's weights; libvips' own grey is computed in linear light. */
static VipsImage *new_grey(const struct t_image *p)
{
    const size_t n = (size_t)p->width * p->height;
    uint8_t *grey = malloc(n);
    must(grey != NULL, "memory");
    for (size_t i = 0; i < n; i++) {
        const uint8_t *rgb = p->rgb + i * 3;
        grey[i] = (uint8_t)((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000);
    }
    VipsImage *out = vips_image_new_from_memory_copy(
        grey, n, (int)p->width, (int)p->height, 1, VIPS_FORMAT_UCHAR);
    free(grey);
    return out;
}

static VipsImage *convert(const struct t_image *p, VipsImage *in, enum t_pixels pixels)
{
    VipsImage *out = NULL;
    VipsImage *mask = NULL;
    switch (pixels) {
    case T_RGB:
        (void)vips_copy(in, &out, NULL);
        break;
    case T_GREY:
        out = new_grey(p);
        break;
    case T_RGB16:
        (void)vips_colourspace(in, &out, VIPS_INTERPRETATION_RGB16, NULL);
        break;
    case T_CMYK:
        (void)vips_colourspace(in, &out, VIPS_INTERPRETATION_CMYK, NULL);
        break;
    case T_RGBA:
        must(vips_black(&mask, (int)p->width, (int)p->height, NULL) == 0, "mask");
        must(vips_draw_rect1(mask, 255, 0, 0, (int)p->width, (int)p->height / 2, "fill",
                             TRUE, NULL) == 0,
             "mask");
        (void)vips_bandjoin2(in, mask, &out, NULL);
        g_object_unref(mask);
        break;
    }
    return out;
}

/* CRC-32 of PNG (ISO 3309). */
static uint32_t crc32(const uint8_t *p, size_t len)
{
    uint32_t crc = 0xffffffffU;
    for (size_t i = 0; i < len; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xedb88320U : crc >> 1;
        }
    }
    return ~crc;
}

/* The eXIf chunk that libvips does not write: a TIFF header and a directory of one entry.
 */
static void add_exif_chunk(struct cw_buf *out, unsigned orientation)
{
    uint8_t chunk[] = {'e', 'X', 'I', 'f', 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1,
                       18,  0,   3,   0,   0,   0,   1, 0,  0, 0, 0, 0, 0, 0, 0};
    chunk[23] = (uint8_t)orientation;
    cw_put_u32(out, sizeof chunk - 4);
    cw_buf_add(out, chunk, sizeof chunk);
    cw_put_u32(out, crc32(chunk, sizeof chunk));
}

struct cw_buf t_encode(const struct t_image *p, enum t_pixels pixels, const char *suffix,
                       unsigned orientation)
{
    const size_t len = (size_t)p->width * p->height * 3;
    VipsImage *image = vips_image_new_from_memory_copy(
        p->rgb, len, (int)p->width, (int)p->height, 3, VIPS_FORMAT_UCHAR);
    must(image != NULL, "image");
    image->Type = VIPS_INTERPRETATION_sRGB;
    replace(&image, convert(p, image, pixels));
    if (orientation != 0) {
        vips_image_set_int(image, VIPS_META_ORIENTATION, (int)orientation);
    }
    void *bytes = NULL;
    size_t n = 0;
    must(vips_image_write_to_buffer(image, suffix, &bytes, &n, NULL) == 0, suffix);
    struct cw_buf out = CW_BUF_INIT(T_ENCODE_MAX);
    const bool exif_by_hand = orientation != 0 && strncmp(suffix, ".png", 4) == 0;
    const size_t head = exif_by_hand ? PNG_HEAD_LEN : 0;
    cw_buf_add(&out, bytes, head);
    if (exif_by_hand) {
        add_exif_chunk(&out, orientation);
    }
    cw_buf_add(&out, (const uint8_t *)bytes + head, n - head);
    must(!out.failed, "room");
    g_free(bytes);
    g_object_unref(image);
    return out;
}
