/* sampler.h - the sink that fills PDQ's plane: turns the picture upright, takes the
 * nearest pixel for each place of the plane, and its luminance. */
#ifndef CW_HASHING_SAMPLER_H
#define CW_HASHING_SAMPLER_H

#include "hashing/pdq.h"
#include "hashing/sink.h"

struct cw_sampler {
    struct cw_sink sink;
    uint32_t width, height;          /* of the upright picture; set by begin */
    float *luma;                     /* borrowed: the plane that is filled */
    uint8_t bands;                   /* of the rows */
    unsigned n_down, n_across;       /* places along a stored column, a stored row */
    unsigned step_down, step_across; /* from one place to the next in luma */
    unsigned next;                   /* places already filled, counted down the rows */
    bool from_end;                   /* rows fill the plane from its far end */
    uint32_t row_of[CW_PDQ_SIDE];    /* stored row of each place down, ascending */
    uint32_t column_of[CW_PDQ_SIDE]; /* stored byte offset of each place across */
};

/* luma   CW_PDQ_SIDE squared floats, borrowed as long as the sampler is used
 * Cost   about 0.3 ms for all rows of a picture of 1920 x 1080 */
void cw_sampler_init(struct cw_sampler *sampler, float *luma);

#endif
