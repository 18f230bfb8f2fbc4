/* celwatch match: asks whether pictures are registered, without recording anything. */
#include "cli/commands.h"

#include <stdio.h>

#include "cli/each_file.h"
#include "cli/plain_text.h"
#include "cli/render.h"
#include "cli/service.h"
#include "cli/settings.h"

#define BODY_MAX ((size_t)512 * 1024)
#define TEXT_MAX ((size_t)33 * 1024 * 1024)

struct match_run {
    bool json;
    bool all;
    bool fast;
    struct cw_settings_input service;
    struct cw_http *http;
    size_t n_failed;
    struct cw_each_file walk;
};

static int ask(struct match_run *run, const struct cw_fingerprint *fp,
               struct cw_json **out, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf body = CW_BUF_INIT(BODY_MAX);
    struct cw_jw w = cw_jw_of(&body);
    cw_jw_begin_object(&w);
    cw_jw_key(&w, "fingerprint");
    cw_fingerprint_write_json(fp, &w);
    cw_jw_end_object(&w);
    CW_TRY(cw_buf_check(&body, "a fingerprint", err));
    char path[64];
    (void)snprintf(path, sizeof path, "/v1/match?all=%d&effort=%s", run->all,
                   run->fast ? "fast" : "full");
    const struct cw_http_request request = {.method = "POST",
                                            .path = path,
                                            .content_type = "application/json",
                                            .body = cw_buf_view(&body)};
    return cw_service_ask(run->http, &request, NULL, out, err);
}

/* One line a match; a line that says so if there is none. */
static void render(struct cw_buf *out, const char *file, const struct cw_json *answer)
{
    const struct cw_json *matches = cw_json_get(answer, "matches");
    const size_t n = cw_json_count(matches);
    for (size_t i = 0; i < n; i++) {
        cw_add_plain_str(out, file);
        cw_buf_add_str(out, ": ");
        cw_render_match(out, cw_json_at(matches, i));
        cw_buf_add_str(out, "\n");
    }
    if (n == 0) {
        cw_add_plain_str(out, file);
        if (cw_json_get(answer, "verdict") != NULL) {
            cw_buf_add_str(out, ": verdict ");
            cw_add_member(out, answer, "verdict");
            cw_buf_add_str(out, "\n");
        } else {
            cw_buf_add_str(out, ": no match\n");
        }
    }
}

static int each(void *ctx, const struct cw_hashed *item, struct cw_err *err)
{
    struct match_run *run = ctx;
    CW_AUTO(cw_json_free) struct cw_json *answer = NULL;
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(TEXT_MAX);
    if (item->err.code != CW_OK) {
        run->n_failed++;
        cw_progress_hide(&run->walk.progress);
        cw_report_unreadable(item, run->json);
        return 0;
    }
    CW_TRY(ask(run, &item->fp, &answer, err));
    if (run->json) {
        cw_json_line_with_file(&text, item->path, answer);
    } else {
        render(&text, item->path, answer);
    }
    cw_progress_hide(&run->walk.progress);
    cw_print(&text);
    return 0;
}

static void run_done(struct match_run *run)
{
    cw_http_close(&run->http);
}

int cw_cmd_match(int argc, char **argv)
{
    CW_AUTO(run_done) struct match_run run = {0};
    struct cw_args args;
    int code;
    const struct cw_option table[] = {
        {.name = "all",
         .flag = &run.all,
         .help = "also what is too far away to be called a match, up to 20"},
        {.name = "fast",
         .flag = &run.fast,
         .help = "by hashes of whole pictures alone; crops and small turns are missed"},
        {.name = "json", .flag = &run.json, .help = "a JSON line a file"},
        CW_OPTIONS_SERVICE(run.service),
        CW_OPTION_URL_IS_SERVER(run.service),
    };
    const struct cw_usage usage = {
        .name = "match",
        .operands = "PATH...",
        .summary =
            "Asks whether pictures are copies of registered artwork, best match first. "
            "Nothing is\nrecorded, only fingerprints are sent.",
        .table = table,
        .n_options = sizeof table / sizeof *table,
        .min_operands = 1,
        .max_operands = SIZE_MAX,
    };
    if (!cw_options_begin(&usage, argc, argv, &args, &code) ||
        !cw_connect(&run.service, &run.http, &code)) {
        return code;
    }
    run.walk = (struct cw_each_file){.how = run.fast ? CW_FAST : CW_LENIENT,
                                     .prints_lines = true,
                                     .each = each,
                                     .ctx = &run};
    const int done = cw_each_file(&args, &run.walk);
    return cw_finish(done == CW_EXIT_DONE && run.n_failed > 0 ? CW_EXIT_SOME_FAILED
                                                              : done);
}
