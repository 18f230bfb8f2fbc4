/* test_crypto_queue.c - digests against published values, and the queue between threads.
 */
#include <pthread.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/queue.h"
#include "tests/support/t_cmocka.h"

/* ---- crypto ----------------------------------------------------------------------- */

static void sha256_is_that_of_fips_180(void **state)
{
    uint8_t digest[CW_SHA256_BYTES];
    char text[2 * CW_SHA256_BYTES + 1];
    (void)state;
    cw_sha256(cw_bytes_str("abc"), digest);
    cw_hex_encode(digest, sizeof digest, text);
    assert_string_equal(
        text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    cw_sha256(cw_bytes_of(NULL, 0), digest);
    cw_hex_encode(digest, sizeof digest, text);
    assert_string_equal(
        text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void the_key_changes_a_keyed_digest(void **state)
{
    uint8_t key[32] = {1}, a[CW_BLAKE2B_BYTES], b[CW_BLAKE2B_BYTES], c[CW_BLAKE2B_BYTES];
    (void)state;
    cw_blake2b_keyed(cw_bytes_str("x"), key, a);
    cw_blake2b_keyed(cw_bytes_str("x"), key, b);
    key[0] = 2;
    cw_blake2b_keyed(cw_bytes_str("x"), key, c);
    assert_true(cw_equal_secret(a, b, sizeof a));
    assert_false(cw_equal_secret(a, c, sizeof a));
}

static void random_bytes_differ_and_wiped_ones_are_zero(void **state)
{
    static const uint8_t zero[32];
    uint8_t a[32], b[32];
    (void)state;
    cw_random(a, sizeof a);
    cw_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    cw_wipe(a, sizeof a);
    assert_memory_equal(a, zero, sizeof a);
}

/* The examples of RFC 4648, section 10. */
static void base64_comes_back(void **state)
{
    static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
    static const char *const coded[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                        "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    (void)state;
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(100);
        CW_AUTO(cw_buf_done) struct cw_buf back = CW_BUF_INIT(100);
        cw_base64_encode(&text, cw_bytes_str(plain[i]));
        assert_string_equal(cw_buf_str(&text), coded[i]);
        assert_int_equal(cw_base64_decode(cw_buf_view(&text), &back, NULL), 0);
        assert_string_equal(cw_buf_str(&back), plain[i]);
    }
}

static void what_is_not_base64_is_refused(void **state)
{
    static const char *const bad[] = {"Z",     "Zg",    "Zg=", "Zg==x",
                                      "Zm9v!", "Zm 9v", "===="};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CW_AUTO(cw_buf_done) struct cw_buf back = CW_BUF_INIT(100);
        assert_int_equal(cw_base64_decode(cw_bytes_str(bad[i]), &back, NULL),
                         CW_E_INVALID);
    }
}

/* ---- queue ------------------------------------------------------------------------ */

static void a_queue_keeps_order_and_length(void **state)
{
    struct cw_queue *q = NULL;
    int items[3] = {0};
    (void)state;
    assert_int_equal(cw_queue_new(2, &q, NULL), 0);
    assert_true(cw_queue_push(q, &items[0]));
    assert_true(cw_queue_push(q, &items[1]));
    assert_false(cw_queue_push(q, &items[2])); /* full */
    assert_int_equal(cw_queue_len(q), 2);
    assert_ptr_equal(cw_queue_pop(q), &items[0]);
    assert_true(cw_queue_push(q, &items[2]));
    cw_queue_close(q);
    assert_false(cw_queue_push(q, &items[0]));
    assert_ptr_equal(cw_queue_pop(q), &items[1]);
    assert_ptr_equal(cw_queue_pop(q), &items[2]);
    assert_null(cw_queue_pop(q));
    cw_queue_free(q);
    assert_int_not_equal(cw_queue_new(0, &q, NULL), 0);
}

struct consumer {
    struct cw_queue *q;
    size_t n;
};

static void *consume(void *arg)
{
    struct consumer *c = arg;
    while (cw_queue_pop(c->q) != NULL) {
        c->n++;
    }
    return NULL;
}

static void every_item_reaches_one_consumer(void **state)
{
    enum { N = 10000 };
    struct cw_queue *q = NULL;
    struct consumer consumers[3];
    pthread_t threads[3];
    size_t total = 0;
    int item = 0;
    (void)state;
    assert_int_equal(cw_queue_new(8, &q, NULL), 0);
    for (size_t i = 0; i < 3; i++) {
        consumers[i] = (struct consumer){.q = q};
        assert_int_equal(pthread_create(&threads[i], NULL, consume, &consumers[i]), 0);
    }
    for (size_t i = 0; i < N;) {
        i += cw_queue_push(q, &item);
    }
    cw_queue_close(q);
    for (size_t i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        total += consumers[i].n;
    }
    assert_int_equal(total, N);
    cw_queue_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_is_that_of_fips_180),
        cmocka_unit_test(the_key_changes_a_keyed_digest),
        cmocka_unit_test(random_bytes_differ_and_wiped_ones_are_zero),
        cmocka_unit_test(base64_comes_back),
        cmocka_unit_test(what_is_not_base64_is_refused),
        cmocka_unit_test(a_queue_keeps_order_and_length),
        cmocka_unit_test(every_item_reaches_one_consumer),
    };
    return cw_crypto_init(NULL) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
