/* tee_sink.h - gives the rows of one decoding to two sinks. */
#ifndef CW_HASHING_TEE_SINK_H
#define CW_HASHING_TEE_SINK_H

#include "hashing/sink.h"

struct cw_tee_sink {
    struct cw_sink sink;
    struct cw_sink *first, *second; /* borrowed */
};

/* A failing `begin` of either sink fails that of the tee; `second` is not begun if
 * `first` fails. Both sinks are borrowed as long as the tee is used. */
void cw_tee_sink_init(struct cw_tee_sink *tee, struct cw_sink *first,
                      struct cw_sink *second);

#endif
