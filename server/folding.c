#include "server/folding.h"

#include <string.h>

#include "hashing/compare.h"
#include "server/placing.h"
#include "server/registry.h"

/* Matches by local descriptors whose nearest frame is looked for: each takes a comparison
 * with every frame that is handed out. */
#define SEARCHED_RUNS 3

int cw_read_run(struct cw_app *app, cw_studio_no studio, cw_asset_no asset,
                struct cw_run_note *out, struct cw_err *err)
{
    struct cw_run_view run;
    struct cw_asset keyframe;
    cw_runs_view(app->registry->runs, asset, &run);
    *out = (struct cw_run_note){.frames = run.n_frames};
    if (run.n_frames > 1) {
        CW_TRY(cw_store_get_asset_no(app->store, studio, run.keyframe, &keyframe, NULL,
                                     err));
        memcpy(out->keyframe, keyframe.id, sizeof out->keyframe);
    }
    return 0;
}

/* Gives the match to another frame of the run if the picture lies better on that. */
static int try_frame(struct cw_app *app, cw_studio_no studio,
                     const struct cw_fingerprint *fp, cw_asset_no no,
                     struct cw_found *best, double *best_loc, struct cw_err *err)
{
    struct cw_asset asset;
    struct cw_comparison c;
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint frame = {0};
    CW_AUTO(cw_buf_done) struct cw_buf bytes = CW_BUF_INIT(CW_FP_MAX_BYTES);
    CW_TRY(cw_store_get_asset_no(app->store, studio, no, &asset, &bytes, err));
    CW_TRY(cw_fingerprint_decode(asset.fingerprint, &frame, err));
    CW_TRY(cw_compare_local(fp, &frame, &c, err));
    if (c.loc > *best_loc) {
        *best_loc = c.loc;
        asset.fingerprint = cw_bytes_of(NULL, 0); /* `bytes` ends here */
        best->asset = asset;
        best->match.asset = no;
        best->match.score = (uint16_t)(c.loc * CW_MATCH_ONE);
        cw_place_local(&best->match, &c.placed, fp, &frame);
    }
    return 0;
}

static int find_nearest(struct cw_app *app, cw_studio_no studio,
                        const struct cw_fingerprint *fp, const struct cw_run_view *run,
                        struct cw_found *f, struct cw_err *err)
{
    double loc = (double)f->match.score / CW_MATCH_ONE;
    for (size_t i = 0; i < run->n; i++) {
        if (run->frames[i] != f->match.asset) {
            CW_TRY(try_frame(app, studio, fp, run->frames[i], f, &loc, err));
        }
    }
    return 0;
}

/* True if a better match of the same run is among the first n. */
static bool is_told(const struct cw_found_list *l, size_t n, cw_asset_no keyframe)
{
    for (size_t i = 0; i < n; i++) {
        if (l->items[i].keyframe == keyframe) {
            return true;
        }
    }
    return false;
}

int cw_fold_runs(struct cw_app *app, cw_studio_no studio, const struct cw_fingerprint *fp,
                 struct cw_found_list *list, struct cw_err *err)
{
    unsigned searched = 0;
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        struct cw_found *f = &list->items[i];
        struct cw_run_view run;
        cw_runs_view(app->registry->runs, f->match.asset, &run);
        if (run.n_frames > 1 && is_told(list, n, run.keyframe)) {
            continue;
        }
        if (run.n_frames > 1 && f->match.view == CW_VIEW_LOCAL &&
            searched++ < SEARCHED_RUNS) {
            CW_TRY(find_nearest(app, studio, fp, &run, f, err));
        }
        f->keyframe = run.keyframe;
        CW_TRY(cw_read_run(app, studio, f->match.asset, &f->run, err));
        list->items[n++] = *f;
    }
    list->n = n;
    return 0;
}
