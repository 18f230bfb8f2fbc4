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
