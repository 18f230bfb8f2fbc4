/* bench_http.c - what the HTTP service costs above what it is made of:
 *
 *   http_small   a 300-byte POST /v1/match of one hash against an empty index, 32
 *                connections; reference: a bare libmicrohttpd server that echoes the same
 *                body from an epoll pool of two threads
 *   http_picture a 1080p JPEG of about 200 KB to /v1/match; reference: decoding and
 * hashing the same file in this process
 *
 * Subject and reference take turns for some rounds on the same processor, the load comes
 * from another one; the medians of the rounds and of their ratios are printed as a JSON
 * line each. Ratios are reference / subject for CPU and subject / reference for
 * throughput: 1 is par, less is worse. */
#include "base/clock.h"
#include "hashing/recipe.h"
#include "tests/support/t_api.h"
#include "tests/support/t_encode.h"
#include "tests/support/t_measure.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define N_ROUNDS 7
#define ROUND_NS 1000000000ULL
#define SMALL_BODY 300
#define SMALL_CONNECTIONS 32
#define PICTURE_CONNECTIONS 4
#define PICTURE_BYTES ((size_t)200 * 1000)
#define MAX_PROCESSES 65 /* celwatchd and its hashers */

/* ---- the echo server, run as `bench_http --echo` ------------------------------------
 */

static enum MHD_Result echo(void *ctx, struct MHD_Connection *connection, const char *url,
                            const char *method, const char *version, const char *data,
                            size_t *len, void **state)
{
    (void)ctx;
    (void)url;
    (void)method;
    (void)version;
    struct cw_buf *body = *state;
    if (body == NULL) {
        body = calloc(1, sizeof *body);
        if (body == NULL) {
            return MHD_NO;
        }
        *body = CW_BUF_INIT(65536);
        *state = body;
        return MHD_YES;
    }
    if (*len > 0) {
        cw_buf_add(body, data, *len);
        *len = 0;
        return MHD_YES;
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body->len, body->p, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result rc = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return rc;
}

static void echo_done(void *ctx, struct MHD_Connection *connection, void **state,
                      enum MHD_RequestTerminationCode how)
{
    (void)ctx;
    (void)connection;
    (void)how;
    if (*state != NULL) {
        cw_buf_done(*state);
        free(*state);
    }
}

/* Serves until SIGTERM; prints its port first. */
static int run_echo(void)
{
    sigset_t term;
    int signal_no = 0;
    (void)sigemptyset(&term);
    (void)sigaddset(&term, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &term, NULL);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, echo, NULL,
                         MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_THREAD_POOL_SIZE, 2U,
                         MHD_OPTION_NOTIFY_COMPLETED, echo_done, NULL, MHD_OPTION_END);
    if (daemon == NULL) {
        return EXIT_FAILURE;
    }
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    (void)printf("%u\n", (unsigned)info->port);
    (void)fflush(stdout);
    (void)sigwait(&term, &signal_no);
    MHD_stop_daemon(daemon);
    return EXIT_SUCCESS;
}

static struct t_process start_echo(uint16_t *port)
{
    char program[T_PATH_CAP];
    char line[16];
    t_program("bench_http", program);
    const char *const argv[] = {program, "--echo", NULL};
    struct t_process p =
        t_process_start(&(struct t_spawn){.argv = argv, .stderr_path = "/dev/null"});
    assert_true(t_process_read_line(&p, 10, line, sizeof line));
    *port = (uint16_t)strtoul(line, NULL, 10);
    return p;
}

/* ---- measuring ----------------------------------------------------------------------
 */

/* The rounds of a benchmark, by what is printed of them. */
struct series {
    double per_second[N_ROUNDS], reference_per_second[N_ROUNDS];
    double cpu_us[N_ROUNDS], reference_cpu_us[N_ROUNDS];
    double ratio[N_ROUNDS], cpu_ratio[N_ROUNDS];
};

static void add_round(struct series *s, size_t i, struct t_round subject,
                      struct t_round reference)
{
    s->per_second[i] = subject.per_second;
    s->reference_per_second[i] = reference.per_second;
    s->cpu_us[i] = subject.cpu_us;
    s->reference_cpu_us[i] = reference.cpu_us;
    s->ratio[i] = subject.per_second / reference.per_second;
    s->cpu_ratio[i] = reference.cpu_us / subject.cpu_us;
}

static void print_series(const char *name, const struct series *s, size_t request_bytes,
                         double goal)
{
    const struct t_figure figures[] = {
        {"body_bytes", (double)request_bytes, 0},
        {"rounds", N_ROUNDS, 0},
        {"requests_per_s", t_median(s->per_second, N_ROUNDS), 1},
        {"reference_per_s", t_median(s->reference_per_second, N_ROUNDS), 1},
        {"cpu_us", t_median(s->cpu_us, N_ROUNDS), 1},
        {"reference_cpu_us", t_median(s->reference_cpu_us, N_ROUNDS), 1},
        {"ratio", t_median(s->ratio, N_ROUNDS), 3},
        {"cpu_ratio", t_median(s->cpu_ratio, N_ROUNDS), 3},
        {"goal", goal, 2},
    };
    t_print_figures(name, figures, sizeof figures / sizeof *figures);
}

/* ---- the benchmarks -----------------------------------------------------------------
 */

static void write_request(struct cw_buf *out, const char *key, const char *type,
                          struct cw_bytes body)
{
    cw_buf_printf(
        out,
        "POST /v1/match HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
        "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
        key, type, body.len);
    cw_buf_add(out, body.p, body.len);
    assert_false(out->failed);
}

static void bench_small(const struct t_server *s)
{
    char hex[CW_HASH_TEXT_CAP];
    char body[SMALL_BODY + 1];
    struct series series;
    uint16_t echo_port = 0;
    CW_AUTO(cw_buf_done) struct cw_buf request = CW_BUF_INIT(4096);
    t_hash_text(1, 0, hex);
    /* Padded with spaces, which JSON does not mind. */
    (void)snprintf(body, sizeof body, "{\"pdq\":\"%s\"%*s}", hex,
                   SMALL_BODY - (int)strlen(hex) - 10, "");
    write_request(&request, s->admin_key, "application/json", cw_bytes_str(body));
    t_measure_here(true);
    struct t_process echo_server = start_echo(&echo_port);
    t_measure_here(false);
    struct t_load load = {.request = cw_buf_view(&request),
                          .connections = SMALL_CONNECTIONS,
                          .duration_ns = ROUND_NS};
    for (size_t i = 0; i < N_ROUNDS; i++) {
        load.port = echo_port;
        struct t_round reference = t_measure_load(&load, &echo_server.pid, 1);
        load.port = s->port;
        add_round(&series, i, t_measure_load(&load, &s->process.pid, 1), reference);
    }
    assert_int_equal(kill(echo_server.pid, SIGTERM), 0);
    (void)t_process_wait(&echo_server, 10);
    print_series("http_small", &series, SMALL_BODY, 0.7);
}

/* Decodes and hashes in this process for about one round. */
static struct t_round measure_hashing(struct cw_recipe *recipe, struct cw_bytes picture)
{
    pid_t self = getpid();
    unsigned n = 0;
    t_measure_here(true);
    double cpu = t_measure_cpu(&self, 1);
    uint64_t start = cw_mono_ns();
    for (; cw_mono_ns() - start < ROUND_NS; n++) {
        struct cw_fingerprint fp = {0};
        assert_int_equal(cw_recipe_run(recipe, picture, CW_LENIENT, &fp, NULL), 0);
        cw_fingerprint_done(&fp);
    }
    double seconds = (double)(cw_mono_ns() - start) / 1e9;
    cpu = t_measure_cpu(&self, 1) - cpu;
    t_measure_here(false);
    return (struct t_round){.per_second = n / seconds, .cpu_us = cpu / n * 1e6};
}

/* A drawn 1080p frame as JPEG, in the first quality that makes it large enough. */
static struct cw_buf make_picture(void)
{
    CW_AUTO(t_image_done) struct t_image image = t_image_draw(1, 1920, 1080);
    for (unsigned quality = 85;; quality++) {
        char suffix[32];
        (void)snprintf(suffix, sizeof suffix, ".jpg[Q=%u]", quality);
        struct cw_buf file = t_encode(&image, T_RGB, suffix, 0);
        if (file.len >= PICTURE_BYTES || quality == 100) {
            return file;
        }
        cw_buf_done(&file);
    }
}

static void bench_picture(const struct t_server *s)
{
    const struct cw_decode_limits limits = {.max_pixels = 100000000,
                                            .max_held_bytes = (uint64_t)512 << 20};
    struct series series;
    struct cw_recipe *recipe = NULL;
    pid_t pids[MAX_PROCESSES] = {s->process.pid};
    size_t n_pids = 1 + t_server_hashers(s, pids + 1, MAX_PROCESSES - 1);
    CW_AUTO(cw_buf_done) struct cw_buf file = make_picture();
    CW_AUTO(cw_buf_done) struct cw_buf request = CW_BUF_INIT(T_ENCODE_MAX);
    write_request(&request, s->admin_key, "image/jpeg", cw_buf_view(&file));
    assert_int_equal(cw_recipe_new(&limits, &recipe, NULL), 0);
    const struct t_load load = {.port = s->port,
                                .request = cw_buf_view(&request),
                                .connections = PICTURE_CONNECTIONS,
                                .duration_ns = ROUND_NS};
    for (size_t i = 0; i < N_ROUNDS; i++) {
        struct t_round reference = measure_hashing(recipe, cw_buf_view(&file));
        add_round(&series, i, t_measure_load(&load, pids, n_pids), reference);
    }
    cw_recipe_free(&recipe);
    print_series("http_picture", &series, file.len, 0.85);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--echo") == 0) {
        return run_echo();
    }
    t_encode_init();
    assert_int_equal(cw_decode_init(NULL), 0);
    /* Threads and hashers inherit the processor. No hasher may be replaced while its CPU
     * time is being counted. */
    t_measure_here(true);
    struct t_server *s = t_server_new("hashers = 1\nhasher_recycle = 1000000\n");
    t_measure_here(false);
    bench_small(s);
    bench_picture(s);
    t_server_free(s);
    return EXIT_SUCCESS;
}
