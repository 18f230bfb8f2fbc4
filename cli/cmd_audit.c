/* celwatch audit verify: whether an exported log is whole, without the service. */
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/chain.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/plain_text.h"

#define PIECE_BYTES ((size_t)1 << 20)

static void close_file(FILE **f)
{
    if (*f != NULL && *f != stdin) {
        (void)fclose(*f);
    }
}

static int check_file(struct cw_chain_check *c, const char *path, struct cw_err *err)
{
    static uint8_t piece[PIECE_BYTES];
    CW_AUTO(close_file)
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
    size_t n;
    if (f == NULL) {
        return cw_fail(err, CW_E_INVALID, "%s", strerrordesc_np(errno));
    }
    while ((n = fread(piece, 1, sizeof piece, f)) > 0) {
        CW_TRY(cw_chain_check_feed(c, cw_bytes_of(piece, n), err));
    }
    return ferror(f) ? cw_fail(err, CW_E_INVALID, "cannot be read") : 0;
}

/* Files are pieces of one export, in order. */
static int check_files(const struct cw_args *args, struct cw_chain_check *c)
{
    struct cw_err err = {0};
    int rc = 0;
    size_t i = 0;
    for (; rc == 0 && i < args->n_operands; i++) {
        rc = check_file(c, args->operands[i], &err);
    }
    if (rc == 0) {
        rc = cw_chain_check_end(c, &err);
    }
    if (rc != 0) {
        CW_AUTO(cw_buf_done) struct cw_buf name = CW_BUF_INIT(16384);
        cw_add_plain_str(&name, args->operands[i - 1]);
        cw_complain("%s: %s", cw_buf_str(&name), err.text);
        return rc == CW_E_INVALID ? CW_EXIT_USAGE : CW_EXIT_SOME_FAILED;
    }
    return CW_EXIT_DONE;
}

static int verify(const struct cw_args *args, const struct cw_chain_head *after,
                  const struct cw_chain_head *known)
{
    CW_AUTO(cw_chain_check_done) struct cw_chain_check c = {0};
    CW_AUTO(cw_buf_done) struct cw_buf line = CW_BUF_INIT(256);
    char head[CW_CHAIN_HEAD_CAP];
    struct cw_err err;
    if (cw_chain_check_begin(&c, after, known, &err) != 0) {
        cw_complain("--after and --head contradict each other: %s", err.text);
        return CW_EXIT_USAGE;
    }
    const int code = check_files(args, &c);
    if (code != CW_EXIT_DONE) {
        return code;
    }
    cw_chain_head_format(&c.last, head);
    cw_buf_printf(&line, "verified %llu events, head %s\n", (unsigned long long)c.n,
                  head);
    cw_print(&line);
    return cw_finish(CW_EXIT_DONE);
}

/* Reads the value of an option; NULL if it was not given, false if it is none. */
static bool read_head(const char *option, const char *text, struct cw_chain_head *space,
                      const struct cw_chain_head **out)
{
    struct cw_err err;
    *out = NULL;
    if (text == NULL) {
        return true;
    }
    if (cw_chain_head_parse(text, space, &err) != 0) {
        cw_complain("%s: %s", option, err.text);
        return false;
    }
    *out = space;
    return true;
}

static int audit_verify(int argc, char **argv)
{
    const char *after_text = NULL;
    const char *known_text = NULL;
    struct cw_chain_head space[2];
    const struct cw_chain_head *after, *known;
    struct cw_args args;
    int code;
    const struct cw_option table[] = {
        {.name = "after",
         .value = "N:HEX",
         .text = &after_text,
         .help = "the export goes on after this head, that of the one before"},
        {.name = "head",
         .value = "N:HEX",
         .text = &known_text,
         .help = "a head the log once had: the export must reach and hold it"},
    };
    const struct cw_usage usage = {
        .name = "audit verify",
        .operands = "FILE...",
        .summary =
            "Checks a log that was exported with GET /v1/events: that nothing in it was "
            "changed,\ntaken out, put in or moved. Prints its head.",
        .more = "Files are pieces of one export, in order; - is standard input. A log "
                "that was cut\noff at its end is whole to itself: only --head shows "
                "it.\n",
        .table = table,
        .n_options = sizeof table / sizeof *table,
        .min_operands = 1,
        .max_operands = SIZE_MAX,
    };
    if (!cw_options_begin(&usage, argc, argv, &args, &code)) {
        return code;
    }
    if (!read_head("--after", after_text, &space[0], &after) ||
        !read_head("--head", known_text, &space[1], &known)) {
        return CW_EXIT_USAGE;
    }
    return verify(&args, after, known);
}

int cw_cmd_audit(int argc, char **argv)
{
    const char *verb = argc > 0 ? argv[0] : "";
    if (strcmp(verb, "verify") == 0) {
        return audit_verify(argc - 1, argv + 1);
    }
    if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0) {
        CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(1024);
        cw_buf_add_str(&text, "usage: celwatch audit verify [OPTION]... FILE...\n"
                              "It has a --help of its own.\n");
        cw_print(&text);
        return cw_finish(CW_EXIT_DONE);
    }
    cw_complain("say what to do: celwatch audit verify FILE...");
    return CW_EXIT_USAGE;
}
