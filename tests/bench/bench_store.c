/* bench_store.c - registrations a second on LMDB: one by one, in batches, from many
 * threads.
 *
 *   bench_store [--dir DIR] [--seconds S]
 *
 * A line of JSON for each way of registering; `ratio` is against the first. Each asset
 * has a fingerprint of 700 bytes and 8 search rows. */
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/num.h"
#include "index/store.h"
#include "tests/support/t_folder.h"

#define FINGERPRINT_BYTES 700
#define MAX_BATCH 500
#define MAX_THREADS 32

struct way {
    const char *name;
    size_t threads, batch;
};

struct run {
    struct cw_store *store;
    cw_studio_no studio;
    const struct way *way;
    uint64_t deadline_ns;
    atomic_uint_fast64_t next_id, done;
    atomic_int failed;
};

static const uint8_t ACTOR[CW_KEY_ID_BYTES] = {1};

static void fill_item(struct run *r, const uint8_t *fingerprint,
                      struct cw_registration *out)
{
    const uint64_t id = atomic_fetch_add(&r->next_id, 1);
    *out = (struct cw_registration){.n_rows = CW_ROWS_PER_RECORD};
    out->asset.studio = r->studio;
    out->asset.kind = CW_KIND_FRAME;
    out->asset.registered_us = cw_utc_us();
    out->asset.fingerprint = cw_bytes_of(fingerprint, FINGERPRINT_BYTES);
    (void)snprintf(out->asset.collection, sizeof out->asset.collection, "bench");
    (void)snprintf(out->asset.id, sizeof out->asset.id, "%s/shot_%06" PRIu64 ".png",
                   r->way->name, id);
    cw_sha256(cw_bytes_str(out->asset.id), out->asset.digest);
    for (size_t i = 0; i < CW_ROWS_PER_RECORD; i++) {
        out->rows[i].kind = 1;
        cw_random(out->rows[i].hash.b, CW_HASH_BYTES);
    }
}

static void *register_until_deadline(void *arg)
{
    struct run *r = arg;
    uint8_t fingerprint[FINGERPRINT_BYTES];
    struct cw_registered out[MAX_BATCH];
    struct cw_registration *items = calloc(r->way->batch, sizeof *items);
    int rc = items == NULL ? CW_E_NO_MEMORY : 0;
    cw_random(fingerprint, sizeof fingerprint);
    while (rc == 0 && cw_mono_ns() < r->deadline_ns) {
        for (size_t i = 0; i < r->way->batch; i++) {
            fill_item(r, fingerprint, &items[i]);
        }
        rc = cw_store_register(r->store, items, r->way->batch, ACTOR, out, NULL);
        atomic_fetch_add(&r->done, r->way->batch);
    }
    if (rc != 0) {
        atomic_store(&r->failed, rc);
    }
    free(items);
    return NULL;
}

static int run_way(struct run *r, double seconds, double *first, struct cw_err *err)
{
    pthread_t threads[MAX_THREADS];
    struct cw_store_stats before, after;
    size_t started = 0;
    CW_TRY(cw_store_get_stats(r->store, &before, err));
    const uint64_t start = cw_mono_ns();
    r->deadline_ns = start + (uint64_t)(seconds * 1e9);
    while (started + 1 < r->way->threads &&
           pthread_create(&threads[started], NULL, register_until_deadline, r) == 0) {
        started++;
    }
    (void)register_until_deadline(r);
    for (size_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    const double took = (double)(cw_mono_ns() - start) / 1e9;
    CW_TRY(cw_store_get_stats(r->store, &after, err));
    if (atomic_load(&r->failed) != 0) {
        return cw_fail(err, (enum cw_code)atomic_load(&r->failed),
                       "a registration failed");
    }
    const double rate = (double)atomic_load(&r->done) / took;
    *first = *first > 0 ? *first : rate;
    printf("{\"bench\":\"store_register\",\"way\":\"%s\",\"threads\":%zu,\"batch\":%zu,"
           "\"per_second\":%.0f,\"commits\":%" PRIu64 ",\"ratio\":%.1f}\n",
           r->way->name, r->way->threads, r->way->batch, rate,
           after.commits - before.commits, rate / *first);
    return 0;
}

static int bench(const char *dir, double seconds, struct cw_err *err)
{
    static const struct way ways[] = {{"one by one", 1, 1},
                                      {"batches of 100", 1, 100},
                                      {"batches of 500", 1, 500},
                                      {"32 threads", 32, 1}};
    CW_AUTO(cw_buf_done) struct cw_buf url = CW_BUF_INIT(4096);
    struct cw_store_options options = CW_STORE_DEFAULTS;
    struct cw_store *store = NULL;
    cw_studio_no studio = 0;
    double first = 0;
    options.create = true;
    cw_buf_printf(&url, "lmdb:%s", dir);
    CW_TRY(cw_store_open(cw_buf_str(&url), &options, &store, err));
    int rc = cw_store_studio(store, "bench", true, &studio, err);
    for (size_t i = 0; rc == 0 && i < sizeof ways / sizeof ways[0]; i++) {
        struct run r = {.store = store, .studio = studio, .way = &ways[i]};
        rc = run_way(&r, seconds, &first, err);
    }
    cw_store_close(store);
    return rc;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"dir", required_argument, NULL, 'd'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    CW_AUTO(cw_buf_done) struct cw_buf dir = CW_BUF_INIT(4096);
    const char *parent = "/tmp";
    uint64_t seconds = 2;
    struct cw_err err = {0};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'd') {
            parent = optarg;
        } else if (c != 's' || cw_parse_u64(cw_bytes_str(optarg), 1, 600, "--seconds",
                                            &seconds, &err) != 0) {
            fprintf(stderr, "usage: bench_store [--dir DIR] [--seconds S]\n");
            return 2;
        }
    }
    cw_buf_printf(&dir, "%s/bench-store-XXXXXX", parent);
    if (cw_crypto_init(&err) != 0 || dir.p == NULL || mkdtemp((char *)dir.p) == NULL) {
        fprintf(stderr, "bench_store: cannot make a directory in %s\n", parent);
        return 1;
    }
    const int rc = bench(cw_buf_str(&dir), (double)seconds, &err);
    (void)t_folder_remove(cw_buf_str(&dir));
    if (rc != 0) {
        fprintf(stderr, "bench_store: %s\n", err.text);
    }
    return rc == 0 ? 0 : 1;
}
