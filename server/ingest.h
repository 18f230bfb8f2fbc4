/* ingest.h - the two walks that write: registering assets and recording sightings.
 *
 * Each searches the other side first, writes record, matches, incidents and events in one
 * transaction, publishes its hashes, then looks once more at what the other side
 * published meanwhile: whoever publishes last sees the other, so a race of the two misses
 * nothing. */
#ifndef CW_SERVER_INGEST_H
#define CW_SERVER_INGEST_H

#include "server/matching.h"

/* One asset to be registered. */
struct cw_asset_in {
    char id[CW_ASSET_ID_CAP];
    uint8_t kind;
    uint64_t embargo_until_us;
    struct cw_fingerprint fp; /* owned by whoever fills it */
};

/* Registers n assets of one collection together.
 *
 * replace  an id with other content gets a new version, else its result is CW_E_CONFLICT
 * out      n results */
int cw_ingest_assets(struct cw_app *app, const struct cw_key_record *who,
                     const char *collection, const struct cw_asset_in *in, size_t n,
                     bool replace, struct cw_registered *out,
                     struct cw_err *err) CW_CHECKED;

/* One sighting to be recorded: `sighting` without number, host, times of receipt, actor
 * and fingerprint, which are filled here. */
struct cw_sighting_in {
    struct cw_sighting sighting;
    struct cw_fingerprint fp; /* owned by whoever fills it */
    bool fast;                /* match by hashes alone */
};

int cw_ingest_sightings(struct cw_app *app, const struct cw_key_record *who,
                        const struct cw_sighting_in *in, size_t n,
                        struct cw_recorded *out, struct cw_err *err) CW_CHECKED;

/* Repeats the last look for the sightings of the last minute before the service stopped:
 * a crash between a commit and that look loses no match. Call at start, once loaded. */
int cw_ingest_recheck(struct cw_app *app, struct cw_err *err) CW_CHECKED;
/* The same for all sightings after these heads of their feed. Threads: beside requests */
int cw_ingest_recheck_since(struct cw_app *app, const uint64_t after[CW_SLOTS],
                            struct cw_err *err) CW_CHECKED;

#endif
