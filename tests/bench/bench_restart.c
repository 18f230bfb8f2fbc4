/* bench_restart - a search of random codes, saved, and had back: beside building it, and
 * beside reading the file it is in.
 *
 * bench_restart [ROWS...]   default 1000000 10000000 (2.5 GB of memory, 1 GB of disk) */
#include "hashing/fingerprint.h"
#include "index/search_save.h"
#include "tests/support/t_saved.h"
#include "tests/support/t_sketch.h"

#define ADDED 4096

static struct cw_search *open_search(uint64_t rows)
{
    const struct cw_search_options o = {.max_rows = rows + 1};
    struct cw_search *s = NULL;
    if (cw_search_open(&o, &s, NULL) != 0) {
        abort();
    }
    return s;
}

static struct cw_search *build(uint64_t n)
{
    static struct cw_search_row rows[ADDED];
    struct cw_search *s = open_search(n);
    uint64_t seed = 1;
    for (uint64_t at = 0; at < n; at += ADDED) {
        const size_t some = n - at < ADDED ? (size_t)(n - at) : ADDED;
        for (size_t i = 0; i < some; i++) {
            for (size_t k = 0; k < CW_HASH_BYTES; k += 8) {
                const uint64_t r = t_sketch_random(&seed);
                memcpy(rows[i].hash.b + k, &r, sizeof r);
            }
            rows[i].owner = at + i + 1;
            rows[i].studio = 1;
            rows[i].kind = CW_VIEW_PDQ;
        }
        if (cw_search_add(s, rows, some, NULL) != 0) {
            abort();
        }
    }
    if (cw_search_settle(s, NULL) != 0) {
        abort();
    }
    return s;
}

static void bench(uint64_t n)
{
    struct t_saved t;
    struct cw_search_frozen *f = NULL;
    struct cw_buf list = CW_BUF_INIT((size_t)1 << 32);
    double bytes;
    t_saved_open(&t);
    const double start = t_wall_s();
    struct cw_search *s = build(n);
    const double built = t_wall_s();
    if (cw_search_freeze(s, &f, NULL) != 0 ||
        cw_search_save(f, t.saved, "search", &list, NULL) != 0) {
        abort();
    }
    const double saved = t_wall_s();
    cw_search_frozen_free(f);
    cw_search_close(s);
    const double read_s = t_saved_read_s(&t, &bytes);
    s = open_search(n);
    const double before = t_wall_s();
    if (cw_search_restore(s, t.saved, "search", cw_buf_view(&list), NULL) != 0) {
        abort();
    }
    const double restore_s = t_wall_s() - before;
    printf("{\"bench\":\"restart\",\"rows\":%llu,\"build_s\":%.2f,\"save_s\":%.2f,"
           "\"restore_s\":%.2f,\"file_gb\":%.3f,\"bytes_per_row_on_disk\":%.1f,"
           "\"read_file_s\":%.2f,\"restore_to_read\":%.1f,\"build_to_restore\":%.1f}\n",
           (unsigned long long)n, built - start, saved - built, restore_s, bytes / 1e9,
           bytes / (double)n, read_s, restore_s / read_s, (built - start) / restore_s);
    fflush(stdout);
    cw_search_close(s);
    cw_buf_done(&list);
    t_saved_remove(&t);
}

int main(int argc, char **argv)
{
    static const uint64_t SIZES[] = {1000000, 10000000};
    for (int i = 1; i < argc; i++) {
        bench(strtoull(argv[i], NULL, 10));
    }
    for (size_t i = 0; argc < 2 && i < sizeof SIZES / sizeof *SIZES; i++) {
        bench(SIZES[i]);
    }
    return 0;
}
