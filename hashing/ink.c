/* With D the longer side:
 *
 *   g = luma blurred by a Gaussian of 0.0022 D + 0.3 px     grain and JPEG noise go
 *   m = |Sobel g| / 4                                       steepness, levels per 2 px
 *   l = m blurred by a Gaussian of 0.05 D px                steepness around here
 *   ink = 255 v / (v + 1),  v = m / (1.5 l + 3)             = 255 m / (m + 1.5 l + 3)
 *
 * g and m are whole numbers of 16 bits: eight of them go through one instruction. g is
 * kept in 1/32, m in 1/128 of a grey level, far below the 3 levels that count as nothing.
 * l is so smooth that it is blurred at an eighth of the size. At the borders the
 * outermost pixel is repeated.
 *
 * Compiled with -ffp-contract=off and, for a square root without a branch,
 * -fno-math-errno. */
#include "hashing/ink.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE CW_PLANE_SIDE
#define CELL 8                  /* px of a side of the small map's cells */
#define SMALL (SIDE / CELL)     /* cells, largest side */
#define MAX_RADIUS 16           /* of a Gaussian, taps to each side */
#define ONE 65536               /* sum of a Gaussian's weights */
#define LUMA_SHIFT 7            /* a blurred grey level is 128 */
#define SLOPE_SHIFT 2           /* and 32 where slopes are taken */
#define LEVEL (1 << LUMA_SHIFT) /* a level of steepness */
#define AROUND_FACTOR 1.5F      /* steepness around counts so much */
#define NOTHING (3.0F * LEVEL)  /* steepness of grain and compression noise */

/* Half of a Gaussian, from its middle outward. */
struct gauss {
    unsigned radius;
    uint16_t weight[MAX_RADIUS + 1]; /* weight[0] + 2 * (the others) = ONE */
};

struct cw_ink {
    uint8_t map[SIDE * SIDE];
    uint16_t steep[SIDE * SIDE];          /* m */
    int16_t blurred[3][SIDE + 2];         /* rows of g, one px added */
    uint16_t rows[SIDE + 2 * MAX_RADIUS]; /* g between its two passes */
    float small[SMALL][SMALL];            /* m by cells, then l */
    float other[SMALL][SMALL];
    float small_row[SMALL + 2 * MAX_RADIUS];
    float around[SIDE + 2 * CELL]; /* a row of 1.5 l + 3 */
};

int cw_ink_new(struct cw_ink **out, struct cw_err *err)
{
    struct cw_ink *ink = calloc(1, sizeof *ink);
    if (ink == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for ink maps");
    }
    *out = ink;
    return 0;
}

void cw_ink_free(struct cw_ink **ink)
{
    free(*ink);
    *ink = NULL;
}

/* Weights are rounded to whole numbers, so that another libm gives the same ones; what
 * rounding leaves over goes to the middle. */
static struct gauss gauss_of(double sigma)
{
    struct gauss g = {.radius = (unsigned)ceil(3 * sigma)};
    double shape[MAX_RADIUS + 1] = {1};
    double sum = 1;
    if (g.radius > MAX_RADIUS) {
        g.radius = MAX_RADIUS;
    }
    for (unsigned i = 1; i <= g.radius; i++) {
        shape[i] = exp(-(double)(i * i) / (2 * sigma * sigma));
        sum += 2 * shape[i];
    }
    unsigned given = 0;
    for (unsigned i = 1; i <= g.radius; i++) {
        g.weight[i] = (uint16_t)(ONE * shape[i] / sum + 0.5);
        given += 2 * g.weight[i];
    }
    const unsigned middle = ONE - given;
    g.weight[0] = (uint16_t)(middle < ONE ? middle : ONE - 1);
    return g;
}

static unsigned near_row(int y, unsigned height)
{
    return y < 0 ? 0 : y >= (int)height ? height - 1 : (unsigned)y;
}

/* sum += (a + b) * weight / ONE, of values below 2^15 */
static void add_pair(uint16_t *restrict sum, const uint16_t *a, const uint16_t *b,
                     unsigned n, uint16_t weight)
{
    for (unsigned x = 0; x < n; x++) {
        const uint16_t both = (uint16_t)(a[x] + b[x]);
        sum[x] = (uint16_t)(sum[x] + (uint16_t)((uint32_t)both * weight >> 16));
    }
}

/* The same of two rows of pixels. */
static void add_pixels(uint16_t *restrict sum, const uint8_t *a, const uint8_t *b,
                       unsigned n, uint16_t weight)
{
    for (unsigned x = 0; x < n; x++) {
        const uint16_t both = (uint16_t)((a[x] + b[x]) << LUMA_SHIFT);
        sum[x] = (uint16_t)(sum[x] + (uint16_t)((uint32_t)both * weight >> 16));
    }
}

/* Row y of g: down the columns into ink->rows, then along the row into `out`, which has
 * one more px at either end. */
static void blur_row(struct cw_ink *ink, const struct cw_plane *luma,
                     const struct gauss *g, unsigned y, int16_t *out)
{
    uint16_t *row = ink->rows + MAX_RADIUS;
    uint16_t sum[SIDE];
    const unsigned n = luma->width;
    memset(row, 0, n * sizeof *row);
    for (unsigned i = 0; i <= g->radius; i++) {
        const unsigned above = near_row((int)y - (int)i, luma->height);
        const unsigned below = near_row((int)(y + i), luma->height);
        add_pixels(row, luma->px + above * luma->stride, luma->px + below * luma->stride,
                   n, i == 0 ? g->weight[0] / 2 : g->weight[i]);
    }
    for (unsigned i = 1; i <= g->radius; i++) {
        *(row - i) = row[0];
        row[n - 1 + i] = row[n - 1];
    }
    memset(sum, 0, n * sizeof *sum);
    for (unsigned i = 0; i <= g->radius; i++) {
        add_pair(sum, row - i, row + i, n, i == 0 ? g->weight[0] / 2 : g->weight[i]);
    }
    for (unsigned x = 0; x < n; x++) {
        out[x + 1] = (int16_t)(sum[x] >> SLOPE_SHIFT);
    }
    out[0] = out[1];
    out[n + 1] = out[n];
}

/* Sobel's two slopes at once; a and c are the rows above and below b. Blurred values are
 * below 8160, so that a slope fits 16 bits, and the sum of both squares 31. A counter
 * that could wrap around (unsigned) would keep the loop from being vectorised. */
static void slope_row(const int16_t *restrict a, const int16_t *restrict b,
                      const int16_t *restrict c, size_t n, uint16_t *restrict out)
{
    for (size_t x = 0; x < n; x++) {
        const int16_t left = (int16_t)(a[x] + 2 * b[x] + c[x]);
        const int16_t right = (int16_t)(a[x + 2] + 2 * b[x + 2] + c[x + 2]);
        const int16_t above = (int16_t)(a[x] + 2 * a[x + 1] + a[x + 2]);
        const int16_t below = (int16_t)(c[x] + 2 * c[x + 1] + c[x + 2]);
        const int16_t across = (int16_t)(right - left);
        const int16_t down = (int16_t)(below - above);
        const int32_t square = across * across + down * down;
        out[x] = (uint16_t)(int32_t)sqrtf((float)square);
    }
}

static void find_slopes(struct cw_ink *ink, const struct cw_plane *luma)
{
    const unsigned longer = luma->width > luma->height ? luma->width : luma->height;
    const struct gauss g = gauss_of(0.0022 * longer + 0.3);
    int16_t *a = ink->blurred[0];
    int16_t *b = ink->blurred[1];
    int16_t *c = ink->blurred[2];
    blur_row(ink, luma, &g, 0, b);
    memcpy(a, b, sizeof ink->blurred[0]);
    for (unsigned y = 0; y < luma->height; y++) {
        if (y + 1 < luma->height) {
            blur_row(ink, luma, &g, y + 1, c);
        } else {
            memcpy(c, b, sizeof ink->blurred[0]);
        }
        slope_row(a, b, c, luma->width, ink->steep + (size_t)y * luma->width);
        int16_t *unused = a;
        a = b;
        b = c;
        c = unused;
    }
}

/* Sides of the small map; its last cells may be smaller ones. */
struct cells {
    unsigned across, down;
};

static struct cells cells_of(const struct cw_plane *luma)
{
    return (struct cells){(luma->width + CELL - 1) / CELL,
                          (luma->height + CELL - 1) / CELL};
}

static unsigned cell_size(unsigned cell, unsigned side)
{
    return side - cell * CELL < CELL ? side - cell * CELL : CELL;
}

static void average_cells(struct cw_ink *ink, const struct cw_plane *luma)
{
    const struct cells n = cells_of(luma);
    for (unsigned cy = 0; cy < n.down; cy++) {
        uint32_t sums[SIDE] = {0};
        const unsigned rows = cell_size(cy, luma->height);
        for (unsigned y = 0; y < rows; y++) {
            const uint16_t *steep = ink->steep + (size_t)(cy * CELL + y) * luma->width;
            for (unsigned x = 0; x < luma->width; x++) {
                sums[x] += steep[x];
            }
        }
        for (unsigned cx = 0; cx < n.across; cx++) {
            const unsigned columns = cell_size(cx, luma->width);
            uint32_t sum = 0;
            for (unsigned x = 0; x < columns; x++) {
                sum += sums[cx * CELL + x];
            }
            ink->small[cy][cx] = (float)sum / (float)(rows * columns);
        }
    }
}

static void add_weighed(float *restrict sum, const float *a, const float *b, unsigned n,
                        float weight)
{
    for (unsigned x = 0; x < n; x++) {
        sum[x] += (a[x] + b[x]) * weight;
    }
}

static float weight_of(const struct gauss *g, unsigned i)
{
    return (float)g->weight[i] / (i == 0 ? 2.0F * ONE : (float)ONE);
}

static void blur_cells(struct cw_ink *ink, struct cells n, const struct gauss *g)
{
    float *row = ink->small_row + MAX_RADIUS;
    for (unsigned y = 0; y < n.down; y++) {
        memcpy(row, ink->small[y], n.across * sizeof *row);
        for (unsigned i = 1; i <= g->radius; i++) {
            *(row - i) = row[0];
            row[n.across - 1 + i] = row[n.across - 1];
        }
        memset(ink->other[y], 0, sizeof ink->other[y]);
        for (unsigned i = 0; i <= g->radius; i++) {
            add_weighed(ink->other[y], row - i, row + i, n.across, weight_of(g, i));
        }
    }
    for (unsigned y = 0; y < n.down; y++) {
        memset(ink->small[y], 0, sizeof ink->small[y]);
        for (unsigned i = 0; i <= g->radius; i++) {
            const unsigned above = near_row((int)y - (int)i, n.down);
            const unsigned below = near_row((int)(y + i), n.down);
            add_weighed(ink->small[y], ink->other[above], ink->other[below], n.across,
                        weight_of(g, i));
        }
    }
}

/* Row y of 1.5 l + 3, straight between the middles of the cells. Starts half a cell
 * before the picture and ends half a cell after its last cell. */
static void around_row(struct cw_ink *ink, struct cells n, unsigned y)
{
    const int above = (int)(y + CELL / 2) / CELL - 1;
    const float part = ((float)((y + CELL / 2) % CELL) + 0.5F) / CELL;
    const float *a = ink->small[near_row(above, n.down)];
    const float *b = ink->small[near_row(above + 1, n.down)];
    float row[SMALL + 2] = {0};
    for (unsigned x = 0; x < n.across; x++) {
        row[x + 1] = (a[x] + (b[x] - a[x]) * part) * AROUND_FACTOR + NOTHING;
    }
    row[0] = row[1];
    row[n.across + 1] = row[n.across];
    for (unsigned x = 0; x <= n.across; x++) {
        const float step = (row[x + 1] - row[x]) / CELL;
        for (unsigned i = 0; i < CELL; i++) {
            ink->around[x * CELL + i] = row[x] + step * ((float)i + 0.5F);
        }
    }
}

static void ink_row(const uint16_t *restrict steep, const float *restrict around,
                    unsigned n, uint8_t *restrict out)
{
    for (unsigned x = 0; x < n; x++) {
        const float m = (float)steep[x];
        out[x] = (uint8_t)(int32_t)(255.0F * m / (m + around[x]));
    }
}

struct cw_plane cw_ink_draw(struct cw_ink *ink, const struct cw_plane *luma)
{
    const unsigned longer = luma->width > luma->height ? luma->width : luma->height;
    const struct gauss g = gauss_of(0.05 * longer / CELL);
    const struct cells n = cells_of(luma);
    find_slopes(ink, luma);
    average_cells(ink, luma);
    blur_cells(ink, n, &g);
    for (unsigned y = 0; y < luma->height; y++) {
        const size_t at = (size_t)y * luma->width;
        around_row(ink, n, y);
        ink_row(ink->steep + at, ink->around + CELL / 2, luma->width, ink->map + at);
    }
    return (struct cw_plane){.px = ink->map,
                             .width = luma->width,
                             .height = luma->height,
                             .stride = luma->width};
}
