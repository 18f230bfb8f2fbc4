/* test_chain.c - the chain of the log, and whether a changed export is ever found whole.
 *
 * CELWATCH_TAMPERS sets how many random edits are tried. */
#include "base/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "tests/support/t_chain.h"
#include "tests/support/t_cmocka.h"

#define N_LINES 300
#define TEXT_MAX ((size_t)1 << 20)
#define DEFAULT_TAMPERS 500

/* An export of N_LINES lines; numbers have gaps, as those of one studio have. */
struct export
{
    struct cw_buf text;
    struct cw_chain_head heads[N_LINES]; /* after each line */
    size_t ends[N_LINES];                /* of each line, after its line feed */
};

static int set_up(void **state)
{
    struct export *x = calloc(1, sizeof *x);
    struct cw_chain_head at = {0};
    assert_non_null(x);
    x->text = CW_BUF_INIT(TEXT_MAX);
    for (size_t i = 0; i < N_LINES; i++) {
        char members[64];
        (void)snprintf(members, sizeof members, ",\"subject\":\"frame %zu\"", i % 7);
        t_chain_add(&x->text, &at, 2 * i + 1 + i / 10, cw_bytes_str(members));
        x->heads[i] = at;
        x->ends[i] = x->text.len;
    }
    assert_false(x->text.failed);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct export *x = *state;
    cw_buf_done(&x->text);
    free(x);
    return 0;
}

static struct cw_bytes lines(const struct export *x, size_t from, size_t n)
{
    const size_t start = from == 0 ? 0 : x->ends[from - 1];
    return cw_bytes_of(x->text.p + start, x->ends[from + n - 1] - start);
}

static void add(struct cw_buf *b, struct cw_bytes v)
{
    cw_buf_add(b, v.p, v.len);
}

/* It is refused, and the complaint names what `named` says. */
static void expect_bad(struct cw_bytes text, const struct cw_chain_head *known,
                       const char *named)
{
    struct cw_err err = {0};
    assert_int_equal(t_chain_check(text, NULL, known, &err), CW_E_CORRUPT);
    if (strstr(err.text, named) == NULL) {
        fail_msg("'%s' does not say '%s'", err.text, named);
    }
}

static void a_hash_is_of_the_one_before_and_the_record(void **state)
{
    /* BLAKE2b-256 of 32 zero bytes and "abc", by Python's hashlib. */
    static const char expected[] =
        "5db827e5e925e6b933a86596a0446c345c0d74d77f55a751ade5d7c7162eead8";
    const uint8_t zero[CW_CHAIN_BYTES] = {0};
    uint8_t hash[CW_CHAIN_BYTES];
    char hex[2 * CW_CHAIN_BYTES + 1];
    (void)state;
    cw_chain_next(zero, cw_bytes_str("abc"), hash);
    cw_hex_encode(hash, sizeof hash, hex);
    assert_string_equal(hex, expected);
}

static void a_head_survives_the_round_trip(void **state)
{
    const struct export *x = *state;
    struct cw_chain_head h = {0};
    char text[CW_CHAIN_HEAD_CAP], again[CW_CHAIN_HEAD_CAP];
    cw_chain_head_format(&x->heads[5], text);
    assert_int_equal(cw_chain_head_parse(text, &h, NULL), 0);
    cw_chain_head_format(&h, again);
    assert_string_equal(again, text);
    text[strlen(text) - 1] = '\0';
    assert_int_equal(cw_chain_head_parse(text, &h, NULL), CW_E_INVALID);
    assert_int_equal(cw_chain_head_parse("", &h, NULL), CW_E_INVALID);
    assert_int_equal(cw_chain_head_parse(":", &h, NULL), CW_E_INVALID);
}

static void a_whole_export_passes_however_it_is_cut(void **state)
{
    const struct export *x = *state;
    for (size_t step = 1; step < 3000; step = step * 3 + 1) {
        CW_AUTO(cw_chain_check_done) struct cw_chain_check c = {0};
        assert_int_equal(cw_chain_check_begin(&c, NULL, NULL, NULL), 0);
        for (size_t at = 0; at < x->text.len; at += step) {
            const size_t n = x->text.len - at < step ? x->text.len - at : step;
            assert_int_equal(
                cw_chain_check_feed(&c, cw_bytes_of(x->text.p + at, n), NULL), 0);
        }
        assert_int_equal(cw_chain_check_end(&c, NULL), 0);
        assert_int_equal(c.n, N_LINES);
        assert_memory_equal(&c.last.hash, &x->heads[N_LINES - 1].hash, CW_CHAIN_BYTES);
    }
}

static void an_export_goes_on_where_another_ended(void **state)
{
    const struct export *x = *state;
    const struct cw_bytes rest = lines(x, 100, 200);
    assert_int_equal(t_chain_check(rest, &x->heads[99], NULL, NULL), 0);
    assert_int_equal(t_chain_check(rest, &x->heads[98], NULL, NULL), CW_E_CORRUPT);
    assert_int_equal(t_chain_check(rest, NULL, NULL, NULL), CW_E_CORRUPT);
    assert_int_equal(t_chain_check(cw_bytes_of(NULL, 0), NULL, NULL, NULL), 0);
}

static void the_first_bad_record_is_named(void **state)
{
    const struct export *x = *state;
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(TEXT_MAX);
    add(&b, cw_buf_view(&x->text)); /* flipped */
    b.p[x->ends[9] + 20] ^= 1;
    expect_bad(cw_buf_view(&b), NULL, "line 11, record 22:");
    cw_buf_clear(&b); /* deleted */
    add(&b, lines(x, 0, 10));
    add(&b, lines(x, 11, 200));
    expect_bad(cw_buf_view(&b), NULL, "line 11, record 24: changed, or does not follow");
    cw_buf_clear(&b); /* inserted */
    add(&b, lines(x, 0, 10));
    add(&b, lines(x, 3, 1));
    expect_bad(cw_buf_view(&b), NULL, "line 11, record 7: comes after record 19");
    cw_buf_clear(&b); /* reordered */
    add(&b, lines(x, 0, 10));
    add(&b, lines(x, 11, 1));
    add(&b, lines(x, 10, 1));
    expect_bad(cw_buf_view(&b), NULL, "line 11, record 24:");
    expect_bad(cw_bytes_of(x->text.p, x->ends[9] + 5), NULL, "line 11, after record 19");
}

static void what_is_cut_off_shows_against_a_known_head(void **state)
{
    const struct export *x = *state;
    struct cw_chain_head other = x->heads[40];
    const struct cw_bytes cut = lines(x, 0, 40);
    assert_int_equal(t_chain_check(cut, NULL, &x->heads[39], NULL), 0);
    assert_int_equal(t_chain_check(cut, NULL, &x->heads[20], NULL), 0);
    assert_int_equal(t_chain_check(lines(x, 10, 5), &x->heads[9], &x->heads[9], NULL), 0);
    expect_bad(cut, &x->heads[40], "ends with record");
    other.hash[0] ^= 1;
    expect_bad(cw_buf_view(&x->text), &other, "is not the one of the known head");
    other = x->heads[40];
    other.seq--; /* a number this studio does not have */
    expect_bad(cw_buf_view(&x->text), &other, "is not there");
}

static void a_log_written_anew_shows_against_a_known_head(void **state)
{
    const struct export *x = *state;
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(TEXT_MAX);
    struct cw_chain_head at = x->heads[9];
    add(&b, lines(x, 0, 10));
    for (size_t i = 10; i < 20; i++) {
        t_chain_add(&b, &at, x->heads[i].seq, cw_bytes_str(",\"subject\":\"another\""));
    }
    assert_int_equal(t_chain_check(cw_buf_view(&b), NULL, NULL, NULL), 0);
    assert_int_equal(t_chain_check(cw_buf_view(&b), NULL, &x->heads[9], NULL), 0);
    expect_bad(cw_buf_view(&b), &x->heads[15], "is not the one of the known head");
}

static void other_spellings_are_changes(void **state)
{
    const struct export *x = *state;
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(TEXT_MAX);
    const size_t len = x->ends[0];
    add(&b, lines(x, 0, 1));
    for (size_t i = 0; i < len; i++) {
        if (b.p[i] >= 'a' && b.p[i] <= 'f' && i > len - 60) {
            b.p[i] = (uint8_t)(b.p[i] - 'a' + 'A');
            expect_bad(cw_buf_view(&b), NULL, "line 1");
            break;
        }
    }
    expect_bad(cw_bytes_str("\n"), NULL, "line 1");
    expect_bad(cw_bytes_str("{}\n"), NULL, "line 1");
    cw_buf_clear(&b);
    for (size_t i = 0; i < 2 * (size_t)CW_CHAIN_LINE_MAX; i++) {
        cw_buf_add(&b, "x", 1);
    }
    expect_bad(cw_buf_view(&b), NULL, "longer than any record");
    cw_buf_add(&b, "\n", 1);
    expect_bad(cw_buf_view(&b), NULL, "longer than any record");
}

/* ---- random edits ----------------------------------------------------------------- */

static size_t below(size_t n)
{
    uint64_t r;
    cw_random(&r, sizeof r);
    return (size_t)(r % n);
}

/* Writes an edited export to b: one bit flipped, lines deleted, a line put in again, two
 * lines swapped, or the end cut off. */
static void edit(const struct export *x, size_t how, struct cw_buf *b)
{
    const size_t at = below(N_LINES - 1);
    const size_t n = 1 + below(N_LINES - 1 - at);
    const size_t to = at + n; /* a later line */
    cw_buf_clear(b);
    if (how == 0) {
        add(b, cw_buf_view(&x->text));
        b->p[below(b->len)] ^= (uint8_t)(1U << below(8));
    } else if (how == 4) {
        cw_buf_add(b, x->text.p, below(x->text.len));
    } else {
        add(b, at == 0 ? cw_bytes_of(NULL, 0) : lines(x, 0, at));
        if (how == 2) {
            add(b, lines(x, to, 1));
            add(b, lines(x, at, N_LINES - at));
        } else {
            add(b, how == 3 ? lines(x, to, 1) : cw_bytes_of(NULL, 0));
            add(b, how == 3 && n > 1 ? lines(x, at + 1, n - 1) : cw_bytes_of(NULL, 0));
            add(b, how == 3 ? lines(x, at, 1) : cw_bytes_of(NULL, 0));
            add(b, how == 3 ? cw_bytes_of(NULL, 0) : lines(x, to, 1));
            add(b, to + 1 == N_LINES ? cw_bytes_of(NULL, 0)
                                     : lines(x, to + 1, N_LINES - to - 1));
        }
    }
}

static void every_random_edit_is_detected(void **state)
{
    const struct export *x = *state;
    const char *env = getenv("CELWATCH_TAMPERS");
    const unsigned long n = env == NULL ? DEFAULT_TAMPERS : strtoul(env, NULL, 10);
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(TEXT_MAX);
    for (unsigned long i = 0; i < n; i++) {
        edit(x, i % 5, &b);
        assert_false(b.failed);
        if (t_chain_check(cw_buf_view(&b), NULL, &x->heads[N_LINES - 1], NULL) == 0) {
            fail_msg("edit %lu passed unseen:\n%s", i, cw_buf_str(&b));
        }
    }
    print_message("%lu edits detected\n", n);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hash_is_of_the_one_before_and_the_record),
        CASE(a_head_survives_the_round_trip),
        CASE(a_whole_export_passes_however_it_is_cut),
        CASE(an_export_goes_on_where_another_ended),
        CASE(the_first_bad_record_is_named),
        CASE(what_is_cut_off_shows_against_a_known_head),
        CASE(a_log_written_anew_shows_against_a_known_head),
        CASE(other_spellings_are_changes),
        CASE(every_random_edit_is_detected),
    };
    return cw_crypto_init(NULL) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
