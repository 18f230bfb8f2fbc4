/* celwatch incidents and celwatch show: what was found. */
#include "cli/commands.h"

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/render.h"
#include "cli/service.h"
#include "cli/settings.h"

#define STATES "new|triaged|confirmed|rejected|duplicate|authorised|released|closed"
#define TEXT_MAX ((size_t)33 * 1024 * 1024)

typedef void (*render_fn)(struct cw_buf *out, const struct cw_json *v);

/* How the items of a list are printed, and how many there were. */
struct printer {
    bool json;
    render_fn render;
    const char *indent;
    size_t n;
};

static int print_item(void *ctx, const struct cw_json *item, struct cw_err *err)
{
    struct printer *p = ctx;
    CW_AUTO(cw_buf_done) struct cw_buf line = CW_BUF_INIT(TEXT_MAX);
    if (p->json) {
        cw_json_line(&line, item);
    } else {
        cw_buf_add_str(&line, p->indent);
        p->render(&line, item);
        cw_buf_add_str(&line, "\n");
    }
    CW_TRY(cw_buf_check(&line, "a line", err));
    p->n++;
    cw_print(&line);
    return 0;
}

static int list(struct cw_http *http, const char *state, bool json)
{
    struct cw_err err;
    struct printer p = {.json = json, .render = cw_render_incident, .indent = ""};
    CW_AUTO(cw_buf_done) struct cw_buf path = CW_BUF_INIT(CW_PATH_MAX);
    cw_buf_add_str(&path, "/v1/incidents");
    if (state != NULL) {
        cw_buf_add_str(&path, "?state=");
        cw_path_add(&path, state);
    }
    if (cw_service_list(http, cw_buf_str(&path), print_item, &p, &err) != 0) {
        return cw_give_up(&err);
    }
    if (p.n == 0 && !json) {
        CW_AUTO(cw_buf_done) struct cw_buf line = CW_BUF_INIT(256);
        cw_buf_printf(&line, "no incidents%s%s\n", state == NULL ? "" : " in state ",
                      state == NULL ? "" : state);
        cw_print(&line);
    }
    return cw_finish(CW_EXIT_DONE);
}

int cw_cmd_incidents(int argc, char **argv)
{
    const char *state = NULL;
    bool json = false;
    struct cw_settings_input service = {0};
    struct cw_args args;
    int code;
    CW_AUTO(cw_http_close) struct cw_http *http = NULL;
    const struct cw_option table[] = {
        {.name = "state", .value = "STATE", .text = &state, .help = STATES},
        {.name = "json", .flag = &json, .help = "a JSON line an incident"},
        CW_OPTIONS_SERVICE(service),
        CW_OPTION_URL_IS_SERVER(service),
    };
    const struct cw_usage usage = {
        .name = "incidents",
        .operands = "",
        .summary =
            "Lists incidents: id, state, strongest band, matches, last seen, work and "
            "server.",
        .table = table,
        .n_options = sizeof table / sizeof *table,
    };
    if (!cw_options_begin(&usage, argc, argv, &args, &code)) {
        return code;
    }
    if (state != NULL && !cw_is_choice(STATES, state)) {
        cw_complain("--state is one of " STATES);
        return CW_EXIT_USAGE;
    }
    return cw_connect(&service, &http, &code) ? list(http, state, json) : code;
}

/* Collects items as they are, comma-separated. */
static int collect(void *ctx, const struct cw_json *item, struct cw_err *err)
{
    struct cw_buf *out = ctx;
    cw_buf_add_str(out, out->len == 0 ? "" : ",");
    cw_json_dump(item, out);
    return cw_buf_check(out, "the list of matches", err);
}

static int show_json(struct cw_http *http, const struct cw_json *incident,
                     const char *matches_path, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf matches = CW_BUF_INIT(TEXT_MAX);
    CW_AUTO(cw_buf_done) struct cw_buf line = CW_BUF_INIT(2 * TEXT_MAX);
    CW_TRY(cw_service_list(http, matches_path, collect, &matches, err));
    cw_buf_add_str(&line, "{\"incident\":");
    cw_json_dump(incident, &line);
    cw_buf_printf(&line, ",\"matches\":[%s]}\n", cw_buf_str(&matches));
    CW_TRY(cw_buf_check(&line, "the incident", err));
    cw_print(&line);
    return 0;
}

static int show_text(struct cw_http *http, const struct cw_json *incident,
                     const char *matches_path, struct cw_err *err)
{
    static const char *const members[] = {
        "id",        "state",      "band",      "collection", "host",       "matches",
        "undecided", "first_seen", "last_seen", "opened_at",  "changed_at", "version"};
    const struct cw_json *history = cw_json_get(incident, "history");
    struct printer p = {.render = cw_render_incident_match, .indent = "    "};
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(TEXT_MAX);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        cw_buf_printf(&text, "%-10s  ", members[i]);
        cw_add_member(&text, incident, members[i]);
        cw_buf_add_str(&text, "\n");
    }
    cw_buf_add_str(&text, "history\n");
    for (size_t i = 0; i < cw_json_count(history); i++) {
        cw_buf_add_str(&text, "    ");
        cw_render_history(&text, cw_json_at(history, i));
        cw_buf_add_str(&text, "\n");
    }
    cw_buf_add_str(&text, "matches\n");
    CW_TRY(cw_buf_check(&text, "the incident", err));
    cw_print(&text);
    return cw_service_list(http, matches_path, print_item, &p, err);
}

static int show(struct cw_http *http, const char *id, bool json, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf path = CW_BUF_INIT(CW_PATH_MAX);
    CW_AUTO(cw_json_free) struct cw_json *incident = NULL;
    cw_buf_add_str(&path, "/v1/incidents/");
    cw_path_add(&path, id);
    CW_TRY(cw_service_get(http, cw_buf_str(&path), NULL, &incident, err));
    cw_buf_add_str(&path, "/matches");
    CW_TRY(cw_buf_check(&path, "the id", err));
    return json ? show_json(http, incident, cw_buf_str(&path), err)
                : show_text(http, incident, cw_buf_str(&path), err);
}

int cw_cmd_show(int argc, char **argv)
{
    bool json = false;
    struct cw_settings_input service = {0};
    struct cw_args args;
    struct cw_err err;
    int code;
    CW_AUTO(cw_http_close) struct cw_http *http = NULL;
    const struct cw_option table[] = {
        {.name = "json", .flag = &json, .help = "one JSON line"},
        CW_OPTIONS_SERVICE(service),
        CW_OPTION_URL_IS_SERVER(service),
    };
    const struct cw_usage usage = {
        .name = "show",
        .operands = "ID",
        .summary = "Shows one incident with its matches and history.",
        .table = table,
        .n_options = sizeof table / sizeof *table,
        .min_operands = 1,
        .max_operands = 1,
    };
    if (!cw_options_begin(&usage, argc, argv, &args, &code) ||
        !cw_connect(&service, &http, &code)) {
        return code;
    }
    if (show(http, args.operands[0], json, &err) != 0) {
        return cw_give_up(&err);
    }
    return cw_finish(CW_EXIT_DONE);
}
