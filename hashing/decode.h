/* decode.h - file bytes to rows of pixels: JPEG, PNG, GIF, WebP, TIFF, HEIC and AVIF.
 *
 * Used in celwatch-hasher only. The header is read and judged before any pixel is. Of
 * animations and documents of many pages the first picture is taken. */
#ifndef CW_HASHING_DECODE_H
#define CW_HASHING_DECODE_H

#include "hashing/hasher.h"
#include "hashing/sink.h"

struct cw_decode_limits {
    uint64_t max_pixels;     /* width x height, and for GIF the whole canvas */
    uint64_t max_held_bytes; /* what a format that cannot be streamed may need at once */
};

struct cw_decoder; /* what is worth keeping between pictures */

/* What a decoder says of a picture besides its pixels. */
struct cw_decoded {
    const char *library; /* decoder and version; static storage */
    bool truncated;      /* damaged; what could not be read is grey or black */
};

/* Must be called once, single-threaded, before the first decoder; loads libvips' modules
 * (about 0.1 s). CW_E_INTERNAL if libvips cannot be restricted to our formats. */
int cw_decode_init(struct cw_err *err) CW_CHECKED;

int cw_decoder_new(const struct cw_decode_limits *limits, struct cw_decoder **out,
                   struct cw_err *err) CW_CHECKED;
void cw_decoder_free(struct cw_decoder **d);

/* Decodes `file` into `sink`.
 *
 * how      CW_STRICT: a damaged file is refused; CW_LENIENT: out->truncated is set
 * Errors   CW_E_INVALID empty, CW_E_UNSUPPORTED no format or variant we read,
 *          CW_E_TOO_LARGE over a limit, CW_E_CORRUPT damaged
 * Threads  one per decoder */
int cw_decode(struct cw_decoder *d, struct cw_bytes file, enum cw_strictness how,
              struct cw_sink *sink, struct cw_decoded *out,
              struct cw_err *err) CW_CHECKED;

#endif
