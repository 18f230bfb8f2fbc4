/* registry_internal.h - what registry.c and registry_load.c share. */
#ifndef CW_SERVER_REGISTRY_INTERNAL_H
#define CW_SERVER_REGISTRY_INTERNAL_H

#include "server/checkpoint.h"
#include "server/registry.h"

void cw_registry_count(struct cw_registry *r, cw_studio_no studio, int change);
void cw_registry_count_recipe(struct cw_registry *r, uint16_t recipe, int change);

/* An asset version with its fingerprint; out->fingerprint is empty.
 * Owns  *out_fp, ended by cw_fingerprint_done */
int cw_registry_read_asset(struct cw_registry *r, cw_studio_no studio, cw_asset_no no,
                           struct cw_asset *out, struct cw_fingerprint *out_fp,
                           struct cw_err *err) CW_CHECKED;
/* Only the keyframe of a run is searched by its descriptors. */
int cw_registry_add_local(struct cw_registry *r, const struct cw_frame_in *frame,
                          struct cw_err *err) CW_CHECKED;
/* Takes a version from those that are still to be derived; false if it is none. Cost: a
 * look at each that is pending */
bool cw_registry_drop_pending(struct cw_registry *r, cw_asset_no no);

#endif
