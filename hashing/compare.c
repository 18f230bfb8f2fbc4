#include "hashing/compare.h"

#include <stdlib.h>
#include <string.h>

#include "base/simd.h"

/* Matches kept of one descriptor of the found picture: textures resemble themselves, and
 * more would only crowd out the others. */
#define NEAREST 8

/* Descriptors as words, for distances. */
struct words {
    uint64_t w[CW_HASH_BYTES / 8];
};

struct matches {
    size_t n;
    struct cw_local_match *items; /* room for NEAREST of each */
};

static void words_of(const struct cw_local *local, size_t n, const struct cw_hash *mask,
                     struct words *out)
{
    for (size_t i = 0; i < n; i++) {
        struct cw_hash bits = local[i].bits;
        for (unsigned k = 0; mask != NULL && k < CW_HASH_BYTES; k++) {
            bits.b[k] ^= mask->b[k];
        }
        memcpy(out[i].w, bits.b, sizeof out[i].w);
    }
}

/* Puts a match among the nearest of its descriptor. */
static unsigned keep(struct cw_local_match *near, unsigned n, struct cw_local_match m)
{
    unsigned at = n < NEAREST ? n : NEAREST - 1;
    if (n == NEAREST && near[at].distance <= m.distance) {
        return n;
    }
    for (; at > 0 && near[at - 1].distance > m.distance; at--) {
        near[at] = near[at - 1];
    }
    near[at] = m;
    return n < NEAREST ? n + 1 : n;
}

CW_BODY void match_body(const struct words *q, size_t n_query, const struct words *a,
                        const struct cw_local *asset, size_t n_asset, struct matches *out)
{
    for (size_t i = 0; i < n_query; i++) {
        struct cw_local_match *near = out->items + out->n;
        unsigned n = 0;
        for (size_t k = 0; k < n_asset; k++) {
            const int d = __builtin_popcountll(q[i].w[0] ^ a[k].w[0]) +
                          __builtin_popcountll(q[i].w[1] ^ a[k].w[1]) +
                          __builtin_popcountll(q[i].w[2] ^ a[k].w[2]) +
                          __builtin_popcountll(q[i].w[3] ^ a[k].w[3]);
            if (d <= CW_LOCAL_RADIUS) {
                n = keep(near, n,
                         (struct cw_local_match){.query = (uint16_t)i,
                                                 .local = (uint16_t)k,
                                                 .distance = (uint16_t)d,
                                                 .x = asset[k].x,
                                                 .y = asset[k].y,
                                                 .scale = asset[k].scale,
                                                 .angle = asset[k].angle});
            }
        }
        out->n += n;
    }
}

CW_FOR_AVX2 static void match_avx2(const struct words *q, size_t n_query,
                                   const struct words *a, const struct cw_local *asset,
                                   size_t n_asset, struct matches *out)
{
    match_body(q, n_query, a, asset, n_asset, out);
}

static void match_plain(const struct words *q, size_t n_query, const struct words *a,
                        const struct cw_local *asset, size_t n_asset, struct matches *out)
{
    match_body(q, n_query, a, asset, n_asset, out);
}

/* Memory of one comparison. */
struct bench {
    struct words *query, *asset;
    struct matches matches;
};

static void bench_done(struct bench *b)
{
    free(b->query);
    free(b->asset);
    free(b->matches.items);
}

static struct cw_frame frame_of(const struct cw_fingerprint *fp)
{
    return (struct cw_frame){.width = fp->width, .height = fp->height};
}

static void place(struct bench *b, const struct cw_fingerprint *found,
                  const struct cw_fingerprint *asset, bool mirrored,
                  struct cw_geometry *out)
{
    words_of(found->local, found->n_local, mirrored ? &CW_LOCAL_MIRROR : NULL, b->query);
    b->matches.n = 0;
    (cw_has_avx2() ? match_avx2 : match_plain)(b->query, found->n_local, b->asset,
                                               asset->local, asset->n_local, &b->matches);
    const struct cw_geometry_pair pair = {.query = found->local,
                                          .n_query = found->n_local,
                                          .query_frame = frame_of(found),
                                          .asset_frame = frame_of(asset),
                                          .matches = b->matches.items,
                                          .n_matches = b->matches.n,
                                          .asset = asset->local,
                                          .n_asset = asset->n_local};
    (void)cw_geometry_place(&pair, mirrored, out);
}

int cw_compare_local(const struct cw_fingerprint *found,
                     const struct cw_fingerprint *asset, struct cw_comparison *out,
                     struct cw_err *err)
{
    CW_AUTO(bench_done) struct bench b = {0};
    struct cw_geometry direct;
    struct cw_geometry mirrored;
    memset(out, 0, sizeof *out);
    if (found->n_local == 0 || asset->n_local == 0) {
        return 0;
    }
    b.query = malloc(found->n_local * sizeof *b.query);
    b.asset = malloc(asset->n_local * sizeof *b.asset);
    b.matches.items = malloc(found->n_local * NEAREST * sizeof *b.matches.items);
    if (b.query == NULL || b.asset == NULL || b.matches.items == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory to compare local descriptors");
    }
    words_of(asset->local, asset->n_local, NULL, b.asset);
    place(&b, found, asset, false, &direct);
    place(&b, found, asset, true, &mirrored);
    out->loc = cw_geometry_loc(direct.distinct, mirrored.distinct);
    out->placed = mirrored.distinct > direct.distinct ? mirrored : direct;
    return 0;
}

/* ---- the outline ------------------------------------------------------------------ */

struct ring {
    unsigned n;
    struct cw_point at[CW_OUTLINE_CORNERS];
};

/* How far inside one of the four edges of the unit square a point lies. */
static double inside(struct cw_point p, unsigned edge)
{
    switch (edge) {
    case 0:
        return p.x;
    case 1:
        return 1 - p.x;
    case 2:
        return p.y;
    default:
        return 1 - p.y;
    }
}

/* Cuts a convex ring at one edge (Sutherland and Hodgman, "Reentrant polygon clipping",
 * 1974): at most one corner more. */
static struct ring cut(const struct ring *in, unsigned edge)
{
    struct ring out = {0};
    for (unsigned i = 0; i < in->n; i++) {
        const struct cw_point p = in->at[i];
        const struct cw_point q = in->at[(i + 1) % in->n];
        const double dp = inside(p, edge);
        const double dq = inside(q, edge);
        if (dp >= 0 && out.n < CW_OUTLINE_CORNERS) {
            out.at[out.n++] = p;
        }
        if ((dp < 0) != (dq < 0) && out.n < CW_OUTLINE_CORNERS) {
            const double t = dp / (dp - dq);
            out.at[out.n++] =
                (struct cw_point){.x = p.x + t * (q.x - p.x), .y = p.y + t * (q.y - p.y)};
        }
    }
    return out;
}

/* Clockwise as seen, y pointing down, and from the corner that is nearest to the top
 * left: a mirrored asset has its corners the other way round. */
static struct ring in_order(const struct ring *in)
{
    struct ring out = {.n = in->n};
    double area = 0;
    unsigned first = 0;
    for (unsigned i = 0; i < in->n; i++) {
        const struct cw_point p = in->at[i];
        const struct cw_point q = in->at[(i + 1) % in->n];
        area += p.x * q.y - q.x * p.y;
        first = p.x + p.y < in->at[first].x + in->at[first].y ? i : first;
    }
    for (unsigned i = 0; i < in->n; i++) {
        out.at[i] = in->at[(area >= 0 ? first + i : first + in->n - i) % in->n];
    }
    return out;
}

static double unit(double v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

static double longer_of(struct cw_frame f)
{
    return f.width > f.height ? f.width : f.height;
}

void cw_outline_of(const struct cw_geometry *placed, struct cw_frame found,
                   struct cw_frame asset, struct cw_outline *out)
{
    struct ring ring = {.n = 4};
    memset(out, 0, sizeof *out);
    if (placed->inliers == 0) {
        return;
    }
    memcpy(ring.at, placed->frame, sizeof placed->frame);
    for (unsigned edge = 0; edge < 4; edge++) {
        ring = cut(&ring, edge);
    }
    ring = in_order(&ring);
    const double *m = placed->map;
    for (unsigned i = 0; i < ring.n; i++) {
        const double x = ring.at[i].x * found.width / longer_of(found);
        const double y = ring.at[i].y * found.height / longer_of(found);
        const double u = m[0] * x + m[1] * y + m[2];
        const double v = m[3] * x + m[4] * y + m[5];
        out->found[i] =
            (struct cw_point){.x = unit(ring.at[i].x), .y = unit(ring.at[i].y)};
        out->asset[i] = (struct cw_point){.x = unit(u * longer_of(asset) / asset.width),
                                          .y = unit(v * longer_of(asset) / asset.height)};
    }
    out->n = ring.n;
}
