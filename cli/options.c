#include "cli/options.h"

#include <string.h>

#include "cli/cli.h"

#define HELP_MAX ((size_t)16384)
#define HELP_COLUMN 22

static const struct cw_option *find(const struct cw_usage *usage, struct cw_bytes name)
{
    for (size_t i = 0; i < usage->n_options; i++) {
        if (cw_bytes_equal_str(name, usage->table[i].name)) {
            return &usage->table[i];
        }
    }
    return NULL;
}

/* Takes the option in argv[*at], and its value from the next argument if it stands there.
 */
static int take_option(const struct cw_usage *usage, int argc, char **argv, int *at,
                       struct cw_err *err)
{
    const char *text = argv[*at] + 2;
    const char *equals = strchr(text, '=');
    const size_t len = equals == NULL ? strlen(text) : (size_t)(equals - text);
    const struct cw_option *option = find(usage, cw_bytes_of(text, len));
    if (option == NULL) {
        return cw_fail(err, CW_E_INVALID,
                       "unknown option --%.*s; `celwatch %s --help` lists the options",
                       (int)(len > 60 ? 60 : len), text, usage->name);
    }
    if (option->flag != NULL) {
        if (equals != NULL) {
            return cw_fail(err, CW_E_INVALID, "--%s takes no value", option->name);
        }
        *option->flag = true;
        return 0;
    }
    if (equals != NULL) {
        *option->text = equals + 1;
        return 0;
    }
    if (*at + 1 >= argc) {
        return cw_fail(err, CW_E_INVALID, "--%s needs a value: --%s %s", option->name,
                       option->name, option->value);
    }
    *option->text = argv[++*at];
    return 0;
}

static int check_count(const struct cw_usage *usage, size_t n, struct cw_err *err)
{
    if (n < usage->min_operands) {
        return cw_fail(err, CW_E_INVALID, "too few arguments: celwatch %s %s",
                       usage->name, usage->operands);
    }
    if (n > usage->max_operands) {
        return cw_fail(err, CW_E_INVALID, "too many arguments: celwatch %s %s",
                       usage->name, usage->operands);
    }
    return 0;
}

int cw_options_parse(const struct cw_usage *usage, int argc, char **argv,
                     struct cw_args *out, struct cw_err *err)
{
    bool options_over = false;
    *out = (struct cw_args){.operands = argv};
    for (int i = 0; i < argc; i++) {
        const char *arg = argv[i];
        if (options_over || arg[0] != '-' || arg[1] == '\0') {
            argv[out->n_operands++] = argv[i];
        } else if (strcmp(arg, "--") == 0) {
            options_over = true;
        } else if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
            out->help = true;
            return 0;
        } else if (arg[1] != '-') {
            return cw_fail(
                err, CW_E_INVALID,
                "unknown option %.60s; for a path that begins with a dash write "
                "./%.60s",
                arg, arg);
        } else {
            CW_TRY(take_option(usage, argc, argv, &i, err));
        }
    }
    return check_count(usage, out->n_operands, err);
}

static void help_of_option(const struct cw_option *option, struct cw_buf *out)
{
    const size_t start = out->len;
    cw_buf_printf(out, "  --%s", option->name);
    if (option->value != NULL) {
        cw_buf_printf(out, " %s", option->value);
    }
    const size_t used = out->len - start;
    if (used + 2 > HELP_COLUMN) {
        cw_buf_printf(out, "\n%*s", HELP_COLUMN, "");
    } else {
        cw_buf_printf(out, "%*s", (int)(HELP_COLUMN - used), "");
    }
    cw_buf_printf(out, "%s\n", option->help);
}

void cw_options_help(const struct cw_usage *usage, struct cw_buf *out)
{
    cw_buf_printf(out, "usage: celwatch %s [OPTION]...%s%s\n%s\n\n", usage->name,
                  usage->operands[0] == '\0' ? "" : " ", usage->operands, usage->summary);
    for (size_t i = 0; i < usage->n_options; i++) {
        help_of_option(&usage->table[i], out);
    }
    help_of_option(&(struct cw_option){.name = "help", .help = "print this help"}, out);
    if (usage->more != NULL) {
        cw_buf_printf(out, "\n%s", usage->more);
    }
}

bool cw_options_begin(const struct cw_usage *usage, int argc, char **argv,
                      struct cw_args *out, int *exit_code)
{
    struct cw_err err;
    if (cw_options_parse(usage, argc, argv, out, &err) != 0) {
        cw_complain("%s", err.text);
        *exit_code = CW_EXIT_USAGE;
        return false;
    }
    if (out->help) {
        CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(HELP_MAX);
        cw_options_help(usage, &text);
        cw_print(&text);
        *exit_code = cw_finish(CW_EXIT_DONE);
        return false;
    }
    return true;
}

bool cw_is_choice(const char *choices, const char *word)
{
    struct cw_bytes rest = cw_bytes_str(choices);
    while (rest.len > 0) {
        if (cw_bytes_equal_str(cw_bytes_cut(&rest, '|'), word)) {
            return true;
        }
    }
    return false;
}
