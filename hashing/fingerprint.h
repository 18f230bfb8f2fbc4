/* fingerprint.h - all that is kept of one picture: hashes of several views of it and,
 * from recipe 2 on, local descriptors. No pixel is part of it. */
#ifndef CW_HASHING_FINGERPRINT_H
#define CW_HASHING_FINGERPRINT_H

#include <stdbool.h>

#include "base/json_read.h"
#include "base/json_write.h"
#include "hashing/local.h"

/* 8 turns of the PDQ view and of two hashes of 18 parts of the picture. */
#define CW_FP_MAX_VIEWS 296
#define CW_FP_LIBRARY_CAP 48
#define CW_FP_LOCAL_BYTES 40 /* one local descriptor, written */
/* Longest binary form; anything longer is refused before it is looked at. */
#define CW_FP_MAX_BYTES ((size_t)128 * 1024)
/* A hash below this quality says little about its picture (PDQ's published cut). */
#define CW_QUALITY_WEAK 50

/* Numbers are never reused (hashing/RECIPES.md). */
#define CW_RECIPE_PDQ 1   /* PDQ in eight turns */
#define CW_RECIPE_VIEWS 2 /* and trimmed, rectangle and ink views, local descriptors */
#define CW_RECIPES 2      /* the newest */

/* What a hash was computed from. The numbers are stored: never renumber. */
enum cw_view_kind {
    CW_VIEW_PDQ = 1,       /* whole picture, PDQ as published */
    CW_VIEW_PDQR = 2,      /* whole or without its margins, luminance (recipe 2) */
    CW_VIEW_INK = 3,       /* the same, ink map */
    CW_VIEW_PDQR_RECT = 4, /* a rectangle that may be a picture of its own, luminance */
    CW_VIEW_INK_RECT = 5,  /* the same, ink map */
    CW_VIEW_HASHES, /* kinds above are of hashes; those from here on only of matches */
    CW_VIEW_LOCAL = CW_VIEW_HASHES, /* local descriptors that lie as in the asset */
    CW_VIEW_KINDS
};

/* How the picture was turned before hashing, in PDQ's dihedral order. */
enum cw_turn {
    CW_TURN_ORIG = 0,
    CW_TURN_ROT90 = 1, /* anti-clockwise, as PDQ counts */
    CW_TURN_ROT180 = 2,
    CW_TURN_ROT270 = 3,
    CW_TURN_FLIPX = 4,     /* mirrored top to bottom */
    CW_TURN_FLIPY = 5,     /* mirrored left to right */
    CW_TURN_FLIPPLUS = 6,  /* transposed */
    CW_TURN_FLIPMINUS = 7, /* transposed along the other diagonal */
    CW_TURN_COUNT = 8
};

/* A part of a picture: its edges as fractions of width and height, 65535 = all of it. */
struct cw_area16 {
    uint16_t left, top, right, bottom;
};
#define CW_AREA_WHOLE ((struct cw_area16){0, 0, UINT16_MAX, UINT16_MAX})

struct cw_view {
    uint8_t kind; /* enum cw_view_kind */
    uint8_t turn; /* enum cw_turn */
    struct cw_area16 area;
    struct cw_hash hash;
};

struct cw_fingerprint {
    uint16_t recipe;                 /* see hashing/RECIPES.md */
    char library[CW_FP_LIBRARY_CAP]; /* decoder and version, such as "libjpeg-turbo 2.1.5"
                                      */
    uint32_t width, height;          /* of the picture as seen (turned); 0 if unknown */
    uint8_t quality;                 /* 0..100, PDQ's; 100 if unknown */
    bool truncated;                  /* the file ended early; what was there is hashed */
    bool has_sha256;
    uint8_t sha256[32]; /* of the exact file bytes */
    size_t n_views;
    struct cw_view views[CW_FP_MAX_VIEWS];
    size_t n_local;
    struct cw_local *local; /* n_local items, owned; NULL if none */
};

void cw_fingerprint_done(struct cw_fingerprint *fp);
/* A recipe-1 fingerprint from a bare PDQ hash (exchange with others). The seven turned
 * views are derived from the bits: exact but for bits near the median. */
void cw_fingerprint_from_pdq(const struct cw_hash *pdq, struct cw_fingerprint *out);
/* The first view of that kind and turn, or NULL. Borrowed from fp. */
const struct cw_view *cw_fingerprint_view(const struct cw_fingerprint *fp,
                                          enum cw_view_kind kind, enum cw_turn turn);
/* Text name of a view on the wire: "pdq", "pdq-rot90", ... NULL if there is none. */
const char *cw_view_name(uint8_t kind, uint8_t turn);

/* The binary form (docs/fingerprint-format.md). decode treats its input as hostile:
 * counts, kinds, turns and the recipe are checked, CW_E_CORRUPT otherwise; *out is
 * untouched then. */
void cw_fingerprint_encode(const struct cw_fingerprint *fp, struct cw_buf *out);
int cw_fingerprint_decode(struct cw_bytes in, struct cw_fingerprint *out,
                          struct cw_err *err) CW_CHECKED;

/* The local descriptors alone, CW_FP_LOCAL_BYTES each: they are kept apart where they may
 * be dropped. */
void cw_fingerprint_encode_local(const struct cw_fingerprint *fp, struct cw_buf *out);
/* Gives descriptors to a fingerprint that has none.
 * Owns    fills fp->local and fp->n_local, ended by cw_fingerprint_done
 * Errors  CW_E_CORRUPT not a whole number of them, or more than CW_FP_MAX_LOCAL */
int cw_fingerprint_decode_local(struct cw_bytes in, struct cw_fingerprint *fp,
                                struct cw_err *err) CW_CHECKED;

/* The JSON form of the API, or {"pdq":"64 hex"}. Unknown members are refused (with
 * CW_E_UNSUPPORTED, a wrong value with CW_E_INVALID); on error
 * `pointer` (at least 96 bytes) holds the JSON pointer of the culprit inside `v`. */
void cw_fingerprint_write_json(const struct cw_fingerprint *fp, struct cw_jw *w);
int cw_fingerprint_read_json(const struct cw_json *v, struct cw_fingerprint *out,
                             char pointer[96], struct cw_err *err) CW_CHECKED;

#endif
