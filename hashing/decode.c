#include "hashing/decode.h"

#include <stdlib.h>

#include "hashing/decode_internal.h"
#include "hashing/picture_header.h"

#define GIF_HELD_PER_PX 8    /* canvas and its copy, 4 bytes each */
#define GIF_MAX_FRAMES 10000 /* libnsgif keeps a record of every one */

struct cw_decoder {
    struct cw_decode_limits limits;
    struct cw_jpeg_decoder *jpeg;
};

int cw_decode_init(struct cw_err *err)
{
    return cw_vips_start(err);
}

int cw_decoder_new(const struct cw_decode_limits *limits, struct cw_decoder **out,
                   struct cw_err *err)
{
    CW_AUTO(cw_decoder_free) struct cw_decoder *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for a decoder");
    }
    d->limits = *limits;
    CW_TRY(cw_jpeg_decoder_new(&d->jpeg, err));
    *out = d;
    d = NULL;
    return 0;
}

void cw_decoder_free(struct cw_decoder **d)
{
    if (*d != NULL) {
        cw_jpeg_decoder_free(&(*d)->jpeg);
    }
    free(*d);
    *d = NULL;
}

int cw_decode_check_size(const struct cw_decode_limits *limits, uint64_t width,
                         uint64_t height, uint64_t held_per_px, struct cw_err *err)
{
    uint64_t pixels = 0;
    uint64_t held = 0;
    if (__builtin_mul_overflow(width, height, &pixels) || pixels > limits->max_pixels) {
        return cw_fail(err, CW_E_TOO_LARGE,
                       "picture is %llu x %llu px, the limit is %llu px in all",
                       (unsigned long long)width, (unsigned long long)height,
                       (unsigned long long)limits->max_pixels);
    }
    if (__builtin_mul_overflow(pixels, held_per_px, &held) ||
        held > limits->max_held_bytes) {
        return cw_fail(err, CW_E_TOO_LARGE,
                       "picture of %llu x %llu px is of a kind that must be held whole: "
                       "%llu bytes, the limit is %llu",
                       (unsigned long long)width, (unsigned long long)height,
                       (unsigned long long)held,
                       (unsigned long long)limits->max_held_bytes);
    }
    return 0;
}

static int check_gif(const struct cw_decode_job *job, struct cw_err *err)
{
    struct cw_gif_header gif;
    CW_TRY(cw_gif_read_header(job->file, &gif, err));
    if (gif.frames > GIF_MAX_FRAMES) {
        return cw_fail(err, CW_E_TOO_LARGE, "GIF has %u frames, the limit is %d",
                       gif.frames, GIF_MAX_FRAMES);
    }
    return cw_decode_check_size(job->limits, gif.width, gif.height, GIF_HELD_PER_PX, err);
}

int cw_decode(struct cw_decoder *d, struct cw_bytes file, enum cw_strictness how,
              struct cw_sink *sink, struct cw_decoded *out, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf bare = CW_BUF_INIT(file.len);
    struct cw_decode_job job = {
        .file = file,
        .format = cw_sniff(file),
        .how = how,
        .limits = &d->limits,
        .sink = sink,
    };
    if (file.len == 0) {
        return cw_fail(err, CW_E_INVALID, "picture has no bytes");
    }
    if (job.format == CW_FORMAT_UNKNOWN) {
        return cw_fail(err, CW_E_UNSUPPORTED, "not a picture format we read");
    }
    if (job.format == CW_FORMAT_JPEG) {
        bool declined = false;
        CW_TRY(cw_jpeg_decode(d->jpeg, &job, &declined, out, err));
        if (!declined) {
            return 0;
        }
    }
    if (job.format == CW_FORMAT_PNG) {
        CW_TRY(cw_png_drop_texts(file, &bare, err));
        job.file = bare.len > 0 ? cw_buf_view(&bare) : file;
    }
    if (job.format == CW_FORMAT_GIF) {
        CW_TRY(check_gif(&job, err));
    }
    return cw_vips_decode(&job, out, err);
}
