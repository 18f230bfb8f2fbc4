#include "server/auth.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "server/names.h"

#define SECRET_BYTES 32
#define SECRET_CHARS 52
#define ID_CHARS 16

/* RFC 4648 base32 in lower case, without padding: 52 characters for 32 bytes. */
static void base32(const uint8_t in[SECRET_BYTES], char out[SECRET_CHARS + 1])
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned bits = 0, n_bits = 0;
    size_t at = 0;
    for (size_t i = 0; i < SECRET_BYTES; i++) {
        bits = bits << 8 | in[i];
        for (n_bits += 8; n_bits >= 5; n_bits -= 5) {
            out[at++] = alphabet[bits >> (n_bits - 5) & 31];
        }
    }
    out[at++] = alphabet[bits << (5 - n_bits) & 31];
    out[at] = '\0';
}

void cw_key_make(const uint8_t pepper[32], struct cw_key_record *record,
                 char text[CW_KEY_TEXT_CAP])
{
    uint8_t secret[SECRET_BYTES];
    char secret_text[SECRET_CHARS + 1];
    char id[ID_CHARS + 1];
    cw_random(record->id, sizeof record->id);
    cw_random(secret, sizeof secret);
    cw_hex_encode(record->id, sizeof record->id, id);
    base32(secret, secret_text);
    (void)snprintf(text, CW_KEY_TEXT_CAP, "cw_%s_%s_%s", cw_role_name(record->role), id,
                   secret_text);
    cw_blake2b_keyed(cw_bytes_str(text), pepper, record->secret_hash);
    cw_wipe(secret, sizeof secret);
    cw_wipe(secret_text, sizeof secret_text);
}

/* Takes the id out of "Bearer cw_role_id_secret"; false if the text has another shape. */
static bool parse_header(struct cw_bytes header, struct cw_bytes *out_key,
                         uint8_t id[CW_KEY_ID_BYTES])
{
    static const char scheme[] = "Bearer ";
    const size_t skip = sizeof scheme - 1;
    if (header.len <= skip || header.len - skip >= CW_KEY_TEXT_CAP ||
        memcmp(header.p, scheme, skip) != 0) {
        return false;
    }
    struct cw_bytes rest = cw_bytes_of(header.p + skip, header.len - skip);
    uint8_t role;
    *out_key = rest;
    const bool prefix = cw_bytes_equal_str(cw_bytes_cut(&rest, '_'), "cw");
    const bool known = cw_role_parse(cw_bytes_cut(&rest, '_'), &role);
    return prefix && known &&
           cw_hex_decode(cw_bytes_cut(&rest, '_'), id, CW_KEY_ID_BYTES, NULL) == 0 &&
           rest.len == SECRET_CHARS;
}

int cw_key_check(struct cw_app *app, struct cw_bytes header, struct cw_key_record *out,
                 struct cw_err *err)
{
    struct cw_key_record record;
    struct cw_bytes text;
    uint8_t id[CW_KEY_ID_BYTES];
    uint8_t hash[CW_BLAKE2B_BYTES];
    if (!parse_header(header, &text, id)) {
        return cw_fail(err, CW_E_DENIED, "no key of the form cw_role_id_secret was sent");
    }
    const int rc = cw_store_get_key(app->store, id, &record, err);
    if (rc == CW_E_NOT_FOUND) {
        return cw_fail(err, CW_E_DENIED, "the key is not known or no longer valid");
    }
    CW_TRY(rc);
    cw_blake2b_keyed(text, app->pepper, hash);
    if (!cw_equal_secret(hash, record.secret_hash, sizeof hash) ||
        record.revoked_us != 0) {
        return cw_fail(err, CW_E_DENIED, "the key is not known or no longer valid");
    }
    *out = record;
    return 0;
}
