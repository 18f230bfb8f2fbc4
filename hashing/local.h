/* local.h - value types of local descriptors that hashing/ and index/ share. */
#ifndef CW_HASHING_LOCAL_H
#define CW_HASHING_LOCAL_H

#include <stdint.h>

#include "hashing/hash.h"

#define CW_FP_MAX_LOCAL 2048

/* A local descriptor with its pose. */
struct cw_local {
    struct cw_hash bits;
    uint16_t x;     /* position, 0..65535 across the width */
    uint16_t y;     /* and down the height */
    uint16_t scale; /* a pixel of its level, 2^-20 of the longer side */
    uint16_t angle; /* 65536 = one full turn */
};

/* Sides of the picture the poses lie in; only their ratio is used. */
struct cw_frame {
    uint32_t width, height;
};

/* A descriptor of a query that resembles one of a registered picture. */
struct cw_local_match {
    uint16_t query;              /* position in the query's array */
    uint16_t local;              /* position in the registered picture's array */
    uint16_t distance;           /* 0..CW_LOCAL_RADIUS */
    uint16_t x, y, scale, angle; /* pose of the registered one, as in struct cw_local */
};

/* Two descriptors this far apart or nearer may show the same patch (hashing/LOCAL.md). */
#define CW_LOCAL_RADIUS 62
/* One unit of cw_local.scale: this many steps of sampling make the longer side long. */
#define CW_LOCAL_SCALE_ONE (1U << 20)

/* The descriptor of the mirrored patch is the descriptor with these bits changed:
 * mirrored across the keypoint's direction, every other row frequency changes its sign.
 * Exact but for coefficients that are zero. */
extern const struct cw_hash CW_LOCAL_MIRROR;

#endif
