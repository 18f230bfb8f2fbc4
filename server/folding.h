/* folding.h - matches with near-identical frames of one run are one match: with the frame
 * that is nearest, and the run it belongs to. */
#ifndef CW_SERVER_FOLDING_H
#define CW_SERVER_FOLDING_H

#include "server/matching.h"

/* Keeps one match a run. A match by local descriptors, which only the keyframe has in the
 * search, is given to the frame whose own descriptors lie best.
 *
 * list  matches of one found picture with assets, best first; stays so
 * Cost  up to CW_RUNS_FRAMES_SHOWN full comparisons for a match by local descriptors */
int cw_fold_runs(struct cw_app *app, cw_studio_no studio, const struct cw_fingerprint *fp,
                 struct cw_found_list *list, struct cw_err *err) CW_CHECKED;
/* The run of an asset as it is now. */
int cw_read_run(struct cw_app *app, cw_studio_no studio, cw_asset_no asset,
                struct cw_run_note *out, struct cw_err *err) CW_CHECKED;

#endif
