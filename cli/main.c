/* celwatch: what people type. Hashes pictures where they are and talks to celwatchd; only
 * fingerprints leave the machine.
 *
 * Processes: celwatch-hasher, one a processor, while pictures are hashed (hash_pool.c).
 * Threads: main, and one more than there are hashers to feed them. */
#include <string.h>

#include "base/crypto.h"
#include "base/json_read.h"
#include "cli/cli.h"
#include "cli/commands.h"

struct command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
    {"hash", "fingerprint pictures here; nothing is sent", cw_cmd_hash},
    {"register", "register artwork that must not leak", cw_cmd_register},
    {"match", "ask whether pictures are registered; nothing is recorded", cw_cmd_match},
    {"submit", "record pictures that were found on the internet", cw_cmd_submit},
    {"incidents", "list what was found, by work and server", cw_cmd_incidents},
    {"show", "show one incident with its matches and history", cw_cmd_show},
    {"decide", "decide what an incident means", cw_cmd_decide},
    {"comment", "add a comment to an incident", cw_cmd_comment},
    {"audit", "check an exported log; nothing is sent", cw_cmd_audit},
    {"key", "create, list and revoke keys", cw_cmd_key},
};
#define N_COMMANDS (sizeof commands / sizeof *commands)

static int print_help(void)
{
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(4096);
    cw_buf_add_str(&text, "usage: celwatch COMMAND [OPTION]... [ARGUMENT]...\n\n");
    for (size_t i = 0; i < N_COMMANDS; i++) {
        cw_buf_printf(&text, "  %-10s  %s\n", commands[i].name, commands[i].summary);
    }
    cw_buf_add_str(&text,
                   "\n`celwatch COMMAND --help` tells more. CELWATCH_URL names the "
                   "service, CELWATCH_KEY is the key.\n");
    cw_print(&text);
    return cw_finish(CW_EXIT_DONE);
}

int main(int argc, char **argv)
{
    struct cw_err err;
    if (cw_crypto_init(&err) != 0) {
        return cw_give_up(&err);
    }
    cw_json_init();
    if (argc < 2) {
        cw_complain("no command given; `celwatch --help` lists them");
        return CW_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        return print_help();
    }
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 2, argv + 2);
        }
    }
    cw_complain("unknown command %.60s; `celwatch --help` lists the commands", argv[1]);
    return CW_EXIT_USAGE;
}
