/* A straight edge is a run of steps in brightness between two neighbouring rows. Runs may
 * have small gaps, where the picture inside happens to have the tone of the sheet.
 * Vertical edges are the same in the transposed bitmap. */
#include "hashing/edges.h"

#include <stdlib.h>
#include <string.h>

#define STEP 10            /* grey levels that make an edge */
#define MAX_GAP 4          /* from one step of a run to the next, px */
#define MIN_LENGTH_CENT 16 /* of the side that the edge is parallel to */
#define MIN_FILL_CENT 82   /* steps in the run */
#define KEPT 26            /* longest edges of a direction that are combined */
#define SAME_PLACE 3       /* px; edges that near and that much overlapping are one */
#define SAME_OVERLAP_CENT 70
#define MIN_DISTANCE_CENT 10 /* between opposite edges, of the plane's side */
#define MIN_COMMON_CENT 12   /* of two horizontal edges, of the plane's width */
#define ALIKE_CENT 3         /* by which ends of edges may differ, of the width */
#define SUPPORT_CENT 90      /* part of a rectangle's side that is an edge */

/* Between the rows (or columns) `at` and `at` + 1, from .. to inclusive. */
struct edge {
    unsigned at, from, to;
};

/* Every row of a bitmap can hold only so many runs of that length. */
#define PER_ROW (100 / MIN_LENGTH_CENT)
#define MAX_EDGES (CW_PLANE_SIDE * PER_ROW)

struct found {
    unsigned n;
    struct edge edges[MAX_EDGES];
    uint16_t longer[MAX_EDGES];            /* chains of edges of one length, 1 + number */
    uint16_t of_length[CW_PLANE_SIDE + 1]; /* head of the chain, 1 + number; 0 = none */
};

struct longest {
    unsigned n;
    struct edge edges[KEPT];
};

struct cw_edges {
    struct cw_bitmap steps, turned;
    struct found found;
    struct longest across, down;
};

struct rect_list {
    struct cw_rect *out;
    unsigned n;
};

int cw_edges_new(struct cw_edges **out, struct cw_err *err)
{
    *out = malloc(sizeof **out);
    if (*out == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory to look for edges");
    }
    return 0;
}

void cw_edges_free(struct cw_edges **edges)
{
    free(*edges);
    *edges = NULL;
}

/* A run that is being collected: n_steps between from and to. */
struct gathering {
    unsigned from, to, n_steps;
};

static void end_run(struct found *found, unsigned at, unsigned side,
                    const struct gathering *g)
{
    const unsigned length = g->to - g->from;
    if (g->n_steps == 0 || length * 100 <= MIN_LENGTH_CENT * side ||
        g->n_steps * 100 <= MIN_FILL_CENT * length) {
        return;
    }
    if (found->n == MAX_EDGES) {
        return;
    }
    found->edges[found->n] = (struct edge){.at = at, .from = g->from, .to = g->to};
    found->longer[found->n] = found->of_length[length];
    found->of_length[length] = (uint16_t)++found->n;
}

static unsigned count_bits(const uint64_t row[CW_BITMAP_WORDS])
{
    unsigned n = 0;
    for (unsigned w = 0; w < CW_BITMAP_WORDS; w++) {
        n += (unsigned)__builtin_popcountll(row[w]);
    }
    return n;
}

static void find_in_row(const struct cw_bitmap *b, unsigned y, struct found *found)
{
    struct cw_run runs[CW_BITMAP_MAX_RUNS];
    struct gathering g = {0};
    if (count_bits(b->word[y]) * 10000 <= MIN_FILL_CENT * MIN_LENGTH_CENT * b->width) {
        return;
    }
    const unsigned n = cw_bitmap_runs(b, y, runs);
    for (unsigned i = 0; i < n; i++) {
        if (g.n_steps > 0 && runs[i].from - g.to > MAX_GAP) {
            end_run(found, y, b->width, &g);
            g.n_steps = 0;
        }
        if (g.n_steps == 0) {
            g.from = runs[i].from;
        }
        g.to = runs[i].to;
        g.n_steps += (unsigned)(runs[i].to - runs[i].from + 1);
    }
    end_run(found, y, b->width, &g);
}

/* Length that two edges share along their direction; negative if they are apart. */
static int common(const struct edge *a, const struct edge *b)
{
    const unsigned from = a->from > b->from ? a->from : b->from;
    const unsigned to = a->to < b->to ? a->to : b->to;
    return (int)to - (int)from;
}

static bool is_known(const struct longest *l, const struct edge *e)
{
    for (unsigned i = 0; i < l->n; i++) {
        const struct edge *k = &l->edges[i];
        if (abs((int)k->at - (int)e->at) <= SAME_PLACE &&
            common(k, e) * 100 > SAME_OVERLAP_CENT * (int)(e->to - e->from)) {
            return true;
        }
    }
    return false;
}

static void find_edges(const struct cw_bitmap *b, struct found *found,
                       struct longest *out)
{
    found->n = 0;
    memset(found->of_length, 0, sizeof found->of_length);
    for (unsigned y = 0; y < b->height; y++) {
        find_in_row(b, y, found);
    }
    out->n = 0;
    for (unsigned length = b->width; length > 0 && out->n < KEPT; length--) {
        for (unsigned i = found->of_length[length]; i != 0 && out->n < KEPT;
             i = found->longer[i - 1]) {
            if (!is_known(out, &found->edges[i - 1])) {
                out->edges[out->n++] = found->edges[i - 1];
            }
        }
    }
}

static void add_rect(struct rect_list *l, struct cw_rect r)
{
    if (l->n < CW_EDGES_MAX) {
        l->out[l->n++] = r;
    }
}

/* True if the edge runs along SUPPORT_CENT of from .. to. */
static bool supports(const struct edge *e, unsigned from, unsigned to)
{
    const struct edge side = {.from = from, .to = to};
    return common(e, &side) * 100 > SUPPORT_CENT * (int)(to - from);
}

/* Rectangles of which `top` and `bottom` are two sides. */
static void close_sides(const struct longest *down, const struct edge *top,
                        const struct edge *bottom, unsigned width, struct rect_list *l)
{
    const struct edge *sides[KEPT];
    unsigned n = 0;
    for (unsigned i = 0; i < down->n; i++) {
        if (supports(&down->edges[i], top->at, bottom->at)) {
            sides[n++] = &down->edges[i];
        }
    }
    for (unsigned i = 0; i < n; i++) {
        for (unsigned j = 0; j < n; j++) {
            const unsigned x0 = sides[i]->at;
            const unsigned x1 = sides[j]->at;
            if (x1 <= x0 || (x1 - x0) * 100 <= MIN_DISTANCE_CENT * width ||
                !supports(top, x0, x1) || !supports(bottom, x0, x1)) {
                continue;
            }
            add_rect(
                l, (struct cw_rect){x0 + 1, top->at + 1, x1 - x0, bottom->at - top->at});
        }
    }
}

static bool is_alike(unsigned a, unsigned b, unsigned width)
{
    return (unsigned)abs((int)a - (int)b) * 100 < ALIKE_CENT * width;
}

static void pair(const struct cw_edges *edges, const struct edge *top,
                 const struct edge *bottom, const struct cw_plane *plane,
                 struct rect_list *l)
{
    const int shared = common(top, bottom);
    if (bottom->at <= top->at ||
        (bottom->at - top->at) * 100 <= MIN_DISTANCE_CENT * plane->height ||
        shared * 100 < MIN_COMMON_CENT * (int)plane->width) {
        return;
    }
    if (is_alike(top->from, bottom->from, plane->width) &&
        is_alike(top->to, bottom->to, plane->width)) {
        const unsigned from = top->from > bottom->from ? top->from : bottom->from;
        add_rect(l, (struct cw_rect){from, top->at + 1, (unsigned)shared,
                                     bottom->at - top->at});
    }
    close_sides(&edges->down, top, bottom, plane->width, l);
}

unsigned cw_edges_rects(struct cw_edges *edges, const struct cw_plane *plane,
                        struct cw_rect out[CW_EDGES_MAX])
{
    struct rect_list l = {.out = out};
    cw_bitmap_steps_down(plane, STEP, &edges->steps);
    find_edges(&edges->steps, &edges->found, &edges->across);
    cw_bitmap_steps_right(plane, STEP, &edges->steps);
    cw_bitmap_transpose(&edges->steps, &edges->turned);
    find_edges(&edges->turned, &edges->found, &edges->down);
    for (unsigned i = 0; i < edges->across.n; i++) {
        for (unsigned j = 0; j < edges->across.n && l.n < CW_EDGES_MAX; j++) {
            pair(edges, &edges->across.edges[i], &edges->across.edges[j], plane, &l);
        }
    }
    return l.n;
}
