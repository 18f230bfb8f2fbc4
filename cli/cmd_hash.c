/* celwatch hash: fingerprints on this machine, for people, scripts and other tools. */
#include "cli/commands.h"

#include "cli/each_file.h"
#include "cli/plain_text.h"

#define LINE_MAX_BYTES ((size_t)512 * 1024)

struct hash_run {
    bool json;
    size_t n_failed;
    struct cw_each_file walk;
};

static void add_json(struct cw_buf *out, const struct cw_hashed *item)
{
    struct cw_jw file = cw_jw_of(out);
    CW_AUTO(cw_buf_done) struct cw_buf fp = CW_BUF_INIT(LINE_MAX_BYTES);
    struct cw_jw w = cw_jw_of(&fp);
    cw_fingerprint_write_json(&item->fp, &w);
    cw_buf_add_str(out, "{");
    cw_jw_kstr(&file, "file", item->path);
    cw_buf_add_str(out, ",");
    if (fp.failed) {
        out->failed = true;
        return;
    }
    cw_buf_add(out, fp.p + 1, fp.len - 1); /* the members, after their brace */
    cw_buf_add_str(out, "\n");
}

/* PDQ's own text form: hash,quality,filename. */
static int add_text(struct cw_buf *out, const struct cw_hashed *item, struct cw_err *err)
{
    char text[CW_HASH_TEXT_CAP];
    const struct cw_view *view =
        cw_fingerprint_view(&item->fp, CW_VIEW_PDQ, CW_TURN_ORIG);
    if (view == NULL) {
        return cw_fail(err, CW_E_INTERNAL, "the fingerprint holds no PDQ hash");
    }
    cw_hash_format(&view->hash, text);
    cw_buf_printf(out, "%s,%u,", text, (unsigned)item->fp.quality);
    cw_add_plain_str(out, item->path);
    cw_buf_add_str(out, "\n");
    return 0;
}

static int each(void *ctx, const struct cw_hashed *item, struct cw_err *err)
{
    struct hash_run *run = ctx;
    CW_AUTO(cw_buf_done) struct cw_buf line = CW_BUF_INIT(LINE_MAX_BYTES);
    cw_progress_hide(&run->walk.progress);
    if (item->err.code != CW_OK) {
        run->n_failed++;
        cw_report_unreadable(item, run->json);
        return 0;
    }
    if (item->fp.truncated && !run->json) {
        cw_complain("%s: note: the file ends early; what is there was hashed",
                    item->path);
    }
    if (run->json) {
        add_json(&line, item);
    } else {
        CW_TRY(add_text(&line, item, err));
    }
    cw_print(&line);
    return 0;
}

int cw_cmd_hash(int argc, char **argv)
{
    struct hash_run run = {0};
    struct cw_args args;
    int code;
    const struct cw_option table[] = {
        {.name = "json",
         .flag = &run.json,
         .help = "the whole fingerprint, a line a picture"},
    };
    const struct cw_usage usage = {
        .name = "hash",
        .operands = "PATH...",
        .summary = "Fingerprints pictures on this machine; folders are walked. Prints "
                   "hash,quality,filename.",
        .table = table,
        .n_options = sizeof table / sizeof *table,
        .min_operands = 1,
        .max_operands = SIZE_MAX,
    };
    if (!cw_options_begin(&usage, argc, argv, &args, &code)) {
        return code;
    }
    run.walk = (struct cw_each_file){
        .how = CW_LENIENT, .prints_lines = true, .each = each, .ctx = &run};
    const int done = cw_each_file(&args, &run.walk);
    return cw_finish(done == CW_EXIT_DONE && run.n_failed > 0 ? CW_EXIT_SOME_FAILED
                                                              : done);
}
