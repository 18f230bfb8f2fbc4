/* Each side is peeled line by line as long as a line is of one tone: the median of the
 * outermost line, give or take TOLERANCE, but for a few pixels. The four sides are gone
 * round several times, each time with a new tone: behind a white margin there may be a
 * black frame, and behind that the margin of the drawing. */
#include "hashing/trim.h"

#include <stdbool.h>
#include <stdlib.h>

#define TOLERANCE 14   /* grey levels: what compression does to an even margin */
#define STRAY_MILLE 12 /* pixels of a line that may differ: dust, a corner mark */
#define ROUNDS 3
#define KEPT_PART 6 /* a side is never cut below a sixth of the plane's */

/* A row or a column. */
struct line {
    const uint8_t *px;
    size_t step;
    unsigned n;
};

static int median_of(struct line l)
{
    unsigned counts[256] = {0};
    for (unsigned i = 0; i < l.n; i++) {
        counts[l.px[i * l.step]]++;
    }
    unsigned below = 0;
    int tone = 0;
    while (below + counts[tone] <= l.n / 2) {
        below += counts[tone++];
    }
    return tone;
}

static bool is_of_tone(struct line l, int tone)
{
    const unsigned allowed = l.n * STRAY_MILLE / 1000;
    unsigned left = allowed > 1 ? allowed : 1;
    for (unsigned i = 0; i < l.n; i++) {
        if (abs(l.px[i * l.step] - tone) > TOLERANCE) {
            if (left == 0) {
                return false;
            }
            left--;
        }
    }
    return true;
}

static struct line row_of(const struct cw_plane *plane, struct cw_rect r, unsigned y)
{
    return (struct line){
        .px = plane->px + (size_t)y * plane->stride + r.x, .step = 1, .n = r.width};
}

static struct line column_of(const struct cw_plane *plane, struct cw_rect r, unsigned x)
{
    return (struct line){.px = plane->px + (size_t)r.y * plane->stride + x,
                         .step = plane->stride,
                         .n = r.height};
}

static void trim_rows(const struct cw_plane *plane, struct cw_rect *r)
{
    int tone = median_of(row_of(plane, *r, r->y));
    while (r->height > plane->height / KEPT_PART &&
           is_of_tone(row_of(plane, *r, r->y), tone)) {
        r->y++;
        r->height--;
    }
    if (r->height == 0) {
        return;
    }
    tone = median_of(row_of(plane, *r, r->y + r->height - 1));
    while (r->height > plane->height / KEPT_PART &&
           is_of_tone(row_of(plane, *r, r->y + r->height - 1), tone)) {
        r->height--;
    }
}

static void trim_columns(const struct cw_plane *plane, struct cw_rect *r)
{
    int tone = median_of(column_of(plane, *r, r->x));
    while (r->width > plane->width / KEPT_PART &&
           is_of_tone(column_of(plane, *r, r->x), tone)) {
        r->x++;
        r->width--;
    }
    if (r->width == 0) {
        return;
    }
    tone = median_of(column_of(plane, *r, r->x + r->width - 1));
    while (r->width > plane->width / KEPT_PART &&
           is_of_tone(column_of(plane, *r, r->x + r->width - 1), tone)) {
        r->width--;
    }
}

struct cw_rect cw_trim(const struct cw_plane *plane)
{
    const struct cw_rect whole = cw_plane_whole(plane);
    struct cw_rect r = whole;
    if (whole.width < CW_TRIM_MIN_SIDE || whole.height < CW_TRIM_MIN_SIDE) {
        return whole;
    }
    for (int round = 0; round < ROUNDS; round++) {
        const struct cw_rect before = r;
        trim_rows(plane, &r);
        trim_columns(plane, &r);
        if (r.width == before.width && r.height == before.height) {
            break;
        }
    }
    return r.width < CW_TRIM_MIN_SIDE || r.height < CW_TRIM_MIN_SIDE ? whole : r;
}
