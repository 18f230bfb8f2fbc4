/* bench_local - what local descriptors cost: extraction from drawn maps, and search with
 * verification over registries of 1,000 to 100,000 pictures. One JSON line each.
 *
 * bench_local [PICTURES...]   registry sizes, default 600 10000 100000 (1.4 GB); 1000000
 *                             takes 13.3 GB and ten minutes
 *
 * The registries are made of the descriptors of a few drawings: each registered picture
 * takes those of one of them and changes every bit with a chance of a quarter, which
 * keeps the skew of real keys but makes strangers of all copies (64 bits from the
 * drawing, 96 from each other). A planted query is a registered picture with a tenth to a
 * sixth of the bits changed, a third of its descriptors missing, turned and scaled. */
#include "hashing/geometry.h"
#include "hashing/lpdq.h"
#include "index/local_save.h"
#include "tests/support/t_saved.h"
#include "tests/support/t_sketch.h"

#include <stdio.h>
#include <sys/resource.h>

#define SOURCES 60
#define QUERIES 220
#define STRANGERS 20
#define MOST_SAVED 100000 /* pictures, 1.4 GB of disk */
#define ALERT 17.0

struct source {
    size_t n;
    struct cw_local local[CW_LPDQ_REGISTRY_POINTS];
};

static struct source sources[SOURCES];
static const struct cw_frame FRAME = {.width = 4, .height = 3};

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- extraction ------------------------------------------------------------------- */

static void bench_extract(const char *name, int w, int h, size_t want)
{
    static struct cw_local out[CW_LPDQ_QUERY_POINTS];
    double ms[40];
    size_t n = 0;
    struct cw_lpdq *l = NULL;
    if (cw_lpdq_new((unsigned)w, &l, NULL) != 0) {
        abort();
    }
    for (unsigned i = 0; i < 40; i++) {
        uint8_t *px = t_sketch_draw(w, h, i);
        const struct cw_luma_map map = {
            .px = px, .width = (unsigned)w, .height = (unsigned)h, .stride = (size_t)w};
        const double start = cpu_ms();
        n += cw_lpdq_extract(l, &map, want, out);
        ms[i] = cpu_ms() - start;
        free(px);
    }
    cw_lpdq_free(&l);
    qsort(ms, 40, sizeof *ms, by_value);
    printf("{\"name\":\"%s\",\"width\":%d,\"height\":%d,\"points\":%zu,"
           "\"median_ms\":%.2f,\"p95_ms\":%.2f}\n",
           name, w, h, n / 40, ms[20], ms[37]);
}

/* ---- registries ------------------------------------------------------------------- */

static void fill_sources(void)
{
    struct cw_lpdq *l = NULL;
    if (cw_lpdq_new(CW_LPDQ_REGISTRY_SIDE, &l, NULL) != 0) {
        abort();
    }
    for (unsigned i = 0; i < SOURCES; i++) {
        uint8_t *px = t_sketch_draw(512, 384, 1000 + i);
        const struct cw_luma_map map = {
            .px = px, .width = 512, .height = 384, .stride = 512};
        sources[i].n =
            cw_lpdq_extract(l, &map, CW_LPDQ_REGISTRY_POINTS, sources[i].local);
        free(px);
    }
    cw_lpdq_free(&l);
}

/* Changes each bit with a chance of chance / 256: bits of eight random words, compared
 * with `chance` from its lowest bit on. */
static uint64_t noise(uint64_t *seed, unsigned chance)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++) {
        const uint64_t r = t_sketch_random(seed);
        v = (chance >> i & 1) != 0 ? v | r : v & r;
    }
    return v;
}

static void change_bits(struct cw_hash *h, uint64_t *seed, unsigned chance)
{
    for (unsigned w = 0; w < 4; w++) {
        uint64_t v = 0;
        memcpy(&v, h->b + 8 * w, 8);
        v ^= noise(seed, chance);
        memcpy(h->b + 8 * w, &v, 8);
    }
}

/* Registered picture `asset`: the same each time it is asked for. */
static size_t registered(uint64_t asset, struct cw_local *out)
{
    uint64_t seed = asset * 7919;
    const struct source *s = &sources[asset % SOURCES];
    for (size_t i = 0; i < s->n; i++) {
        out[i] = s->local[i];
        change_bits(&out[i].bits, &seed, 96);
        out[i].x = (uint16_t)(2000 + t_sketch_below(&seed, 61000));
        out[i].y = (uint16_t)(2000 + t_sketch_below(&seed, 61000));
    }
    return s->n;
}

/* A found picture that shows asset in part. */
static size_t planted(uint64_t asset, uint64_t *seed, struct cw_local *out)
{
    struct cw_local all[CW_LPDQ_REGISTRY_POINTS];
    const size_t n = registered(asset, all);
    const unsigned chance = 36 + t_sketch_below(seed, 16);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (t_sketch_below(seed, 3) != 0) {
            out[kept] = all[i];
            change_bits(&out[kept].bits, seed, chance);
            out[kept].x =
                (uint16_t)(6000U + all[i].x * 8U / 10 + t_sketch_below(seed, 600));
            out[kept].y =
                (uint16_t)(3000U + all[i].y * 8U / 10 + t_sketch_below(seed, 600));
            out[kept].scale = (uint16_t)(all[i].scale * 8 / 10);
            kept++;
        }
    }
    for (; kept < CW_LPDQ_QUERY_POINTS; kept++) { /* the rest of the page */
        const struct source *s = &sources[t_sketch_below(seed, SOURCES)];
        out[kept] = s->local[t_sketch_below(seed, (unsigned)s->n)];
        change_bits(&out[kept].bits, seed, 96);
    }
    return kept;
}

static double verify(const struct cw_local *query, size_t n,
                     const struct cw_local_found *f, bool mirrored, uint64_t asset)
{
    double score = 0;
    for (size_t i = 0; i < f->n; i++) {
        const struct cw_geometry_pair pair = {.query = query,
                                              .n_query = n,
                                              .query_frame = FRAME,
                                              .asset_frame = f->items[i].frame,
                                              .matches = f->items[i].matches,
                                              .n_matches = f->items[i].n_matches};
        struct cw_geometry g;
        if (cw_geometry_place(&pair, mirrored, &g) && f->items[i].asset == asset) {
            score = g.score;
        }
    }
    return score;
}

/* Most memory the process had so far, bytes. */
static double peak_bytes(void)
{
    struct rusage use = {0};
    (void)getrusage(RUSAGE_SELF, &use);
    return (double)use.ru_maxrss * 1024;
}

struct figures {
    double find_ms[QUERIES], all_ms[QUERIES];
    unsigned planted, found;
};

static void ask(struct cw_local_index *ix, uint64_t n_assets, struct figures *out)
{
    static struct cw_local query[CW_LPDQ_QUERY_POINTS];
    uint64_t seed = 77;
    for (unsigned i = 0; i < QUERIES && n_assets > 0; i++) {
        const bool stranger = i < STRANGERS;
        const uint64_t asset = 1 + t_sketch_random(&seed) % n_assets;
        const size_t n = planted(stranger ? asset + n_assets : asset, &seed, query);
        double find = 0;
        double scores[2] = {0};
        const double start = cpu_ms();
        for (unsigned m = 0; m < 2; m++) {
            const struct cw_local_query q = {
                .studio = 1, .mirrored = m != 0, .n = n, .local = query};
            struct cw_local_found f;
            const double before = cpu_ms();
            if (cw_local_find(ix, &q, &f, NULL) != 0) {
                abort();
            }
            find += cpu_ms() - before;
            scores[m] = verify(query, n, &f, m != 0, asset);
            cw_local_found_done(&f);
        }
        out->all_ms[i] = cpu_ms() - start;
        out->find_ms[i] = find;
        out->planted += stranger ? 0 : 1;
        out->found += !stranger && cw_geometry_loc(scores[0], scores[1]) >= ALERT;
    }
}

/* ---- saving ----------------------------------------------------------------------- */

/* Saves an index, ends it, and has it back; beside reading the file it is in. */
static void bench_saved(struct cw_local_index *ix, uint64_t n_assets)
{
    const struct cw_local_options o = {.max_descriptors = (uint64_t)1 << 40};
    struct cw_buf list = CW_BUF_INIT((size_t)1 << 32);
    struct cw_local_frozen *f = NULL;
    struct t_saved t;
    double bytes;
    t_saved_open(&t);
    const double start = t_wall_s();
    if (cw_local_freeze(ix, &f, NULL) != 0 ||
        cw_local_save(f, t.saved, "local", &list, NULL) != 0) {
        abort();
    }
    const double save_s = t_wall_s() - start;
    cw_local_frozen_free(f);
    cw_local_close(ix);
    const double read_s = t_saved_read_s(&t, &bytes);
    const double before = t_wall_s();
    if (cw_local_open(&o, &ix, NULL) != 0 ||
        cw_local_restore(ix, t.saved, "local", cw_buf_view(&list), NULL) != 0) {
        abort();
    }
    const double restore_s = t_wall_s() - before;
    printf("{\"name\":\"local_saved\",\"pictures\":%llu,\"gb\":%.3f,\"save_s\":%.2f,"
           "\"restore_s\":%.2f,\"read_file_s\":%.2f,\"ratio\":%.1f}\n",
           (unsigned long long)n_assets, bytes / 1e9, save_s, restore_s, read_s,
           restore_s / read_s);
    fflush(stdout);
    cw_local_close(ix);
    cw_buf_done(&list);
    t_saved_remove(&t);
}

static void bench_search(uint64_t n_assets)
{
    static struct cw_local local[CW_LPDQ_REGISTRY_POINTS];
    const struct cw_local_options o = {.max_descriptors = (uint64_t)1 << 40};
    struct cw_local_index *ix = NULL;
    struct figures f = {0};
    struct cw_local_stats st;
    const double start = cpu_ms();
    if (cw_local_open(&o, &ix, NULL) != 0) {
        abort();
    }
    for (uint64_t a = 1; a <= n_assets; a++) {
        const struct cw_local_picture p = {.asset = a,
                                           .studio = 1,
                                           .frame = FRAME,
                                           .n = registered(a, local),
                                           .local = local};
        if (cw_local_add(ix, &p, NULL) != 0) {
            abort();
        }
    }
    const double added = cpu_ms();
    if (cw_local_settle(ix, NULL) != 0) {
        abort();
    }
    const double settled = cpu_ms();
    ask(ix, n_assets, &f);
    cw_local_get_stats(ix, &st);
    qsort(f.find_ms, QUERIES, sizeof(double), by_value);
    qsort(f.all_ms, QUERIES, sizeof(double), by_value);
    printf("{\"name\":\"local_search\",\"pictures\":%llu,\"descriptors\":%llu,"
           "\"segments\":%u,\"bytes_per_picture\":%.0f,\"add_s\":%.2f,\"settle_s\":%.2f,"
           "\"find_median_ms\":%.2f,\"find_p95_ms\":%.2f,\"with_verify_median_ms\":%.2f,"
           "\"with_verify_p95_ms\":%.2f,\"planted\":%u,\"found\":%u,\"peak_gb\":%.2f}\n",
           (unsigned long long)st.pictures, (unsigned long long)st.descriptors,
           st.segments, (double)st.bytes / (double)n_assets, (added - start) / 1e3,
           (settled - added) / 1e3, f.find_ms[QUERIES / 2], f.find_ms[QUERIES * 95 / 100],
           f.all_ms[QUERIES / 2], f.all_ms[QUERIES * 95 / 100], f.planted, f.found,
           peak_bytes() / 1e9);
    fflush(stdout);
    if (n_assets <= MOST_SAVED) {
        bench_saved(ix, n_assets);
    } else {
        cw_local_close(ix);
    }
}

int main(int argc, char **argv)
{
    static const uint64_t SIZES[] = {600, 10000, 100000};
    bench_extract("local_extract_query", 768, 576, CW_LPDQ_QUERY_POINTS);
    bench_extract("local_extract_query_square", 768, 768, CW_LPDQ_QUERY_POINTS);
    bench_extract("local_extract_registry", 512, 384, CW_LPDQ_REGISTRY_POINTS);
    fill_sources();
    for (int i = 1; i < argc; i++) {
        bench_search(strtoull(argv[i], NULL, 10));
    }
    for (size_t i = 0; argc < 2 && i < sizeof SIZES / sizeof *SIZES; i++) {
        bench_search(SIZES[i]);
    }
    return 0;
}
