/* matching.h - the matching policy: which registered assets a found picture is a copy of,
 * and which past sightings show a new asset.
 *
 * The turned views of the side that asks are searched among the upright views of the
 * other side, each also for its complement; what is near is judged by
 * hashing/confidence.h. */
#ifndef CW_SERVER_MATCHING_H
#define CW_SERVER_MATCHING_H

#include "hashing/confidence.h"
#include "hashing/fingerprint.h"
#include "server/app.h"

#define CW_MATCHES_MAX 1000  /* of one picture; the best are kept */
#define CW_MATCHES_SHOWN 100 /* in one answer for one picture; incidents list all */
#define CW_MATCHES_ALL 20    /* shown when `least` is CW_BAND_NONE */
/* Of a batch of bare hashes, which is answered without a policy: the published PDQ
 * threshold if the request names no radius, and the largest it may name. */
#define CW_BATCH_RADIUS 31
#define CW_BATCH_RADIUS_MOST 64

/* The run of near-identical frames that an asset belongs to (server/runs.h). */
struct cw_run_note {
    uint32_t frames;                /* 1 = no other */
    char keyframe[CW_ASSET_ID_CAP]; /* id of the one that stands for all; "" if alone */
};

/* One match with what people want to see of it. */
struct cw_found {
    struct cw_match match;
    struct cw_run_note run;
    cw_asset_no keyframe;  /* of that run */
    struct cw_asset asset; /* no fingerprint; empty in a lookback */
    double expected_false; /* alarms of this strength by chance, per query of this
                              registry */
};

struct cw_found_list {
    size_t n, cap;
    struct cw_found *items; /* owned; best first */
    uint64_t searched;      /* assets that were compared */
};
void cw_found_list_done(struct cw_found_list *l);
void cw_found_list_sort(struct cw_found_list *l); /* best first */

/* A position in the order of publication. */
struct cw_match_mark {
    uint64_t rows, local;
};

/* Which assets are wanted; all zero = all. Looked at after the search. */
struct cw_match_filter {
    const char *collection; /* only of this one; NULL = of any */
    bool embargoed;         /* only those that may not be seen yet: by their own date, or
                               that of their collection if they have none */
};

struct cw_match_options {
    enum cw_band least;               /* matches of a lower band are left out */
    bool fast;                        /* by hashes alone */
    struct cw_match_filter filter;    /* of assets */
    const struct cw_match_mark *late; /* hashes published before are left out, and local
                                         descriptors unless some came since; NULL = all */
};

/* Now, for a look at what comes later: taken before a search, it tells what that search
 * cannot have seen. */
struct cw_match_mark cw_match_mark_assets(struct cw_app *app);
struct cw_match_mark cw_match_mark_sightings(struct cw_app *app);

/* Registered assets that the picture shows, one of each run of near-identical frames.
 * out  from empty; ended by the caller. Cost: one search and one read per hit */
int cw_match_assets(struct cw_app *app, cw_studio_no studio,
                    const struct cw_fingerprint *fp,
                    const struct cw_match_options *options, struct cw_found_list *out,
                    struct cw_err *err) CW_CHECKED;
/* Sightings that show the asset: match.asset stays 0, match.lookback is set. */
int cw_match_sightings(struct cw_app *app, cw_studio_no studio,
                       const struct cw_fingerprint *fp,
                       const struct cw_match_options *options, struct cw_found_list *out,
                       struct cw_err *err) CW_CHECKED;

/* A recorded sighting and its fingerprint, with its local descriptors if they are kept.
 * out->fingerprint is empty; *out_fp is ended by the caller. */
int cw_read_sighting(struct cw_app *app, cw_studio_no studio, cw_sighting_no no,
                     struct cw_sighting *out, struct cw_fingerprint *out_fp,
                     struct cw_err *err) CW_CHECKED;

/* Alarms as strong as a recorded match that chance gives in the registry of today. */
double cw_expected_false(struct cw_app *app, cw_studio_no studio,
                         const struct cw_match *m);

/* The rows of a fingerprint that the search keeps: its upright views. */
size_t cw_search_rows(const struct cw_fingerprint *fp,
                      struct cw_hash_row out[CW_ROWS_PER_RECORD]);
/* Best band of a list, CW_BAND_NONE if it is empty. */
enum cw_band cw_best_band(const struct cw_found_list *l);

/* "none", "possible" or "strong": what a verdict key learns. */
const char *cw_verdict(enum cw_band best);

#endif
