#include "server/matching.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "hashing/compare.h"
#include "server/clues.h"
#include "server/folding.h"
#include "server/names.h"
#include "server/placing.h"
#include "server/templates.h"

void cw_found_list_done(struct cw_found_list *l)
{
    free(l->items);
    *l = (struct cw_found_list){0};
}

enum cw_band cw_best_band(const struct cw_found_list *l)
{
    enum cw_band best = CW_BAND_NONE;
    for (size_t i = 0; i < l->n; i++) {
        if ((enum cw_band)l->items[i].match.band > best) {
            best = (enum cw_band)l->items[i].match.band;
        }
    }
    return best;
}

const char *cw_verdict(enum cw_band best)
{
    return cw_band_name((uint8_t)(best == CW_BAND_WEAK ? CW_BAND_NONE : best));
}

size_t cw_search_rows(const struct cw_fingerprint *fp,
                      struct cw_hash_row out[CW_ROWS_PER_RECORD])
{
    size_t n = 0;
    for (size_t i = 0; i < fp->n_views && n < CW_ROWS_PER_RECORD; i++) {
        if (fp->views[i].turn == CW_TURN_ORIG) {
            out[n++] = (struct cw_hash_row){.kind = fp->views[i].kind,
                                            .hash = fp->views[i].hash};
        }
    }
    return n;
}

/* ---- judging the clues of one owner ----------------------------------------------- */

/* The two pictures that are compared, and which of them asked. */
struct pair {
    const struct cw_fingerprint *asset, *found;
    bool asset_asks;
    bool same_bytes;
    unsigned self_distance; /* of the asset */
    uint64_t n_assets;
    struct cw_comparison local; /* if a clue advised it */
};

static int pair_init(struct pair *pair, const struct cw_clue *clues, size_t n,
                     struct cw_err *err)
{
    const struct cw_fingerprint *asset = pair->asset;
    const struct cw_fingerprint *found = pair->found;
    pair->same_bytes = asset->has_sha256 && found->has_sha256 &&
                       memcmp(asset->sha256, found->sha256, sizeof asset->sha256) == 0;
    pair->self_distance = cw_fingerprint_self_distance(asset);
    for (size_t i = 0; i < n; i++) {
        if (clues[i].route.seen == CW_VIEW_LOCAL) {
            return cw_compare_local(found, asset, &pair->local, err);
        }
    }
    return 0;
}

/* The area that a clue's row stands for, which the row itself does not say. */
static struct cw_area16 area_of_row(const struct cw_fingerprint *fp,
                                    const struct cw_clue *clue)
{
    struct cw_area16 area = CW_AREA_WHOLE;
    unsigned least = CW_HASH_BITS + 1;
    for (size_t i = 0; i < fp->n_views; i++) {
        const struct cw_view *v = &fp->views[i];
        if (v->kind != clue->route.rows || v->turn != CW_TURN_ORIG) {
            continue;
        }
        const unsigned d = cw_hash_distance(&v->hash, &clue->asked->hash);
        const unsigned distance = clue->inverted ? CW_HASH_BITS - d : d;
        if (distance < least) {
            least = distance;
            area = v->area;
        }
    }
    return area;
}

static bool is_whole(struct cw_area16 a)
{
    return a.left == 0 && a.top == 0 && a.right == UINT16_MAX && a.bottom == UINT16_MAX;
}

static struct cw_area16 area_of_other(const struct pair *pair, const struct cw_clue *clue)
{
    return area_of_row(pair->asset_asks ? pair->found : pair->asset, clue);
}

/* Whether a clue is of less than the whole of either picture. */
static bool is_part(const struct pair *pair, const struct cw_clue *clue)
{
    return clue->asked != NULL &&
           !(is_whole(clue->asked->area) && is_whole(area_of_other(pair, clue)));
}

static struct cw_evidence evidence_of(const struct pair *pair, const struct cw_clue *clue)
{
    return (struct cw_evidence){
        .kind = clue->route.seen,
        .distance = clue->distance,
        .score = pair->local.loc,
        .upright =
            clue->asked != NULL && clue->asked->turn == CW_TURN_ORIG && !clue->inverted,
        .asset_quality = pair->asset->quality,
        .found_quality = pair->found->quality,
        .asset_self_distance = pair->self_distance,
        .asset_plain = cw_fingerprint_is_plain(pair->asset),
        .part = is_part(pair, clue),
        .exact_bytes = pair->same_bytes,
    };
}

/* How far the whole pictures are apart, for a match that no hash made. */
static unsigned whole_distance(const struct pair *pair)
{
    const struct cw_view *asset =
        cw_fingerprint_view(pair->asset, CW_VIEW_PDQ, CW_TURN_ORIG);
    unsigned least = CW_HASH_BITS;
    for (size_t i = 0; i < pair->found->n_views; i++) {
        const struct cw_view *v = &pair->found->views[i];
        if (v->kind == CW_VIEW_PDQ) {
            const unsigned d = cw_hash_distance(&v->hash, &asset->hash);
            least = d < least ? d : least;
        }
    }
    return least;
}

static void place(const struct pair *pair, const struct cw_clue *clue, struct cw_match *m)
{
    if (pair->local.placed.inliers > 0 && clue->route.seen == CW_VIEW_LOCAL) {
        cw_place_local(m, &pair->local.placed, pair->found, pair->asset);
    } else if (clue->asked != NULL) {
        const struct cw_area16 asked = clue->asked->area;
        const struct cw_area16 other = area_of_other(pair, clue);
        const uint8_t turn = clue->asked->turn;
        cw_place_areas(m, pair->asset_asks ? &other : &asked,
                       pair->asset_asks ? &asked : &other,
                       pair->asset_asks ? cw_undo_turn(turn) : turn);
    }
}

static void describe(const struct pair *pair, const struct cw_clue *clue,
                     const struct cw_judgement *j, struct cw_found *out)
{
    const bool local = clue->route.seen == CW_VIEW_LOCAL;
    out->match = (struct cw_match){
        .distance = (uint16_t)(local ? whole_distance(pair) : clue->distance),
        .score = (uint16_t)(pair->local.loc * CW_MATCH_ONE),
        .view = clue->route.seen,
        .inverted = clue->inverted,
        .exact_bytes = pair->same_bytes,
        .equivalent = (int16_t)(j->equivalent * CW_MATCH_ONE),
        .band = (uint8_t)j->band,
        .confidence = (uint32_t)(j->confidence * 1e6),
        .at_us = cw_utc_us(),
    };
    place(pair, clue, &out->match);
    out->expected_false = j->expected_false;
}

/* Band before confidence, which a larger registry lowers for some kinds of evidence more
 * than for others; confidence has a ceiling, and there the rate of false matches still
 * tells clues apart. */
static bool more_telling(const struct cw_judgement *a, const struct cw_judgement *b)
{
    if (a->band != b->band) {
        return a->band > b->band;
    }
    return a->confidence > b->confidence ||
           (a->confidence == b->confidence && a->expected_false < b->expected_false);
}

/* The nearest pair of views of one route; false if there is none. */
static bool nearest(const struct pair *pair, struct cw_clue_route route,
                    struct cw_clue *out)
{
    const struct cw_fingerprint *asked = pair->asset_asks ? pair->asset : pair->found;
    const struct cw_fingerprint *rows = pair->asset_asks ? pair->found : pair->asset;
    *out = (struct cw_clue){.route = route, .distance = CW_HASH_BITS};
    for (size_t i = 0; i < asked->n_views; i++) {
        for (size_t k = 0; asked->views[i].kind == route.asked && k < rows->n_views;
             k++) {
            const struct cw_view *row = &rows->views[k];
            if (row->kind != route.rows || row->turn != CW_TURN_ORIG) {
                continue;
            }
            const unsigned d = cw_hash_distance(&asked->views[i].hash, &row->hash);
            const bool inverted = d > CW_HASH_BITS / 2;
            const unsigned least = inverted ? CW_HASH_BITS - d : d;
            if (least < out->distance) {
                out->asked = &asked->views[i];
                out->distance = (uint16_t)least;
                out->inverted = inverted;
            }
        }
    }
    return out->asked != NULL;
}

/* The best of a hash and local descriptors together. The hash may be farther than was
 * searched: two that agree on this one asset say something however large the registry is.
 * Told as a match by local descriptors, which know where it lies. */
static void judge_together(const struct pair *pair, const struct cw_clue *local,
                           struct cw_judgement *best, struct cw_found *out)
{
    const struct cw_evidence score = evidence_of(pair, local);
    const struct cw_clue_route *routes =
        cw_clue_routes(pair->asset_asks ? CW_LOCALS_SIGHTINGS : CW_LOCALS_ASSETS);
    for (size_t i = 0; i < CW_CLUE_ROUTES; i++) {
        struct cw_judgement j;
        struct cw_clue clue;
        if (!nearest(pair, routes[i], &clue)) {
            continue;
        }
        const struct cw_evidence hash = evidence_of(pair, &clue);
        cw_judge_together(&hash, &score, pair->n_assets, &j);
        if (more_telling(&j, best)) {
            *best = j;
            describe(pair, local, &j, out);
        }
    }
}

/* The most telling of n clues makes the match, the others are noted as agreeing. False if
 * even that one is below the band that was asked for. */
static bool judge(const struct pair *pair, const struct cw_clue *clues, size_t n,
                  enum cw_band least, struct cw_found *out)
{
    struct cw_judgement best = {.confidence = -1};
    const struct cw_clue *local = NULL;
    uint8_t agreeing = 0;
    for (size_t i = 0; i < n; i++) {
        struct cw_judgement j;
        const struct cw_evidence evidence = evidence_of(pair, &clues[i]);
        cw_judge(&evidence, pair->n_assets, &j);
        if (j.band != CW_BAND_NONE) {
            agreeing |= (uint8_t)(1U << clues[i].route.seen);
        }
        local = clues[i].route.seen == CW_VIEW_LOCAL ? &clues[i] : local;
        if (more_telling(&j, &best)) {
            best = j;
            describe(pair, &clues[i], &j, out);
        }
    }
    if (local != NULL && best.band < CW_BAND_STRONG) {
        judge_together(pair, local, &best, out);
    }
    out->match.agreeing = agreeing;
    return best.confidence >= 0 && best.band >= least;
}

/* ---- lists ------------------------------------------------------------------------ */

static int reserve(struct cw_found_list *l, size_t n, struct cw_err *err)
{
    if (n > 0 && (l->items = calloc(n, sizeof *l->items)) == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for %zu matches", n);
    }
    l->cap = n;
    return 0;
}

/* Best first: by confidence, which has a ceiling, then by the rate of false matches. */
static int compare(const void *a, const void *b)
{
    const struct cw_found *x = a;
    const struct cw_found *y = b;
    if (x->match.confidence != y->match.confidence) {
        return x->match.confidence < y->match.confidence ? 1 : -1;
    }
    if (x->expected_false < y->expected_false || x->expected_false > y->expected_false) {
        return x->expected_false < y->expected_false ? -1 : 1;
    }
    return (int)x->match.distance - (int)y->match.distance;
}

void cw_found_list_sort(struct cw_found_list *l)
{
    if (l->n > 1) {
        qsort(l->items, l->n, sizeof *l->items, compare);
    }
}

/* Gives the matches found so far to the caller, or drops them. */
static int finish(struct cw_found_list *found, int rc, struct cw_found_list *out)
{
    if (rc != 0) {
        cw_found_list_done(found);
        return rc;
    }
    cw_found_list_sort(found);
    *out = *found;
    return 0;
}

static int is_wanted(struct cw_app *app, const struct cw_asset *a,
                     const struct cw_match_filter *filter, bool *out, struct cw_err *err)
{
    uint64_t until = a->embargo_until_us;
    *out = filter->collection == NULL || strcmp(filter->collection, a->collection) == 0;
    if (!*out || !filter->embargoed) {
        return 0;
    }
    if (until == 0) {
        struct cw_collection c;
        const int rc =
            cw_store_get_collection(app->store, a->studio, a->collection, &c, err);
        if (rc != 0 && rc != CW_E_NOT_FOUND) {
            return rc;
        }
        until = rc == 0 ? c.embargo_until_us : 0;
    }
    *out = until > cw_utc_us();
    return 0;
}

/* Clues of one asset. One that was retired between search and reading is still readable
 * by number, so a miss here is damage. */
static int add_asset(struct cw_app *app, cw_studio_no studio,
                     const struct cw_fingerprint *fp, const struct cw_clue *clues,
                     size_t n, const struct cw_match_options *options,
                     struct cw_found_list *l, struct cw_err *err)
{
    struct cw_found *f = &l->items[l->n];
    bool wanted;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint asset = {0};
    CW_AUTO(cw_buf_done) struct cw_buf bytes = CW_BUF_INIT(CW_FP_MAX_BYTES);
    CW_TRY(
        cw_store_get_asset_no(app->store, studio, clues->owner, &f->asset, &bytes, err));
    CW_TRY(is_wanted(app, &f->asset, &options->filter, &wanted, err));
    if (!wanted) {
        return 0;
    }
    CW_TRY(cw_fingerprint_decode(f->asset.fingerprint, &asset, err));
    f->asset.fingerprint = cw_bytes_of(NULL, 0); /* `bytes` ends here */
    struct pair pair = {.asset = &asset, .found = fp, .n_assets = l->searched};
    CW_TRY(pair_init(&pair, clues, n, err));
    if (judge(&pair, clues, n, options->least, f)) {
        f->match.asset = clues->owner;
        l->n++;
    }
    return 0;
}

int cw_read_sighting(struct cw_app *app, cw_studio_no studio, cw_sighting_no no,
                     struct cw_sighting *out, struct cw_fingerprint *out_fp,
                     struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf bytes = CW_BUF_INIT(CW_FP_MAX_BYTES);
    CW_AUTO(cw_buf_done) struct cw_buf local = CW_BUF_INIT(CW_FP_MAX_BYTES);
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint fp = {0};
    CW_TRY(cw_store_get_sighting_no(app->store, studio, no, out, &bytes, err));
    CW_TRY(cw_fingerprint_decode(out->fingerprint, &fp, err));
    out->fingerprint = cw_bytes_of(NULL, 0); /* `bytes` ends here */
    const int rc = cw_store_get_sighting_local(app->store, studio, no, &local, err);
    if (rc == 0) {
        CW_TRY(cw_fingerprint_decode_local(cw_buf_view(&local), &fp, err));
    } else if (rc != CW_E_NOT_FOUND) {
        return rc;
    }
    *out_fp = fp;
    fp.local = NULL;
    return 0;
}

static int add_sighting(struct cw_app *app, cw_studio_no studio,
                        const struct cw_fingerprint *asset, const struct cw_clue *clues,
                        size_t n, const struct cw_match_options *options,
                        struct cw_found_list *l, struct cw_err *err)
{
    struct cw_sighting sighting;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint seen = {0};
    struct cw_found *f = &l->items[l->n];
    CW_TRY(cw_read_sighting(app, studio, clues->owner, &sighting, &seen, err));
    struct pair pair = {
        .asset = asset, .found = &seen, .asset_asks = true, .n_assets = l->searched};
    CW_TRY(pair_init(&pair, clues, n, err));
    if (judge(&pair, clues, n, options->least, f)) {
        f->match.sighting = clues->owner;
        f->match.lookback = true;
        l->n++;
    }
    return 0;
}

typedef int add_fn(struct cw_app *app, cw_studio_no studio,
                   const struct cw_fingerprint *fp, const struct cw_clue *clues, size_t n,
                   const struct cw_match_options *options, struct cw_found_list *l,
                   struct cw_err *err);

/* Judges owner by owner. The risk of a false match grows with the registered assets,
 * whichever side is searched. */
static int judge_all(struct cw_app *app, cw_studio_no studio,
                     const struct cw_fingerprint *fp, const struct cw_clues *clues,
                     const struct cw_match_options *options, add_fn *add,
                     struct cw_found_list *out, struct cw_err *err)
{
    struct cw_found_list found = {.searched = cw_registry_assets(app->registry, studio)};
    int rc = reserve(&found, clues->n, err);
    for (size_t i = 0, n; i < clues->n && rc == 0; i += n) {
        const struct cw_clue *first = &clues->items[i];
        for (n = 1; i + n < clues->n && first[n].owner == first->owner; n++) {
        }
        rc = add(app, studio, fp, first, n, options, &found, err);
    }
    return finish(&found, rc, out);
}

struct cw_match_mark cw_match_mark_assets(struct cw_app *app)
{
    const struct cw_registry *r = app->registry;
    return (struct cw_match_mark){.rows = cw_search_mark(r->assets),
                                  .local = cw_locals_mark(r->locals, CW_LOCALS_ASSETS)};
}

struct cw_match_mark cw_match_mark_sightings(struct cw_app *app)
{
    const struct cw_registry *r = app->registry;
    return (struct cw_match_mark){.rows = cw_search_mark(r->sightings),
                                  .local =
                                      cw_locals_mark(r->locals, CW_LOCALS_SIGHTINGS)};
}

int cw_match_assets(struct cw_app *app, cw_studio_no studio,
                    const struct cw_fingerprint *fp,
                    const struct cw_match_options *options, struct cw_found_list *out,
                    struct cw_err *err)
{
    CW_AUTO(cw_clues_done) struct cw_clues clues = {0};
    CW_TRY(cw_clues_gather(app->registry, CW_LOCALS_ASSETS, studio, fp, options, &clues,
                           err));
    CW_TRY(judge_all(app, studio, fp, &clues, options, add_asset, out, err));
    CW_TRY(cw_fold_runs(app, studio, fp, out, err));
    cw_lower_templates(out, options->least);
    if (options->least == CW_BAND_NONE && out->n > CW_MATCHES_ALL) {
        out->n = CW_MATCHES_ALL;
    }
    return 0;
}

int cw_match_sightings(struct cw_app *app, cw_studio_no studio,
                       const struct cw_fingerprint *fp,
                       const struct cw_match_options *options, struct cw_found_list *out,
                       struct cw_err *err)
{
    CW_AUTO(cw_clues_done) struct cw_clues clues = {0};
    CW_TRY(cw_clues_gather(app->registry, CW_LOCALS_SIGHTINGS, studio, fp, options,
                           &clues, err));
    return judge_all(app, studio, fp, &clues, options, add_sighting, out, err);
}

double cw_expected_false(struct cw_app *app, cw_studio_no studio,
                         const struct cw_match *m)
{
    return cw_expected_false_at((double)m->equivalent / CW_MATCH_ONE,
                                cw_registry_assets(app->registry, studio));
}
