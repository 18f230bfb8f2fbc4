/* decode_internal.h - the two decoders behind decode.h. */
#ifndef CW_HASHING_DECODE_INTERNAL_H
#define CW_HASHING_DECODE_INTERNAL_H

#include "hashing/decode.h"
#include "hashing/sniff.h"

/* One picture on its way through a decoder. */
struct cw_decode_job {
    struct cw_bytes file;
    enum cw_format format;
    enum cw_strictness how;
    const struct cw_decode_limits *limits;
    struct cw_sink *sink;
};

/* CW_E_TOO_LARGE if a picture of that size is over a limit.
 *
 * held_per_px   bytes per pixel that its decoder keeps at once; 0 if it streams */
int cw_decode_check_size(const struct cw_decode_limits *limits, uint64_t width,
                         uint64_t height, uint64_t held_per_px,
                         struct cw_err *err) CW_CHECKED;

struct cw_jpeg_decoder;

int cw_jpeg_decoder_new(struct cw_jpeg_decoder **out, struct cw_err *err) CW_CHECKED;
void cw_jpeg_decoder_free(struct cw_jpeg_decoder **d);
/* As cw_decode. *out_declined is set, and nothing else done, for a JPEG whose luminance
 * is not one of its planes (CMYK and YCCK) or whose header turbojpeg does not like:
 * cw_vips_decode reads those, or says what is wrong with them. */
int cw_jpeg_decode(struct cw_jpeg_decoder *d, const struct cw_decode_job *job,
                   bool *out_declined, struct cw_decoded *out,
                   struct cw_err *err) CW_CHECKED;

int cw_vips_start(struct cw_err *err) CW_CHECKED;
/* As cw_decode, for every format. */
int cw_vips_decode(const struct cw_decode_job *job, struct cw_decoded *out,
                   struct cw_err *err) CW_CHECKED;

#endif
