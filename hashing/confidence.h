/* confidence.h - what a distance between two fingerprints means: pure
 * functions of numbers. Where the numbers come from is in hashing/RECIPES.md, "What a
 * distance means". */
#ifndef CW_HASHING_CONFIDENCE_H
#define CW_HASHING_CONFIDENCE_H

#include "hashing/fingerprint.h"

/* Greatest distance of each band for the PDQ view, in bits of 256; what is above WEAK is
 * not a match. Other kinds of view have radii of their own: cw_radius_of. */
#define CW_RADIUS_STRONG 36
#define CW_RADIUS_POSSIBLE 48
#define CW_RADIUS_WEAK 52
/* Least score of local descriptors that is still a match. */
#define CW_SCORE_WEAK 8.0

/* Ordered: a greater band says more. Stored: never renumber. */
enum cw_band {
    CW_BAND_NONE = 0,
    CW_BAND_WEAK = 1,     /* for the curious; raises no alarm */
    CW_BAND_POSSIBLE = 2, /* worth a reviewer's look */
    CW_BAND_STRONG = 3,   /* no false one in the measured corpora */
};

struct cw_evidence {
    uint8_t kind;          /* enum cw_view_kind; a rectangle if either side is one */
    unsigned distance;     /* of the best pair of views, 0..256; not of CW_VIEW_LOCAL */
    double score;          /* of CW_VIEW_LOCAL only: cw_geometry_loc */
    bool upright;          /* that pair was neither turned nor inverted */
    uint8_t asset_quality; /* of the registered picture, 0..100 */
    uint8_t found_quality; /* of the picture that was found */
    unsigned asset_self_distance; /* cw_fingerprint_self_distance of the registered one */
    bool asset_plain;             /* it has next to no detail: cw_fingerprint_is_plain */
    bool part;        /* a part of either picture is compared, not both whole */
    bool exact_bytes; /* both have the same SHA-256 */
};

struct cw_judgement {
    enum cw_band band;
    double confidence;     /* 0..1; falls as the distance grows or the score falls */
    double expected_false; /* strangers that come this near in one look at the registry */
    double equivalent;     /* the distance of a turned PDQ match that tells as much */
};

/* Identical bytes. */
#define CW_EQUIVALENT_EXACT (-256.0)

/* Strangers that come as near as that in a registry of n_assets pictures. */
double cw_expected_false_at(double equivalent, uint64_t n_assets);

/* Judges one match in a registry of n_assets pictures. Threads pure. */
void cw_judge(const struct cw_evidence *evidence, uint64_t n_assets,
              struct cw_judgement *out);

/* Judges a hash within its weak radius and local descriptors of a weak score together:
 * they bear each other out, and make a possible match even where a gate holds for the
 * hash alone. Band none if either is less. Threads pure. */
void cw_judge_together(const struct cw_evidence *hash, const struct cw_evidence *local,
                       uint64_t n_assets, struct cw_judgement *out);

/* The greatest distance that can still be a match of that kind in a registry of n_assets
 * pictures: how far to search. The larger the registry, the nearer strangers come: beyond
 * it no more than a weak match could be made of a hash, even together with descriptors
 * that tell as much, and strangers would outnumber copies. upright as in the evidence. */
uint8_t cw_radius_of(enum cw_view_kind kind, bool upright, uint64_t n_assets);
/* The same for the smallest registry. */
uint8_t cw_radius_weak(enum cw_view_kind kind);

/* True for a fingerprint that could have local descriptors and has none: a box, a cross,
 * a line or two. */
bool cw_fingerprint_is_plain(const struct cw_fingerprint *fp);

/* The least distance of the upright PDQ view to its own seven turns: small for discs,
 * rings and checkerboards, which look like every other disc. 256 without a PDQ view. */
unsigned cw_fingerprint_self_distance(const struct cw_fingerprint *fp);

#endif
