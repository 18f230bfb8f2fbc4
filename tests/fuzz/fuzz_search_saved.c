/* fuzz_search_saved.c - restores a search from a list and a segment, and asks it. */
#include <stdlib.h>

#include "index/search_save.h"
#include "tests/fuzz/fuzz_saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(struct cw_search *s)
{
    static const struct cw_search_hash hashes[] = {
        {.radius = 31, .inverted = true}, {.radius = 128}, {.kind = 1, .radius = 64}};
    for (uint32_t studio = 0; studio < 2; studio++) {
        const struct cw_search_query q = {
            .studio = studio, .n_hashes = 3, .hashes = hashes};
        CW_AUTO(cw_hits_done) struct cw_hits hits = {0};
        if (cw_search_find(s, &q, 10, &hits, NULL) != 0) {
            abort();
        }
    }
    cw_search_remove(s, 1);
    if (cw_search_settle(s, NULL) != 0) {
        abort();
    }
}

static void restore(struct cw_saved *saved, struct cw_bytes list, struct cw_bytes segment)
{
    const struct cw_search_options options = {.max_rows = 100000};
    struct cw_search *s = NULL;
    char name[CW_SAVED_NAME_MAX + 1];
    cw_saved_part_name("h", 1, name);
    if (cw_saved_put(saved, name, &segment, 1, NULL) != 0 ||
        cw_search_open(&options, &s, NULL) != 0) {
        abort();
    }
    if (cw_search_restore(s, saved, "h", list, NULL) == 0) {
        ask(s);
    }
    cw_search_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_saved(data, size, 400000, restore);
    return 0;
}
