/* t_local.h - fingerprints with local descriptors, made of drawings in memory: for tests
 * of three rooms that decode no picture. */
#ifndef CW_TESTS_SUPPORT_T_LOCAL_H
#define CW_TESTS_SUPPORT_T_LOCAL_H

#include "hashing/fingerprint.h"
#include "hashing/lpdq.h"
#include "tests/support/t_sketch.h"

/* A drawing, or what was made of one; row-major. */
struct t_drawn {
    int width, height;
    uint8_t *px; /* owned */
};

static inline void t_drawn_done(struct t_drawn *d)
{
    free(d->px);
    *d = (struct t_drawn){0};
}

static inline struct t_drawn t_drawn_new(int width, int height, uint64_t seed)
{
    return (struct t_drawn){width, height, t_sketch_draw(width, height, seed)};
}

static inline struct t_drawn t_drawn_mirrored(const struct t_drawn *d)
{
    return (struct t_drawn){d->width, d->height,
                            t_sketch_mirror(d->px, d->width, d->height)};
}

/* A window of it. */
static inline struct t_drawn t_drawn_crop(const struct t_drawn *d, int x, int y,
                                          int width, int height)
{
    struct t_drawn out = {width, height, malloc((size_t)width * (size_t)height)};
    if (out.px == NULL) {
        abort();
    }
    for (int row = 0; row < height; row++) {
        memcpy(out.px + row * width, d->px + (y + row) * d->width + x, (size_t)width);
    }
    return out;
}

/* Two of the same height, side by side. */
static inline struct t_drawn t_drawn_beside(const struct t_drawn *left,
                                            const struct t_drawn *right)
{
    const int width = left->width + right->width;
    struct t_drawn out = {width, left->height,
                          malloc((size_t)width * (size_t)left->height)};
    if (out.px == NULL) {
        abort();
    }
    for (int y = 0; y < left->height; y++) {
        memcpy(out.px + y * width, left->px + y * left->width, (size_t)left->width);
        memcpy(out.px + y * width + left->width, right->px + y * right->width,
               (size_t)right->width);
    }
    return out;
}

/* Gives a fingerprint the size and the best `want` descriptors of a picture of at most
 * CW_LPDQ_QUERY_SIDE; it must have none. Ended by cw_fingerprint_done. */
static inline void t_describe(const struct t_drawn *d, size_t want,
                              struct cw_fingerprint *out)
{
    const struct cw_luma_map map = {.px = d->px,
                                    .width = (unsigned)d->width,
                                    .height = (unsigned)d->height,
                                    .stride = (size_t)d->width};
    struct cw_lpdq *lpdq = NULL;
    out->width = (uint32_t)d->width;
    out->height = (uint32_t)d->height;
    out->local = calloc(want, sizeof *out->local);
    if (out->local == NULL || cw_lpdq_new(CW_LPDQ_QUERY_SIDE, &lpdq, NULL) != 0) {
        abort();
    }
    out->n_local = cw_lpdq_extract(lpdq, &map, want, out->local);
    cw_lpdq_free(&lpdq);
}

#endif
