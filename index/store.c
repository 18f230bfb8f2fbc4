/* store.c - hands every verb of store.h to the engine that the URL chose. */
#include "index/store_engine.h"

#include "index/store_kv.h"

const struct cw_store_options CW_STORE_DEFAULTS = {
    .map_bytes = (uint64_t)64 << 30, /* sparse: costs address space only */
    .max_readers = 512,
    .max_batch = 256,
    .commit_delay_us = 0,
    .sighting_local_bytes = (uint64_t)1 << 30,
    .create = false,
};

int cw_store_open(const char *url, const struct cw_store_options *options,
                  struct cw_store **out, struct cw_err *err)
{
    return cw_store_open_kv(url, options, out, err);
}

void cw_store_close(struct cw_store *s)
{
    if (s != NULL) {
        s->ops->close(s);
    }
}

int cw_store_secret(struct cw_store *s, uint8_t out[32], struct cw_err *err)
{
    return s->ops->secret(s, out, err);
}

int cw_store_audit_seed(struct cw_store *s, uint8_t out[32], struct cw_err *err)
{
    return s->ops->audit_seed(s, out, err);
}

int cw_store_studio(struct cw_store *s, const char *name, bool create, cw_studio_no *out,
                    struct cw_err *err)
{
    return s->ops->studio(s, name, create, out, err);
}

int cw_store_put_key(struct cw_store *s, const struct cw_key_record *key,
                     const uint8_t actor[CW_KEY_ID_BYTES], struct cw_err *err)
{
    return s->ops->put_key(s, key, actor, err);
}

int cw_store_get_key(struct cw_store *s, const uint8_t id[CW_KEY_ID_BYTES],
                     struct cw_key_record *out, struct cw_err *err)
{
    return s->ops->get_key(s, id, out, err);
}

int cw_store_revoke_key(struct cw_store *s, cw_studio_no studio,
                        const uint8_t id[CW_KEY_ID_BYTES], uint64_t at_us,
                        const uint8_t actor[CW_KEY_ID_BYTES], struct cw_err *err)
{
    return s->ops->revoke_key(s, studio, id, at_us, actor, err);
}

int cw_store_list_keys(struct cw_store *s, cw_studio_no studio, cw_key_fn *fn, void *ctx,
                       struct cw_err *err)
{
    return s->ops->list_keys(s, studio, fn, ctx, err);
}

int cw_store_put_collection(struct cw_store *s, const struct cw_collection *c,
                            const uint8_t actor[CW_KEY_ID_BYTES], bool *out_created,
                            struct cw_err *err)
{
    return s->ops->put_collection(s, c, actor, out_created, err);
}

int cw_store_get_collection(struct cw_store *s, cw_studio_no studio, const char *name,
                            struct cw_collection *out, struct cw_err *err)
{
    return s->ops->get_collection(s, studio, name, out, err);
}

int cw_store_list_collections(struct cw_store *s, cw_studio_no studio, const char *after,
                              cw_collection_fn *fn, void *ctx, struct cw_err *err)
{
    return s->ops->list_collections(s, studio, after, fn, ctx, err);
}

int cw_store_register(struct cw_store *s, const struct cw_registration *items, size_t n,
                      const uint8_t actor[CW_KEY_ID_BYTES], struct cw_registered *out,
                      struct cw_err *err)
{
    return s->ops->register_assets(s, items, n, actor, out, err);
}

int cw_store_retire(struct cw_store *s, cw_studio_no studio, const char *collection,
                    const char *id, uint64_t at_us, const uint8_t actor[CW_KEY_ID_BYTES],
                    cw_asset_no *out_no, struct cw_err *err)
{
    return s->ops->retire(s, studio, collection, id, at_us, actor, out_no, err);
}

int cw_store_get_asset(struct cw_store *s, cw_studio_no studio, const char *collection,
                       const char *id, struct cw_asset *out, struct cw_buf *fp,
                       struct cw_err *err)
{
    return s->ops->get_asset(s, studio, collection, id, out, fp, err);
}

int cw_store_get_asset_no(struct cw_store *s, cw_studio_no studio, cw_asset_no no,
                          struct cw_asset *out, struct cw_buf *fp, struct cw_err *err)
{
    return s->ops->get_asset_no(s, studio, no, out, fp, err);
}

int cw_store_list_assets(struct cw_store *s, cw_studio_no studio, const char *collection,
                         const char *after, cw_asset_fn *fn, void *ctx,
                         struct cw_err *err)
{
    return s->ops->list_assets(s, studio, collection, after, fn, ctx, err);
}

int cw_store_record_sightings(struct cw_store *s, const struct cw_new_sighting *items,
                              size_t n, struct cw_recorded *out, struct cw_err *err)
{
    return s->ops->record_sightings(s, items, n, out, err);
}

int cw_store_record_matches(struct cw_store *s, cw_studio_no studio,
                            const struct cw_match *matches, size_t n, struct cw_err *err)
{
    return s->ops->record_matches(s, studio, matches, n, err);
}

int cw_store_get_sighting(struct cw_store *s, cw_studio_no studio,
                          const uint8_t id[CW_SIGHTING_ID_BYTES], struct cw_sighting *out,
                          struct cw_buf *fp, struct cw_err *err)
{
    return s->ops->get_sighting(s, studio, id, out, fp, err);
}

int cw_store_get_sighting_local(struct cw_store *s, cw_studio_no studio,
                                cw_sighting_no no, struct cw_buf *out, struct cw_err *err)
{
    return s->ops->get_sighting_local(s, studio, no, out, err);
}

int cw_store_list_sighting_local(struct cw_store *s, cw_sighting_no after,
                                 cw_sighting_local_fn *fn, void *ctx, struct cw_err *err)
{
    return s->ops->list_sighting_local(s, after, fn, ctx, err);
}

int cw_store_get_sighting_no(struct cw_store *s, cw_studio_no studio, cw_sighting_no no,
                             struct cw_sighting *out, struct cw_buf *fp,
                             struct cw_err *err)
{
    return s->ops->get_sighting_no(s, studio, no, out, fp, err);
}

int cw_store_list_sighting_matches(struct cw_store *s, cw_studio_no studio,
                                   cw_sighting_no no, cw_match_fn *fn, void *ctx,
                                   struct cw_err *err)
{
    return s->ops->list_sighting_matches(s, studio, no, fn, ctx, err);
}

int cw_store_list_asset_matches(struct cw_store *s, cw_studio_no studio, cw_asset_no no,
                                cw_match_fn *fn, void *ctx, struct cw_err *err)
{
    return s->ops->list_asset_matches(s, studio, no, fn, ctx, err);
}

int cw_store_get_incident(struct cw_store *s, cw_studio_no studio, uint64_t no,
                          struct cw_incident *out, struct cw_err *err)
{
    return s->ops->get_incident(s, studio, no, out, err);
}

int cw_store_list_incidents(struct cw_store *s, cw_studio_no studio, uint8_t state,
                            uint64_t before, cw_incident_fn *fn, void *ctx,
                            struct cw_err *err)
{
    return s->ops->list_incidents(s, studio, state, before, fn, ctx, err);
}

int cw_store_list_matches(struct cw_store *s, cw_studio_no studio, uint64_t incident,
                          cw_asset_no after_asset, cw_sighting_no after_sighting,
                          cw_match_fn *fn, void *ctx, struct cw_err *err)
{
    return s->ops->list_matches(s, studio, incident, after_asset, after_sighting, fn, ctx,
                                err);
}

int cw_store_decide(struct cw_store *s, cw_studio_no studio, uint64_t incident,
                    uint64_t expected, const struct cw_history *act,
                    struct cw_incident *out, struct cw_err *err)
{
    return s->ops->decide(s, studio, incident, expected, act, out, err);
}

int cw_store_list_history(struct cw_store *s, cw_studio_no studio, uint64_t incident,
                          cw_history_fn *fn, void *ctx, struct cw_err *err)
{
    return s->ops->list_history(s, studio, incident, fn, ctx, err);
}

int cw_store_read_log(struct cw_store *s, cw_studio_no studio, uint64_t after,
                      cw_event_fn *fn, void *ctx, struct cw_err *err)
{
    return s->ops->read_log(s, studio, after, fn, ctx, err);
}

int cw_store_log_head(struct cw_store *s, cw_studio_no studio, struct cw_chain_head *out,
                      struct cw_err *err)
{
    return s->ops->log_head(s, studio, out, err);
}

void cw_store_on_commit(struct cw_store *s, void (*fn)(void *ctx, uint64_t seq),
                        void *ctx)
{
    s->ops->on_commit(s, fn, ctx);
}

int cw_store_read_feed(struct cw_store *s, enum cw_feed feed, unsigned slot,
                       uint64_t after, cw_feed_fn *fn, void *ctx, struct cw_err *err)
{
    return s->ops->read_feed(s, feed, slot, after, fn, ctx, err);
}

int cw_store_heads(struct cw_store *s, enum cw_feed feed, uint64_t out[CW_SLOTS],
                   struct cw_err *err)
{
    return s->ops->heads(s, feed, out, err);
}

int cw_store_get_stats(struct cw_store *s, struct cw_store_stats *out, struct cw_err *err)
{
    return s->ops->get_stats(s, out, err);
}

int cw_store_upkeep(struct cw_store *s, struct cw_err *err)
{
    return s->ops->upkeep(s, err);
}

int cw_store_backup(struct cw_store *s, const char *path, struct cw_err *err)
{
    return s->ops->backup(s, path, err);
}

int cw_store_verify_log(struct cw_store *s, const struct cw_chain_head *known,
                        struct cw_verify_report *out, struct cw_chain_head *out_head,
                        struct cw_err *err)
{
    return s->ops->verify_log(s, known, out, out_head, err);
}

int cw_store_verify(struct cw_store *s, struct cw_verify_report *out, struct cw_err *err)
{
    return s->ops->verify(s, out, err);
}
