/* hex.h - lower-case hexadecimal text. */
#ifndef CW_BASE_HEX_H
#define CW_BASE_HEX_H

#include "base/bytes.h"

/* Writes 2 * len digits and a NUL to out (2 * len + 1 bytes). */
void cw_hex_encode(const uint8_t *in, size_t len, char *out);

/* Reads exactly 2 * len digits, upper or lower case; CW_E_INVALID otherwise. */
int cw_hex_decode(struct cw_bytes text, uint8_t *out, size_t len,
                  struct cw_err *err) CW_CHECKED;

#endif
