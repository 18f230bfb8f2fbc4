/* Files of every format cut, with bits flipped and bytes replaced, with something else
 * before or behind; and what is no picture at all. */
#include <string.h>

#include "tests/support/t_hostile_internal.h"

#define COUNT(a) ((unsigned)(sizeof(a) / sizeof *(a)))
#define CUTS 12       /* of each base */
#define FLIPS 16      /* anywhere in it */
#define HEAD_FLIPS 16 /* in its first bytes, where the structure is */
#define HEAD_BYTES 200

/* splitmix64 (Steele, Lea and Flood 2014), one value for each number. */
static uint64_t scatter(uint64_t n)
{
    uint64_t z = (n + 1) * 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

/* The first cuts fall into the headers, the others evenly. */
static void make_cut(struct cw_buf *out, unsigned number)
{
    static const size_t HEADS[] = {1, 9, 25, 40};
    const struct cw_bytes base = t_hostile_base(number % T_N_BASES);
    const unsigned cut = number / T_N_BASES;
    const size_t len = cut < COUNT(HEADS) ? HEADS[cut]
                                          : base.len * (cut - COUNT(HEADS) + 1) /
                                                (CUTS - COUNT(HEADS) + 1);
    cw_buf_add(out, base.p, len);
}

static void flip(struct cw_buf *out, enum t_base which, uint64_t random, size_t within)
{
    const struct cw_bytes base = t_hostile_base(which);
    cw_buf_add(out, base.p, base.len);
    const size_t n = within < base.len ? within : base.len;
    out->p[random % n] ^= (uint8_t)(1U << (random >> 60 & 7));
}

static void make_flip(struct cw_buf *out, unsigned number)
{
    flip(out, number % T_N_BASES, scatter(number), SIZE_MAX);
}

static void make_head_flip(struct cw_buf *out, unsigned number)
{
    flip(out, number % T_N_BASES, scatter(1000 + number), HEAD_BYTES);
}

/* Four bytes replaced by ones or zeros: lengths and offsets that cannot be. */
static void make_patch(struct cw_buf *out, unsigned number)
{
    const struct cw_bytes base = t_hostile_base(number % T_N_BASES);
    const size_t at = 8 + scatter(2000 + number) % (HEAD_BYTES - 12);
    cw_buf_add(out, base.p, base.len);
    memset(out->p + at, number % 2 == 0 ? 0xff : 0, 4);
}

/* ---- two things at once ------------------------------------------------------------ */

static const char ZIP[] = "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
static const char HTML[] = "<!doctype html><script>alert(document.domain)</script>";
static const char ELF[] = "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0>\0\1\0\0\0";
static const char PHP[] = "<?php phpinfo(); ?>";

static const struct tail {
    enum t_base base;
    const char *text;
    size_t len;
} TAILS[] = {
    {T_BASE_PNG, ZIP, sizeof ZIP - 1},      {T_BASE_JPEG, HTML, sizeof HTML - 1},
    {T_BASE_GIF, PHP, sizeof PHP - 1},      {T_BASE_JPEG, ZIP, sizeof ZIP - 1},
    {T_BASE_GIF, ZIP, sizeof ZIP - 1},      {T_BASE_TIFF, ELF, sizeof ELF - 1},
    {T_BASE_PNG, PHP, sizeof PHP - 1},      {T_BASE_WEBP, HTML, sizeof HTML - 1},
    {T_BASE_LOSSLESS, ZIP, sizeof ZIP - 1}, {T_BASE_AVIF, HTML, sizeof HTML - 1},
};

static void make_tail(struct cw_buf *out, unsigned number)
{
    const struct tail *t = &TAILS[number];
    const struct cw_bytes base = t_hostile_base(t->base);
    cw_buf_add(out, base.p, base.len);
    cw_buf_add(out, t->text, t->len);
}

/* Megabytes behind the end. */
static void make_long_tail(struct cw_buf *out, unsigned number)
{
    const struct cw_bytes base = t_hostile_base(number);
    cw_buf_add(out, base.p, base.len);
    t_put_fill(out, 0x55, (size_t)5 << 20);
}

/* Two pictures, one behind the other. */
static void make_pair(struct cw_buf *out, unsigned number)
{
    const struct cw_bytes first = t_hostile_base(number);
    const struct cw_bytes second = t_hostile_base((number + 1) % T_N_BASES);
    cw_buf_add(out, first.p, first.len);
    cw_buf_add(out, second.p, second.len);
}

static void make_headed(struct cw_buf *out, unsigned number)
{
    const struct cw_bytes base = t_hostile_base(number);
    cw_buf_add(out, number % 2 == 0 ? HTML : ZIP,
               (number % 2 == 0 ? sizeof HTML : sizeof ZIP) - 1);
    cw_buf_add(out, base.p, base.len);
}

/* A GIF whose header is the beginning of a script: its width is "=/" or so. */
static void make_script(struct cw_buf *out, unsigned number)
{
    static const char *const SCRIPTS[] = {"GIF89a=/*", "GIF89a=1;/*", "GIF87a/*<?php */"};
    const struct cw_bytes base = t_hostile_base(T_BASE_GIF);
    cw_buf_add_str(out, SCRIPTS[number]);
    cw_buf_add(out, base.p + out->len, base.len - out->len);
    cw_buf_add_str(out, "*/;alert(1)");
}

/* ---- no picture ---------------------------------------------------------------------
 */

static const struct {
    const char *text;
    size_t len;
} NONE[] = {
    {"\0", 1},
    {"\xff", 1},
    {"<svg xmlns=\"http://www.w3.org/2000/svg\"><image "
     "href=\"file:///etc/passwd\"/></svg>",
     78},
    {"<?xml version=\"1.0\"?><!DOCTYPE s [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>",
     74},
    {"push graphic-context\nviewbox 0 0 1 1\nimage over 0,0 0,0 'https://x/'", 66},
    {"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", 47},
    {"%PDF-1.4\n1 0 obj<<>>endobj\n", 27},
    {"P6\n1 1\n255\nabc", 14},
    {"P5 99999 99999 255\n", 19},
    {"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\n", 45},
    {"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\1\0\0\0\1\0\0\0\1\0\x18\0", 30},
    {"8BPS\0\1\0\0\0\0\0\0\0\3\0\0\0\1\0\0\0\1\0\x08\0\3", 26},
    {"\0\0\1\0\1\0\1\1\0\0\1\0\x18\0\x30\0\0\0\x16\0\0\0", 22},
    {"\0\0\0\x0cjP  \r\n\x87\n", 12},
    {"\xff\x0a\xfa\x1f\1\x91\x08", 7},
    {"v/1\1\2\0\0\0channels\0", 17},
    {"\x89PNG\r\n\x1a\n", 8},
    {"\x89PNG\n\x1a\n\0", 8},
    {"GIF89a", 6},
    {"GIF88a\1\0\1\0\0\0\0;", 14},
    {"\xff\xd8\xff", 3},
    {"\xff\xd8\xff\xd9", 4},
    {"\xff\xd8\xff\xe0\0\0", 6},
    {"RIFF\0\0\0\0WEBP", 12},
    {"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff", 20},
    {"II\x2a\0\0\0\0\0", 8},
    {"II\x2a\0\xff\xff\xff\xff", 8},
    {"MM\0\x2a\0\0\0\x08", 8},
    {"II\x2b\0\x08\0\0\0\xff\xff\xff\xff\xff\xff\xff\x7f", 16},
    {"\0\0\0\x10"
     "ftypavif\0\0\0\0",
     16},
    {"\xff\xff\xff\xff"
     "ftypheic\0\0\0\0",
     16},
    {"\0\0\0\x10"
     "ftypmif1\0\0\0\0\0\0\0\1meta",
     24},
    {"celwatch", 8},
};

static void make_none(struct cw_buf *out, unsigned number)
{
    cw_buf_add(out, NONE[number].text, NONE[number].len);
}

/* Noise, bare and behind the first bytes of a picture. */
static void make_noise(struct cw_buf *out, unsigned number)
{
    if (number > 0) {
        cw_buf_add(out, t_hostile_base(number - 1).p, 16);
    }
    for (unsigned i = 0; i < 4096; i++) {
        cw_put_u64(out, scatter(10000 * (number + 1) + i));
    }
}

static void make_zeros(struct cw_buf *out, unsigned number)
{
    t_put_fill(out, (uint8_t)(number * 255), (size_t)4 << 20);
}

static const struct t_hostile_row ROWS[] = {
    {"cut", T_EITHER, make_cut, CUTS *T_N_BASES},
    {"flip", T_EITHER, make_flip, FLIPS *T_N_BASES},
    {"head-flip", T_EITHER, make_head_flip, HEAD_FLIPS *T_N_BASES},
    {"patch", T_EITHER, make_patch, HEAD_FLIPS *T_N_BASES},
    {"tail", T_TAKEN, make_tail, COUNT(TAILS)},
    {"long-tail", T_EITHER, make_long_tail, T_N_BASES},
    {"pair", T_TAKEN, make_pair, T_N_BASES},
    {"headed", T_REFUSED, make_headed, T_N_BASES},
    {"script", T_EITHER, make_script, 3},
    {"none", T_REFUSED, make_none, COUNT(NONE)},
    {"noise", T_REFUSED, make_noise, 1 + T_N_BASES},
    {"zeros", T_REFUSED, make_zeros, 2},
};
const struct t_hostile_table t_hostile_broken = {ROWS, COUNT(ROWS)};
