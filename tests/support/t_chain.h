/* t_chain.h - making exports of a log whose hashes are right. */
#ifndef CW_TESTS_SUPPORT_T_CHAIN_H
#define CW_TESTS_SUPPORT_T_CHAIN_H

#include "base/chain.h"
#include "base/json_write.h"

/* Appends the line of record `seq`, which follows `at`, and moves `at` on to it.
 *
 * members  what stands between the number and the hash; begins with a comma */
static inline void t_chain_add(struct cw_buf *out, struct cw_chain_head *at, uint64_t seq,
                               struct cw_bytes members)
{
    const size_t start = out->len;
    struct cw_jw w = cw_jw_of(out);
    cw_jw_begin_object(&w);
    cw_jw_ku64(&w, "seq", seq);
    cw_buf_add(out, members.p, members.len);
    at->seq = seq;
    cw_chain_next(at->hash, cw_bytes_of(out->p + start, out->len - start), at->hash);
    cw_jw_khex(&w, "hash", at->hash, sizeof at->hash);
    cw_jw_end_object(&w);
    cw_buf_add_str(out, "\n");
}

/* Whether an export is found whole. */
static inline int t_chain_check(struct cw_bytes text, const struct cw_chain_head *after,
                                const struct cw_chain_head *known, struct cw_err *err)
{
    CW_AUTO(cw_chain_check_done) struct cw_chain_check c = {0};
    CW_TRY(cw_chain_check_begin(&c, after, known, err));
    CW_TRY(cw_chain_check_feed(&c, text, err));
    return cw_chain_check_end(&c, err);
}

#endif
