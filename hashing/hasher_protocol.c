#include "hashing/hasher_protocol.h"

#include <string.h>

#define PROTOCOL_VERSION 1

static void put_head(enum cw_hasher_message type, struct cw_buf *out)
{
    cw_put_u8(out, PROTOCOL_VERSION);
    cw_put_u8(out, (uint8_t)type);
}

void cw_hasher_put_setup(const struct cw_hasher_setup *setup, struct cw_buf *out)
{
    put_head(CW_HASHER_SETUP, out);
    cw_put_u32(out, setup->cpu_seconds);
    cw_put_u64(out, setup->max_pixels);
    cw_put_u64(out, setup->memory_bytes);
}

void cw_hasher_put_ready(struct cw_buf *out)
{
    put_head(CW_HASHER_READY, out);
}

void cw_hasher_put_picture(const struct cw_hasher_picture *picture, struct cw_buf *out)
{
    put_head(CW_HASHER_PICTURE, out);
    cw_put_u8(out, (uint8_t)picture->how);
    cw_put_u64(out, picture->len);
}

void cw_hasher_put_fingerprint(const struct cw_fingerprint *fp, struct cw_buf *out)
{
    put_head(CW_HASHER_FINGERPRINT, out);
    cw_fingerprint_encode(fp, out);
}

void cw_hasher_put_failed(const struct cw_err *failure, struct cw_buf *out)
{
    put_head(CW_HASHER_FAILED, out);
    cw_put_u8(out, (uint8_t)-failure->code);
    cw_put_bytes16(out, cw_bytes_str(failure->text));
}

/* Reads version and type; CW_E_CORRUPT if the version is another. */
static int get_head(struct cw_reader *r, uint8_t *out_type, struct cw_err *err)
{
    const uint8_t version = cw_get_u8(r);
    *out_type = cw_get_u8(r);
    if (r->failed || version != PROTOCOL_VERSION) {
        return cw_fail(err, CW_E_CORRUPT, "hasher message of version %u", version);
    }
    return 0;
}

static int expect(struct cw_reader *r, enum cw_hasher_message type, struct cw_err *err)
{
    uint8_t got = 0;
    CW_TRY(get_head(r, &got, err));
    if (got != type) {
        return cw_fail(err, CW_E_CORRUPT, "hasher message of type %u, not %d", got, type);
    }
    return 0;
}

int cw_hasher_get_setup(struct cw_bytes in, struct cw_hasher_setup *out,
                        struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(in);
    CW_TRY(expect(&r, CW_HASHER_SETUP, err));
    const struct cw_hasher_setup setup = {
        .cpu_seconds = cw_get_u32(&r),
        .max_pixels = cw_get_u64(&r),
        .memory_bytes = cw_get_u64(&r),
    };
    CW_TRY(cw_reader_end(&r, "hasher setup", err));
    *out = setup;
    return 0;
}

int cw_hasher_get_ready(struct cw_bytes in, struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(in);
    CW_TRY(expect(&r, CW_HASHER_READY, err));
    return cw_reader_end(&r, "hasher ready", err);
}

int cw_hasher_get_picture(struct cw_bytes in, struct cw_hasher_picture *out,
                          struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(in);
    CW_TRY(expect(&r, CW_HASHER_PICTURE, err));
    const uint8_t how = cw_get_u8(&r);
    const uint64_t len = cw_get_u64(&r);
    CW_TRY(cw_reader_end(&r, "hasher picture", err));
    if (how != CW_STRICT && how != CW_LENIENT && how != CW_FAST) {
        return cw_fail(err, CW_E_CORRUPT, "hasher picture with strictness %u", how);
    }
    *out = (struct cw_hasher_picture){.how = (enum cw_strictness)how, .len = len};
    return 0;
}

/* What a hasher may report; any other code from it is nonsense. */
static bool is_reportable(uint8_t negated)
{
    switch (-(int)negated) {
    case CW_E_INVALID:
    case CW_E_TOO_LARGE:
    case CW_E_UNSUPPORTED:
    case CW_E_CORRUPT:
    case CW_E_NO_MEMORY:
    case CW_E_IO:
    case CW_E_INTERNAL:
        return true;
    default:
        return false;
    }
}

/* The text may quote the picture's own bytes, so only printable ASCII is passed on. */
static int get_failed(struct cw_reader *r, struct cw_err *out, struct cw_err *err)
{
    const uint8_t negated = cw_get_u8(r);
    const struct cw_bytes text = cw_get_bytes16(r);
    CW_TRY(cw_reader_end(r, "hasher failure", err));
    if (!is_reportable(negated) || text.len >= sizeof out->text) {
        return cw_fail(err, CW_E_CORRUPT, "hasher reports failure %u", negated);
    }
    struct cw_err failure = {.code = (enum cw_code)(-(int)negated)};
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.p[i];
        failure.text[i] = (char)(c >= ' ' && c <= '~' ? c : '?');
    }
    *out = failure;
    return 0;
}

int cw_hasher_get_answer(struct cw_bytes in, struct cw_fingerprint *out,
                         struct cw_err *out_failure, struct cw_err *err)
{
    struct cw_reader r = cw_reader_of(in);
    uint8_t type = 0;
    CW_TRY(get_head(&r, &type, err));
    if (type == CW_HASHER_FAILED) {
        return get_failed(&r, out_failure, err);
    }
    if (type != CW_HASHER_FINGERPRINT) {
        return cw_fail(err, CW_E_CORRUPT, "hasher answers with message type %u", type);
    }
    CW_TRY(cw_fingerprint_decode(r.in, out, err));
    *out_failure = (struct cw_err){0};
    return 0;
}
