/* fuzz_saved.h - what the fuzzers of saved structures share: an input is a list and a
 * part that it may name; two bytes tell how long the list is. */
#ifndef CW_TESTS_FUZZ_FUZZ_SAVED_H
#define CW_TESTS_FUZZ_FUZZ_SAVED_H

#include "tests/support/t_saved.h"

/* Takes an input of at most so many bytes apart and gives it to `restore`. */
static inline void fuzz_saved(const uint8_t *data, size_t size, size_t most,
                              void (*restore)(struct cw_saved *saved,
                                              struct cw_bytes list, struct cw_bytes part))
{
    if (size < 2 || size > most) {
        return;
    }
    const size_t claimed = (size_t)data[0] << 8 | data[1];
    const size_t n = claimed < size - 2 ? claimed : size - 2;
    struct cw_saved *saved = t_saved_in_memory();
    restore(saved, cw_bytes_of(data + 2, n), cw_bytes_of(data + 2 + n, size - 2 - n));
    cw_saved_close(saved);
}

#endif
