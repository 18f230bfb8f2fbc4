/* hash.h - the value type of one perceptual hash: 256 bits of one view of a picture. */
#ifndef CW_HASHING_HASH_H
#define CW_HASHING_HASH_H

#include <stdint.h>

#include "base/bytes.h"

#define CW_HASH_BYTES 32
#define CW_HASH_BITS 256
#define CW_HASH_TEXT_CAP 65 /* 64 hexadecimal digits and NUL */

/* Bytes in the order of PDQ's text form: b[0] holds its first two digits (the most
 * significant bits, w[15] of the reference). Any alignment. */
struct cw_hash {
    uint8_t b[CW_HASH_BYTES];
};

/* Number of differing bits, 0..256. Threads: pure. Cost: 4 popcounts. */
unsigned cw_hash_distance(const struct cw_hash *a, const struct cw_hash *b);
void cw_hash_format(const struct cw_hash *h, char out[CW_HASH_TEXT_CAP]);
int cw_hash_parse(struct cw_bytes text, struct cw_hash *out,
                  struct cw_err *err) CW_CHECKED;

#endif
