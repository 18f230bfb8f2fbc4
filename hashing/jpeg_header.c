/* JPEG marker segments (ITU-T T.81, annex B). */
#include <string.h>

#include "hashing/picture_header.h"

#define MARKER_SOI 0xD8
#define MARKER_EOI 0xD9
#define MARKER_SOS 0xDA
#define MARKER_APP1 0xE1
#define EXIF_NAME_LEN 6 /* "Exif" and two zero bytes */

/* 1..8, or 0 for an application segment that is not EXIF or does not say. */
static uint8_t app1_orientation(struct cw_bytes segment)
{
    if (segment.len < EXIF_NAME_LEN || memcmp(segment.p, "Exif\0", EXIF_NAME_LEN) != 0) {
        return 0;
    }
    return cw_exif_orientation(
        cw_bytes_of(segment.p + EXIF_NAME_LEN, segment.len - EXIF_NAME_LEN));
}

/* Start-of-frame markers are 0xC0..0xCF but for the two tables and the reserved one. */
static bool is_frame(uint8_t marker)
{
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 &&
           marker != 0xCC;
}

/* The next marker, skipping fill bytes and garbage as libjpeg does; 0 at the end. */
static uint8_t next_marker(struct cw_reader *r)
{
    while (!r->failed && r->in.len >= 2) {
        if (cw_get_u8(r) == 0xFF && r->in.p[0] != 0xFF && r->in.p[0] != 0x00) {
            return cw_get_u8(r);
        }
    }
    return 0;
}

static bool has_no_segment(uint8_t marker)
{
    return marker == MARKER_SOI || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD7);
}

void cw_jpeg_read_header(struct cw_bytes file, struct cw_jpeg_header *out)
{
    struct cw_reader r = cw_reader_of(file);
    *out = (struct cw_jpeg_header){.orientation = CW_ORIENTATION_UPRIGHT};
    bool oriented = false;
    for (;;) {
        const uint8_t marker = next_marker(&r);
        if (marker == 0 || marker == MARKER_SOS || marker == MARKER_EOI) {
            return;
        }
        if (has_no_segment(marker)) {
            continue;
        }
        const uint16_t len = cw_get_u16(&r);
        const struct cw_bytes segment = cw_get_bytes(&r, len < 2 ? 0 : (size_t)len - 2);
        if (is_frame(marker) && segment.len >= 6) {
            out->frame_type = marker;
            out->precision = segment.p[0];
            out->components = segment.p[5];
        } else if (marker == MARKER_APP1 && !oriented) {
            const uint8_t orientation = app1_orientation(segment);
            oriented = orientation != 0;
            out->orientation = oriented ? orientation : CW_ORIENTATION_UPRIGHT;
        }
    }
}
