#include "server/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

void cw_log(enum cw_log_level level, const char *fmt, ...)
{
    static const char *const names[] = {"error", "warn", "info"};
    char line[1024];
    char now[CW_RFC3339_CAP];
    va_list ap;
    cw_rfc3339_format(cw_utc_us(), now);
    int n = snprintf(line, sizeof line, "%s %s ", names[level], now);
    va_start(ap, fmt);
    n += vsnprintf(line + n, sizeof line - (size_t)n - 1, fmt, ap);
    va_end(ap);
    size_t len = n < 0 ? 0 : (size_t)n;
    if (len > sizeof line - 2) {
        len = sizeof line - 2;
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) {
            line[i] = '?';
        }
    }
    line[len] = '\n';
    (void)!write(STDERR_FILENO, line,
                 len + 1); /* a full pipe must not stop the service */
}
