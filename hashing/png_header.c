/* PNG chunks, for the eXIf chunk that Debian's libvips passes over (PNG specification,
 * third edition, 11.3.4.5). */
#include <string.h>

#include "hashing/picture_header.h"

#define SIGNATURE_LEN 8
#define MAX_CHUNKS 4096 /* eXIf belongs before the pixels; a file may have any number */

uint8_t cw_png_orientation(struct cw_bytes file)
{
    struct cw_reader r = cw_reader_of(file);
    (void)cw_get_bytes(&r, SIGNATURE_LEN);
    for (unsigned i = 0; i < MAX_CHUNKS && !r.failed; i++) {
        const uint32_t len = cw_get_u32(&r);
        const struct cw_bytes type = cw_get_bytes(&r, 4);
        const struct cw_bytes data = cw_get_bytes(&r, len);
        (void)cw_get_u32(&r); /* checksum */
        if (!r.failed && memcmp(type.p, "eXIf", 4) == 0) {
            const uint8_t orientation = cw_exif_orientation(data);
            return orientation != 0 ? orientation : CW_ORIENTATION_UPRIGHT;
        }
    }
    return CW_ORIENTATION_UPRIGHT;
}
