#include "hashing/hasher_protocol.h"
#include "tests/support/t_cmocka.h"

#include <string.h>

static struct cw_buf new_message(void)
{
    return CW_BUF_INIT(CW_HASHER_MAX_MESSAGE);
}

static void setup_arrives_as_sent(void **state)
{
    (void)state;
    const struct cw_hasher_setup sent = {7, 100000000, (uint64_t)640 << 20};
    struct cw_hasher_setup got;
    CW_AUTO(cw_buf_done) struct cw_buf m = new_message();
    cw_hasher_put_setup(&sent, &m);
    assert_int_equal(cw_hasher_get_setup(cw_buf_view(&m), &got, NULL), 0);
    assert_int_equal(got.cpu_seconds, 7);
    assert_true(got.max_pixels == sent.max_pixels &&
                got.memory_bytes == sent.memory_bytes);
}

static void picture_arrives_as_sent(void **state)
{
    (void)state;
    const struct cw_hasher_picture sent = {CW_LENIENT, 1234567890123};
    struct cw_hasher_picture got;
    CW_AUTO(cw_buf_done) struct cw_buf m = new_message();
    cw_hasher_put_picture(&sent, &m);
    assert_int_equal(cw_hasher_get_picture(cw_buf_view(&m), &got, NULL), 0);
    assert_true(got.how == CW_LENIENT && got.len == sent.len);
    m.p[2] = CW_FAST;
    assert_int_equal(cw_hasher_get_picture(cw_buf_view(&m), &got, NULL), 0);
    assert_int_equal(got.how, CW_FAST);
    m.p[2] = 3;
    assert_int_equal(cw_hasher_get_picture(cw_buf_view(&m), &got, NULL), CW_E_CORRUPT);
}

static void a_fingerprint_is_an_answer(void **state)
{
    (void)state;
    const struct cw_hash pdq = {.b = {1, 2, 3}};
    struct cw_fingerprint fp;
    struct cw_fingerprint got;
    struct cw_err failure = {.code = CW_E_IO};
    CW_AUTO(cw_buf_done) struct cw_buf m = new_message();
    cw_fingerprint_from_pdq(&pdq, &fp);
    cw_hasher_put_fingerprint(&fp, &m);
    assert_int_equal(cw_hasher_get_answer(cw_buf_view(&m), &got, &failure, NULL), 0);
    assert_int_equal(failure.code, 0);
    assert_int_equal(got.n_views, CW_TURN_COUNT);
}

static void a_failure_is_an_answer_in_plain_text(void **state)
{
    (void)state;
    const struct cw_err sent = {.code = CW_E_CORRUPT, .text = "bad\x1b[31m\xff"};
    struct cw_fingerprint fp;
    struct cw_err failure = {0};
    CW_AUTO(cw_buf_done) struct cw_buf m = new_message();
    cw_hasher_put_failed(&sent, &m);
    assert_int_equal(cw_hasher_get_answer(cw_buf_view(&m), &fp, &failure, NULL), 0);
    assert_int_equal(failure.code, CW_E_CORRUPT);
    assert_string_equal(failure.text, "bad?[31m?");
}

static void a_failure_the_hasher_may_not_report_is_refused(void **state)
{
    (void)state;
    static const int CODES[] = {0, -CW_E_DENIED, -CW_E_NOT_FOUND, -CW_E_TIMEOUT, 200};
    for (size_t i = 0; i < sizeof CODES / sizeof CODES[0]; i++) {
        const struct cw_err sent = {.code = CW_E_CORRUPT};
        struct cw_fingerprint fp;
        struct cw_err failure;
        CW_AUTO(cw_buf_done) struct cw_buf m = new_message();
        cw_hasher_put_failed(&sent, &m);
        m.p[2] = (uint8_t)CODES[i];
        assert_int_equal(cw_hasher_get_answer(cw_buf_view(&m), &fp, &failure, NULL),
                         CW_E_CORRUPT);
    }
}

static void every_reader_refuses_every_other_message(void **state)
{
    (void)state;
    struct cw_hasher_setup setup;
    struct cw_hasher_picture picture;
    struct cw_fingerprint fp;
    struct cw_err failure;
    CW_AUTO(cw_buf_done) struct cw_buf m = new_message();
    cw_hasher_put_ready(&m);
    const struct cw_bytes in = cw_buf_view(&m);
    assert_int_equal(cw_hasher_get_ready(in, NULL), 0);
    assert_int_equal(cw_hasher_get_setup(in, &setup, NULL), CW_E_CORRUPT);
    assert_int_equal(cw_hasher_get_picture(in, &picture, NULL), CW_E_CORRUPT);
    assert_int_equal(cw_hasher_get_answer(in, &fp, &failure, NULL), CW_E_CORRUPT);
    assert_int_equal(cw_hasher_get_ready(cw_bytes_of(in.p, 1), NULL), CW_E_CORRUPT);
    assert_int_equal(cw_hasher_get_ready(cw_bytes_of(NULL, 0), NULL), CW_E_CORRUPT);
    m.p[0]++;
    assert_int_equal(cw_hasher_get_ready(in, NULL), CW_E_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setup_arrives_as_sent),
        cmocka_unit_test(picture_arrives_as_sent),
        cmocka_unit_test(a_fingerprint_is_an_answer),
        cmocka_unit_test(a_failure_is_an_answer_in_plain_text),
        cmocka_unit_test(a_failure_the_hasher_may_not_report_is_refused),
        cmocka_unit_test(every_reader_refuses_every_other_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
