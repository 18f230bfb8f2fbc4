#include "tests/support/t_hostile.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/t_encode.h"
#include "tests/support/t_hostile_internal.h"

#define SEED 4711
#define WIDTH 96
#define HEIGHT 72
#define PIECE 4096

static const struct t_hostile_table *const TABLES[] = {
    &t_hostile_odd,  &t_hostile_broken, &t_hostile_png,  &t_hostile_gif,
    &t_hostile_tiff, &t_hostile_jpeg,   &t_hostile_webp,
};
#define N_TABLES (sizeof TABLES / sizeof *TABLES)

size_t t_hostile_count(void)
{
    size_t n = 0;
    for (size_t t = 0; t < N_TABLES; t++) {
        for (size_t i = 0; i < TABLES[t]->n; i++) {
            n += TABLES[t]->rows[i].n;
        }
    }
    return n;
}

/* The row that holds a file; *number becomes its number in it. */
static const struct t_hostile_row *find_row(size_t *number)
{
    for (size_t t = 0; t < N_TABLES; t++) {
        for (size_t i = 0; i < TABLES[t]->n; i++) {
            if (*number < TABLES[t]->rows[i].n) {
                return &TABLES[t]->rows[i];
            }
            *number -= TABLES[t]->rows[i].n;
        }
    }
    abort();
}

struct t_hostile_file t_hostile_make(size_t number)
{
    const struct t_hostile_row *row = find_row(&number);
    struct t_hostile_file f = {.verdict = row->verdict,
                               .bytes = CW_BUF_INIT(T_HOSTILE_MAX)};
    (void)snprintf(f.name, sizeof f.name, "%s-%zu", row->name, number);
    row->make(&f.bytes, (unsigned)number);
    if (f.bytes.failed) {
        (void)fprintf(stderr, "t_hostile: %s is too large\n", f.name);
        abort();
    }
    return f;
}

void t_hostile_done(struct t_hostile_file *f)
{
    cw_buf_done(&f->bytes);
}

struct cw_bytes t_hostile_base(enum t_base which)
{
    static const char *const SUFFIXES[T_N_BASES] = {
        [T_BASE_JPEG] = ".jpg",
        [T_BASE_PROGRESSIVE] = ".jpg[interlace]",
        [T_BASE_PNG] = ".png",
        [T_BASE_PALETTE] = ".png[palette]",
        [T_BASE_GIF] = ".gif",
        [T_BASE_WEBP] = ".webp",
        [T_BASE_LOSSLESS] = ".webp[lossless]",
        [T_BASE_TIFF] = ".tif[compression=lzw]",
        [T_BASE_AVIF] = ".avif[effort=0]",
    };
    static struct cw_buf bases[T_N_BASES];
    if (bases[which].len == 0) {
        CW_AUTO(t_image_done) struct t_image p = t_image_draw(SEED, WIDTH, HEIGHT);
        bases[which] = t_encode(&p, T_RGB, SUFFIXES[which], 0);
    }
    return cw_buf_view(&bases[which]);
}

void t_put_u16_le(struct cw_buf *b, uint16_t v)
{
    cw_put_u8(b, (uint8_t)v);
    cw_put_u8(b, (uint8_t)(v >> 8));
}

void t_put_u32_le(struct cw_buf *b, uint32_t v)
{
    t_put_u16_le(b, (uint16_t)v);
    t_put_u16_le(b, (uint16_t)(v >> 16));
}

void t_put_fill(struct cw_buf *b, uint8_t value, size_t n)
{
    uint8_t piece[PIECE];
    for (size_t i = 0; i < PIECE; i++) {
        piece[i] = value;
    }
    for (; n > 0 && !b->failed; n -= n < PIECE ? n : PIECE) {
        cw_buf_add(b, piece, n < PIECE ? n : PIECE);
    }
}
