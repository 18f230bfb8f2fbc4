/* The one EXIF tag that matters here: an EXIF block is a TIFF file, whose first directory
 * holds the orientation (EXIF 2.3, 4.6.4). */
#include "hashing/picture_header.h"

#define TAG_ORIENTATION 274
#define TYPE_SHORT 3
#define MAX_TAGS 512 /* entries of the first directory that are looked at */

/* Numbers are in the byte order that the file names first. */
struct tiff {
    struct cw_bytes in;
    bool little;
};

/* 0 for a place outside of the file. */
static uint32_t tiff_number(const struct tiff *t, size_t at, size_t size)
{
    uint32_t v = 0;
    if (at > t->in.len || size > t->in.len - at) {
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        const size_t k = t->little ? size - 1 - i : i;
        v = v << 8 | t->in.p[at + k];
    }
    return v;
}

uint8_t cw_exif_orientation(struct cw_bytes block)
{
    if (block.len < 8) {
        return 0;
    }
    const struct tiff t = {.in = block, .little = block.p[0] == 'I'};
    if (tiff_number(&t, 2, 2) != 42) {
        return 0;
    }
    const size_t directory = tiff_number(&t, 4, 4);
    const uint32_t n = tiff_number(&t, directory, 2);
    for (uint32_t i = 0; i < n && i < MAX_TAGS; i++) {
        const size_t entry = directory + 2 + (size_t)12 * i;
        if (tiff_number(&t, entry, 2) == TAG_ORIENTATION &&
            tiff_number(&t, entry + 2, 2) == TYPE_SHORT) {
            const uint32_t v = tiff_number(&t, entry + 8, 2);
            return (uint8_t)(v >= 1 && v <= 8 ? v : 0);
        }
    }
    return 0;
}
