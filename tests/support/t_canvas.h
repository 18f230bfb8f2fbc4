/* t_canvas.h - planes drawn for tests of the views: no file, no libm, the same
 * everywhere.
 */
#ifndef CW_TESTS_SUPPORT_T_CANVAS_H
#define CW_TESTS_SUPPORT_T_CANVAS_H

#include "hashing/plane.h"

#include <stdlib.h>
#include <string.h>

#define T_CANVAS_SIDE CW_PLANE_SIDE

/* Pixels and the plane over them; a test holds as many as it needs, static. */
struct t_canvas {
    struct cw_plane plane;
    uint8_t px[T_CANVAS_SIDE * T_CANVAS_SIDE];
};

/* xorshift64 (Marsaglia 2003); the caller's state must not be 0. */
static inline unsigned t_random(uint64_t *state, unsigned below)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (unsigned)(*state >> 33) % below;
}

static inline void t_blank(struct t_canvas *c, unsigned width, unsigned height, int tone)
{
    c->plane =
        (struct cw_plane){.px = c->px, .width = width, .height = height, .stride = width};
    memset(c->px, tone, (size_t)width * height);
}

static inline void t_noise(struct t_canvas *c, unsigned width, unsigned height)
{
    uint64_t state = 88172645463325252U;
    t_blank(c, width, height, 0);
    for (size_t i = 0; i < (size_t)width * height; i++) {
        c->px[i] = (uint8_t)t_random(&state, 256);
    }
}

static inline void t_fill(struct t_canvas *c, struct cw_rect r, int tone)
{
    for (unsigned y = r.y; y < r.y + r.height; y++) {
        memset(c->px + (size_t)y * c->plane.stride + r.x, tone, r.width);
    }
}

/* A disc, or a bar, of one tone; in thousandths of the drawing. */
struct t_shape {
    int x, y, r;
    bool disc;
    uint8_t tone;
};

#define T_SHAPES 14

static inline void t_shapes(struct t_shape out[T_SHAPES], unsigned seed)
{
    uint64_t state = 88172645463325252U + seed * 7919U;
    for (int i = 0; i < T_SHAPES; i++) {
        out[i].x = (int)t_random(&state, 1000);
        out[i].y = (int)t_random(&state, 1000);
        out[i].r = 30 + (int)t_random(&state, 170);
        out[i].disc = t_random(&state, 2) == 0;
        out[i].tone = (uint8_t)(20 + t_random(&state, 200));
    }
}

/* Discs and bars of different tones on a lighter ground, nowhere symmetric: a drawing
 * that looks the same at any size. */
static inline void t_draw(struct t_canvas *c, struct cw_rect r, unsigned seed)
{
    struct t_shape shapes[T_SHAPES];
    t_shapes(shapes, seed);
    for (unsigned y = 0; y < r.height; y++) {
        uint8_t *row = c->px + (size_t)(r.y + y) * c->plane.stride + r.x;
        memset(row, 210, r.width);
        for (unsigned i = 0; i < T_SHAPES; i++) {
            const struct t_shape *s = &shapes[i];
            const int dy = (int)(y * 1000 / r.height) - s->y;
            for (unsigned x = 0; abs(dy) < s->r && x < r.width; x++) {
                const int dx = (int)(x * 1000 / r.width) - s->x;
                if (s->disc ? dx * dx + dy * dy < s->r * s->r
                            : abs(dx) < s->r && abs(dy) < s->r / 4) {
                    row[x] = s->tone;
                }
            }
        }
    }
}

static inline void t_line_frame(struct t_canvas *c, struct cw_rect r, unsigned width,
                                int tone)
{
    t_fill(c, (struct cw_rect){r.x, r.y, r.width, width}, tone);
    t_fill(c, (struct cw_rect){r.x, r.y + r.height - width, r.width, width}, tone);
    t_fill(c, (struct cw_rect){r.x, r.y, width, r.height}, tone);
    t_fill(c, (struct cw_rect){r.x + r.width - width, r.y, width, r.height}, tone);
}

#endif
