/* hasher.h - hashing pictures in processes of their own (celwatch-hasher), from the side
 * of the program that asks.
 *
 * Bytes go in by a sealed memory file, a fingerprint comes out in one bounded message.
 * The answer is distrusted: it is decoded by cw_fingerprint_decode and bounded again. A
 * process that dies, stalls past its deadline or answers nonsense is killed and replaced;
 * the picture that did it gets an error, nobody else notices. */
#ifndef CW_HASHING_HASHER_H
#define CW_HASHING_HASHER_H

#include "hashing/fingerprint.h"

struct cw_hasher; /* a set of processes */

struct cw_hasher_options {
    const char *program;    /* path of celwatch-hasher */
    unsigned n_processes;   /* 1..64 */
    uint32_t deadline_ms;   /* wall time for one picture */
    uint32_t cpu_seconds;   /* CPU time for one picture */
    uint64_t max_bytes;     /* of one picture file */
    uint64_t max_pixels;    /* width x height, from the header */
    uint64_t memory_bytes;  /* address space of one process */
    uint32_t recycle_after; /* pictures before a process is replaced */
};
/* program = NULL; deadline 5 s; 64 MiB; 100 megapixels; 640 MiB; 1000 pictures. */
extern const struct cw_hasher_options CW_HASHER_DEFAULTS;

/* How to treat a damaged file. */
enum cw_strictness {
    CW_STRICT = 0,  /* registration: a damaged file is refused */
    CW_LENIENT = 1, /* sightings: what can be read is hashed, `truncated` is set */
    CW_FAST = 2,    /* the same, without local descriptors: half the time */
};

struct cw_hasher_stats {
    uint64_t pictures, refused, timeouts, crashes, restarts;
};

/* Starts the processes and waits until all are ready.
 * Errors  CW_E_IO if the program cannot be started or is not ready within 10 s
 * Threads call before the first LMDB environment is opened; spawns, never forks */
int cw_hasher_open(const struct cw_hasher_options *options, struct cw_hasher **out,
                   struct cw_err *err) CW_CHECKED;
void cw_hasher_close(struct cw_hasher *h); /* nobody may be inside cw_hasher_run */

/* Fingerprints one picture; blocks until a process is free and has answered.
 *
 * picture  the file's bytes; the bytes decide the format, not a name
 * out      on success, to be ended with cw_fingerprint_done; sha256 is always set
 * Errors   CW_E_INVALID no bytes, CW_E_UNSUPPORTED not a picture format we read,
 *          CW_E_CORRUPT damaged, CW_E_TOO_LARGE bytes or pixels over the limit,
 *          CW_E_TIMEOUT over its time, CW_E_INTERNAL the process died on it
 * Threads  any number at once
 * Cost     about 0.2 ms above hashing in process */
int cw_hasher_run(struct cw_hasher *h, struct cw_bytes picture, enum cw_strictness how,
                  struct cw_fingerprint *out, struct cw_err *err) CW_CHECKED;
void cw_hasher_get_stats(struct cw_hasher *h, struct cw_hasher_stats *out);

#endif
