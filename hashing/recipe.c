#include "hashing/recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hashing/describe.h"
#include "hashing/pdq.h"
#include "hashing/plane_sink.h"
#include "hashing/sampler.h"
#include "hashing/tee_sink.h"
#include "hashing/views.h"

/* One decoding feeds three sinks: the sampler of the published PDQ, the small plane that
 * the private views are taken from, and a finer one for the local descriptors of what was
 * found, which may be small in its picture. */
struct cw_recipe {
    struct cw_decoder *decoder;
    struct cw_pdq_work *pdq;
    struct cw_sampler sampler;
    struct cw_plane_sink plane;
    struct cw_plane_sink fine;
    struct cw_tee_sink tee;      /* sampler and plane */
    struct cw_tee_sink fine_tee; /* and the fine plane */
    struct cw_views *views;
    struct cw_seen_list seen;
    struct cw_describe *describe;
    struct cw_local local[CW_DESCRIBE_MAX];
};

int cw_recipe_new(const struct cw_decode_limits *limits, struct cw_recipe **out,
                  struct cw_err *err)
{
    CW_AUTO(cw_recipe_free) struct cw_recipe *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for a recipe");
    }
    CW_TRY(cw_decoder_new(limits, &r->decoder, err));
    CW_TRY(cw_pdq_work_new(&r->pdq, err));
    cw_sampler_init(&r->sampler, cw_pdq_luma(r->pdq));
    CW_TRY(cw_plane_sink_init(&r->plane, CW_PLANE_SIDE, err));
    CW_TRY(cw_plane_sink_init(&r->fine, CW_FINE_SIDE, err));
    CW_TRY(cw_views_new(&r->views, err));
    CW_TRY(cw_describe_new(&r->describe, err));
    cw_tee_sink_init(&r->tee, &r->sampler.sink, &r->plane.sink);
    cw_tee_sink_init(&r->fine_tee, &r->tee.sink, &r->fine.sink);
    *out = r;
    r = NULL;
    return 0;
}

void cw_recipe_free(struct cw_recipe **r)
{
    if (*r != NULL) {
        cw_decoder_free(&(*r)->decoder);
        cw_pdq_work_free(&(*r)->pdq);
        cw_plane_sink_done(&(*r)->plane);
        cw_plane_sink_done(&(*r)->fine);
        cw_views_free(&(*r)->views);
        cw_describe_free(&(*r)->describe);
    }
    free(*r);
    *r = NULL;
}

static void add_turns(struct cw_fingerprint *fp, enum cw_view_kind kind,
                      struct cw_area16 area, const struct cw_pdq *pdq)
{
    for (uint8_t turn = 0; turn < CW_TURN_COUNT; turn++) {
        fp->views[fp->n_views++] = (struct cw_view){
            .kind = (uint8_t)kind, .turn = turn, .area = area, .hash = pdq->turns[turn]};
    }
}

/* Edges in fractions of the plane's sides; whatever is seen has an area. */
static struct cw_area16 area_of(const struct cw_plane *plane, struct cw_rect r)
{
    return (struct cw_area16){
        .left = (uint16_t)(r.x * UINT16_MAX / plane->width),
        .top = (uint16_t)(r.y * UINT16_MAX / plane->height),
        .right = (uint16_t)((r.x + r.width) * UINT16_MAX / plane->width),
        .bottom = (uint16_t)((r.y + r.height) * UINT16_MAX / plane->height),
    };
}

/* What has next to nothing to see resembles everything else of that sort. The whole in
 * luminance stays: it is registered, if only as weak. */
static void add_seen(struct cw_fingerprint *fp, const struct cw_plane *plane,
                     const struct cw_seen *seen)
{
    const struct cw_area16 area = area_of(plane, seen->where);
    const bool rect = seen->part == CW_PART_RECT;
    if (!rect || seen->luma.quality >= CW_QUALITY_WEAK) {
        add_turns(fp, rect ? CW_VIEW_PDQR_RECT : CW_VIEW_PDQR, area, &seen->luma);
    }
    if (seen->ink.quality >= CW_QUALITY_WEAK) {
        add_turns(fp, rect ? CW_VIEW_INK_RECT : CW_VIEW_INK, area, &seen->ink);
    }
}

/* The descriptors as an array of their own. */
static int take_local(const struct cw_recipe *r, size_t n, struct cw_fingerprint *out,
                      struct cw_err *err)
{
    out->n_local = 0;
    out->local = NULL;
    if (n == 0) {
        return 0;
    }
    out->local = malloc(n * sizeof *out->local);
    if (out->local == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for %zu descriptors", n);
    }
    memcpy(out->local, r->local, n * sizeof *out->local);
    out->n_local = n;
    return 0;
}

/* The rectangles were seen in the plane, and are described in the fine one. */
static int describe_found(struct cw_recipe *r, size_t *out_n, struct cw_err *err)
{
    struct cw_rect parts[CW_VIEWS_MAX];
    const struct cw_plane *fine = &r->fine.plane;
    const struct cw_plane *plane = &r->plane.plane;
    unsigned n = 0;
    for (size_t i = 0; i < r->seen.n; i++) {
        const struct cw_rect at = r->seen.items[i].where;
        if (r->seen.items[i].part == CW_PART_RECT) {
            parts[n++] = (struct cw_rect){
                .x = at.x * fine->width / plane->width,
                .y = at.y * fine->height / plane->height,
                .width = at.width * fine->width / plane->width,
                .height = at.height * fine->height / plane->height,
            };
        }
    }
    return cw_describe_found(r->describe, fine, parts, n, r->local, out_n, err);
}

int cw_recipe_run(struct cw_recipe *r, struct cw_bytes picture, enum cw_strictness how,
                  struct cw_fingerprint *out, struct cw_err *err)
{
    const enum cw_purpose purpose = how == CW_STRICT ? CW_TO_REGISTER : CW_TO_MATCH;
    struct cw_decoded decoded = {0};
    struct cw_pdq pdq;
    size_t n_local = 0;
    struct cw_sink *sink = how == CW_LENIENT ? &r->fine_tee.sink : &r->tee.sink;
    CW_TRY(cw_decode(r->decoder, picture, how, sink, &decoded, err));
    cw_pdq_hash(r->pdq, r->sampler.width, r->sampler.height, &pdq);
    CW_TRY(cw_views_look(r->views, r->pdq, &r->plane.plane, purpose, &r->seen, err));
    if (how == CW_STRICT) {
        CW_TRY(cw_describe_asset(r->describe, &r->plane.plane, r->local, &n_local, err));
    } else if (how == CW_LENIENT) {
        CW_TRY(describe_found(r, &n_local, err));
    }
    memset(out, 0, sizeof *out);
    CW_TRY(take_local(r, n_local, out, err));
    out->recipe = CW_RECIPE_VIEWS;
    (void)snprintf(out->library, sizeof out->library, "%s", decoded.library);
    out->width = r->sampler.width;
    out->height = r->sampler.height;
    out->quality = pdq.quality;
    out->truncated = decoded.truncated;
    add_turns(out, CW_VIEW_PDQ, CW_AREA_WHOLE, &pdq);
    for (size_t i = 0; i < r->seen.n; i++) {
        add_seen(out, &r->plane.plane, &r->seen.items[i]);
    }
    return 0;
}
