/* plane_sink.h - the sink that keeps a picture as a small luminance plane: turned
 * upright and shrunk by area averages while its rows arrive. */
#ifndef CW_HASHING_PLANE_SINK_H
#define CW_HASHING_PLANE_SINK_H

#include "hashing/plane.h"
#include "hashing/sink.h"

struct cw_plane_sink {
    struct cw_sink sink;
    unsigned max_side;
    struct cw_plane plane; /* upright; px is owned and holds max_side squared */
    struct cw_area area;
    ptrdiff_t step_down;   /* in px from one shrunk row to the next */
    ptrdiff_t step_across; /* and along it */
    uint8_t *next;         /* first pixel of the next shrunk row */
};

/* max_side px of the longer side at most, up to CW_AREA_MAX_OUT
 * Owns     caller ends it with cw_plane_sink_done, also after a failure
 * Errors   CW_E_NO_MEMORY; `begin` of the sink: those of cw_area_begin
 * Cost     for all rows of a picture of 1024 x 768: 1 ms grey, 2.4 ms coloured */
int cw_plane_sink_init(struct cw_plane_sink *s, unsigned max_side,
                       struct cw_err *err) CW_CHECKED;
void cw_plane_sink_done(struct cw_plane_sink *s);

#endif
