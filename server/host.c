#include "server/host.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* The authority of a URL without user and port, in lower case. */
static int host_of_url(const char *url, char out[CW_HOST_CAP], struct cw_err *err)
{
    static const char *const schemes[] = {"http://", "https://", "ftp://"};
    const char *host = NULL;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes && host == NULL; i++) {
        const size_t len = strlen(schemes[i]);
        host = strncasecmp(url, schemes[i], len) == 0 ? url + len : NULL;
    }
    if (host == NULL) {
        return cw_fail(err, CW_E_INVALID, "the URL is not http, https or ftp");
    }
    struct cw_bytes authority = cw_bytes_of(host, strcspn(host, "/?#"));
    const uint8_t *at = memrchr(authority.p, '@', authority.len);
    if (at != NULL) {
        authority.len -= (size_t)(at + 1 - authority.p);
        authority.p = at + 1;
    }
    const bool six = authority.len > 0 && authority.p[0] == '[';
    struct cw_bytes rest = authority;
    struct cw_bytes name = cw_bytes_cut(&rest, six ? ']' : ':');
    if (six) {
        name = cw_bytes_of(name.p + 1, name.len - 1);
    }
    while (name.len > 0 && name.p[name.len - 1] == '.') { /* the DNS root */
        name.len--;
    }
    if (name.len == 0) {
        return cw_fail(err, CW_E_INVALID, "the URL names no host");
    }
    CW_TRY(cw_copy_text(out, CW_HOST_CAP, name, "the host", err));
    for (char *c = out; *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
    return 0;
}

/* Writes an address in its canonical form, so that one host has one name. */
static int host_of_ip(const char *ip, char out[CW_HOST_CAP], struct cw_err *err)
{
    struct in6_addr v6;
    struct in_addr v4;
    if (inet_pton(AF_INET, ip, &v4) == 1) {
        (void)inet_ntop(AF_INET, &v4, out, CW_HOST_CAP);
    } else if (inet_pton(AF_INET6, ip, &v6) == 1) {
        (void)inet_ntop(AF_INET6, &v6, out, CW_HOST_CAP);
    } else {
        return cw_fail(err, CW_E_INVALID, "ip is not an IPv4 or IPv6 address");
    }
    return 0;
}

int cw_host_of(const char *url, const char *ip, char out[CW_HOST_CAP], struct cw_err *err)
{
    char host[CW_HOST_CAP];
    if (url[0] == '\0' && ip[0] == '\0') {
        return cw_fail(err, CW_E_INVALID, "url or ip is needed: where was it found?");
    }
    if (ip[0] != '\0') { /* checked even where the URL decides */
        CW_TRY(host_of_ip(ip, host, err));
    }
    if (url[0] != '\0') {
        CW_TRY(host_of_url(url, host, err));
    }
    memcpy(out, host, sizeof host);
    return 0;
}
