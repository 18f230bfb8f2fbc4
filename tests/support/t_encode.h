/* t_encode.h - coloured drawings made by arithmetic, as files of every format that is
 * read: for the tests of the decoders and for benchmarks. Encoding is by libvips. */
#ifndef CW_TESTS_SUPPORT_T_ENCODE_H
#define CW_TESTS_SUPPORT_T_ENCODE_H

#include "base/bytes.h"

#define T_ENCODE_MAX ((size_t)64 << 20)

/* What the pixels are before they are saved. */
enum t_pixels {
    T_RGB,   /* 3 x 8 bits */
    T_GREY,  /* 8 bits */
    T_RGB16, /* 3 x 16 bits */
    T_RGBA,  /* with a transparent lower half */
    T_CMYK,  /* 4 x 8 bits */
};

/* width * height * 3 bytes, row-major. */
struct t_image {
    unsigned width, height;
    uint8_t *rgb; /* owned */
};

/* Before anything else here. */
void t_encode_init(void);

/* Flat areas with outlines on a shaded ground, like a drawn frame; the same seed is the
 * same drawing in any size. Owns caller ends the result with t_image_done. */
struct t_image t_image_draw(unsigned seed, unsigned width, unsigned height);
/* The same with faint paper grain, which a JPEG encoder has to work for. */
struct t_image t_image_draw_grainy(unsigned seed, unsigned width, unsigned height);
/* The picture as it must be stored so that a reader that obeys the orientation sees `p`.
 */
struct t_image t_image_stored(const struct t_image *p, unsigned orientation);
void t_image_done(struct t_image *p);

/* suffix        libvips' name for the format and its options: ".png[interlace]"
 * orientation   written into the file's metadata; 0 for none
 * Owns          caller ends the result with cw_buf_done; aborts if it cannot be made */
struct cw_buf t_encode(const struct t_image *p, enum t_pixels pixels, const char *suffix,
                       unsigned orientation);

#endif
