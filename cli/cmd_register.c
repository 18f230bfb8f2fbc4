/* celwatch register: walks folders, hashes here, sends fingerprints in batches.
 *
 * A batch is answered line for line. Files are reported in the order they were walked:
 * one that could not be hashed waits in the same list for the batch it stands in. Running
 * the command again is how it continues after Ctrl-C, because the service answers
 * "unchanged" to what it has. */
#include "cli/commands.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/batch.h"
#include "cli/each_file.h"
#include "cli/interrupt.h"
#include "cli/register_report.h"
#include "cli/service.h"
#include "cli/settings.h"

#define KINDS "frame|sketch|storyboard|sheet"
#define ASSET_MAX 400 /* bytes of an asset id, as the service takes them */
#define NAME_MAX_BYTES 128
#define LINE_MAX_BYTES ((size_t)512 * 1024)

struct register_options {
    const char *collection;
    const char *embargo;
    const char *kind;
    const char *root;
    bool previews;
    bool json;
    struct cw_settings_input service;
};

/* A file of the batch that is being gathered. */
struct pending {
    char *path;
    char asset[ASSET_MAX + 1];
    bool sent;     /* it has a line in the batch */
    char why[240]; /* if not: the reason */
};

struct register_run {
    const struct register_options *options;
    char embargo[CW_RFC3339_CAP]; /* empty: none */
    struct cw_http *http;
    struct cw_buf path; /* of the request */
    struct cw_batch batch;
    struct pending pending[CW_BATCH_MAX_LINES];
    size_t n_pending;
    struct cw_register_totals totals;
    struct cw_each_file walk;
};

static void forget_pending(struct register_run *run)
{
    for (size_t i = 0; i < run->n_pending; i++) {
        free(run->pending[i].path);
    }
    run->n_pending = 0;
    cw_batch_clear(&run->batch);
}

static void run_done(struct register_run **out)
{
    struct register_run *run = *out;
    if (run != NULL) {
        forget_pending(run);
        cw_batch_done(&run->batch);
        cw_buf_done(&run->path);
        cw_http_close(&run->http);
        free(run);
    }
}

static void report(struct register_run *run, const struct pending *p,
                   const struct cw_json *answer)
{
    const struct cw_register_item item = {
        .file = p->path, .asset = p->asset, .answer = answer, .why = p->why};
    cw_progress_hide(&run->walk.progress);
    cw_register_report(&item, run->options->json, &run->totals);
}

/* Reports what was gathered, with the service's answer line by line. */
static int report_batch(struct register_run *run, struct cw_bytes answers,
                        struct cw_err *err)
{
    struct cw_bytes line;
    for (size_t i = 0; i < run->n_pending; i++) {
        CW_AUTO(cw_json_free) struct cw_json *answer = NULL;
        const struct pending *p = &run->pending[i];
        if (p->sent &&
            (!cw_line_next(&answers, &line) || cw_json_parse(line, &answer, NULL) != 0)) {
            return cw_fail(
                err, CW_E_INTERNAL,
                "the service's answer to a batch cannot be understood; run the "
                "same command again");
        }
        report(run, p, answer);
    }
    return 0;
}

/* Sends the batch, if there is anything in it, and reports on it. */
static int flush(struct register_run *run, struct cw_err *err)
{
    CW_AUTO(cw_http_answer_done) struct cw_http_answer answer = {0};
    if (run->batch.n > 0) {
        const struct cw_http_request request = {.method = "POST",
                                                .path = cw_buf_str(&run->path),
                                                .content_type = "application/x-ndjson",
                                                .body = cw_buf_view(&run->batch.body)};
        CW_TRY(cw_http_run(run->http, &request, &answer, err));
        run->totals.n_sent += run->batch.n;
        run->totals.n_bytes += run->batch.body.len;
    }
    const int rc = report_batch(run, cw_buf_view(&answer.body), err);
    forget_pending(run);
    return rc;
}

/* The asset id of a file: its path as given, or below --root. */
static int name_asset(const struct register_run *run, const char *path, char *out,
                      struct cw_err *err)
{
    if (run->options->root != NULL) {
        CW_TRY(cw_path_below(run->options->root, path, out, ASSET_MAX + 1, err));
    } else {
        CW_TRY(cw_copy_text(out, ASSET_MAX + 1, cw_bytes_str(path), "the path", err));
    }
    if (!cw_is_utf8(cw_bytes_str(out))) {
        return cw_fail(err, CW_E_INVALID, "the name is not UTF-8; rename the file");
    }
    return 0;
}

static void write_line(const struct register_run *run, const struct pending *p,
                       const struct cw_fingerprint *fp, struct cw_buf *line)
{
    struct cw_jw w = cw_jw_of(line);
    cw_jw_begin_object(&w);
    cw_jw_kstr(&w, "id", p->asset);
    cw_jw_key(&w, "fingerprint");
    cw_fingerprint_write_json(fp, &w);
    if (run->options->kind != NULL) {
        cw_jw_kstr(&w, "kind", run->options->kind);
    }
    if (run->embargo[0] != '\0') {
        cw_jw_kstr(&w, "embargo_until", run->embargo);
    }
    cw_jw_end_object(&w);
}

/* Puts the file's line into the batch, sending what is there if it does not fit. */
static int gather(struct register_run *run, struct pending *p,
                  const struct cw_fingerprint *fp, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf line = CW_BUF_INIT(LINE_MAX_BYTES);
    write_line(run, p, fp, &line);
    CW_TRY(cw_buf_check(&line, "a fingerprint", err));
    if (!cw_batch_fits(&run->batch, line.len)) {
        CW_TRY(flush(run, err));
    }
    CW_TRY(cw_batch_add(&run->batch, cw_buf_view(&line), err));
    p->sent = true;
    return 0;
}

static int each(void *ctx, const struct cw_hashed *item, struct cw_err *err)
{
    struct register_run *run = ctx;
    struct cw_err why;
    struct pending p = {0};
    if (name_asset(run, item->path, p.asset, &why) != 0) {
        p.asset[0] = '\0';
    } else if (item->err.code != CW_OK) {
        (void)cw_fail(&why, item->err.code, "%s", cw_hash_problem(&item->err));
    } else {
        CW_TRY(gather(run, &p, &item->fp, err));
    }
    if (!p.sent) {
        memcpy(p.why, why.text, sizeof p.why);
    }
    p.path = strdup(item->path);
    if (p.path == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    run->pending[run->n_pending++] = p;
    return run->n_pending == CW_BATCH_MAX_LINES ? flush(run, err) : 0;
}

/* Everything that can be said to be wrong before anything is done. */
static bool options_are_right(const struct register_options *o, struct cw_err *err)
{
    uint64_t when;
    if (o->previews) {
        return cw_fail(
                   err, CW_E_INVALID,
                   "--previews is not available yet: this celwatch sends fingerprints "
                   "and never pictures; leave it out") == 0;
    }
    if (o->collection == NULL || o->collection[0] == '\0' ||
        strlen(o->collection) > NAME_MAX_BYTES || strchr(o->collection, '/') != NULL) {
        return cw_fail(
                   err, CW_E_INVALID,
                   "name the work with --collection NAME (at most %d bytes, without /)",
                   NAME_MAX_BYTES) == 0;
    }
    if (o->kind != NULL && !cw_is_choice(KINDS, o->kind)) {
        return cw_fail(err, CW_E_INVALID, "--kind is one of " KINDS) == 0;
    }
    if (o->embargo != NULL &&
        cw_rfc3339_parse(cw_bytes_str(o->embargo), &when, NULL) != 0) {
        return cw_fail(
                   err, CW_E_INVALID,
                   "--embargo is a date such as 2027-03-01 or 2027-03-01T12:00:00Z") == 0;
    }
    return true;
}

static int prepare(const struct register_options *o, struct register_run **out,
                   struct cw_err *err)
{
    uint64_t when;
    struct register_run *run = calloc(1, sizeof *run);
    if (run == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    run->options = o;
    run->batch = CW_BATCH_INIT;
    run->path = CW_BUF_INIT(CW_PATH_MAX);
    cw_buf_add_str(&run->path, "/v1/collections/");
    cw_path_add(&run->path, o->collection);
    cw_buf_add_str(&run->path, "/assets");
    if (o->embargo != NULL &&
        cw_rfc3339_parse(cw_bytes_str(o->embargo), &when, NULL) == 0) {
        cw_rfc3339_format(when, run->embargo);
    }
    run->walk = (struct cw_each_file){
        .how = CW_STRICT, .prints_lines = o->json, .each = each, .ctx = run};
    *out = run;
    return 0;
}

static int register_all(struct register_run *run, const struct cw_args *args)
{
    struct cw_err err;
    int code = cw_each_file(args, &run->walk);
    if (code == CW_EXIT_DONE && flush(run, &err) != 0) {
        code = cw_give_up(&err);
    }
    if (!run->options->json) {
        cw_register_print_totals(&run->totals, run->options->collection);
    }
    if (cw_interrupts() > 0) {
        cw_complain("stopped; run the same command again to continue");
        code = code == CW_EXIT_DONE ? CW_EXIT_SOME_FAILED : code;
    }
    if (run->totals.n_weak > 0) {
        cw_complain(
            "weak files: %zu; so little is drawn on them that changed copies are not "
            "told apart from other pictures",
            run->totals.n_weak);
    }
    if (code == CW_EXIT_DONE && !cw_register_all_well(&run->totals)) {
        code = CW_EXIT_SOME_FAILED;
    }
    return cw_finish(code);
}

static int begin(const struct register_options *o, const struct cw_args *args)
{
    struct cw_err err;
    int code;
    CW_AUTO(run_done) struct register_run *run = NULL;
    if (!options_are_right(o, &err)) {
        cw_complain("%s", err.text);
        return CW_EXIT_USAGE;
    }
    cw_interrupt_watch();
    if (prepare(o, &run, &err) != 0) {
        return cw_give_up(&err);
    }
    if (!cw_connect(&o->service, &run->http, &code)) {
        return code;
    }
    return register_all(run, args);
}

int cw_cmd_register(int argc, char **argv)
{
    struct register_options o = {0};
    struct cw_args args;
    int code;
    const struct cw_option table[] = {
        {.name = "collection",
         .value = "NAME",
         .text = &o.collection,
         .help = "the work they belong to; made if it is new"},
        {.name = "embargo",
         .value = "DATE",
         .text = &o.embargo,
         .help = "public from then on: 2027-03-01 or a time in RFC 3339"},
        {.name = "kind", .value = "KIND", .text = &o.kind, .help = KINDS},
        {.name = "root",
         .value = "DIR",
         .text = &o.root,
         .help = "asset ids are paths below DIR (default: paths as given)"},
        {.name = "previews", .flag = &o.previews, .help = "not available yet"},
        {.name = "json", .flag = &o.json, .help = "a JSON line a file, and no summary"},
        CW_OPTIONS_SERVICE(o.service),
        CW_OPTION_URL_IS_SERVER(o.service),
    };
    const struct cw_usage usage = {
        .name = "register",
        .operands = "PATH...",
        .summary =
            "Registers artwork that must not leak. Folders are walked, pictures are "
            "hashed here,\nonly fingerprints are sent. Running it again changes "
            "nothing.",
        .more = "Exits with 0 only if every file was registered or unchanged.\n",
        .table = table,
        .n_options = sizeof table / sizeof *table,
        .min_operands = 1,
        .max_operands = SIZE_MAX,
    };
    return cw_options_begin(&usage, argc, argv, &args, &code) ? begin(&o, &args) : code;
}
