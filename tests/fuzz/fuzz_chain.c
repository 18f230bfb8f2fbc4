/* fuzz_chain.c - the check of an exported log. An odd first byte: the rest is the export,
 * fed whole and in pieces. An even one: the rest is what the records of a good export
 * say; it passes, and with one bit flipped it does not. */
#include <assert.h>

#include "base/crypto.h"
#include "tests/support/t_chain.h"

#define TEXT_MAX ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void feed_raw(struct cw_bytes text, size_t step)
{
    CW_AUTO(cw_chain_check_done) struct cw_chain_check c = {0};
    const int whole = t_chain_check(text, NULL, NULL, NULL);
    int rc = cw_chain_check_begin(&c, NULL, NULL, NULL);
    while (rc == 0 && text.len > 0) {
        const size_t n = text.len < step ? text.len : step;
        rc = cw_chain_check_feed(&c, cw_bytes_of(text.p, n), NULL);
        text = cw_bytes_of(text.p + n, text.len - n);
    }
    assert(whole == (rc == 0 ? cw_chain_check_end(&c, NULL) : rc));
}

static void flip_one_bit(struct cw_bytes says, size_t bit)
{
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(TEXT_MAX);
    struct cw_chain_head at = {0};
    for (uint64_t seq = 1; says.len > 0; seq += 3) {
        t_chain_add(&text, &at, seq, cw_bytes_cut(&says, '\n'));
    }
    if (text.failed || text.len == 0) {
        return;
    }
    const int whole = t_chain_check(cw_buf_view(&text), NULL, &at, NULL);
    text.p[bit / 8 % text.len] ^= (uint8_t)(1U << bit % 8);
    assert(whole != 0 || t_chain_check(cw_buf_view(&text), NULL, &at, NULL) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 4 || len > 65536) {
        return 0;
    }
    const struct cw_bytes rest = cw_bytes_of(data + 3, len - 3);
    const size_t number = (size_t)data[1] << 8 | data[2];
    if (data[0] % 2 == 1) {
        feed_raw(rest, number % 500 + 1);
    } else {
        flip_one_bit(rest, number * 11);
    }
    return 0;
}
