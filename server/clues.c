#include "server/clues.h"

#include <stdlib.h>

#include "index/search.h"

#define FILTERED_MAX 100000
#define RADIUS_ALL 128 /* half of the bits: everything, in order of distance */

/* A found picture is taken apart, what is registered is not. */
static const struct cw_clue_route to_assets[CW_CLUE_ROUTES] = {
    {CW_VIEW_PDQ, CW_VIEW_PDQ, CW_VIEW_PDQ},
    {CW_VIEW_PDQR, CW_VIEW_PDQR, CW_VIEW_PDQR},
    {CW_VIEW_INK, CW_VIEW_INK, CW_VIEW_INK},
    {CW_VIEW_PDQR_RECT, CW_VIEW_PDQR, CW_VIEW_PDQR_RECT},
    {CW_VIEW_INK_RECT, CW_VIEW_INK, CW_VIEW_INK_RECT},
};
static const struct cw_clue_route to_sightings[CW_CLUE_ROUTES] = {
    {CW_VIEW_PDQ, CW_VIEW_PDQ, CW_VIEW_PDQ},
    {CW_VIEW_PDQR, CW_VIEW_PDQR, CW_VIEW_PDQR},
    {CW_VIEW_INK, CW_VIEW_INK, CW_VIEW_INK},
    {CW_VIEW_PDQR, CW_VIEW_PDQR_RECT, CW_VIEW_PDQR_RECT},
    {CW_VIEW_INK, CW_VIEW_INK_RECT, CW_VIEW_INK_RECT},
};

const struct cw_clue_route *cw_clue_routes(enum cw_locals_side side)
{
    return side == CW_LOCALS_ASSETS ? to_assets : to_sightings;
}

/* A whole picture this near to a registered one is that one, even if it is a disc. */
#define ALL_BUT_EXACT 14

void cw_clues_done(struct cw_clues *c)
{
    free(c->items);
    *c = (struct cw_clues){0};
}

static int reserve(struct cw_clues *c, size_t more, struct cw_err *err)
{
    if (c->n + more <= c->cap) {
        return 0;
    }
    const size_t cap = c->n + more;
    struct cw_clue *items = realloc(c->items, cap * sizeof *items);
    if (items == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for %zu clues", cap);
    }
    c->items = items;
    c->cap = cap;
    return 0;
}

static int add_clues(struct cw_clues *c, const struct cw_hits *hits,
                     const struct cw_view *const *asked, struct cw_clue_route route,
                     struct cw_err *err)
{
    CW_TRY(reserve(c, hits->n, err));
    for (size_t i = 0; i < hits->n; i++) {
        const struct cw_search_hit *hit = &hits->items[i];
        c->items[c->n++] = (struct cw_clue){.owner = hit->owner,
                                            .asked = asked[hit->hash_index],
                                            .route = route,
                                            .distance = hit->distance,
                                            .inverted = hit->inverted};
    }
    return 0;
}

/* Owners that are looked at. A filter comes after the search, so nearer ones that it
 * drops must not keep others out. */
static size_t most_hits(const struct cw_match_options *options)
{
    if (options->filter.collection != NULL || options->filter.embargoed) {
        return FILTERED_MAX;
    }
    return options->least == CW_BAND_NONE ? CW_MATCHES_ALL : CW_MATCHES_MAX;
}

/* Looks for all views of one kind at once. */
static int follow(struct cw_search *search, cw_studio_no studio, uint64_t n_assets,
                  const struct cw_fingerprint *fp, struct cw_clue_route route,
                  const struct cw_match_options *options, struct cw_clues *out,
                  struct cw_err *err)
{
    const bool all = options->least == CW_BAND_NONE;
    const struct cw_view *asked[CW_FP_MAX_VIEWS];
    struct cw_search_hash hashes[CW_FP_MAX_VIEWS];
    size_t n = 0;
    for (size_t i = 0; i < fp->n_views; i++) {
        if (fp->views[i].kind == route.asked) {
            asked[n] = &fp->views[i];
            hashes[n++] = (struct cw_search_hash){
                .hash = fp->views[i].hash,
                .kind = route.rows,
                .radius = all ? RADIUS_ALL
                              : cw_radius_of((enum cw_view_kind)route.seen,
                                             fp->views[i].turn == CW_TURN_ORIG, n_assets),
                .inverted = true,
            };
        }
    }
    if (n == 0) {
        return 0;
    }
    CW_AUTO(cw_hits_done) struct cw_hits hits = {0};
    const struct cw_search_query query = {
        .studio = studio,
        .n_hashes = n,
        .hashes = hashes,
        .from = options->late != NULL ? options->late->rows : 0};
    CW_TRY(cw_search_find(search, &query, most_hits(options), &hits, err));
    return add_clues(out, &hits, asked, route, err);
}

static int by_owner(const void *a, const void *b)
{
    const struct cw_clue *x = a;
    const struct cw_clue *y = b;
    return x->owner < y->owner ? -1 : x->owner > y->owner;
}

/* Whether a whole view, not one of its parts, is practically that of a registered
 * picture. */
static bool is_settled(const struct cw_clues *c, const struct cw_fingerprint *fp)
{
    const bool faint = fp->quality < CW_QUALITY_WEAK; /* its luminance proves nothing */
    for (size_t i = 0; i < c->n; i++) {
        const uint8_t seen = c->items[i].route.seen;
        const bool luma = seen == CW_VIEW_PDQ || seen == CW_VIEW_PDQR;
        if (c->items[i].distance <= ALL_BUT_EXACT &&
            ((luma && !faint) || seen == CW_VIEW_INK)) {
            return true;
        }
    }
    return false;
}

static bool wants_local(const struct cw_registry *registry, enum cw_locals_side side,
                        const struct cw_fingerprint *fp,
                        const struct cw_match_options *options,
                        const struct cw_clues *found)
{
    if (options->fast ||
        (options->late != NULL &&
         options->late->local == cw_locals_mark(registry->locals, side))) {
        return false;
    }
    /* A new asset is compared with every sighting that may show a part of it. */
    return side == CW_LOCALS_SIGHTINGS || options->least == CW_BAND_NONE ||
           !is_settled(found, fp);
}

static int add_local(struct cw_registry *registry, enum cw_locals_side side,
                     cw_studio_no studio, const struct cw_fingerprint *fp,
                     struct cw_clues *out, struct cw_err *err)
{
    static const struct cw_clue_route local = {CW_VIEW_LOCAL, CW_VIEW_LOCAL,
                                               CW_VIEW_LOCAL};
    uint64_t owners[CW_LOCALS_CANDIDATES];
    size_t n;
    CW_TRY(cw_locals_find(registry->locals, side, studio, fp, owners, &n, err));
    CW_TRY(reserve(out, n, err));
    for (size_t i = 0; i < n; i++) {
        out->items[out->n++] = (struct cw_clue){.owner = owners[i], .route = local};
    }
    return 0;
}

int cw_clues_gather(struct cw_registry *registry, enum cw_locals_side side,
                    cw_studio_no studio, const struct cw_fingerprint *fp,
                    const struct cw_match_options *options, struct cw_clues *out,
                    struct cw_err *err)
{
    const bool assets = side == CW_LOCALS_ASSETS;
    struct cw_search *search = assets ? registry->assets : registry->sightings;
    const struct cw_clue_route *routes = cw_clue_routes(side);
    const uint64_t n_assets = cw_registry_assets(registry, studio);
    for (size_t i = 0; i < CW_CLUE_ROUTES; i++) {
        CW_TRY(follow(search, studio, n_assets, fp, routes[i], options, out, err));
    }
    if (wants_local(registry, side, fp, options, out)) {
        CW_TRY(add_local(registry, side, studio, fp, out, err));
    }
    if (out->n > 1) {
        qsort(out->items, out->n, sizeof *out->items, by_owner);
    }
    return 0;
}
