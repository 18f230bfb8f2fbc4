#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

int cw_fail(struct cw_err *err, enum cw_code code, const char *fmt, ...)
{
    if (err != NULL) {
        va_list ap;
        err->code = code;
        va_start(ap, fmt);
        if (vsnprintf(err->text, sizeof err->text, fmt, ap) < 0) {
            err->text[0] = '\0';
        }
        va_end(ap);
    }
    return code;
}

const char *cw_code_name(enum cw_code code)
{
    switch (code) {
    case CW_OK:
        return "ok";
    case CW_E_INVALID:
        return "invalid";
    case CW_E_TOO_LARGE:
        return "too_large";
    case CW_E_UNSUPPORTED:
        return "unsupported";
    case CW_E_CORRUPT:
        return "corrupt";
    case CW_E_NOT_FOUND:
        return "not_found";
    case CW_E_EXISTS:
        return "exists";
    case CW_E_CONFLICT:
        return "conflict";
    case CW_E_DENIED:
        return "denied";
    case CW_E_BUSY:
        return "busy";
    case CW_E_TIMEOUT:
        return "timeout";
    case CW_E_NO_MEMORY:
        return "no_memory";
    case CW_E_IO:
        return "io";
    case CW_E_UNKNOWN:
        return "unknown";
    case CW_E_INTERNAL:
        return "internal";
    }
    return "internal";
}
