/* bench_pdq.c - what fingerprinting costs beyond decoding: process CPU time, one core,
 * variants interleaved in every round, medians. Ratios within one run are what to quote.
 *
 *     bench_pdq [celwatch-hasher]      the program is looked for beside bench_pdq */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <turbojpeg.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "hashing/pdq.h"
#include "hashing/recipe.h"
#include "hashing/sampler.h"
#include "tests/support/t_encode.h"

#define N_PICTURES 8
#define N_ROUNDS 15
#define MAX_PLANE (1920 * 1080)

enum stage {
    DECODE,
    DECODE_AND_PDQ,
    SAMPLE,
    PDQ,
    REGISTER,
    MATCH,
    MATCH_1024,
    FAST_1024,
    STAGE_COUNT
};

struct bench {
    struct cw_buf files[N_PICTURES]; /* 1920 x 1080 */
    struct cw_buf small[N_PICTURES]; /* 1024 x 768, what a crawler meets */
    struct cw_decoder *decoder;
    struct cw_recipe *recipe;
    struct cw_pdq_work *pdq;
    struct cw_sampler sampler;
    tjhandle tj;
    uint8_t *plane;
    double ms[STAGE_COUNT][N_ROUNDS]; /* per picture */
};

static void must(int rc, const struct cw_err *err)
{
    if (rc != 0) {
        (void)fprintf(stderr, "bench_pdq: %s\n", err->text);
        exit(1);
    }
}

static double cpu_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void pin_to_one_core(void)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((unsigned)sched_getcpu(), &one);
    (void)sched_setaffinity(0, sizeof one, &one);
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v)
{
    qsort(v, N_ROUNDS, sizeof v[0], compare);
    return v[N_ROUNDS / 2];
}

static void decode_only(struct bench *b, const struct cw_buf *file)
{
    int width = 0;
    int height = 0;
    int subsampling = 0;
    int colours = 0;
    (void)tjDecompressHeader3(b->tj, file->p, file->len, &width, &height, &subsampling,
                              &colours);
    if (tjDecompress2(b->tj, file->p, file->len, b->plane, width, width, height,
                      TJPF_GRAY, 0) != 0) {
        abort();
    }
}

/* The published hash alone, from the file. */
static void decode_and_pdq(struct bench *b, const struct cw_buf *file)
{
    struct cw_decoded decoded;
    struct cw_pdq pdq;
    struct cw_err err = {0};
    must(cw_decode(b->decoder, cw_buf_view(file), CW_STRICT, &b->sampler.sink, &decoded,
                   &err),
         &err);
    cw_pdq_hash(b->pdq, 1920, 1080, &pdq);
}

/* The whole fingerprint, from the file. */
static void fingerprint(struct bench *b, const struct cw_buf *file,
                        enum cw_strictness how)
{
    static struct cw_fingerprint fp;
    struct cw_err err = {0};
    must(cw_recipe_run(b->recipe, cw_buf_view(file), how, &fp, &err), &err);
    cw_fingerprint_done(&fp);
}

/* The plane that decode_only left, to PDQ's plane. */
static void sample(struct bench *b)
{
    const struct cw_layout layout = {
        .width = 1920, .height = 1080, .bands = 1, .orientation = 1};
    must(b->sampler.sink.begin(&b->sampler.sink, &layout, NULL), NULL);
    for (uint32_t y = 0; y < layout.height; y++) {
        b->sampler.sink.row(&b->sampler.sink, y, b->plane + (size_t)y * layout.width);
    }
}

static void run_round(struct bench *b, int round)
{
    double spent[STAGE_COUNT] = {0};
    for (int i = 0; i < N_PICTURES; i++) {
        struct cw_pdq pdq;
        double at[STAGE_COUNT + 1];
        at[0] = cpu_ms();
        decode_only(b, &b->files[i]);
        at[1] = cpu_ms();
        decode_and_pdq(b, &b->files[i]);
        at[2] = cpu_ms();
        sample(b);
        at[3] = cpu_ms();
        cw_pdq_hash(b->pdq, 1920, 1080, &pdq);
        at[4] = cpu_ms();
        fingerprint(b, &b->files[i], CW_STRICT);
        at[5] = cpu_ms();
        fingerprint(b, &b->files[i], CW_LENIENT);
        at[6] = cpu_ms();
        fingerprint(b, &b->small[i], CW_LENIENT);
        at[7] = cpu_ms();
        fingerprint(b, &b->small[i], CW_FAST);
        at[8] = cpu_ms();
        for (int s = 0; s < STAGE_COUNT; s++) {
            spent[s] += at[s + 1] - at[s];
        }
    }
    for (int s = 0; s < STAGE_COUNT; s++) {
        b->ms[s][round] = spent[s] / N_PICTURES;
    }
}

/* Wall time of a refused file in the process of its own: nothing but the way there and
 * back.
 */
static double hand_over_ms(const char *program, const struct cw_buf *file)
{
    struct cw_hasher_options options = CW_HASHER_DEFAULTS;
    struct cw_hasher *h = NULL;
    struct cw_err err = {0};
    double ms[N_ROUNDS];
    CW_AUTO(cw_buf_done) struct cw_buf refused = CW_BUF_INIT(T_ENCODE_MAX);
    cw_buf_add(&refused, file->p, file->len);
    memset(refused.p, 0, 3); /* of no format, so it is not decoded */
    options.program = program;
    must(cw_hasher_open(&options, &h, &err), &err);
    uint8_t sha256[CW_SHA256_BYTES];
    for (int round = 0; round < N_ROUNDS; round++) {
        struct cw_fingerprint fp;
        const uint64_t start = cw_mono_ns();
        for (int i = 0; i < 20; i++) {
            if (cw_hasher_run(h, cw_buf_view(&refused), CW_STRICT, &fp, &err) == 0) {
                abort();
            }
        }
        const uint64_t middle = cw_mono_ns();
        for (int i = 0; i < 20; i++) {
            cw_sha256(cw_buf_view(&refused),
                      sha256); /* done meanwhile, in a real picture */
        }
        const uint64_t end = cw_mono_ns();
        ms[round] = ((double)(middle - start) - (double)(end - middle)) / 20e6;
    }
    cw_hasher_close(h);
    return median(ms);
}

static void open_bench(struct bench *b)
{
    const struct cw_decode_limits limits = {100000000, (uint64_t)320 << 20};
    struct cw_err err = {0};
    t_encode_init();
    must(cw_crypto_init(&err), &err);
    must(cw_decode_init(&err), &err);
    must(cw_decoder_new(&limits, &b->decoder, &err), &err);
    must(cw_recipe_new(&limits, &b->recipe, &err), &err);
    must(cw_pdq_work_new(&b->pdq, &err), &err);
    cw_sampler_init(&b->sampler, cw_pdq_luma(b->pdq));
    b->tj = tjInitDecompress();
    b->plane = malloc(MAX_PLANE);
    if (b->tj == NULL || b->plane == NULL) {
        abort();
    }
    for (unsigned i = 0; i < N_PICTURES; i++) {
        struct t_image p = t_image_draw_grainy(100 + i, 1920, 1080);
        b->files[i] = t_encode(&p, T_RGB, ".jpg[Q=85]", 0);
        t_image_done(&p);
        p = t_image_draw_grainy(200 + i, 1024, 768);
        b->small[i] = t_encode(&p, T_RGB, ".jpg[Q=85]", 0);
        t_image_done(&p);
    }
}

static void close_bench(struct bench *b)
{
    for (int i = 0; i < N_PICTURES; i++) {
        cw_buf_done(&b->files[i]);
        cw_buf_done(&b->small[i]);
    }
    free(b->plane);
    (void)tjDestroy(b->tj);
    cw_pdq_work_free(&b->pdq);
    cw_recipe_free(&b->recipe);
    cw_decoder_free(&b->decoder);
}

int main(int argc, char **argv)
{
    static struct bench b;
    char program[4096];
    const char *slash = strrchr(argv[0], '/');
    const int folder = slash == NULL ? 0 : (int)(slash - argv[0]) + 1;
    (void)snprintf(program, sizeof program, "%.*scelwatch-hasher", folder, argv[0]);
    open_bench(&b);
    const double hand_over = hand_over_ms(argc > 1 ? argv[1] : program, &b.files[0]);
    pin_to_one_core();
    for (int round = 0; round < N_ROUNDS; round++) {
        run_round(&b, round);
    }
    size_t bytes = 0;
    for (int i = 0; i < N_PICTURES; i++) {
        bytes += b.files[i].len / N_PICTURES;
    }
    const double decode = median(b.ms[DECODE]);
    const double both = median(b.ms[DECODE_AND_PDQ]);
    (void)printf(
        "{\"name\":\"jpeg_hash\",\"ratio\":%.3f,\"goal\":0.85,\"decode_ms\":%.3f,"
        "\"decode_and_pdq_ms\":%.3f,\"sample_ms\":%.3f,\"pdq_ms\":%.3f,"
        "\"file_bytes\":%zu}\n",
        decode / both, decode, both, median(b.ms[SAMPLE]), median(b.ms[PDQ]), bytes);
    (void)printf("{\"name\":\"jpeg_fingerprint\",\"register_ms\":%.3f,\"match_ms\":%.3f,"
                 "\"register_ratio\":%.3f,\"match_ratio\":%.3f}\n",
                 median(b.ms[REGISTER]), median(b.ms[MATCH]),
                 decode / median(b.ms[REGISTER]), decode / median(b.ms[MATCH]));
    (void)printf("{\"name\":\"fingerprint_cost\",\"query_1024_ms\":%.1f,"
                 "\"query_goal\":40,\"fast_1024_ms\":%.1f,\"fast_goal\":15,"
                 "\"register_1080_ms\":%.1f,\"register_goal\":45}\n",
                 median(b.ms[MATCH_1024]), median(b.ms[FAST_1024]),
                 median(b.ms[REGISTER]));
    (void)printf("{\"name\":\"hasher_hand_over\",\"ms\":%.3f,\"goal\":0.3}\n", hand_over);
    close_bench(&b);
    return 0;
}
