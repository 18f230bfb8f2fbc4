/* runs.h - runs of near-identical frames: holds, slow pans, a character that blinks. One
 * keyframe a run is searched by its local descriptors; they find the other frames too,
 * whose own descriptors stay in the store. Derived from what is registered, in order of
 * registration. */
#ifndef CW_SERVER_RUNS_H
#define CW_SERVER_RUNS_H

#include "hashing/fingerprint.h"
#include "index/store.h"

/* Keyframes of a collection that a new frame is compared with: the newest. */
#define CW_RUNS_RECENT 32
#define CW_RUNS_FRAMES_SHOWN 24 /* of a run, handed out to be compared */

struct cw_runs;

int cw_runs_open(struct cw_store *store, struct cw_runs **out,
                 struct cw_err *err) CW_CHECKED;
void cw_runs_close(struct cw_runs *r); /* NULL is fine */

struct cw_frame_in {
    cw_studio_no studio;
    const char *collection;
    cw_asset_no no;
    const struct cw_fingerprint *fp;
};

/* Puts a frame into the run of a recent keyframe of its collection that covers it
 * (hashing/covers.h); else it begins a run.
 *
 * out_keyframe  whose descriptors stand for it: itself if it begins a run
 * Threads       any
 * Cost          32 distances, and for each of at most three that are near 0.05 ms, if it
 *               is not covered as it is 0.7 ms more */
int cw_runs_join(struct cw_runs *r, const struct cw_frame_in *frame,
                 cw_asset_no *out_keyframe, struct cw_err *err) CW_CHECKED;
/* Takes a frame out. If it was the keyframe of others the oldest of them takes over.
 * Returns its number, 0 if there is none. Unknown frames are fine. */
cw_asset_no cw_runs_leave(struct cw_runs *r, cw_asset_no no);

/* A run as a match shows it. */
struct cw_run_view {
    cw_asset_no keyframe;
    uint32_t n_frames; /* 1 = a frame by itself */
    size_t n;          /* some of its frames, evenly over all of them */
    cw_asset_no frames[CW_RUNS_FRAMES_SHOWN];
};
/* The run of a frame; of one that is not there, a run of itself alone. */
void cw_runs_view(struct cw_runs *r, cw_asset_no no, struct cw_run_view *out);

/* Appends all there is, and has it back. `r` is empty, and of no use if it fails.
 * Errors  CW_E_CORRUPT, CW_E_NO_MEMORY. Cost: 16 bytes a frame */
void cw_runs_save(struct cw_runs *r, struct cw_buf *out);
int cw_runs_restore(struct cw_runs *r, struct cw_bytes in, struct cw_err *err) CW_CHECKED;

struct cw_runs_stats {
    uint64_t frames, runs; /* frames - runs = those that another stands for */
};
void cw_runs_get_stats(struct cw_runs *r, struct cw_runs_stats *out);

#endif
