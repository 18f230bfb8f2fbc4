/* store_kv.h - inside the store on a key-value engine: tables, keys, scans, and the parts
 * that one topic (store_assets.c, store_incidents.c, ...) lends to another.
 *
 * Keys are composite and big-endian, the studio first, so that a scan of one studio's
 * things is one range and another studio's are out of reach. A text is the last part of
 * its key. Names of collections are replaced by numbers in keys, because an asset id and
 * a collection name together would exceed the 511 bytes of a key. */
#ifndef CW_INDEX_STORE_KV_H
#define CW_INDEX_STORE_KV_H

#include "index/kv.h"
#include "index/store_engine.h"
#include "index/store_record.h"
#include "index/store_writer.h"

/* Numbers are on disk: never renumber, add at the end. */
enum cw_table {
    CW_TABLE_META = 0,            /* name -> bytes */
    CW_TABLE_COUNTER = 1,         /* counter, studio -> number */
    CW_TABLE_STUDIO = 2,          /* studio -> name */
    CW_TABLE_STUDIO_NAME = 3,     /* name -> number */
    CW_TABLE_KEY = 4,             /* id -> key record */
    CW_TABLE_STUDIO_KEY = 5,      /* studio, id -> nothing */
    CW_TABLE_COLLECTION = 6,      /* studio, name -> collection record */
    CW_TABLE_ASSET_NAME = 7,      /* studio, collection, id -> asset name record */
    CW_TABLE_ASSET = 8,           /* studio, number -> asset record */
    CW_TABLE_SIGHTING_ID = 9,     /* studio, id -> number */
    CW_TABLE_SIGHTING = 10,       /* studio, number -> sighting record */
    CW_TABLE_MATCH = 11,          /* studio, asset, sighting -> match record */
    CW_TABLE_SIGHTING_MATCH = 12, /* studio, sighting, asset -> nothing */
    CW_TABLE_INCIDENT_MATCH = 13, /* studio, incident, asset, sighting -> nothing */
    CW_TABLE_INCIDENT = 14,       /* studio, number -> incident record */
    CW_TABLE_INCIDENT_KEY = 15,   /* studio, collection, host -> number */
    CW_TABLE_INCIDENT_STATE = 16, /* studio, state, number -> nothing */
    CW_TABLE_HISTORY = 17,        /* studio, incident, version -> history record */
    CW_TABLE_LOG = 18,            /* seq -> event record */
    CW_TABLE_STUDIO_LOG = 19,     /* studio, seq -> nothing */
    CW_TABLE_FEED = 20,           /* feed, slot, seq -> feed record */
    CW_TABLE_SIGHTING_LOCAL = 21, /* sighting number, studio -> local descriptors */
    CW_TABLE_COUNT = 22
};

/* Numbers are on disk. Studio 0 in the key = over all studios. */
enum cw_counter {
    CW_COUNTER_STUDIO = 1,     /* last number given */
    CW_COUNTER_ASSET = 2,      /* last number given */
    CW_COUNTER_SIGHTING = 3,   /* last number given; also how many there are */
    CW_COUNTER_EVENT = 4,      /* last number given; also how many there are */
    CW_COUNTER_COLLECTION = 5, /* per studio: last number given */
    CW_COUNTER_INCIDENT = 6,   /* per studio: last number given */
    CW_COUNTER_LIVE_ASSETS = 7,
    CW_COUNTER_INCIDENTS = 8,
    CW_COUNTER_OPEN_INCIDENTS = 9, /* see cw_skv_is_open */
    CW_COUNTER_SIGHTING_LOCAL = 10 /* bytes of CW_TABLE_SIGHTING_LOCAL */
};

/* The store itself. */
struct cw_skv {
    struct cw_store base;
    struct cw_kv *kv;
    struct cw_writer *writer;
    uint8_t secret[32];
    uint8_t audit_seed[32];
    uint64_t sighting_local_bytes; /* budget */
};

int cw_store_open_kv(const char *url, const struct cw_store_options *options,
                     struct cw_store **out, struct cw_err *err) CW_CHECKED;

/* ---- keys ------------------------------------------------------------------------- */

/* A key under construction. Its parts are appended in order. */
struct cw_kk {
    uint8_t p[CW_KV_KEY_MAX];
    size_t len;
};

struct cw_kk cw_kk_studio(cw_studio_no studio);
struct cw_kk cw_kk_studio_u64(cw_studio_no studio, uint64_t a);
struct cw_kk cw_kk_studio_u64_u64(cw_studio_no studio, uint64_t a, uint64_t b);
void cw_kk_u8(struct cw_kk *k, uint8_t v);
void cw_kk_u32(struct cw_kk *k, uint32_t v);
void cw_kk_u64(struct cw_kk *k, uint64_t v);
void cw_kk_raw(struct cw_kk *k, struct cw_bytes v);
/* Makes the key the smallest one above itself. */
void cw_kk_after(struct cw_kk *k);
struct cw_bytes cw_kk_view(const struct cw_kk *k);
/* The big-endian number at `at` of a key read back; 0 if the key is too short. */
uint32_t cw_kk_read_u32(struct cw_bytes key, size_t at);
uint64_t cw_kk_read_u64(struct cw_bytes key, size_t at);

/* ---- transactions ----------------------------------------------------------------- */

/* Begins a short read: CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL; */
int cw_skv_read(struct cw_store *s, struct cw_kv_tx **out, struct cw_err *err) CW_CHECKED;
void cw_skv_end_read(struct cw_kv_tx **tx);
/* Runs fn(struct cw_skv *, tx, args, err) in the writer. */
int cw_skv_write(struct cw_store *s, cw_write_fn *fn, void *args,
                 struct cw_err *err) CW_CHECKED;

/* Errors  CW_E_NOT_FOUND, without a text */
int cw_skv_get(struct cw_kv_tx *tx, enum cw_table table, const struct cw_kk *key,
               struct cw_bytes *out, struct cw_err *err) CW_CHECKED;
/* The same with "no such <what>" as its text, for what a caller asked for. */
int cw_skv_need(struct cw_kv_tx *tx, enum cw_table table, const struct cw_kk *key,
                const char *what, struct cw_bytes *out, struct cw_err *err) CW_CHECKED;
/* Stores an encoded record; fails if its buffer did. */
int cw_skv_put(struct cw_kv_tx *tx, enum cw_table table, const struct cw_kk *key,
               const struct cw_buf *record, struct cw_err *err) CW_CHECKED;
int cw_skv_put_number(struct cw_kv_tx *tx, enum cw_table table, const struct cw_kk *key,
                      uint64_t v, struct cw_err *err) CW_CHECKED;
/* An index entry: the key says it all. */
int cw_skv_put_empty(struct cw_kv_tx *tx, enum cw_table table, const struct cw_kk *key,
                     struct cw_err *err) CW_CHECKED;
int cw_skv_del(struct cw_kv_tx *tx, enum cw_table table, const struct cw_kk *key,
               struct cw_err *err) CW_CHECKED;

/* A counter that was never written is 0. */
int cw_skv_counter(struct cw_kv_tx *tx, enum cw_counter which, cw_studio_no studio,
                   uint64_t *out, struct cw_err *err) CW_CHECKED;
/* out  the new value; NULL if it does not matter */
int cw_skv_count(struct cw_kv_tx *tx, enum cw_counter which, cw_studio_no studio,
                 int delta, uint64_t *out, struct cw_err *err) CW_CHECKED;

/* ---- scans ------------------------------------------------------------------------ */

/* A walk over the entries whose keys share a prefix. Zeroed = nothing to end. */
struct cw_scan {
    struct cw_kv_cursor *cursor;
    struct cw_kk prefix;
    struct cw_kv_pair at; /* the entry it stands on; borrowed until the next step */
};

/* Stands on the first entry at or after `from` that shares its first prefix_len bytes.
 * Errors  CW_E_NOT_FOUND (without text) there is none, here and below */
int cw_scan_from(struct cw_scan *scan, struct cw_kv_tx *tx, enum cw_table table,
                 const struct cw_kk *from, size_t prefix_len,
                 struct cw_err *err) CW_CHECKED;
/* Stands on the last entry before `below`. */
int cw_scan_below(struct cw_scan *scan, struct cw_kv_tx *tx, enum cw_table table,
                  const struct cw_kk *below, size_t prefix_len,
                  struct cw_err *err) CW_CHECKED;
int cw_scan_next(struct cw_scan *scan, struct cw_err *err) CW_CHECKED;
int cw_scan_prev(struct cw_scan *scan, struct cw_err *err) CW_CHECKED;
void cw_scan_done(struct cw_scan *scan);
/* How a loop over a scan ended: running out of entries is success. */
int cw_scan_end(int rc);

/* ---- lent between topics ---------------------------------------------------------- */

int cw_skv_load_studio_name(struct cw_kv_tx *tx, cw_studio_no studio,
                            char out[CW_STUDIO_CAP], struct cw_err *err) CW_CHECKED;
/* Fills studio and name too. */
int cw_skv_load_collection(struct cw_kv_tx *tx, cw_studio_no studio, const char *name,
                           struct cw_collection_record *out,
                           struct cw_err *err) CW_CHECKED;
int cw_skv_save_collection(struct cw_kv_tx *tx, const struct cw_collection_record *c,
                           struct cw_err *err) CW_CHECKED;
/* Loads it; makes it, with its event, if it is new. */
int cw_skv_ensure_collection(struct cw_kv_tx *tx, const struct cw_collection *c,
                             const uint8_t actor[CW_KEY_ID_BYTES],
                             struct cw_collection_record *out, bool *out_created,
                             struct cw_err *err) CW_CHECKED;
/* Fill studio and no too; the fingerprint is borrowed from the transaction. */
int cw_skv_load_asset(struct cw_kv_tx *tx, cw_studio_no studio, cw_asset_no no,
                      struct cw_asset *out, struct cw_err *err) CW_CHECKED;
int cw_skv_load_sighting(struct cw_kv_tx *tx, cw_studio_no studio, cw_sighting_no no,
                         struct cw_sighting *out, struct cw_err *err) CW_CHECKED;
int cw_skv_load_incident(struct cw_kv_tx *tx, cw_studio_no studio, uint64_t no,
                         struct cw_incident *out, struct cw_err *err) CW_CHECKED;
int cw_skv_save_incident(struct cw_kv_tx *tx, const struct cw_incident *i,
                         struct cw_err *err) CW_CHECKED;
/* Keeps the local descriptors of a sighting, and drops the oldest beyond the budget. */
int cw_skv_put_sighting_local(struct cw_kv_tx *tx, cw_studio_no studio, cw_sighting_no no,
                              struct cw_bytes local, uint64_t budget,
                              struct cw_err *err) CW_CHECKED;
/* Turns a fingerprint borrowed from a transaction into one that outlives it: appended to
 * buf, or empty if buf is NULL. */
int cw_skv_keep_fingerprint(struct cw_bytes *fp, struct cw_buf *buf,
                            struct cw_err *err) CW_CHECKED;
/* True while somebody still has to act: new, triaged or confirmed. */
bool cw_skv_is_open(uint8_t state);

/* Appends an event; its seq, hash and chain are given here. */
int cw_skv_append_event(struct cw_kv_tx *tx, const struct cw_event *e,
                        struct cw_err *err) CW_CHECKED;
/* Gives an event, whose seq is set, the hash and the chain that follow these.
 *
 * scratch  of CW_RECORD_MAX; afterwards it holds the event's number and its record */
int cw_skv_seal_event(struct cw_event *e, const uint8_t hash_before[CW_CHAIN_BYTES],
                      const uint8_t chain_before[CW_CHAIN_BYTES], struct cw_buf *scratch,
                      struct cw_err *err) CW_CHECKED;
/* The slot of an asset id or of a sighting id's bytes. */
unsigned cw_skv_slot(struct cw_bytes id);
/* Appends to the feed; the seq is given here. */
int cw_skv_append_feed(struct cw_kv_tx *tx, enum cw_feed feed, struct cw_bytes id,
                       const struct cw_feed_entry *e, struct cw_err *err) CW_CHECKED;

/* The incidents that one operation opens or lets grow: written, with one event each, at
 * its end. Zeroed = none. */
struct cw_touched {
    struct cw_touch *items; /* owned */
    size_t n, cap;
};
void cw_touched_done(struct cw_touched *t);
/* Stores a match unless the pair is there. Errors CW_E_NOT_FOUND asset or sighting
 * unknown */
int cw_skv_add_match(struct cw_kv_tx *tx, cw_studio_no studio, const struct cw_match *m,
                     struct cw_touched *touched, struct cw_err *err) CW_CHECKED;
int cw_skv_finish_matches(struct cw_kv_tx *tx, const struct cw_touched *touched,
                          const uint8_t actor[CW_KEY_ID_BYTES],
                          struct cw_err *err) CW_CHECKED;

/* ---- the verbs, for the table in store_open.c ------------------------------------- */

int cw_skv_studio(struct cw_store *s, const char *name, bool create, cw_studio_no *out,
                  struct cw_err *err);
int cw_skv_put_key(struct cw_store *s, const struct cw_key_record *key,
                   const uint8_t actor[CW_KEY_ID_BYTES], struct cw_err *err);
int cw_skv_get_key(struct cw_store *s, const uint8_t id[CW_KEY_ID_BYTES],
                   struct cw_key_record *out, struct cw_err *err);
int cw_skv_revoke_key(struct cw_store *s, cw_studio_no studio,
                      const uint8_t id[CW_KEY_ID_BYTES], uint64_t at_us,
                      const uint8_t actor[CW_KEY_ID_BYTES], struct cw_err *err);
int cw_skv_list_keys(struct cw_store *s, cw_studio_no studio, cw_key_fn *fn, void *ctx,
                     struct cw_err *err);
int cw_skv_put_collection(struct cw_store *s, const struct cw_collection *c,
                          const uint8_t actor[CW_KEY_ID_BYTES], bool *out_created,
                          struct cw_err *err);
int cw_skv_get_collection(struct cw_store *s, cw_studio_no studio, const char *name,
                          struct cw_collection *out, struct cw_err *err);
int cw_skv_list_collections(struct cw_store *s, cw_studio_no studio, const char *after,
                            cw_collection_fn *fn, void *ctx, struct cw_err *err);
int cw_skv_register_assets(struct cw_store *s, const struct cw_registration *items,
                           size_t n, const uint8_t actor[CW_KEY_ID_BYTES],
                           struct cw_registered *out, struct cw_err *err);
int cw_skv_retire(struct cw_store *s, cw_studio_no studio, const char *collection,
                  const char *id, uint64_t at_us, const uint8_t actor[CW_KEY_ID_BYTES],
                  cw_asset_no *out_no, struct cw_err *err);
int cw_skv_get_asset(struct cw_store *s, cw_studio_no studio, const char *collection,
                     const char *id, struct cw_asset *out, struct cw_buf *fp,
                     struct cw_err *err);
int cw_skv_get_asset_no(struct cw_store *s, cw_studio_no studio, cw_asset_no no,
                        struct cw_asset *out, struct cw_buf *fp, struct cw_err *err);
int cw_skv_list_assets(struct cw_store *s, cw_studio_no studio, const char *collection,
                       const char *after, cw_asset_fn *fn, void *ctx, struct cw_err *err);
int cw_skv_record_sightings(struct cw_store *s, const struct cw_new_sighting *items,
                            size_t n, struct cw_recorded *out, struct cw_err *err);
int cw_skv_record_matches(struct cw_store *s, cw_studio_no studio,
                          const struct cw_match *matches, size_t n, struct cw_err *err);
int cw_skv_get_sighting(struct cw_store *s, cw_studio_no studio,
                        const uint8_t id[CW_SIGHTING_ID_BYTES], struct cw_sighting *out,
                        struct cw_buf *fp, struct cw_err *err);
int cw_skv_get_sighting_no(struct cw_store *s, cw_studio_no studio, cw_sighting_no no,
                           struct cw_sighting *out, struct cw_buf *fp,
                           struct cw_err *err);
int cw_skv_get_sighting_local(struct cw_store *s, cw_studio_no studio, cw_sighting_no no,
                              struct cw_buf *out, struct cw_err *err);
int cw_skv_list_sighting_local(struct cw_store *s, cw_sighting_no after,
                               cw_sighting_local_fn *fn, void *ctx, struct cw_err *err);
int cw_skv_list_sighting_matches(struct cw_store *s, cw_studio_no studio,
                                 cw_sighting_no no, cw_match_fn *fn, void *ctx,
                                 struct cw_err *err);
int cw_skv_list_asset_matches(struct cw_store *s, cw_studio_no studio, cw_asset_no no,
                              cw_match_fn *fn, void *ctx, struct cw_err *err);
int cw_skv_get_incident(struct cw_store *s, cw_studio_no studio, uint64_t no,
                        struct cw_incident *out, struct cw_err *err);
int cw_skv_list_incidents(struct cw_store *s, cw_studio_no studio, uint8_t state,
                          uint64_t before, cw_incident_fn *fn, void *ctx,
                          struct cw_err *err);
int cw_skv_list_matches(struct cw_store *s, cw_studio_no studio, uint64_t incident,
                        cw_asset_no after_asset, cw_sighting_no after_sighting,
                        cw_match_fn *fn, void *ctx, struct cw_err *err);
int cw_skv_decide(struct cw_store *s, cw_studio_no studio, uint64_t incident,
                  uint64_t expected, const struct cw_history *act,
                  struct cw_incident *out, struct cw_err *err);
int cw_skv_list_history(struct cw_store *s, cw_studio_no studio, uint64_t incident,
                        cw_history_fn *fn, void *ctx, struct cw_err *err);
int cw_skv_read_log(struct cw_store *s, cw_studio_no studio, uint64_t after,
                    cw_event_fn *fn, void *ctx, struct cw_err *err);
int cw_skv_log_head(struct cw_store *s, cw_studio_no studio, struct cw_chain_head *out,
                    struct cw_err *err);
int cw_skv_read_feed(struct cw_store *s, enum cw_feed feed, unsigned slot, uint64_t after,
                     cw_feed_fn *fn, void *ctx, struct cw_err *err);
int cw_skv_heads(struct cw_store *s, enum cw_feed feed, uint64_t out[CW_SLOTS],
                 struct cw_err *err);
int cw_skv_verify_log(struct cw_store *s, const struct cw_chain_head *known,
                      struct cw_verify_report *out, struct cw_chain_head *out_head,
                      struct cw_err *err);
int cw_skv_verify(struct cw_store *s, struct cw_verify_report *out, struct cw_err *err);

#endif
