#include "server/lane.h"

#include "hashing/confidence.h"
#include "server/app.h"
#include "server/matching.h"
#include "server/registry.h"

#define BARE_HASH_BYTES 1024 /* a JSON body of that much holds {"pdq"} and no more: */
#define BARE_HASHES 16       /* its eight turns, and each of them inverted */

/* Of a batch of hashes; of the largest radius if that of the request is not understood,
 * which is said later. */
static uint64_t cost_of_batch(const struct cw_app *app, const struct cw_request *r,
                              size_t n_hashes)
{
    struct cw_refusal why;
    uint64_t radius;
    if (cw_request_number(r, "radius", 0, CW_BATCH_RADIUS_MOST, CW_BATCH_RADIUS, &radius,
                          &why) != 0) {
        radius = CW_BATCH_RADIUS_MOST;
    }
    return cw_search_cost_us(app->registry->assets, CW_VIEW_PDQ, (unsigned)radius,
                             n_hashes);
}

static uint64_t cost_of_bare(const struct cw_app *app, const struct cw_request *r)
{
    const uint64_t n_assets = cw_registry_assets(app->registry, r->key.studio);
    return cw_search_cost_us(app->registry->assets, CW_VIEW_PDQ,
                             cw_radius_of(CW_VIEW_PDQ, false, n_assets), BARE_HASHES);
}

enum cw_lane cw_lane_of(const struct cw_app *app, const struct cw_request *r,
                        uint64_t length)
{
    const enum cw_lane lane = r->route->lane;
    if (r->body_kind == CW_BODY_PICTURE ||
        (lane == CW_LANE_SEARCH && r->body_kind == CW_BODY_JSON &&
         length > BARE_HASH_BYTES)) {
        return CW_LANE_WORK;
    }
    if (lane != CW_LANE_SEARCH) {
        return lane;
    }
    const uint64_t us = r->body_kind == CW_BODY_HASHES
                            ? cost_of_batch(app, r, length / CW_HASH_BYTES)
                            : cost_of_bare(app, r);
    return us <= app->conf->inline_us ? CW_LANE_INLINE : CW_LANE_WORK;
}
