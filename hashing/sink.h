/* sink.h - where decoders put the pixels of a picture, row by row from the top.
 *
 * No decoder keeps a whole picture for its sink's sake, and every recipe is a sink; a
 * picture is decoded once however much is computed from it. */
#ifndef CW_HASHING_SINK_H
#define CW_HASHING_SINK_H

#include "base/error.h"

#include <stdint.h>

/* How the rows lie in the file; the sink turns them. */
struct cw_layout {
    uint32_t width, height; /* as stored, before turning; at least 1 */
    uint8_t bands;          /* bytes per pixel: 1 luminance, 3 red, green, blue */
    uint8_t orientation;    /* EXIF, 1..8 */
};

/* Embedded as the first member of what receives the pixels. */
struct cw_sink {
    /* Called once before the rows of a picture, and again if the decoder starts over. */
    int (*begin)(struct cw_sink *sink, const struct cw_layout *layout,
                 struct cw_err *err);
    /* pixels   width * bands bytes of stored row y; borrowed during the call
     * y        0, 1, 2 ..: every row once, in order */
    void (*row)(struct cw_sink *sink, uint32_t y, const uint8_t *pixels);
};

#endif
