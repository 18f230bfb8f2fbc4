/* registry.h - what is searched, kept in step with the store: hashes and local
 * descriptors of registered assets, and those of sightings for the lookback of assets
 * that come later.
 *
 * Both are derived from the store's feed: loaded at start, then told of every commit.
 * Write first, publish after, answer last. They are saved now and then
 * (server/checkpoint.h), and only what came later is derived again. */
#ifndef CW_SERVER_REGISTRY_H
#define CW_SERVER_REGISTRY_H

#include <pthread.h>
#include <stdatomic.h>

#include "index/saved.h"
#include "index/search.h"
#include "server/locals.h"
#include "server/runs.h"
#include "server/settling.h"

#define CW_STUDIOS_COUNTED 4096

struct cw_registry_options {
    uint64_t max_rows; /* of each search structure of hashes */
    struct cw_locals_options locals;
    size_t derive_at_once; /* assets, at most, before a load ends */
};
/* 200 million rows; 300 descriptors an asset, 1 GiB of those of sightings; 1,000 assets
 * at once. */
extern const struct cw_registry_options CW_REGISTRY_DEFAULTS;

struct cw_conf;
struct cw_registry_options cw_registry_options_of(const struct cw_conf *conf);

/* An asset version. */
struct cw_version {
    cw_asset_no no; /* 0 = retired since */
    cw_studio_no studio;
};

struct cw_registry {
    struct cw_registry_options options;
    struct cw_store *store;   /* borrowed */
    struct cw_search *assets; /* owners are asset numbers */
    struct cw_search *sightings;
    struct cw_locals *locals;
    struct cw_runs *runs;
    struct cw_settling *settling; /* of both hash searches, once they are loaded */
    /* Live assets by studio (modulo): a studio's risk of false matches grows with its own
     * assets, and it must not learn of others'. */
    _Atomic uint64_t n_assets[CW_STUDIOS_COUNTED];
    _Atomic uint64_t by_recipe[CW_RECIPES + 1]; /* live assets, of all studios */
    /* Held for reading from before a commit until it is published, for writing while it
     * is noted what is to be saved: so that is what was committed, no more and no less.
     */
    pthread_rwlock_t steady;
    /* Assets whose hashes are searched already, and whose descriptors are still to be
     * derived (cw_registry_derive). */
    struct {
        pthread_mutex_t lock; /* guards what follows; held while one is derived */
        size_t n, next;
        struct cw_version *items; /* by number; owned */
        atomic_size_t left;
    } pending;
};

/* How many live assets a studio has. */
uint64_t cw_registry_assets(const struct cw_registry *r, cw_studio_no studio);

int cw_registry_open(struct cw_store *store, const struct cw_registry_options *options,
                     struct cw_registry **out, struct cw_err *err) CW_CHECKED;
void cw_registry_close(struct cw_registry *r);
/* Empties it. No other call may be under way. */
int cw_registry_clear(struct cw_registry *r, struct cw_err *err) CW_CHECKED;
/* Reads what is saved, the whole feed, and the fingerprints of those live assets that are
 * not among what is saved, for their descriptors. Call once, before requests;
 * from then on a thread settles the hash searches.
 *
 * saved  NULL if nothing is kept; what is damaged, stale or of another format in it is
 *        passed over, and the log says why
 * Cost   1 s a GB of what is saved; reading the rest of the feed, and 0.5 ms for an asset
 *        of 300 descriptors in it. If these are more than options.derive_at_once they are
 *        left to cw_registry_derive, and only hashes are searched until then */
int cw_registry_load(struct cw_registry *r, struct cw_saved *saved,
                     struct cw_err *err) CW_CHECKED;
/* Assets whose descriptors are not searched yet. Threads: any */
size_t cw_registry_pending(struct cw_registry *r);
/* Derives the descriptors of at most so many of them, oldest first.
 * Threads  one, beside everything else. Cost: 0.5 ms each */
int cw_registry_derive(struct cw_registry *r, size_t most, struct cw_err *err) CW_CHECKED;

/* Around a commit and the telling of it. Threads: any number at once, not nested */
void cw_registry_begin_change(struct cw_registry *r);
void cw_registry_end_change(struct cw_registry *r);

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
