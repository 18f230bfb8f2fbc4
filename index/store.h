/* store.h - the store contract: what is registered, seen and decided.
 *
 * Domain verbs, each atomic and durable: when a writing verb returns 0, what it wrote is
 * on disk and visible to the next call on any thread. No transaction, cursor or SQL type
 * shows here. Engines: LMDB (store_kv.c on kv_lmdb.c), memory (store_kv.c on
 * kv_memory.c), and one that fails on demand (store_failing.c); tests/contract/ runs one
 * suite on all of them.
 *
 * Every record belongs to a studio (the tenant), and its number is part of every key: a
 * record of another studio is simply not found.
 *
 * Threads  every verb may be called from any thread and blocks until it is done; writes
 * of many threads share one commit (group commit by one writer thread) Errors   besides
 * those named at a verb: CW_E_IO (nothing was written), CW_E_UNKNOWN (it may have been
 * written: ask again by id), CW_E_BUSY (map full or read-only: later), CW_E_CORRUPT,
 * CW_E_NO_MEMORY Text     fixed arrays end in NUL and hold UTF-8; lengths were checked by
 * the caller */
#ifndef CW_INDEX_STORE_H
#define CW_INDEX_STORE_H

#include <stdbool.h>

#include "base/chain.h"
#include "hashing/hash.h"

#define CW_STUDIO_CAP 65
#define CW_COLLECTION_CAP 129
#define CW_TITLE_CAP 257
#define CW_ASSET_ID_CAP 401
#define CW_HOST_CAP 256
#define CW_URL_CAP 2049
#define CW_IP_CAP 46
#define CW_REASON_CAP 1025
#define CW_DETAIL_CAP 257
#define CW_KEY_ID_BYTES 8
#define CW_SIGHTING_ID_BYTES 16
#define CW_SLOTS 64           /* of the feed; fixed for ever */
#define CW_ROWS_PER_RECORD 40 /* upright views of a picture that was taken apart */

struct cw_store;

typedef uint32_t cw_studio_no;
typedef uint64_t cw_asset_no;    /* one version of one asset; never used again */
typedef uint64_t cw_sighting_no; /* one sighting; never used again */

/* ---- opening ---------------------------------------------------------------------- */

struct cw_store_options {
    uint64_t map_bytes;       /* LMDB: largest size of the database file */
    uint32_t max_readers;     /* LMDB: threads and tools reading at once */
    uint32_t max_batch;       /* most writes sharing one commit */
    uint32_t commit_delay_us; /* tests: slows every commit down, 0 in production */
    bool create;              /* make an empty store if there is none */
    bool read_only;           /* beside the process that has it open; writes nothing */
    uint64_t sighting_local_bytes; /* local descriptors of sightings kept, newest first */
};
extern const struct cw_store_options CW_STORE_DEFAULTS;

/* url      "lmdb:DIR" or "memory:"
 * Errors   CW_E_NOT_FOUND no store there and create is false, CW_E_BUSY another process
 * has it open, CW_E_UNSUPPORTED another format version */
int cw_store_open(const char *url, const struct cw_store_options *options,
                  struct cw_store **out, struct cw_err *err) CW_CHECKED;
void cw_store_close(struct cw_store *s); /* waits for the writer; NULL is fine */

/* ---- studios and keys ------------------------------------------------------------- */

enum cw_role {
    CW_ROLE_STUDIO = 1,
    CW_ROLE_CRAWLER = 2,
    CW_ROLE_REVIEWER = 3,
    CW_ROLE_AUDITOR = 4,
    CW_ROLE_ADMIN = 5
};

enum cw_disclosure {
    CW_DISCLOSE_RECEIPT = 1, /* that it was received, nothing else */
    CW_DISCLOSE_VERDICT = 2, /* none, possible or strong */
    CW_DISCLOSE_DETAIL = 3   /* the matches */
};

struct cw_key_record {
    uint8_t id[CW_KEY_ID_BYTES];
    cw_studio_no studio;
    uint8_t role;       /* enum cw_role */
    uint8_t disclosure; /* enum cw_disclosure */
    uint8_t secret_hash[32];
    uint64_t created_us;
    uint64_t revoked_us;             /* 0 = valid */
    char studio_name[CW_STUDIO_CAP]; /* filled on reading */
    char label[CW_DETAIL_CAP];
};

/* 32 random bytes made with the store: the pepper of the key hashes. */
int cw_store_secret(struct cw_store *s, uint8_t out[32], struct cw_err *err) CW_CHECKED;
/* The seed of the keys that sign heads of the log (base/signed_head.h), made with the
 * store. */
int cw_store_audit_seed(struct cw_store *s, uint8_t out[32],
                        struct cw_err *err) CW_CHECKED;
/* Number of the studio of that name; made if it is new and `create` says so.
 * Errors CW_E_NOT_FOUND */
int cw_store_studio(struct cw_store *s, const char *name, bool create, cw_studio_no *out,
                    struct cw_err *err) CW_CHECKED;
/* Adds a key and its event. Errors CW_E_EXISTS */
int cw_store_put_key(struct cw_store *s, const struct cw_key_record *key,
                     const uint8_t actor[CW_KEY_ID_BYTES], struct cw_err *err) CW_CHECKED;
int cw_store_get_key(struct cw_store *s, const uint8_t id[CW_KEY_ID_BYTES],
                     struct cw_key_record *out, struct cw_err *err) CW_CHECKED;
/* Marks a key of that studio revoked (again is fine). Errors CW_E_NOT_FOUND */
int cw_store_revoke_key(struct cw_store *s, cw_studio_no studio,
                        const uint8_t id[CW_KEY_ID_BYTES], uint64_t at_us,
                        const uint8_t actor[CW_KEY_ID_BYTES],
                        struct cw_err *err) CW_CHECKED;
typedef bool cw_key_fn(void *ctx, const struct cw_key_record *key);
/* Keys of one studio in id order; `fn` returns false to stop. Everything handed to a
 * callback here and below is borrowed until it returns; it must not call the store. */
int cw_store_list_keys(struct cw_store *s, cw_studio_no studio, cw_key_fn *fn, void *ctx,
                       struct cw_err *err) CW_CHECKED;

/* ---- collections ------------------------------------------------------------------ */

struct cw_collection {
    cw_studio_no studio;
    char name[CW_COLLECTION_CAP];
    char title[CW_TITLE_CAP];
    uint64_t embargo_until_us; /* 0 = none */
    uint64_t created_us;
    uint64_t n_assets; /* filled on reading */
};

/* Makes a collection, or changes title and embargo of the one of that name.
 * out_created  says which */
int cw_store_put_collection(struct cw_store *s, const struct cw_collection *c,
                            const uint8_t actor[CW_KEY_ID_BYTES], bool *out_created,
                            struct cw_err *err) CW_CHECKED;
int cw_store_get_collection(struct cw_store *s, cw_studio_no studio, const char *name,
                            struct cw_collection *out, struct cw_err *err) CW_CHECKED;
typedef bool cw_collection_fn(void *ctx, const struct cw_collection *c);
/* In name order, starting after `after` ("" = from the start). */
int cw_store_list_collections(struct cw_store *s, cw_studio_no studio, const char *after,
                              cw_collection_fn *fn, void *ctx,
                              struct cw_err *err) CW_CHECKED;

/* ---- matches ---------------------------------------------------------------------- */

#define CW_MATCH_CORNERS 8
#define CW_MATCH_ONE 16

/* A place in a picture: shares of width and height, 65535 = all of it. */
struct cw_place {
    uint16_t x, y;
};

struct cw_match {
    cw_asset_no asset;       /* 0 in a registration: the asset being registered */
    cw_sighting_no sighting; /* 0 in a new sighting: that sighting */
    uint16_t distance;       /* Hamming, 0..256 */
    int16_t equivalent;      /* PDQ distance that tells as much, * CW_MATCH_ONE */
    uint16_t score;          /* of local descriptors, * CW_MATCH_ONE; 0 = not compared */
    uint8_t view;            /* enum cw_view_kind that matched */
    uint8_t turn;            /* enum cw_turn of the found picture */
    uint8_t agreeing;        /* bit 1 << kind for every kind of view that matched */
    uint8_t n_corners;       /* of the outline of what both pictures show; 0 = unknown */
    struct cw_place found[CW_MATCH_CORNERS]; /* in the found picture, clockwise */
    struct cw_place shown[CW_MATCH_CORNERS]; /* the same corners in the asset */
    bool inverted;
    bool exact_bytes;    /* the SHA-256 is the same */
    bool lookback;       /* the sighting was there first */
    uint8_t band;        /* enum cw_band of hashing/confidence.h */
    uint32_t confidence; /* 1/1,000,000 */
    uint64_t at_us;
};

/* ---- assets ----------------------------------------------------------------------- */

enum cw_asset_kind {
    CW_KIND_FRAME = 1,
    CW_KIND_SKETCH = 2,
    CW_KIND_STORYBOARD = 3,
    CW_KIND_SHEET = 4
};

/* A hash to be searched for. */
struct cw_hash_row {
    uint8_t kind; /* enum cw_view_kind */
    struct cw_hash hash;
};

struct cw_asset {
    cw_studio_no studio;
    cw_asset_no no;
    uint32_t version; /* 1, 2, ... of this id */
    uint8_t kind;     /* enum cw_asset_kind */
    bool weak;        /* too little detail to match on its own */
    char collection[CW_COLLECTION_CAP];
    char id[CW_ASSET_ID_CAP];
    uint64_t embargo_until_us;
    uint64_t registered_us; /* of this version */
    uint8_t digest[32]; /* of everything that makes a version: equal means unchanged */
    struct cw_bytes
        fingerprint; /* binary form; borrowed (input), see the verb (output) */
};

struct cw_registration {
    struct cw_asset asset; /* no, version: ignored */
    size_t n_rows;
    struct cw_hash_row rows[CW_ROWS_PER_RECORD];
    const struct cw_match *matches; /* lookback found before the write; borrowed */
    size_t n_matches;
    bool replace; /* an id with other content gets a new version, else CW_E_CONFLICT */
};

enum cw_outcome { CW_CREATED = 1, CW_UNCHANGED = 2, CW_REPLACED = 3 };

struct cw_registered {
    int rc; /* of this item: 0 or CW_E_CONFLICT; the others are not held up by it */
    enum cw_outcome outcome;
    cw_asset_no no;
    cw_asset_no replaced; /* the version that is no longer searched, 0 if none */
    uint32_t version;
};

/* Registers n assets in one transaction: records, search rows, feed entries, lookback
 * matches and events. The collection is made if it is new. An unchanged asset writes
 * nothing, its matches included: they belong into cw_store_record_matches.
 *
 * out    n results, in order
 * actor  the key that asks, for the log */
int cw_store_register(struct cw_store *s, const struct cw_registration *items, size_t n,
                      const uint8_t actor[CW_KEY_ID_BYTES], struct cw_registered *out,
                      struct cw_err *err) CW_CHECKED;
/* Takes an asset out of search; its record stays for the incidents that name it.
 * out_no  the version that was live. Errors CW_E_NOT_FOUND */
int cw_store_retire(struct cw_store *s, cw_studio_no studio, const char *collection,
                    const char *id, uint64_t at_us, const uint8_t actor[CW_KEY_ID_BYTES],
                    cw_asset_no *out_no, struct cw_err *err) CW_CHECKED;
/* fp  if not NULL the fingerprint is appended to it and out->fingerprint views it; else
 *     out->fingerprint is empty */
int cw_store_get_asset(struct cw_store *s, cw_studio_no studio, const char *collection,
                       const char *id, struct cw_asset *out, struct cw_buf *fp,
                       struct cw_err *err) CW_CHECKED;
/* Any version, live, replaced or retired. */
int cw_store_get_asset_no(struct cw_store *s, cw_studio_no studio, cw_asset_no no,
                          struct cw_asset *out, struct cw_buf *fp,
                          struct cw_err *err) CW_CHECKED;
typedef bool cw_asset_fn(void *ctx, const struct cw_asset *a);
/* Live assets in id order, starting after `after`, with their fingerprints.
 * Errors CW_E_NOT_FOUND no collection */
int cw_store_list_assets(struct cw_store *s, cw_studio_no studio, const char *collection,
                         const char *after, cw_asset_fn *fn, void *ctx,
                         struct cw_err *err) CW_CHECKED;

/* ---- sightings -------------------------------------------------------------------- */

struct cw_sighting {
    cw_studio_no studio;
    cw_sighting_no no;
    uint8_t id[CW_SIGHTING_ID_BYTES]; /* given by the caller: a retry finds it again */
    uint8_t digest[32];               /* of the request: equal means the same request */
    uint8_t actor[CW_KEY_ID_BYTES];
    char url[CW_URL_CAP];   /* "" if unknown */
    char ip[CW_IP_CAP];     /* "" if unknown */
    char host[CW_HOST_CAP]; /* what incidents are grouped by; never empty */
    uint64_t fetched_us;    /* as the crawler says */
    uint64_t received_us;
    struct cw_bytes fingerprint; /* as in struct cw_asset */
};

struct cw_new_sighting {
    struct cw_sighting sighting; /* no: ignored */
    size_t n_rows;
    struct cw_hash_row rows[CW_ROWS_PER_RECORD];
    struct cw_bytes local;          /* local descriptors; borrowed; empty if none */
    const struct cw_match *matches; /* borrowed */
    size_t n_matches;
};

struct cw_recorded {
    int rc; /* 0, CW_E_EXISTS (same id and digest: nothing written) or CW_E_CONFLICT */
    cw_sighting_no no;
};

/* Records n sightings with their matches, incidents and events in one transaction. */
int cw_store_record_sightings(struct cw_store *s, const struct cw_new_sighting *items,
                              size_t n, struct cw_recorded *out,
                              struct cw_err *err) CW_CHECKED;
/* Adds matches between things already stored (both numbers given); one that is already
 * there is skipped. Opens and bumps incidents. */
int cw_store_record_matches(struct cw_store *s, cw_studio_no studio,
                            const struct cw_match *matches, size_t n,
                            struct cw_err *err) CW_CHECKED;
int cw_store_get_sighting(struct cw_store *s, cw_studio_no studio,
                          const uint8_t id[CW_SIGHTING_ID_BYTES], struct cw_sighting *out,
                          struct cw_buf *fp, struct cw_err *err) CW_CHECKED;
int cw_store_get_sighting_no(struct cw_store *s, cw_studio_no studio, cw_sighting_no no,
                             struct cw_sighting *out, struct cw_buf *fp,
                             struct cw_err *err) CW_CHECKED;
/* The local descriptors of a sighting, appended to *out.
 * Errors  CW_E_NOT_FOUND it came without, or they were dropped for newer ones */
int cw_store_get_sighting_local(struct cw_store *s, cw_studio_no studio,
                                cw_sighting_no no, struct cw_buf *out,
                                struct cw_err *err) CW_CHECKED;
/* All that are kept, of all studios, oldest first, starting after number `after`. */
typedef bool cw_sighting_local_fn(void *ctx, cw_studio_no studio, cw_sighting_no no,
                                  struct cw_bytes local);
int cw_store_list_sighting_local(struct cw_store *s, cw_sighting_no after,
                                 cw_sighting_local_fn *fn, void *ctx,
                                 struct cw_err *err) CW_CHECKED;
/* Matches of one sighting, or of one asset version; fn as above. */
typedef bool cw_match_fn(void *ctx, const struct cw_match *m);
int cw_store_list_sighting_matches(struct cw_store *s, cw_studio_no studio,
                                   cw_sighting_no no, cw_match_fn *fn, void *ctx,
                                   struct cw_err *err) CW_CHECKED;
int cw_store_list_asset_matches(struct cw_store *s, cw_studio_no studio, cw_asset_no no,
                                cw_match_fn *fn, void *ctx,
                                struct cw_err *err) CW_CHECKED;

/* ---- incidents -------------------------------------------------------------------- */

enum cw_state {
    CW_STATE_NEW = 1,
    CW_STATE_TRIAGED = 2,
    CW_STATE_CONFIRMED = 3,
    CW_STATE_REJECTED = 4,
    CW_STATE_DUPLICATE = 5,
    CW_STATE_AUTHORISED = 6,
    CW_STATE_RELEASED = 7,
    CW_STATE_CLOSED = 8
};

/* All matches of one collection on one host. Its key (studio, collection, host) never
 * changes and survives closing. */
struct cw_incident {
    cw_studio_no studio;
    uint64_t no;      /* 1, 2, ... within the studio */
    uint64_t version; /* moves with every decision, comment and new match: the ETag */
    uint8_t state;    /* enum cw_state */
    uint8_t band;     /* of its most confident match, as is the next */
    uint32_t confidence;
    char collection[CW_COLLECTION_CAP];
    char host[CW_HOST_CAP];
    uint64_t n_matches;
    uint64_t n_undecided;                 /* matches since the last decision */
    uint64_t first_seen_us, last_seen_us; /* by fetched_us of the sightings */
    uint64_t opened_us, changed_us;
};

int cw_store_get_incident(struct cw_store *s, cw_studio_no studio, uint64_t no,
                          struct cw_incident *out, struct cw_err *err) CW_CHECKED;
typedef bool cw_incident_fn(void *ctx, const struct cw_incident *i);
/* Newest first, starting below number `before` (0 = from the newest); state 0 = all. */
int cw_store_list_incidents(struct cw_store *s, cw_studio_no studio, uint8_t state,
                            uint64_t before, cw_incident_fn *fn, void *ctx,
                            struct cw_err *err) CW_CHECKED;
/* In order of (asset, sighting), starting after that pair (0, 0 = from the start). */
int cw_store_list_matches(struct cw_store *s, cw_studio_no studio, uint64_t incident,
                          cw_asset_no after_asset, cw_sighting_no after_sighting,
                          cw_match_fn *fn, void *ctx, struct cw_err *err) CW_CHECKED;

enum cw_act {
    CW_ACT_DECISION = 1,
    CW_ACT_UNDO = 2, /* back to the state before the last decision not yet undone */
    CW_ACT_COMMENT = 3
};

/* One line of an incident's history. */
struct cw_history {
    uint64_t version; /* the incident's version after it */
    uint8_t act;      /* enum cw_act */
    uint8_t state_before, state_after;
    uint8_t actor[CW_KEY_ID_BYTES];
    uint64_t at_us;
    char text[CW_REASON_CAP];
};

/* Applies a decision (state_after), an undo, or a comment, and appends it to the history.
 *
 * expected  the version the reviewer saw; 0 = any (comments only)
 * Errors    CW_E_NOT_FOUND, CW_E_CONFLICT the incident moved on (out is filled with its
 *           present form), CW_E_INVALID nothing to undo */
int cw_store_decide(struct cw_store *s, cw_studio_no studio, uint64_t incident,
                    uint64_t expected, const struct cw_history *act,
                    struct cw_incident *out, struct cw_err *err) CW_CHECKED;
typedef bool cw_history_fn(void *ctx, const struct cw_history *h);
int cw_store_list_history(struct cw_store *s, cw_studio_no studio, uint64_t incident,
                          cw_history_fn *fn, void *ctx, struct cw_err *err) CW_CHECKED;

/* ---- the log ---------------------------------------------------------------------- */

enum cw_event_type {
    CW_EVENT_KEY_CREATED = 1,
    CW_EVENT_KEY_REVOKED = 2,
    CW_EVENT_COLLECTION_PUT = 3,
    CW_EVENT_ASSET_REGISTERED = 4,
    CW_EVENT_ASSET_REPLACED = 5,
    CW_EVENT_ASSET_RETIRED = 6,
    CW_EVENT_SIGHTING_RECORDED = 7,
    CW_EVENT_INCIDENT_OPENED = 8,
    CW_EVENT_INCIDENT_GREW = 9,
    CW_EVENT_INCIDENT_DECIDED = 10,
    CW_EVENT_INCIDENT_UNDONE = 11,
    CW_EVENT_INCIDENT_COMMENTED = 12
};

/* One line of the append-only log, written in the transaction of what it tells.
 *
 * It is chained twice (base/chain.h), so that whoever may read one studio can prove that
 * studio's log whole, and the operator the log of all: `hash` follows that of the event
 * before it in its studio and is of the line of index/event_json.h, `chain` follows that
 * of the event before it in the store and is of the number and the whole record. Both
 * are given by the store. */
struct cw_event {
    uint64_t seq; /* 1, 2, ... without gaps, in commit order, over all studios */
    uint64_t at_us;
    cw_studio_no studio;
    uint8_t type; /* enum cw_event_type */
    uint8_t actor[CW_KEY_ID_BYTES];
    char collection[CW_COLLECTION_CAP]; /* "" if none */
    char subject[CW_ASSET_ID_CAP]; /* asset id, sighting id (hex), key id (hex) or "" */
    uint64_t incident;             /* 0 if none */
    char detail[CW_DETAIL_CAP];    /* such as the new state; never a secret */
    uint8_t hash[CW_CHAIN_BYTES];
    uint8_t chain[CW_CHAIN_BYTES];
};

typedef bool cw_event_fn(void *ctx, const struct cw_event *e);
/* Events of one studio after `after`, oldest first. */
int cw_store_read_log(struct cw_store *s, cw_studio_no studio, uint64_t after,
                      cw_event_fn *fn, void *ctx, struct cw_err *err) CW_CHECKED;
/* The newest event and its `chain`, or that of one studio and its `hash`; zeroed if there
 * is none.
 *
 * studio  0 = over all */
int cw_store_log_head(struct cw_store *s, cw_studio_no studio, struct cw_chain_head *out,
                      struct cw_err *err) CW_CHECKED;
/* `fn` is called by the writer thread after every commit with the newest sequence number;
 * it must be quick and must not call the store. Set once, before the first write. */
void cw_store_on_commit(struct cw_store *s, void (*fn)(void *ctx, uint64_t seq),
                        void *ctx);

/* ---- the feed of the search structure --------------------------------------------- */

enum cw_feed { CW_FEED_ASSETS = 1, CW_FEED_SIGHTINGS = 2 };

/* The search structure is a pure function of this log. Per feed and slot it is gap-free
 * and in commit order. slot = first 8 bytes (big-endian) of SHA-256 of the asset id (or
 * of the sighting id's bytes) modulo CW_SLOTS. */
struct cw_feed_entry {
    uint64_t seq; /* 1, 2, ... within its slot */
    bool retire;  /* rows of `no` leave the search; n_rows is 0 then */
    cw_studio_no studio;
    uint64_t no; /* asset or sighting number */
    size_t n_rows;
    struct cw_hash_row rows[CW_ROWS_PER_RECORD];
};

typedef bool cw_feed_fn(void *ctx, const struct cw_feed_entry *e);
int cw_store_read_feed(struct cw_store *s, enum cw_feed feed, unsigned slot,
                       uint64_t after, cw_feed_fn *fn, void *ctx,
                       struct cw_err *err) CW_CHECKED;
int cw_store_heads(struct cw_store *s, enum cw_feed feed, uint64_t out[CW_SLOTS],
                   struct cw_err *err) CW_CHECKED;

/* ---- upkeep ----------------------------------------------------------------------- */

struct cw_store_stats {
    uint64_t assets; /* live ones */
    uint64_t sightings, incidents, events;
    uint64_t incidents_open;        /* new, triaged or confirmed */
    uint64_t commits, writes;       /* since opening; writes / commits = batch size */
    uint64_t used_bytes, map_bytes; /* of the database file; 0 for memory */
};
int cw_store_get_stats(struct cw_store *s, struct cw_store_stats *out,
                       struct cw_err *err) CW_CHECKED;
/* Releases what dead readers hold and grows the map when it is four fifths full; call at
 * start and every minute.
 * Errors CW_E_BUSY it is four fifths full and cannot grow: at map_bytes, or during a
 * backup */
int cw_store_upkeep(struct cw_store *s, struct cw_err *err) CW_CHECKED;
/* A consistent copy of the running store as one file; path must not exist.
 * Errors CW_E_EXISTS, CW_E_UNSUPPORTED (memory) */
int cw_store_backup(struct cw_store *s, const char *path, struct cw_err *err) CW_CHECKED;
/* Makes a store of such a file, where there must be none yet; to be verified after.
 * Errors CW_E_EXISTS, CW_E_CORRUPT the file is none of ours or is cut short,
 * CW_E_NOT_FOUND no file, CW_E_UNSUPPORTED (memory) */
int cw_store_restore(const char *url, const struct cw_store_options *options,
                     const char *file, struct cw_err *err) CW_CHECKED;

struct cw_verify_report {
    uint64_t records;  /* looked at */
    uint64_t problems; /* found; the first one is in `first` */
    char first[CW_DETAIL_CAP];
};
/* Walks the log alone: that it is chained, complete and filed under its studios. The
 * first problem names the first bad event.
 *
 * known     a head over all studios that was kept elsewhere: it must be in the log;
 *           NULL = none
 * out_head  the last event of the log as it was walked */
int cw_store_verify_log(struct cw_store *s, const struct cw_chain_head *known,
                        struct cw_verify_report *out, struct cw_chain_head *out_head,
                        struct cw_err *err) CW_CHECKED;
/* Walks every record and every reference between records, the log included. */
int cw_store_verify(struct cw_store *s, struct cw_verify_report *out,
                    struct cw_err *err) CW_CHECKED;

#endif
