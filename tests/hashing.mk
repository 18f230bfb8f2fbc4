# Tests of hashing/: those of HASHING_SRC, and those that decode pictures.
UNIT_HASHING := test_angle test_keypoints test_lpdq test_geometry test_compare test_hash test_pdq test_fingerprint test_fingerprint_json test_confidence \
    test_hasher_protocol
UNIT_DECODE := test_sniff test_picture_header test_sampler test_plane test_trim test_rects \
    test_ink test_views test_decode test_hasher
FUZZ_HASHING := fuzz_fingerprint fuzz_fingerprint_json fuzz_picture_header fuzz_hasher_protocol
BENCH_DECODE := bench_pdq bench_views
# Drawings and their files, linked into UNIT_DECODE and the benchmarks.
TEST_PICTURES_SRC := tests/support/t_encode.c
tests/support/t_encode.c_PKG := vips
# The oracle must round like the hash it judges.
tests/unit/test_pdq.c_CFLAGS := -ffp-contract=off
tests/unit/test_sampler.c_CFLAGS := -ffp-contract=off
