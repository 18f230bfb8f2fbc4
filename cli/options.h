/* options.h - one small parser for the options of all commands, driven by a table that
 * prints the help too. */
#ifndef CW_CLI_OPTIONS_H
#define CW_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

/* One long option. Exactly one of `flag` and `text` is set. */
struct cw_option {
    const char *name;  /* without the dashes */
    const char *value; /* what its value is called in the help; NULL for a flag */
    const char *help;
    bool *flag;        /* set to true */
    const char **text; /* set to the value, borrowed from argv; the last one counts */
};

/* What is known of one command before its arguments are read. */
struct cw_usage {
    const char *name;     /* "key create" */
    const char *operands; /* "PATH..." */
    const char *summary;  /* one sentence */
    const char *more;     /* further lines of help, each ending in a newline; or NULL */
    const struct cw_option *table;
    size_t n_options;
    size_t min_operands;
    size_t max_operands; /* SIZE_MAX for any number */
};

struct cw_args {
    char **operands; /* borrowed from argv, in order */
    size_t n_operands;
    bool help; /* --help or -h was given; nothing else was checked after it */
};

/* Reads the arguments of a command: --name VALUE, --name=VALUE, --flag, operands in any
 * order, `--` ends the options, `-h` is --help.
 *
 * argc, argv  without the name of the command; argv is put in another order
 * Errors      CW_E_INVALID with a text that says what to do; outputs are undefined then
 */
int cw_options_parse(const struct cw_usage *usage, int argc, char **argv,
                     struct cw_args *out, struct cw_err *err) CW_CHECKED;

/* Appends the whole help of a command. */
void cw_options_help(const struct cw_usage *usage, struct cw_buf *out);

/* What every command does first: parses, answers --help, complains about wrong use.
 *
 * exit_code  on false: what the command must return
 * Returns    true if the command is to go on */
bool cw_options_begin(const struct cw_usage *usage, int argc, char **argv,
                      struct cw_args *out, int *exit_code) CW_CHECKED;

/* Whether `word` is one of the `|`-separated words of `choices`. */
bool cw_is_choice(const char *choices, const char *word);

#endif
