/* Everything that looks at a picture's bytes before a library does. */
#include <stdlib.h>

#include "hashing/picture_header.h"
#include "hashing/sniff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cw_bytes in = cw_bytes_of(data, size);
    struct cw_jpeg_header jpeg;
    struct cw_gif_header gif;
    cw_jpeg_read_header(in, &jpeg);
    const uint8_t png = cw_png_orientation(in);
    if (cw_sniff(in) > CW_FORMAT_HEIF || jpeg.orientation < 1 || jpeg.orientation > 8 ||
        png < 1 || png > 8 || cw_exif_orientation(in) > 8) {
        abort();
    }
    CW_AUTO(cw_buf_done) struct cw_buf bare = CW_BUF_INIT(size);
    if (cw_png_drop_texts(in, &bare, NULL) != 0 || (bare.len > 0 && bare.len >= size)) {
        abort();
    }
    if (cw_gif_read_header(in, &gif, NULL) == 0 && gif.width > 2 * 65535) {
        abort();
    }
    return 0;
}
