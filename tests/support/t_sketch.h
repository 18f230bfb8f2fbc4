/* t_sketch.h - drawings made of a seed, for tests and benchmarks that need no files. Code
 * in a header, because it serves programs of three rooms and is nobody's library. */
#ifndef CW_TESTS_SUPPORT_T_SKETCH_H
#define CW_TESTS_SUPPORT_T_SKETCH_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* splitmix64 (S. Vigna): any seed will do. */
static inline uint64_t t_sketch_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static inline unsigned t_sketch_below(uint64_t *state, unsigned n)
{
    return (unsigned)(t_sketch_random(state) % n);
}

/* A disc or a square of one grey. */
static inline void t_sketch_blob(uint8_t *px, int w, int h, uint64_t *state)
{
    const int cx = (int)t_sketch_below(state, (unsigned)w);
    const int cy = (int)t_sketch_below(state, (unsigned)h);
    const int r = 3 + (int)t_sketch_below(state, (unsigned)(w + h) / 16);
    const uint8_t grey = (uint8_t)t_sketch_below(state, 256);
    const int is_disc = (int)t_sketch_below(state, 2);
    for (int y = cy - r < 0 ? 0 : cy - r; y < h && y <= cy + r; y++) {
        for (int x = cx - r < 0 ? 0 : cx - r; x < w && x <= cx + r; x++) {
            if (!is_disc || (x - cx) * (x - cx) + (y - cy) * (y - cy) <= r * r) {
                px[y * w + x] = grey;
            }
        }
    }
}

/* A dark stroke, three pixels wide. */
static inline void t_sketch_stroke(uint8_t *px, int w, int h, uint64_t *state)
{
    double x = t_sketch_below(state, (unsigned)w);
    double y = t_sketch_below(state, (unsigned)h);
    double turn = t_sketch_below(state, 628) / 100.0;
    const double bend = ((double)t_sketch_below(state, 200) - 100) / 2000.0;
    for (unsigned i = 0, n = 30 + t_sketch_below(state, (unsigned)w); i < n; i++) {
        for (int k = 0; k < 9; k++) {
            const int at_x = (int)x + k % 3;
            const int at_y = (int)y + k / 3;
            if (at_x >= 0 && at_x < w && at_y >= 0 && at_y < h) {
                px[at_y * w + at_x] = 20;
            }
        }
        x += cos(turn);
        y += sin(turn);
        turn += bend;
    }
}

/* w * h bytes, to be freed. */
static inline uint8_t *t_sketch_draw(int w, int h, uint64_t seed)
{
    uint8_t *px = malloc((size_t)w * (size_t)h);
    if (px == NULL) {
        abort();
    }
    memset(px, 240, (size_t)w * (size_t)h);
    for (unsigned i = 0; i < 60; i++) {
        t_sketch_blob(px, w, h, &seed);
    }
    for (unsigned i = 0; i < 40; i++) {
        t_sketch_stroke(px, w, h, &seed);
    }
    return px;
}

/* The drawing turned by `degrees` and scaled about the middle of a new one of the same
 * size; white where nothing was. To be freed. */
static inline uint8_t *t_sketch_turn(const uint8_t *in, int w, int h, double degrees,
                                     double scale)
{
    uint8_t *out = malloc((size_t)w * (size_t)h);
    if (out == NULL) {
        abort();
    }
    const double c = cos(degrees * 0.017453292519943295) / scale;
    const double s = sin(degrees * 0.017453292519943295) / scale;
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
            const double dx = x - (w - 1) / 2.0;
            const double dy = y - (h - 1) / 2.0;
            const double sx = c * dx + s * dy + (w - 1) / 2.0;
            const double sy = c * dy - s * dx + (h - 1) / 2.0;
            const int ix = (int)floor(sx);
            const int iy = (int)floor(sy);
            double v = 240;
            if (ix >= 0 && iy >= 0 && ix + 1 < w && iy + 1 < h) {
                const uint8_t *p = in + iy * w + ix;
                const double fx = sx - ix;
                const double fy = sy - iy;
                v = (p[0] * (1 - fx) + p[1] * fx) * (1 - fy) +
                    (p[w] * (1 - fx) + p[w + 1] * fx) * fy;
            }
            out[y * w + x] = (uint8_t)(v + 0.5);
        }
    }
    return out;
}

/* Mirrored left to right. To be freed. */
static inline uint8_t *t_sketch_mirror(const uint8_t *in, int w, int h)
{
    uint8_t *out = malloc((size_t)w * (size_t)h);
    if (out == NULL) {
        abort();
    }
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
            out[y * w + x] = in[y * w + w - 1 - x];
        }
    }
    return out;
}

#endif
