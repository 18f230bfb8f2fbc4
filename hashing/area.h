/* area.h - shrinks a picture by area averages, row by row.
 *
 * A pixel of the small picture is the mean of the rectangle of the large one that it
 * covers; pixels that are cut by an edge of the rectangle count by their share. Shares
 * are whole numbers (a source pixel is out_width x out_height units, a small one
 * in_width x in_height), so the sums are exact: the same on every processor, and the
 * turned picture has the turned means. */
#ifndef CW_HASHING_AREA_H
#define CW_HASHING_AREA_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CW_AREA_MAX_OUT 1024 /* largest side of a small picture, px */

/* The source pixels of one place of the small picture. */
struct cw_area_span {
    uint32_t first, last;             /* last >= first */
    uint32_t share_first, share_last; /* units; share_last is 0 if they are the same */
};

struct cw_area {
    uint32_t in_width, in_height;
    unsigned out_width, out_height;
    unsigned bands;   /* 1 luminance; 3 red, green, blue */
    uint32_t missing; /* units that the current row of the small picture still lacks */
    uint32_t *sums;   /* down the columns, in_width * bands; owned */
    size_t sums_cap;  /* items */
    double per_unit;  /* 1 / units of a small pixel */
    double means[CW_AREA_MAX_OUT]; /* the row that was finished last */
    struct cw_area_span spans[CW_AREA_MAX_OUT];
};

/* Starts a picture. The struct is zero before its first use; its memory is kept from one
 * picture to the next and freed by cw_area_done.
 *
 * in, out   sides in px; 1 <= out <= in, out <= CW_AREA_MAX_OUT
 * Errors    CW_E_TOO_LARGE if in_height exceeds 2^24, CW_E_NO_MEMORY */
struct cw_area_sides {
    uint32_t in_width, in_height;
    unsigned out_width, out_height;
};
int cw_area_begin(struct cw_area *area, const struct cw_area_sides *sides, unsigned bands,
                  struct cw_err *err) CW_CHECKED;
void cw_area_done(struct cw_area *area);

/* Takes the next row of the source, in_width * bands bytes. True if that finished a row
 * of the small picture: area->means then holds its luminance, 0..255, until the next
 * call. Exactly out_height of the in_height calls say so, and the last one does.
 *
 * Cost   for all rows of 1024 x 768 to 768 x 576: 1 ms grey, 2.4 ms coloured */
bool cw_area_add(struct cw_area *area, const uint8_t *row);

/* A mean rounded to the nearest whole number, halves upward. Exact, although a mean is a
 * sum times a rounded reciprocal: that is off by less than 2^-43, and two different means
 * of pictures below 2^28 px lie at least 2^-42 apart. */
static inline uint8_t cw_area_round(double mean)
{
    return (uint8_t)(mean + 0.5 + 0x1p-43);
}

#endif
