/* celwatch key: create, list, revoke. */
#include "cli/commands.h"

#include <string.h>

#include "base/json_write.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/plain_text.h"
#include "cli/render.h"
#include "cli/service.h"
#include "cli/settings.h"

#define ROLES "studio|crawler|reviewer|auditor|admin"
#define DISCLOSURES "receipt|verdict|detail"
#define TEXT_MAX ((size_t)65536)

struct key_options {
    const char *role;
    const char *studio;
    const char *disclosure;
    const char *label;
    bool json;
    struct cw_settings_input service;
};

static void write_request(const struct key_options *o, struct cw_buf *body)
{
    struct cw_jw w = cw_jw_of(body);
    cw_jw_begin_object(&w);
    cw_jw_kstr(&w, "role", o->role);
    if (o->studio != NULL) {
        cw_jw_kstr(&w, "studio", o->studio);
    }
    if (o->disclosure != NULL) {
        cw_jw_kstr(&w, "disclosure", o->disclosure);
    }
    if (o->label != NULL) {
        cw_jw_kstr(&w, "label", o->label);
    }
    cw_jw_end_object(&w);
}

/* The key alone, so that `KEY=$(celwatch key create ...)` works. */
static int print_key(const struct cw_json *answer, bool json, struct cw_err *err)
{
    struct cw_bytes key;
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(TEXT_MAX);
    if (!cw_json_text(cw_json_get(answer, "key"), &key)) {
        return cw_fail(err, CW_E_INTERNAL, "the service's answer holds no key");
    }
    if (json) {
        cw_json_line(&text, answer);
    } else {
        cw_add_plain(&text, key);
        cw_buf_add_str(&text, "\n");
    }
    cw_print(&text);
    return 0;
}

static int create(const struct key_options *o, struct cw_http *http)
{
    struct cw_err err;
    CW_AUTO(cw_buf_done) struct cw_buf body = CW_BUF_INIT(TEXT_MAX);
    CW_AUTO(cw_json_free) struct cw_json *answer = NULL;
    write_request(o, &body);
    const struct cw_http_request request = {.method = "POST",
                                            .path = "/v1/keys",
                                            .content_type = "application/json",
                                            .body = cw_buf_view(&body)};
    if (cw_buf_check(&body, "the request", &err) != 0 ||
        cw_service_ask(http, &request, NULL, &answer, &err) != 0 ||
        print_key(answer, o->json, &err) != 0) {
        return cw_give_up(&err);
    }
    return cw_finish(CW_EXIT_DONE);
}

static bool create_is_right(const struct key_options *o)
{
    if (o->role == NULL || !cw_is_choice(ROLES, o->role)) {
        cw_complain("say what the key is for: --role " ROLES);
        return false;
    }
    if (o->disclosure != NULL && !cw_is_choice(DISCLOSURES, o->disclosure)) {
        cw_complain("--disclosure is one of " DISCLOSURES);
        return false;
    }
    return true;
}

static int key_create(int argc, char **argv)
{
    struct key_options o = {0};
    struct cw_args args;
    int code;
    CW_AUTO(cw_http_close) struct cw_http *http = NULL;
    const struct cw_option table[] = {
        {.name = "role", .value = "ROLE", .text = &o.role, .help = ROLES},
        {.name = "studio",
         .value = "NAME",
         .text = &o.studio,
         .help = "whose key it is (default: the studio of your own key)"},
        {.name = "disclosure",
         .value = "LEVEL",
         .text = &o.disclosure,
         .help = "what a crawler is told: " DISCLOSURES},
        {.name = "label",
         .value = "TEXT",
         .text = &o.label,
         .help = "a note for the list"},
        {.name = "json", .flag = &o.json, .help = "the whole answer as a JSON line"},
        CW_OPTIONS_SERVICE(o.service),
        CW_OPTION_URL_IS_SERVER(o.service),
    };
    const struct cw_usage usage = {
        .name = "key create",
        .operands = "",
        .summary = "Makes a key and prints it alone; it is shown only this once.",
        .table = table,
        .n_options = sizeof table / sizeof *table,
    };
    if (!cw_options_begin(&usage, argc, argv, &args, &code)) {
        return code;
    }
    if (!create_is_right(&o)) {
        return CW_EXIT_USAGE;
    }
    return cw_connect(&o.service, &http, &code) ? create(&o, http) : code;
}

static int print_listed(void *ctx, const struct cw_json *key, struct cw_err *err)
{
    static const char *const columns[] = {
        "id", "role", "studio", "disclosure", "label", "created_at", "revoked_at"};
    const bool *json = ctx;
    CW_AUTO(cw_buf_done) struct cw_buf line = CW_BUF_INIT(TEXT_MAX);
    if (*json) {
        cw_json_line(&line, key);
    } else {
        for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
            cw_buf_add_str(&line, i == 0 ? "" : "  ");
            cw_add_member(&line, key, columns[i]);
        }
        cw_buf_add_str(&line, "\n");
    }
    CW_TRY(cw_buf_check(&line, "a line", err));
    cw_print(&line);
    return 0;
}

static int key_list(int argc, char **argv)
{
    struct key_options o = {0};
    struct cw_args args;
    struct cw_err err;
    int code;
    CW_AUTO(cw_http_close) struct cw_http *http = NULL;
    const struct cw_option table[] = {
        {.name = "json", .flag = &o.json, .help = "a JSON line a key"},
        CW_OPTIONS_SERVICE(o.service),
        CW_OPTION_URL_IS_SERVER(o.service),
    };
    const struct cw_usage usage = {
        .name = "key list",
        .operands = "",
        .summary =
            "Lists the keys of your studio: id, role, studio, disclosure, label, made, "
            "revoked.",
        .table = table,
        .n_options = sizeof table / sizeof *table,
    };
    if (!cw_options_begin(&usage, argc, argv, &args, &code) ||
        !cw_connect(&o.service, &http, &code)) {
        return code;
    }
    if (cw_service_list(http, "/v1/keys", print_listed, &o.json, &err) != 0) {
        return cw_give_up(&err);
    }
    return cw_finish(CW_EXIT_DONE);
}

static int revoke(struct cw_http *http, const char *id, bool json)
{
    struct cw_err err;
    CW_AUTO(cw_buf_done) struct cw_buf path = CW_BUF_INIT(CW_PATH_MAX);
    CW_AUTO(cw_buf_done) struct cw_buf line = CW_BUF_INIT(TEXT_MAX);
    CW_AUTO(cw_http_answer_done) struct cw_http_answer answer = {0};
    cw_buf_add_str(&path, "/v1/keys/");
    cw_path_add(&path, id);
    const struct cw_http_request request = {.method = "DELETE",
                                            .path = cw_buf_str(&path)};
    if (cw_buf_check(&path, "the id", &err) != 0 ||
        cw_http_run(http, &request, &answer, &err) != 0) {
        return cw_give_up(&err);
    }
    if (json) {
        struct cw_jw w = cw_jw_of(&line);
        cw_jw_begin_object(&w);
        cw_jw_kstr(&w, "id", id);
        cw_jw_kstr(&w, "status", "revoked");
        cw_jw_end_object(&w);
        cw_buf_add_str(&line, "\n");
    } else {
        cw_add_plain_str(&line, id);
        cw_buf_add_str(&line, " is revoked\n");
    }
    cw_print(&line);
    return cw_finish(CW_EXIT_DONE);
}

static int key_revoke(int argc, char **argv)
{
    struct key_options o = {0};
    struct cw_args args;
    int code;
    CW_AUTO(cw_http_close) struct cw_http *http = NULL;
    const struct cw_option table[] = {
        {.name = "json", .flag = &o.json, .help = "a JSON line"},
        CW_OPTIONS_SERVICE(o.service),
        CW_OPTION_URL_IS_SERVER(o.service),
    };
    const struct cw_usage usage = {
        .name = "key revoke",
        .operands = "ID",
        .summary = "Revokes a key at once; `celwatch key list` shows the ids.",
        .table = table,
        .n_options = sizeof table / sizeof *table,
        .min_operands = 1,
        .max_operands = 1,
    };
    if (!cw_options_begin(&usage, argc, argv, &args, &code) ||
        !cw_connect(&o.service, &http, &code)) {
        return code;
    }
    return revoke(http, args.operands[0], o.json);
}

int cw_cmd_key(int argc, char **argv)
{
    const char *verb = argc > 0 ? argv[0] : "";
    if (strcmp(verb, "create") == 0) {
        return key_create(argc - 1, argv + 1);
    }
    if (strcmp(verb, "list") == 0) {
        return key_list(argc - 1, argv + 1);
    }
    if (strcmp(verb, "revoke") == 0) {
        return key_revoke(argc - 1, argv + 1);
    }
    if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0) {
        CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(TEXT_MAX);
        cw_buf_add_str(&text, "usage: celwatch key create --role ROLE [OPTION]...\n"
                              "       celwatch key list [OPTION]...\n"
                              "       celwatch key revoke ID [OPTION]...\n"
                              "Each has a --help of its own.\n");
        cw_print(&text);
        return cw_finish(CW_EXIT_DONE);
    }
    cw_complain("say what to do: celwatch key create, celwatch key list or celwatch key "
                "revoke ID");
    return CW_EXIT_USAGE;
}
