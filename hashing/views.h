/* views.h - the global hashes of recipe 2: the picture and parts of it, each once in
 * luminance and once in ink, all by the core of PDQ on small planes.
 *
 * These hashes are private to celwatch. They are made from planes of at most 256 x 256
 * and differ from the published PDQ of the same picture by 15 bits and more. */
#ifndef CW_HASHING_VIEWS_H
#define CW_HASHING_VIEWS_H

#include "hashing/pdq.h"
#include "hashing/plane.h"
#include "hashing/rects.h"

#define CW_VIEWS_MAX (2 + CW_RECTS_MAX)

/* What part of the picture is seen. */
enum cw_part {
    CW_PART_WHOLE = 0,
    CW_PART_TRIMMED = 1, /* without margins; left out if that cuts nothing */
    CW_PART_RECT = 2,    /* a rectangle of rects.h */
};

/* What the hashes are for: what is registered is seen whole and trimmed, what is asked is
 * also taken apart. */
enum cw_purpose {
    CW_TO_REGISTER = 0,
    CW_TO_MATCH = 1,
};

struct cw_seen {
    enum cw_part part;
    struct cw_rect where; /* in the plane, px */
    struct cw_pdq luma;   /* `pdqr`: a rectangle of quality < CW_QUALITY_WEAK is not */
    struct cw_pdq ink;    /* looked up; `ink` hashes are, whatever their quality */
};

struct cw_seen_list {
    size_t n; /* the whole picture is always the first */
    struct cw_seen items[CW_VIEWS_MAX];
};

/* Working memory for all of it, 2.5 MB. */
struct cw_views;

int cw_views_new(struct cw_views **out, struct cw_err *err) CW_CHECKED;
void cw_views_free(struct cw_views **views);

/* Looks at a picture.
 *
 * plane     upright luminance, both sides 1 .. CW_PLANE_SIDE (see plane_sink.h)
 * pdq       borrowed; its plane is used up
 * Errors    CW_E_NO_MEMORY
 * Threads   one per `views` and `pdq`
 * Cost      for 768 x 576 about 4 ms to register, 6 ms to match 5 parts, 20 ms at worst
 * Source    section on views in hashing/RECIPES.md */
int cw_views_look(struct cw_views *views, struct cw_pdq_work *pdq,
                  const struct cw_plane *plane, enum cw_purpose purpose,
                  struct cw_seen_list *out, struct cw_err *err) CW_CHECKED;

/* The ink map of the picture that was looked at last; borrowed until the next one. */
struct cw_plane cw_views_ink(const struct cw_views *views);

#endif
