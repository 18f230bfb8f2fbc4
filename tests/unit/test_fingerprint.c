#include "hashing/fingerprint.h"
#include "tests/support/t_cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "hashing/pdq.h"

#define HEAD_LEN 14 /* up to the library's length byte */

static struct cw_hash some_hash(uint8_t seed)
{
    struct cw_hash h;
    for (unsigned i = 0; i < CW_HASH_BYTES; i++) {
        h.b[i] = (uint8_t)(seed * 31 + i * 7);
    }
    return h;
}

/* A fingerprint with everything in it. */
static struct cw_fingerprint full_fingerprint(void)
{
    struct cw_fingerprint fp;
    const struct cw_hash pdq = some_hash(1);
    cw_fingerprint_from_pdq(&pdq, &fp);
    memcpy(fp.library, "libvips 8.14.1", 15);
    fp.width = 1920;
    fp.height = 1080;
    fp.quality = 87;
    fp.truncated = true;
    fp.has_sha256 = true;
    memset(fp.sha256, 0xab, sizeof fp.sha256);
    fp.n_local = 3;
    fp.local = calloc(3, sizeof *fp.local);
    assert_non_null(fp.local);
    for (uint8_t i = 0; i < 3; i++) {
        fp.local[i] = (struct cw_local){some_hash(i), i, 2, 3, 65535};
    }
    return fp;
}

static struct cw_buf encoded(const struct cw_fingerprint *fp)
{
    struct cw_buf out = CW_BUF_INIT(CW_FP_MAX_BYTES);
    cw_fingerprint_encode(fp, &out);
    assert_int_equal(cw_buf_check(&out, "test", NULL), 0);
    return out;
}

static void assert_refused(const struct cw_buf *bytes)
{
    struct cw_fingerprint out = {.width = 42};
    struct cw_err err = {0};
    assert_int_equal(cw_fingerprint_decode(cw_buf_view(bytes), &out, &err), CW_E_CORRUPT);
    assert_int_equal(out.width, 42);
    assert_true(err.text[0] != '\0');
}

static void binary_form_keeps_everything(void **state)
{
    (void)state;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = full_fingerprint();
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint back = {0};
    CW_AUTO(cw_buf_done) struct cw_buf bytes = encoded(&fp);
    CW_AUTO(cw_buf_done) struct cw_buf again = {0};
    assert_int_equal(cw_fingerprint_decode(cw_buf_view(&bytes), &back, NULL), 0);
    assert_int_equal(back.n_local, 3);
    assert_int_equal(back.local[2].angle, 65535);
    assert_string_equal(back.library, fp.library);
    again = encoded(&back);
    assert_true(cw_bytes_equal(cw_buf_view(&bytes), cw_buf_view(&again)));
}

static void binary_form_is_the_documented_one(void **state)
{
    (void)state;
    struct cw_fingerprint fp = {.recipe = 1, .width = 0x0102, .height = 3, .quality = 99};
    fp.n_views = 1;
    fp.views[0] =
        (struct cw_view){CW_VIEW_PDQ, CW_TURN_ORIG, CW_AREA_WHOLE, some_hash(9)};
    CW_AUTO(cw_buf_done) struct cw_buf bytes = encoded(&fp);
    static const uint8_t HEAD[] = {2, 0, 0, 1, 0, 0, 1, 2, 0, 0,    0,    3,    99,
                                   0, 0, 1, 1, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
    assert_int_equal(bytes.len, sizeof HEAD + CW_HASH_BYTES + 2);
    assert_memory_equal(bytes.p, HEAD, sizeof HEAD);
    assert_memory_equal(bytes.p + sizeof HEAD, fp.views[0].hash.b, CW_HASH_BYTES);
}

static void the_first_version_is_still_read(void **state)
{
    (void)state;
    static const uint8_t HEAD[] = {1, 0, 0, 1, 0, 0, 1, 2, 0, 0, 0, 3, 99, 0, 1, 1, 0};
    const struct cw_hash hash = some_hash(9);
    struct cw_fingerprint fp;
    CW_AUTO(cw_buf_done) struct cw_buf bytes = CW_BUF_INIT(100);
    cw_buf_add(&bytes, HEAD, sizeof HEAD);
    cw_buf_add(&bytes, hash.b, CW_HASH_BYTES);
    cw_put_u16(&bytes, 0);
    assert_int_equal(cw_fingerprint_decode(cw_buf_view(&bytes), &fp, NULL), 0);
    assert_int_equal(fp.n_views, 1);
    assert_memory_equal(fp.views[0].hash.b, hash.b, CW_HASH_BYTES);
    assert_int_equal(fp.views[0].area.right, UINT16_MAX);
}

static void views_of_parts_are_kept(void **state)
{
    (void)state;
    struct cw_fingerprint fp, back;
    const struct cw_hash pdq = some_hash(1);
    cw_fingerprint_from_pdq(&pdq, &fp);
    fp.recipe = CW_RECIPE_VIEWS;
    const struct cw_area16 left = {0, 0, 30000, 65535}, right = {30000, 1, 65535, 65535};
    fp.views[fp.n_views++] = (struct cw_view){CW_VIEW_INK_RECT, 3, left, some_hash(2)};
    fp.views[fp.n_views++] = (struct cw_view){CW_VIEW_INK_RECT, 3, right, some_hash(2)};
    CW_AUTO(cw_buf_done) struct cw_buf bytes = encoded(&fp);
    assert_int_equal(cw_fingerprint_decode(cw_buf_view(&bytes), &back, NULL), 0);
    assert_int_equal(back.n_views, CW_TURN_COUNT + 2);
    assert_int_equal(back.views[CW_TURN_COUNT + 1].area.left, 30000);
    assert_int_equal(back.views[CW_TURN_COUNT + 1].area.top, 1);
    fp.views[fp.n_views - 1].area = left; /* now there are two of it */
    CW_AUTO(cw_buf_done) struct cw_buf twice = encoded(&fp);
    assert_refused(&twice);
    fp.views[fp.n_views - 1].area = (struct cw_area16){7, 7, 7, 9};
    CW_AUTO(cw_buf_done) struct cw_buf nothing = encoded(&fp);
    assert_refused(&nothing);
}

static void every_shortened_record_is_refused(void **state)
{
    (void)state;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = full_fingerprint();
    CW_AUTO(cw_buf_done) struct cw_buf bytes = encoded(&fp);
    const size_t whole = bytes.len;
    for (bytes.len = 0; bytes.len < whole; bytes.len++) {
        assert_refused(&bytes);
    }
}

static void bytes_after_the_end_are_refused(void **state)
{
    (void)state;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = full_fingerprint();
    CW_AUTO(cw_buf_done) struct cw_buf bytes = encoded(&fp);
    cw_put_u8(&bytes, 0);
    assert_refused(&bytes);
}

static void assert_byte_refused(size_t at, uint8_t value)
{
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = full_fingerprint();
    CW_AUTO(cw_buf_done) struct cw_buf bytes = encoded(&fp);
    bytes.p[at] = value;
    assert_refused(&bytes);
}

static void nonsense_in_any_field_is_refused(void **state)
{
    (void)state;
    const size_t views = HEAD_LEN + 14 + 32;
    assert_byte_refused(0, 3);               /* version */
    assert_byte_refused(0, 1);               /* its views are shorter */
    assert_byte_refused(1, 0x83);            /* flags */
    assert_byte_refused(3, 7);               /* recipe */
    assert_byte_refused(4, 0xff);            /* width */
    assert_byte_refused(12, 101);            /* quality */
    assert_byte_refused(13, 255);            /* length of the library's name */
    assert_byte_refused(HEAD_LEN + 2, '\n'); /* a letter of it */
    assert_byte_refused(HEAD_LEN + 2, 0);
    assert_byte_refused(views, 2);               /* count of views, high byte */
    assert_byte_refused(views + 1, 0);           /* low byte */
    assert_byte_refused(views + 2, 9);           /* kind */
    assert_byte_refused(views + 2, CW_VIEW_INK); /* not of this recipe */
    assert_byte_refused(views + 3, 8);           /* turn */
    assert_byte_refused(views + 3, 1);           /* a view twice, and none upright */
}

static void too_many_descriptors_are_refused(void **state)
{
    (void)state;
    struct cw_fingerprint fp;
    const struct cw_hash pdq = some_hash(1);
    cw_fingerprint_from_pdq(&pdq, &fp);
    CW_AUTO(cw_buf_done) struct cw_buf bytes = encoded(&fp);
    bytes.len -= 2;
    cw_put_u16(&bytes, CW_FP_MAX_LOCAL + 1);
    const uint8_t zeroes[40] = {0};
    for (int i = 0; i < CW_FP_MAX_LOCAL + 1; i++) {
        cw_buf_add(&bytes, zeroes, sizeof zeroes);
    }
    assert_false(bytes.failed);
    assert_refused(&bytes);
}

/* Descriptors make matches of a kind of their own, but no view. */
static void a_view_of_local_descriptors_is_refused(void **state)
{
    (void)state;
    for (uint8_t kind = CW_VIEW_LOCAL; kind < CW_VIEW_LOCAL + 3; kind++) {
        struct cw_fingerprint fp;
        const struct cw_hash pdq = some_hash(1);
        cw_fingerprint_from_pdq(&pdq, &fp);
        fp.recipe = CW_RECIPE_VIEWS;
        fp.views[fp.n_views++] =
            (struct cw_view){kind, CW_TURN_ORIG, CW_AREA_WHOLE, some_hash(2)};
        CW_AUTO(cw_buf_done) struct cw_buf bytes = encoded(&fp);
        assert_refused(&bytes);
        fp.views[fp.n_views - 1].kind = CW_VIEW_INK; /* that was the only fault */
        CW_AUTO(cw_buf_done) struct cw_buf good = encoded(&fp);
        CW_AUTO(cw_fingerprint_done) struct cw_fingerprint back = {0};
        assert_int_equal(cw_fingerprint_decode(cw_buf_view(&good), &back, NULL), 0);
    }
}

static void descriptors_alone_survive_the_round_trip(void **state)
{
    (void)state;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = full_fingerprint();
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint back = {.width = 42};
    CW_AUTO(cw_buf_done) struct cw_buf bytes = CW_BUF_INIT(1000);
    fp.local[1] = (struct cw_local){some_hash(9), 0x0102, 0x0304, 0x0506, 0x0708};
    cw_fingerprint_encode_local(&fp, &bytes);
    assert_int_equal(bytes.len, 3 * CW_FP_LOCAL_BYTES);
    static const uint8_t POSE[] = {1, 2, 3, 4, 5, 6, 7, 8};
    assert_memory_equal(bytes.p + CW_FP_LOCAL_BYTES + CW_HASH_BYTES, POSE, sizeof POSE);
    assert_int_equal(cw_fingerprint_decode_local(cw_buf_view(&bytes), &back, NULL), 0);
    assert_int_equal(back.n_local, 3);
    assert_memory_equal(back.local, fp.local, 3 * sizeof *fp.local);
    assert_int_equal(back.width, 42);
}

static void descriptors_alone_are_the_end_of_the_whole(void **state)
{
    (void)state;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = full_fingerprint();
    CW_AUTO(cw_buf_done) struct cw_buf local = CW_BUF_INIT(1000);
    CW_AUTO(cw_buf_done) struct cw_buf whole = encoded(&fp);
    cw_fingerprint_encode_local(&fp, &local);
    assert_memory_equal(whole.p + whole.len - local.len, local.p, local.len);
}

static void no_descriptors_are_none(void **state)
{
    (void)state;
    const struct cw_fingerprint none = {0};
    struct cw_fingerprint back = {0};
    CW_AUTO(cw_buf_done) struct cw_buf bytes = CW_BUF_INIT(1000);
    cw_fingerprint_encode_local(&none, &bytes);
    assert_int_equal(bytes.len, 0);
    assert_int_equal(cw_fingerprint_decode_local(cw_buf_view(&bytes), &back, NULL), 0);
    assert_int_equal(back.n_local, 0);
    assert_null(back.local);
}

static void descriptors_of_a_bad_length_are_refused(void **state)
{
    static const size_t LENGTHS[] = {1, CW_FP_LOCAL_BYTES - 1, CW_FP_LOCAL_BYTES + 1,
                                     2 * CW_FP_LOCAL_BYTES + CW_HASH_BYTES,
                                     (CW_FP_MAX_LOCAL + 1) * CW_FP_LOCAL_BYTES};
    (void)state;
    for (size_t i = 0; i < sizeof LENGTHS / sizeof *LENGTHS; i++) {
        struct cw_fingerprint back = {0};
        struct cw_err err = {0};
        uint8_t *bytes = calloc(1, LENGTHS[i]);
        assert_non_null(bytes);
        assert_int_equal(
            cw_fingerprint_decode_local(cw_bytes_of(bytes, LENGTHS[i]), &back, &err),
            CW_E_CORRUPT);
        assert_int_equal(back.n_local, 0);
        assert_null(back.local);
        assert_true(err.text[0] != '\0');
        free(bytes);
    }
}

static void as_many_descriptors_as_allowed_are_taken(void **state)
{
    (void)state;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint back = {0};
    const size_t len = CW_FP_MAX_LOCAL * CW_FP_LOCAL_BYTES;
    uint8_t *bytes = calloc(1, len);
    assert_non_null(bytes);
    assert_int_equal(cw_fingerprint_decode_local(cw_bytes_of(bytes, len), &back, NULL),
                     0);
    assert_int_equal(back.n_local, CW_FP_MAX_LOCAL);
    free(bytes);
}

static void a_bare_pdq_has_all_eight_turns(void **state)
{
    (void)state;
    const struct cw_hash pdq = some_hash(5);
    struct cw_fingerprint fp;
    cw_fingerprint_from_pdq(&pdq, &fp);
    assert_int_equal(fp.recipe, CW_RECIPE_PDQ);
    for (int turn = 0; turn < CW_TURN_COUNT; turn++) {
        const struct cw_view *view =
            cw_fingerprint_view(&fp, CW_VIEW_PDQ, (enum cw_turn)turn);
        const struct cw_hash expected = cw_pdq_turn_bits(&pdq, (enum cw_turn)turn);
        assert_non_null(view);
        assert_memory_equal(&view->hash, &expected, sizeof expected);
    }
}

static void views_have_the_names_of_the_wire(void **state)
{
    (void)state;
    assert_string_equal(cw_view_name(CW_VIEW_PDQ, CW_TURN_ORIG), "pdq");
    assert_string_equal(cw_view_name(CW_VIEW_PDQ, CW_TURN_FLIPMINUS), "pdq-flipminus");
    assert_null(cw_view_name(CW_VIEW_PDQ, CW_TURN_COUNT));
    assert_null(cw_view_name(0, 0));
    assert_string_equal(cw_view_name(CW_VIEW_LOCAL, CW_TURN_ORIG), "local");
    assert_null(cw_view_name(CW_VIEW_KINDS, CW_TURN_ORIG));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binary_form_keeps_everything),
        cmocka_unit_test(binary_form_is_the_documented_one),
        cmocka_unit_test(the_first_version_is_still_read),
        cmocka_unit_test(views_of_parts_are_kept),
        cmocka_unit_test(every_shortened_record_is_refused),
        cmocka_unit_test(bytes_after_the_end_are_refused),
        cmocka_unit_test(nonsense_in_any_field_is_refused),
        cmocka_unit_test(too_many_descriptors_are_refused),
        cmocka_unit_test(a_view_of_local_descriptors_is_refused),
        cmocka_unit_test(descriptors_alone_survive_the_round_trip),
        cmocka_unit_test(descriptors_alone_are_the_end_of_the_whole),
        cmocka_unit_test(no_descriptors_are_none),
        cmocka_unit_test(descriptors_of_a_bad_length_are_refused),
        cmocka_unit_test(as_many_descriptors_as_allowed_are_taken),
        cmocka_unit_test(a_bare_pdq_has_all_eight_turns),
        cmocka_unit_test(views_have_the_names_of_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
