/* clock.h - two clocks and one text form of time.
 *
 * Monotonic nanoseconds are for deadlines, UTC microseconds since 1970 for records. */
#ifndef CW_BASE_CLOCK_H
#define CW_BASE_CLOCK_H

#include "base/bytes.h"

uint64_t cw_mono_ns(void);
uint64_t cw_utc_us(void);

#define CW_RFC3339_CAP 28 /* "2026-11-23T05:43:00.123456Z" and NUL */

/* RFC 3339 in UTC; the fraction is left out when it is zero. */
void cw_rfc3339_format(uint64_t utc_us, char out[CW_RFC3339_CAP]);

/* RFC 3339 date-time with any offset, or a date alone (its midnight in UTC). Years 1970
 * to 9999; a fraction is cut at microseconds; a leap second counts as the second before.
 */
int cw_rfc3339_parse(struct cw_bytes text, uint64_t *out_us,
                     struct cw_err *err) CW_CHECKED;

#endif
