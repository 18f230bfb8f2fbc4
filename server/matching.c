#include "server/matching.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "index/search.h"
#include "server/names.h"
#include "server/registry.h"

#define RADIUS_ALL 128 /* half of the bits: everything, in order of distance */

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

/* The turn of the other picture: undoing a quarter turn is turning the other way, every
 * other turn undoes itself. */
static uint8_t undo_turn(uint8_t turn)
{
    switch (turn) {
    case CW_TURN_ROT90:
        return CW_TURN_ROT270;
    case CW_TURN_ROT270:
        return CW_TURN_ROT90;
    default:
        return turn;
    }
}

/* ---- clues: what the search finds ------------------------------------------------- */

/* Views of kind `asked` are looked for among rows of kind `rows`; what they meet counts
 * as kind `seen`. */
struct route {
    uint8_t asked, rows, seen;
};

/* A found picture is taken apart, what is registered is not. */
static const struct route to_assets[] = {
    {CW_VIEW_PDQ, CW_VIEW_PDQ, CW_VIEW_PDQ},
    {CW_VIEW_PDQR, CW_VIEW_PDQR, CW_VIEW_PDQR},
    {CW_VIEW_INK, CW_VIEW_INK, CW_VIEW_INK},
    {CW_VIEW_PDQR_RECT, CW_VIEW_PDQR, CW_VIEW_PDQR_RECT},
    {CW_VIEW_INK_RECT, CW_VIEW_INK, CW_VIEW_INK_RECT},
};
static const struct route to_sightings[] = {
    {CW_VIEW_PDQ, CW_VIEW_PDQ, CW_VIEW_PDQ},
    {CW_VIEW_PDQR, CW_VIEW_PDQR, CW_VIEW_PDQR},
    {CW_VIEW_INK, CW_VIEW_INK, CW_VIEW_INK},
    {CW_VIEW_PDQR, CW_VIEW_PDQR_RECT, CW_VIEW_PDQR_RECT},
    {CW_VIEW_INK, CW_VIEW_INK_RECT, CW_VIEW_INK_RECT},
};
#define N_ROUTES (sizeof to_assets / sizeof *to_assets)

/* One pair of views that are near. */
struct clue {
    uint64_t owner;
    const struct cw_view *asked; /* borrowed from the fingerprint that asks */
    struct route route;
    uint16_t distance;
    bool inverted;
};

struct clues {
    size_t n, cap;
    struct clue *items;
};

static void clues_done(struct clues *c)
{
    free(c->items);
}

static int add_clues(struct clues *c, const struct cw_hits *hits,
                     const struct cw_view *const *asked, struct route route,
                     struct cw_err *err)
{
    if (hits->n == 0) {
        return 0;
    }
    struct clue *items = realloc(c->items, (c->n + hits->n) * sizeof *items);
    if (items == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for %zu clues", hits->n);
    }
    c->items = items;
    for (size_t i = 0; i < hits->n; i++) {
        const struct cw_search_hit *hit = &hits->items[i];
        c->items[c->n++] = (struct clue){.owner = hit->owner,
                                         .asked = asked[hit->hash_index],
                                         .route = route,
                                         .distance = hit->distance,
                                         .inverted = hit->inverted};
    }
    return 0;
}

/* Looks for all views of one kind at once. */
static int follow(struct cw_search *search, cw_studio_no studio,
                  const struct cw_fingerprint *fp, struct route route,
                  const struct cw_match_options *options, struct clues *out,
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
                .radius =
                    all ? RADIUS_ALL : cw_radius_weak((enum cw_view_kind)route.seen),
                .inverted = true,
            };
        }
    }
    if (n == 0) {
        return 0;
    }
    CW_AUTO(cw_hits_done) struct cw_hits hits = {0};
    const struct cw_search_query query = {
        .studio = studio, .n_hashes = n, .hashes = hashes, .from = options->from};
    CW_TRY(cw_search_find(search, &query, all ? CW_MATCHES_ALL : CW_MATCHES_MAX, &hits,
                          err));
    return add_clues(out, &hits, asked, route, err);
}

static int by_owner(const void *a, const void *b)
{
    const struct clue *x = a;
    const struct clue *y = b;
    return x->owner < y->owner ? -1 : x->owner > y->owner;
}

/* All clues, those of one owner beside each other. */
static int gather(struct cw_search *search, cw_studio_no studio,
                  const struct cw_fingerprint *fp, const struct route routes[N_ROUTES],
                  const struct cw_match_options *options, struct clues *out,
                  struct cw_err *err)
{
    for (size_t i = 0; i < N_ROUTES; i++) {
        CW_TRY(follow(search, studio, fp, routes[i], options, out, err));
    }
    if (out->n > 1) {
        qsort(out->items, out->n, sizeof *out->items, by_owner);
    }
    return 0;
}

/* ---- judging the clues of one owner ----------------------------------------------- */

/* The two pictures that are compared, and who of them asked. */
struct pair {
    const struct cw_fingerprint *asset, *found;
    bool same_bytes;
    unsigned self_distance; /* of the asset */
    uint64_t n_assets;
};

static struct pair pair_of(const struct cw_fingerprint *asset,
                           const struct cw_fingerprint *found, uint64_t n_assets)
{
    return (struct pair){
        .asset = asset,
        .found = found,
        .same_bytes = asset->has_sha256 && found->has_sha256 &&
                      memcmp(asset->sha256, found->sha256, sizeof asset->sha256) == 0,
        .self_distance = cw_fingerprint_self_distance(asset),
        .n_assets = n_assets,
    };
}

static void judge_clue(const struct pair *pair, const struct clue *clue,
                       struct cw_judgement *out)
{
    const struct cw_evidence evidence = {
        .kind = clue->route.seen,
        .distance = clue->distance,
        .upright = clue->asked->turn == CW_TURN_ORIG && !clue->inverted,
        .asset_quality = pair->asset->quality,
        .found_quality = pair->found->quality,
        .asset_self_distance = pair->self_distance,
        .exact_bytes = pair->same_bytes,
    };
    cw_judge(&evidence, pair->n_assets, out);
}

static void describe(const struct pair *pair, const struct clue *clue,
                     const struct cw_judgement *j, struct cw_found *out)
{
    const struct cw_area16 area = clue->asked->area;
    out->match = (struct cw_match){
        .distance = clue->distance,
        .view = clue->route.seen,
        .turn = clue->asked->turn,
        .area = {area.left, area.top, area.right, area.bottom},
        .inverted = clue->inverted,
        .exact_bytes = pair->same_bytes,
        .band = (uint8_t)j->band,
        .confidence = (uint32_t)(j->confidence * 1e6),
        .at_us = cw_utc_us(),
    };
    out->expected_false = j->expected_false;
}

/* Confidence has a ceiling, below it the rate of false matches still tells clues apart.
 */
static bool more_telling(const struct cw_judgement *a, const struct cw_judgement *b)
{
    return a->confidence > b->confidence ||
           (a->confidence == b->confidence && a->expected_false < b->expected_false);
}

/* The most telling of n clues makes the match, the others are noted as agreeing. False if
 * even that one is below the band that was asked for. */
static bool judge(const struct pair *pair, const struct clue *clues, size_t n,
                  enum cw_band least, const struct clue **out_best, struct cw_found *out)
{
    struct cw_judgement best = {.confidence = -1};
    uint8_t agreeing = 0;
    for (size_t i = 0; i < n; i++) {
        struct cw_judgement j;
        judge_clue(pair, &clues[i], &j);
        if (j.band < least) {
            continue;
        }
        if (j.band != CW_BAND_NONE) {
            agreeing |= (uint8_t)(1U << clues[i].route.seen);
        }
        if (more_telling(&j, &best)) {
            best = j;
            *out_best = &clues[i];
            describe(pair, &clues[i], &j, out);
        }
    }
    out->match.agreeing = agreeing;
    return best.confidence >= 0;
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

/* Best first: by confidence, then by distance. */
static int compare(const void *a, const void *b)
{
    const struct cw_match *x = &((const struct cw_found *)a)->match;
    const struct cw_match *y = &((const struct cw_found *)b)->match;
    if (x->confidence != y->confidence) {
        return x->confidence < y->confidence ? 1 : -1;
    }
    return (int)x->distance - (int)y->distance;
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

/* Clues of one asset. One that was retired between search and reading is still readable
 * by number, so a miss here is damage. */
static int add_asset(struct cw_app *app, cw_studio_no studio,
                     const struct cw_fingerprint *fp, const struct clue *clues, size_t n,
                     enum cw_band least, struct cw_found_list *l, struct cw_err *err)
{
    struct cw_found *f = &l->items[l->n];
    const struct clue *best = clues;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint asset = {0};
    CW_AUTO(cw_buf_done) struct cw_buf bytes = CW_BUF_INIT(CW_FP_MAX_BYTES);
    CW_TRY(
        cw_store_get_asset_no(app->store, studio, clues->owner, &f->asset, &bytes, err));
    CW_TRY(cw_fingerprint_decode(f->asset.fingerprint, &asset, err));
    f->asset.fingerprint = cw_bytes_of(NULL, 0); /* `bytes` ends here */
    const struct pair pair = pair_of(&asset, fp, l->searched);
    if (judge(&pair, clues, n, least, &best, f)) {
        f->match.asset = clues->owner;
        l->n++;
    }
    return 0;
}

/* The part of the sighting that a clue's row stands for: the row itself does not say. */
static void find_area(const struct cw_fingerprint *seen, const struct clue *clue,
                      struct cw_match *m)
{
    unsigned least = CW_HASH_BITS + 1;
    for (size_t i = 0; i < seen->n_views; i++) {
        const struct cw_view *v = &seen->views[i];
        if (v->kind != clue->route.rows || v->turn != CW_TURN_ORIG) {
            continue;
        }
        const unsigned d = cw_hash_distance(&v->hash, &clue->asked->hash);
        const unsigned distance = clue->inverted ? CW_HASH_BITS - d : d;
        if (distance < least) {
            const uint16_t area[] = {v->area.left, v->area.top, v->area.right,
                                     v->area.bottom};
            least = distance;
            memcpy(m->area, area, sizeof area);
        }
    }
}

static int add_sighting(struct cw_app *app, cw_studio_no studio,
                        const struct cw_fingerprint *asset, const struct clue *clues,
                        size_t n, enum cw_band least, struct cw_found_list *l,
                        struct cw_err *err)
{
    struct cw_sighting sighting;
    const struct clue *best = clues;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint seen = {0};
    CW_AUTO(cw_buf_done) struct cw_buf bytes = CW_BUF_INIT(CW_FP_MAX_BYTES);
    struct cw_found *f = &l->items[l->n];
    CW_TRY(cw_store_get_sighting_no(app->store, studio, clues->owner, &sighting, &bytes,
                                    err));
    CW_TRY(cw_fingerprint_decode(sighting.fingerprint, &seen, err));
    const struct pair pair = pair_of(asset, &seen, l->searched);
    if (judge(&pair, clues, n, least, &best, f)) {
        find_area(&seen, best, &f->match);
        f->match.turn = undo_turn(f->match.turn);
        f->match.sighting = clues->owner;
        f->match.lookback = true;
        l->n++;
    }
    return 0;
}

typedef int add_fn(struct cw_app *app, cw_studio_no studio,
                   const struct cw_fingerprint *fp, const struct clue *clues, size_t n,
                   enum cw_band least, struct cw_found_list *l, struct cw_err *err);

/* Judges owner by owner. The risk of a false match grows with the registered assets,
 * whichever side is searched. */
static int judge_all(struct cw_app *app, cw_studio_no studio,
                     const struct cw_fingerprint *fp, const struct clues *clues,
                     enum cw_band least, add_fn *add, struct cw_found_list *out,
                     struct cw_err *err)
{
    struct cw_found_list found = {.searched = cw_registry_assets(app->registry, studio)};
    int rc = reserve(&found, clues->n, err);
    for (size_t i = 0, n; i < clues->n && rc == 0; i += n) {
        const struct clue *first = &clues->items[i];
        for (n = 1; i + n < clues->n && first[n].owner == first->owner; n++) {
        }
        rc = add(app, studio, fp, first, n, least, &found, err);
    }
    return finish(&found, rc, out);
}

int cw_match_assets(struct cw_app *app, cw_studio_no studio,
                    const struct cw_fingerprint *fp,
                    const struct cw_match_options *options, struct cw_found_list *out,
                    struct cw_err *err)
{
    CW_AUTO(clues_done) struct clues clues = {0};
    CW_TRY(gather(app->registry->assets, studio, fp, to_assets, options, &clues, err));
    CW_TRY(judge_all(app, studio, fp, &clues, options->least, add_asset, out, err));
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
    CW_AUTO(clues_done) struct clues clues = {0};
    CW_TRY(
        gather(app->registry->sightings, studio, fp, to_sightings, options, &clues, err));
    return judge_all(app, studio, fp, &clues, options->least, add_sighting, out, err);
}

double cw_expected_false(struct cw_app *app, cw_studio_no studio,
                         const struct cw_match *m)
{
    const struct cw_evidence evidence = {
        .kind = m->view,
        .distance = m->distance,
        .upright = m->turn == CW_TURN_ORIG && !m->inverted,
        .asset_quality = 100,
        .found_quality = 100,
        .asset_self_distance = CW_HASH_BITS,
        .exact_bytes = m->exact_bytes,
    };
    struct cw_judgement judgement;
    cw_judge(&evidence, cw_registry_assets(app->registry, studio), &judgement);
    return judgement.expected_false;
}

/* "Strong: 6 of 256 bits differ, turned a quarter to the left." */
static void write_words(struct cw_jw *w, const struct cw_match *m)
{
    static const char *const bands[] = {[CW_BAND_NONE] = "No match",
                                        [CW_BAND_WEAK] = "Weak",
                                        [CW_BAND_POSSIBLE] = "Possible",
                                        [CW_BAND_STRONG] = "Strong"};
    static const char *const turns[CW_TURN_COUNT] = {
        [CW_TURN_ORIG] = "",
        [CW_TURN_ROT90] = ", turned a quarter to the left",
        [CW_TURN_ROT180] = ", turned upside down",
        [CW_TURN_ROT270] = ", turned a quarter to the right",
        [CW_TURN_FLIPX] = ", mirrored top to bottom",
        [CW_TURN_FLIPY] = ", mirrored left to right",
        [CW_TURN_FLIPPLUS] = ", mirrored and turned a quarter",
        [CW_TURN_FLIPMINUS] = ", mirrored and turned a quarter",
    };
    static const char *const views[CW_VIEW_KINDS] = {
        [CW_VIEW_PDQ] = "",
        [CW_VIEW_PDQR] = ", margins left out",
        [CW_VIEW_INK] = ", compared as drawings",
        [CW_VIEW_PDQR_RECT] = ", in a part of the found picture",
        [CW_VIEW_INK_RECT] = ", in a part of the found picture, compared as drawings",
    };
    CW_AUTO(cw_buf_done) struct cw_buf words = CW_BUF_INIT(256);
    if (m->exact_bytes) {
        cw_buf_printf(&words, "%s: the very same file", bands[m->band]);
    } else {
        cw_buf_printf(&words, "%s: %u of 256 bits differ", bands[m->band], m->distance);
    }
    cw_buf_printf(&words, "%s%s%s.", m->exact_bytes ? "" : views[m->view], turns[m->turn],
                  m->inverted ? ", light and dark exchanged" : "");
    cw_jw_text(w, cw_buf_view(&words));
}

/* The view that matched, the kinds that agree, and the part of the found picture. */
static void write_view(struct cw_jw *w, const struct cw_match *m)
{
    cw_jw_kstr(w, "view", cw_view_name(m->view, CW_TURN_ORIG));
    cw_jw_key(w, "agreeing");
    cw_jw_begin_array(w);
    for (uint8_t kind = CW_VIEW_PDQ; kind < CW_VIEW_KINDS; kind++) {
        if ((m->agreeing & 1U << kind) != 0) {
            cw_jw_str(w, cw_view_name(kind, CW_TURN_ORIG));
        }
    }
    cw_jw_end_array(w);
    cw_jw_key(w, "area");
    cw_jw_begin_array(w);
    for (size_t i = 0; i < 4; i++) {
        cw_jw_fixed(w, m->area[i] / (double)UINT16_MAX, 4);
    }
    cw_jw_end_array(w);
}

void cw_match_evidence_write(struct cw_jw *w, const struct cw_match *m)
{
    cw_jw_ku64(w, "distance", m->distance);
    write_view(w, m);
    cw_jw_kstr(w, "turn", cw_turn_name(m->turn));
    cw_jw_kbool(w, "inverted", m->inverted);
    cw_jw_kbool(w, "exact_bytes", m->exact_bytes);
    cw_jw_kstr(w, "band", cw_band_name(m->band));
    cw_jw_key(w, "confidence");
    cw_jw_fixed(w, m->confidence / 1e6, 6);
}

static void write_found(struct cw_jw *w, const struct cw_found *f)
{
    const struct cw_match *m = &f->match;
    cw_jw_begin_object(w);
    cw_jw_kstr(w, "collection", f->asset.collection);
    cw_jw_kstr(w, "asset", f->asset.id);
    cw_jw_ku64(w, "version", f->asset.version);
    cw_jw_key(w, "confidence");
    cw_jw_fixed(w, m->confidence / 1e6, 6);
    cw_jw_kstr(w, "band", cw_band_name(m->band));
    cw_jw_ku64(w, "distance", m->distance);
    write_view(w, m);
    cw_jw_kstr(w, "turn", cw_turn_name(m->turn));
    cw_jw_kbool(w, "inverted", m->inverted);
    cw_jw_kbool(w, "exact_bytes", m->exact_bytes);
    cw_jw_key(w, "false_matches_expected");
    cw_jw_fixed(w, f->expected_false, 9);
    cw_jw_key(w, "words");
    write_words(w, m);
    cw_jw_end_object(w);
}

void cw_found_list_write(struct cw_jw *w, const struct cw_found_list *l)
{
    cw_jw_key(w, "matches");
    cw_jw_begin_array(w);
    for (size_t i = 0; i < l->n && i < CW_MATCHES_SHOWN; i++) {
        write_found(w, &l->items[i]);
    }
    cw_jw_end_array(w);
}
