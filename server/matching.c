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

/* Looks for all views of fp at once. */
static int find_views(struct cw_search *search, cw_studio_no studio,
                      const struct cw_fingerprint *fp,
                      const struct cw_match_options *options, struct cw_hits *out,
                      struct cw_err *err)
{
    const bool all = options->least == CW_BAND_NONE;
    struct cw_search_hash hashes[CW_FP_MAX_VIEWS];
    for (size_t i = 0; i < fp->n_views; i++) {
        hashes[i] = (struct cw_search_hash){
            .hash = fp->views[i].hash,
            .kind = fp->views[i].kind,
            .radius = all ? RADIUS_ALL : CW_RADIUS_WEAK,
            .inverted = true,
        };
    }
    const struct cw_search_query query = {.studio = studio,
                                          .n_hashes = fp->n_views,
                                          .hashes = hashes,
                                          .from = options->from};
    return cw_search_find(search, &query, all ? CW_MATCHES_ALL : CW_MATCHES_MAX, out,
                          err);
}

/* Fills a match from a hit and the fingerprints of both sides; false if it is below the
 * band that was asked for. */
static bool judge(const struct cw_search_hit *hit, const struct cw_fingerprint *asked,
                  const struct cw_fingerprint *asset, const struct cw_fingerprint *found,
                  uint64_t n_assets, enum cw_band least, struct cw_found *out)
{
    const struct cw_view *view = &asked->views[hit->hash_index];
    const bool same_bytes =
        asset->has_sha256 && found->has_sha256 &&
        memcmp(asset->sha256, found->sha256, sizeof asset->sha256) == 0;
    const struct cw_evidence evidence = {
        .distance = hit->distance,
        .upright = view->turn == CW_TURN_ORIG && !hit->inverted,
        .asset_quality = asset->quality,
        .found_quality = found->quality,
        .asset_self_distance = cw_fingerprint_self_distance(asset),
        .exact_bytes = same_bytes,
    };
    struct cw_judgement judgement;
    cw_judge(&evidence, n_assets, &judgement);
    if (judgement.band < least) {
        return false;
    }
    out->match = (struct cw_match){
        .distance = hit->distance,
        .view = view->kind,
        .turn = view->turn,
        .inverted = hit->inverted,
        .exact_bytes = same_bytes,
        .band = (uint8_t)judgement.band,
        .confidence = (uint32_t)(judgement.confidence * 1e6),
        .at_us = cw_utc_us(),
    };
    out->expected_false = judgement.expected_false;
    return true;
}

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

/* One hit among the assets. An asset that was retired between search and reading is still
 * readable by number, so a miss here is damage. */
static int add_asset(struct cw_app *app, cw_studio_no studio,
                     const struct cw_fingerprint *fp, const struct cw_search_hit *hit,
                     enum cw_band least, struct cw_found_list *l, struct cw_err *err)
{
    struct cw_found *f = &l->items[l->n];
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint asset = {0};
    CW_AUTO(cw_buf_done) struct cw_buf bytes = CW_BUF_INIT(CW_FP_MAX_BYTES);
    CW_TRY(cw_store_get_asset_no(app->store, studio, hit->owner, &f->asset, &bytes, err));
    CW_TRY(cw_fingerprint_decode(f->asset.fingerprint, &asset, err));
    f->asset.fingerprint = cw_bytes_of(NULL, 0); /* `bytes` ends here */
    if (judge(hit, fp, &asset, fp, l->searched, least, f)) {
        f->match.asset = hit->owner;
        l->n++;
    }
    return 0;
}

int cw_match_assets(struct cw_app *app, cw_studio_no studio,
                    const struct cw_fingerprint *fp,
                    const struct cw_match_options *options, struct cw_found_list *out,
                    struct cw_err *err)
{
    CW_AUTO(cw_hits_done) struct cw_hits hits = {0};
    struct cw_search_stats stats;
    struct cw_found_list found = {0};
    int rc = find_views(app->registry->assets, studio, fp, options, &hits, err);
    if (rc == 0) {
        cw_search_get_stats(app->registry->assets, &stats);
        found.searched = stats.rows;
        rc = reserve(&found, hits.n, err);
    }
    for (size_t i = 0; i < hits.n && rc == 0; i++) {
        rc = add_asset(app, studio, fp, &hits.items[i], options->least, &found, err);
    }
    return finish(&found, rc, out);
}

static int add_sighting(struct cw_app *app, cw_studio_no studio,
                        const struct cw_fingerprint *asset,
                        const struct cw_search_hit *hit, enum cw_band least,
                        struct cw_found_list *l, struct cw_err *err)
{
    struct cw_sighting sighting;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint seen = {0};
    CW_AUTO(cw_buf_done) struct cw_buf bytes = CW_BUF_INIT(CW_FP_MAX_BYTES);
    struct cw_found *f = &l->items[l->n];
    CW_TRY(
        cw_store_get_sighting_no(app->store, studio, hit->owner, &sighting, &bytes, err));
    CW_TRY(cw_fingerprint_decode(sighting.fingerprint, &seen, err));
    if (judge(hit, asset, asset, &seen, l->searched, least, f)) {
        f->match.turn = undo_turn(f->match.turn);
        f->match.sighting = hit->owner;
        f->match.lookback = true;
        l->n++;
    }
    return 0;
}

int cw_match_sightings(struct cw_app *app, cw_studio_no studio,
                       const struct cw_fingerprint *fp,
                       const struct cw_match_options *options, struct cw_found_list *out,
                       struct cw_err *err)
{
    CW_AUTO(cw_hits_done) struct cw_hits hits = {0};
    struct cw_search_stats stats;
    struct cw_found_list found = {0};
    int rc = find_views(app->registry->sightings, studio, fp, options, &hits, err);
    if (rc == 0) {
        /* The risk of a false match grows with the assets, not with the sightings. */
        cw_search_get_stats(app->registry->assets, &stats);
        found.searched = stats.rows;
        rc = reserve(&found, hits.n, err);
    }
    for (size_t i = 0; i < hits.n && rc == 0; i++) {
        rc = add_sighting(app, studio, fp, &hits.items[i], options->least, &found, err);
    }
    return finish(&found, rc, out);
}

double cw_expected_false(struct cw_app *app, const struct cw_match *m)
{
    const struct cw_evidence evidence = {
        .distance = m->distance,
        .upright = m->turn == CW_TURN_ORIG && !m->inverted,
        .asset_quality = 100,
        .found_quality = 100,
        .asset_self_distance = CW_HASH_BITS,
        .exact_bytes = m->exact_bytes,
    };
    struct cw_search_stats stats;
    struct cw_judgement judgement;
    cw_search_get_stats(app->registry->assets, &stats);
    cw_judge(&evidence, stats.rows, &judgement);
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
    CW_AUTO(cw_buf_done) struct cw_buf words = CW_BUF_INIT(256);
    if (m->exact_bytes) {
        cw_buf_printf(&words, "%s: the very same file", bands[m->band]);
    } else {
        cw_buf_printf(&words, "%s: %u of 256 bits differ", bands[m->band], m->distance);
    }
    cw_buf_printf(&words, "%s%s.", turns[m->turn],
                  m->inverted ? ", light and dark exchanged" : "");
    cw_jw_text(w, cw_buf_view(&words));
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
    cw_jw_kstr(w, "view", cw_view_name(m->view, CW_TURN_ORIG));
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
    for (size_t i = 0; i < l->n; i++) {
        write_found(w, &l->items[i]);
    }
    cw_jw_end_array(w);
}
