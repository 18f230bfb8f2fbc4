/* picture_header.h - what we read from a file's header ourselves, before a library sees
 * it: what the libraries hide or believe too easily. */
#ifndef CW_HASHING_PICTURE_HEADER_H
#define CW_HASHING_PICTURE_HEADER_H

#include <stdbool.h>

#include "base/bytes.h"

#define CW_ORIENTATION_UPRIGHT 1 /* EXIF tag 274: 1..8 */

/* The orientation in an EXIF block (a TIFF header and what follows): 1..8, or 0 if it
 * does not say or says nonsense. Threads pure. Cost at most 512 entries are looked at. */
uint8_t cw_exif_orientation(struct cw_bytes block);

/* The orientation of a PNG by its eXIf chunk, CW_ORIENTATION_UPRIGHT without one. Walks
 * the chunks, not the pixels. Threads pure. */
uint8_t cw_png_orientation(struct cw_bytes file);

/* A PNG without its compressed texts (zTXt, iTXt). libpng inflates every one of them,
 * twice, though nobody here reads them: 100 of them in 400 KB take 3.5 s and 300 MiB.
 *
 * out     stays empty if the file has none, else holds all the rest of it
 * Errors  CW_E_TOO_LARGE, CW_E_NO_MEMORY if `out` cannot hold file.len bytes
 * Threads pure. Cost walks the chunks once, and copies the file if it has any */
int cw_png_drop_texts(struct cw_bytes file, struct cw_buf *out,
                      struct cw_err *err) CW_CHECKED;

struct cw_jpeg_header {
    uint8_t
        frame_type; /* second byte of the SOF marker, 0xC0..0xCF; 0 if none was found */
    uint8_t precision;   /* bits per sample */
    uint8_t components;  /* 1 grey, 3 colour, 4 CMYK or YCCK */
    uint8_t orientation; /* 1..8; 1 if not given or nonsense */
};

/* Walks the marker segments up to the first scan. Never fails: what is not there stays 0.
 *
 * Threads pure. Cost proportional to the header, not to the file. */
void cw_jpeg_read_header(struct cw_bytes file, struct cw_jpeg_header *out);

/* A GIF's canvas as libnsgif will make it: its decoder grows the stated screen to hold
 * every frame, so 43 bytes can ask for 14 GB. */
struct cw_gif_header {
    uint32_t width, height; /* of the grown canvas */
    uint32_t frames;
};

/* Errors CW_E_CORRUPT if the blocks do not follow each other as GIF89a says; a file that
 * ends early is no error: what was seen until then is in *out.
 * Threads pure. Cost walks the file's blocks once. */
int cw_gif_read_header(struct cw_bytes file, struct cw_gif_header *out,
                       struct cw_err *err) CW_CHECKED;

#endif
