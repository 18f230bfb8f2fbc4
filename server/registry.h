/* registry.h - what is searched, kept in step with the store: hashes and local
 * descriptors of registered assets, and those of sightings for the lookback of assets
 * that come later.
 *
 * Both are derived from the store's feed: loaded at start, then told of every commit.
 * Write first, publish after, answer last. */
#ifndef CW_SERVER_REGISTRY_H
#define CW_SERVER_REGISTRY_H

#include <stdatomic.h>

#include "index/search.h"
#include "server/locals.h"
#include "server/runs.h"

#define CW_STUDIOS_COUNTED 4096

struct cw_registry {
    struct cw_store *store;   /* borrowed */
    struct cw_search *assets; /* owners are asset numbers */
    struct cw_search *sightings;
    struct cw_locals *locals;
    struct cw_runs *runs;
    /* Live assets by studio (modulo): a studio's risk of false matches grows with its own
     * assets, and it must not learn of others'. */
    _Atomic uint64_t n_assets[CW_STUDIOS_COUNTED];
    _Atomic uint64_t by_recipe[CW_RECIPES + 1]; /* live assets, of all studios */
};

struct cw_registry_options {
    uint64_t max_rows; /* of each search structure of hashes */
    struct cw_locals_options locals;
};
/* 200 million rows; 300 descriptors an asset, 1 GiB of those of sightings. */
extern const struct cw_registry_options CW_REGISTRY_DEFAULTS;

/* How many live assets a studio has. */
uint64_t cw_registry_assets(const struct cw_registry *r, cw_studio_no studio);

int cw_registry_open(struct cw_store *store, const struct cw_registry_options *options,
                     struct cw_registry **out, struct cw_err *err) CW_CHECKED;
void cw_registry_close(struct cw_registry *r);
/* Reads the whole feed, then the fingerprints of live assets for their descriptors. Call
 * once, before requests. Cost: reading it, and 0.5 ms for an asset of 300 descriptors */
int cw_registry_load(struct cw_registry *r, struct cw_err *err) CW_CHECKED;

/* What was committed: an asset version or a sighting. */
struct cw_published {
    cw_studio_no studio;
    uint64_t no;
    const struct cw_hash_row *rows;
    size_t n_rows;
    const struct cw_fingerprint *fp;
    const char *collection; /* of an asset */
};
/* Tell the searches of a commit. Threads: any. */
int cw_registry_publish_asset(struct cw_registry *r, const struct cw_published *p,
                              struct cw_err *err) CW_CHECKED;
int cw_registry_publish_sighting(struct cw_registry *r, const struct cw_published *p,
                                 struct cw_err *err) CW_CHECKED;
/* Takes a version out of the searches; one that was never published is fine. */
int cw_registry_hide(struct cw_registry *r, cw_studio_no studio, cw_asset_no no,
                     struct cw_err *err) CW_CHECKED;
/* The same for one that was replaced or retired by a commit: it also leaves the counts.
 */
int cw_registry_withdraw(struct cw_registry *r, cw_studio_no studio, cw_asset_no no,
                         struct cw_err *err) CW_CHECKED;

#endif
