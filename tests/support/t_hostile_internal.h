/* t_hostile_internal.h - what the tables of hostile pictures have in common. */
#ifndef CW_TESTS_SUPPORT_T_HOSTILE_INTERNAL_H
#define CW_TESTS_SUPPORT_T_HOSTILE_INTERNAL_H

#include "tests/support/t_hostile.h"

/* `n` files NAME-0, NAME-1, ...: `make` appends the one of a number. */
struct t_hostile_row {
    const char *name;
    enum t_verdict verdict;
    void (*make)(struct cw_buf *out, unsigned number);
    unsigned n;
};

struct t_hostile_table {
    const struct t_hostile_row *rows;
    size_t n;
};

extern const struct t_hostile_table t_hostile_odd;    /* t_hostile_odd.c */
extern const struct t_hostile_table t_hostile_broken; /* t_hostile_broken.c */
extern const struct t_hostile_table t_hostile_png;    /* and so on */
extern const struct t_hostile_table t_hostile_gif;
extern const struct t_hostile_table t_hostile_tiff;
extern const struct t_hostile_table t_hostile_jpeg;
extern const struct t_hostile_table t_hostile_webp;

/* Drawings of 96 x 72 as files, one of each format that has its own reader. Borrowed for
 * ever. */
enum t_base {
    T_BASE_JPEG,
    T_BASE_PROGRESSIVE,
    T_BASE_PNG,
    T_BASE_PALETTE,
    T_BASE_GIF,
    T_BASE_WEBP,
    T_BASE_LOSSLESS,
    T_BASE_TIFF,
    T_BASE_AVIF,
    T_N_BASES
};
struct cw_bytes t_hostile_base(enum t_base which);

/* Little-endian appends, for GIF, RIFF and TIFF. */
void t_put_u16_le(struct cw_buf *b, uint16_t v);
void t_put_u32_le(struct cw_buf *b, uint32_t v);
void t_put_fill(struct cw_buf *b, uint8_t value, size_t n);

#endif
