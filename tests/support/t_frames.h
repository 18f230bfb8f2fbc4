/* t_frames.h - fingerprints of drawn frames without any decoding: local descriptors of a
 * sketch, and a PDQ hash that is said to be its own. */
#ifndef CW_TESTS_SUPPORT_T_FRAMES_H
#define CW_TESTS_SUPPORT_T_FRAMES_H

#include "base/crypto.h"
#include "hashing/fingerprint.h"
#include "hashing/lpdq.h"
#include "tests/support/t_sketch.h"

#define T_FRAME_WIDTH 512
#define T_FRAME_HEIGHT 384

/* A drawing of `seed` into which another one, of `figure`, is set at x (figure 0: none).
 * To be freed. */
static inline uint8_t *t_frame_draw(uint64_t seed, uint64_t figure, int x)
{
    uint8_t *px = t_sketch_draw(T_FRAME_WIDTH, T_FRAME_HEIGHT, seed);
    if (figure != 0) {
        uint8_t *f = t_sketch_draw(150, 200, figure);
        for (int y = 0; y < 200; y++) {
            memcpy(px + (size_t)(y + 100) * T_FRAME_WIDTH + x, f + (size_t)y * 150, 150);
        }
        free(f);
    }
    return px;
}

/* The fingerprint of a part of a frame; `want` descriptors, and a hash of (seed, changed
 * by `bits` bits). To be ended. */
static inline struct cw_fingerprint t_frame_print(const uint8_t *px, unsigned x,
                                                  unsigned y, unsigned width,
                                                  unsigned height, size_t want,
                                                  uint64_t seed, unsigned bits)
{
    const struct cw_luma_map map = {.px = px + (size_t)y * T_FRAME_WIDTH + x,
                                    .width = width,
                                    .height = height,
                                    .stride = T_FRAME_WIDTH};
    struct cw_lpdq *l = NULL;
    struct cw_fingerprint fp;
    struct cw_hash h;
    cw_sha256(cw_bytes_of(&seed, sizeof seed), h.b);
    for (unsigned i = 0; i < bits; i++) {
        h.b[i % CW_HASH_BYTES] ^= (uint8_t)(1U << (i / CW_HASH_BYTES));
    }
    cw_fingerprint_from_pdq(&h, &fp);
    fp.recipe = CW_RECIPE_VIEWS;
    fp.width = width;
    fp.height = height;
    fp.local = malloc(want * sizeof *fp.local);
    if (fp.local == NULL || cw_lpdq_new(T_FRAME_WIDTH, &l, NULL) != 0) {
        abort();
    }
    fp.n_local = cw_lpdq_extract(l, &map, want, fp.local);
    cw_lpdq_free(&l);
    return fp;
}

#endif
