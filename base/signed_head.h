/* signed_head.h - a head of the log (base/chain.h) with a signature: a checkpoint.
 *
 * Who has the public key can take a checkpoint from anywhere, a log file or a mail, and
 * knows that the service wrote it. The signature is of a fixed text before N:HEX, so that
 * nothing else the key may ever sign can be taken for a checkpoint. */
#ifndef CW_BASE_SIGNED_HEAD_H
#define CW_BASE_SIGNED_HEAD_H

#include "base/chain.h"
#include "base/crypto.h"

#define CW_SIGNED_HEAD_CAP 215 /* "N:HEX:SIGNATURE" and NUL */

struct cw_signed_head {
    struct cw_chain_head head;
    uint8_t signature[CW_SIGNATURE_BYTES];
};

void cw_signed_head_make(const struct cw_chain_head *head,
                         const uint8_t seed[CW_SEED_BYTES], struct cw_signed_head *out);
bool cw_signed_head_is_by(const struct cw_signed_head *h,
                          const uint8_t key[CW_PUBLIC_KEY_BYTES]);
/* N:HEX:SIGNATURE. Errors CW_E_INVALID */
int cw_signed_head_parse(const char *text, struct cw_signed_head *out,
                         struct cw_err *err) CW_CHECKED;
void cw_signed_head_format(const struct cw_signed_head *h, char out[CW_SIGNED_HEAD_CAP]);

#endif
