#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t read_clock(clockid_t id, uint64_t per_second)
{
    struct timespec t;
    (void)clock_gettime(id, &t); /* cannot fail for the two clocks used here */
    return (uint64_t)t.tv_sec * per_second +
           (uint64_t)t.tv_nsec / (1000000000U / per_second);
}

uint64_t cw_mono_ns(void)
{
    return read_clock(CLOCK_MONOTONIC, 1000000000U);
}

uint64_t cw_utc_us(void)
{
    return read_clock(CLOCK_REALTIME, 1000000U);
}

/* Days since 1970-01-01 of a Gregorian date, after H. Hinnant, "chrono-compatible
 * low-level date algorithms" (days_from_civil), for years of 1970 and later. */
static uint64_t days_from_civil(unsigned y, unsigned m, unsigned d)
{
    y -= m <= 2;
    const unsigned era = y / 400;
    const unsigned yoe = y - era * 400;
    const unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
    const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return (uint64_t)era * 146097 + doe - 719468;
}

static void civil_from_days(uint64_t days, unsigned *y, unsigned *m, unsigned *d)
{
    const uint64_t z = days + 719468;
    const uint64_t era = z / 146097;
    const unsigned doe = (unsigned)(z - era * 146097);
    const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const unsigned mp = (5 * doy + 2) / 153;
    *d = doy - (153 * mp + 2) / 5 + 1;
    *m = mp < 10 ? mp + 3 : mp - 9;
    *y = (unsigned)(yoe + era * 400) + (*m <= 2);
}

void cw_rfc3339_format(uint64_t utc_us, char out[CW_RFC3339_CAP])
{
    const uint64_t seconds = utc_us / 1000000;
    const unsigned us = (unsigned)(utc_us % 1000000);
    const unsigned sod = (unsigned)(seconds % 86400);
    unsigned y, m, d;
    civil_from_days(seconds / 86400, &y, &m, &d);
    int n = snprintf(out, CW_RFC3339_CAP, "%04u-%02u-%02uT%02u:%02u:%02u", y % 10000, m,
                     d, sod / 3600, sod / 60 % 60, sod % 60);
    if (us == 0) {
        n = snprintf(out + n, CW_RFC3339_CAP - (size_t)n, "Z");
    } else {
        n = snprintf(out + n, CW_RFC3339_CAP - (size_t)n, ".%06uZ", us);
    }
    (void)n;
}

/* Reads `digits` decimal digits at *at; -1 if there are fewer. */
static int take_number(struct cw_bytes t, size_t *at, size_t digits)
{
    int v = 0;
    if (t.len - *at < digits) {
        return -1;
    }
    for (size_t i = 0; i < digits; i++) {
        const uint8_t c = t.p[*at + i];
        if (c < '0' || c > '9') {
            return -1;
        }
        v = v * 10 + (c - '0');
    }
    *at += digits;
    return v;
}

static bool take_char(struct cw_bytes t, size_t *at, uint8_t a, uint8_t b)
{
    if (*at >= t.len || (t.p[*at] != a && t.p[*at] != b)) {
        return false;
    }
    (*at)++;
    return true;
}

static int days_in_month(int y, int m)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return m == 2 && leap ? 29 : days[m - 1];
}

/* "YYYY-MM-DD" to days since 1970; false if it is not one. */
static bool take_date(struct cw_bytes t, size_t *at, uint64_t *out_days)
{
    const int y = take_number(t, at, 4);
    const bool dash1 = take_char(t, at, '-', '-');
    const int m = take_number(t, at, 2);
    const bool dash2 = take_char(t, at, '-', '-');
    const int d = take_number(t, at, 2);
    if (y < 1970 || !dash1 || m < 1 || m > 12 || !dash2 || d < 1 ||
        d > days_in_month(y, m)) {
        return false;
    }
    *out_days = days_from_civil((unsigned)y, (unsigned)m, (unsigned)d);
    return true;
}

/* "HH:MM:SS[.fraction]" to microseconds of the day. */
static bool take_time(struct cw_bytes t, size_t *at, uint64_t *out_us)
{
    const int h = take_number(t, at, 2);
    const bool colon1 = take_char(t, at, ':', ':');
    const int m = take_number(t, at, 2);
    const bool colon2 = take_char(t, at, ':', ':');
    int s = take_number(t, at, 2);
    uint64_t us = 0;
    if (h < 0 || h > 23 || !colon1 || m < 0 || m > 59 || !colon2 || s < 0 || s > 60) {
        return false;
    }
    s = s == 60 ? 59 : s;
    if (take_char(t, at, '.', '.')) {
        const size_t start = *at;
        uint64_t unit = 100000;
        for (int v; (v = take_number(t, at, 1)) >= 0; unit /= 10) {
            us += (uint64_t)v * unit;
        }
        if (*at == start) {
            return false;
        }
    }
    *out_us = ((uint64_t)h * 3600 + (uint64_t)m * 60 + (uint64_t)s) * 1000000 + us;
    return true;
}

/* "Z" or "+HH:MM" or "-HH:MM" to minutes east of UTC. */
static bool take_offset(struct cw_bytes t, size_t *at, int *out_minutes)
{
    if (take_char(t, at, 'Z', 'z')) {
        *out_minutes = 0;
        return true;
    }
    const bool east = take_char(t, at, '+', '+');
    if (!east && !take_char(t, at, '-', '-')) {
        return false;
    }
    const int h = take_number(t, at, 2);
    const bool colon = take_char(t, at, ':', ':');
    const int m = take_number(t, at, 2);
    if (h < 0 || h > 23 || !colon || m < 0 || m > 59) {
        return false;
    }
    *out_minutes = (h * 60 + m) * (east ? 1 : -1);
    return true;
}

int cw_rfc3339_parse(struct cw_bytes text, uint64_t *out_us, struct cw_err *err)
{
    size_t at = 0;
    uint64_t days, us = 0;
    int east = 0;
    bool ok = take_date(text, &at, &days);
    if (ok && at < text.len) {
        ok = take_char(text, &at, 'T', 't') && take_time(text, &at, &us) &&
             take_offset(text, &at, &east);
    }
    if (!ok || at != text.len) {
        return cw_fail(err, CW_E_INVALID, "not an RFC 3339 date or time");
    }
    const int64_t total = (int64_t)(days * 86400000000U + us) - (int64_t)east * 60000000;
    if (total < 0) {
        return cw_fail(err, CW_E_INVALID, "time lies before 1970");
    }
    *out_us = (uint64_t)total;
    return 0;
}
