/* Refusals: every code has a status and a document, and no inner text gets out. */
#include "tests/support/t_cmocka.h"

#include <string.h>

#include "base/json_read.h"
#include "server/problem.h"

static struct cw_json *document(const struct cw_refusal *why, struct cw_buf *out)
{
    struct cw_json *root = NULL;
    *out = CW_BUF_INIT(4096);
    cw_problem_write(out, why, "00112233aabbccdd");
    assert_int_equal(cw_buf_check(out, "the document", NULL), 0);
    assert_int_equal(cw_json_parse(cw_buf_view(out), &root, NULL), 0);
    return root;
}

static void every_code_makes_a_document(void **state)
{
    (void)state;
    for (int p = 0; p < CW_P_COUNT; p++) {
        struct cw_refusal why;
        struct cw_buf text;
        struct cw_bytes code;
        uint64_t status;
        cw_refuse(&why, (enum cw_problem)p, "", "a \"detail\"\n");
        struct cw_json *root = document(&why, &text);
        assert_true(cw_json_text(cw_json_get(root, "code"), &code));
        assert_true(cw_bytes_equal_str(code, cw_problem_code((enum cw_problem)p)));
        assert_true(cw_json_u64(cw_json_get(root, "status"), &status));
        assert_int_equal(status, cw_problem_status((enum cw_problem)p));
        assert_in_range(status, 400, 599);
        assert_null(cw_json_get(root, "errors"));
        cw_json_free(&root);
        cw_buf_done(&text);
    }
}

static void a_pointer_names_the_culprit(void **state)
{
    struct cw_refusal why;
    struct cw_buf text;
    struct cw_bytes pointer;
    (void)state;
    cw_refuse(&why, CW_P_BAD_FIELD, "/a~1b", "must be a string");
    struct cw_json *root = document(&why, &text);
    assert_true(cw_json_text(
        cw_json_get(cw_json_at(cw_json_get(root, "errors"), 0), "pointer"), &pointer));
    assert_true(cw_bytes_equal_str(pointer, "/a~1b"));
    cw_json_free(&root);
    cw_buf_done(&text);
}

static void our_own_faults_are_not_described(void **state)
{
    static const enum cw_code inner[] = {CW_E_INTERNAL, CW_E_CORRUPT, CW_E_IO,
                                         CW_E_UNKNOWN,  CW_E_BUSY,    CW_E_NO_MEMORY};
    (void)state;
    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++) {
        struct cw_err err;
        struct cw_refusal why;
        (void)cw_fail(&err, inner[i], "/var/lib/secret is broken");
        assert_int_equal(cw_refuse_failure(&why, &err), -1);
        assert_null(strstr(why.detail, "secret"));
        assert_true(cw_problem_status(why.problem) >= 500);
    }
}

static void pictures_have_codes_of_their_own(void **state)
{
    static const struct {
        enum cw_code code;
        enum cw_problem problem;
    } cases[] = {
        {CW_E_INVALID, CW_P_EMPTY_BODY},
        {CW_E_UNSUPPORTED, CW_P_NOT_A_PICTURE},
        {CW_E_CORRUPT, CW_P_DAMAGED_PICTURE},
        {CW_E_TOO_LARGE, CW_P_PICTURE_TOO_LARGE},
        {CW_E_TIMEOUT, CW_P_PICTURE_TOO_COSTLY},
        {CW_E_INTERNAL, CW_P_DAMAGED_PICTURE},
        {CW_E_BUSY, CW_P_BUSY},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cw_err err;
        struct cw_refusal why;
        (void)cw_fail(&err, cases[i].code, "x");
        assert_int_equal(cw_refuse_picture(&why, &err), -1);
        assert_int_equal(why.problem, cases[i].problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_makes_a_document),
        cmocka_unit_test(a_pointer_names_the_culprit),
        cmocka_unit_test(our_own_faults_are_not_described),
        cmocka_unit_test(pictures_have_codes_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
