# Fingerprints. HASHING_SRC is in every program; DECODE_SRC (libvips, libjpeg-turbo) only in
# celwatch-hasher and its tests.
HASHING_SRC := hashing/hash.c hashing/pdq.c hashing/fingerprint.c hashing/fingerprint_json.c \
    hashing/confidence.c hashing/hasher_protocol.c hashing/hasher_process.c \
    hashing/hasher_client.c
DECODE_SRC := hashing/sniff.c hashing/exif.c hashing/jpeg_header.c hashing/png_header.c \
    hashing/gif_header.c hashing/sampler.c \
    hashing/decode.c hashing/decode_jpeg.c hashing/decode_vips.c hashing/recipe.c \
    hashing/hasher_confine.c
HASHER_MAIN := hashing/hasher_main.c

# A fused multiply-add rounds once where PDQ rounds twice. -O3: the loops are to be vectorised.
hashing/pdq.c_CFLAGS := -O3 -ffp-contract=off
hashing/sampler.c_CFLAGS := -O3 -ffp-contract=off
hashing/decode_vips.c_PKG := vips
