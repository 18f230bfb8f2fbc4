/* Pictures that are right and seldom: every one must be taken. */
#include "tests/support/t_encode.h"
#include "tests/support/t_hostile_internal.h"

#define SEED 99
#define WIDTH 200
#define HEIGHT 150
#define COUNT(a) ((unsigned)(sizeof(a) / sizeof *(a)))

struct kind {
    enum t_pixels pixels;
    const char *suffix;
};

static void make(struct cw_buf *out, const struct kind *kind, unsigned width,
                 unsigned height, unsigned orientation)
{
    CW_AUTO(t_image_done) struct t_image p = t_image_draw(SEED, width, height);
    CW_AUTO(cw_buf_done)
    struct cw_buf file = t_encode(&p, kind->pixels, kind->suffix, orientation);
    cw_buf_add(out, file.p, file.len);
}

static const struct kind KINDS[] = {
    {T_RGB, ".jpg[Q=1]"},
    {T_RGB, ".jpg[Q=100]"},
    {T_RGB, ".jpg[interlace]"},
    {T_RGB, ".jpg[subsample_mode=off]"},
    {T_RGB, ".jpg[optimize_coding,strip]"},
    {T_RGB, ".jpg[interlace,subsample_mode=off]"},
    {T_GREY, ".jpg"},
    {T_GREY, ".jpg[interlace]"},
    {T_CMYK, ".jpg"},
    {T_CMYK, ".jpg[interlace]"},
    {T_RGB, ".png"},
    {T_RGB, ".png[interlace]"},
    {T_RGB, ".png[compression=0]"},
    {T_RGB, ".png[compression=9,filter=all]"},
    {T_RGB, ".png[palette]"},
    {T_RGB, ".png[palette,interlace]"},
    {T_RGB, ".png[palette,bitdepth=1]"},
    {T_RGB, ".png[palette,bitdepth=2]"},
    {T_RGB, ".png[palette,bitdepth=4]"},
    {T_RGB16, ".png"},
    {T_RGB16, ".png[interlace]"},
    {T_RGBA, ".png"},
    {T_RGBA, ".png[interlace]"},
    {T_RGBA, ".png[palette]"},
    {T_RGBA, ".png[palette,bitdepth=2,interlace]"},
    {T_GREY, ".png"},
    {T_GREY, ".png[interlace]"},
    {T_GREY, ".png[bitdepth=1]"},
    {T_GREY, ".png[bitdepth=2]"},
    {T_GREY, ".png[bitdepth=4]"},
    {T_GREY, ".png[bitdepth=1,interlace]"},
    {T_RGB, ".gif"},
    {T_RGB, ".gif[interlace]"},
    {T_RGB, ".gif[bitdepth=1]"},
    {T_RGB, ".gif[dither=0]"},
    {T_RGBA, ".gif"},
    {T_GREY, ".gif"},
    {T_RGB, ".webp"},
    {T_RGB, ".webp[Q=1]"},
    {T_RGB, ".webp[lossless]"},
    {T_RGB, ".webp[near_lossless,Q=40]"},
    {T_RGBA, ".webp"},
    {T_RGBA, ".webp[lossless]"},
    {T_GREY, ".webp"},
    {T_RGB, ".tif"},
    {T_RGB, ".tif[compression=lzw]"},
    {T_RGB, ".tif[compression=lzw,predictor=horizontal]"},
    {T_RGB, ".tif[compression=deflate]"},
    {T_RGB, ".tif[compression=packbits]"},
    {T_RGB, ".tif[compression=jpeg]"},
    {T_RGB, ".tif[compression=zstd]"},
    {T_RGB, ".tif[tile]"},
    {T_RGB, ".tif[tile,tile_width=16,tile_height=16,compression=lzw]"},
    {T_RGB, ".tif[tile,pyramid]"},
    {T_RGB, ".tif[tile,pyramid,subifd]"},
    {T_RGB, ".tif[bigtiff]"},
    {T_RGB16, ".tif"},
    {T_RGB16, ".tif[compression=deflate]"},
    {T_RGBA, ".tif"},
    {T_CMYK, ".tif"},
    {T_GREY, ".tif"},
    {T_GREY, ".tif[bitdepth=1]"},
    {T_GREY, ".tif[bitdepth=1,compression=ccittfax4]"},
    {T_GREY, ".tif[bitdepth=1,miniswhite]"},
    {T_GREY, ".tif[bitdepth=2]"},
    {T_GREY, ".tif[bitdepth=4]"},
    {T_RGB, ".avif[effort=0]"},
    {T_RGBA, ".avif[effort=0]"},
    {T_GREY, ".avif[effort=0,lossless]"},
};

static void make_kind(struct cw_buf *out, unsigned number)
{
    make(out, &KINDS[number], WIDTH, HEIGHT, 0);
}

static const struct kind PLAIN[] = {
    {T_RGB, ".jpg"}, {T_RGB, ".png"}, {T_RGB, ".gif"}, {T_RGB, ".webp"}, {T_RGB, ".tif"}};

/* Tiny, and long in one way. WebP ends at 16383. */
static const struct {
    unsigned width, height;
} SIZES[] = {{1, 1},    {2, 1},    {1, 2},    {3, 3},     {7, 7},     {1, 1000},
             {1000, 1}, {8, 5000}, {5000, 8}, {2, 16000}, {16000, 2}, {2000, 2000}};

static void make_size(struct cw_buf *out, unsigned number)
{
    const unsigned size = number / COUNT(PLAIN);
    make(out, &PLAIN[number % COUNT(PLAIN)], SIZES[size].width, SIZES[size].height, 0);
}

static const struct kind TURNED[] = {
    {T_RGB, ".jpg"}, {T_RGB, ".png"}, {T_RGB, ".webp"}, {T_RGB, ".tif"}};

static void make_turned(struct cw_buf *out, unsigned number)
{
    make(out, &TURNED[number % COUNT(TURNED)], WIDTH, HEIGHT, number / COUNT(TURNED) + 1);
}

/* Orientations that are none: 9, 255, 65535. */
static void make_not_turned(struct cw_buf *out, unsigned number)
{
    static const unsigned NONE[] = {9, 255, 65535};
    make(out, &TURNED[0], WIDTH, HEIGHT, NONE[number]);
}

static const struct t_hostile_row ROWS[] = {
    {"kind", T_TAKEN, make_kind, COUNT(KINDS)},
    {"size", T_TAKEN, make_size, COUNT(SIZES) * COUNT(PLAIN)},
    {"turned", T_TAKEN, make_turned, 8 * COUNT(TURNED)},
    {"not-turned", T_TAKEN, make_not_turned, 3},
};
const struct t_hostile_table t_hostile_odd = {ROWS, COUNT(ROWS)};
