/* log.h - one line an event on stderr: `level time event=... key=value ...`.
 *
 * Only server/ and cli/ log. Never logged: pictures, hashes, keys, titles, asset ids of
 * unreleased work, found URLs, query strings. */
#ifndef CW_SERVER_LOG_H
#define CW_SERVER_LOG_H

#include "base/error.h"

enum cw_log_level { CW_LOG_ERROR, CW_LOG_WARN, CW_LOG_INFO };

/* fmt  "event=... key=value ..."; the line is cut at 1,000 bytes and written in one go;
 * control characters in it become '?' */
void cw_log(enum cw_log_level level, const char *fmt, ...) CW_PRINTF(2, 3);

#endif
