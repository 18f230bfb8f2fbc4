/* settings.h - which service to talk to, and with which key. */
#ifndef CW_CLI_SETTINGS_H
#define CW_CLI_SETTINGS_H

#include "cli/http_client.h"

#define CW_DEFAULT_URL "http://127.0.0.1:8710"
#define CW_KEY_TEXT_CAP 256

/* What was said on the command line; NULL where nothing was said. */
struct cw_settings_input {
    const char *server;   /* --server or --url; else CELWATCH_URL; else CW_DEFAULT_URL */
    const char *key_file; /* --key-file; else the key itself in CELWATCH_KEY */
};

struct cw_settings {
    char url[CW_HTTP_URL_CAP]; /* http or https, no slash at the end */
    char key[CW_KEY_TEXT_CAP];
};

/* Options of every command that talks to the service, to be put into its table.
 * CW_OPTION_URL_IS_SERVER is left out where --url means something else. */
#define CW_OPTIONS_SERVICE(input)                                                        \
    {.name = "server",                                                                   \
     .value = "URL",                                                                     \
     .text = &(input).server,                                                            \
     .help = "the service's address (default: $CELWATCH_URL, " CW_DEFAULT_URL ")"},      \
    {                                                                                    \
        .name = "key-file", .value = "FILE", .text = &(input).key_file,                  \
        .help = "file with the key (default: $CELWATCH_KEY)"                             \
    }
#define CW_OPTION_URL_IS_SERVER(input)                                                   \
    {                                                                                    \
        .name = "url", .value = "URL", .text = &(input).server,                          \
        .help = "same as --server"                                                       \
    }

/* Finds and checks both settings.
 *
 * Errors  CW_E_INVALID with a text that says what to set; never holds the key
 * Threads main only: reads the environment */
int cw_settings_load(const struct cw_settings_input *in, struct cw_settings *out,
                     struct cw_err *err) CW_CHECKED;
/* Forgets the key. */
void cw_settings_done(struct cw_settings *s);

/* Whether the address says that the service runs on this very machine. */
bool cw_url_is_loopback(const char *url);

/* Loads the settings and opens the connection; warns on stderr if the key would travel
 * unencrypted to another machine.
 *
 * exit_code  on false: what the command must return
 * Owns       caller frees *out with cw_http_close */
bool cw_connect(const struct cw_settings_input *in, struct cw_http **out,
                int *exit_code) CW_CHECKED;

#endif
