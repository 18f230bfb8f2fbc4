/* t_pictures.h - small gray drawings made by arithmetic, and changed copies of them, as
 * PNG bytes. No picture library is involved, so a test cannot share a bug with the
 * decoder. */
#ifndef CW_TESTS_SUPPORT_T_PICTURES_H
#define CW_TESTS_SUPPORT_T_PICTURES_H

#include "base/bytes.h"

#define T_PICTURE_MAX_PNG ((size_t)4 << 20)

struct t_picture {
    unsigned width, height;
    uint8_t *luma; /* width * height bytes, row-major, 0 = black; owned */
};

/* Discs and bars in random places on a shaded ground; each seed looks different from
 * every other, the same seed is the same drawing in any size. Owns  here and below:
 * caller ends the result with t_picture_done */
struct t_picture t_picture_draw(uint64_t seed, unsigned width, unsigned height);
/* Strokes and blobs, many of them: a drawing with something to see in each of its parts.
 */
struct t_picture t_picture_sketch(uint64_t seed, unsigned width, unsigned height);
struct t_picture t_picture_mirrored(const struct t_picture *p);
struct t_picture t_picture_turned(const struct t_picture *p); /* a quarter, clockwise */
struct t_picture t_picture_resized(const struct t_picture *p, unsigned width,
                                   unsigned height);
/* The window of it from (x, y) on. */
struct t_picture t_picture_cropped(const struct t_picture *p, unsigned x, unsigned y,
                                   unsigned width, unsigned height);
void t_picture_done(struct t_picture *p);

/* Appends it as a PNG file with stored (not compressed) data. */
void t_picture_png(const struct t_picture *p, struct cw_buf *out);
/* A PNG file that claims that size and holds no pixels. */
void t_hollow_png(uint32_t width, uint32_t height, struct cw_buf *out);

/* A 320 x 240 drawing as PNG. Owns: caller ends it with cw_buf_done */
struct cw_buf t_drawing(uint64_t seed);

#endif
