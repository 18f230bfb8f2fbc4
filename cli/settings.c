#include "cli/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"
#include "cli/cli.h"

#define KEY_FILE_MAX ((size_t)4096)

static bool is_printable_ascii(const char *s)
{
    for (; *s != '\0'; s++) {
        if (*s <= ' ' || *s > '~') {
            return false;
        }
    }
    return true;
}

/* The part of a URL after its scheme, or NULL if the scheme is not one of ours. */
static const char *after_scheme(const char *url)
{
    if (strncasecmp(url, "http://", 7) == 0) {
        return url + 7;
    }
    if (strncasecmp(url, "https://", 8) == 0) {
        return url + 8;
    }
    return NULL;
}

static int take_url(const char *url, struct cw_settings *out, struct cw_err *err)
{
    size_t len = strlen(url);
    const char *rest = after_scheme(url);
    if (rest == NULL || rest[0] == '\0' || rest[0] == '/' || !is_printable_ascii(url) ||
        strpbrk(url, "?#@") != NULL) {
        return cw_fail(err, CW_E_INVALID,
                       "\"%.80s\" is not the address of a service; write it like "
                       "https://celwatch.example.net (--server or CELWATCH_URL)",
                       url);
    }
    while (url[len - 1] == '/') {
        len--;
    }
    return cw_copy_text(out->url, sizeof out->url, cw_bytes_of(url, len), "the address",
                        err);
}

/* The first line of the text, without blanks around it, is the key. */
static int take_key(struct cw_bytes text, const char *whence, struct cw_settings *out,
                    struct cw_err *err)
{
    struct cw_bytes line = cw_bytes_cut(&text, '\n');
    while (line.len > 0 && strchr(" \t\r", line.p[line.len - 1]) != NULL) {
        line.len--;
    }
    while (line.len > 0 && (line.p[0] == ' ' || line.p[0] == '\t')) {
        line = cw_bytes_of(line.p + 1, line.len - 1);
    }
    if (line.len == 0 || line.len >= sizeof out->key || memchr(line.p, 0, line.len)) {
        return cw_fail(err, CW_E_INVALID, "%s holds no key; a key begins with cw_",
                       whence);
    }
    CW_TRY(cw_copy_text(out->key, sizeof out->key, line, "the key", err));
    if (!is_printable_ascii(out->key)) {
        return cw_fail(err, CW_E_INVALID, "%s holds no key; a key begins with cw_",
                       whence);
    }
    return 0;
}

static void wipe_buf(struct cw_buf *b)
{
    if (b->p != NULL) {
        cw_wipe(b->p, b->cap);
    }
    cw_buf_done(b);
}

static int take_key_file(const char *path, struct cw_settings *out, struct cw_err *err)
{
    struct cw_err why;
    CW_AUTO(wipe_buf) struct cw_buf text = CW_BUF_INIT(KEY_FILE_MAX);
    if (cw_buf_reserve(&text, KEY_FILE_MAX, err) != 0) {
        return CW_E_NO_MEMORY;
    }
    if (cw_read_file(path, &text, &why) != 0) {
        return cw_fail(err, CW_E_INVALID, "cannot read the key file %.120s: %.80s", path,
                       why.text);
    }
    return take_key(cw_buf_view(&text), "the key file", out, err);
}

int cw_settings_load(const struct cw_settings_input *in, struct cw_settings *out,
                     struct cw_err *err)
{
    const char *url = in->server != NULL ? in->server : getenv("CELWATCH_URL");
    const char *key = getenv("CELWATCH_KEY");
    CW_TRY(take_url(url == NULL || url[0] == '\0' ? CW_DEFAULT_URL : url, out, err));
    if (in->key_file != NULL) {
        return take_key_file(in->key_file, out, err);
    }
    if (key == NULL || key[0] == '\0') {
        return cw_fail(
            err, CW_E_INVALID,
            "no key: set CELWATCH_KEY or give --key-file FILE (`celwatchd init` "
            "prints the first one, `celwatch key create` makes more)");
    }
    return take_key(cw_bytes_str(key), "CELWATCH_KEY", out, err);
}

void cw_settings_done(struct cw_settings *s)
{
    cw_wipe(s, sizeof *s);
}

bool cw_url_is_loopback(const char *url)
{
    const char *host = after_scheme(url);
    if (host == NULL) {
        return false;
    }
    const size_t len = host[0] == '[' ? strcspn(host, "]/") + 1 : strcspn(host, ":/");
    const struct cw_bytes name = cw_bytes_of(host, len);
    if (cw_bytes_equal_str(name, "[::1]")) {
        return true;
    }
    if (len == 9 && strncasecmp(host, "localhost", 9) == 0) {
        return true;
    }
    return len > 4 && strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == len;
}

bool cw_connect(const struct cw_settings_input *in, struct cw_http **out, int *exit_code)
{
    struct cw_err err;
    CW_AUTO(cw_settings_done) struct cw_settings s = {0};
    if (cw_settings_load(in, &s, &err) != 0) {
        cw_complain("%s", err.text);
        *exit_code = CW_EXIT_USAGE;
        return false;
    }
    if (strncasecmp(s.url, "http://", 7) == 0 && !cw_url_is_loopback(s.url)) {
        cw_complain(
            "warning: %s is not encrypted; anyone on the way can read the key and "
            "the fingerprints. Use https",
            s.url);
    }
    if (cw_http_open(s.url, s.key, cw_url_is_loopback(s.url), out, &err) != 0) {
        *exit_code = cw_give_up(&err);
        return false;
    }
    return true;
}
