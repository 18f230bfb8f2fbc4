/* JPEG by libjpeg-turbo: only the luminance plane, at full size.
 *
 * A JPEG's Y plane is PDQ's luminance (the same 0.299, 0.587, 0.114), so chroma is
 * neither transformed nor converted. The plane is kept between pictures: fresh memory
 * costs a page fault for every 4 KiB. */
#include <jconfig.h>
#include <stdlib.h>
#include <turbojpeg.h>

#include "base/num.h"
#include "hashing/decode_internal.h"
#include "hashing/picture_header.h"

#define FRAME_PROGRESSIVE 0xC2        /* SOF2; 0xC0 and 0xC1 are sequential */
#define PROGRESSIVE_HELD_PER_PX 6     /* 2-byte coefficients of three full planes */
#define KEPT_BYTES ((size_t)32 << 20) /* a larger plane is given back after use */

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

struct cw_jpeg_decoder {
    tjhandle tj;
    uint8_t *plane;
    size_t plane_cap;
};

int cw_jpeg_decoder_new(struct cw_jpeg_decoder **out, struct cw_err *err)
{
    CW_AUTO(cw_jpeg_decoder_free) struct cw_jpeg_decoder *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for a JPEG decoder");
    }
    d->tj = tjInitDecompress();
    if (d->tj == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "libjpeg-turbo does not start");
    }
    *out = d;
    d = NULL;
    return 0;
}

void cw_jpeg_decoder_free(struct cw_jpeg_decoder **d)
{
    if (*d != NULL) {
        if ((*d)->tj != NULL) {
            (void)tjDestroy((*d)->tj);
        }
        free((*d)->plane);
    }
    free(*d);
    *d = NULL;
}

static int reserve_plane(struct cw_jpeg_decoder *d, size_t len, struct cw_err *err)
{
    if (len <= d->plane_cap) {
        return 0;
    }
    free(d->plane);
    d->plane_cap = 0;
    d->plane = malloc(len);
    if (d->plane == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for %zu pixels", len);
    }
    d->plane_cap = len;
    return 0;
}

static void release_plane(struct cw_jpeg_decoder *d)
{
    if (d->plane_cap > KEPT_BYTES) {
        free(d->plane);
        d->plane = NULL;
        d->plane_cap = 0;
    }
}

/* Variants of JPEG that libjpeg-turbo does not decode are named as what they are. */
static int check_variant(const struct cw_jpeg_header *header, struct cw_err *err)
{
    if (header->frame_type == 0) {
        return cw_fail(err, CW_E_CORRUPT, "JPEG has no frame header");
    }
    if (header->precision != 8) {
        return cw_fail(err, CW_E_UNSUPPORTED, "JPEG with %u bits per sample",
                       header->precision);
    }
    if (header->frame_type > FRAME_PROGRESSIVE) {
        return cw_fail(err, CW_E_UNSUPPORTED,
                       "JPEG that is lossless, hierarchical or arithmetic-coded");
    }
    return 0;
}

static void send_rows(const struct cw_jpeg_decoder *d, const struct cw_layout *layout,
                      struct cw_sink *sink)
{
    for (uint32_t y = 0; y < layout->height; y++) {
        sink->row(sink, y, d->plane + (size_t)y * layout->width);
    }
}

/* libjpeg reports every kind of damage it can read on from as a warning. */
static int decode_plane(struct cw_jpeg_decoder *d, const struct cw_decode_job *job,
                        const struct cw_layout *layout, struct cw_decoded *out,
                        struct cw_err *err)
{
    const int flags =
        TJFLAG_LIMITSCANS | (job->how == CW_STRICT ? TJFLAG_STOPONWARNING : 0);
    const int width = (int)layout->width;
    const int height = (int)layout->height;
    const int rc = tjDecompress2(d->tj, job->file.p, job->file.len, d->plane, width,
                                 width, height, TJPF_GRAY, flags);
    out->truncated = rc != 0;
    if (rc != 0 && (job->how == CW_STRICT || tjGetErrorCode(d->tj) == TJERR_FATAL)) {
        return cw_fail(err, CW_E_CORRUPT, "JPEG is damaged: %s", tjGetErrorStr2(d->tj));
    }
    return 0;
}

int cw_jpeg_decode(struct cw_jpeg_decoder *d, const struct cw_decode_job *job,
                   bool *out_declined, struct cw_decoded *out, struct cw_err *err)
{
    struct cw_jpeg_header header;
    int width = 0;
    int height = 0;
    int subsampling = 0;
    int colours = 0;
    cw_jpeg_read_header(job->file, &header);
    CW_TRY(check_variant(&header, err));
    if (tjDecompressHeader3(d->tj, job->file.p, job->file.len, &width, &height,
                            &subsampling, &colours) != 0) {
        *out_declined =
            true; /* damaged, or of a subsampling that turbojpeg has no name for */
        return 0;
    }
    const bool progressive = header.frame_type == FRAME_PROGRESSIVE;
    CW_TRY(cw_decode_check_size(job->limits, (uint64_t)width, (uint64_t)height,
                                progressive ? PROGRESSIVE_HELD_PER_PX : 1, err));
    *out_declined = colours == TJCS_CMYK || colours == TJCS_YCCK;
    if (*out_declined) {
        return 0;
    }
    const struct cw_layout layout = {
        .width = (uint32_t)width,
        .height = (uint32_t)height,
        .bands = 1,
        .orientation = header.orientation,
    };
    out->library = "libjpeg-turbo " TEXT(LIBJPEG_TURBO_VERSION);
    CW_TRY(reserve_plane(d, (size_t)width * (size_t)height, err));
    CW_TRY(decode_plane(d, job, &layout, out, err));
    CW_TRY(job->sink->begin(job->sink, &layout, err));
    send_rows(d, &layout, job->sink);
    release_plane(d);
    return 0;
}
