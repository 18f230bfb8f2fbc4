/* auth.h - API keys: making them and checking them.
 *
 * A key reads cw_<role>_<id>_<secret>: 16 hexadecimal digits of id, 52 base32 characters
 * of secret (256 bits). Only BLAKE2b-256 of the whole text, keyed with the store's
 * pepper, is kept: 256 random bits need no slow hash. */
#ifndef CW_SERVER_AUTH_H
#define CW_SERVER_AUTH_H

#include "server/app.h"

#define CW_KEY_TEXT_CAP 96
/* The studio whose admins look after the service: `celwatchd init` makes it. */
#define CW_FIRST_STUDIO "default"

/* Makes a new key: fills record->id and record->secret_hash (role must be set) and writes
 * its text, the only time it is ever seen. */
void cw_key_make(const uint8_t pepper[32], struct cw_key_record *record,
                 char text[CW_KEY_TEXT_CAP]);
/* Whose key is it?
 * header  the value of Authorization, or the empty view
 * Errors  CW_E_DENIED for any reason: missing, malformed, unknown, revoked
 * Cost    one read of the store and one BLAKE2b; not cached, so that revoking is instant
 */
int cw_key_check(struct cw_app *app, struct cw_bytes header, struct cw_key_record *out,
                 struct cw_err *err) CW_CHECKED;

#endif
