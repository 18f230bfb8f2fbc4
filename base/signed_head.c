#include "base/signed_head.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"

static const char purpose[] = "celwatch audit checkpoint ";

/* What is signed. */
struct message {
    char text[sizeof purpose + CW_CHAIN_HEAD_CAP];
};

static struct message message_of(const struct cw_chain_head *head)
{
    struct message m;
    char text[CW_CHAIN_HEAD_CAP];
    cw_chain_head_format(head, text);
    (void)snprintf(m.text, sizeof m.text, "%s%s", purpose, text);
    return m;
}

void cw_signed_head_make(const struct cw_chain_head *head,
                         const uint8_t seed[CW_SEED_BYTES], struct cw_signed_head *out)
{
    const struct message m = message_of(head);
    out->head = *head;
    cw_sign(cw_bytes_str(m.text), seed, out->signature);
}

bool cw_signed_head_is_by(const struct cw_signed_head *h,
                          const uint8_t key[CW_PUBLIC_KEY_BYTES])
{
    const struct message m = message_of(&h->head);
    return cw_is_signed(cw_bytes_str(m.text), key, h->signature);
}

int cw_signed_head_parse(const char *text, struct cw_signed_head *out, struct cw_err *err)
{
    struct cw_signed_head h;
    char head[CW_CHAIN_HEAD_CAP];
    const char *colon = strrchr(text, ':');
    const size_t len = colon == NULL ? 0 : (size_t)(colon - text);
    if (colon == NULL || len >= sizeof head ||
        cw_hex_decode(cw_bytes_str(colon + 1), h.signature, sizeof h.signature, NULL) !=
            0) {
        return cw_fail(err, CW_E_INVALID,
                       "a checkpoint is a head, a colon and %d hex digits",
                       2 * CW_SIGNATURE_BYTES);
    }
    memcpy(head, text, len);
    head[len] = '\0';
    CW_TRY(cw_chain_head_parse(head, &h.head, err));
    *out = h;
    return 0;
}

void cw_signed_head_format(const struct cw_signed_head *h, char out[CW_SIGNED_HEAD_CAP])
{
    char head[CW_CHAIN_HEAD_CAP];
    char hex[2 * CW_SIGNATURE_BYTES + 1];
    cw_chain_head_format(&h->head, head);
    cw_hex_encode(h->signature, sizeof h->signature, hex);
    (void)snprintf(out, CW_SIGNED_HEAD_CAP, "%s:%s", head, hex);
}
