/* bench_register.c - registering over HTTP with durable commits, and asking about what
 * was registered.
 *
 *   bench_register [--rows N]        N assets for the questions (1,000,000)
 *
 *   register_pdq    bare hashes in the binary bulk form, 1,000 a request; reference: the
 *                   same bodies written to a file and synced
 *   register_lines  the same as NDJSON
 *   register_whole  whole fingerprints of 18 KB, no two alike; reference as above
 *   register_runs   the same, eight frames in a row near-identical: a hold
 *   put_together    single PUTs on a store whose commit takes 2 ms more, 32 connections;
 *                   reference: one connection
 *   match_hash      one hash among N, as it is, in the binary form; reference: /healthz
 *                   on the same connections
 *   match_one       one hash among N as JSON: its turns, its negative, judged; the same
 *   match_batch     1,000 hashes a request among N; reference: the same with radius 0.
 *                   `share` is what is not search: at most that are HTTP and encoding
 *
 * A JSON line each. The service runs on one processor, the load on another. */
#include "base/clock.h"
#include "base/num.h"
#include "hashing/fingerprint.h"
#include "tests/support/t_api.h"
#include "tests/support/t_measure.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUND_NS 3000000000ULL
#define N_ROUNDS 5
#define ID_BYTES 10
#define BULK_RECORDS 1000
#define WHOLE_RECORDS 500
#define WHOLE_VIEWS 5
#define WHOLE_LOCAL 440 /* 17.9 KB a fingerprint */
#define RUN_FRAMES 8
#define BULK_CONNECTIONS 4
#define MANY_CONNECTIONS 32
#define BATCH 1000
#define BODY_MAX ((size_t)16 << 20)
#define LATENESS_US 2000
/* Of a record: where its id is, and how the fingerprint goes on (docs/
 * fingerprint-format.md). */
#define ID_AT 16
#define VIEWS_AT (ID_AT + ID_BYTES + 16)
#define VIEW_BYTES 42
#define HASH_IN_VIEW 10
#define LOCAL_BYTES CW_FP_LOCAL_BYTES

/* ---- codes ------------------------------------------------------------------------ */

static uint64_t mixed(uint64_t n)
{
    n += 0x9e3779b97f4a7c15U;
    n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9U;
    n = (n ^ (n >> 27)) * 0x94d049bb133111ebU;
    return n ^ (n >> 31);
}

/* The same for the same number; far from all others. */
static void put_code(uint64_t number, uint8_t out[CW_HASH_BYTES])
{
    for (uint64_t i = 0; i < CW_HASH_BYTES / 8; i++) {
        const uint64_t word = mixed(number * 4 + i);
        memcpy(out + 8 * i, &word, 8);
    }
}

/* ---- bodies ------------------------------------------------------------------------ */

/* Requests of one way of registering: a template of whole records, in which ids and codes
 * are renewed for each. */
struct bodies {
    const struct t_server *server;
    const char *type;
    size_t n, record_bytes;
    size_t n_local; /* of each record */
    size_t run;     /* records in a row that look alike; 1 = none */
    uint64_t next;  /* number of the next asset */
    struct cw_buf template;
};

static struct cw_fingerprint whole_fingerprint(void)
{
    static const uint8_t kinds[WHOLE_VIEWS] = {CW_VIEW_PDQ, CW_VIEW_PDQR, CW_VIEW_INK,
                                               CW_VIEW_PDQR, CW_VIEW_INK};
    struct cw_fingerprint fp = {.recipe = CW_RECIPE_VIEWS,
                                .width = 1920,
                                .height = 1080,
                                .quality = 100,
                                .n_views = WHOLE_VIEWS,
                                .n_local = WHOLE_LOCAL};
    for (size_t i = 0; i < WHOLE_VIEWS; i++) {
        fp.views[i].kind = kinds[i];
        fp.views[i].area = CW_AREA_WHOLE;
        fp.views[i].area.left = i < 3 ? 0 : 4096;
    }
    fp.local = calloc(WHOLE_LOCAL, sizeof *fp.local);
    assert_non_null(fp.local);
    for (size_t i = 0; i < WHOLE_LOCAL; i++) {
        fp.local[i].x = (uint16_t)mixed(2 * i);
        fp.local[i].y = (uint16_t)mixed(2 * i + 1);
        fp.local[i].scale = 546; /* a pixel of 1920 */
    }
    return fp;
}

static void make_template(struct bodies *b, const struct cw_fingerprint *fp)
{
    b->template = CW_BUF_INIT(BODY_MAX);
    for (size_t i = 0; i < b->n; i++) {
        t_add_record(&b->template, "0123456789", 1, fp);
    }
    b->record_bytes = b->template.len / b->n;
    b->n_local = fp->n_local;
}

static void renew_local(const struct bodies *b, uint64_t look, uint8_t *at)
{
    for (size_t i = 0; i < b->n_local; i++) {
        put_code(look * CW_FP_MAX_LOCAL + i, at + i * LOCAL_BYTES);
    }
}

static void renew_record(const struct bodies *b, uint64_t number, uint8_t *record)
{
    const uint64_t look = number / b->run * b->run;
    const size_t n_views = b->n_local > 0 ? WHOLE_VIEWS : CW_TURN_COUNT;
    char id[ID_BYTES + 1];
    (void)snprintf(id, sizeof id, "%010llu", (unsigned long long)number);
    memcpy(record + ID_AT, id, ID_BYTES);
    for (size_t i = 0; i < n_views; i++) {
        uint8_t *code = record + VIEWS_AT + i * VIEW_BYTES + HASH_IN_VIEW;
        put_code(look + (i << 40), code);
        code[0] = (uint8_t)(code[0] ^ (number - look)); /* a few bits of its own */
    }
    renew_local(b, look, record + VIEWS_AT + n_views * VIEW_BYTES + 2);
}

static void add_head(const struct bodies *b, size_t body_bytes, struct cw_buf *out)
{
    cw_buf_printf(out,
                  "POST /v1/collections/bench/assets HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                  "Authorization: Bearer %s\r\nContent-Type: %s\r\n"
                  "Content-Length: %zu\r\n\r\n",
                  b->server->admin_key, b->type, body_bytes);
}

static void make_records(void *ctx, struct cw_buf *out)
{
    struct bodies *b = ctx;
    add_head(b, b->template.len, out);
    const size_t at = out->len;
    cw_buf_add(out, b->template.p, b->template.len);
    for (size_t i = 0; i < b->n; i++) {
        renew_record(b, b->next++, out->p + at + i * b->record_bytes);
    }
}

static void make_lines(void *ctx, struct cw_buf *out)
{
    struct bodies *b = ctx;
    CW_AUTO(cw_buf_done) struct cw_buf lines = CW_BUF_INIT(BODY_MAX);
    for (size_t i = 0; i < b->n; i++) {
        struct cw_hash code;
        char hex[CW_HASH_TEXT_CAP];
        put_code(b->next, code.b);
        cw_hash_format(&code, hex);
        cw_buf_printf(&lines, "{\"id\":\"%010llu\",\"fingerprint\":{\"pdq\":\"%s\"}}\n",
                      (unsigned long long)b->next++, hex);
        b->record_bytes = lines.len / (i + 1);
    }
    add_head(b, lines.len, out);
    cw_buf_add(out, lines.p, lines.len);
}

static void make_put(void *ctx, struct cw_buf *out)
{
    struct bodies *b = ctx;
    struct cw_hash code;
    char hex[CW_HASH_TEXT_CAP];
    put_code(b->next, code.b);
    cw_hash_format(&code, hex);
    cw_buf_printf(out,
                  "PUT /v1/collections/bench/assets/%010llu HTTP/1.1\r\n"
                  "Host: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
                  "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n"
                  "{\"fingerprint\":{\"pdq\":\"%s\"}}",
                  (unsigned long long)b->next++, b->server->admin_key,
                  sizeof "{\"fingerprint\":{\"pdq\":\"\"}}" - 1 + strlen(hex), hex);
}

/* ---- registering ------------------------------------------------------------------- */

/* A service whose threads are all on the measured processor. */
static struct t_server *start(const char *config)
{
    t_measure_here(true);
    struct t_server *s = t_server_new(config);
    t_measure_here(false);
    return s;
}

/* Bytes a second that this disk takes in pieces of `len`, each synced. */
static double disk_rate(const char *folder, const struct cw_buf *piece)
{
    char path[T_PATH_CAP + 16];
    (void)snprintf(path, sizeof path, "%s/reference", folder);
    const int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    const uint64_t start = cw_mono_ns();
    uint64_t n = 0;
    while (cw_mono_ns() - start < ROUND_NS / 3) {
        for (size_t done = 0; done < piece->len;) {
            const ssize_t now = write(fd, piece->p + done, piece->len - done);
            assert_true(now > 0);
            done += (size_t)now;
        }
        assert_int_equal(fdatasync(fd), 0);
        n++;
    }
    const double seconds = (double)(cw_mono_ns() - start) / 1e9;
    (void)close(fd);
    (void)unlink(path);
    return (double)(n * piece->len) / seconds;
}

static void bench_bulk(const char *name, struct bodies *b,
                       void (*make)(void *ctx, struct cw_buf *out), double goal_per_s,
                       double goal_mb_s)
{
    CW_AUTO(cw_buf_done) struct cw_buf sample = CW_BUF_INIT(BODY_MAX + 4096);
    make(b, &sample);
    const double disk = disk_rate(b->server->dir, &sample);
    const struct t_load load = {.port = b->server->port,
                                .make = make,
                                .ctx = b,
                                .make_max = BODY_MAX + 4096,
                                .connections = BULK_CONNECTIONS,
                                .duration_ns = ROUND_NS};
    const struct t_round r = t_measure_load(&load, &b->server->process.pid, 1);
    const double assets = r.per_second * (double)b->n;
    const double bytes = assets * (double)b->record_bytes;
    const struct t_figure figures[] = {
        {"records", (double)b->n, 0},
        {"record_bytes", (double)b->record_bytes, 0},
        {"assets_per_s", assets, 0},
        {"mb_per_s", bytes / 1e6, 1},
        {"cpu_us", r.cpu_us / (double)b->n, 2},
        {"disk_mb_per_s", disk / 1e6, 1},
        {"ratio", bytes / disk, 3},
        {"goal_per_s", goal_per_s, 0},
        {"goal_mb_per_s", goal_mb_s, 0},
    };
    t_print_figures(name, figures, sizeof figures / sizeof *figures);
}

static void bench_registering(void)
{
    static const char BINARY[] = "application/vnd.celwatch.fingerprints";
    struct t_server *s = start("hashers = 1\n");
    struct cw_fingerprint bare;
    struct cw_hash zero = {{0}};
    cw_fingerprint_from_pdq(&zero, &bare);
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint whole = whole_fingerprint();
    struct bodies b = {.server = s, .type = BINARY, .n = BULK_RECORDS, .run = 1};
    make_template(&b, &bare);
    bench_bulk("register_pdq", &b, make_records, 20000, 0);
    cw_buf_done(&b.template);
    b.type = "application/x-ndjson";
    bench_bulk("register_lines", &b, make_lines, 0, 0);
    b.type = BINARY;
    b.n = WHOLE_RECORDS;
    make_template(&b, &whole);
    bench_bulk("register_whole", &b, make_records, 0, 60);
    b.run = RUN_FRAMES;
    b.next += RUN_FRAMES - b.next % RUN_FRAMES;
    bench_bulk("register_runs", &b, make_records, 0, 0);
    cw_buf_done(&b.template);
    t_server_free(s);
}

static void bench_together(void)
{
    char config[64];
    double ratio[N_ROUNDS], alone[N_ROUNDS], together[N_ROUNDS];
    (void)snprintf(config, sizeof config, "hashers = 1\ncommit_delay_us = %d\n",
                   LATENESS_US);
    struct t_server *s = start(config);
    struct bodies b = {.server = s};
    struct t_load load = {.port = s->port,
                          .make = make_put,
                          .ctx = &b,
                          .make_max = 4096,
                          .duration_ns = ROUND_NS / 3};
    for (size_t i = 0; i < N_ROUNDS; i++) {
        load.connections = 1;
        alone[i] = t_measure_load(&load, &s->process.pid, 1).per_second;
        load.connections = MANY_CONNECTIONS;
        together[i] = t_measure_load(&load, &s->process.pid, 1).per_second;
        ratio[i] = together[i] / alone[i];
    }
    t_server_free(s);
    const struct t_figure figures[] = {
        {"connections", MANY_CONNECTIONS, 0},
        {"commit_delay_us", LATENESS_US, 0},
        {"requests_per_s", t_median(together, N_ROUNDS), 1},
        {"reference_per_s", t_median(alone, N_ROUNDS), 1},
        {"ratio", t_median(ratio, N_ROUNDS), 2},
        {"goal", 8, 0},
    };
    t_print_figures("put_together", figures, sizeof figures / sizeof *figures);
}

/* ---- asking ------------------------------------------------------------------------ */

/* Registers assets 0 .. at least n - 1. */
static uint64_t fill(const struct t_server *s, uint64_t n)
{
    struct cw_fingerprint bare;
    struct cw_hash zero = {{0}};
    cw_fingerprint_from_pdq(&zero, &bare);
    struct bodies b = {.server = s,
                       .type = "application/vnd.celwatch.fingerprints",
                       .n = BULK_RECORDS,
                       .run = 1};
    make_template(&b, &bare);
    const struct t_load load = {.port = s->port,
                                .make = make_records,
                                .ctx = &b,
                                .make_max = BODY_MAX,
                                .connections = BULK_CONNECTIONS,
                                .duration_ns = ROUND_NS / 10};
    while (b.next < n) {
        (void)t_load_run(&load);
    }
    cw_buf_done(&b.template);
    return b.next;
}

static const char HASHES[] = "application/vnd.celwatch.hashes";

static void write_match(const struct t_server *s, const char *query, const char *type,
                        struct cw_bytes body, struct cw_buf *out)
{
    cw_buf_printf(out,
                  "POST /v1/match%s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: "
                  "Bearer %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                  query, s->admin_key, type, body.len);
    cw_buf_add(out, body.p, body.len);
}

/* `request` beside one with an empty answer, in turns. */
static void bench_beside_health(const char *name, const struct t_server *s, uint64_t rows,
                                const struct cw_buf *request)
{
    CW_AUTO(cw_buf_done) struct cw_buf health = CW_BUF_INIT(4096);
    double ratio[N_ROUNDS], cpu[N_ROUNDS], per_second[N_ROUNDS], reference[N_ROUNDS];
    cw_buf_printf(&health,
                  "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
                  "%s\r\n\r\n",
                  s->admin_key);
    struct t_load load = {
        .port = s->port, .connections = MANY_CONNECTIONS, .duration_ns = ROUND_NS / 3};
    for (size_t i = 0; i < N_ROUNDS; i++) {
        load.request = cw_buf_view(&health);
        const struct t_round empty = t_measure_load(&load, &s->process.pid, 1);
        load.request = cw_buf_view(request);
        const struct t_round one = t_measure_load(&load, &s->process.pid, 1);
        per_second[i] = one.per_second;
        reference[i] = empty.per_second;
        ratio[i] = one.per_second / empty.per_second;
        cpu[i] = one.cpu_us;
    }
    const struct t_figure figures[] = {
        {"rows", (double)rows, 0},
        {"requests_per_s", t_median(per_second, N_ROUNDS), 1},
        {"cpu_us", t_median(cpu, N_ROUNDS), 1},
        {"reference_per_s", t_median(reference, N_ROUNDS), 1},
        {"ratio", t_median(ratio, N_ROUNDS), 3},
        {"goal", 0.5, 1},
    };
    t_print_figures(name, figures, sizeof figures / sizeof *figures);
}

/* A hash that is not there: its answer is empty, too. */
static void bench_one(const struct t_server *s, uint64_t rows)
{
    CW_AUTO(cw_buf_done) struct cw_buf binary = CW_BUF_INIT(4096);
    CW_AUTO(cw_buf_done) struct cw_buf json = CW_BUF_INIT(4096);
    struct cw_hash code;
    char hex[CW_HASH_TEXT_CAP];
    char body[T_JSON_CAP];
    put_code(rows * 2, code.b);
    cw_hash_format(&code, hex);
    t_format(body, "{\"pdq\":\"%s\"}", hex);
    write_match(s, "", HASHES, cw_bytes_of(code.b, CW_HASH_BYTES), &binary);
    write_match(s, "", "application/json", cw_bytes_str(body), &json);
    bench_beside_health("match_hash", s, rows, &binary);
    bench_beside_health("match_one", s, rows, &json);
}

/* Every tenth hash is registered. With radius 0 the answers are the same, and there is
 * hardly a search. */
static void bench_batch(const struct t_server *s, uint64_t rows)
{
    CW_AUTO(cw_buf_done) struct cw_buf batch = CW_BUF_INIT(BODY_MAX);
    CW_AUTO(cw_buf_done) struct cw_buf question = CW_BUF_INIT(BODY_MAX);
    CW_AUTO(cw_buf_done) struct cw_buf exact = CW_BUF_INIT(BODY_MAX);
    double share[N_ROUNDS], cpu[N_ROUNDS], reference[N_ROUNDS], per_second[N_ROUNDS];
    for (uint64_t i = 0; i < BATCH; i++) {
        uint8_t code[CW_HASH_BYTES];
        put_code(i % 10 == 0 ? i : rows * 2 + i, code);
        cw_buf_add(&batch, code, sizeof code);
    }
    write_match(s, "", HASHES, cw_buf_view(&batch), &question);
    write_match(s, "?radius=0", HASHES, cw_buf_view(&batch), &exact);
    struct t_load load = {.port = s->port, .connections = 1, .duration_ns = ROUND_NS / 3};
    for (size_t i = 0; i < N_ROUNDS; i++) {
        load.request = cw_buf_view(&question);
        const struct t_round r = t_measure_load(&load, &s->process.pid, 1);
        load.request = cw_buf_view(&exact);
        reference[i] = t_measure_load(&load, &s->process.pid, 1).cpu_us;
        cpu[i] = r.cpu_us;
        per_second[i] = r.per_second;
        share[i] = reference[i] / r.cpu_us;
    }
    const struct t_figure figures[] = {
        {"rows", (double)rows, 0},
        {"hashes", BATCH, 0},
        {"requests_per_s", t_median(per_second, N_ROUNDS), 1},
        {"cpu_us", t_median(cpu, N_ROUNDS), 1},
        {"reference_cpu_us", t_median(reference, N_ROUNDS), 1},
        {"share", t_median(share, N_ROUNDS), 3},
        {"goal", 0.2, 1},
    };
    t_print_figures("match_batch", figures, sizeof figures / sizeof *figures);
}

static void bench_asking(uint64_t rows)
{
    struct t_server *s = start("hashers = 1\n");
    rows = fill(s, rows);
    t_server_stop(s); /* a start leaves no row unsorted */
    t_measure_here(true);
    t_server_start(s);
    t_measure_here(false);
    bench_one(s, rows);
    bench_batch(s, rows);
    t_server_free(s);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"rows", required_argument, NULL, 'r'},
                                            {NULL, 0, NULL, 0}};
    uint64_t rows = 1000000;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c != 'r' || cw_parse_u64(cw_bytes_str(optarg), 1, 100000000, "--rows", &rows,
                                     NULL) != 0) {
            (void)fprintf(stderr, "usage: bench_register [--rows N]\n");
            return 2;
        }
    }
    bench_registering();
    bench_together();
    bench_asking(rows);
    return EXIT_SUCCESS;
}
