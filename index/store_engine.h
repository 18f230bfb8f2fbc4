/* store_engine.h - what an engine of store.h implements; seen by store.c and the engines.
 */
#ifndef CW_INDEX_STORE_ENGINE_H
#define CW_INDEX_STORE_ENGINE_H

#include "index/store.h"

/* The first member of an engine's own struct. */
struct cw_store {
    const struct cw_store_ops *ops;
};

/* One function a verb, same contract as the verb of that name. */
struct cw_store_ops {
    void (*close)(struct cw_store *s);
    int (*secret)(struct cw_store *s, uint8_t out[32], struct cw_err *err);
    int (*audit_seed)(struct cw_store *s, uint8_t out[32], struct cw_err *err);
    int (*studio)(struct cw_store *s, const char *name, bool create, cw_studio_no *out,
                  struct cw_err *err);
    int (*put_key)(struct cw_store *s, const struct cw_key_record *key,
                   const uint8_t actor[CW_KEY_ID_BYTES], struct cw_err *err);
    int (*get_key)(struct cw_store *s, const uint8_t id[CW_KEY_ID_BYTES],
                   struct cw_key_record *out, struct cw_err *err);
    int (*revoke_key)(struct cw_store *s, cw_studio_no studio,
                      const uint8_t id[CW_KEY_ID_BYTES], uint64_t at_us,
                      const uint8_t actor[CW_KEY_ID_BYTES], struct cw_err *err);
    int (*list_keys)(struct cw_store *s, cw_studio_no studio, cw_key_fn *fn, void *ctx,
                     struct cw_err *err);
    int (*put_collection)(struct cw_store *s, const struct cw_collection *c,
                          const uint8_t actor[CW_KEY_ID_BYTES], bool *out_created,
                          struct cw_err *err);
    int (*get_collection)(struct cw_store *s, cw_studio_no studio, const char *name,
                          struct cw_collection *out, struct cw_err *err);
    int (*list_collections)(struct cw_store *s, cw_studio_no studio, const char *after,
                            cw_collection_fn *fn, void *ctx, struct cw_err *err);
    /* `register` is a word of the language */
    int (*register_assets)(struct cw_store *s, const struct cw_registration *items,
                           size_t n, const uint8_t actor[CW_KEY_ID_BYTES],
                           struct cw_registered *out, struct cw_err *err);
    int (*retire)(struct cw_store *s, cw_studio_no studio, const char *collection,
                  const char *id, uint64_t at_us, const uint8_t actor[CW_KEY_ID_BYTES],
                  cw_asset_no *out_no, struct cw_err *err);
    int (*get_asset)(struct cw_store *s, cw_studio_no studio, const char *collection,
                     const char *id, struct cw_asset *out, struct cw_buf *fp,
                     struct cw_err *err);
    int (*get_asset_no)(struct cw_store *s, cw_studio_no studio, cw_asset_no no,
                        struct cw_asset *out, struct cw_buf *fp, struct cw_err *err);
    int (*list_assets)(struct cw_store *s, cw_studio_no studio, const char *collection,
                       const char *after, cw_asset_fn *fn, void *ctx, struct cw_err *err);
    int (*record_sightings)(struct cw_store *s, const struct cw_new_sighting *items,
                            size_t n, struct cw_recorded *out, struct cw_err *err);
    int (*record_matches)(struct cw_store *s, cw_studio_no studio,
                          const struct cw_match *matches, size_t n, struct cw_err *err);
    int (*get_sighting)(struct cw_store *s, cw_studio_no studio,
                        const uint8_t id[CW_SIGHTING_ID_BYTES], struct cw_sighting *out,
                        struct cw_buf *fp, struct cw_err *err);
    int (*get_sighting_local)(struct cw_store *s, cw_studio_no studio, cw_sighting_no no,
                              struct cw_buf *out, struct cw_err *err);
    int (*list_sighting_local)(struct cw_store *s, cw_sighting_no after,
                               cw_sighting_local_fn *fn, void *ctx, struct cw_err *err);
    int (*get_sighting_no)(struct cw_store *s, cw_studio_no studio, cw_sighting_no no,
                           struct cw_sighting *out, struct cw_buf *fp,
                           struct cw_err *err);
    int (*list_sighting_matches)(struct cw_store *s, cw_studio_no studio,
                                 cw_sighting_no no, cw_match_fn *fn, void *ctx,
                                 struct cw_err *err);
    int (*list_asset_matches)(struct cw_store *s, cw_studio_no studio, cw_asset_no no,
                              cw_match_fn *fn, void *ctx, struct cw_err *err);
    int (*get_incident)(struct cw_store *s, cw_studio_no studio, uint64_t no,
                        struct cw_incident *out, struct cw_err *err);
    int (*list_incidents)(struct cw_store *s, cw_studio_no studio, uint8_t state,
                          uint64_t before, cw_incident_fn *fn, void *ctx,
                          struct cw_err *err);
    int (*list_matches)(struct cw_store *s, cw_studio_no studio, uint64_t incident,
                        cw_asset_no after_asset, cw_sighting_no after_sighting,
                        cw_match_fn *fn, void *ctx, struct cw_err *err);
    int (*decide)(struct cw_store *s, cw_studio_no studio, uint64_t incident,
                  uint64_t expected, const struct cw_history *act,
                  struct cw_incident *out, struct cw_err *err);
    int (*list_history)(struct cw_store *s, cw_studio_no studio, uint64_t incident,
                        cw_history_fn *fn, void *ctx, struct cw_err *err);
    int (*read_log)(struct cw_store *s, cw_studio_no studio, uint64_t after,
                    cw_event_fn *fn, void *ctx, struct cw_err *err);
    int (*log_head)(struct cw_store *s, cw_studio_no studio, struct cw_chain_head *out,
                    struct cw_err *err);
    void (*on_commit)(struct cw_store *s, void (*fn)(void *ctx, uint64_t seq), void *ctx);
    int (*read_feed)(struct cw_store *s, enum cw_feed feed, unsigned slot, uint64_t after,
                     cw_feed_fn *fn, void *ctx, struct cw_err *err);
    int (*heads)(struct cw_store *s, enum cw_feed feed, uint64_t out[CW_SLOTS],
                 struct cw_err *err);
    int (*get_stats)(struct cw_store *s, struct cw_store_stats *out, struct cw_err *err);
    int (*upkeep)(struct cw_store *s, struct cw_err *err);
    int (*backup)(struct cw_store *s, const char *path, struct cw_err *err);
    int (*verify_log)(struct cw_store *s, const struct cw_chain_head *known,
                      struct cw_verify_report *out, struct cw_chain_head *out_head,
                      struct cw_err *err);
    int (*verify)(struct cw_store *s, struct cw_verify_report *out, struct cw_err *err);
};

#endif
