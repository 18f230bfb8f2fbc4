#include "base/crypto.h"

#include <nettle/sha2.h>
#include <sodium.h>

int cw_crypto_init(struct cw_err *err)
{
    if (sodium_init() < 0) {
        return cw_fail(err, CW_E_INTERNAL, "libsodium cannot start: no randomness");
    }
    return 0;
}

void cw_sha256(struct cw_bytes in, uint8_t out[CW_SHA256_BYTES])
{
    /* By nettle: libsodium's SHA-256 is portable C and takes 0.58 ms for a picture of
     * 200 KB, nettle's uses the processor's own instructions and takes 0.12 ms. */
    struct sha256_ctx ctx;
    sha256_init(&ctx);
    sha256_update(&ctx, in.len, in.p);
    sha256_digest(&ctx, CW_SHA256_BYTES, out);
}

void cw_blake2b_keyed(struct cw_bytes in, const uint8_t key[32],
                      uint8_t out[CW_BLAKE2B_BYTES])
{
    (void)crypto_generichash(out, CW_BLAKE2B_BYTES, in.p, in.len, key, 32);
}

void cw_blake2b_pair(struct cw_bytes a, struct cw_bytes b, uint8_t out[CW_BLAKE2B_BYTES])
{
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, CW_BLAKE2B_BYTES);
    (void)crypto_generichash_update(&state, a.p, a.len);
    (void)crypto_generichash_update(&state, b.p, b.len);
    (void)crypto_generichash_final(&state, out, CW_BLAKE2B_BYTES);
}

void cw_public_key(const uint8_t seed[CW_SEED_BYTES], uint8_t out[CW_PUBLIC_KEY_BYTES])
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    (void)crypto_sign_seed_keypair(out, secret, seed);
    cw_wipe(secret, sizeof secret);
}

void cw_sign(struct cw_bytes in, const uint8_t seed[CW_SEED_BYTES],
             uint8_t out[CW_SIGNATURE_BYTES])
{
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    (void)crypto_sign_seed_keypair(public_key, secret, seed);
    (void)crypto_sign_detached(out, NULL, in.p, in.len, secret);
    cw_wipe(secret, sizeof secret);
}

bool cw_is_signed(struct cw_bytes in, const uint8_t key[CW_PUBLIC_KEY_BYTES],
                  const uint8_t signature[CW_SIGNATURE_BYTES])
{
    return crypto_sign_verify_detached(signature, in.p, in.len, key) == 0;
}

void cw_random(void *out, size_t len)
{
    randombytes_buf(out, len);
}

bool cw_equal_secret(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

void cw_wipe(void *p, size_t len)
{
    sodium_memzero(p, len);
}

void cw_base64_encode(struct cw_buf *out, struct cw_bytes in)
{
    size_t need;
    if (__builtin_mul_overflow(in.len / 3 + 1, (size_t)4, &need) ||
        cw_buf_reserve(out, need, NULL) != 0) {
        out->failed = true;
        return;
    }
    char *at = (char *)out->p + out->len;
    (void)sodium_bin2base64(at, need + 1, in.p, in.len, sodium_base64_VARIANT_ORIGINAL);
    out->len += (in.len + 2) / 3 * 4;
}

int cw_base64_decode(struct cw_bytes text, struct cw_buf *out, struct cw_err *err)
{
    const size_t most = text.len / 4 * 3;
    size_t len = 0;
    CW_TRY(cw_buf_reserve(out, most, err));
    if (text.len == 0) {
        return 0;
    }
    if (sodium_base642bin(out->p + out->len, most, (const char *)text.p, text.len, NULL,
                          &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0) {
        return cw_fail(err, CW_E_INVALID, "not base64 text");
    }
    out->len += len;
    out->p[out->len] = '\0';
    return 0;
}
