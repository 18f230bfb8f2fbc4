#include "hashing/views.h"

#include <stdlib.h>
#include <string.h>

#include "hashing/ink.h"
#include "hashing/trim.h"

#define HASHED_SIDE 256 /* px; larger parts are shrunk, each axis by itself */
#define INK_INSET 100   /* 1/100 a side is left out: a frame is no drawing */

struct cw_views {
    struct cw_ink *ink;
    struct cw_rects *rects;
    struct cw_area area;
    struct cw_plane ink_map; /* of the last picture; its pixels belong to `ink` */
};

int cw_views_new(struct cw_views **out, struct cw_err *err)
{
    CW_AUTO(cw_views_free) struct cw_views *v = calloc(1, sizeof *v);
    if (v == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for views");
    }
    CW_TRY(cw_ink_new(&v->ink, err));
    CW_TRY(cw_rects_new(&v->rects, err));
    *out = v;
    v = NULL;
    return 0;
}

void cw_views_free(struct cw_views **views)
{
    if (*views != NULL) {
        cw_ink_free(&(*views)->ink);
        cw_rects_free(&(*views)->rects);
        cw_area_done(&(*views)->area);
    }
    free(*views);
    *views = NULL;
}

static int hash_part(struct cw_views *v, struct cw_pdq_work *pdq,
                     const struct cw_plane *plane, struct cw_rect where,
                     struct cw_pdq *out, struct cw_err *err)
{
    const struct cw_plane part = cw_plane_crop(plane, where);
    CW_TRY(cw_plane_shrink(&part, HASHED_SIDE, &v->area, cw_pdq_luma(pdq), err));
    cw_pdq_hash(pdq, part.width < HASHED_SIDE ? part.width : HASHED_SIDE,
                part.height < HASHED_SIDE ? part.height : HASHED_SIDE, out);
    return 0;
}

static struct cw_rect inset(struct cw_rect r)
{
    return (struct cw_rect){
        .x = r.x + r.width / INK_INSET,
        .y = r.y + r.height / INK_INSET,
        .width = r.width - r.width / INK_INSET * 2,
        .height = r.height - r.height / INK_INSET * 2,
    };
}

static void add(struct cw_seen_list *list, enum cw_part part, struct cw_rect where)
{
    list->items[list->n].part = part;
    list->items[list->n].where = where;
    list->n++;
}

static void choose_parts(struct cw_views *v, const struct cw_plane *plane,
                         enum cw_purpose purpose, struct cw_seen_list *out)
{
    const struct cw_rect whole = cw_plane_whole(plane);
    const struct cw_rect trimmed = cw_trim(plane);
    out->n = 0;
    add(out, CW_PART_WHOLE, whole);
    if (trimmed.width != whole.width || trimmed.height != whole.height) {
        add(out, CW_PART_TRIMMED, trimmed);
    }
    if (purpose == CW_TO_MATCH) {
        struct cw_rect rects[CW_RECTS_MAX];
        const unsigned n = cw_rects_find(v->rects, plane, rects);
        for (unsigned i = 0; i < n; i++) {
            add(out, CW_PART_RECT, rects[i]);
        }
    }
}

int cw_views_look(struct cw_views *views, struct cw_pdq_work *pdq,
                  const struct cw_plane *plane, enum cw_purpose purpose,
                  struct cw_seen_list *out, struct cw_err *err)
{
    choose_parts(views, plane, purpose, out);
    views->ink_map = cw_ink_draw(views->ink, plane);
    for (size_t i = 0; i < out->n; i++) {
        struct cw_seen *s = &out->items[i];
        CW_TRY(hash_part(views, pdq, plane, s->where, &s->luma, err));
        CW_TRY(hash_part(views, pdq, &views->ink_map, inset(s->where), &s->ink, err));
    }
    return 0;
}

struct cw_plane cw_views_ink(const struct cw_views *views)
{
    return views->ink_map;
}
