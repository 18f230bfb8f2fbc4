#include "index/store_failing.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "index/store_engine.h"

struct failing_store {
    struct cw_store base;
    struct cw_store *inner; /* owned */
    pthread_mutex_t lock;   /* guards: fault, seen */
    struct cw_store_fault fault;
    uint64_t seen; /* calls of the verb so far */
};

static struct failing_store *failing_of(struct cw_store *s)
{
    return (struct failing_store *)s;
}

static struct cw_store *inner_of(struct cw_store *s)
{
    return failing_of(s)->inner;
}

/* Counts a call and says how it is to fail: a zeroed fault if not at all. */
static struct cw_store_fault take_fault(struct cw_store *s, const char *verb)
{
    struct failing_store *f = failing_of(s);
    struct cw_store_fault fault = {0};
    pthread_mutex_lock(&f->lock);
    if (f->fault.code != 0 &&
        (f->fault.verb == NULL || strcmp(f->fault.verb, verb) == 0)) {
        f->seen++;
        if (f->seen >= f->fault.nth &&
            (f->fault.times == 0 || f->seen < f->fault.nth + f->fault.times)) {
            fault = f->fault;
        }
    }
    pthread_mutex_unlock(&f->lock);
    return fault;
}

/* The body of every verb: fail before the call, or make it and deny its success. */
#define WITH_FAULT(s, verb, call)                                                        \
    do {                                                                                 \
        const struct cw_store_fault fault_ = take_fault((s), (verb));                    \
        if (fault_.code != 0 && !fault_.after) {                                         \
            return cw_fail(err, fault_.code, "%s fails as asked", (verb));               \
        }                                                                                \
        const int rc_ = (call);                                                          \
        if (rc_ == 0 && fault_.code != 0) {                                              \
            return cw_fail(err, fault_.code, "%s was done, but is said to fail",         \
                           (verb));                                                      \
        }                                                                                \
        return rc_;                                                                      \
    } while (0)

static void failing_close(struct cw_store *s)
{
    struct failing_store *f = failing_of(s);
    cw_store_close(f->inner);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

static void failing_on_commit(struct cw_store *s, void (*fn)(void *ctx, uint64_t seq),
                              void *ctx)
{
    cw_store_on_commit(inner_of(s), fn, ctx);
}

static int failing_secret(struct cw_store *s, uint8_t out[32], struct cw_err *err)
{
    WITH_FAULT(s, "secret", cw_store_secret(inner_of(s), out, err));
}

static int failing_audit_seed(struct cw_store *s, uint8_t out[32], struct cw_err *err)
{
    WITH_FAULT(s, "audit_seed", cw_store_audit_seed(inner_of(s), out, err));
}

static int failing_studio(struct cw_store *s, const char *name, bool create,
                          cw_studio_no *out, struct cw_err *err)
{
    WITH_FAULT(s, "studio", cw_store_studio(inner_of(s), name, create, out, err));
}

static int failing_put_key(struct cw_store *s, const struct cw_key_record *key,
                           const uint8_t actor[CW_KEY_ID_BYTES], struct cw_err *err)
{
    WITH_FAULT(s, "put_key", cw_store_put_key(inner_of(s), key, actor, err));
}

static int failing_get_key(struct cw_store *s, const uint8_t id[CW_KEY_ID_BYTES],
                           struct cw_key_record *out, struct cw_err *err)
{
    WITH_FAULT(s, "get_key", cw_store_get_key(inner_of(s), id, out, err));
}

static int failing_revoke_key(struct cw_store *s, cw_studio_no studio,
                              const uint8_t id[CW_KEY_ID_BYTES], uint64_t at_us,
                              const uint8_t actor[CW_KEY_ID_BYTES], struct cw_err *err)
{
    WITH_FAULT(s, "revoke_key",
               cw_store_revoke_key(inner_of(s), studio, id, at_us, actor, err));
}

static int failing_list_keys(struct cw_store *s, cw_studio_no studio, cw_key_fn *fn,
                             void *ctx, struct cw_err *err)
{
    WITH_FAULT(s, "list_keys", cw_store_list_keys(inner_of(s), studio, fn, ctx, err));
}

static int failing_put_collection(struct cw_store *s, const struct cw_collection *c,
                                  const uint8_t actor[CW_KEY_ID_BYTES], bool *out_created,
                                  struct cw_err *err)
{
    WITH_FAULT(s, "put_collection",
               cw_store_put_collection(inner_of(s), c, actor, out_created, err));
}

static int failing_get_collection(struct cw_store *s, cw_studio_no studio,
                                  const char *name, struct cw_collection *out,
                                  struct cw_err *err)
{
    WITH_FAULT(s, "get_collection",
               cw_store_get_collection(inner_of(s), studio, name, out, err));
}

static int failing_list_collections(struct cw_store *s, cw_studio_no studio,
                                    const char *after, cw_collection_fn *fn, void *ctx,
                                    struct cw_err *err)
{
    WITH_FAULT(s, "list_collections",
               cw_store_list_collections(inner_of(s), studio, after, fn, ctx, err));
}

static int failing_register_assets(struct cw_store *s,
                                   const struct cw_registration *items, size_t n,
                                   const uint8_t actor[CW_KEY_ID_BYTES],
                                   struct cw_registered *out, struct cw_err *err)
{
    WITH_FAULT(s, "register", cw_store_register(inner_of(s), items, n, actor, out, err));
}

static int failing_retire(struct cw_store *s, cw_studio_no studio, const char *collection,
                          const char *id, uint64_t at_us,
                          const uint8_t actor[CW_KEY_ID_BYTES], cw_asset_no *out_no,
                          struct cw_err *err)
{
    WITH_FAULT(
        s, "retire",
        cw_store_retire(inner_of(s), studio, collection, id, at_us, actor, out_no, err));
}

static int failing_get_asset(struct cw_store *s, cw_studio_no studio,
                             const char *collection, const char *id, struct cw_asset *out,
                             struct cw_buf *fp, struct cw_err *err)
{
    WITH_FAULT(s, "get_asset",
               cw_store_get_asset(inner_of(s), studio, collection, id, out, fp, err));
}

static int failing_get_asset_no(struct cw_store *s, cw_studio_no studio, cw_asset_no no,
                                struct cw_asset *out, struct cw_buf *fp,
                                struct cw_err *err)
{
    WITH_FAULT(s, "get_asset_no",
               cw_store_get_asset_no(inner_of(s), studio, no, out, fp, err));
}

static int failing_list_assets(struct cw_store *s, cw_studio_no studio,
                               const char *collection, const char *after, cw_asset_fn *fn,
                               void *ctx, struct cw_err *err)
{
    WITH_FAULT(
        s, "list_assets",
        cw_store_list_assets(inner_of(s), studio, collection, after, fn, ctx, err));
}

static int failing_record_sightings(struct cw_store *s,
                                    const struct cw_new_sighting *items, size_t n,
                                    struct cw_recorded *out, struct cw_err *err)
{
    WITH_FAULT(s, "record_sightings",
               cw_store_record_sightings(inner_of(s), items, n, out, err));
}

static int failing_record_matches(struct cw_store *s, cw_studio_no studio,
                                  const struct cw_match *matches, size_t n,
                                  struct cw_err *err)
{
    WITH_FAULT(s, "record_matches",
               cw_store_record_matches(inner_of(s), studio, matches, n, err));
}

static int failing_get_sighting(struct cw_store *s, cw_studio_no studio,
                                const uint8_t id[CW_SIGHTING_ID_BYTES],
                                struct cw_sighting *out, struct cw_buf *fp,
                                struct cw_err *err)
{
    WITH_FAULT(s, "get_sighting",
               cw_store_get_sighting(inner_of(s), studio, id, out, fp, err));
}

static int failing_get_sighting_no(struct cw_store *s, cw_studio_no studio,
                                   cw_sighting_no no, struct cw_sighting *out,
                                   struct cw_buf *fp, struct cw_err *err)
{
    WITH_FAULT(s, "get_sighting_no",
               cw_store_get_sighting_no(inner_of(s), studio, no, out, fp, err));
}

static int failing_get_sighting_local(struct cw_store *s, cw_studio_no studio,
                                      cw_sighting_no no, struct cw_buf *out,
                                      struct cw_err *err)
{
    WITH_FAULT(s, "get_sighting_local",
               cw_store_get_sighting_local(inner_of(s), studio, no, out, err));
}

static int failing_list_sighting_local(struct cw_store *s, cw_sighting_no after,
                                       cw_sighting_local_fn *fn, void *ctx,
                                       struct cw_err *err)
{
    WITH_FAULT(s, "list_sighting_local",
               cw_store_list_sighting_local(inner_of(s), after, fn, ctx, err));
}

static int failing_list_sighting_matches(struct cw_store *s, cw_studio_no studio,
                                         cw_sighting_no no, cw_match_fn *fn, void *ctx,
                                         struct cw_err *err)
{
    WITH_FAULT(s, "list_sighting_matches",
               cw_store_list_sighting_matches(inner_of(s), studio, no, fn, ctx, err));
}

static int failing_list_asset_matches(struct cw_store *s, cw_studio_no studio,
                                      cw_asset_no no, cw_match_fn *fn, void *ctx,
                                      struct cw_err *err)
{
    WITH_FAULT(s, "list_asset_matches",
               cw_store_list_asset_matches(inner_of(s), studio, no, fn, ctx, err));
}

static int failing_get_incident(struct cw_store *s, cw_studio_no studio, uint64_t no,
                                struct cw_incident *out, struct cw_err *err)
{
    WITH_FAULT(s, "get_incident",
               cw_store_get_incident(inner_of(s), studio, no, out, err));
}

static int failing_list_incidents(struct cw_store *s, cw_studio_no studio, uint8_t state,
                                  uint64_t before, cw_incident_fn *fn, void *ctx,
                                  struct cw_err *err)
{
    WITH_FAULT(s, "list_incidents",
               cw_store_list_incidents(inner_of(s), studio, state, before, fn, ctx, err));
}

static int failing_list_matches(struct cw_store *s, cw_studio_no studio,
                                uint64_t incident, cw_asset_no after_asset,
                                cw_sighting_no after_sighting, cw_match_fn *fn, void *ctx,
                                struct cw_err *err)
{
    WITH_FAULT(s, "list_matches",
               cw_store_list_matches(inner_of(s), studio, incident, after_asset,
                                     after_sighting, fn, ctx, err));
}

static int failing_decide(struct cw_store *s, cw_studio_no studio, uint64_t incident,
                          uint64_t expected, const struct cw_history *act,
                          struct cw_incident *out, struct cw_err *err)
{
    WITH_FAULT(s, "decide",
               cw_store_decide(inner_of(s), studio, incident, expected, act, out, err));
}

static int failing_list_history(struct cw_store *s, cw_studio_no studio,
                                uint64_t incident, cw_history_fn *fn, void *ctx,
                                struct cw_err *err)
{
    WITH_FAULT(s, "list_history",
               cw_store_list_history(inner_of(s), studio, incident, fn, ctx, err));
}

static int failing_read_log(struct cw_store *s, cw_studio_no studio, uint64_t after,
                            cw_event_fn *fn, void *ctx, struct cw_err *err)
{
    WITH_FAULT(s, "read_log",
               cw_store_read_log(inner_of(s), studio, after, fn, ctx, err));
}

static int failing_log_head(struct cw_store *s, cw_studio_no studio,
                            struct cw_chain_head *out, struct cw_err *err)
{
    WITH_FAULT(s, "log_head", cw_store_log_head(inner_of(s), studio, out, err));
}

static int failing_read_feed(struct cw_store *s, enum cw_feed feed, unsigned slot,
                             uint64_t after, cw_feed_fn *fn, void *ctx,
                             struct cw_err *err)
{
    WITH_FAULT(s, "read_feed",
               cw_store_read_feed(inner_of(s), feed, slot, after, fn, ctx, err));
}

static int failing_heads(struct cw_store *s, enum cw_feed feed, uint64_t out[CW_SLOTS],
                         struct cw_err *err)
{
    WITH_FAULT(s, "heads", cw_store_heads(inner_of(s), feed, out, err));
}

static int failing_get_stats(struct cw_store *s, struct cw_store_stats *out,
                             struct cw_err *err)
{
    WITH_FAULT(s, "get_stats", cw_store_get_stats(inner_of(s), out, err));
}

static int failing_upkeep(struct cw_store *s, struct cw_err *err)
{
    WITH_FAULT(s, "upkeep", cw_store_upkeep(inner_of(s), err));
}

static int failing_backup(struct cw_store *s, const char *path, struct cw_err *err)
{
    WITH_FAULT(s, "backup", cw_store_backup(inner_of(s), path, err));
}

static int failing_verify_log(struct cw_store *s, const struct cw_chain_head *known,
                              struct cw_verify_report *out,
                              struct cw_chain_head *out_head, struct cw_err *err)
{
    WITH_FAULT(s, "verify_log",
               cw_store_verify_log(inner_of(s), known, out, out_head, err));
}

static int failing_verify(struct cw_store *s, struct cw_verify_report *out,
                          struct cw_err *err)
{
    WITH_FAULT(s, "verify", cw_store_verify(inner_of(s), out, err));
}

static const struct cw_store_ops failing_ops = {
    .close = failing_close,
    .secret = failing_secret,
    .audit_seed = failing_audit_seed,
    .studio = failing_studio,
    .put_key = failing_put_key,
    .get_key = failing_get_key,
    .revoke_key = failing_revoke_key,
    .list_keys = failing_list_keys,
    .put_collection = failing_put_collection,
    .get_collection = failing_get_collection,
    .list_collections = failing_list_collections,
    .register_assets = failing_register_assets,
    .retire = failing_retire,
    .get_asset = failing_get_asset,
    .get_asset_no = failing_get_asset_no,
    .list_assets = failing_list_assets,
    .record_sightings = failing_record_sightings,
    .record_matches = failing_record_matches,
    .get_sighting = failing_get_sighting,
    .get_sighting_no = failing_get_sighting_no,
    .get_sighting_local = failing_get_sighting_local,
    .list_sighting_local = failing_list_sighting_local,
    .list_sighting_matches = failing_list_sighting_matches,
    .list_asset_matches = failing_list_asset_matches,
    .get_incident = failing_get_incident,
    .list_incidents = failing_list_incidents,
    .list_matches = failing_list_matches,
    .decide = failing_decide,
    .list_history = failing_list_history,
    .read_log = failing_read_log,
    .log_head = failing_log_head,
    .on_commit = failing_on_commit,
    .read_feed = failing_read_feed,
    .heads = failing_heads,
    .get_stats = failing_get_stats,
    .upkeep = failing_upkeep,
    .backup = failing_backup,
    .verify_log = failing_verify_log,
    .verify = failing_verify,
};

int cw_store_failing_new(struct cw_store *inner, struct cw_store **out,
                         struct cw_err *err)
{
    struct failing_store *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for the store");
    }
    f->base.ops = &failing_ops;
    f->inner = inner;
    pthread_mutex_init(&f->lock, NULL);
    *out = &f->base;
    return 0;
}

void cw_store_failing_arm(struct cw_store *s, const struct cw_store_fault *fault)
{
    struct failing_store *f = failing_of(s);
    pthread_mutex_lock(&f->lock);
    f->fault = *fault;
    f->seen = 0;
    pthread_mutex_unlock(&f->lock);
}
