/* hash_pool.h - fingerprints many files at once and hands the results out in order.
 *
 * A few threads read files and feed the hashers (hashing/hasher.h), never further ahead
 * of the consumer than a fixed window: memory does not grow with the number of files. */
#ifndef CW_CLI_HASH_POOL_H
#define CW_CLI_HASH_POOL_H

#include "cli/walk.h"
#include "hashing/hasher.h"

struct cw_hash_pool;

/* The result for one file. */
struct cw_hashed {
    const char *path; /* borrowed from the list */
    uint64_t n_bytes; /* of the file; 0 if it could not be read */
    struct cw_fingerprint fp;
    struct cw_err err; /* code CW_OK if fp is set, else why not */
};

void cw_hashed_done(struct cw_hashed *item);

/* Finds celwatch-hasher: $CELWATCH_HASHER, else beside the running program, else in
 * ../libexec/celwatch from there.
 *
 * out     cap bytes
 * Errors  CW_E_NOT_FOUND with the places that were looked at */
int cw_find_hasher(char *out, size_t cap, struct cw_err *err) CW_CHECKED;

/* Starts hashers and threads, one a processor. With no files at all none is started.
 *
 * paths   borrowed until the pool is closed
 * how     what to do with a damaged file
 * Owns    caller frees *out with cw_hash_pool_close
 * Errors  CW_E_NOT_FOUND, CW_E_INTERNAL, and those of cw_hasher_open */
int cw_hash_pool_open(const struct cw_paths *paths, enum cw_strictness how,
                      struct cw_hash_pool **out, struct cw_err *err) CW_CHECKED;
/* Ends early if files are left: what is being hashed is finished, the rest is not begun.
 */
void cw_hash_pool_close(struct cw_hash_pool **pool);

/* Waits for the next file in the order of the list.
 *
 * out      to be ended with cw_hashed_done
 * Returns  false after the last file; *out is untouched then
 * Threads  one consumer */
bool cw_hash_pool_next(struct cw_hash_pool *pool, struct cw_hashed *out) CW_CHECKED;

/* What went wrong with a file, in words for people: "not a picture", "damaged", ... */
const char *cw_hash_problem(const struct cw_err *err);

#endif
