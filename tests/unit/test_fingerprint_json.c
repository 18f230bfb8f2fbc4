#include "hashing/fingerprint.h"
#include "tests/support/t_cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
#define FULL(members)                                                                    \
    "{\"recipe\":1,\"views\":[{\"kind\":\"pdq\",\"hash\":\"" HASH "\"}]" members "}"

static int read_text(const char *text, struct cw_fingerprint *out, char pointer[96])
{
    CW_AUTO(cw_json_free) struct cw_json *v = NULL;
    assert_int_equal(cw_json_parse(cw_bytes_str(text), &v, NULL), 0);
    return cw_fingerprint_read_json(v, out, pointer, NULL);
}

static void assert_code_at(const char *text, int code, const char *expected)
{
    struct cw_fingerprint fp = {.width = 42};
    char pointer[96] = "?";
    assert_int_equal(read_text(text, &fp, pointer), code);
    assert_string_equal(pointer, expected);
    assert_int_equal(fp.width, 42);
}

static void assert_refused_at(const char *text, const char *expected)
{
    assert_code_at(text, CW_E_INVALID, expected);
}

static void assert_unknown_at(const char *text, const char *expected)
{
    assert_code_at(text, CW_E_UNSUPPORTED, expected);
}

static void a_bare_pdq_is_a_fingerprint(void **state)
{
    (void)state;
    struct cw_fingerprint fp;
    char pointer[96];
    assert_int_equal(read_text("{\"pdq\":\"" HASH "\",\"quality\":33}", &fp, pointer), 0);
    assert_int_equal(fp.recipe, CW_RECIPE_PDQ);
    assert_int_equal(fp.quality, 33);
    assert_int_equal(fp.n_views, CW_TURN_COUNT);
    assert_false(fp.has_sha256);
    assert_int_equal(fp.views[0].hash.b[0], 0xf8);
}

static void a_bare_pdq_without_quality_has_the_best(void **state)
{
    (void)state;
    struct cw_fingerprint fp;
    char pointer[96];
    assert_int_equal(
        read_text("{\"pdq\":\"" HASH "\",\"sha256\":\"" HASH "\"}", &fp, pointer), 0);
    assert_int_equal(fp.quality, 100);
    assert_true(fp.has_sha256);
    assert_int_equal(fp.sha256[31], 0x22);
}

static void written_form_is_read_back_unchanged(void **state)
{
    (void)state;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint back = {0};
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(1 << 20);
    CW_AUTO(cw_buf_done) struct cw_buf a = CW_BUF_INIT(CW_FP_MAX_BYTES);
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(CW_FP_MAX_BYTES);
    char pointer[96];
    assert_int_equal(
        read_text(FULL(",\"library\":\"libvips 8\",\"width\":7,\"height\":8,"
                       "\"quality\":9,\"truncated\":true,\"sha256\":\"" HASH "\""),
                  &fp, pointer),
        0);
    fp.local = calloc(2, sizeof *fp.local);
    assert_non_null(fp.local);
    fp.n_local = 2;
    fp.local[1].scale = 500;
    struct cw_jw w = cw_jw_of(&text);
    cw_fingerprint_write_json(&fp, &w);
    assert_int_equal(read_text(cw_buf_str(&text), &back, pointer), 0);
    cw_fingerprint_encode(&fp, &a);
    cw_fingerprint_encode(&back, &b);
    assert_true(cw_bytes_equal(cw_buf_view(&a), cw_buf_view(&b)));
    assert_int_equal(back.local[1].scale, 500);
}

static void refusals_point_at_the_culprit(void **state)
{
    (void)state;
    assert_refused_at("[]", "");
    assert_refused_at("{}", "/recipe");
    assert_refused_at("{\"pdq\":7}", "/pdq");
    assert_refused_at("{\"pdq\":\"00\"}", "/pdq");
    assert_unknown_at("{\"pdq\":\"" HASH "\",\"views\":[]}", "/views");
    assert_refused_at("{\"pdq\":\"" HASH "\",\"quality\":101}", "/quality");
    assert_refused_at("{\"pdq\":\"" HASH "\",\"quality\":-1}", "/quality");
    assert_refused_at("{\"pdq\":\"" HASH "\",\"sha256\":\"0\"}", "/sha256");
    assert_unknown_at(FULL(",\"colour\":1"), "/colour");
    assert_refused_at(FULL(",\"width\":99999999"), "/width");
    assert_refused_at(FULL(",\"height\":\"3\""), "/height");
    assert_refused_at(FULL(",\"truncated\":1"), "/truncated");
    assert_refused_at(FULL(",\"library\":7"), "/library");
    assert_refused_at(FULL(",\"library\":\"\\u00e9\""), "/library");
    assert_refused_at(FULL(",\"local\":\"AAAA\""), "/local");
    assert_refused_at("{\"recipe\":3,\"views\":[]}", "/recipe");
    assert_refused_at("{\"recipe\":2,\"views\":[{\"kind\":\"pdq\",\"hash\":\"" HASH
                      "\",\"area\":[0,0,9]}]}",
                      "/views/0/area");
    assert_refused_at("{\"recipe\":2,\"views\":[{\"kind\":\"pdq\",\"hash\":\"" HASH
                      "\",\"area\":[0,0,65536,1]}]}",
                      "/views/0/area");
    assert_refused_at("{\"recipe\":2,\"views\":[{\"kind\":\"pdq\",\"hash\":\"" HASH
                      "\",\"area\":[5,0,5,9]}]}",
                      "/views");
    assert_refused_at("{\"recipe\":1,\"views\":[{\"kind\":\"pdq\",\"hash\":\"" HASH
                      "\"},{\"kind\":\"ink\",\"hash\":\"" HASH "\"}]}",
                      "/views");
    assert_refused_at("{\"recipe\":1}", "/views");
    assert_refused_at("{\"recipe\":1,\"views\":[7]}", "/views/0");
    assert_unknown_at("{\"recipe\":1,\"views\":[{\"kind\":\"pdq\",\"x\":1}]}",
                      "/views/0/x");
    assert_refused_at("{\"recipe\":1,\"views\":[{\"kind\":\"dhash\",\"hash\":\"" HASH
                      "\"}]}",
                      "/views/0/kind");
    assert_refused_at("{\"recipe\":1,\"views\":[{\"kind\":\"pdq\",\"hash\":\"zz\"}]}",
                      "/views/0/hash");
    assert_refused_at("{\"recipe\":1,\"views\":[{\"kind\":\"pdq-rot90\",\"hash\":\"" HASH
                      "\"}]}",
                      "/views");
}

/* Descriptors make matches of a kind of their own, but no view. */
static void a_view_of_local_descriptors_is_refused(void **state)
{
    static const char *const NAMES[] = {"local", "local-rot90", "6"};
    (void)state;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        char text[512];
        (void)snprintf(text, sizeof text,
                       "{\"recipe\":2,\"views\":[{\"kind\":\"pdq\",\"hash\":\"" HASH
                       "\"},{\"kind\":\"%s\",\"hash\":\"" HASH "\"}]}",
                       NAMES[i]);
        assert_refused_at(text, "/views/1/kind");
    }
    assert_refused_at("{\"recipe\":2,\"views\":[{\"kind\":6,\"hash\":\"" HASH "\"}]}",
                      "/views/0/kind");
}

static void unknown_names_are_escaped_in_the_pointer(void **state)
{
    (void)state;
    assert_unknown_at(FULL(",\"a/b~c\":1"), "/a~1b~0c");
}

static void a_long_unknown_name_does_not_overflow_the_pointer(void **state)
{
    (void)state;
    char text[600];
    memset(text, 'k', sizeof text);
    memcpy(text, "{\"", 2);
    memcpy(text + sizeof text - 5, "\":1}", 5);
    struct cw_fingerprint fp;
    char pointer[96];
    assert_int_equal(read_text(text, &fp, pointer), CW_E_UNSUPPORTED);
    assert_true(strlen(pointer) < sizeof pointer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bare_pdq_is_a_fingerprint),
        cmocka_unit_test(a_bare_pdq_without_quality_has_the_best),
        cmocka_unit_test(written_form_is_read_back_unchanged),
        cmocka_unit_test(refusals_point_at_the_culprit),
        cmocka_unit_test(a_view_of_local_descriptors_is_refused),
        cmocka_unit_test(unknown_names_are_escaped_in_the_pointer),
        cmocka_unit_test(a_long_unknown_name_does_not_overflow_the_pointer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
