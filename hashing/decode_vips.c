/* Everything but ordinary JPEG, by libvips.
 *
 * One loader is called by name; all others are blocked. Pixels are pulled in strips by
 * one thread, in file order. Colour is brought to 8-bit sRGB (or grey) and transparency
 * laid on white; an embedded ICC profile is applied only where there is no other way to
 * RGB (CMYK), because the JPEG path and the PDQ of others ignore it too. */
#include <string.h>
#include <vips/vips.h>

#include <vips/vector.h> /* does not compile before vips.h */

#include "hashing/decode_internal.h"
#include "hashing/picture_header.h"

#define STRIP_ROWS 16
#define HELD_WEBP 4 /* bytes per pixel that a loader keeps at once */
#define HELD_HEIF 6

static void unref(VipsImage **image)
{
    g_clear_object(image);
}

static void unref_region(VipsRegion **region)
{
    g_clear_object(region);
}

/* What libvips warns of is either an error to us or overlooked on purpose; a damaged file
 * can cause thousands of warnings. */
static void ignore_warning(const char *domain, GLogLevelFlags level, const char *text,
                           void *unused)
{
    (void)domain;
    (void)level;
    (void)text;
    (void)unused;
}

int cw_vips_start(struct cw_err *err)
{
    static const char *const LOADERS[] = {"VipsForeignLoadJpeg",  "VipsForeignLoadPng",
                                          "VipsForeignLoadNsgif", "VipsForeignLoadWebp",
                                          "VipsForeignLoadTiff",  "VipsForeignLoadHeif"};
    if (vips_init("celwatch-hasher") != 0) {
        return cw_fail(err, CW_E_INTERNAL, "libvips does not start");
    }
    (void)g_log_set_handler("VIPS", G_LOG_LEVEL_WARNING, ignore_warning, NULL);
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    vips_vector_set_enabled(
        FALSE); /* its code generator changes pixels and writes files */
    vips_operation_block_set("VipsForeignLoad", TRUE);
    for (size_t i = 0; i < G_N_ELEMENTS(LOADERS); i++) {
        vips_operation_block_set(LOADERS[i], FALSE);
    }
    vips_block_untrusted_set(TRUE);
    return 0;
}

/* The first line of what libvips has to say. */
static int fail_vips(struct cw_err *err, const char *what)
{
    const char *text = vips_error_buffer();
    const int line = (int)strcspn(text, "\n");
    const int rc = cw_fail(err, CW_E_CORRUPT, "%s: %.*s", what, line, text);
    vips_error_clear();
    return rc;
}

static int load(const struct cw_decode_job *job, VipsFailOn fail_on, VipsImage **out)
{
    typedef int (*loader)(void *buf, size_t len, VipsImage **out, ...);
    static const loader LOADERS[] = {
        [CW_FORMAT_JPEG] = vips_jpegload_buffer, [CW_FORMAT_PNG] = vips_pngload_buffer,
        [CW_FORMAT_GIF] = vips_gifload_buffer,   [CW_FORMAT_WEBP] = vips_webpload_buffer,
        [CW_FORMAT_TIFF] = vips_tiffload_buffer, [CW_FORMAT_HEIF] = vips_heifload_buffer,
    };
    union {
        const uint8_t *in;
        void *out; /* libvips does not write to it, but says it might */
    } bytes = {.in = job->file.p};
    return LOADERS[job->format](bytes.out, job->file.len, out, "access",
                                VIPS_ACCESS_SEQUENTIAL, "fail_on", fail_on, NULL);
}

static uint64_t bytes_per_px(const VipsImage *image)
{
    return vips_format_sizeof(image->BandFmt) * (uint64_t)image->Bands;
}

/* Bytes per pixel that the loader must keep at once; 0 if it can stream. */
static uint64_t held_per_px(enum cw_format format, VipsImage *image)
{
    int interlaced = 0;
    if (vips_image_get_typeof(image, "interlaced") != 0 &&
        vips_image_get_int(image, "interlaced", &interlaced) != 0) {
        vips_error_clear();
    }
    switch (format) {
    case CW_FORMAT_HEIF:
        return HELD_HEIF;
    case CW_FORMAT_WEBP:
        return HELD_WEBP;
    default:
        return interlaced != 0 ? bytes_per_px(image) : 0;
    }
}

/* Replaces *image by what `operation` made of it. */
static int replace(VipsImage **image, int rc, VipsImage **made)
{
    if (rc == 0) {
        g_object_unref(*image);
        *image = *made;
    }
    return rc;
}

/* To one band of grey or three of sRGB, 8 bits each. */
static int to_plain_colour(VipsImage **image, struct cw_err *err)
{
    VipsImage *made = NULL;
    const VipsInterpretation target =
        (*image)->Bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    if (replace(image, vips_colourspace(*image, &made, target, NULL), &made) != 0) {
        return fail_vips(err, "colours cannot be converted");
    }
    if (vips_image_hasalpha(*image)) {
        VipsArrayDouble *white = vips_array_double_newv(1, 255.0);
        const int rc = vips_flatten(*image, &made, "background", white, NULL);
        vips_area_unref(VIPS_AREA(white));
        if (replace(image, rc, &made) != 0) {
            return fail_vips(err, "transparency cannot be flattened");
        }
    }
    if ((*image)->BandFmt != VIPS_FORMAT_UCHAR &&
        replace(image, vips_cast_uchar(*image, &made, NULL), &made) != 0) {
        return fail_vips(err, "pixels cannot be converted");
    }
    if ((*image)->Bands != 1 && (*image)->Bands != 3) {
        return cw_fail(err, CW_E_UNSUPPORTED, "picture has %d bands", (*image)->Bands);
    }
    return 0;
}

/* Row y of a region prepared at full width. */
static const uint8_t *row_of(const VipsRegion *region, int y)
{
    return region->data + (size_t)(y - region->valid.top) * (size_t)region->bpl;
}

static int send_rows(VipsImage *image, struct cw_sink *sink, struct cw_err *err)
{
    CW_AUTO(unref_region) VipsRegion *region = vips_region_new(image);
    if (region == NULL) {
        return fail_vips(err, "no region");
    }
    for (int y = 0; y < image->Ysize; y += STRIP_ROWS) {
        const int rows = MIN(STRIP_ROWS, image->Ysize - y);
        const VipsRect strip = {0, y, image->Xsize, rows};
        if (vips_region_prepare(region, &strip) != 0) {
            return fail_vips(err, "picture is damaged");
        }
        for (int i = 0; i < rows; i++) {
            sink->row(sink, (uint32_t)(y + i), row_of(region, y + i));
        }
    }
    return 0;
}

/* libheif turns HEIC and AVIF itself, and libvips then says upright. */
static uint8_t orientation_of(const struct cw_decode_job *job, VipsImage *image)
{
    if (job->format == CW_FORMAT_PNG) {
        return cw_png_orientation(job->file);
    }
    const int orientation = vips_image_get_orientation(image);
    return orientation >= 1 && orientation <= 8 ? (uint8_t)orientation
                                                : CW_ORIENTATION_UPRIGHT;
}

static int attempt(const struct cw_decode_job *job, VipsFailOn fail_on,
                   struct cw_err *err)
{
    CW_AUTO(unref) VipsImage *image = NULL;
    if (load(job, fail_on, &image) != 0) {
        return fail_vips(err, "header is damaged");
    }
    CW_TRY(cw_decode_check_size(job->limits, (uint64_t)image->Xsize,
                                (uint64_t)image->Ysize, held_per_px(job->format, image),
                                err));
    const uint8_t orientation = orientation_of(job, image);
    CW_TRY(to_plain_colour(&image, err));
    const struct cw_layout layout = {
        .width = (uint32_t)image->Xsize,
        .height = (uint32_t)image->Ysize,
        .bands = (uint8_t)image->Bands,
        .orientation = orientation,
    };
    CW_TRY(job->sink->begin(job->sink, &layout, err));
    return send_rows(image, job->sink, err);
}

/* A damaged picture is decoded once more with every error overlooked, if that is wanted.
 */
int cw_vips_decode(const struct cw_decode_job *job, struct cw_decoded *out,
                   struct cw_err *err)
{
    out->library = "libvips " VIPS_VERSION;
    out->truncated = false;
    const int rc = attempt(job, VIPS_FAIL_ON_ERROR, err);
    if (rc != CW_E_CORRUPT || job->how == CW_STRICT) {
        return rc;
    }
    CW_TRY(attempt(job, VIPS_FAIL_ON_NONE, err));
    out->truncated = true;
    return 0;
}
