/* test_store_audit.c - the log is chained, and no edit of its records passes unseen.
 *
 * CELWATCH_TAMPERS sets how many random edits are tried. */
#include <pthread.h>

#include "index/event_json.h"
#include "index/store_kv.h"
#include "tests/contract/store_fixture.h"
#include "tests/support/t_chain.h"

#define N_EVENTS 300
#define DEFAULT_TAMPERS 500

static const char *const engines[] = {"memory", "lmdb", "failing"};
#define N_ENGINES (sizeof engines / sizeof *engines)

/* ---- the chain as it is written --------------------------------------------------- */

static struct cw_chain_head head_of(struct cw_store *s, cw_studio_no studio)
{
    struct cw_chain_head h = {0};
    struct cw_err err = {0};
    fix_ok(cw_store_log_head(s, studio, &h, &err), &err);
    return h;
}

static bool write_line(void *ctx, const struct cw_event *e)
{
    cw_event_write(ctx, e);
    cw_buf_add_str(ctx, "\n");
    return true;
}

/* The studio's export is whole by itself and ends with its head. */
static void expect_whole_export(struct cw_store *s, cw_studio_no studio)
{
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT((size_t)4 << 20);
    const struct cw_chain_head head = head_of(s, studio);
    struct cw_err err = {0};
    fix_ok(cw_store_read_log(s, studio, 0, write_line, &text, &err), &err);
    fix_ok(cw_buf_check(&text, "export", &err), &err);
    fix_ok(t_chain_check(cw_buf_view(&text), NULL, &head, &err), &err);
}

static void expect_whole_log(struct cw_store *s)
{
    const struct cw_chain_head head = head_of(s, 0);
    struct cw_verify_report report = {0};
    struct cw_chain_head walked = {0};
    struct cw_err err = {0};
    fix_ok(cw_store_verify_log(s, &head, &report, &walked, &err), &err);
    if (report.problems != 0) {
        fail_msg("%s", report.first);
    }
    assert_int_equal(walked.seq, head.seq);
    assert_memory_equal(walked.hash, head.hash, sizeof head.hash);
}

static void check_chained(const char *engine)
{
    struct fixture x;
    struct cw_err err = {0};
    cw_studio_no other = 0;
    fix_open(&x, engine);
    assert_int_equal(head_of(x.s, 0).seq, 0);
    assert_int_equal(head_of(x.s, x.studio).seq, 0);
    expect_whole_log(x.s);
    fix_ok(cw_store_studio(x.s, "other", true, &other, &err), &err);
    struct fixture y = x;
    y.studio = other;
    const cw_asset_no asset = fix_asset(&x, "c", "\"1\"\t\x7f");
    (void)fix_asset(&y, "c", "theirs");
    (void)fix_sight(&x, "h", 1, &asset, 1); /* several events in one transaction */
    (void)fix_asset(&y, "c", "theirs too");
    assert_int_equal(head_of(x.s, 0).seq, head_of(x.s, other).seq);
    assert_true(head_of(x.s, x.studio).seq < head_of(x.s, other).seq);
    expect_whole_log(x.s);
    expect_whole_export(x.s, x.studio);
    expect_whole_export(x.s, other);
    fix_verify(x.s);
    if (x.dir[0] != '\0') {
        const struct cw_chain_head before = head_of(x.s, 0);
        cw_store_close(x.s);
        x.s = fix_open_url(x.url);
        assert_memory_equal(head_of(x.s, 0).hash, before.hash, sizeof before.hash);
        (void)fix_asset(&x, "c", "after a restart");
        expect_whole_log(x.s);
        expect_whole_export(x.s, x.studio);
    }
    fix_close(&x);
}

static void events_are_chained_in_the_store_and_in_their_studio(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ENGINES; i++) {
        check_chained(engines[i]);
    }
}

static void *register_some(void *arg)
{
    struct fixture x = **(struct fixture **)arg;
    const cw_studio_no mine = ((struct fixture **)arg)[1]->studio;
    x.studio = mine;
    for (int i = 0; i < 40; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "%p-%d", arg, i);
        (void)fix_asset(&x, "c", id);
    }
    return NULL;
}

static void check_batches(const char *engine)
{
    struct fixture x, y;
    pthread_t threads[8];
    struct fixture *args[8][2];
    struct cw_err err = {0};
    struct cw_store_stats st;
    fix_open(&x, engine);
    y = x;
    fix_ok(cw_store_studio(x.s, "other", true, &y.studio, &err), &err);
    for (size_t i = 0; i < 8; i++) {
        args[i][0] = &x;
        args[i][1] = i % 2 == 0 ? &x : &y;
        assert_int_equal(pthread_create(&threads[i], NULL, register_some, args[i]), 0);
    }
    for (size_t i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
    }
    fix_ok(cw_store_get_stats(x.s, &st, &err), &err);
    assert_int_equal(st.events, 8 * 40 + 2); /* and two collections */
    expect_whole_log(x.s);
    expect_whole_export(x.s, x.studio);
    expect_whole_export(x.s, y.studio);
    fix_close(&x);
}

static void writes_that_share_a_commit_are_chained_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ENGINES; i++) {
        check_batches(engines[i]);
    }
}

static void the_head_can_fail(void **state)
{
    struct fixture x;
    struct cw_chain_head h = {.seq = 77};
    const struct cw_store_fault fault = {
        .verb = "log_head", .nth = 1, .times = 1, .code = CW_E_IO};
    (void)state;
    fix_open(&x, "failing");
    cw_store_failing_arm(x.s, &fault);
    assert_int_equal(cw_store_log_head(x.s, 0, &h, NULL), CW_E_IO);
    assert_int_equal(h.seq, 77);
    fix_close(&x);
}

static void the_seed_of_the_signing_keys_stays_with_the_store(void **state)
{
    uint8_t seeds[2 * N_ENGINES][32];
    struct cw_err err = {0};
    (void)state;
    for (size_t i = 0; i < N_ENGINES; i++) {
        struct fixture x;
        uint8_t secret[32];
        fix_open(&x, engines[i]);
        fix_ok(cw_store_audit_seed(x.s, seeds[2 * i], &err), &err);
        if (x.dir[0] != '\0') {
            cw_store_close(x.s);
            x.s = fix_open_url(x.url);
        }
        fix_ok(cw_store_audit_seed(x.s, seeds[2 * i + 1], &err), &err);
        fix_ok(cw_store_secret(x.s, secret, &err), &err);
        assert_memory_equal(seeds[2 * i], seeds[2 * i + 1], 32);
        assert_memory_not_equal(seeds[2 * i], secret, 32);
        if (i > 0) {
            assert_memory_not_equal(seeds[2 * i], seeds[0], 32);
        }
        fix_close(&x);
    }
}

/* ---- edits of the records --------------------------------------------------------- */

/* A store in memory whose tables are written to behind its back. */
struct victim {
    struct fixture x;
    struct cw_kv *kv;
    struct cw_chain_head heads[N_EVENTS + 1];
};

static struct cw_kk key_of(uint64_t seq)
{
    struct cw_kk k = {.len = 0};
    cw_kk_u64(&k, seq);
    return k;
}

static int set_up(void **state)
{
    struct victim *v = calloc(1, sizeof *v);
    assert_non_null(v);
    fix_open(&v->x, "memory");
    v->kv = ((struct cw_skv *)v->x.s)->kv;
    for (int i = 1; i < N_EVENTS; i++) { /* the first one makes the collection too */
        char id[16];
        (void)snprintf(id, sizeof id, "%d", i);
        (void)fix_asset(&v->x, "c", id);
        v->heads[i + 1] = head_of(v->x.s, 0);
        assert_int_equal(v->heads[i + 1].seq, i + 1);
    }
    *state = v;
    return 0;
}

static int tear_down(void **state)
{
    struct victim *v = *state;
    fix_close(&v->x);
    free(v);
    return 0;
}

/* The record of an event, or what is left of it; empty = taken out. */
struct record {
    uint8_t bytes[2048];
    size_t len;
};

static struct record get(struct victim *v, uint64_t seq)
{
    struct cw_kv_tx *tx = NULL;
    const struct cw_kk k = key_of(seq);
    struct cw_bytes value;
    struct record r = {.len = 0};
    struct cw_err err = {0};
    fix_ok(cw_kv_begin(v->kv, false, &tx, &err), &err);
    fix_ok(cw_kv_get(tx, CW_TABLE_LOG, cw_kk_view(&k), &value, &err), &err);
    assert_true(value.len <= sizeof r.bytes);
    memcpy(r.bytes, value.p, value.len);
    r.len = value.len;
    cw_kv_abort(tx);
    return r;
}

/* Puts the record of an event, or takes it out, with its entry under the studio. */
static void put(struct victim *v, uint64_t seq, const struct record *r)
{
    struct cw_kv_tx *tx = NULL;
    const struct cw_kk k = key_of(seq);
    const struct cw_kk by_studio = cw_kk_studio_u64(v->x.studio, seq);
    struct cw_err err = {0};
    fix_ok(cw_kv_begin(v->kv, true, &tx, &err), &err);
    (void)!cw_kv_del(tx, CW_TABLE_LOG, cw_kk_view(&k), NULL);
    (void)!cw_kv_del(tx, CW_TABLE_STUDIO_LOG, cw_kk_view(&by_studio), NULL);
    if (r->len > 0) {
        fix_ok(cw_kv_put(tx, CW_TABLE_LOG, cw_kk_view(&k), cw_bytes_of(r->bytes, r->len),
                         &err),
               &err);
        fix_ok(cw_skv_put_empty(tx, CW_TABLE_STUDIO_LOG, &by_studio, &err), &err);
    }
    fix_ok(cw_kv_commit(tx, &err), &err);
}

/* Makes the counter of events fit, as who covers his traces would. */
static void set_count(struct victim *v, int by)
{
    struct cw_kv_tx *tx = NULL;
    struct cw_err err = {0};
    fix_ok(cw_kv_begin(v->kv, true, &tx, &err), &err);
    fix_ok(cw_skv_count(tx, CW_COUNTER_EVENT, 0, by, NULL, &err), &err);
    fix_ok(cw_kv_commit(tx, &err), &err);
}

static struct cw_verify_report look(struct victim *v, const struct cw_chain_head *known)
{
    struct cw_verify_report report = {0};
    struct cw_chain_head head;
    struct cw_err err = {0};
    fix_ok(cw_store_verify_log(v->x.s, known, &report, &head, &err), &err);
    return report;
}

/* A problem is found, and the first one is that of event `seq`. */
static void expect_named(struct victim *v, const struct cw_chain_head *known,
                         uint64_t seq)
{
    const struct cw_verify_report report = look(v, known);
    char named[40];
    (void)snprintf(named, sizeof named, "event %llu", (unsigned long long)seq);
    const size_t len = strlen(named);
    if (report.problems == 0 || strncmp(report.first, named, len) != 0 ||
        (report.first[len] >= '0' && report.first[len] <= '9')) {
        fail_msg("%s: %llu problems, '%s'", named, (unsigned long long)report.problems,
                 report.first);
    }
}

static uint64_t below(uint64_t n)
{
    uint64_t r;
    cw_random(&r, sizeof r);
    return r % n;
}

static void flip(struct victim *v)
{
    const uint64_t seq = 1 + below(N_EVENTS);
    const struct record good = get(v, seq);
    struct record bad = good;
    bad.bytes[below(bad.len)] ^= (uint8_t)(1U << below(8));
    put(v, seq, &bad);
    expect_named(v, NULL, seq);
    put(v, seq, &good);
}

/* Later events move up, so that no number is missing, and the counter says so too. */
static void delete_and_close_ranks(struct victim *v)
{
    const uint64_t seq = 1 + below(N_EVENTS - 1);
    struct record good[N_EVENTS + 1];
    const struct record none = {.len = 0};
    const uint64_t until = seq + 5 < N_EVENTS ? seq + 5 : N_EVENTS;
    for (uint64_t i = seq; i <= until; i++) {
        good[i] = get(v, i);
    }
    for (uint64_t i = seq; i < until; i++) {
        put(v, i, &good[i + 1]);
    }
    put(v, until, &none);
    expect_named(v, NULL, seq);
    for (uint64_t i = seq; i <= until; i++) {
        put(v, i, &good[i]);
    }
}

static void delete_one(struct victim *v)
{
    const uint64_t seq = 1 + below(N_EVENTS - 1);
    const struct record good = get(v, seq);
    const struct record none = {.len = 0};
    put(v, seq, &none);
    expect_named(v, NULL, seq);
    put(v, seq, &good);
}

static void insert(struct victim *v)
{
    const struct record copy = get(v, 1 + below(N_EVENTS));
    const struct record none = {.len = 0};
    put(v, N_EVENTS + 1, &copy);
    set_count(v, 1);
    expect_named(v, NULL, N_EVENTS + 1);
    put(v, N_EVENTS + 1, &none);
    set_count(v, -1);
}

static void swap(struct victim *v)
{
    const uint64_t a = 1 + below(N_EVENTS - 1);
    const uint64_t b = a + 1 + below(N_EVENTS - a);
    const struct record at_a = get(v, a), at_b = get(v, b);
    put(v, a, &at_b);
    put(v, b, &at_a);
    expect_named(v, NULL, a);
    put(v, a, &at_a);
    put(v, b, &at_b);
}

/* With the counter set back there is nothing left to notice but a head kept elsewhere. */
static void truncate_end(struct victim *v)
{
    const uint64_t n = 1 + below(5);
    struct record good[6];
    const struct record none = {.len = 0};
    for (uint64_t i = 0; i < n; i++) {
        good[i] = get(v, N_EVENTS - i);
        put(v, N_EVENTS - i, &none);
    }
    assert_int_not_equal(look(v, NULL).problems, 0);
    set_count(v, -(int)n);
    assert_int_equal(look(v, NULL).problems, 0);
    expect_named(v, &v->heads[N_EVENTS], N_EVENTS - n + 1);
    for (uint64_t i = 0; i < n; i++) {
        put(v, N_EVENTS - i, &good[i]);
    }
    set_count(v, (int)n);
}

static void every_random_edit_is_named(void **state)
{
    static void (*const edits[])(struct victim * v) = {
        flip, delete_one, delete_and_close_ranks, insert, swap, truncate_end};
    const char *env = getenv("CELWATCH_TAMPERS");
    const unsigned long n = env == NULL ? DEFAULT_TAMPERS : strtoul(env, NULL, 10);
    for (unsigned long i = 0; i < n; i++) {
        edits[i % (sizeof edits / sizeof *edits)](*state);
    }
    assert_int_equal(look(*state, NULL).problems, 0);
    print_message("%lu edits named\n", n);
}

static void a_known_head_is_held_against_the_log(void **state)
{
    struct victim *v = *state;
    struct cw_chain_head other = v->heads[50];
    assert_int_equal(look(v, &v->heads[50]).problems, 0);
    assert_int_equal(look(v, &v->heads[N_EVENTS]).problems, 0);
    other.hash[31] ^= 1;
    expect_named(v, &other, 50);
    other = (struct cw_chain_head){.seq = 0, .hash = {1}};
    assert_int_not_equal(look(v, &other).problems, 0);
}

static void a_log_whose_end_is_gone_is_not_gone_on_with(void **state)
{
    struct victim *v = *state;
    const struct record none = {.len = 0};
    struct cw_registered out = {0};
    const struct cw_registration item = fix_item(v->x.studio, "c", "more", 1);
    const struct record good = get(v, N_EVENTS);
    put(v, N_EVENTS, &none);
    assert_int_equal(cw_store_register(v->x.s, &item, 1, FIX_ACTOR, &out, NULL),
                     CW_E_CORRUPT);
    put(v, N_EVENTS, &good);
    assert_int_equal(cw_store_register(v->x.s, &item, 1, FIX_ACTOR, &out, NULL), 0);
    expect_whole_log(v->x.s);
}

/* ---- stores of before ------------------------------------------------------------- */

static void a_store_without_a_chain_is_refused(void **state)
{
    struct fixture x;
    struct cw_store_options o = CW_STORE_DEFAULTS;
    const struct cw_kv_lmdb_options tables = {.dir = x.dir,
                                              .first_map_bytes = 64 << 20,
                                              .max_map_bytes = 64 << 20,
                                              .max_readers = 8,
                                              .n_tables = CW_TABLE_COUNT};
    struct cw_kv *kv = NULL;
    struct cw_kv_tx *tx = NULL;
    struct cw_kk key = {.len = 0};
    struct cw_store *s = NULL;
    struct cw_err err = {0};
    (void)state;
    fix_open(&x, "lmdb");
    cw_store_close(x.s);
    cw_kk_raw(&key, cw_bytes_str("format"));
    fix_ok(cw_kv_open_lmdb(&tables, &kv, &err), &err);
    fix_ok(cw_kv_begin(kv, true, &tx, &err), &err);
    fix_ok(cw_skv_put_number(tx, CW_TABLE_META, &key, 1, &err), &err);
    fix_ok(cw_kv_commit(tx, &err), &err);
    cw_kv_close(kv);
    o.create = true;
    assert_int_equal(cw_store_open(x.url, &o, &s, &err), CW_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "format 1"));
    x.s = NULL;
    fix_close(&x);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_chained_in_the_store_and_in_their_studio),
        cmocka_unit_test(writes_that_share_a_commit_are_chained_too),
        cmocka_unit_test(the_head_can_fail),
        cmocka_unit_test(the_seed_of_the_signing_keys_stays_with_the_store),
        CASE(every_random_edit_is_named),
        CASE(a_known_head_is_held_against_the_log),
        CASE(a_log_whose_end_is_gone_is_not_gone_on_with),
        cmocka_unit_test(a_store_without_a_chain_is_refused),
    };
    return cw_crypto_init(NULL) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
