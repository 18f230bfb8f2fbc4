/* num.h - checked arithmetic on outside numbers, and parsing them. */
#ifndef CW_BASE_NUM_H
#define CW_BASE_NUM_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* out = a * b or a + b; CW_E_TOO_LARGE on overflow, out untouched then. */
int cw_size_mul(size_t a, size_t b, size_t *out, struct cw_err *err) CW_CHECKED;
int cw_size_add(size_t a, size_t b, size_t *out, struct cw_err *err) CW_CHECKED;

/* Decimal digits only: no sign, no space, no leading '+', at most 20 digits.
 * CW_E_INVALID if `text` is not that, or lies outside min..max; `what` names it. */
int cw_parse_u64(struct cw_bytes text, uint64_t min, uint64_t max, const char *what,
                 uint64_t *out, struct cw_err *err) CW_CHECKED;

#endif
