/* local_hits.h - what a find meets: the nearest of each descriptor, then the pictures
 * that most of them belong to. */
#ifndef CW_INDEX_LOCAL_HITS_H
#define CW_INDEX_LOCAL_HITS_H

#include "index/local_snapshot.h"

struct cw_local_hits;

int cw_local_hits_new(const struct cw_local_rows *rows, uint32_t studio,
                      struct cw_local_hits **out, struct cw_err *err) CW_CHECKED;
void cw_local_hits_free(struct cw_local_hits **h);

/* A descriptor within the radius of descriptor `query`; dropped if it is not to be seen
 * or CW_LOCAL_NEAREST are nearer. Descriptors of the query come one after the other. */
void cw_local_hits_note(struct cw_local_hits *h, uint16_t query, unsigned distance,
                        const struct cw_local_tag *tag);
/* The descriptor has met all. Errors: CW_E_NO_MEMORY */
int cw_local_hits_end_descriptor(struct cw_local_hits *h, struct cw_err *err) CW_CHECKED;
/* The pictures with the most matches. Once. Errors: CW_E_NO_MEMORY */
int cw_local_hits_tell(struct cw_local_hits *h, struct cw_local_found *out,
                       struct cw_err *err) CW_CHECKED;

#endif
