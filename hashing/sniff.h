/* sniff.h - which picture format some bytes are, by their first bytes alone.
 *
 * libvips can guess too, but asks loaders that we never want to see hostile bytes
 * (ImageMagick among them) while guessing. So we look ourselves and call one by name. */
#ifndef CW_HASHING_SNIFF_H
#define CW_HASHING_SNIFF_H

#include "base/bytes.h"

enum cw_format {
    CW_FORMAT_UNKNOWN = 0,
    CW_FORMAT_JPEG,
    CW_FORMAT_PNG,
    CW_FORMAT_GIF,
    CW_FORMAT_WEBP,
    CW_FORMAT_TIFF,
    CW_FORMAT_HEIF, /* HEIC and AVIF */
};

/* Threads pure. Cost looks at 64 bytes at most. */
enum cw_format cw_sniff(struct cw_bytes file);

#endif
