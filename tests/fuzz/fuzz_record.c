/* fuzz_record.c - decodes a record of any type; the first byte chooses which. */
#include <assert.h>

#include "index/store_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Decodes `in` as one type and encodes it again: equal bytes, since no value has two
 * forms. */
#define TRY_RECORD(type, record)                                                         \
    do {                                                                                 \
        record out = {0};                                                                \
        if (cw_record_get_##type(in, &out, NULL) == 0) {                                 \
            cw_record_put_##type(&again, &out);                                          \
            assert(cw_bytes_equal(in, cw_buf_view(&again)));                             \
        }                                                                                \
    } while (0)

static void try_records(uint8_t which, struct cw_bytes in)
{
    CW_AUTO(cw_buf_done) struct cw_buf again = CW_BUF_INIT(CW_RECORD_MAX);
    switch (which % 10) {
    case 0:
        TRY_RECORD(key, struct cw_key_record);
        break;
    case 1:
        TRY_RECORD(collection, struct cw_collection_record);
        break;
    case 2:
        TRY_RECORD(asset_name, struct cw_asset_name);
        break;
    case 3:
        TRY_RECORD(asset, struct cw_asset);
        break;
    case 4:
        TRY_RECORD(sighting, struct cw_sighting);
        break;
    case 5:
        TRY_RECORD(match, struct cw_match_record);
        break;
    case 6:
        TRY_RECORD(incident, struct cw_incident);
        break;
    case 7:
        TRY_RECORD(history, struct cw_history_record);
        break;
    case 8:
        TRY_RECORD(event, struct cw_event);
        break;
    default:
        TRY_RECORD(feed, struct cw_feed_entry);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && size < CW_RECORD_MAX) {
        try_records(data[0], cw_bytes_of(data + 1, size - 1));
    }
    return 0;
}
