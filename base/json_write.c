#include "base/json_write.h"

#include <inttypes.h>
#include <math.h>

#include "base/clock.h"
#include "base/hex.h"

struct cw_jw cw_jw_of(struct cw_buf *out)
{
    return (struct cw_jw){.out = out};
}

static void before_value(struct cw_jw *w)
{
    if (w->comma) {
        cw_buf_add(w->out, ",", 1);
    }
    w->comma = true;
}

static void open_with(struct cw_jw *w, const char *bracket)
{
    before_value(w);
    cw_buf_add(w->out, bracket, 1);
    w->comma = false;
}

static void close_with(struct cw_jw *w, const char *bracket)
{
    cw_buf_add(w->out, bracket, 1);
    w->comma = true;
}

void cw_jw_begin_object(struct cw_jw *w)
{
    open_with(w, "{");
}

void cw_jw_end_object(struct cw_jw *w)
{
    close_with(w, "}");
}

void cw_jw_begin_array(struct cw_jw *w)
{
    open_with(w, "[");
}

void cw_jw_end_array(struct cw_jw *w)
{
    close_with(w, "]");
}

void cw_jw_key(struct cw_jw *w, const char *name)
{
    before_value(w);
    cw_buf_add(w->out, "\"", 1);
    cw_buf_add_str(w->out, name);
    cw_buf_add(w->out, "\":", 2);
    w->comma = false;
}

/* Length of the well-formed UTF-8 sequence at p, 0 if there is none. */
static size_t sequence_len(const uint8_t *p, size_t left)
{
    for (size_t n = 1; n <= 4 && n <= left; n++) {
        if (cw_is_utf8(cw_bytes_of(p, n))) {
            return n;
        }
    }
    return 0;
}

static void add_escaped(struct cw_buf *out, uint8_t c)
{
    switch (c) {
    case '"':
        cw_buf_add(out, "\\\"", 2);
        break;
    case '\\':
        cw_buf_add(out, "\\\\", 2);
        break;
    case '\n':
        cw_buf_add(out, "\\n", 2);
        break;
    case '\t':
        cw_buf_add(out, "\\t", 2);
        break;
    default:
        cw_buf_printf(out, "\\u%04x", c);
    }
}

void cw_jw_text(struct cw_jw *w, struct cw_bytes text)
{
    size_t plain = 0; /* start of the run of characters that need no change */
    size_t i = 0;
    before_value(w);
    cw_buf_add(w->out, "\"", 1);
    while (i < text.len) {
        const uint8_t c = text.p[i];
        const bool special = c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
        const size_t n = c < 0x80 ? 1 : sequence_len(text.p + i, text.len - i);
        if (!special && n > 0) {
            i += n;
            continue;
        }
        cw_buf_add(w->out, text.p + plain, i - plain);
        if (special) {
            add_escaped(w->out, c);
        } else {
            cw_buf_add_str(w->out, "\xef\xbf\xbd");
        }
        plain = ++i;
    }
    cw_buf_add(w->out, text.p == NULL ? "" : (const char *)text.p + plain,
               text.len - plain);
    cw_buf_add(w->out, "\"", 1);
}

void cw_jw_str(struct cw_jw *w, const char *s)
{
    if (s == NULL) {
        cw_jw_null(w);
    } else {
        cw_jw_text(w, cw_bytes_str(s));
    }
}

/* By hand: answers are full of numbers, and printf takes ten times as long. */
void cw_jw_u64(struct cw_jw *w, uint64_t v)
{
    char digits[20];
    size_t at = sizeof digits;
    before_value(w);
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    cw_buf_add(w->out, digits + at, sizeof digits - at);
}

void cw_jw_i64(struct cw_jw *w, int64_t v)
{
    before_value(w);
    cw_buf_printf(w->out, "%" PRId64, v);
}

void cw_jw_fixed(struct cw_jw *w, double v, int decimals)
{
    if (!isfinite(v)) {
        cw_jw_null(w);
        return;
    }
    before_value(w);
    cw_buf_printf(w->out, "%.*f", decimals, v);
}

void cw_jw_bool(struct cw_jw *w, bool v)
{
    before_value(w);
    cw_buf_add_str(w->out, v ? "true" : "false");
}

void cw_jw_null(struct cw_jw *w)
{
    before_value(w);
    cw_buf_add_str(w->out, "null");
}

void cw_jw_hex(struct cw_jw *w, const uint8_t *p, size_t len)
{
    char pair[3];
    before_value(w);
    cw_buf_add(w->out, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        cw_hex_encode(p + i, 1, pair);
        cw_buf_add(w->out, pair, 2);
    }
    cw_buf_add(w->out, "\"", 1);
}

void cw_jw_time(struct cw_jw *w, uint64_t utc_us)
{
    char text[CW_RFC3339_CAP];
    if (utc_us == 0) {
        cw_jw_null(w);
        return;
    }
    cw_rfc3339_format(utc_us, text);
    cw_jw_str(w, text);
}

void cw_jw_raw(struct cw_jw *w, struct cw_bytes json)
{
    before_value(w);
    cw_buf_add(w->out, json.p, json.len);
}

void cw_jw_kstr(struct cw_jw *w, const char *name, const char *s)
{
    cw_jw_key(w, name);
    cw_jw_str(w, s);
}

void cw_jw_ku64(struct cw_jw *w, const char *name, uint64_t v)
{
    cw_jw_key(w, name);
    cw_jw_u64(w, v);
}

void cw_jw_kbool(struct cw_jw *w, const char *name, bool v)
{
    cw_jw_key(w, name);
    cw_jw_bool(w, v);
}

void cw_jw_khex(struct cw_jw *w, const char *name, const uint8_t *p, size_t len)
{
    cw_jw_key(w, name);
    cw_jw_hex(w, p, len);
}

void cw_jw_ktime(struct cw_jw *w, const char *name, uint64_t utc_us)
{
    cw_jw_key(w, name);
    cw_jw_time(w, utc_us);
}
