/* geometry.h - do the resembling patches of two pictures lie as one drawing would put
 * them?
 *
 * Descriptors resemble each other by chance; that many of them also agree on one place,
 * size and turn does not happen by chance. */
#ifndef CW_HASHING_GEOMETRY_H
#define CW_HASHING_GEOMETRY_H

#include <stdbool.h>
#include <stddef.h>

#include "hashing/local.h"

#define CW_GEOMETRY_MAX_MATCHES 1024 /* the nearest this many are looked at */
#define CW_GEOMETRY_REGION 16        /* corners of the region, at most */
/* Fewer matches are not worth a look. */
#define CW_GEOMETRY_LEAST_MATCHES 3

struct cw_geometry_pair {
    const struct cw_local *query; /* of the found picture */
    size_t n_query;               /* up to CW_FP_MAX_LOCAL */
    struct cw_frame query_frame;
    struct cw_frame asset_frame;
    const struct cw_local_match *matches;
    size_t n_matches;
    /* The asset's descriptors, which tell what is distinct; NULL if not at hand. */
    const struct cw_local *asset;
    size_t n_asset;
};

/* As shares of the found picture's width and height; outside 0..1 is outside of it. */
struct cw_point {
    double x, y;
};

struct cw_geometry {
    double score;     /* sum over the inliers of 1 .. 2, the nearer the more */
    double distinct;  /* the same, inliers on patches that resemble each other counting as
                       * one; equal to score without the asset's descriptors */
    unsigned inliers; /* one for each patch of the found picture and field of the asset */
    bool mirrored;
    /* asset x = map[0] x + map[1] y + map[2], asset y = map[3] x + map[4] y + map[5],
     * from the found picture, both in units of the longer side of their picture. */
    double map[6];
    struct cw_point frame[4]; /* where the asset's corners lie, clockwise from top left */
    size_t n_region;
    struct cw_point region[CW_GEOMETRY_REGION]; /* convex; spans the inliers */
};

/* Finds the placement of the asset in the found picture that explains most matches.
 *
 * mirrored  the matches come from a mirrored lookup: the found picture is mirrored left
 *           to right before it is placed
 * out       all zero if there is no placement
 * Returns   true if there is one (three inliers or more). Matches that name a descriptor
 *           beyond n_query or n_asset are left out; frames without a side have none
 * Threads   pure
 * Cost      at most 33 passes over CW_GEOMETRY_MAX_MATCHES; 0.01 ms for 50 matches;
 *           about 100 KB of stack
 * Source    hashing/LOCAL.md */
bool cw_geometry_place(const struct cw_geometry_pair *pair, bool mirrored,
                       struct cw_geometry *out);

/* One figure from the scores (or what is distinct of them) of both lookups. Circles, and
 * ornaments that are their own mirror image, fit both ways and prove little. */
double cw_geometry_loc(double direct, double mirrored);

#endif
