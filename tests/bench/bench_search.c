/* bench_search.c - how fast the search answers, on codes and queries from files.
 *
 *   bench_search --codes FILE --queries FILE --radius R [--threads N] [--out FILE]
 *                [--engine NAME] [--passes N] [--inserts ROWS_PER_S]
 *
 * Files hold 32-byte codes one after the other. Prints one JSON line, of the fastest of
 * the passes; --out writes a line `query_number code_number distance` for every hit,
 * sorted. With --inserts, queries are asked for some seconds alone and for some beside
 * that many new rows a second (the codes again, of other owners) and the thread that
 * settles them; "insert_cost" is how much slower they are then. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "index/search.h"

#define ADD_ROWS 4096
#define MAX_THREADS 256
#define INSERT_SECONDS 8 /* alone, and as long beside inserts */
#define SETTLE_NS 100000000

struct codes {
    const struct cw_hash *items; /* mapped */
    size_t n;
};

struct settings {
    const char *codes, *queries, *out, *engine;
    uint64_t radius, threads, passes, inserts;
};

/* What the threads share and fill: one slot a query. */
struct run {
    struct cw_search *search;
    const struct codes *queries;
    uint8_t radius;
    atomic_size_t next; /* query not yet taken */
    uint64_t *took_ns;
    struct cw_hits *hits;
    atomic_int failed; /* first error code */
};

/* ---- input ------------------------------------------------------------------------ */

static int map_codes(const char *path, struct codes *out, struct cw_err *err)
{
    struct stat st = {0};
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        return cw_fail(err, CW_E_IO, "cannot read %s: error %d", path, errno);
    }
    const size_t len = (size_t)st.st_size;
    void *p = len == 0 ? MAP_FAILED : mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (len > 0 && p == MAP_FAILED) {
        return cw_fail(err, CW_E_IO, "cannot map %s: error %d", path, errno);
    }
    if (len % CW_HASH_BYTES != 0) {
        return cw_fail(err, CW_E_INVALID, "%s is no whole number of 32-byte codes", path);
    }
    out->items = len == 0 ? NULL : p;
    out->n = len / CW_HASH_BYTES;
    return 0;
}

static int read_settings(int argc, char **argv, struct settings *out, struct cw_err *err)
{
    static const struct option options[] = {{"codes", required_argument, NULL, 'c'},
                                            {"queries", required_argument, NULL, 'q'},
                                            {"radius", required_argument, NULL, 'r'},
                                            {"threads", required_argument, NULL, 't'},
                                            {"out", required_argument, NULL, 'o'},
                                            {"engine", required_argument, NULL, 'e'},
                                            {"passes", required_argument, NULL, 'p'},
                                            {"inserts", required_argument, NULL, 'i'},
                                            {NULL, 0, NULL, 0}};
    *out = (struct settings){.radius = CW_HASH_BITS, .threads = 1, .passes = 1};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        const struct cw_bytes value = cw_bytes_str(optarg);
        if (c == 'c') {
            out->codes = optarg;
        } else if (c == 'q') {
            out->queries = optarg;
        } else if (c == 'o') {
            out->out = optarg;
        } else if (c == 'e') {
            out->engine = optarg;
        } else if (c == 'r') {
            CW_TRY(
                cw_parse_u64(value, 0, CW_HASH_BITS / 2, "--radius", &out->radius, err));
        } else if (c == 'p') {
            CW_TRY(cw_parse_u64(value, 1, 1000, "--passes", &out->passes, err));
        } else if (c == 'i') {
            CW_TRY(cw_parse_u64(value, 1, 1000000, "--inserts", &out->inserts, err));
        } else if (c == 't') {
            CW_TRY(cw_parse_u64(value, 1, MAX_THREADS, "--threads", &out->threads, err));
        } else {
            return cw_fail(err, CW_E_INVALID, "unknown option");
        }
    }
    if (out->codes == NULL || out->queries == NULL || out->radius == CW_HASH_BITS) {
        return cw_fail(err, CW_E_INVALID,
                       "usage: bench_search --codes FILE --queries FILE --radius R "
                       "[--threads N] [--out FILE]");
    }
    return 0;
}

/* ---- the run ---------------------------------------------------------------------- */

/* Adds code i as owner i + 1. */
static int build(const struct codes *codes, const struct settings *set,
                 struct cw_search **out, struct cw_err *err)
{
    const struct cw_search_options options = {
        .max_rows = codes->n + 1 + set->inserts * INSERT_SECONDS * 2,
        .engine = set->engine};
    struct cw_search_row rows[ADD_ROWS];
    struct cw_search *s = NULL;
    CW_TRY(cw_search_open(&options, &s, err));
    *out = s;
    for (size_t first = 0; first < codes->n; first += ADD_ROWS) {
        const size_t left = codes->n - first;
        const size_t n = left < ADD_ROWS ? left : ADD_ROWS;
        for (size_t i = 0; i < n; i++) {
            rows[i] = (struct cw_search_row){.hash = codes->items[first + i],
                                             .owner = first + i + 1,
                                             .studio = 1,
                                             .kind = 1};
        }
        CW_TRY(cw_search_add(s, rows, n, err));
    }
    return cw_search_settle(s, err);
}

static void *answer_queries(void *arg)
{
    struct run *r = arg;
    for (size_t i; (i = atomic_fetch_add(&r->next, 1)) < r->queries->n;) {
        const struct cw_search_hash h = {
            .hash = r->queries->items[i], .kind = 1, .radius = r->radius};
        const struct cw_search_query q = {.studio = 1, .n_hashes = 1, .hashes = &h};
        const uint64_t start = cw_mono_ns();
        cw_hits_done(&r->hits[i]);
        const int rc = cw_search_find(r->search, &q, SIZE_MAX, &r->hits[i], NULL);
        r->took_ns[i] = cw_mono_ns() - start;
        if (rc != 0) {
            atomic_store(&r->failed, rc);
        }
    }
    return NULL;
}

/* Runs all queries and returns the wall time in nanoseconds. */
static uint64_t run_queries(struct run *r, size_t n_threads)
{
    pthread_t threads[MAX_THREADS];
    size_t started = 0;
    const uint64_t start = cw_mono_ns();
    while (started + 1 < n_threads &&
           pthread_create(&threads[started], NULL, answer_queries, r) == 0) {
        started++;
    }
    (void)answer_queries(r);
    for (size_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    return cw_mono_ns() - start;
}

/* The fastest pass counts, as others work on the machine, too. */
static uint64_t run_passes(struct run *r, const struct settings *set)
{
    uint64_t *took_ns = calloc(r->queries->n + 1, sizeof *took_ns);
    uint64_t best_ns = UINT64_MAX;
    for (uint64_t i = 0; took_ns != NULL && i < set->passes; i++) {
        atomic_store(&r->next, 0);
        const uint64_t wall_ns = run_queries(r, (size_t)set->threads);
        if (wall_ns < best_ns) {
            best_ns = wall_ns;
            memcpy(took_ns, r->took_ns, r->queries->n * sizeof *took_ns);
        }
    }
    if (took_ns == NULL) {
        atomic_store(&r->failed, CW_E_NO_MEMORY);
    } else {
        memcpy(r->took_ns, took_ns, r->queries->n * sizeof *took_ns);
    }
    free(took_ns);
    return best_ns;
}

/* ---- inserts ---------------------------------------------------------------------- */

struct inserting {
    const struct run *run;
    const struct codes *codes;
    uint64_t per_second;
    atomic_bool stop;
    atomic_int failed;
};

static void sleep_ns(uint64_t ns)
{
    const struct timespec t = {.tv_nsec = (long)ns};
    (void)nanosleep(&t, NULL);
}

/* Adds one row after the other, as late as the rate allows. */
static void *insert(void *arg)
{
    struct inserting *in = arg;
    const uint64_t start = cw_mono_ns();
    for (uint64_t n = 0; !atomic_load(&in->stop);) {
        const uint64_t due = (cw_mono_ns() - start) * in->per_second / 1000000000U;
        for (; n < due; n++) {
            struct cw_search_row row = {.hash = in->codes->items[n % in->codes->n],
                                        .owner = in->codes->n + n + 1,
                                        .studio = 1,
                                        .kind = 1};
            row.hash.b[n % CW_HASH_BYTES] ^= (uint8_t)(n >> 5);
            const int rc = cw_search_add(in->run->search, &row, 1, NULL);
            if (rc != 0) {
                atomic_store(&in->failed, rc);
            }
        }
        sleep_ns(1000000);
    }
    return NULL;
}

static void *settle(void *arg)
{
    struct inserting *in = arg;
    while (!atomic_load(&in->stop)) {
        const int rc = cw_search_settle(in->run->search, NULL);
        if (rc != 0) {
            atomic_store(&in->failed, rc);
        }
        sleep_ns(SETTLE_NS);
    }
    return NULL;
}

/* Queries per second over some seconds. */
static double ask_on(struct run *r, size_t n_threads)
{
    const uint64_t start = cw_mono_ns();
    uint64_t n = 0;
    while (cw_mono_ns() - start < INSERT_SECONDS * (uint64_t)1000000000) {
        atomic_store(&r->next, 0);
        (void)run_queries(r, n_threads);
        n += r->queries->n;
    }
    return (double)n * 1e9 / (double)(cw_mono_ns() - start);
}

static int bench_inserts(struct run *r, const struct settings *set,
                         const struct codes *codes, struct cw_err *err)
{
    struct inserting in = {.run = r, .codes = codes, .per_second = set->inserts};
    pthread_t inserter, settler;
    struct cw_search_stats st;
    const double alone = ask_on(r, (size_t)set->threads);
    if (pthread_create(&inserter, NULL, insert, &in) != 0 ||
        pthread_create(&settler, NULL, settle, &in) != 0) {
        return cw_fail(err, CW_E_NO_MEMORY, "cannot start threads");
    }
    const double beside = ask_on(r, (size_t)set->threads);
    atomic_store(&in.stop, true);
    pthread_join(inserter, NULL);
    pthread_join(settler, NULL);
    cw_search_get_stats(r->search, &st);
    printf("{\"bench\":\"search_inserts\",\"n\":%zu,\"inserts_per_s\":%" PRIu64
           ",\"inserted\":%" PRIu64 ",\"segments\":%" PRIu64
           ",\"qps_alone\":%.1f,\"qps\":%.1f,\"insert_cost\":%.3f}\n",
           codes->n, set->inserts, st.rows - codes->n, st.segments, alone, beside,
           alone / beside - 1);
    return atomic_load(&in.failed);
}

/* ---- output ----------------------------------------------------------------------- */

static int by_owner(const void *pa, const void *pb)
{
    const struct cw_search_hit *a = pa, *b = pb;
    return (a->owner > b->owner) - (a->owner < b->owner);
}

static int write_hits(const char *path, struct run *r, struct cw_err *err)
{
    FILE *f = fopen(path, "we");
    if (f == NULL) {
        return cw_fail(err, CW_E_IO, "cannot write %s: error %d", path, errno);
    }
    for (size_t i = 0; i < r->queries->n; i++) {
        struct cw_hits *h = &r->hits[i];
        if (h->n > 0) {
            qsort(h->items, h->n, sizeof *h->items, by_owner);
        }
        for (size_t k = 0; k < h->n; k++) {
            fprintf(f, "%zu %" PRIu64 " %u\n", i, h->items[k].owner - 1,
                    (unsigned)h->items[k].distance);
        }
    }
    const bool bad = ferror(f) != 0;
    return fclose(f) != 0 || bad ? cw_fail(err, CW_E_IO, "cannot write %s", path) : 0;
}

static int by_time(const void *pa, const void *pb)
{
    const uint64_t *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

static void print_result(struct run *r, const struct settings *set,
                         const struct codes *codes, uint64_t build_ns, uint64_t wall_ns)
{
    struct cw_search_stats st;
    const size_t n = r->queries->n;
    const double seconds = (double)(wall_ns == 0 ? 1 : wall_ns) / 1e9;
    const size_t p50 = n == 0 ? 0 : (n - 1) / 2;
    const size_t p99 = n == 0 ? 0 : (n - 1) * 99 / 100;
    uint64_t hits = 0, sum_ns = 0;
    for (size_t i = 0; i < n; i++) {
        hits += r->hits[i].n;
        sum_ns += r->took_ns[i];
    }
    cw_search_get_stats(r->search, &st);
    if (n > 0) {
        qsort(r->took_ns, n, sizeof *r->took_ns, by_time);
    }
    printf(
        "{\"n\":%zu,\"queries\":%zu,\"radius\":%" PRIu64 ",\"qps\":%.1f,"
        "\"us_per_query\":%.2f,\"p50_us\":%.2f,\"p99_us\":%.2f,\"bytes_per_entry\":%.1f,"
        "\"build_s\":%.3f,\"hits\":%" PRIu64 ",\"threads\":%" PRIu64
        ",\"engine\":\"%s\",\"kernel\":\"%s\"}\n",
        codes->n, n, set->radius, (double)n / seconds,
        n == 0 ? 0 : (double)sum_ns / 1e3 / (double)n, (double)r->took_ns[p50] / 1e3,
        (double)r->took_ns[p99] / 1e3,
        codes->n == 0 ? 0 : (double)st.bytes / (double)codes->n, (double)build_ns / 1e9,
        hits, set->threads, st.engine, st.kernel);
}

static int bench(int argc, char **argv, struct cw_err *err)
{
    struct settings set;
    struct codes codes, queries;
    CW_TRY(read_settings(argc, argv, &set, err));
    CW_TRY(map_codes(set.codes, &codes, err));
    CW_TRY(map_codes(set.queries, &queries, err));
    struct run r = {.queries = &queries,
                    .radius = (uint8_t)set.radius,
                    .took_ns = calloc(queries.n + 1, sizeof *r.took_ns),
                    .hits = calloc(queries.n + 1, sizeof *r.hits)};
    const uint64_t start = cw_mono_ns();
    int rc = r.took_ns == NULL || r.hits == NULL
                 ? cw_fail(err, CW_E_NO_MEMORY, "out of memory for the results")
                 : build(&codes, &set, &r.search, err);
    if (rc == 0) {
        const uint64_t built = cw_mono_ns();
        const uint64_t wall_ns = run_passes(&r, &set);
        rc = atomic_load(&r.failed);
        print_result(&r, &set, &codes, built - start, wall_ns);
    }
    if (rc == 0 && set.inserts > 0) {
        rc = bench_inserts(&r, &set, &codes, err);
    }
    if (rc == 0 && set.out != NULL) {
        rc = write_hits(set.out, &r, err);
    }
    for (size_t i = 0; r.hits != NULL && i < queries.n; i++) {
        cw_hits_done(&r.hits[i]);
    }
    free(r.hits);
    free(r.took_ns);
    cw_search_close(r.search);
    return rc;
}

int main(int argc, char **argv)
{
    struct cw_err err = {.text = "a query failed"};
    if (bench(argc, argv, &err) != 0) {
        fprintf(stderr, "bench_search: %s\n", err.text);
        return 1;
    }
    return 0;
}
