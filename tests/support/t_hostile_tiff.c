/* TIFF: directories that point at themselves, sizes and offsets that lie, bombs. */
#include <string.h>

#include "tests/support/t_deflate.h"
#include "tests/support/t_hostile_internal.h"

#define COUNT(a) ((unsigned)(sizeof(a) / sizeof *(a)))
#define HEAD_LEN 8
#define ENTRY_LEN 12
#define SIDE 64
#define DATA_LEN ((uint32_t)SIDE * SIDE)
#define N_TAGS 9

/* Tags of TIFF 6.0. */
enum {
    WIDTH = 256,
    HEIGHT = 257,
    BITS = 258,
    COMPRESSION = 259,
    PHOTOMETRIC = 262,
    OFFSETS = 273,
    SAMPLES = 277,
    ROWS_PER_STRIP = 278,
    BYTE_COUNTS = 279,
    PLANAR = 284,
    PREDICTOR = 317,
    TILE_WIDTH = 322,
    TILE_HEIGHT = 323,
    SUB_IFDS = 330,
    SAMPLE_FORMAT = 339,
    YCBCR_SUBSAMPLING = 530,
    XMP = 700,
    EXIF_IFD = 34665,
    ICC = 34675,
};
#define LONG 4
#define SHORT 3
#define BYTE 1
#define NONE 1
#define LZW 5
#define JPEG 7
#define DEFLATE 8

struct tag {
    uint16_t tag, type;
    uint32_t count, value;
};

/* A grey picture of 64 x 64, not compressed, its pixels behind the header. */
static const struct tag PLAIN[N_TAGS] = {
    {WIDTH, LONG, 1, SIDE},
    {HEIGHT, LONG, 1, SIDE},
    {BITS, SHORT, 1, 8},
    {COMPRESSION, SHORT, 1, NONE},
    {PHOTOMETRIC, SHORT, 1, 1},
    {OFFSETS, LONG, 1, HEAD_LEN},
    {SAMPLES, SHORT, 1, 1},
    {ROWS_PER_STRIP, LONG, 1, SIDE},
    {BYTE_COUNTS, LONG, 1, DATA_LEN},
};

static void put_tag(struct cw_buf *out, const struct tag *t)
{
    t_put_u16_le(out, t->tag);
    t_put_u16_le(out, t->type);
    t_put_u32_le(out, t->count);
    t_put_u32_le(out, t->value);
}

/* Header and pixels; the directory is to follow. */
static void put_pixels(struct cw_buf *out, const struct cw_buf *data)
{
    cw_buf_add(out, "II*\0", 4);
    t_put_u32_le(out, HEAD_LEN + (uint32_t)data->len);
    cw_buf_add(out, data->p, data->len);
}

static void put_ramp(struct cw_buf *data)
{
    for (unsigned i = 0; i < DATA_LEN; i++) {
        cw_put_u8(data, (uint8_t)(i % SIDE * 3 + i / SIDE));
    }
}

/* The plain directory with tags replaced or, behind them, added. */
static void put_directory(struct cw_buf *out, const struct tag *changed, size_t n,
                          uint32_t next)
{
    struct tag tags[N_TAGS + 4];
    size_t n_tags = N_TAGS;
    memcpy(tags, PLAIN, sizeof PLAIN);
    for (size_t i = 0; i < n && changed[i].tag != 0; i++) {
        size_t at = 0;
        while (at < n_tags && tags[at].tag != changed[i].tag) {
            at++;
        }
        tags[at] = changed[i];
        n_tags += at == n_tags ? 1 : 0;
    }
    t_put_u16_le(out, (uint16_t)n_tags);
    for (size_t i = 0; i < n_tags; i++) {
        put_tag(out, &tags[i]);
    }
    t_put_u32_le(out, next);
}

#define N_CHANGED 4
static const struct tag LIES[][N_CHANGED] = {
    {{WIDTH, LONG, 1, 0}},
    {{HEIGHT, LONG, 1, 0}},
    {{WIDTH, LONG, 1, 0xffffffff}},
    {{HEIGHT, LONG, 1, 0xffffffff}},
    {{WIDTH, LONG, 1, 0x10000}, {HEIGHT, LONG, 1, 0x10000}},
    {{HEIGHT, LONG, 1, 1000000}},
    {{WIDTH, LONG, 1, 10000}, {HEIGHT, LONG, 1, 10000}, {ROWS_PER_STRIP, LONG, 1, 10000}},
    {{WIDTH, LONG, 1, 10000},
     {HEIGHT, LONG, 1, 9000},
     {ROWS_PER_STRIP, LONG, 1, 0xffffffff}},
    {{BITS, SHORT, 1, 0}},
    {{BITS, SHORT, 1, 1}},
    {{BITS, SHORT, 1, 7}},
    {{BITS, SHORT, 1, 16}},
    {{BITS, SHORT, 1, 64}},
    {{BITS, SHORT, 1, 65535}},
    {{BITS, SHORT, 0xffffffff, 8}},
    {{COMPRESSION, SHORT, 1, 0}},
    {{COMPRESSION, SHORT, 1, 2}},
    {{COMPRESSION, SHORT, 1, 3}},
    {{COMPRESSION, SHORT, 1, 4}},
    {{COMPRESSION, SHORT, 1, LZW}},
    {{COMPRESSION, SHORT, 1, 6}},
    {{COMPRESSION, SHORT, 1, JPEG}},
    {{COMPRESSION, SHORT, 1, DEFLATE}},
    {{COMPRESSION, SHORT, 1, 32773}},
    {{COMPRESSION, SHORT, 1, 34712}},
    {{COMPRESSION, SHORT, 1, 34925}},
    {{COMPRESSION, SHORT, 1, 50000}},
    {{COMPRESSION, SHORT, 1, 50001}},
    {{COMPRESSION, SHORT, 1, 65535}},
    {{PHOTOMETRIC, SHORT, 1, 0}},
    {{PHOTOMETRIC, SHORT, 1, 2}},
    {{PHOTOMETRIC, SHORT, 1, 3}},
    {{PHOTOMETRIC, SHORT, 1, 6},
     {SAMPLES, SHORT, 1, 3},
     {YCBCR_SUBSAMPLING, SHORT, 2, 0}},
    {{PHOTOMETRIC, SHORT, 1, 8}},
    {{PHOTOMETRIC, SHORT, 1, 65535}},
    {{OFFSETS, LONG, 1, 0}},
    {{OFFSETS, LONG, 1, 0xffffffff}},
    {{OFFSETS, LONG, 0xffffffff, 8}},
    {{OFFSETS, LONG, 1000000, 8}},
    {{OFFSETS, BYTE, 1, 8}},
    {{SAMPLES, SHORT, 1, 0}},
    {{SAMPLES, SHORT, 1, 2}},
    {{SAMPLES, SHORT, 1, 65535}},
    {{ROWS_PER_STRIP, LONG, 1, 0}},
    {{ROWS_PER_STRIP, LONG, 1, 0xffffffff}},
    {{ROWS_PER_STRIP, LONG, 1, 1}},
    {{BYTE_COUNTS, LONG, 1, 0}},
    {{BYTE_COUNTS, LONG, 1, 0xffffffff}},
    {{BYTE_COUNTS, LONG, 0xffffffff, 8}},
    {{PLANAR, SHORT, 1, 2}, {SAMPLES, SHORT, 1, 3}},
    {{PREDICTOR, SHORT, 1, 3}},
    {{TILE_WIDTH, LONG, 1, 0}, {TILE_HEIGHT, LONG, 1, 0}},
    {{TILE_WIDTH, LONG, 1, 0x80000000}, {TILE_HEIGHT, LONG, 1, 0x80000000}},
    {{TILE_WIDTH, LONG, 1, 32768}, {TILE_HEIGHT, LONG, 1, 32768}},
    {{TILE_WIDTH, LONG, 1, 16}, {TILE_HEIGHT, LONG, 1, 16}},
    {{SAMPLE_FORMAT, SHORT, 1, 3}, {BITS, SHORT, 1, 32}},
    {{SAMPLE_FORMAT, SHORT, 1, 6}, {BITS, SHORT, 1, 64}},
    {{SUB_IFDS, LONG, 1, HEAD_LEN + DATA_LEN}},
    {{SUB_IFDS, LONG, 0xffffffff, 8}},
    {{EXIF_IFD, LONG, 1, HEAD_LEN + DATA_LEN}},
    {{EXIF_IFD, LONG, 1, 0xffffffff}},
    {{XMP, BYTE, 0xffffffff, 8}},
    {{XMP, BYTE, DATA_LEN, 8}},
    {{ICC, BYTE, DATA_LEN, 8}},
    {{ICC, BYTE, 0x7fffffff, 8}},
};

static void make_lie(struct cw_buf *out, unsigned number)
{
    CW_AUTO(cw_buf_done) struct cw_buf data = CW_BUF_INIT(DATA_LEN);
    put_ramp(&data);
    put_pixels(out, &data);
    put_directory(out, LIES[number], N_CHANGED, 0);
}

/* Directories in a ring, of `n`; 1 points at itself. Or a long row that ends. */
static void make_ring(struct cw_buf *out, unsigned number)
{
    static const unsigned N[] = {1, 2, 1000, 100000};
    const uint32_t first = HEAD_LEN + DATA_LEN;
    const uint32_t len = 2 + N_TAGS * ENTRY_LEN + 4;
    const unsigned n = N[number / 2];
    CW_AUTO(cw_buf_done) struct cw_buf data = CW_BUF_INIT(DATA_LEN);
    put_ramp(&data);
    put_pixels(out, &data);
    for (unsigned i = 0; i < n; i++) {
        const uint32_t end = number % 2 == 0 ? first : 0;
        put_directory(out, NULL, 0, i + 1 < n ? first + (i + 1) * len : end);
    }
}

/* The first directory somewhere it cannot be, or with more entries than there are. */
static void make_lost(struct cw_buf *out, unsigned number)
{
    static const uint32_t AT[] = {0, 1, 4, 7, 0x7fffffff, 0xfffffffe, HEAD_LEN, 5000};
    CW_AUTO(cw_buf_done) struct cw_buf data = CW_BUF_INIT(DATA_LEN);
    put_ramp(&data);
    cw_buf_add(out, "II*\0", 4);
    t_put_u32_le(out, AT[number]);
    cw_buf_add(out, data.p, data.len);
    t_put_fill(out, 0xff, 1000);
}

/* 100 million pixels and more of zeros. */
static const struct {
    uint32_t width, height;
    uint16_t bits, samples;
    uint64_t bytes;
} BOMBS[] = {
    {10000, 10000, 8, 1, (uint64_t)100 * 1000 * 1000},
    {10000, 10000, 16, 1, (uint64_t)200 * 1000 * 1000},
    {60000, 60000, 8, 1, (uint64_t)500 * 1000 * 1000},
    {100, 1000000, 8, 1, (uint64_t)100 * 1000 * 1000},
    {1000000, 100, 8, 1, (uint64_t)100 * 1000 * 1000},
    {64, 64, 8, 1, (uint64_t)1000 * 1000 * 1000},
    {5000, 5000, 32, 4, (uint64_t)400 * 1000 * 1000},
};

static void make_bomb(struct cw_buf *out, unsigned number)
{
    CW_AUTO(cw_buf_done) struct cw_buf data = CW_BUF_INIT(T_HOSTILE_MAX);
    t_deflate_run(0, BOMBS[number].bytes, &data);
    put_pixels(out, &data);
    const struct tag tags[] = {
        {WIDTH, LONG, 1, BOMBS[number].width},
        {HEIGHT, LONG, 1, BOMBS[number].height},
        {BITS, SHORT, 1, BOMBS[number].bits},
        {COMPRESSION, SHORT, 1, DEFLATE},
        {SAMPLES, SHORT, 1, BOMBS[number].samples},
        {ROWS_PER_STRIP, LONG, 1, BOMBS[number].height},
        {BYTE_COUNTS, LONG, 1, (uint32_t)data.len},
    };
    struct tag all[N_TAGS];
    memcpy(all, PLAIN, sizeof all);
    for (size_t i = 0; i < COUNT(tags); i++) {
        for (size_t at = 0; at < N_TAGS; at++) {
            all[at] = all[at].tag == tags[i].tag ? tags[i] : all[at];
        }
    }
    t_put_u16_le(out, N_TAGS);
    for (size_t i = 0; i < N_TAGS; i++) {
        put_tag(out, &all[i]);
    }
    t_put_u32_le(out, 0);
}

static const struct t_hostile_row ROWS[] = {
    {"tiff-lie", T_EITHER, make_lie, COUNT(LIES)},
    {"tiff-ring", T_EITHER, make_ring, 8},
    {"tiff-lost", T_REFUSED, make_lost, 8},
    {"tiff-bomb", T_EITHER, make_bomb, COUNT(BOMBS)},
};
const struct t_hostile_table t_hostile_tiff = {ROWS, COUNT(ROWS)};
