/* t_api.h - what most end-to-end tests do on their way: register, submit, look. Each
 * fails the test if the service refuses. Fingerprints are bare PDQ hashes made from a
 * seed, so that nothing has to be decoded. */
#ifndef CW_TESTS_SUPPORT_T_API_H
#define CW_TESTS_SUPPORT_T_API_H

#include "hashing/fingerprint.h"
#include "tests/support/t_http.h"

#define T_ID_CAP 72
#define T_JSON_CAP 1024

/* The hash of a seed with its first `flipped` bits changed; seeds are far from each
 * other. */
struct cw_hash t_hash(uint64_t seed, unsigned flipped);
void t_hash_text(uint64_t seed, unsigned flipped, char out[CW_HASH_TEXT_CAP]);
/* {"fingerprint":{"pdq":"..."}} of it, with `more` members (",\"url\":...") added. */
void t_fingerprint_json(uint64_t seed, unsigned flipped, const char *more,
                        char out[T_JSON_CAP]);

/* PUTs an asset that must be new. */
void t_register(const struct t_server *s, const char *key, const char *collection,
                const char *id, uint64_t seed);
/* Appends a record of the binary bulk stream; kind 0 = not said. */
void t_add_record(struct cw_buf *out, const char *id, uint8_t kind,
                  const struct cw_fingerprint *fp);
struct t_reply t_post_records(const struct t_server *s, const char *key,
                              const char *collection, const struct cw_buf *records);
/* Records a sighting of the hash at http://HOST/SEED.png; `out_id` may be NULL. */
void t_submit(const struct t_server *s, const char *key, const char *host, uint64_t seed,
              unsigned flipped, char out_id[T_ID_CAP]);
/* The one incident of that collection; false if there is none. Fails on more than one. */
bool t_find_incident(const struct t_server *s, const char *key, const char *collection,
                     char out_id[T_ID_CAP]);
/* Registers and submits the hash of a seed, and returns the incident it opened. */
void t_open_incident(const struct t_server *s, const char *key, const char *collection,
                     uint64_t seed, char out_id[T_ID_CAP]);

/* A string by format; *out has T_JSON_CAP bytes. */
void t_format(char out[T_JSON_CAP], const char *fmt, ...) CW_PRINTF(2, 3);

#endif
