/* bench_audit.c - events a second that are verified: in the store, and in an export.
 *
 *   bench_audit [--events N]
 *
 * A line of JSON for each; `ratio` is against the 200,000 a second that are asked for. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/num.h"
#include "index/event_json.h"
#include "index/store.h"
#include "tests/support/t_folder.h"

#define BATCH 500
#define TARGET 200000.0
#define LINE_BYTES 600 /* more than any line here takes */

static const uint8_t ACTOR[CW_KEY_ID_BYTES] = {1};

static int fill(struct cw_store *s, cw_studio_no studio, uint64_t n, struct cw_err *err)
{
    struct cw_registered out[BATCH];
    struct cw_registration *items = calloc(BATCH, sizeof *items);
    int rc = items == NULL ? cw_fail(err, CW_E_NO_MEMORY, "out of memory") : 0;
    for (uint64_t at = 0; rc == 0 && at < n; at += BATCH) {
        for (uint64_t i = 0; i < BATCH; i++) {
            struct cw_asset *a = &items[i].asset;
            a->studio = studio;
            a->kind = CW_KIND_FRAME;
            a->registered_us = cw_utc_us();
            a->fingerprint = cw_bytes_str("fingerprint");
            (void)snprintf(a->collection, sizeof a->collection, "lantern-street-s2");
            (void)snprintf(a->id, sizeof a->id, "ep%02" PRIu64 "/shot_%06" PRIu64 ".png",
                           at / 100000, at + i);
            cw_sha256(cw_bytes_str(a->id), a->digest);
        }
        rc = cw_store_register(s, items, BATCH, ACTOR, out, err);
    }
    free(items);
    return rc;
}

static bool write_line(void *ctx, const struct cw_event *e)
{
    cw_event_write(ctx, e);
    cw_buf_add_str(ctx, "\n");
    return true;
}

static void print_rate(const char *what, uint64_t n, uint64_t start_ns)
{
    const double rate = (double)n / ((double)(cw_mono_ns() - start_ns) / 1e9);
    printf("{\"bench\":\"audit_verify\",\"what\":\"%s\",\"events\":%" PRIu64
           ",\"per_second\":%.0f,\"ratio\":%.1f}\n",
           what, n, rate, rate / TARGET);
}

static int bench_store(struct cw_store *s, struct cw_err *err)
{
    struct cw_verify_report report;
    struct cw_chain_head head;
    const uint64_t start = cw_mono_ns();
    CW_TRY(cw_store_verify_log(s, NULL, &report, &head, err));
    print_rate("store", head.seq, start);
    return report.problems == 0 ? 0 : cw_fail(err, CW_E_CORRUPT, "%s", report.first);
}

static int bench_export(struct cw_store *s, cw_studio_no studio, uint64_t n,
                        struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT((n + BATCH) * LINE_BYTES);
    CW_AUTO(cw_chain_check_done) struct cw_chain_check c = {0};
    CW_TRY(cw_store_read_log(s, studio, 0, write_line, &text, err));
    CW_TRY(cw_buf_check(&text, "the export", err));
    CW_TRY(cw_chain_check_begin(&c, NULL, NULL, err));
    const uint64_t start = cw_mono_ns();
    CW_TRY(cw_chain_check_feed(&c, cw_buf_view(&text), err));
    print_rate("export", c.n, start);
    return cw_chain_check_end(&c, err);
}

static int bench(const char *dir, uint64_t n, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf url = CW_BUF_INIT(4096);
    struct cw_store_options options = CW_STORE_DEFAULTS;
    struct cw_store *s = NULL;
    cw_studio_no studio = 0;
    options.create = true;
    cw_buf_printf(&url, "lmdb:%s", dir);
    CW_TRY(cw_store_open(cw_buf_str(&url), &options, &s, err));
    int rc = cw_store_studio(s, "bench", true, &studio, err);
    rc = rc == 0 ? fill(s, studio, n, err) : rc;
    rc = rc == 0 ? bench_store(s, err) : rc;
    rc = rc == 0 ? bench_export(s, studio, n, err) : rc;
    cw_store_close(s);
    return rc;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"events", required_argument, NULL, 'e'},
                                            {NULL, 0, NULL, 0}};
    char dir[] = "/tmp/bench-audit-XXXXXX";
    uint64_t n = 200000;
    struct cw_err err = {0};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c != 'e' ||
            cw_parse_u64(cw_bytes_str(optarg), 1, 10000000, "--events", &n, &err) != 0) {
            fprintf(stderr, "usage: bench_audit [--events N]\n");
            return 2;
        }
    }
    if (cw_crypto_init(&err) != 0 || mkdtemp(dir) == NULL) {
        fprintf(stderr, "bench_audit: cannot make a directory in /tmp\n");
        return 1;
    }
    const int rc = bench(dir, n, &err);
    (void)t_folder_remove(dir);
    if (rc != 0) {
        fprintf(stderr, "bench_audit: %s\n", err.text);
    }
    return rc == 0 ? 0 : 1;
}
