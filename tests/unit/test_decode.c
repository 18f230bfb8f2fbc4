/* test_decode.c - files of every kind through decoding and recipe 1, in this process. */
#include "hashing/recipe.h"
#include "tests/support/t_cmocka.h"

#include <string.h>

#include "hashing/picture_header.h"
#include "tests/support/t_encode.h"

#define NEAR 10 /* bits: PDQ's own rule for two decoders of one file */

static struct cw_recipe *recipe;

static int open_recipe(void **state)
{
    (void)state;
    const struct cw_decode_limits limits = {.max_pixels = 4000000,
                                            .max_held_bytes = 8000000};
    return cw_decode_init(NULL) != 0 || cw_recipe_new(&limits, &recipe, NULL) != 0;
}

static int close_recipe(void **state)
{
    (void)state;
    cw_recipe_free(&recipe);
    return 0;
}

static int run(const struct cw_buf *file, enum cw_strictness how,
               struct cw_fingerprint *out)
{
    struct cw_err err = {0};
    const int rc = cw_recipe_run(recipe, cw_buf_view(file), how, out, &err);
    assert_true(rc == 0 || err.text[0] != '\0');
    return rc;
}

static struct cw_fingerprint fingerprint(const struct t_image *p, enum t_pixels pixels,
                                         const char *suffix, unsigned orientation)
{
    struct cw_fingerprint fp;
    CW_AUTO(cw_buf_done) struct cw_buf file = t_encode(p, pixels, suffix, orientation);
    assert_int_equal(run(&file, CW_STRICT, &fp), 0);
    assert_false(fp.truncated);
    assert_int_equal(fp.recipe, CW_RECIPE_VIEWS);
    assert_true(fp.n_views >= 2 * CW_TURN_COUNT); /* a tiny one has no ink */
    assert_true(fp.n_views % CW_TURN_COUNT == 0);
    return fp;
}

static unsigned distance(const struct cw_fingerprint *a, const struct cw_fingerprint *b)
{
    return cw_hash_distance(&a->views[CW_TURN_ORIG].hash, &b->views[CW_TURN_ORIG].hash);
}

static void one_picture_has_one_hash_in_every_format(void **state)
{
    (void)state;
    static const struct {
        enum t_pixels pixels;
        const char *suffix;
        unsigned most; /* bits; 0 where nothing is lost */
    } CASES[] = {{T_RGB, ".png[interlace]", 0},
                 {T_RGB, ".tif[compression=lzw]", 0},
                 {T_RGB, ".tif[tile]", 0},
                 {T_RGB, ".webp[lossless]", 0},
                 {T_RGB16, ".png", 0},
                 {T_RGB16, ".tif", 0},
                 {T_GREY, ".png", 2},
                 {T_RGB, ".png[palette]", NEAR},
                 {T_RGB, ".gif", NEAR},
                 {T_RGB, ".webp[Q=90]", NEAR},
                 {T_RGB, ".jpg[Q=85]", NEAR},
                 {T_RGB, ".jpg[Q=85,interlace]", NEAR},
                 {T_RGB, ".jpg[Q=85,subsample_mode=off]", NEAR},
                 {T_GREY, ".jpg[Q=85]", NEAR},
                 {T_RGB, ".avif[Q=80]", NEAR},
                 {T_CMYK, ".jpg[Q=95]", 40}}; /* ink and back changes the tones */
    struct t_image p = t_image_draw(7, 700, 500);
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint png = fingerprint(&p, T_RGB, ".png", 0);
    assert_int_equal(png.quality, 100);
    assert_int_equal(png.width, 700);
    assert_int_equal(png.height, 500);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        CW_AUTO(cw_fingerprint_done)
        struct cw_fingerprint fp = fingerprint(&p, CASES[i].pixels, CASES[i].suffix, 0);
        if (distance(&png, &fp) > CASES[i].most) {
            fail_msg("%s: %u bits differ", CASES[i].suffix, distance(&png, &fp));
        }
    }
    t_image_done(&p);
}

static void every_orientation_gives_the_upright_hash(void **state)
{
    (void)state;
    static const char *const SUFFIXES[] = {".png", ".jpg[Q=90]", ".tif",
                                           ".webp[lossless]"};
    struct t_image upright = t_image_draw(11, 640, 400);
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint expected = fingerprint(&upright, T_RGB, ".png", 0);
    for (unsigned orientation = 1; orientation <= 8; orientation++) {
        struct t_image stored = t_image_stored(&upright, orientation);
        for (size_t i = 0; i < sizeof SUFFIXES / sizeof SUFFIXES[0]; i++) {
            CW_AUTO(cw_fingerprint_done)
            struct cw_fingerprint fp =
                fingerprint(&stored, T_RGB, SUFFIXES[i], orientation);
            assert_int_equal(fp.width, 640);
            assert_int_equal(fp.height, 400);
            assert_true(distance(&expected, &fp) <= (i == 1 ? NEAR : 0));
        }
        t_image_done(&stored);
    }
    t_image_done(&upright);
}

/* The lower half is transparent over a drawing that must not be seen. */
static void transparency_is_white(void **state)
{
    (void)state;
    struct t_image p = t_image_draw(5, 300, 200);
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint seen = fingerprint(&p, T_RGBA, ".png", 0);
    memset(p.rgb + (size_t)300 * 100 * 3, 255, (size_t)300 * 100 * 3);
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint white = fingerprint(&p, T_RGB, ".png", 0);
    assert_int_equal(distance(&seen, &white), 0);
    t_image_done(&p);
}

static void a_cut_file_is_corrupt_or_truncated(void **state)
{
    (void)state;
    static const char *const SUFFIXES[] = {".jpg[Q=90]", ".jpg[interlace]", ".png"};
    struct t_image p = t_image_draw(5, 600, 400);
    for (size_t i = 0; i < sizeof SUFFIXES / sizeof SUFFIXES[0]; i++) {
        struct cw_fingerprint fp;
        CW_AUTO(cw_buf_done) struct cw_buf file = t_encode(&p, T_RGB, SUFFIXES[i], 0);
        file.len = file.len * 2 / 3;
        assert_int_equal(run(&file, CW_STRICT, &fp), CW_E_CORRUPT);
        assert_int_equal(run(&file, CW_LENIENT, &fp), 0);
        assert_true(fp.truncated);
        cw_fingerprint_done(&fp);
    }
    t_image_done(&p);
}

static void what_is_left_of_a_cut_jpeg_still_matches(void **state)
{
    (void)state;
    struct t_image p = t_image_draw(5, 600, 400);
    struct cw_fingerprint fp;
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint whole = fingerprint(&p, T_RGB, ".jpg[Q=90]", 0);
    CW_AUTO(cw_buf_done) struct cw_buf file = t_encode(&p, T_RGB, ".jpg[Q=90]", 0);
    file.len -= file.len / 20;
    assert_int_equal(run(&file, CW_LENIENT, &fp), 0);
    assert_true(fp.truncated);
    assert_true(distance(&whole, &fp) <= 48);
    cw_fingerprint_done(&fp);
    t_image_done(&p);
}

static void files_that_are_no_picture_are_named_so(void **state)
{
    (void)state;
    struct cw_fingerprint fp;
    struct cw_buf none = CW_BUF_INIT(1);
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(100);
    CW_AUTO(cw_buf_done) struct cw_buf stub = CW_BUF_INIT(100);
    cw_buf_add_str(&text, "<svg xmlns='http://www.w3.org/2000/svg'/>");
    cw_buf_add(&stub, "\xff\xd8\xff\xe0", 4);
    assert_int_equal(run(&none, CW_STRICT, &fp), CW_E_INVALID);
    assert_int_equal(run(&text, CW_LENIENT, &fp), CW_E_UNSUPPORTED);
    assert_int_equal(run(&stub, CW_LENIENT, &fp), CW_E_CORRUPT);
}

/* Rewrites the size in the header of a PNG (with its checksum) or of a JPEG. */
static void claim_size(struct cw_buf *file, bool png)
{
    static const uint8_t HUGE_IHDR[] = {0, 0, 0xfa, 0xfa, 0, 0, 0xfa, 0xfa};
    if (png) {
        memcpy(file->p + 16, HUGE_IHDR, sizeof HUGE_IHDR);
        return;
    }
    for (size_t i = 0; i + 9 < file->len; i++) {
        if (file->p[i] == 0xff && file->p[i + 1] == 0xc0) {
            memset(file->p + i + 5, 0xfa, 4);
            return;
        }
    }
    fail_msg("no frame header");
}

static void a_huge_size_is_refused_before_its_pixels(void **state)
{
    (void)state;
    struct t_image p = t_image_draw(5, 60, 40);
    struct cw_fingerprint fp;
    CW_AUTO(cw_buf_done) struct cw_buf jpeg = t_encode(&p, T_RGB, ".jpg", 0);
    claim_size(&jpeg, false);
    assert_int_equal(run(&jpeg, CW_LENIENT, &fp), CW_E_TOO_LARGE);
    CW_AUTO(cw_buf_done) struct cw_buf png = t_encode(&p, T_RGB, ".png", 0);
    claim_size(&png, true);
    const int rc = run(&png, CW_STRICT, &fp); /* libpng may see the bad checksum first */
    assert_true(rc == CW_E_TOO_LARGE || rc == CW_E_CORRUPT);
    t_image_done(&p);
}

static void pictures_over_the_limits_are_refused(void **state)
{
    (void)state;
    struct cw_fingerprint fp;
    struct t_image wide = t_image_draw(5, 2100, 2000);
    CW_AUTO(cw_buf_done) struct cw_buf jpeg = t_encode(&wide, T_RGB, ".jpg", 0);
    CW_AUTO(cw_buf_done) struct cw_buf png = t_encode(&wide, T_RGB, ".png", 0);
    assert_int_equal(run(&jpeg, CW_STRICT, &fp), CW_E_TOO_LARGE);
    assert_int_equal(run(&png, CW_STRICT, &fp), CW_E_TOO_LARGE);
    t_image_done(&wide);
}

static void kinds_that_are_held_whole_have_a_lower_limit(void **state)
{
    (void)state;
    struct t_image p = t_image_draw(5, 1900, 1500);
    static const struct {
        const char *suffix;
        int rc;
    } CASES[] = {{".jpg", 0},
                 {".png", 0},
                 {".jpg[interlace]", CW_E_TOO_LARGE},
                 {".png[interlace]", CW_E_TOO_LARGE},
                 {".webp[lossless,effort=0]", CW_E_TOO_LARGE}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        CW_AUTO(cw_buf_done) struct cw_buf file = t_encode(&p, T_RGB, CASES[i].suffix, 0);
        struct cw_fingerprint fp = {0};
        assert_int_equal(run(&file, CW_STRICT, &fp), CASES[i].rc);
        cw_fingerprint_done(&fp);
    }
    t_image_done(&p);
}

static void a_gif_that_lies_about_its_canvas_is_refused(void **state)
{
    (void)state;
    static const uint8_t LIE[] = {
        'G', 'I',  'F',  '8',  '9',  'a',  10, 0, 10, 0, 0x80, 0, 0, 0,    0, 0, 255, 255,
        255, 0x2c, 0x60, 0xea, 0x60, 0xea, 50, 0, 50, 0, 0,    2, 2, 0x4c, 1, 0, 0x3b};
    struct cw_fingerprint fp;
    CW_AUTO(cw_buf_done) struct cw_buf file = CW_BUF_INIT(100);
    cw_buf_add(&file, LIE, sizeof LIE);
    assert_int_equal(run(&file, CW_LENIENT, &fp), CW_E_TOO_LARGE);
}

static void jpegs_nobody_here_decodes_are_unsupported(void **state)
{
    (void)state;
    struct cw_fingerprint fp;
    CW_AUTO(cw_buf_done) struct cw_buf deep = CW_BUF_INIT(100);
    cw_buf_add(&deep, "\xff\xd8\xff\xc1\0\x0b\x0c\0\x10\0\x10\1\1\x11\0\xff\xd9", 17);
    assert_int_equal(run(&deep, CW_LENIENT, &fp), CW_E_UNSUPPORTED);
    deep.p[3] = 0xc3; /* lossless */
    deep.p[6] = 8;
    assert_int_equal(run(&deep, CW_LENIENT, &fp), CW_E_UNSUPPORTED);
}

static void a_name_does_not_make_a_format(void **state)
{
    (void)state;
    struct t_image p = t_image_draw(5, 60, 40);
    struct cw_fingerprint fp;
    CW_AUTO(cw_buf_done) struct cw_buf file = t_encode(&p, T_RGB, ".png", 0);
    memcpy(file.p, "\xff\xd8\xff", 3); /* says JPEG, is none */
    assert_int_equal(run(&file, CW_LENIENT, &fp), CW_E_CORRUPT);
    t_image_done(&p);
}

static void a_tiny_picture_is_read_and_has_no_quality(void **state)
{
    (void)state;
    struct t_image p = t_image_draw(5, 3, 2);
    CW_AUTO(cw_fingerprint_done)
    struct cw_fingerprint fp = fingerprint(&p, T_RGB, ".png", 0);
    assert_int_equal(fp.width, 3);
    assert_int_equal(fp.quality, 0);
    t_image_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_picture_has_one_hash_in_every_format),
        cmocka_unit_test(every_orientation_gives_the_upright_hash),
        cmocka_unit_test(transparency_is_white),
        cmocka_unit_test(a_cut_file_is_corrupt_or_truncated),
        cmocka_unit_test(what_is_left_of_a_cut_jpeg_still_matches),
        cmocka_unit_test(files_that_are_no_picture_are_named_so),
        cmocka_unit_test(a_huge_size_is_refused_before_its_pixels),
        cmocka_unit_test(pictures_over_the_limits_are_refused),
        cmocka_unit_test(kinds_that_are_held_whole_have_a_lower_limit),
        cmocka_unit_test(a_gif_that_lies_about_its_canvas_is_refused),
        cmocka_unit_test(jpegs_nobody_here_decodes_are_unsupported),
        cmocka_unit_test(a_name_does_not_make_a_format),
        cmocka_unit_test(a_tiny_picture_is_read_and_has_no_quality),
    };
    t_encode_init();
    return cmocka_run_group_tests(tests, open_recipe, close_recipe);
}
