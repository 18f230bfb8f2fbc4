#include "hashing/covers.h"

/* Measured on a clip drawn for the purpose (hashing/LOCAL.md, "Runs"): frames that differ
 * by a pan of 6 px keep 0.54 or more of all descriptors and 0.38 of the poorest part,
 * those in which a figure walks keep nothing of the part where it was. */
#define COLUMNS 5
#define ROWS 4
#define LEAST_OF_ALL 0.5
#define LEAST_OF_PART 0.3
#define FEW 6         /* descriptors: a part with fewer is not asked */
#define NEARBY 0.02   /* of the longer side */
#define UNTURNED 0.03 /* how far the placement may be from "as it is" */

/* A place in longer sides of the keyframe. */
struct at {
    double x, y;
};

static struct at place_of(const struct cw_local *l, const struct cw_fingerprint *fp)
{
    const double longer = fp->width > fp->height ? fp->width : fp->height;
    return (struct at){.x = l->x * (fp->width / longer / UINT16_MAX),
                       .y = l->y * (fp->height / longer / UINT16_MAX)};
}

static bool is_near(double v, double wanted)
{
    return v > wanted - UNTURNED && v < wanted + UNTURNED;
}

/* `places` are those of the keyframe's descriptors. */
static bool has_same(const struct cw_fingerprint *keyframe, const struct at *places,
                     struct at at, const struct cw_hash *bits)
{
    for (size_t i = 0; i < keyframe->n_local; i++) {
        const double dx = places[i].x - at.x;
        const double dy = places[i].y - at.y;
        if (dx * dx + dy * dy <= NEARBY * NEARBY &&
            cw_hash_distance(&keyframe->local[i].bits, bits) <= CW_LOCAL_RADIUS) {
            return true;
        }
    }
    return false;
}

/* With the frame's places put into the keyframe by a map of struct cw_geometry. */
static bool covers(const struct cw_fingerprint *frame,
                   const struct cw_fingerprint *keyframe, const double m[6])
{
    struct at places[CW_FP_MAX_LOCAL];
    unsigned n[COLUMNS * ROWS] = {0};
    unsigned same[COLUMNS * ROWS] = {0};
    unsigned all = 0;
    for (size_t i = 0; i < keyframe->n_local; i++) {
        places[i] = place_of(&keyframe->local[i], keyframe);
    }
    for (size_t i = 0; i < frame->n_local; i++) {
        const struct cw_local *l = &frame->local[i];
        const struct at p = place_of(l, frame);
        const struct at q = {.x = m[0] * p.x + m[1] * p.y + m[2],
                             .y = m[3] * p.x + m[4] * p.y + m[5]};
        const unsigned part = l->x * COLUMNS / (UINT16_MAX + 1U) +
                              COLUMNS * (l->y * ROWS / (UINT16_MAX + 1U));
        const bool has = has_same(keyframe, places, q, &l->bits);
        n[part]++;
        same[part] += has;
        all += has;
    }
    for (unsigned part = 0; part < COLUMNS * ROWS; part++) {
        if (n[part] >= FEW && same[part] < LEAST_OF_PART * n[part]) {
            return false;
        }
    }
    return all >= LEAST_OF_ALL * (double)frame->n_local;
}

bool cw_covers(const struct cw_fingerprint *frame, const struct cw_fingerprint *keyframe,
               const struct cw_geometry *placed)
{
    const double *m = placed->map;
    return placed->inliers > 0 && !placed->mirrored && is_near(m[0], 1) &&
           is_near(m[1], 0) && is_near(m[3], 0) && is_near(m[4], 1) &&
           covers(frame, keyframe, m);
}

bool cw_covers_unmoved(const struct cw_fingerprint *frame,
                       const struct cw_fingerprint *keyframe)
{
    static const double as_it_is[6] = {1, 0, 0, 0, 1, 0};
    return frame->n_local > 0 && covers(frame, keyframe, as_it_is);
}
