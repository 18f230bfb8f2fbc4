/* A picture of which a side exceeds 512 px is hashed as 512 x 512, whatever its shape;
 * place i of n takes pixel floor(i * side / n), which is what CImg's resize does and
 * therefore what the hashes of others were made with.
 *
 * Turning is only a matter of which way the places are counted: a stored row fills a row
 * of the plane or a column of it, forwards or backwards. Compiled with -ffp-contract=off.
 */
#include "hashing/sampler.h"

#include <string.h>

/* The weights and the order of adding them are the reference's. */
static inline float luminance(const uint8_t *rgb)
{
    return 0.299F * (float)rgb[0] + 0.587F * (float)rgb[1] + 0.114F * (float)rgb[2];
}

/* Source pixel of each of n places along a side, counted from the other end if mirrored.
 */
static void places(uint32_t *out, unsigned n, uint32_t side, bool mirrored)
{
    for (unsigned i = 0; i < n; i++) {
        const uint32_t at = (uint32_t)((uint64_t)i * side / n);
        out[i] = mirrored ? side - 1 - at : at;
    }
}

static void reverse(uint32_t *v, unsigned n)
{
    for (unsigned i = 0; i < n / 2; i++) {
        const uint32_t t = v[i];
        v[i] = v[n - 1 - i];
        v[n - 1 - i] = t;
    }
}

/* EXIF 2.3, tag 274: where the first stored row and column are when the picture is
 * upright. From 5 on stored rows are upright columns. */
static bool rows_mirrored(uint8_t orientation)
{
    return orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
}

static bool columns_mirrored(uint8_t orientation)
{
    return orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
}

static int begin(struct cw_sink *sink, const struct cw_layout *layout, struct cw_err *err)
{
    (void)err;
    struct cw_sampler *s = (struct cw_sampler *)sink;
    const bool transposed = layout->orientation >= 5;
    s->width = transposed ? layout->height : layout->width;
    s->height = transposed ? layout->width : layout->height;
    const struct cw_pdq_size plane = cw_pdq_plane_size(s->width, s->height);
    s->n_down = transposed ? plane.width : plane.height;
    s->n_across = transposed ? plane.height : plane.width;
    s->step_down = transposed ? 1 : plane.width;
    s->step_across = transposed ? plane.width : 1;
    s->bands = layout->bands;
    s->next = 0;
    s->from_end = rows_mirrored(layout->orientation);
    places(s->row_of, s->n_down, layout->height, s->from_end);
    if (s->from_end) {
        reverse(s->row_of, s->n_down);
    }
    places(s->column_of, s->n_across, layout->width,
           columns_mirrored(layout->orientation));
    for (unsigned i = 0; i < s->n_across; i++) {
        s->column_of[i] *= s->bands;
    }
    return 0;
}

static void fill(const struct cw_sampler *s, float *out, const uint8_t *pixels)
{
    const unsigned step = s->step_across;
    if (s->bands == 1) {
        for (unsigned i = 0; i < s->n_across; i++) {
            out[(size_t)i * step] = (float)pixels[s->column_of[i]];
        }
    } else {
        for (unsigned i = 0; i < s->n_across; i++) {
            out[(size_t)i * step] = luminance(pixels + s->column_of[i]);
        }
    }
}

/* A small side is stretched: one row may fill several places. */
static void row(struct cw_sink *sink, uint32_t y, const uint8_t *pixels)
{
    struct cw_sampler *s = (struct cw_sampler *)sink;
    for (; s->next < s->n_down && s->row_of[s->next] == y; s->next++) {
        const unsigned place = s->from_end ? s->n_down - 1 - s->next : s->next;
        fill(s, s->luma + (size_t)place * s->step_down, pixels);
    }
}

void cw_sampler_init(struct cw_sampler *sampler, float *luma)
{
    memset(sampler, 0, sizeof *sampler);
    sampler->sink = (struct cw_sink){.begin = begin, .row = row};
    sampler->luma = luma;
}
