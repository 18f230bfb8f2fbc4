/* pdq.h - the PDQ hash of recipe 1, and the hashes of the turned picture with it.
 *
 * PDQ is the perceptual hash that Meta published in 2019 (Davis and Rosen, "TMK+PDQF: A
 * Test-Drive of Facebook's Perceptual Hashing Algorithms"): blur, shrink to 64 x 64, take
 * the 16 x 16 lowest cosine coefficients, one bit for each above their median. The
 * upright hash equals that of Meta's C++ reference bit for bit, given the same pixels.
 * Everything before the plane (sampling to 512 x 512, turning) is hashing/sampler.c. */
#ifndef CW_HASHING_PDQ_H
#define CW_HASHING_PDQ_H

#include "hashing/fingerprint.h"

#define CW_PDQ_SIDE 512   /* largest side of the plane that is hashed, px */
#define CW_PDQ_MIN_SIDE 5 /* anything smaller has the zero hash and quality 0 */

/* Where a picture is hashed: 1.7 MB, kept from one picture to the next. */
struct cw_pdq_work;

struct cw_pdq {
    struct cw_hash turns[CW_TURN_COUNT]; /* [CW_TURN_ORIG] is the published hash */
    uint8_t quality;                     /* 0..100: how much there is to see */
};

/* Owns caller owns *out and ends it with cw_pdq_work_free, which accepts NULL. */
int cw_pdq_work_new(struct cw_pdq_work **out, struct cw_err *err) CW_CHECKED;
void cw_pdq_work_free(struct cw_pdq_work **work);

/* Sides of the plane that stands for a picture of that size: the picture as it is, or
 * CW_PDQ_SIDE squared if a side exceeds that. */
struct cw_pdq_size {
    unsigned width, height;
};
struct cw_pdq_size cw_pdq_plane_size(uint32_t width, uint32_t height);

/* Where the caller writes the plane's luminance: row-major, stride = its width, 0 = black
 * .. 255 = white. Borrowed until the work is freed; room for CW_PDQ_SIDE squared. */
float *cw_pdq_luma(struct cw_pdq_work *work);

/* Hashes the plane in `work`, upright and in all eight turns; the plane is used up.
 *
 * width, height   of the picture, not of the plane; at least 1
 * Threads         one per work
 * Cost            about 0.35 ms for 512 x 512, no allocation
 * Source          recipe 1 in hashing/RECIPES.md */
void cw_pdq_hash(struct cw_pdq_work *work, uint32_t width, uint32_t height,
                 struct cw_pdq *out);

/* The hash of the turned picture as far as the bits of the upright one tell: a turn swaps
 * and negates coefficients, and a negated one lies on the other side of a median near 0.
 */
struct cw_hash cw_pdq_turn_bits(const struct cw_hash *upright, enum cw_turn turn);

#endif
