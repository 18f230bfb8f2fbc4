/* hasher_confine.h - what celwatch-hasher gives up before it sees a picture. */
#ifndef CW_HASHING_HASHER_CONFINE_H
#define CW_HASHING_HASHER_CONFINE_H

#include "base/error.h"

#include <stdint.h>

/* Gives up, for good: gaining privileges, core dumps and being traced, writing files,
 * more than a few descriptors, more than memory_bytes of address space. Called when all
 * libraries are loaded, before the first picture.
 *
 * Errors  CW_E_INTERNAL if any of it is refused */
int cw_hasher_confine(uint64_t memory_bytes, struct cw_err *err) CW_CHECKED;

/* Starts the CPU time of the next picture: SIGPROF ends the process after cpu_seconds. */
int cw_hasher_start_cpu_clock(uint32_t cpu_seconds, struct cw_err *err) CW_CHECKED;

#endif
