/* bytes.h - borrowed views of bytes, buffers that grow up to a stated maximum, and the
 * big-endian reader and writer used for every record on disk and every message on a pipe.
 *
 * Text from outside is pointer and length, never assumed to end in NUL. */
#ifndef CW_BASE_BYTES_H
#define CW_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A borrowed view; who lends it says for how long. */
struct cw_bytes {
    const uint8_t *p;
    size_t len;
};

struct cw_bytes cw_bytes_of(const void *p, size_t len);
struct cw_bytes cw_bytes_str(
    const char *s); /* without its NUL; NULL gives the empty view */
bool cw_bytes_equal(struct cw_bytes a, struct cw_bytes b);
bool cw_bytes_equal_str(struct cw_bytes a, const char *s);
/* Cuts `*rest` at the first `c`: returns what stands before it and leaves in *rest what
 * follows it. Without a `c` all of it is returned and *rest is left empty. */
struct cw_bytes cw_bytes_cut(struct cw_bytes *rest, uint8_t c);

/* A growing buffer that owns its memory. A failed append (over `max`, or out of memory)
 * sets `failed` and changes nothing; later appends are ignored, so that a sequence of
 * them is checked once at its end with cw_buf_check. */
struct cw_buf {
    uint8_t *p; /* len bytes; always followed by a NUL once non-NULL */
    size_t len;
    size_t cap;
    size_t max;
    bool failed;
};

#define CW_BUF_INIT(max_len) ((struct cw_buf){.max = (max_len)})
void cw_buf_done(struct cw_buf *b); /* frees; b is zero and usable as max 0 afterwards */
void cw_buf_clear(
    struct cw_buf *b); /* empty and not failed again; keeps memory and max */
int cw_buf_reserve(struct cw_buf *b, size_t extra, struct cw_err *err) CW_CHECKED;
void cw_buf_add(struct cw_buf *b, const void *p, size_t len);
void cw_buf_add_str(struct cw_buf *b, const char *s);
void cw_buf_printf(struct cw_buf *b, const char *fmt, ...) CW_PRINTF(2, 3);
struct cw_bytes cw_buf_view(const struct cw_buf *b); /* borrowed until the next append */
const char *cw_buf_str(const struct cw_buf *b); /* same, NUL-terminated, never NULL */
/* CW_E_TOO_LARGE if any append failed since init or clear, else 0. */
int cw_buf_check(const struct cw_buf *b, const char *what, struct cw_err *err) CW_CHECKED;

/* Big-endian appends. cw_put_bytes16/32 write a length prefix of 2 or 4 bytes. */
void cw_put_u8(struct cw_buf *b, uint8_t v);
void cw_put_u16(struct cw_buf *b, uint16_t v);
void cw_put_u32(struct cw_buf *b, uint32_t v);
void cw_put_u64(struct cw_buf *b, uint64_t v);
void cw_put_bytes16(struct cw_buf *b, struct cw_bytes v);
void cw_put_bytes32(struct cw_buf *b, struct cw_bytes v);

/* A reader over a borrowed view. Reading past the end sets `failed` and yields zeroes, so
 * that a record is decoded straight through and checked once. */
struct cw_reader {
    struct cw_bytes in; /* what is left */
    bool failed;
};

struct cw_reader cw_reader_of(struct cw_bytes in);
uint8_t cw_get_u8(struct cw_reader *r);
uint16_t cw_get_u16(struct cw_reader *r);
uint32_t cw_get_u32(struct cw_reader *r);
uint64_t cw_get_u64(struct cw_reader *r);
struct cw_bytes cw_get_bytes(struct cw_reader *r,
                             size_t len); /* borrowed from the input */
struct cw_bytes cw_get_bytes16(struct cw_reader *r);
struct cw_bytes cw_get_bytes32(struct cw_reader *r);
/* CW_E_CORRUPT if the reader failed or bytes are left over, else 0. */
int cw_reader_end(const struct cw_reader *r, const char *what,
                  struct cw_err *err) CW_CHECKED;

/* Copies a view into a fixed NUL-terminated array; CW_E_TOO_LARGE if it does not fit and
 * CW_E_INVALID if it holds a NUL. `what` names the field in the message. */
int cw_copy_text(char *dst, size_t dst_cap, struct cw_bytes src, const char *what,
                 struct cw_err *err) CW_CHECKED;
/* True if the view is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates). */
bool cw_is_utf8(struct cw_bytes text);

#endif
