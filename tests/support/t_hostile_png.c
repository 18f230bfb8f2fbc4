/* PNG: bombs, lies in the header and in chunk lengths, metadata without end. */
#include <string.h>

#include "tests/support/t_deflate.h"
#include "tests/support/t_hostile_internal.h"

#define COUNT(a) ((unsigned)(sizeof(a) / sizeof *(a)))
#define MIB ((uint64_t)1 << 20)
#define GREY 0
#define RGB 2
#define PALETTE 3
#define RGBA 6
#define SIGNATURE_LEN 8
#define IHDR_LEN 25 /* chunk and all */

static void put_chunk(struct cw_buf *out, const char *type, struct cw_bytes data)
{
    cw_put_u32(out, (uint32_t)data.len);
    const size_t at = out->len;
    cw_buf_add(out, type, 4);
    cw_buf_add(out, data.p, data.len);
    cw_put_u32(out, out->failed ? 0 : t_crc32(cw_bytes_of(out->p + at, data.len + 4)));
}

static void put_buf_chunk(struct cw_buf *out, const char *type, const struct cw_buf *data)
{
    put_chunk(out, type, cw_buf_view(data));
}

/* What the header says, and how many bytes of pixels, all 0, really come. */
struct claim {
    uint32_t width, height;
    uint8_t depth, colour, interlace;
    uint64_t bytes;
};

static void put_header(struct cw_buf *out, const struct claim *c)
{
    CW_AUTO(cw_buf_done) struct cw_buf ihdr = CW_BUF_INIT(13);
    cw_buf_add(out, "\x89PNG\r\n\x1a\n", SIGNATURE_LEN);
    cw_put_u32(&ihdr, c->width);
    cw_put_u32(&ihdr, c->height);
    cw_put_u8(&ihdr, c->depth);
    cw_put_u8(&ihdr, c->colour);
    cw_put_u16(&ihdr, 0); /* compression, filter */
    cw_put_u8(&ihdr, c->interlace);
    put_buf_chunk(out, "IHDR", &ihdr);
}

static void put_rest(struct cw_buf *out, uint64_t bytes)
{
    CW_AUTO(cw_buf_done) struct cw_buf data = CW_BUF_INIT(T_HOSTILE_MAX);
    t_deflate_run(0, bytes, &data);
    put_buf_chunk(out, "IDAT", &data);
    put_chunk(out, "IEND", cw_bytes_str(""));
}

static void put_claim(struct cw_buf *out, const struct claim *c)
{
    put_header(out, c);
    put_rest(out, c->bytes);
}

/* Larger than any limit: refused by the header. */
static const struct claim HUGE_ONES[] = {
    {100001, 1000, 1, GREY, 0, 12500 * 1000},
    {65535, 65535, 1, GREY, 0, 8 * MIB},
    {0x7fffffff, 0x7fffffff, 16, RGBA, 0, 1000},
    {0xffffffff, 0xffffffff, 8, RGB, 0, 1000},
    {0x80000000, 1, 8, RGB, 0, 1000},
    {1, 0x80000000, 8, RGB, 0, 1000},
    {0, 0, 8, RGB, 0, 0},
    {0, 100, 8, RGB, 0, 100},
    {100, 0, 8, RGB, 0, 0},
    {30000, 30000, 8, RGB, 1, 4 * MIB},
    {10000, 10000, 16, RGBA, 1, 4 * MIB},
};

static void make_huge(struct cw_buf *out, unsigned number)
{
    put_claim(out, &HUGE_ONES[number]);
}

/* Just within the limits, and all of it is there. */
static const struct claim LARGE_ONES[] = {
    {10000, 10000, 1, GREY, 0, (uint64_t)1251 * 10000},
    {10000, 10000, 8, GREY, 0, (uint64_t)10001 * 10000},
    {10000, 10000, 8, RGB, 0, (uint64_t)30001 * 10000},
    {10000, 10000, 16, RGBA, 0, (uint64_t)80001 * 10000},
    {100, 1000000, 1, GREY, 0, (uint64_t)14 * 1000000},
    {1000000, 100, 1, GREY, 0, (uint64_t)125001 * 100},
    {5000, 5000, 8, RGB, 1, (uint64_t)15010 * 5001},
};

static void make_large(struct cw_buf *out, unsigned number)
{
    put_claim(out, &LARGE_ONES[number]);
}

/* Types that there are not, and pixels that do not fit them. */
static const struct claim WRONG_ONES[] = {
    {64, 64, 3, GREY, 0, 10000},    {64, 64, 8, 5, 0, 10000},
    {64, 64, 8, 255, 0, 10000},     {64, 64, 16, PALETTE, 0, 10000},
    {64, 64, 8, PALETTE, 0, 10000}, {64, 64, 8, RGB, 2, 13000},
    {64, 64, 8, RGB, 255, 13000},   {64, 64, 0, RGB, 0, 13000},
    {64, 64, 8, RGB, 0, 0},         {64, 64, 8, RGB, 0, 10},
    {64, 64, 8, RGB, 0, 200 * MIB}, {1, 1, 8, GREY, 0, 500 * MIB},
    {64, 64, 8, RGB, 1, 100},       {10000, 9999, 8, RGB, 0, 1000},
};

static void make_wrong(struct cw_buf *out, unsigned number)
{
    put_claim(out, &WRONG_ONES[number]);
}

/* ---- chunks between the header and the pixels of a good picture ----------------------
 */

static void put_head_of_base(struct cw_buf *out)
{
    cw_buf_add(out, t_hostile_base(T_BASE_PNG).p, SIGNATURE_LEN + IHDR_LEN);
}

static void put_rest_of_base(struct cw_buf *out)
{
    const struct cw_bytes base = t_hostile_base(T_BASE_PNG);
    cw_buf_add(out, base.p + SIGNATURE_LEN + IHDR_LEN,
               base.len - SIGNATURE_LEN - IHDR_LEN);
}

/* Compressed text and profiles: what they become, and how many of them. */
static const struct {
    const char *type, *head;
    size_t head_len;
    uint64_t bytes;
    unsigned n;
} PACKED[] = {
    {"zTXt", "Comment\0\0", 9, 64 * MIB, 1},
    {"zTXt", "Comment\0\0", 9, 4 * MIB, 100},
    {"zTXt", "Comment\0\0", 9, 8 * MIB, 1000},
    {"iTXt", "XML:com.adobe.xmp\0\1\0\0\0", 22, 64 * MIB, 1},
    {"iTXt", "XML:com.adobe.xmp\0\1\0\0\0", 22, 8 * MIB, 500},
    {"zTXt", "x\0\1", 3, 1000, 1},
    {"iCCP", "p\0\0", 3, 64 * MIB, 1},
    {"iCCP", "p\0\0", 3, 200 * MIB, 1},
    {"iCCP", "p\0\0", 3, 8 * MIB, 200},
    {"fdAT", "\0\0\0\1", 4, 64 * MIB, 1},
};

#define N_TEXTS 6 /* of them: left out before libpng sees them */

static void make_packed(struct cw_buf *out, unsigned number)
{
    CW_AUTO(cw_buf_done) struct cw_buf data = CW_BUF_INIT(T_HOSTILE_MAX);
    cw_buf_add(&data, PACKED[number].head, PACKED[number].head_len);
    t_deflate_run('A', PACKED[number].bytes, &data);
    put_head_of_base(out);
    for (unsigned i = 0; i < PACKED[number].n; i++) {
        put_buf_chunk(out, PACKED[number].type, &data);
    }
    put_rest_of_base(out);
}

static void make_profile(struct cw_buf *out, unsigned number)
{
    make_packed(out, N_TEXTS + number);
}

/* Plain ones: a length, and how many. */
static const struct {
    const char *type, *head;
    size_t head_len, bytes;
    unsigned n;
} PLAIN[] = {
    {"tEXt", "Comment\0", 8, (size_t)20 << 20, 1},
    {"tEXt", "k\0v", 3, 0, 100000},
    {"tEXt", "", 0, 10000, 1},
    {"iTXt", "k\0\0\0\0\0", 6, (size_t)20 << 20, 1},
    {"eXIf", "MM\0*\0\0\0\x08", 8, (size_t)20 << 20, 1},
    {"eXIf", "II*\0\x08\0\0\0\xff\xff", 10, 65535, 1},
    {"eXIf", "MM\0*\0\0\0\x08\0\1\x87\x69\0\4\0\0\0\1\0\0\0\x08\0\0\0\x08", 26, 0, 1},
    {"eXIf", "MM\0*\xff\xff\xff\xff", 8, 0, 1},
    {"eXIf", "", 0, 0, 1},
    {"aaAa", "", 0, 0, 100000},
    {"aaAa", "", 0, (size_t)40 << 20, 1},
    {"acTL", "\xff\xff\xff\xff\0\0\0\0", 8, 0, 1},
    {"tRNS", "", 0, 65536, 1},
    {"PLTE", "", 0, 768, 1},
    {"PLTE", "", 0, 7, 1},
    {"PLTE", "", 0, 3000, 1},
    {"gAMA", "\0\0\0\0", 4, 0, 1},
    {"gAMA", "\xff\xff\xff\xff", 4, 0, 1},
    {"cHRM", "", 0, 32, 1},
    {"sBIT", "\xff\xff\xff", 3, 0, 1},
    {"pHYs", "\xff\xff\xff\xff\xff\xff\xff\xff\1", 9, 0, 1},
    {"IHDR", "\0\0\xff\xff\0\0\xff\xff\x08\2\0\0\0", 13, 0, 1},
    {"IDAT", "", 0, 0, 10000},
    {"IEND", "", 0, 0, 1},
    {"AAAA", "", 0, 4, 1},
    {"\1\2\3\4", "", 0, 4, 1},
};

static void make_plain(struct cw_buf *out, unsigned number)
{
    CW_AUTO(cw_buf_done) struct cw_buf data = CW_BUF_INIT(T_HOSTILE_MAX);
    cw_buf_add(&data, PLAIN[number].head, PLAIN[number].head_len);
    t_put_fill(&data, 'x', PLAIN[number].bytes);
    put_head_of_base(out);
    for (unsigned i = 0; i < PLAIN[number].n; i++) {
        put_buf_chunk(out, PLAIN[number].type, &data);
    }
    put_rest_of_base(out);
}

/* A chunk that says it is longer than the file. */
static void make_long_chunk(struct cw_buf *out, unsigned number)
{
    static const uint32_t LENGTHS[] = {0x7fffffff, 0x80000000, 0xffffffff, 100000};
    put_head_of_base(out);
    cw_put_u32(out, LENGTHS[number % COUNT(LENGTHS)]);
    cw_buf_add(out, number < COUNT(LENGTHS) ? "tEXt" : "IDAT", 4);
    put_rest_of_base(out);
}

/* ---- the stream -----------------------------------------------------------------------
 */

/* A filter byte that there is not, and a stream that is none. */
static void make_stream(struct cw_buf *out, unsigned number)
{
    static const struct claim SMALL = {64, 64, 8, GREY, 0, 0};
    CW_AUTO(cw_buf_done) struct cw_buf rows = CW_BUF_INIT(65536);
    CW_AUTO(cw_buf_done) struct cw_buf data = CW_BUF_INIT(65536);
    t_put_fill(&rows, (uint8_t)(number + 2), 65 * 64);
    t_deflate(cw_buf_view(&rows), &data);
    if (number == 4) { /* a window larger than zlib's */
        data.p[0] = 0xf8;
    } else if (number == 5) { /* the checksum */
        data.p[data.len - 1] ^= 1;
    }
    put_header(out, &SMALL);
    if (number == 6) {
        put_chunk(out, "IDAT", cw_bytes_str("this is no stream of zlib"));
    } else {
        put_buf_chunk(out, "IDAT", &data);
    }
    if (number != 7) {
        put_chunk(out, "IEND", cw_bytes_str(""));
    }
}

/* The pixels one byte a chunk. */
static void make_crumbs(struct cw_buf *out, unsigned number)
{
    static const struct claim SMALL = {64, 64, 8, GREY, 0, 0};
    CW_AUTO(cw_buf_done) struct cw_buf data = CW_BUF_INIT(65536);
    t_deflate_run((uint8_t)number, 65 * 64, &data);
    put_header(out, &SMALL);
    for (size_t i = 0; i < data.len; i++) {
        put_chunk(out, "IDAT", cw_bytes_of(data.p + i, 1));
    }
    put_chunk(out, "IEND", cw_bytes_str(""));
}

static const struct t_hostile_row ROWS[] = {
    {"png-huge", T_REFUSED, make_huge, COUNT(HUGE_ONES)},
    {"png-large", T_EITHER, make_large, COUNT(LARGE_ONES)},
    {"png-wrong", T_EITHER, make_wrong, COUNT(WRONG_ONES)},
    {"png-text", T_TAKEN, make_packed, N_TEXTS},
    {"png-profile", T_EITHER, make_profile, COUNT(PACKED) - N_TEXTS},
    {"png-plain", T_EITHER, make_plain, COUNT(PLAIN)},
    {"png-long-chunk", T_EITHER, make_long_chunk, 8},
    {"png-stream", T_EITHER, make_stream, 8},
    {"png-crumbs", T_TAKEN, make_crumbs, 2},
};
const struct t_hostile_table t_hostile_png = {ROWS, COUNT(ROWS)};
