/* plane.h - a picture of one byte per pixel, rectangles of it, and shrinking it. */
#ifndef CW_HASHING_PLANE_H
#define CW_HASHING_PLANE_H

#include "hashing/area.h"

/* Longer side of the luminance plane that the views are taken from, px. */
#define CW_PLANE_SIDE 768
/* And of the one that the local descriptors of a found picture are taken from. */
#define CW_FINE_SIDE 1024

/* A view: whoever made it says who owns px. Row y starts at px + y * stride. */
struct cw_plane {
    uint8_t *px; /* 0 = black .. 255 = white */
    unsigned width, height;
    size_t stride; /* bytes, >= width */
};

struct cw_rect {
    unsigned x, y, width, height; /* px */
};

/* The rectangle of a plane, which it must lie within; borrows the plane's pixels. */
struct cw_plane cw_plane_crop(const struct cw_plane *plane, struct cw_rect rect);
struct cw_rect cw_plane_whole(const struct cw_plane *plane);

/* Sides of a picture that is shrunk, never enlarged, until its longer side is at most
 * max_side: rounded to the nearest px, and no side is made smaller than 8 px by it. */
void cw_plane_fit(uint32_t width, uint32_t height, unsigned max_side, unsigned *out_width,
                  unsigned *out_height);

/* Each axis by itself shrunk to at most max_side; the shape is not kept.
 *
 * area     working memory
 * out      room for max_side squared values; row-major, 0..255, not rounded
 * Errors   CW_E_NO_MEMORY
 * Cost     about 0.15 ms for 768 x 576 to 256 x 256 */
int cw_plane_shrink(const struct cw_plane *plane, unsigned max_side, struct cw_area *area,
                    float *out, struct cw_err *err) CW_CHECKED;

/* Shrinks by area averages to the size of `out`, whose sides are 1 .. those of `plane`
 * and whose pixels are written.
 * Errors  CW_E_NO_MEMORY. Cost: 0.7 ms for 768 x 576 to 512 x 384 */
int cw_plane_reduce(const struct cw_plane *plane, struct cw_area *area,
                    struct cw_plane *out, struct cw_err *err) CW_CHECKED;

/* Enlarges to the size of `out`, no side smaller than that of `plane`: bilinear, pixels
 * are squares with their value in the middle, whole numbers only. Cost: 1 ms to 400 x 300
 */
void cw_plane_enlarge(const struct cw_plane *plane, struct cw_plane *out);

#endif
