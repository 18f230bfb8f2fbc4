#include "hashing/plane.h"

#define MIN_SIDE 8 /* a strip keeps that much, or its hash would say nothing */

struct cw_plane cw_plane_crop(const struct cw_plane *plane, struct cw_rect rect)
{
    return (struct cw_plane){
        .px = plane->px + (size_t)rect.y * plane->stride + rect.x,
        .width = rect.width,
        .height = rect.height,
        .stride = plane->stride,
    };
}

struct cw_rect cw_plane_whole(const struct cw_plane *plane)
{
    return (struct cw_rect){.width = plane->width, .height = plane->height};
}

static unsigned fit_side(uint32_t side, uint32_t longer, unsigned max_side)
{
    if (longer <= max_side) {
        return side;
    }
    const uint64_t fitted = ((uint64_t)side * max_side + longer / 2) / longer;
    if (fitted >= MIN_SIDE) {
        return (unsigned)fitted;
    }
    return side < MIN_SIDE ? side : MIN_SIDE;
}

void cw_plane_fit(uint32_t width, uint32_t height, unsigned max_side, unsigned *out_width,
                  unsigned *out_height)
{
    const uint32_t longer = width > height ? width : height;
    *out_width = fit_side(width, longer, max_side);
    *out_height = fit_side(height, longer, max_side);
}

int cw_plane_shrink(const struct cw_plane *plane, unsigned max_side, struct cw_area *area,
                    float *out, struct cw_err *err)
{
    const struct cw_area_sides sides = {
        .in_width = plane->width,
        .in_height = plane->height,
        .out_width = plane->width < max_side ? plane->width : max_side,
        .out_height = plane->height < max_side ? plane->height : max_side,
    };
    CW_TRY(cw_area_begin(area, &sides, 1, err));
    for (unsigned y = 0; y < plane->height; y++) {
        if (cw_area_add(area, plane->px + (size_t)y * plane->stride)) {
            for (unsigned x = 0; x < sides.out_width; x++) {
                out[x] = (float)area->means[x];
            }
            out += sides.out_width;
        }
    }
    return 0;
}

int cw_plane_reduce(const struct cw_plane *plane, struct cw_area *area,
                    struct cw_plane *out, struct cw_err *err)
{
    const struct cw_area_sides sides = {
        .in_width = plane->width,
        .in_height = plane->height,
        .out_width = out->width,
        .out_height = out->height,
    };
    uint8_t *row = out->px;
    CW_TRY(cw_area_begin(area, &sides, 1, err));
    for (unsigned y = 0; y < plane->height; y++) {
        if (cw_area_add(area, plane->px + (size_t)y * plane->stride)) {
            for (unsigned x = 0; x < out->width; x++) {
                row[x] = cw_area_round(area->means[x]);
            }
            row += out->stride;
        }
    }
    return 0;
}

/* Between which two source pixels a place lies, and the share of the second in 256. */
struct between {
    unsigned first, second, share;
};

static struct between between(unsigned at, unsigned in, unsigned out)
{
    /* The middle of pixel `at`, (at + 1/2) in / out - 1/2, in 1/256. */
    const int64_t place = (int64_t)(2 * at + 1) * in * 128 / out - 128;
    const unsigned from = place < 0 ? 0 : (unsigned)place;
    const unsigned first = from / 256;
    return (struct between){.first = first,
                            .second = first + 1 < in ? first + 1 : first,
                            .share = from % 256};
}

void cw_plane_enlarge(const struct cw_plane *plane, struct cw_plane *out)
{
    for (unsigned y = 0; y < out->height; y++) {
        const struct between v = between(y, plane->height, out->height);
        const uint8_t *above = plane->px + (size_t)v.first * plane->stride;
        const uint8_t *below = plane->px + (size_t)v.second * plane->stride;
        uint8_t *row = out->px + (size_t)y * out->stride;
        for (unsigned x = 0; x < out->width; x++) {
            const struct between h = between(x, plane->width, out->width);
            const unsigned top =
                above[h.first] * (256 - h.share) + above[h.second] * h.share;
            const unsigned bottom =
                below[h.first] * (256 - h.share) + below[h.second] * h.share;
            row[x] = (uint8_t)((top * (256 - v.share) + bottom * v.share + 32768) >> 16);
        }
    }
}
