/* One pass over the rows. Only the shapes that reach the current row are held: at most as
 * many as the row has runs, however many the picture has. A shape that the next row does
 * not touch is finished and handed to the list of the largest. */
#include "hashing/components.h"

#include <stdbool.h>
#include <string.h>

#define MAX_RUNS CW_BITMAP_MAX_RUNS

struct box {
    uint16_t x0, y0, x1, y1; /* inclusive */
};

/* A row: its runs, the shape of each, and the shapes' boxes so far. */
struct row {
    unsigned n_runs, n_shapes;
    struct cw_run runs[MAX_RUNS];
    uint16_t shape[MAX_RUNS];
    struct box boxes[MAX_RUNS];
};

/* Shapes of the row above (first) and new ones, while they are being joined. */
struct joining {
    unsigned n;
    uint16_t parent[2 * MAX_RUNS];
    struct box boxes[2 * MAX_RUNS];
};

struct largest {
    struct cw_rect *out;
    unsigned n, max;
};

static void offer(struct largest *l, struct box b)
{
    const struct cw_rect r = {.x = b.x0,
                              .y = b.y0,
                              .width = (unsigned)(b.x1 - b.x0 + 1),
                              .height = (unsigned)(b.y1 - b.y0 + 1)};
    const unsigned area = r.width * r.height;
    unsigned at = l->n;
    while (at > 0 && l->out[at - 1].width * l->out[at - 1].height < area) {
        at--;
    }
    if (at == l->max) {
        return;
    }
    if (l->n < l->max) {
        l->n++;
    }
    memmove(&l->out[at + 1], &l->out[at], (l->n - at - 1) * sizeof r);
    l->out[at] = r;
}

static uint16_t root_of(struct joining *j, uint16_t shape)
{
    while (j->parent[shape] != shape) {
        j->parent[shape] = j->parent[j->parent[shape]];
        shape = j->parent[shape];
    }
    return shape;
}

static void widen(struct box *b, struct box by)
{
    b->x0 = by.x0 < b->x0 ? by.x0 : b->x0;
    b->y0 = by.y0 < b->y0 ? by.y0 : b->y0;
    b->x1 = by.x1 > b->x1 ? by.x1 : b->x1;
    b->y1 = by.y1 > b->y1 ? by.y1 : b->y1;
}

static uint16_t join(struct joining *j, uint16_t a, uint16_t b)
{
    a = root_of(j, a);
    b = root_of(j, b);
    if (a != b) {
        j->parent[b] = a;
        widen(&j->boxes[a], j->boxes[b]);
    }
    return a;
}

/* The shape of one run: all those above that it touches, joined, or a new one. *above is
 * moved on to the first run that the next one may touch. */
static uint16_t shape_of(struct joining *j, const struct row *prev, unsigned *above,
                         struct cw_run run, struct box box)
{
    while (*above < prev->n_runs && prev->runs[*above].to + 1 < run.from) {
        (*above)++;
    }
    unsigned shape = UINT16_MAX;
    for (unsigned i = *above; i < prev->n_runs && prev->runs[i].from <= run.to + 1; i++) {
        shape = shape == UINT16_MAX ? root_of(j, prev->shape[i])
                                    : join(j, (uint16_t)shape, prev->shape[i]);
    }
    if (shape == UINT16_MAX) {
        shape = j->n++;
        j->parent[shape] = (uint16_t)shape;
        j->boxes[shape] = box;
    } else {
        widen(&j->boxes[shape], box);
    }
    return (uint16_t)shape;
}

/* Numbers the shapes that the row still reaches anew; offers the others. */
static void renumber(struct joining *j, unsigned n_above, struct row *row,
                     struct largest *l)
{
    uint16_t number[2 * MAX_RUNS];
    memset(number, 0xFF, sizeof number);
    row->n_shapes = 0;
    for (unsigned i = 0; i < row->n_runs; i++) {
        const uint16_t root = root_of(j, row->shape[i]);
        if (number[root] == UINT16_MAX) {
            row->boxes[row->n_shapes] = j->boxes[root];
            number[root] = (uint16_t)row->n_shapes++;
        }
        row->shape[i] = number[root];
    }
    for (unsigned i = 0; i < n_above; i++) {
        if (j->parent[i] == i && number[i] == UINT16_MAX) {
            offer(l, j->boxes[i]);
        }
    }
}

static void next_row(const struct row *prev, unsigned y, struct row *row,
                     struct largest *l)
{
    struct joining j;
    unsigned above = 0;
    j.n = prev->n_shapes;
    for (unsigned i = 0; i < j.n; i++) {
        j.parent[i] = (uint16_t)i;
    }
    memcpy(j.boxes, prev->boxes, j.n * sizeof j.boxes[0]);
    for (unsigned i = 0; i < row->n_runs; i++) {
        const struct cw_run run = row->runs[i];
        const struct box box = {run.from, (uint16_t)y, run.to, (uint16_t)y};
        row->shape[i] = shape_of(&j, prev, &above, run, box);
    }
    renumber(&j, prev->n_shapes, row, l);
}

unsigned cw_components(const struct cw_bitmap *b, struct cw_rect *out, unsigned max)
{
    struct row rows[2];
    struct largest l = {.out = out, .max = max};
    rows[1].n_runs = 0;
    rows[1].n_shapes = 0;
    for (unsigned y = 0; y < b->height; y++) {
        struct row *row = &rows[y % 2];
        row->n_runs = cw_bitmap_runs(b, y, row->runs);
        next_row(&rows[(y + 1) % 2], y, row, &l);
    }
    const struct row *last = &rows[(b->height + 1) % 2];
    for (unsigned i = 0; i < last->n_shapes; i++) {
        offer(&l, last->boxes[i]);
    }
    return l.n;
}
