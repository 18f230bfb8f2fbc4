/* Hostile and odd pictures, sent to a real service as a crawler and a studio would: each
 * is answered as intended and in time, no hasher grows too large, nobody else notices.
 *
 * CELWATCH_HOSTILE_EVERY=1 sends all of them (tests/check-long.sh); without it every
 * twentieth is. */
#include "base/clock.h"
#include "base/num.h"
#include "tests/support/t_api.h"
#include "tests/support/t_encode.h"
#include "tests/support/t_hostile.h"
#include "tests/support/t_pictures.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVERY 20
#define FIRST 8 /* of those; the costliest files are not among them */
#define MAX_HASHERS 16
#define WATCH_US 20000
#define NS_PER_MS 1000000U

/* The sanitizers' own memory is none of ours, and they are slow. */
#ifdef __SANITIZE_ADDRESS__
#define SLOWER 8
#define MAX_RESIDENT_KB UINT64_MAX
#else
#define SLOWER 1
#define MAX_RESIDENT_KB ((uint64_t)512 * 1024)
#endif
#define MAX_ANSWER_MS ((uint64_t)5000 * SLOWER)
#define MAX_HEALTH_MS ((uint64_t)250 * SLOWER)

/* ---- somebody who watches
 * -------------------------------------------------------------- */

struct watch {
    const struct t_server *server;
    atomic_bool over;
    _Atomic uint64_t resident_kb; /* the most that one hasher had */
    uint64_t health_ms;           /* the longest that /healthz took */
    unsigned n_unhealthy;
};

/* The most memory that a process ever had; 0 if it is gone. */
static uint64_t peak_kb(pid_t pid)
{
    static const char NAME[] = "VmHWM:";
    char path[T_PATH_CAP];
    uint64_t kb = 0;
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(65536);
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    t_read_file(path, &text);
    const char *at = strstr(cw_buf_str(&text), NAME);
    if (at == NULL) {
        return 0;
    }
    at += sizeof NAME - 1;
    at += strspn(at, " \t");
    const struct cw_bytes digits = cw_bytes_of(at, strspn(at, "0123456789"));
    return cw_parse_u64(digits, 0, UINT64_MAX, "VmHWM", &kb, NULL) == 0 ? kb : 0;
}

static void watch_hashers(struct watch *w)
{
    pid_t pids[MAX_HASHERS];
    const size_t n = t_server_hashers(w->server, pids, MAX_HASHERS);
    for (size_t i = 0; i < n; i++) {
        const uint64_t kb = peak_kb(pids[i]);
        if (kb > atomic_load(&w->resident_kb)) {
            atomic_store(&w->resident_kb, kb);
        }
    }
}

static void *watch(void *arg)
{
    struct watch *w = arg;
    while (!atomic_load(&w->over)) {
        const uint64_t start = cw_mono_ns();
        CW_AUTO(t_reply_done) struct t_reply r = t_get(w->server, NULL, "/healthz");
        const uint64_t ms = (cw_mono_ns() - start) / NS_PER_MS;
        w->n_unhealthy += r.status != 200;
        w->health_ms = ms > w->health_ms ? ms : w->health_ms;
        watch_hashers(w);
        (void)usleep(WATCH_US);
    }
    return NULL;
}

/* ---- sending
 * ------------------------------------------------------------------------------ */

struct tally {
    unsigned n_sent, n_taken, n_refused, n_wrong;
    uint64_t slowest_ms;
    char slowest[96];
};

static bool is_clean_refusal(const struct t_reply *r)
{
    return (r->status == 400 || r->status == 413 || r->status == 415 ||
            r->status == 422) &&
           strcmp(r->content_type, "application/problem+json") == 0 && r->json != NULL;
}

static bool is_intended(enum t_verdict verdict, const struct t_reply *r)
{
    const bool taken = r->status == 200 || r->status == 201;
    switch (verdict) {
    case T_TAKEN:
        return taken;
    case T_REFUSED:
        return is_clean_refusal(r);
    default:
        return taken || is_clean_refusal(r);
    }
}

static void send_one(const struct t_server *s, const struct t_hostile_file *f,
                     const char *method, const char *path, struct watch *w,
                     struct tally *t)
{
    const uint64_t before_kb = atomic_load(&w->resident_kb);
    const uint64_t start = cw_mono_ns();
    CW_AUTO(t_reply_done)
    struct t_reply r =
        t_send_picture(s, s->admin_key, method, path, cw_buf_view(&f->bytes));
    const uint64_t ms = (cw_mono_ns() - start) / NS_PER_MS;
    const uint64_t kb = atomic_load(&w->resident_kb);
    t->n_sent++;
    t->n_taken += r.status < 300;
    t->n_refused += r.status >= 400;
    if (ms > t->slowest_ms) {
        t->slowest_ms = ms;
        (void)snprintf(t->slowest, sizeof t->slowest, "%s %s", method, f->name);
    }
    if (getenv("CELWATCH_HOSTILE_SAY") != NULL) {
        print_message("%s %s (%zu bytes): %d, %u ms, hashers' peak %u MiB%s\n", method,
                      f->name, f->bytes.len, r.status, (unsigned)ms,
                      (unsigned)(kb / 1024), kb > before_kb ? ", grown" : "");
    }
    if (!is_intended(f->verdict, &r) || ms > MAX_ANSWER_MS ||
        (kb > before_kb && kb > MAX_RESIDENT_KB)) {
        t->n_wrong++;
        print_error("%s %s (%zu bytes): %d after %u ms, hashers' peak %u MiB: %.300s\n",
                    method, f->name, f->bytes.len, r.status, (unsigned)ms,
                    (unsigned)(kb / 1024), cw_buf_str(&r.body));
    }
}

static size_t every(void)
{
    const char *text = getenv("CELWATCH_HOSTILE_EVERY");
    uint64_t n = EVERY;
    if (text != NULL) {
        assert_int_equal(
            cw_parse_u64(cw_bytes_str(text), 1, 1000, "CELWATCH_HOSTILE_EVERY", &n, NULL),
            0);
    }
    return (size_t)n;
}

static void send_all(const struct t_server *s, struct watch *w, struct tally *t)
{
    const size_t n = t_hostile_count();
    const size_t step = every();
    for (size_t i = FIRST % step; i < n; i += step) {
        char path[T_JSON_CAP];
        CW_AUTO(t_hostile_done) struct t_hostile_file f = t_hostile_make(i);
        t_format(path, "/v1/collections/hostile/assets/%s", f.name);
        send_one(s, &f, "PUT", path, w, t);
        send_one(s, &f, "POST", "/v1/match", w, t);
    }
}

/* ---- the tests
 * ------------------------------------------------------------------------------ */

static void expect_match(const struct t_server *s, struct cw_bytes picture)
{
    CW_AUTO(t_reply_done)
    struct t_reply r =
        t_send_picture(s, s->admin_key, "POST", "/v1/match?collection=good", picture);
    t_expect_status(&r, 200);
    t_expect_text(r.json, "/matches/0/asset", "good");
    assert_true(t_json_bool(r.json, "/matches/0/exact_bytes"));
}

static void hostile_pictures_are_answered_and_harm_nobody(void **state)
{
    const struct t_server *s = *state;
    struct watch w = {.server = s};
    struct tally t = {0};
    pthread_t watcher;
    CW_AUTO(cw_buf_done) struct cw_buf good = t_drawing(1);
    CW_AUTO(t_reply_done)
    struct t_reply r = t_send_picture(
        s, s->admin_key, "PUT", "/v1/collections/good/assets/good", cw_buf_view(&good));
    t_expect_status(&r, 201);
    expect_match(s, cw_buf_view(&good));
    assert_int_equal(pthread_create(&watcher, NULL, watch, &w), 0);
    send_all(s, &w, &t);
    atomic_store(&w.over, true);
    assert_int_equal(pthread_join(watcher, NULL), 0);
    expect_match(s, cw_buf_view(&good));
    print_message("%u answers: %u taken, %u refused, %u wrong; slowest %u ms (%s); "
                  "hashers' peak %u MiB; health at most %u ms, %u times none\n",
                  t.n_sent, t.n_taken, t.n_refused, t.n_wrong, (unsigned)t.slowest_ms,
                  t.slowest, (unsigned)(atomic_load(&w.resident_kb) / 1024),
                  (unsigned)w.health_ms, w.n_unhealthy);
    assert_int_equal(t.n_wrong, 0);
    assert_int_equal(w.n_unhealthy, 0);
    assert_in_range(w.health_ms, 0, MAX_HEALTH_MS);
}

static void there_are_hundreds_and_each_is_made_the_same_twice(void **state)
{
    (void)state;
    const size_t n = t_hostile_count();
    assert_true(n >= 500);
    for (size_t i = FIRST; i < n; i += (size_t)4 * EVERY) {
        CW_AUTO(t_hostile_done) struct t_hostile_file a = t_hostile_make(i);
        CW_AUTO(t_hostile_done) struct t_hostile_file b = t_hostile_make(i);
        assert_string_equal(a.name, b.name);
        assert_true(cw_bytes_equal(cw_buf_view(&a.bytes), cw_buf_view(&b.bytes)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_hundreds_and_each_is_made_the_same_twice),
        cmocka_unit_test(hostile_pictures_are_answered_and_harm_nobody),
    };
    t_encode_init();
    return cmocka_run_group_tests(tests, t_server_group_setup, t_server_group_teardown);
}
