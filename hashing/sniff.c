#include "hashing/sniff.h"

#include <string.h>

#define MAX_BRANDS 12 /* compatible brands that are looked at */

static bool starts_with(struct cw_bytes file, size_t at, const char *magic, size_t len)
{
    return file.len >= at + len && memcmp(file.p + at, magic, len) == 0;
}

/* The brands of the AVIF and HEIF specifications (ISO/IEC 23008-12) for still pictures.
 */
static bool is_heif_brand(const uint8_t *brand)
{
    static const char BRANDS[][5] = {"avif", "heic", "heix", "heim", "heis", "mif1"};
    for (size_t i = 0; i < sizeof BRANDS / sizeof BRANDS[0]; i++) {
        if (memcmp(brand, BRANDS[i], 4) == 0) {
            return true;
        }
    }
    return false;
}

/* ISO base media file: a box "ftyp" with a major brand, a version, compatible brands. */
static bool is_heif(struct cw_bytes file)
{
    if (!starts_with(file, 4, "ftyp", 4) || file.len < 16) {
        return false;
    }
    struct cw_reader r = cw_reader_of(file);
    const uint32_t box_len = cw_get_u32(&r);
    if (is_heif_brand(file.p + 8)) {
        return true;
    }
    for (size_t i = 0; i < MAX_BRANDS; i++) {
        const size_t at = 16 + 4 * i;
        if (at + 4 > box_len || at + 4 > file.len) {
            return false;
        }
        if (is_heif_brand(file.p + at)) {
            return true;
        }
    }
    return false;
}

enum cw_format cw_sniff(struct cw_bytes file)
{
    if (starts_with(file, 0, "\xff\xd8\xff", 3)) {
        return CW_FORMAT_JPEG;
    }
    if (starts_with(file, 0, "\x89PNG\r\n\x1a\n", 8)) {
        return CW_FORMAT_PNG;
    }
    if (starts_with(file, 0, "GIF87a", 6) || starts_with(file, 0, "GIF89a", 6)) {
        return CW_FORMAT_GIF;
    }
    if (starts_with(file, 0, "RIFF", 4) && starts_with(file, 8, "WEBP", 4)) {
        return CW_FORMAT_WEBP;
    }
    if (starts_with(file, 0, "II\x2a\0", 4) || starts_with(file, 0, "MM\0\x2a", 4) ||
        starts_with(file, 0, "II\x2b\0", 4) || starts_with(file, 0, "MM\0\x2b", 4)) {
        return CW_FORMAT_TIFF;
    }
    return is_heif(file) ? CW_FORMAT_HEIF : CW_FORMAT_UNKNOWN;
}
