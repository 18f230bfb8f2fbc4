/* celwatch submit: records pictures that were found, as fingerprints.
 *
 * Each file goes with an Idempotency-Key made of its SHA-256 and of where and when it was
 * found, so that a run that was cut off is simply repeated. */
#include "cli/commands.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "cli/each_file.h"
#include "cli/plain_text.h"
#include "cli/render.h"
#include "cli/service.h"
#include "cli/settings.h"

#define BODY_MAX ((size_t)512 * 1024)
#define TEXT_MAX ((size_t)33 * 1024 * 1024)
#define URL_MAX ((size_t)8192)
#define KEY_TEXT_CAP (2 * CW_SHA256_BYTES + 1)

struct submit_run {
    const char *url;
    const char *ip;
    const char *at; /* NULL: now, by the clock of the service */
    char at_text[CW_RFC3339_CAP];
    bool fast;
    bool json;
    struct cw_settings_input service;
    struct cw_http *http;
    size_t n_failed;
    struct cw_each_file walk;
};

/* The same file found at the same place at the same time is the same sighting. */
static int idempotency_key(const struct submit_run *run, const struct cw_fingerprint *fp,
                           char out[KEY_TEXT_CAP], struct cw_err *err)
{
    uint8_t digest[CW_SHA256_BYTES];
    CW_AUTO(cw_buf_done) struct cw_buf parts = CW_BUF_INIT(URL_MAX + 1024);
    cw_put_bytes32(&parts, cw_bytes_str("celwatch submit 1"));
    cw_put_bytes32(&parts, cw_bytes_of(fp->sha256, sizeof fp->sha256));
    cw_put_bytes32(&parts, cw_bytes_str(run->url));
    cw_put_bytes32(&parts, cw_bytes_str(run->ip));
    cw_put_bytes32(&parts, cw_bytes_str(run->at));
    CW_TRY(cw_buf_check(&parts, "the URL", err));
    cw_sha256(cw_buf_view(&parts), digest);
    cw_hex_encode(digest, sizeof digest, out);
    return 0;
}

static void write_body(const struct submit_run *run, const struct cw_fingerprint *fp,
                       struct cw_buf *body)
{
    struct cw_jw w = cw_jw_of(body);
    cw_jw_begin_object(&w);
    cw_jw_key(&w, "fingerprint");
    cw_fingerprint_write_json(fp, &w);
    if (run->url != NULL) {
        cw_jw_kstr(&w, "url", run->url);
    }
    if (run->ip != NULL) {
        cw_jw_kstr(&w, "ip", run->ip);
    }
    if (run->at != NULL) {
        cw_jw_kstr(&w, "fetched_at", run->at);
    }
    cw_jw_end_object(&w);
}

static int send_one(struct submit_run *run, const struct cw_fingerprint *fp,
                    struct cw_json **out, struct cw_err *err)
{
    char key[KEY_TEXT_CAP];
    CW_AUTO(cw_buf_done) struct cw_buf body = CW_BUF_INIT(BODY_MAX);
    write_body(run, fp, &body);
    CW_TRY(cw_buf_check(&body, "a fingerprint", err));
    CW_TRY(idempotency_key(run, fp, key, err));
    const struct cw_http_request request = {
        .method = "POST",
        .path = run->fast ? "/v1/sightings?effort=fast" : "/v1/sightings",
        .content_type = "application/json",
        .body = cw_buf_view(&body),
        .idempotency_key = key};
    return cw_service_ask(run->http, &request, NULL, out, err);
}

/* The receipt, the verdict or the matches: as much as the key may know. */
static void render(struct cw_buf *out, const char *file, const struct cw_json *answer)
{
    const struct cw_json *matches = cw_json_get(answer, "matches");
    cw_add_plain_str(out, file);
    cw_buf_add_str(out, ": recorded as ");
    cw_add_member(out, answer, "sighting");
    if (cw_json_get(answer, "verdict") != NULL) {
        cw_buf_add_str(out, "  verdict ");
        cw_add_member(out, answer, "verdict");
    }
    cw_buf_add_str(out, "\n");
    for (size_t i = 0; i < cw_json_count(matches); i++) {
        cw_buf_add_str(out, "    ");
        cw_render_match(out, cw_json_at(matches, i));
        cw_buf_add_str(out, "\n");
    }
}

static int each(void *ctx, const struct cw_hashed *item, struct cw_err *err)
{
    struct submit_run *run = ctx;
    CW_AUTO(cw_json_free) struct cw_json *answer = NULL;
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(TEXT_MAX);
    if (item->err.code != CW_OK) {
        run->n_failed++;
        cw_progress_hide(&run->walk.progress);
        cw_report_unreadable(item, run->json);
        return 0;
    }
    CW_TRY(send_one(run, &item->fp, &answer, err));
    if (run->json) {
        cw_json_line_with_file(&text, item->path, answer);
    } else {
        render(&text, item->path, answer);
    }
    cw_progress_hide(&run->walk.progress);
    cw_print(&text);
    return 0;
}

static bool is_address(const char *text)
{
    unsigned char raw[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, raw) == 1 || inet_pton(AF_INET6, text, raw) == 1;
}

/* Checks where and when, and puts the time into the form it is sent in. */
static bool place_is_right(struct submit_run *run)
{
    uint64_t when;
    if (run->url == NULL && run->ip == NULL) {
        cw_complain(
            "say where it was found: --url URL or --ip ADDRESS (--server names the "
            "service)");
        return false;
    }
    if (run->url != NULL &&
        (strstr(run->url, "://") == NULL || strlen(run->url) > URL_MAX)) {
        cw_complain("--url is where the picture was found, such as http://host/a.png; "
                    "--server names the service");
        return false;
    }
    if (run->ip != NULL && !is_address(run->ip)) {
        cw_complain("--ip is an IPv4 or IPv6 address, such as 203.0.113.9");
        return false;
    }
    if (run->at == NULL) {
        return true;
    }
    if (cw_rfc3339_parse(cw_bytes_str(run->at), &when, NULL) != 0) {
        cw_complain("--at is a time such as 2026-11-23T05:43:00Z");
        return false;
    }
    cw_rfc3339_format(when, run->at_text);
    run->at = run->at_text;
    return true;
}

static void run_done(struct submit_run *run)
{
    cw_http_close(&run->http);
}

static int submit_all(struct submit_run *run, const struct cw_args *args)
{
    int code;
    if (!place_is_right(run)) {
        return CW_EXIT_USAGE;
    }
    if (!cw_connect(&run->service, &run->http, &code)) {
        return code;
    }
    run->walk = (struct cw_each_file){.how = run->fast ? CW_FAST : CW_LENIENT,
                                      .prints_lines = true,
                                      .each = each,
                                      .ctx = run};
    const int done = cw_each_file(args, &run->walk);
    return cw_finish(done == CW_EXIT_DONE && run->n_failed > 0 ? CW_EXIT_SOME_FAILED
                                                               : done);
}

int cw_cmd_submit(int argc, char **argv)
{
    CW_AUTO(run_done) struct submit_run run = {0};
    struct cw_args args;
    int code;
    const struct cw_option table[] = {
        {.name = "url",
         .value = "URL",
         .text = &run.url,
         .help = "where the pictures were found"},
        {.name = "ip",
         .value = "ADDRESS",
         .text = &run.ip,
         .help = "address of the server they were found on"},
        {.name = "at",
         .value = "TIME",
         .text = &run.at,
         .help = "when they were found, RFC 3339 (default: now)"},
        {.name = "fast",
         .flag = &run.fast,
         .help =
             "match hashes of whole pictures alone; crops and small turns are missed"},
        {.name = "json", .flag = &run.json, .help = "a JSON line a file"},
        CW_OPTIONS_SERVICE(run.service),
    };
    const struct cw_usage usage = {
        .name = "submit",
        .operands = "PATH...",
        .summary =
            "Records pictures that were found on the internet. Only fingerprints are "
            "sent. Running\nit again records nothing twice.",
        .more = "--url is the place of the finding; the service is named by --server or "
                "CELWATCH_URL.\n",
        .table = table,
        .n_options = sizeof table / sizeof *table,
        .min_operands = 1,
        .max_operands = SIZE_MAX,
    };
    return cw_options_begin(&usage, argc, argv, &args, &code) ? submit_all(&run, &args)
                                                              : code;
}
