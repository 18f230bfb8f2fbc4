#include "index/scan.h"

#include <string.h>

static const struct cw_scan_kernel *const kernels[] = {
#if defined(__x86_64__)
    &CW_SCAN_AVX512,
    &CW_SCAN_AVX2,
    &CW_SCAN_POPCNT,
#endif
    &CW_SCAN_GENERIC,
};

const struct cw_scan_kernel *const *cw_scan_kernels(size_t *out_n)
{
    *out_n = sizeof kernels / sizeof kernels[0];
    return kernels;
}

int cw_scan_choose(const char *name, const struct cw_scan_kernel **out,
                   struct cw_err *err)
{
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++) {
        const struct cw_scan_kernel *k = kernels[i];
        if (name != NULL && strcmp(name, k->name) != 0) {
            continue;
        }
        if (k->usable()) {
            *out = k;
            return 0;
        }
        if (name != NULL) {
            return cw_fail(err, CW_E_UNSUPPORTED, "this processor lacks %s", name);
        }
    }
    return cw_fail(err, CW_E_NOT_FOUND, "there is no scan kernel of this name");
}
