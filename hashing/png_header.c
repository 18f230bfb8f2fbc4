/* PNG chunks, for the eXIf chunk that Debian's libvips passes over, and for the texts
 * that libpng had better not see (PNG specification, third edition, 11.3). */
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

static bool is_packed_text(struct cw_bytes type)
{
    return type.len == 4 &&
           (memcmp(type.p, "zTXt", 4) == 0 || memcmp(type.p, "iTXt", 4) == 0);
}

int cw_png_drop_texts(struct cw_bytes file, struct cw_buf *out, struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(file);
    const uint8_t *kept = file.p; /* what comes from here on is not copied yet */
    (void)cw_get_bytes(&r, SIGNATURE_LEN);
    while (!r.failed && r.in.len > 0) {
        const uint8_t *chunk = r.in.p;
        const uint32_t len = cw_get_u32(&r);
        const struct cw_bytes type = cw_get_bytes(&r, 4);
        (void)cw_get_bytes(&r, len);
        (void)cw_get_u32(&r); /* checksum */
        if (r.failed || !is_packed_text(type)) {
            continue; /* what is cut short is left to libpng as it is */
        }
        if (kept == file.p) {
            CW_TRY(cw_buf_reserve(out, file.len, err));
        }
        cw_buf_add(out, kept, (size_t)(chunk - kept));
        kept = r.in.p;
    }
    if (kept != file.p) {
        cw_buf_add(out, kept, (size_t)(file.p + file.len - kept));
    }
    return cw_buf_check(out, "PNG without its texts", err);
}
