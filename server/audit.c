#include "server/audit.h"

#include <inttypes.h>

#include "base/hex.h"
#include "base/signed_head.h"
#include "server/log.h"

static int sign(struct cw_store *store, struct cw_signed_head *out, struct cw_err *err)
{
    struct cw_chain_head head;
    uint8_t seed[CW_SEED_BYTES];
    CW_TRY(cw_store_log_head(store, 0, &head, err));
    CW_TRY(cw_store_audit_seed(store, seed, err));
    cw_signed_head_make(&head, seed, out);
    cw_wipe(seed, sizeof seed);
    return 0;
}

void cw_audit_tell(struct cw_audit *a)
{
    struct cw_signed_head h;
    struct cw_err err;
    char hash[2 * CW_CHAIN_BYTES + 1];
    char signature[2 * CW_SIGNATURE_BYTES + 1];
    if (sign(a->store, &h, &err) != 0) {
        cw_log(CW_LOG_ERROR, "event=audit_failed why=\"%s\"", err.text);
        return;
    }
    if (h.head.seq == a->told) {
        return;
    }
    cw_hex_encode(h.head.hash, sizeof h.head.hash, hash);
    cw_hex_encode(h.signature, sizeof h.signature, signature);
    cw_log(CW_LOG_INFO, "event=audit_checkpoint seq=%" PRIu64 " head=%s sig=%s",
           h.head.seq, hash, signature);
    a->told = h.head.seq;
}
