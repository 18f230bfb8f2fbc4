#include "hashing/confidence.h"

#include <math.h>

#include "hashing/pdq.h"

/* Measured: of 885 strangers shown to 934 assets in all turns, one came within 49 bits.
 * For every 8 bits nearer a thousandth of them is left. */
#define MEASURED_ASSETS 934.0
#define MEASURED_DISTANCE 49.0
#define MEASURED_FALSE (1.0 / 885.0)
#define DECADES_PER_BIT (3.0 / 8.0)
/* An upright match is one way to meet by accident; turned and inverted ones are 15 more:
 * log10(16) / DECADES_PER_BIT bits. */
#define UPRIGHT_BITS 3.2
/* More expected false matches than this, and it is only a weak match. */
#define MOST_FALSE (1.0 / 885.0)

/* Greatest distances of each kind of view. Parts of a picture are looked at in more ways
 * than the whole, so they have to agree better for the same rate of false alarms. */
static const struct radii {
    uint8_t strong, possible, weak;
} RADII[CW_VIEW_HASHES] = {
    [CW_VIEW_PDQ] = {CW_RADIUS_STRONG, CW_RADIUS_POSSIBLE, CW_RADIUS_WEAK},
    [CW_VIEW_PDQR] = {31, 40, 44},
    [CW_VIEW_INK] = {36, 44, 46},
    [CW_VIEW_PDQR_RECT] = {24, 36, 42},
    [CW_VIEW_INK_RECT] = {36, 44, 46},
};

/* Least scores of each band for local descriptors (cw_geometry_loc), and how a score
 * grows as telling as a distance: strangers fall by exp(-0.37) for every point of score,
 * which is 0.43 bits of distance (hashing/LOCAL.md, "What a score means"). */
#define SCORE_STRONG 16.0
#define SCORE_POSSIBLE 12.0
#define SCORE_WEAK CW_SCORE_WEAK
#define DECADES_PER_SCORE 0.16

/* True matches per bit of distance beyond the published threshold, for one stranger: half
 * of what is submitted is taken to be copies, of which 10 % lie between 31 and 52. */
#define TRUE_PER_BIT 0.005

/* A symmetric asset resembles its own turns this much or more; it then counts as much
 * further away, so that 14 is the last distance that is still possible. */
#define SYMMETRIC_SELF_DISTANCE 48
#define SYMMETRIC_RADIUS 14

#define LOW_QUALITY_CONFIDENCE 0.5 /* at most, where next to nothing is compared */
#define HIGHEST_CONFIDENCE 0.9999  /* certainty is for identical bytes */

double cw_expected_false_at(double equivalent, uint64_t n_assets)
{
    const double assets = n_assets > 0 ? (double)n_assets : 1.0;
    const double decades = (equivalent - MEASURED_DISTANCE) * DECADES_PER_BIT;
    return MEASURED_FALSE * (assets / MEASURED_ASSETS) * pow(10.0, decades);
}

/* The odds of a copy against a stranger at this very distance: `expected` counts all
 * strangers up to here, its slope those at it. */
static double confidence(double expected)
{
    const double false_per_bit = expected * DECADES_PER_BIT * log(10.0);
    const double p = TRUE_PER_BIT / (TRUE_PER_BIT + false_per_bit);
    return p < HIGHEST_CONFIDENCE ? p : HIGHEST_CONFIDENCE;
}

/* Of a distance within cw_radius_of. */
static enum cw_band band(const struct radii *radii, unsigned distance, double expected)
{
    if (distance > radii->possible || expected > MOST_FALSE) {
        return CW_BAND_WEAK;
    }
    return distance > radii->strong ? CW_BAND_POSSIBLE : CW_BAND_STRONG;
}

/* A hash and local descriptors that agree, neither of them enough by itself: strangers
 * that do both are fewer by a factor of 180, and there may be a structure that does both,
 * so no more than that. */
#define CORROBORATION_BITS 6.0

/* The distance of PDQ that tells as much as this score. */
static double equal_to_score(double score)
{
    return CW_RADIUS_POSSIBLE -
           (score - SCORE_POSSIBLE) * DECADES_PER_SCORE / DECADES_PER_BIT;
}

/* The same for a distance of another kind: each kind's last possible distance is as
 * telling as PDQ's. */
static double equal_to_distance(const struct cw_evidence *e, unsigned distance)
{
    return (double)distance + CW_RADIUS_POSSIBLE - RADII[e->kind].possible -
           (e->upright ? UPRIGHT_BITS : 0);
}

static struct cw_judgement judgement_of(double equivalent, uint64_t n_assets)
{
    const double expected = cw_expected_false_at(equivalent, n_assets);
    return (struct cw_judgement){.confidence = confidence(expected),
                                 .expected_false = expected,
                                 .equivalent = equivalent};
}

static enum cw_band score_band(double score, double expected)
{
    if (score < SCORE_WEAK) {
        return CW_BAND_NONE;
    }
    if (score < SCORE_POSSIBLE || expected > MOST_FALSE) {
        return CW_BAND_WEAK;
    }
    return score < SCORE_STRONG ? CW_BAND_POSSIBLE : CW_BAND_STRONG;
}

/* Local descriptors are where there is something to see, and a figure that is its own
 * mirror image has lost its score already: no gate of the hashes applies. */
static void judge_score(const struct cw_evidence *evidence, uint64_t n_assets,
                        struct cw_judgement *out)
{
    *out = judgement_of(equal_to_score(evidence->score), n_assets);
    out->band = score_band(evidence->score, out->expected_false);
}

uint8_t cw_radius_weak(enum cw_view_kind kind)
{
    return RADII[kind].weak;
}

uint8_t cw_radius_of(enum cw_view_kind kind, bool upright, uint64_t n_assets)
{
    const double assets =
        n_assets > (uint64_t)MEASURED_ASSETS ? (double)n_assets : MEASURED_ASSETS;
    const double turned_pdq = MEASURED_DISTANCE + CORROBORATION_BITS -
                              log10(assets / MEASURED_ASSETS) / DECADES_PER_BIT;
    const double radius = turned_pdq - CW_RADIUS_POSSIBLE + RADII[kind].possible +
                          (upright ? UPRIGHT_BITS : 0);
    return radius > RADII[kind].weak ? RADII[kind].weak
           : radius > 0              ? (uint8_t)radius
                                     : 0;
}

static void judge_distance(const struct cw_evidence *evidence, uint64_t n_assets,
                           struct cw_judgement *out)
{
    const bool symmetric = evidence->asset_self_distance <= SYMMETRIC_SELF_DISTANCE;
    /* The quality is that of the luminance. A drawing too faint for it has an ink map all
     * the same, and where even that is empty there is no ink hash. */
    const bool luma = evidence->kind != CW_VIEW_INK && evidence->kind != CW_VIEW_INK_RECT;
    const bool low_quality = luma && (evidence->asset_quality < CW_QUALITY_WEAK ||
                                      evidence->found_quality < CW_QUALITY_WEAK);
    const struct radii *radii = &RADII[evidence->kind];
    const unsigned shift = symmetric ? (unsigned)radii->possible - SYMMETRIC_RADIUS : 0;
    const unsigned distance = evidence->distance + shift;
    struct cw_judgement j = judgement_of(equal_to_distance(evidence, distance), n_assets);
    j.band = distance > cw_radius_of(evidence->kind, evidence->upright, n_assets)
                 ? CW_BAND_NONE
                 : band(radii, distance, j.expected_false);
    if (symmetric && evidence->distance > SYMMETRIC_RADIUS) {
        j.band = CW_BAND_NONE;
    }
    /* A box or a cross is a part of very many pictures. */
    if (low_quality || (evidence->asset_plain && evidence->part)) {
        j.band = j.band > CW_BAND_WEAK ? CW_BAND_WEAK : j.band;
        j.confidence *= LOW_QUALITY_CONFIDENCE;
    }
    *out = j;
}

void cw_judge(const struct cw_evidence *evidence, uint64_t n_assets,
              struct cw_judgement *out)
{
    if (evidence->exact_bytes) {
        *out = (struct cw_judgement){
            .band = CW_BAND_STRONG, .confidence = 1.0, .equivalent = CW_EQUIVALENT_EXACT};
    } else if (evidence->kind == CW_VIEW_LOCAL) {
        judge_score(evidence, n_assets, out);
    } else {
        judge_distance(evidence, n_assets, out);
    }
}

void cw_judge_together(const struct cw_evidence *hash, const struct cw_evidence *local,
                       uint64_t n_assets, struct cw_judgement *out)
{
    const double by_hash = equal_to_distance(hash, hash->distance);
    const double by_score = equal_to_score(local->score);
    *out = (struct cw_judgement){.band = CW_BAND_NONE};
    if (hash->distance > RADII[hash->kind].weak || local->score < SCORE_WEAK) {
        return;
    }
    *out = judgement_of((by_hash < by_score ? by_hash : by_score) - CORROBORATION_BITS,
                        n_assets);
    out->band = out->expected_false <= MOST_FALSE ? CW_BAND_POSSIBLE : CW_BAND_WEAK;
}

bool cw_fingerprint_is_plain(const struct cw_fingerprint *fp)
{
    return fp->recipe >= CW_RECIPE_VIEWS && fp->n_local == 0;
}

unsigned cw_fingerprint_self_distance(const struct cw_fingerprint *fp)
{
    unsigned least = CW_HASH_BITS;
    const struct cw_view *upright = cw_fingerprint_view(fp, CW_VIEW_PDQ, CW_TURN_ORIG);
    for (unsigned turn = CW_TURN_ROT90; upright != NULL && turn < CW_TURN_COUNT; turn++) {
        const struct cw_view *view =
            cw_fingerprint_view(fp, CW_VIEW_PDQ, (enum cw_turn)turn);
        const struct cw_hash turned =
            view != NULL ? view->hash
                         : cw_pdq_turn_bits(&upright->hash, (enum cw_turn)turn);
        const unsigned distance = cw_hash_distance(&upright->hash, &turned);
        least = distance < least ? distance : least;
    }
    return least;
}
