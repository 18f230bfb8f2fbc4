/* store_sighting_local.c - the local descriptors of sightings, which are large: kept
 * apart from their sightings, in order of arrival, the newest within a budget of bytes.
 */
#include <inttypes.h>

#include "index/store_kv.h"

/* Each addition makes room for itself, and where a budget was lowered drops up to so many
 * more: it is reached soon, and no commit takes long. */
#define DROPS_PER_PUT 8

/* In order of arrival over all studios: the number first. */
static struct cw_kk local_key(cw_sighting_no no, cw_studio_no studio)
{
    struct cw_kk k = {.len = 0};
    cw_kk_u64(&k, no);
    cw_kk_u32(&k, studio);
    return k;
}

static int drop_oldest(struct cw_kv_tx *tx, uint64_t *total, struct cw_err *err)
{
    CW_AUTO(cw_scan_done) struct cw_scan scan = {0};
    struct cw_kk key = {.len = 0};
    CW_TRY(cw_scan_from(&scan, tx, CW_TABLE_SIGHTING_LOCAL, &key, 0, err));
    cw_kk_raw(&key, scan.at.key);
    const int len = (int)scan.at.value.len;
    cw_scan_done(&scan);
    CW_TRY(cw_skv_count(tx, CW_COUNTER_SIGHTING_LOCAL, 0, -len, total, err));
    return cw_skv_del(tx, CW_TABLE_SIGHTING_LOCAL, &key, err);
}

int cw_skv_put_sighting_local(struct cw_kv_tx *tx, cw_studio_no studio, cw_sighting_no no,
                              struct cw_bytes local, uint64_t budget, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(CW_RECORD_MAX);
    const struct cw_kk key = local_key(no, studio);
    uint64_t before, total;
    if (local.len == 0) {
        return 0;
    }
    CW_TRY(cw_skv_counter(tx, CW_COUNTER_SIGHTING_LOCAL, 0, &before, err));
    total = before;
    if (local.len <= budget) { /* else it would displace all others, and itself */
        cw_buf_add(&b, local.p, local.len);
        CW_TRY(cw_skv_put(tx, CW_TABLE_SIGHTING_LOCAL, &key, &b, err));
        CW_TRY(
            cw_skv_count(tx, CW_COUNTER_SIGHTING_LOCAL, 0, (int)local.len, &total, err));
    }
    for (unsigned i = 0; total > budget && (i < DROPS_PER_PUT || total > before); i++) {
        CW_TRY(drop_oldest(tx, &total, err));
    }
    return 0;
}

int cw_skv_get_sighting_local(struct cw_store *s, cw_studio_no studio, cw_sighting_no no,
                              struct cw_buf *out, struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    const struct cw_kk key = local_key(no, studio);
    struct cw_bytes value;
    CW_TRY(cw_skv_read(s, &tx, err));
    CW_TRY(cw_skv_need(tx, CW_TABLE_SIGHTING_LOCAL, &key, "descriptors of that sighting",
                       &value, err));
    cw_buf_add(out, value.p, value.len);
    return cw_buf_check(out, "the local descriptors", err);
}

int cw_skv_list_sighting_local(struct cw_store *s, cw_sighting_no after,
                               cw_sighting_local_fn *fn, void *ctx, struct cw_err *err)
{
    CW_AUTO(cw_skv_end_read) struct cw_kv_tx *tx = NULL;
    CW_AUTO(cw_scan_done) struct cw_scan scan = {0};
    struct cw_kk from = local_key(after, UINT32_MAX);
    cw_kk_after(&from);
    CW_TRY(cw_skv_read(s, &tx, err));
    int rc = cw_scan_from(&scan, tx, CW_TABLE_SIGHTING_LOCAL, &from, 0, err);
    for (; rc == 0; rc = cw_scan_next(&scan, err)) {
        if (!fn(ctx, cw_kk_read_u32(scan.at.key, 8), cw_kk_read_u64(scan.at.key, 0),
                scan.at.value)) {
            return 0;
        }
    }
    return cw_scan_end(rc);
}
