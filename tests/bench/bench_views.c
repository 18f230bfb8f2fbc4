/* bench_views.c - what the global hashes of recipe 2 cost, stage by stage, on a sheet
 * with a framed drawing and on noise, as 768 x 576. Each stage runs for some rounds; the
 * fastest is printed, one JSON line a stage. */
#include "hashing/ink.h"
#include "hashing/plane_sink.h"
#include "hashing/trim.h"
#include "hashing/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WIDTH 768
#define HEIGHT 576
#define LARGE_WIDTH 1024
#define LARGE_HEIGHT 768
#define N_ROUNDS 40

static struct cw_plane_sink sink;
static struct cw_views *views;
static struct cw_ink *ink;
static struct cw_rects *rects;
static struct cw_pdq_work *pdq;
static struct cw_seen_list seen;
static struct cw_plane plane;
static uint8_t *large;
static unsigned bands;
static volatile unsigned kept; /* so that no stage is left out as useless */

static uint64_t cpu_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* xorshift64 (Marsaglia 2003). */
static unsigned next_random(unsigned below)
{
    static uint64_t state = 88172645463325252U;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % below;
}

/* A white sheet with three frames of curved stripes, one above two. */
static uint8_t sheet_px(unsigned x, unsigned y)
{
    const bool first = x > 80 && x < 680 && y > 60 && y < 320;
    const bool others =
        y > 360 && y < 530 && ((x > 80 && x < 360) || (x > 400 && x < 680));
    if (!first && !others) {
        return 245;
    }
    return (uint8_t)(40 + (x * x / 97 + x * y / 53 + y * 3) % 256 * 3 / 4);
}

static void draw(bool noise)
{
    for (unsigned y = 0; y < HEIGHT; y++) {
        for (unsigned x = 0; x < WIDTH; x++) {
            plane.px[y * WIDTH + x] = noise ? (uint8_t)next_random(256) : sheet_px(x, y);
        }
    }
}

static void run_sink(void)
{
    const struct cw_layout layout = {.width = LARGE_WIDTH,
                                     .height = LARGE_HEIGHT,
                                     .bands = (uint8_t)bands,
                                     .orientation = 1};
    if (sink.sink.begin(&sink.sink, &layout, NULL) != 0) {
        abort();
    }
    for (uint32_t y = 0; y < LARGE_HEIGHT; y++) {
        sink.sink.row(&sink.sink, y, large + (size_t)y * LARGE_WIDTH * bands);
    }
    kept += sink.plane.px[0];
}

static void run_trim(void)
{
    kept += cw_trim(&plane).x;
}

static void run_rects(void)
{
    struct cw_rect out[CW_RECTS_MAX];
    kept += cw_rects_find(rects, &plane, out);
}

static void run_ink(void)
{
    kept += cw_ink_draw(ink, &plane).px[0];
}

static void look(enum cw_purpose purpose)
{
    if (cw_views_look(views, pdq, &plane, purpose, &seen, NULL) != 0) {
        abort();
    }
    kept += seen.items[0].ink.quality;
}

static void run_register(void)
{
    look(CW_TO_REGISTER);
}

static void run_match(void)
{
    look(CW_TO_MATCH);
}

static void measure(const char *name, const char *picture, void (*stage)(void))
{
    uint64_t best = UINT64_MAX;
    for (int round = 0; round < N_ROUNDS; round++) {
        const uint64_t start = cpu_ns();
        stage();
        const uint64_t took = cpu_ns() - start;
        best = took < best ? took : best;
    }
    printf("{\"name\":\"views_%s\",\"picture\":\"%s\",\"rounds\":%d,\"min\":%.3f,"
           "\"unit\":\"ms\",\"parts\":%zu}\n",
           name, picture, N_ROUNDS, (double)best / 1e6, seen.n);
}

static void measure_all(const char *picture, bool noise)
{
    draw(noise);
    seen.n = 0;
    measure("trim", picture, run_trim);
    measure("rects", picture, run_rects);
    measure("ink", picture, run_ink);
    measure("register", picture, run_register);
    measure("match", picture, run_match);
}

int main(void)
{
    large = malloc((size_t)LARGE_WIDTH * LARGE_HEIGHT * 3);
    uint8_t *px = malloc((size_t)WIDTH * HEIGHT);
    if (large == NULL || px == NULL ||
        cw_plane_sink_init(&sink, CW_PLANE_SIDE, NULL) != 0 ||
        cw_views_new(&views, NULL) != 0 || cw_ink_new(&ink, NULL) != 0 ||
        cw_rects_new(&rects, NULL) != 0 || cw_pdq_work_new(&pdq, NULL) != 0) {
        return EXIT_FAILURE;
    }
    plane =
        (struct cw_plane){.px = px, .width = WIDTH, .height = HEIGHT, .stride = WIDTH};
    for (size_t i = 0; i < (size_t)LARGE_WIDTH * LARGE_HEIGHT * 3; i++) {
        large[i] = (uint8_t)next_random(256);
    }
    bands = 1;
    measure("sink_grey_1024x768", "noise", run_sink);
    bands = 3;
    measure("sink_colour_1024x768", "noise", run_sink);
    measure_all("sheet", false);
    measure_all("noise", true);
    cw_plane_sink_done(&sink);
    cw_views_free(&views);
    cw_ink_free(&ink);
    cw_rects_free(&rects);
    cw_pdq_work_free(&pdq);
    free(large);
    free(px);
    return EXIT_SUCCESS;
}
