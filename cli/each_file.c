#include "cli/each_file.h"

#include <unistd.h>

#include "cli/interrupt.h"
#include "cli/render.h"

#define LINE_MAX_BYTES ((size_t)65536)

static int failed_before_asking(const struct cw_err *err)
{
    cw_complain("%s", err->text);
    return CW_EXIT_SOME_FAILED;
}

static int hash_all(const struct cw_paths *paths, struct cw_each_file *walk)
{
    struct cw_err err;
    struct cw_hashed item;
    size_t n_done = 0;
    CW_AUTO(cw_hash_pool_close) struct cw_hash_pool *pool = NULL;
    if (cw_hash_pool_open(paths, walk->how, &pool, &err) != 0) {
        return failed_before_asking(&err);
    }
    while (cw_interrupts() == 0 && cw_hash_pool_next(pool, &item)) {
        const int rc = walk->each(walk->ctx, &item, &err);
        cw_hashed_done(&item);
        if (rc != 0) {
            cw_progress_hide(&walk->progress);
            return cw_give_up(&err);
        }
        cw_progress_show(&walk->progress, ++n_done);
    }
    cw_progress_hide(&walk->progress);
    return CW_EXIT_DONE;
}

int cw_each_file(const struct cw_args *args, struct cw_each_file *walk)
{
    struct cw_err err;
    CW_AUTO(cw_paths_done) struct cw_paths paths = {0};
    for (size_t i = 0; i < args->n_operands; i++) {
        if (cw_walk(args->operands[i], &paths, &err) != 0) {
            return failed_before_asking(&err);
        }
    }
    if (paths.n_links > 0) {
        cw_complain("note: symbolic links inside folders are not followed: %zu",
                    paths.n_links);
    }
    walk->progress = cw_progress_of(paths.n);
    if (walk->prints_lines && isatty(STDOUT_FILENO) == 1) {
        walk->progress.on = false;
    }
    return hash_all(&paths, walk);
}

void cw_report_unreadable(const struct cw_hashed *item, bool json)
{
    const char *why = cw_hash_problem(&item->err);
    if (!json) {
        cw_complain("%s: %s", item->path, why);
        return;
    }
    CW_AUTO(cw_buf_done) struct cw_buf line = CW_BUF_INIT(LINE_MAX_BYTES);
    cw_json_line_failed(&line, item->path, "unreadable", why);
    cw_print(&line);
}
