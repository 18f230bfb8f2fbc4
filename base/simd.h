/* simd.h - one function body, compiled for the baseline processor and once more for
 * AVX2. The bodies hold integers, or floats whose order of operations is written down and
 * never fused, so that both give the same answer bit for bit. CW_PLAIN_ONLY leaves the
 * second out, for comparing. */
#ifndef CW_BASE_SIMD_H
#define CW_BASE_SIMD_H

#include <stdbool.h>

/* A body that is compiled into each of its callers, for the caller's instructions. */
#define CW_BODY static inline __attribute__((always_inline))

#if defined(__x86_64__) && !defined(CW_PLAIN_ONLY)
#define CW_FOR_AVX2 __attribute__((target("avx2,popcnt")))
#else
#define CW_FOR_AVX2
#endif

/* True if this processor runs what CW_FOR_AVX2 compiles. Cost: one load. */
static inline bool cw_has_avx2(void)
{
#if defined(__x86_64__) && !defined(CW_PLAIN_ONLY)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
#else
    return false;
#endif
}

#endif
