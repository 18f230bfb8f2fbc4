# Fingerprints. HASHING_SRC is in every program; DECODE_SRC (libvips, libjpeg-turbo) only in
# celwatch-hasher and its tests.
HASHING_SRC := hashing/hash.c hashing/pdq.c hashing/fingerprint.c hashing/fingerprint_json.c \
    hashing/local.c hashing/angle.c hashing/pyramid.c hashing/keypoints.c hashing/lpdq.c \
    hashing/geometry.c hashing/compare.c hashing/covers.c hashing/confidence.c hashing/hasher_protocol.c hashing/hasher_process.c \
    hashing/hasher_client.c
DECODE_SRC := hashing/sniff.c hashing/exif.c hashing/jpeg_header.c hashing/png_header.c \
    hashing/gif_header.c hashing/sampler.c \
    hashing/decode.c hashing/decode_jpeg.c hashing/decode_vips.c hashing/area.c hashing/plane.c \
    hashing/plane_sink.c hashing/tee_sink.c hashing/trim.c hashing/bitmap.c \
    hashing/components.c hashing/edges.c hashing/rects.c \
    hashing/ink.c hashing/views.c hashing/describe.c hashing/recipe.c \
    hashing/hasher_confine.c
HASHER_MAIN := hashing/hasher_main.c

# A fused multiply-add rounds once where PDQ rounds twice. -O3: the loops are to be vectorised.
hashing/pdq.c_CFLAGS := -O3 -ffp-contract=off
hashing/sampler.c_CFLAGS := -O3 -ffp-contract=off
hashing/decode_vips.c_PKG := vips
# The same results on every processor: no fused multiply-add. A square root that need not set
# errno can be vectorised.
hashing/area.c_CFLAGS := -O3 -ffp-contract=off
hashing/plane.c_CFLAGS := -O3 -ffp-contract=off
hashing/plane_sink.c_CFLAGS := -O3 -ffp-contract=off
hashing/views.c_CFLAGS := -O3 -ffp-contract=off
hashing/trim.c_CFLAGS := -O3
hashing/rects.c_CFLAGS := -O3
hashing/ink.c_CFLAGS := -O3 -ffp-contract=off -fno-math-errno
hashing/bitmap.c_CFLAGS := -O3
hashing/components.c_CFLAGS := -O3
hashing/edges.c_CFLAGS := -O3
hashing/pyramid.c_CFLAGS := -O3 -ffp-contract=off
hashing/keypoints.c_CFLAGS := -O3 -ffp-contract=off
hashing/lpdq.c_CFLAGS := -O3 -ffp-contract=off
hashing/geometry.c_CFLAGS := -O3 -ffp-contract=off
hashing/compare.c_CFLAGS := -O3 -ffp-contract=off
hashing/covers.c_CFLAGS := -O3 -ffp-contract=off
