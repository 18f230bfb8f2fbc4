/* fuzz_local_saved.c - restores a local index from a list and a pack, and asks it. Two
 * bytes tell how long the list is; the pack follows. */
#include <stdlib.h>

#include "index/local_save.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(struct cw_local_index *ix)
{
    struct cw_local local[2] = {0};
    struct cw_local_found found;
    local[1].bits.b[9] = 0xff;
    const struct cw_local_query q = {.studio = 1, .n = 2, .local = local};
    if (cw_local_find(ix, &q, &found, NULL) == 0) {
        cw_local_found_done(&found);
    }
    if (cw_local_settle(ix, NULL) != 0) {
        abort();
    }
}

static void restore(struct cw_saved *saved, struct cw_bytes list, struct cw_bytes pack)
{
    const struct cw_local_options options = {.max_descriptors = 100000};
    struct cw_local_index *ix = NULL;
    if (cw_saved_put(saved, "l/0000000000000001", &pack, 1, NULL) != 0 ||
        cw_local_open(&options, &ix, NULL) != 0) {
        abort();
    }
    const int rc = cw_local_restore(ix, saved, "l", list, NULL);
    if (rc == 0) {
        ask(ix);
    }
    cw_local_close(ix);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t secret[CW_SAVED_SECRET_BYTES];
    struct cw_kv *kv = NULL;
    struct cw_saved *saved = NULL;
    if (size < 2 || size > 100000) {
        return 0;
    }
    const size_t claimed = (size_t)data[0] << 8 | data[1];
    const size_t n = claimed < size - 2 ? claimed : size - 2;
    if (cw_kv_open_memory(&kv, NULL) != 0 ||
        cw_saved_open(kv, secret, &saved, NULL) != 0) {
        abort();
    }
    restore(saved, cw_bytes_of(data + 2, n), cw_bytes_of(data + 2 + n, size - 2 - n));
    cw_saved_close(saved);
    return 0;
}
