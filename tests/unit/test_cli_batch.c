#include "cli/batch.h"
#include "tests/support/t_cmocka.h"

#include <stdlib.h>
#include <string.h>

static void a_batch_is_full_at_its_number_of_lines(void **state)
{
    (void)state;
    CW_AUTO(cw_batch_done) struct cw_batch batch = CW_BATCH_INIT;
    for (size_t i = 0; i < CW_BATCH_MAX_LINES; i++) {
        assert_true(cw_batch_fits(&batch, 2));
        assert_int_equal(cw_batch_add(&batch, cw_bytes_str("{}"), NULL), 0);
    }
    assert_false(cw_batch_fits(&batch, 2));
    assert_int_equal(batch.body.len, 3 * CW_BATCH_MAX_LINES);
    cw_batch_clear(&batch);
    assert_true(cw_batch_fits(&batch, 2));
    assert_int_equal(batch.body.len, 0);
}

static void a_batch_is_full_at_its_number_of_bytes(void **state)
{
    (void)state;
    CW_AUTO(cw_batch_done) struct cw_batch batch = CW_BATCH_INIT;
    const size_t half = CW_BATCH_MAX_BYTES / 2;
    char *line = malloc(half);
    assert_non_null(line);
    memset(line, 'x', half);
    assert_true(cw_batch_fits(&batch, CW_BATCH_MAX_BYTES - 1));
    assert_false(cw_batch_fits(&batch, CW_BATCH_MAX_BYTES));
    assert_int_equal(cw_batch_add(&batch, cw_bytes_of(line, half), NULL), 0);
    assert_false(cw_batch_fits(&batch, half));
    assert_false(cw_batch_fits(&batch, half - 1));
    assert_true(cw_batch_fits(&batch, half - 2));
    assert_int_equal(cw_batch_add(&batch, cw_bytes_of(line, half - 2), NULL), 0);
    assert_int_equal(batch.body.len, CW_BATCH_MAX_BYTES);
    assert_false(cw_batch_fits(&batch, 0));
    free(line);
}

static void lines_are_cut_off_one_by_one(void **state)
{
    (void)state;
    struct cw_bytes rest = cw_bytes_str("one\r\n\n\r\ntwo\nthree");
    struct cw_bytes line;
    assert_true(cw_line_next(&rest, &line));
    assert_true(cw_bytes_equal_str(line, "one"));
    assert_true(cw_line_next(&rest, &line));
    assert_true(cw_bytes_equal_str(line, "two"));
    assert_true(cw_line_next(&rest, &line));
    assert_true(cw_bytes_equal_str(line, "three"));
    assert_false(cw_line_next(&rest, &line));
}

static void no_text_has_no_lines(void **state)
{
    (void)state;
    struct cw_bytes rest = cw_bytes_str("\n\r\n");
    struct cw_bytes line;
    assert_false(cw_line_next(&rest, &line));
    rest = cw_bytes_of(NULL, 0);
    assert_false(cw_line_next(&rest, &line));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_full_at_its_number_of_lines),
        cmocka_unit_test(a_batch_is_full_at_its_number_of_bytes),
        cmocka_unit_test(lines_are_cut_off_one_by_one),
        cmocka_unit_test(no_text_has_no_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
