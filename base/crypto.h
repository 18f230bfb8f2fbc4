/* crypto.h - digests, signatures, random bytes and constant-time comparison, by
 * libsodium; SHA-256 by nettle. */
#ifndef CW_BASE_CRYPTO_H
#define CW_BASE_CRYPTO_H

#include <stdbool.h>

#include "base/bytes.h"

#define CW_SHA256_BYTES 32
#define CW_BLAKE2B_BYTES 32
#define CW_SEED_BYTES 32       /* of a pair of keys: the secret */
#define CW_PUBLIC_KEY_BYTES 32 /* Ed25519, RFC 8032 */
#define CW_SIGNATURE_BYTES 64

/* Must be called once before threads exist; CW_E_INTERNAL if no randomness is to be had.
 */
int cw_crypto_init(struct cw_err *err) CW_CHECKED;
void cw_sha256(struct cw_bytes in, uint8_t out[CW_SHA256_BYTES]);
/* BLAKE2b-256 keyed with 32 bytes (RFC 7693). */
void cw_blake2b_keyed(struct cw_bytes in, const uint8_t key[32],
                      uint8_t out[CW_BLAKE2B_BYTES]);
/* BLAKE2b-256 of two pieces, one after the other. */
void cw_blake2b_pair(struct cw_bytes a, struct cw_bytes b, uint8_t out[CW_BLAKE2B_BYTES]);
/* Ed25519 signatures (RFC 8032); the pair of keys follows from a random seed. */
void cw_public_key(const uint8_t seed[CW_SEED_BYTES], uint8_t out[CW_PUBLIC_KEY_BYTES]);
void cw_sign(struct cw_bytes in, const uint8_t seed[CW_SEED_BYTES],
             uint8_t out[CW_SIGNATURE_BYTES]);
bool cw_is_signed(struct cw_bytes in, const uint8_t key[CW_PUBLIC_KEY_BYTES],
                  const uint8_t signature[CW_SIGNATURE_BYTES]);
void cw_random(void *out, size_t len);
bool cw_equal_secret(const void *a, const void *b, size_t len); /* in constant time */
void cw_wipe(void *p, size_t len);                              /* not optimised away */
/* RFC 4648 base64 with padding. */
void cw_base64_encode(struct cw_buf *out, struct cw_bytes in);
int cw_base64_decode(struct cw_bytes text, struct cw_buf *out,
                     struct cw_err *err) CW_CHECKED;

#endif
