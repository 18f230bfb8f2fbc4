/* celwatch decide and celwatch comment: what a reviewer says of an incident.
 *
 * A decision names the version of the incident it was made on, so that two reviewers
 * never overwrite each other: the version is fetched just before, or pinned with
 * --version. */
#include "cli/commands.h"

#include "base/json_write.h"
#include "base/num.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/plain_text.h"
#include "cli/render.h"
#include "cli/service.h"
#include "cli/settings.h"

#define DECISIONS                                                                        \
    "confirmed|rejected|duplicate|authorised|released|triaged|closed|reopen|undo"
#define TEXT_MAX ((size_t)1024 * 1024)

struct review {
    const char *id;
    const char *decision; /* NULL for a comment */
    const char *text;     /* reason or comment; NULL if there is none */
    const char *version;  /* NULL: the one the service has */
    bool json;
    struct cw_settings_input service;
};

static void write_body(const struct review *r, struct cw_buf *body)
{
    struct cw_jw w = cw_jw_of(body);
    cw_jw_begin_object(&w);
    if (r->decision != NULL) {
        cw_jw_kstr(&w, "decision", r->decision);
    }
    if (r->text != NULL) {
        cw_jw_kstr(&w, r->decision == NULL ? "text" : "reason", r->text);
    }
    cw_jw_end_object(&w);
}

static int fetch_version(struct cw_http *http, const char *path, char *etag,
                         struct cw_err *err)
{
    CW_AUTO(cw_json_free) struct cw_json *incident = NULL;
    CW_TRY(cw_service_get(http, path, etag, &incident, err));
    if (etag[0] == '\0') {
        return cw_fail(err, CW_E_INTERNAL,
                       "the service named no version of the incident; give --version N");
    }
    return 0;
}

static void print_result(const struct review *r, const struct cw_json *incident)
{
    CW_AUTO(cw_buf_done) struct cw_buf line = CW_BUF_INIT(TEXT_MAX);
    if (r->json) {
        cw_json_line(&line, incident);
    } else {
        cw_add_plain_str(&line, r->id);
        cw_buf_add_str(&line,
                       r->decision == NULL ? ": comment added; it is " : " is now ");
        cw_add_member(&line, incident, "state");
        cw_buf_add_str(&line, " (version ");
        cw_add_member(&line, incident, "version");
        cw_buf_add_str(&line, ")\n");
    }
    cw_print(&line);
}

static int post(const struct review *r, struct cw_http *http, struct cw_err *err)
{
    char etag[CW_HTTP_ETAG_CAP] = "";
    CW_AUTO(cw_buf_done) struct cw_buf path = CW_BUF_INIT(CW_PATH_MAX);
    CW_AUTO(cw_buf_done) struct cw_buf body = CW_BUF_INIT(TEXT_MAX);
    CW_AUTO(cw_json_free) struct cw_json *incident = NULL;
    cw_buf_add_str(&path, "/v1/incidents/");
    cw_path_add(&path, r->id);
    if (r->decision != NULL && r->version == NULL) {
        CW_TRY(fetch_version(http, cw_buf_str(&path), etag, err));
    }
    cw_buf_add_str(&path, r->decision == NULL ? "/comments" : "/decisions");
    write_body(r, &body);
    CW_TRY(cw_buf_check(&path, "the id", err));
    CW_TRY(cw_buf_check(&body, "the text", err));
    const struct cw_http_request request = {.method = "POST",
                                            .path = cw_buf_str(&path),
                                            .content_type = "application/json",
                                            .body = cw_buf_view(&body),
                                            .if_match = r->decision == NULL ? NULL
                                                        : r->version == NULL
                                                            ? etag
                                                            : r->version};
    CW_TRY(cw_service_ask(http, &request, NULL, &incident, err));
    print_result(r, incident);
    return 0;
}

static int run(const struct review *r)
{
    struct cw_err err;
    int code;
    CW_AUTO(cw_http_close) struct cw_http *http = NULL;
    if (!cw_connect(&r->service, &http, &code)) {
        return code;
    }
    const int rc = post(r, http, &err);
    if (rc == CW_E_CONFLICT) {
        cw_complain("%.60s has changed since; look at it again with celwatch show, then "
                    "decide (%s)",
                    r->id, err.text);
        return CW_EXIT_SOME_FAILED;
    }
    return rc == 0 ? cw_finish(CW_EXIT_DONE) : cw_give_up(&err);
}

int cw_cmd_decide(int argc, char **argv)
{
    struct review r = {0};
    struct cw_args args;
    uint64_t version;
    int code;
    const struct cw_option table[] = {
        {.name = "reason",
         .value = "TEXT",
         .text = &r.text,
         .help = "why; kept for good"},
        {.name = "version",
         .value = "N",
         .text = &r.version,
         .help = "decide only if the incident is still at version N"},
        {.name = "json", .flag = &r.json, .help = "the incident as a JSON line"},
        CW_OPTIONS_SERVICE(r.service),
        CW_OPTION_URL_IS_SERVER(r.service),
    };
    const struct cw_usage usage = {
        .name = "decide",
        .operands = "ID DECISION",
        .summary = "Decides what an incident means. DECISION is one of\n" DECISIONS ".",
        .more = "undo takes the last decision back; both stay in the history.\n",
        .table = table,
        .n_options = sizeof table / sizeof *table,
        .min_operands = 2,
        .max_operands = 2,
    };
    if (!cw_options_begin(&usage, argc, argv, &args, &code)) {
        return code;
    }
    r.id = args.operands[0];
    r.decision = args.operands[1];
    if (!cw_is_choice(DECISIONS, r.decision)) {
        cw_complain("the decision is one of " DECISIONS);
        return CW_EXIT_USAGE;
    }
    if (r.version != NULL && cw_parse_u64(cw_bytes_str(r.version), 0, UINT64_MAX,
                                          "--version", &version, NULL) != 0) {
        cw_complain("--version is the number that celwatch show prints");
        return CW_EXIT_USAGE;
    }
    return run(&r);
}

int cw_cmd_comment(int argc, char **argv)
{
    struct review r = {0};
    struct cw_args args;
    int code;
    const struct cw_option table[] = {
        {.name = "json", .flag = &r.json, .help = "the incident as a JSON line"},
        CW_OPTIONS_SERVICE(r.service),
        CW_OPTION_URL_IS_SERVER(r.service),
    };
    const struct cw_usage usage = {
        .name = "comment",
        .operands = "ID TEXT",
        .summary = "Adds a comment to an incident; its state stays as it is.",
        .table = table,
        .n_options = sizeof table / sizeof *table,
        .min_operands = 2,
        .max_operands = 2,
    };
    if (!cw_options_begin(&usage, argc, argv, &args, &code)) {
        return code;
    }
    r.id = args.operands[0];
    r.text = args.operands[1];
    return run(&r);
}
