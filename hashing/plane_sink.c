/* The picture is shrunk as it is stored: an area average does not mind being turned
 * afterwards. A shrunk row is then written as a row or a column of the plane, forwards or
 * backwards, as the orientation wants it. */
#include "hashing/plane_sink.h"

#include <stdlib.h>
#include <string.h>

/* EXIF 2.3, tag 274: which side of the upright picture the first stored row and the first
 * stored column are. From 5 on stored rows are upright columns. */
static bool rows_from_end(uint8_t orientation)
{
    return orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
}

static bool columns_from_end(uint8_t orientation)
{
    return orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
}

static int begin(struct cw_sink *sink, const struct cw_layout *layout, struct cw_err *err)
{
    struct cw_plane_sink *s = (struct cw_plane_sink *)sink;
    const bool transposed = layout->orientation >= 5;
    struct cw_area_sides sides = {.in_width = layout->width, .in_height = layout->height};
    cw_plane_fit(layout->width, layout->height, s->max_side, &sides.out_width,
                 &sides.out_height);
    CW_TRY(cw_area_begin(&s->area, &sides, layout->bands, err));
    s->plane.width = transposed ? sides.out_height : sides.out_width;
    s->plane.height = transposed ? sides.out_width : sides.out_height;
    s->plane.stride = s->plane.width;
    s->step_down = transposed ? 1 : (ptrdiff_t)s->plane.stride;
    s->step_across = transposed ? (ptrdiff_t)s->plane.stride : 1;
    s->next = s->plane.px;
    if (rows_from_end(layout->orientation)) {
        s->next += s->step_down * (ptrdiff_t)(sides.out_height - 1);
        s->step_down = -s->step_down;
    }
    if (columns_from_end(layout->orientation)) {
        s->next += s->step_across * (ptrdiff_t)(sides.out_width - 1);
        s->step_across = -s->step_across;
    }
    return 0;
}

static void row(struct cw_sink *sink, uint32_t y, const uint8_t *pixels)
{
    (void)y;
    struct cw_plane_sink *s = (struct cw_plane_sink *)sink;
    if (!cw_area_add(&s->area, pixels)) {
        return;
    }
    const double *means = s->area.means;
    const unsigned n = s->area.out_width;
    if (s->step_across == 1) {
        for (unsigned x = 0; x < n; x++) {
            s->next[x] = cw_area_round(means[x]);
        }
    } else {
        for (unsigned x = 0; x < n; x++) {
            s->next[(ptrdiff_t)x * s->step_across] = cw_area_round(means[x]);
        }
    }
    /* A pointer before the plane must not even be made. */
    if (y + 1 < s->area.in_height) {
        s->next += s->step_down;
    }
}

int cw_plane_sink_init(struct cw_plane_sink *s, unsigned max_side, struct cw_err *err)
{
    memset(s, 0, sizeof *s);
    s->sink = (struct cw_sink){.begin = begin, .row = row};
    s->max_side = max_side;
    s->plane.px = calloc(max_side, max_side);
    if (s->plane.px == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for a plane");
    }
    return 0;
}

void cw_plane_sink_done(struct cw_plane_sink *s)
{
    free(s->plane.px);
    s->plane.px = NULL;
    cw_area_done(&s->area);
}
