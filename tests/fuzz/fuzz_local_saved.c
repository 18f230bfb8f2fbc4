/* fuzz_local_saved.c - restores a local index from a list and a pack, and asks it. */
#include <stdlib.h>

#include "index/local_save.h"
#include "tests/fuzz/fuzz_saved.h"

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
    fuzz_saved(data, size, 100000, restore);
    return 0;
}
