/* fingerprint_internal.h - what the two written forms of a fingerprint share. */
#ifndef CW_HASHING_FINGERPRINT_INTERNAL_H
#define CW_HASHING_FINGERPRINT_INTERNAL_H

#include "hashing/fingerprint.h"

#define CW_FP_MAX_SIDE 10000000 /* px; no decoder we use goes further */

/* Finds kind and turn of a view by its name on the wire; false if there is none. */
bool cw_view_by_name(struct cw_bytes name, uint8_t *out_kind, uint8_t *out_turn);

/* True for printable ASCII, which is what a library name may be made of. */
bool cw_fp_is_plain(struct cw_bytes text);

/* What must hold of a fingerprint from outside, whatever form it came in: a recipe we
 * know, bounded numbers, a printable library name, no view twice, the upright PDQ among
 * them. */
int cw_fp_check(const struct cw_fingerprint *fp, struct cw_err *err) CW_CHECKED;

#endif
