/* local_snapshot.h - the segments of a local index as one find sees them. */
#ifndef CW_INDEX_LOCAL_SNAPSHOT_H
#define CW_INDEX_LOCAL_SNAPSHOT_H

#include "index/local_segment.h"

#define CW_LOCAL_SEGMENTS 32

/* Immutable; the last segment is the fresh one, all others are packed, oldest first. */
struct cw_local_snapshot {
    atomic_uint refs;
    unsigned n;
    struct cw_segment *segments[CW_LOCAL_SEGMENTS]; /* one reference each */
};

/* The current one, with a reference for the caller. Threads: any */
struct cw_local_snapshot *cw_local_snapshot_get(struct cw_local_index *ix);
void cw_local_snapshot_unref(struct cw_local_snapshot *s); /* accepts NULL */
void cw_local_note_query(struct cw_local_index *ix);

#endif
