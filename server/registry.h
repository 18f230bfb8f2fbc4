/* registry.h - the two search structures kept in step with the store: hashes of
 * registered assets, and hashes of sightings for the lookback of assets that come later.
 *
 * Both are derived from the store's feed: loaded at start, then told of every commit.
 * Write first, publish after, answer last. */
#ifndef CW_SERVER_REGISTRY_H
#define CW_SERVER_REGISTRY_H

#include <stdatomic.h>

#include "index/search.h"
#include "index/store.h"

#define CW_STUDIOS_COUNTED 4096

struct cw_registry {
    struct cw_store *store;   /* borrowed */
    struct cw_search *assets; /* owners are asset numbers */
    struct cw_search *sightings;
    /* Live assets by studio (modulo): a studio's risk of false matches grows with its own
     * assets, and it must not learn of others'. */
    _Atomic uint64_t n_assets[CW_STUDIOS_COUNTED];
};

/* Counts an asset of a studio in (1) or out (-1), and tells how many there are. */
void cw_registry_count(struct cw_registry *r, cw_studio_no studio, int change);
uint64_t cw_registry_assets(const struct cw_registry *r, cw_studio_no studio);

int cw_registry_open(struct cw_store *store, uint64_t max_rows, struct cw_registry **out,
                     struct cw_err *err) CW_CHECKED;
void cw_registry_close(struct cw_registry *r);
/* Reads the whole feed. Cost: about the time of reading it; call once, before requests.
 */
int cw_registry_load(struct cw_registry *r, struct cw_err *err) CW_CHECKED;

/* Tells the search of a commit. Threads: any. */
int cw_registry_publish(struct cw_search *search, cw_studio_no studio, uint64_t owner,
                        const struct cw_hash_row *rows, size_t n,
                        struct cw_err *err) CW_CHECKED;

#endif
