/* json_write.h - writing JSON straight into a buffer, without building a tree.
 *
 * (jansson's tree costs 5 us for a single hash of a batch; this costs some nanoseconds.)
 * Commas are placed by the writer. Strings that are not valid UTF-8 have each bad byte
 * replaced by U+FFFD, so that the result is always well-formed. */
#ifndef CW_BASE_JSON_WRITE_H
#define CW_BASE_JSON_WRITE_H

#include <stdbool.h>

#include "base/bytes.h"

struct cw_jw {
    struct cw_buf *out; /* borrowed; carries the failure if it overflows */
    bool comma;         /* the next value needs a comma before it */
};

struct cw_jw cw_jw_of(struct cw_buf *out);
void cw_jw_begin_object(struct cw_jw *w);
void cw_jw_end_object(struct cw_jw *w);
void cw_jw_begin_array(struct cw_jw *w);
void cw_jw_end_array(struct cw_jw *w);
void cw_jw_key(struct cw_jw *w, const char *name); /* a plain ASCII name, not escaped */
void cw_jw_text(struct cw_jw *w, struct cw_bytes text);
void cw_jw_str(struct cw_jw *w, const char *s); /* NULL writes null */
void cw_jw_u64(struct cw_jw *w, uint64_t v);
void cw_jw_i64(struct cw_jw *w, int64_t v);
void cw_jw_fixed(struct cw_jw *w, double v,
                 int decimals); /* finite numbers only, else null */
void cw_jw_bool(struct cw_jw *w, bool v);
void cw_jw_null(struct cw_jw *w);
void cw_jw_hex(struct cw_jw *w, const uint8_t *p, size_t len);
void cw_jw_time(struct cw_jw *w, uint64_t utc_us); /* RFC 3339; 0 writes null */
/* An already serialised value, put in as it is. */
void cw_jw_raw(struct cw_jw *w, struct cw_bytes json);

/* Key and value in one. */
void cw_jw_kstr(struct cw_jw *w, const char *name, const char *s);
void cw_jw_ku64(struct cw_jw *w, const char *name, uint64_t v);
void cw_jw_kbool(struct cw_jw *w, const char *name, bool v);
void cw_jw_khex(struct cw_jw *w, const char *name, const uint8_t *p, size_t len);
void cw_jw_ktime(struct cw_jw *w, const char *name, uint64_t utc_us);

#endif
