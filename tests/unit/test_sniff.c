#include "hashing/sniff.h"
#include "tests/support/t_cmocka.h"

#include "tests/support/t_encode.h"

static void knows_every_format_that_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *suffix;
        enum cw_format format;
    } CASES[] = {{".jpg", CW_FORMAT_JPEG}, {".png", CW_FORMAT_PNG},
                 {".gif", CW_FORMAT_GIF},  {".webp", CW_FORMAT_WEBP},
                 {".tif", CW_FORMAT_TIFF}, {".tif[bigtiff]", CW_FORMAT_TIFF},
                 {".avif", CW_FORMAT_HEIF}};
    struct t_image p = t_image_draw(1, 32, 32);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        CW_AUTO(cw_buf_done) struct cw_buf file = t_encode(&p, T_RGB, CASES[i].suffix, 0);
        assert_int_equal(cw_sniff(cw_buf_view(&file)), CASES[i].format);
    }
    t_image_done(&p);
}

static void finds_the_brand_among_the_compatible_ones(void **state)
{
    (void)state;
    static const char FILE_TYPE[] = "\0\0\0\x18"
                                    "ftypmsf1\0\0\0\0isomheic";
    assert_int_equal(cw_sniff(cw_bytes_of(FILE_TYPE, 24)), CW_FORMAT_HEIF);
    static const char SHORT_BOX[] = "\0\0\0\x14"
                                    "ftypmsf1\0\0\0\0isomheic";
    assert_int_equal(cw_sniff(cw_bytes_of(SHORT_BOX, 24)), CW_FORMAT_UNKNOWN);
}

static void does_not_know_anything_else(void **state)
{
    (void)state;
    static const char *const OTHERS[] = {"",
                                         "BM",
                                         "%PDF-1.7",
                                         "<svg xmlns=",
                                         "8BPS",
                                         "P6\n",
                                         "\xff\x0aJPEG XL",
                                         "RIFF1234WAVE",
                                         "GIF88a",
                                         "\0\0\0\x18"
                                         "ftypisom"};
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) {
        assert_int_equal(cw_sniff(cw_bytes_str(OTHERS[i])), CW_FORMAT_UNKNOWN);
    }
    static const char VIDEO[] = "\0\0\0\x14"
                                "ftypisom\0\0\0\0mp41";
    assert_int_equal(cw_sniff(cw_bytes_of(VIDEO, 20)), CW_FORMAT_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_every_format_that_is_read),
        cmocka_unit_test(finds_the_brand_among_the_compatible_ones),
        cmocka_unit_test(does_not_know_anything_else),
    };
    t_encode_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
