/* A frame is found by its asset number, which are given without gaps, so that plain
 * arrays do. Descriptors are read from the store when two frames are near enough to be
 * compared. */
#include "server/runs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "hashing/covers.h"

/* Frames whose whole pictures are further apart are not even compared. */
#define NEAR_DISTANCE 40
#define COMPARED 3 /* keyframes, the nearest */
/* Collections whose newest keyframes are known: those registered into last. */
#define COLLECTIONS 256

struct frame {
    uint32_t keyframe; /* 0 = not there */
    uint32_t next;     /* frame of the same run, later; 0 = last */
    uint32_t last;     /* of a keyframe: the last of its run */
    uint32_t n;        /* of a keyframe: frames of its run */
};

struct keyframe {
    cw_asset_no no; /* 0 = none */
    struct cw_hash pdq;
};

struct collection {
    uint8_t id[CW_SHA256_BYTES]; /* of studio and name */
    uint64_t used;               /* when; 0 = free */
    uint32_t next;               /* place of the next keyframe */
    struct keyframe recent[CW_RUNS_RECENT];
};

struct cw_runs {
    struct cw_store *store; /* borrowed */
    pthread_mutex_t lock;   /* guards what follows */
    size_t cap;
    struct frame *frames; /* by number */
    struct cw_runs_stats stats;
    uint64_t clock;
    struct collection collections[COLLECTIONS];
};

int cw_runs_open(struct cw_store *store, struct cw_runs **out, struct cw_err *err)
{
    struct cw_runs *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    r->store = store;
    (void)pthread_mutex_init(&r->lock, NULL);
    *out = r;
    return 0;
}

void cw_runs_close(struct cw_runs *r)
{
    if (r != NULL) {
        (void)pthread_mutex_destroy(&r->lock);
        free(r->frames);
        free(r);
    }
}

/* ---- the newest keyframes of a collection ------------------------------------------ */

static void id_of(const struct cw_frame_in *f, uint8_t out[CW_SHA256_BYTES])
{
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(CW_COLLECTION_CAP + 8);
    cw_put_u32(&text, f->studio);
    cw_buf_add_str(&text, f->collection);
    cw_sha256(cw_buf_view(&text), out);
}

/* The collection, in the place of the one that was not used for longest if it is new. The
 * lock is held. */
static struct collection *collection_of(struct cw_runs *r,
                                        const uint8_t id[CW_SHA256_BYTES])
{
    struct collection *oldest = &r->collections[0];
    for (size_t i = 0; i < COLLECTIONS; i++) {
        struct collection *c = &r->collections[i];
        if (c->used != 0 && memcmp(c->id, id, sizeof c->id) == 0) {
            c->used = ++r->clock;
            return c;
        }
        oldest = c->used < oldest->used ? c : oldest;
    }
    memset(oldest, 0, sizeof *oldest);
    memcpy(oldest->id, id, sizeof oldest->id);
    oldest->used = ++r->clock;
    return oldest;
}

struct near {
    cw_asset_no no;
    unsigned distance;
};

/* The keyframes that are nearest, best first; returns how many. */
static size_t near_keyframes(struct cw_runs *r, const uint8_t id[CW_SHA256_BYTES],
                             const struct cw_hash *pdq, struct near out[COMPARED])
{
    size_t n = 0;
    pthread_mutex_lock(&r->lock);
    const struct collection *c = collection_of(r, id);
    for (size_t i = 0; i < CW_RUNS_RECENT; i++) {
        const struct near k = {.no = c->recent[i].no,
                               .distance = cw_hash_distance(&c->recent[i].pdq, pdq)};
        size_t at = n < COMPARED ? n : COMPARED;
        if (k.no == 0 || k.distance > NEAR_DISTANCE) {
            continue;
        }
        for (; at > 0 && out[at - 1].distance > k.distance; at--) {
            if (at < COMPARED) {
                out[at] = out[at - 1];
            }
        }
        if (at < COMPARED) {
            out[at] = k;
            n += n < COMPARED ? 1 : 0;
        }
    }
    pthread_mutex_unlock(&r->lock);
    return n;
}

/* ---- comparing --------------------------------------------------------------------- */

static int read_frame(struct cw_runs *r, cw_studio_no studio, cw_asset_no no,
                      struct cw_fingerprint *out, struct cw_err *err)
{
    struct cw_asset asset;
    CW_AUTO(cw_buf_done) struct cw_buf bytes = CW_BUF_INIT(CW_FP_MAX_BYTES);
    CW_TRY(cw_store_get_asset_no(r->store, studio, no, &asset, &bytes, err));
    return cw_fingerprint_decode(asset.fingerprint, out, err);
}

/* Whether the keyframe's descriptors may stand for the frame's. */
static int is_same(struct cw_runs *r, const struct cw_frame_in *f, cw_asset_no keyframe,
                   bool *out, struct cw_err *err)
{
    CW_AUTO(cw_fingerprint_done) struct cw_fingerprint key = {0};
    struct cw_comparison c;
    CW_TRY(read_frame(r, f->studio, keyframe, &key, err));
    if (cw_covers_unmoved(f->fp, &key)) { /* a tenth of the time of a comparison */
        *out = true;
        return 0;
    }
    CW_TRY(cw_compare_local(f->fp, &key, &c, err));
    *out = cw_covers(f->fp, &key, &c.placed);
    return 0;
}

/* ---- frames ------------------------------------------------------------------------ */

/* Room for a number. The lock is held. */
static int reserve(struct cw_runs *r, cw_asset_no no, struct cw_err *err)
{
    if (no < r->cap) {
        return 0;
    }
    if (no >= UINT32_MAX / 2) {
        return cw_fail(err, CW_E_TOO_LARGE, "too many assets for runs of frames");
    }
    size_t cap = r->cap == 0 ? 1024 : r->cap;
    while (cap <= no) {
        cap *= 2;
    }
    struct frame *frames = reallocarray(r->frames, cap, sizeof *frames);
    if (frames == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory for %zu frames", cap);
    }
    memset(frames + r->cap, 0, (cap - r->cap) * sizeof *frames);
    r->frames = frames;
    r->cap = cap;
    return 0;
}

/* Whether a number is that of a keyframe, which it may have ceased to be. */
static bool is_keyframe(const struct cw_runs *r, cw_asset_no no)
{
    return no != 0 && no < r->cap && r->frames[no].keyframe == no;
}

static void begin_run(struct cw_runs *r, const uint8_t id[CW_SHA256_BYTES],
                      cw_asset_no no, const struct cw_hash *pdq)
{
    struct collection *c = collection_of(r, id);
    r->frames[no] =
        (struct frame){.keyframe = (uint32_t)no, .last = (uint32_t)no, .n = 1};
    c->recent[c->next++ % CW_RUNS_RECENT] = (struct keyframe){.no = no, .pdq = *pdq};
    r->stats.runs++;
}

static void append(struct cw_runs *r, cw_asset_no keyframe, cw_asset_no no)
{
    struct frame *key = &r->frames[keyframe];
    r->frames[no] = (struct frame){.keyframe = (uint32_t)keyframe};
    r->frames[key->last].next = (uint32_t)no;
    key->last = (uint32_t)no;
    key->n++;
}

int cw_runs_join(struct cw_runs *r, const struct cw_frame_in *frame,
                 cw_asset_no *out_keyframe, struct cw_err *err)
{
    const struct cw_view *pdq = cw_fingerprint_view(frame->fp, CW_VIEW_PDQ, CW_TURN_ORIG);
    struct near near[COMPARED];
    uint8_t id[CW_SHA256_BYTES];
    cw_asset_no keyframe = 0;
    id_of(frame, id);
    const size_t n =
        frame->fp->n_local == 0 ? 0 : near_keyframes(r, id, &pdq->hash, near);
    for (size_t i = 0; i < n && keyframe == 0; i++) {
        bool same;
        CW_TRY(is_same(r, frame, near[i].no, &same, err));
        keyframe = same ? near[i].no : 0;
    }
    pthread_mutex_lock(&r->lock);
    const int rc = reserve(r, frame->no, err);
    if (rc == 0) {
        r->stats.frames++;
        if (is_keyframe(r, keyframe)) {
            append(r, keyframe, frame->no);
        } else {
            begin_run(r, id, frame->no, &pdq->hash);
        }
        *out_keyframe = r->frames[frame->no].keyframe;
    }
    pthread_mutex_unlock(&r->lock);
    return rc;
}

/* A keyframe goes: the next frame of its run takes over. */
static cw_asset_no hand_over(struct cw_runs *r, cw_asset_no no)
{
    const struct frame old = r->frames[no];
    if (old.next == 0) {
        r->stats.runs--;
        return 0;
    }
    for (uint32_t at = old.next; at != 0; at = r->frames[at].next) {
        r->frames[at].keyframe = old.next;
    }
    r->frames[old.next].last = old.last;
    r->frames[old.next].n = old.n - 1;
    return old.next;
}

static void unlink_frame(struct cw_runs *r, cw_asset_no no)
{
    struct frame *key = &r->frames[r->frames[no].keyframe];
    uint32_t before = r->frames[no].keyframe;
    while (r->frames[before].next != no) {
        before = r->frames[before].next;
    }
    r->frames[before].next = r->frames[no].next;
    key->last = key->last == no ? before : key->last;
    key->n--;
}

cw_asset_no cw_runs_leave(struct cw_runs *r, cw_asset_no no)
{
    cw_asset_no heir = 0;
    pthread_mutex_lock(&r->lock);
    if (no < r->cap && r->frames[no].keyframe != 0) {
        if (is_keyframe(r, no)) {
            heir = hand_over(r, no);
        } else {
            unlink_frame(r, no);
        }
        r->frames[no] = (struct frame){0};
        r->stats.frames--;
    }
    pthread_mutex_unlock(&r->lock);
    return heir;
}

void cw_runs_view(struct cw_runs *r, cw_asset_no no, struct cw_run_view *out)
{
    *out = (struct cw_run_view){.keyframe = no, .n_frames = 1, .n = 1, .frames = {no}};
    pthread_mutex_lock(&r->lock);
    if (no < r->cap && r->frames[no].keyframe != 0) {
        const cw_asset_no keyframe = r->frames[no].keyframe;
        const uint32_t n = r->frames[keyframe].n;
        const uint32_t step = (n + CW_RUNS_FRAMES_SHOWN - 1) / CW_RUNS_FRAMES_SHOWN;
        uint32_t at = (uint32_t)keyframe;
        *out = (struct cw_run_view){.keyframe = keyframe, .n_frames = n};
        for (uint32_t i = 0; at != 0; i++, at = r->frames[at].next) {
            if (i % step == 0) {
                out->frames[out->n++] = at;
            }
        }
    }
    pthread_mutex_unlock(&r->lock);
}

/* ---- saving ------------------------------------------------------------------------ */

#define FRAME_BYTES 16

static void put_collection(struct cw_buf *out, const struct collection *c)
{
    cw_buf_add(out, c->id, sizeof c->id);
    cw_put_u64(out, c->used);
    cw_put_u32(out, c->next);
    for (size_t i = 0; i < CW_RUNS_RECENT; i++) {
        cw_put_u64(out, c->recent[i].no);
        cw_buf_add(out, c->recent[i].pdq.b, CW_HASH_BYTES);
    }
}

void cw_runs_save(struct cw_runs *r, struct cw_buf *out)
{
    pthread_mutex_lock(&r->lock);
    size_t n = r->cap;
    while (n > 0 && r->frames[n - 1].keyframe == 0) {
        n--;
    }
    cw_put_u64(out, r->stats.frames);
    cw_put_u64(out, r->stats.runs);
    cw_put_u64(out, r->clock);
    cw_put_u64(out, n);
    for (size_t i = 0; i < n; i++) {
        cw_put_u32(out, r->frames[i].keyframe);
        cw_put_u32(out, r->frames[i].next);
        cw_put_u32(out, r->frames[i].last);
        cw_put_u32(out, r->frames[i].n);
    }
    for (size_t i = 0; i < COLLECTIONS; i++) {
        put_collection(out, &r->collections[i]);
    }
    pthread_mutex_unlock(&r->lock);
}

static void get_raw(struct cw_reader *r, void *to, size_t len)
{
    const struct cw_bytes raw = cw_get_bytes(r, len);
    if (raw.len > 0) {
        memcpy(to, raw.p, raw.len);
    }
}

static void get_collection(struct cw_reader *r, struct collection *out)
{
    get_raw(r, out->id, sizeof out->id);
    out->used = cw_get_u64(r);
    out->next = cw_get_u32(r);
    for (size_t i = 0; i < CW_RUNS_RECENT; i++) {
        out->recent[i].no = cw_get_u64(r);
        get_raw(r, out->recent[i].pdq.b, CW_HASH_BYTES);
    }
}

/* Frames 0..n-1, whose numbers must all be among them. */
static int get_frames(struct cw_runs *r, struct cw_reader *in, uint64_t n,
                      struct cw_err *err)
{
    if (n > in->in.len / FRAME_BYTES) {
        return cw_fail(err, CW_E_CORRUPT, "the saved runs end early");
    }
    CW_TRY(n == 0 ? 0 : reserve(r, n - 1, err));
    for (uint64_t i = 0; i < n; i++) {
        struct frame *f = &r->frames[i];
        f->keyframe = cw_get_u32(in);
        f->next = cw_get_u32(in);
        f->last = cw_get_u32(in);
        f->n = cw_get_u32(in);
        if (f->keyframe >= n || f->next >= n || f->last >= n) {
            return cw_fail(err, CW_E_CORRUPT, "the saved runs make no sense");
        }
    }
    return 0;
}

static int get_all(struct cw_runs *r, struct cw_bytes bytes, struct cw_err *err)
{
    struct cw_reader in = cw_reader_of(bytes);
    r->stats.frames = cw_get_u64(&in);
    r->stats.runs = cw_get_u64(&in);
    r->clock = cw_get_u64(&in);
    CW_TRY(get_frames(r, &in, cw_get_u64(&in), err));
    for (size_t i = 0; i < COLLECTIONS; i++) {
        get_collection(&in, &r->collections[i]);
    }
    return cw_reader_end(&in, "saved runs", err);
}

int cw_runs_restore(struct cw_runs *r, struct cw_bytes in, struct cw_err *err)
{
    pthread_mutex_lock(&r->lock);
    const int rc = get_all(r, in, err);
    pthread_mutex_unlock(&r->lock);
    return rc;
}

void cw_runs_get_stats(struct cw_runs *r, struct cw_runs_stats *out)
{
    pthread_mutex_lock(&r->lock);
    *out = r->stats;
    pthread_mutex_unlock(&r->lock);
}
