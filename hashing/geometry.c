/* Each match has two poses and so proposes a whole placement by itself: no sampling of
 * pairs or triples. The nearest matches propose, and some of the others. The best
 * proposal is refined twice by least squares, from turn-and-scale to an affine map as
 * long as that does not shear.
 *
 * Along a circle, a straight edge or a row of windows all patches look alike, and where
 * one lies where it should the others do too: that is one observation, however many
 * keypoints it has. So the share of each inlier in what is distinct is divided by the
 * number of inliers whose registered patches match its own (hashing/OPEN_COUNTRY.md).
 *
 * Only additions, multiplications, divisions and square roots, in a fixed order; this
 * file is compiled with -ffp-contract=off. So the score is the same on every processor.
 */
#include "hashing/geometry.h"

#include <math.h>
#include <string.h>

#include "base/simd.h"
#include "hashing/angle.h"

#define PROPOSALS 30
#define REFINEMENTS 2
#define LOOSE 0.04   /* how far off a match may be, in units of the asset's longer side */
#define TIGHT 0.022  /* the same, once refined */
#define SMALLER 0.62 /* how far its scale may be off */
#define LARGER 1.6
#define TURNED 4551      /* how far its angle may be off: 25 degrees */
#define SHEAR 1.35       /* of an affine map, 1 = none */
#define AFFINE_INLIERS 6 /* fewer do not determine an affine map well */
#define LEAST_SCALE 0.15 /* of a placement that is believed */
#define MOST_SCALE 8.0
#define FIELDS 28 /* per longer side of the asset: one inlier in each field */
#define FIELD_ROW 64

/* A match, ready for arithmetic: q in the found picture, r in the asset. */
struct pose_pair {
    double qx, qy, rx, ry;
    double scale;   /* of r over q */
    uint16_t turn;  /* of r against q */
    uint16_t query; /* which descriptor of the found picture */
    uint16_t local; /* and of the asset */
    uint16_t field;
    uint16_t distance;
};

/* r = (a b; c d) q + (tx, ty), with its scale and turn. */
struct placement {
    double a, b, c, d, tx, ty;
    double scale;
    uint16_t turn;
};

struct bench {
    size_t n;
    struct pose_pair pairs[CW_GEOMETRY_MAX_MATCHES]; /* nearest first */
    uint8_t round;                                   /* marks what this round has used */
    uint8_t query_used[CW_FP_MAX_LOCAL];
    uint8_t field_used[(FIELDS + 1) * FIELD_ROW];
};

struct inliers {
    size_t n;
    unsigned weight; /* sum of 2 CW_LOCAL_RADIUS - distance */
    uint16_t at[CW_GEOMETRY_MAX_MATCHES];
};

/* ---- preparing -------------------------------------------------------------------- */

struct units {
    double x, y; /* of one step of a pose, in longer sides */
};

static struct units units_of(const struct cw_frame *f)
{
    const double longer = f->width > f->height ? f->width : f->height;
    return (struct units){.x = f->width / longer / UINT16_MAX,
                          .y = f->height / longer / UINT16_MAX};
}

static struct pose_pair pair_of(const struct cw_local *q, const struct cw_local_match *m,
                                const struct units *uq, const struct units *ur,
                                bool mirrored)
{
    struct pose_pair p = {.qx = (mirrored ? -1.0 : 1.0) * q->x * uq->x,
                          .qy = q->y * uq->y,
                          .rx = m->x * ur->x,
                          .ry = m->y * ur->y,
                          .scale = (double)m->scale / q->scale,
                          .query = m->query,
                          .local = m->local,
                          .distance = m->distance};
    const unsigned angle = mirrored ? 0x8000U - q->angle : q->angle;
    p.turn = (uint16_t)(m->angle - angle);
    p.field =
        (uint16_t)((unsigned)(p.rx * FIELDS) * FIELD_ROW + (unsigned)(p.ry * FIELDS));
    return p;
}

static bool is_sound(const struct cw_geometry_pair *pair, const struct cw_local_match *m)
{
    return m->query < pair->n_query && m->query < CW_FP_MAX_LOCAL &&
           (pair->asset == NULL || m->local < pair->n_asset) &&
           m->distance <= CW_LOCAL_RADIUS && m->scale != 0 &&
           pair->query[m->query].scale != 0;
}

/* The nearest matches, in order of distance, then as they came. */
static void lay_out(const struct cw_geometry_pair *pair, bool mirrored, struct bench *b)
{
    const struct units uq = units_of(&pair->query_frame);
    const struct units ur = units_of(&pair->asset_frame);
    size_t start[CW_LOCAL_RADIUS + 2] = {0};
    for (size_t i = 0; i < pair->n_matches; i++) {
        if (is_sound(pair, &pair->matches[i])) {
            start[pair->matches[i].distance + 1]++;
        }
    }
    for (unsigned d = 0; d <= CW_LOCAL_RADIUS; d++) {
        start[d + 1] += start[d];
    }
    b->n = start[CW_LOCAL_RADIUS + 1];
    b->n = b->n < CW_GEOMETRY_MAX_MATCHES ? b->n : CW_GEOMETRY_MAX_MATCHES;
    for (size_t i = 0; i < pair->n_matches; i++) {
        const struct cw_local_match *m = &pair->matches[i];
        if (is_sound(pair, m) && start[m->distance]++ < CW_GEOMETRY_MAX_MATCHES) {
            b->pairs[start[m->distance] - 1] =
                pair_of(&pair->query[m->query], m, &uq, &ur, mirrored);
        }
    }
    b->round = 0;
    memset(b->query_used, 0, sizeof b->query_used);
    memset(b->field_used, 0, sizeof b->field_used);
}

/* ---- counting --------------------------------------------------------------------- */

static bool agrees(const struct pose_pair *p, const struct placement *at,
                   double tolerance)
{
    const double ex = at->a * p->qx + at->b * p->qy + at->tx - p->rx;
    const double ey = at->c * p->qx + at->d * p->qy + at->ty - p->ry;
    const int16_t turned = (int16_t)(uint16_t)(p->turn - at->turn);
    return ex * ex + ey * ey <= tolerance * tolerance &&
           p->scale >= SMALLER * at->scale && p->scale <= LARGER * at->scale &&
           turned >= -TURNED && turned <= TURNED;
}

/* The matches that agree with a placement; of several that share a patch of the found
 * picture or a field of the asset, the nearest. */
static void count(struct bench *b, const struct placement *at, double tolerance,
                  struct inliers *out)
{
    b->round++;
    out->n = 0;
    out->weight = 0;
    for (size_t i = 0; i < b->n; i++) {
        const struct pose_pair *p = &b->pairs[i];
        if (agrees(p, at, tolerance) && b->query_used[p->query] != b->round &&
            b->field_used[p->field] != b->round) {
            b->query_used[p->query] = b->round;
            b->field_used[p->field] = b->round;
            out->at[out->n++] = (uint16_t)i;
            out->weight += 2U * CW_LOCAL_RADIUS - p->distance;
        }
    }
}

/* ---- proposing -------------------------------------------------------------------- */

static struct placement proposal_of(const struct pose_pair *p)
{
    const struct cw_turned turn = cw_angle_turn(p->turn);
    const double one = (double)((int64_t)1 << CW_ANGLE_ONE);
    const double c = turn.cos / one * p->scale;
    const double s = turn.sin / one * p->scale;
    return (struct placement){.a = c,
                              .b = -s,
                              .c = s,
                              .d = c,
                              .tx = p->rx - (c * p->qx - s * p->qy),
                              .ty = p->ry - (s * p->qx + c * p->qy),
                              .scale = p->scale,
                              .turn = p->turn};
}

static void best_proposal(struct bench *b, struct inliers *best)
{
    struct inliers now;
    const size_t n = b->n < PROPOSALS ? b->n : PROPOSALS;
    const size_t rest = b->n - n / 2; /* from which the other half is taken evenly */
    best->n = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t which = i < n / 2 ? i : n / 2 + (i - n / 2) * rest / (n - n / 2);
        const struct placement at = proposal_of(&b->pairs[which]);
        count(b, &at, LOOSE, &now);
        if (now.n > best->n) {
            memcpy(best->at, now.at, now.n * sizeof now.at[0]);
            best->n = now.n;
            best->weight = now.weight;
        }
    }
}

/* ---- refining --------------------------------------------------------------------- */

/* Means, and sums of products about them: u and v are x and y of the asset. */
struct moments {
    double qx, qy, rx, ry;
    double xx, xy, yy, xu, yu, xv, yv;
};

static struct moments moments_of(const struct bench *b, const struct inliers *in)
{
    struct moments m = {0};
    const double n = (double)in->n;
    for (size_t i = 0; i < in->n; i++) {
        const struct pose_pair *p = &b->pairs[in->at[i]];
        m.qx += p->qx / n;
        m.qy += p->qy / n;
        m.rx += p->rx / n;
        m.ry += p->ry / n;
    }
    for (size_t i = 0; i < in->n; i++) {
        const struct pose_pair *p = &b->pairs[in->at[i]];
        const double x = p->qx - m.qx;
        const double y = p->qy - m.qy;
        const double u = p->rx - m.rx;
        const double v = p->ry - m.ry;
        m.xx += x * x;
        m.xy += x * y;
        m.yy += y * y;
        m.xu += x * u;
        m.yu += y * u;
        m.xv += x * v;
        m.yv += y * v;
    }
    return m;
}

/* Replaces the matrix by the affine one that fits best, unless the points do not
 * determine it, or it shears or mirrors. */
static void try_affine(const struct moments *m, struct placement *at)
{
    const double spread = m->xx + m->yy;
    const double det = m->xx * m->yy - m->xy * m->xy;
    if (det <= 1e-6 * spread * spread) {
        return;
    }
    const double a = (m->xu * m->yy - m->yu * m->xy) / det;
    const double b = (m->yu * m->xx - m->xu * m->xy) / det;
    const double c = (m->xv * m->yy - m->yv * m->xy) / det;
    const double d = (m->yv * m->xx - m->xv * m->xy) / det;
    const double area = a * d - b * c;
    if (area > 1e-9 && a * a + b * b + c * c + d * d <= SHEAR * 2 * area) {
        at->a = a;
        at->b = b;
        at->c = c;
        at->d = d;
    }
}

/* Least squares over the inliers; false if it gives no placement worth believing. */
static bool refine(const struct bench *b, const struct inliers *in, struct placement *at)
{
    const struct moments m = moments_of(b, in);
    const double spread = m.xx + m.yy + 1e-12;
    const double c = (m.xu + m.yv) / spread;
    const double s = (m.xv - m.yu) / spread;
    *at = (struct placement){.a = c, .b = -s, .c = s, .d = c};
    if (in->n >= AFFINE_INLIERS) {
        try_affine(&m, at);
    }
    at->tx = m.rx - (at->a * m.qx + at->b * m.qy);
    at->ty = m.ry - (at->c * m.qx + at->d * m.qy);
    at->scale = sqrt(at->a * at->d - at->b * at->c);
    const double grain = 1 << 20;
    at->turn = cw_angle_of((int64_t)((at->a + at->d) * grain),
                           (int64_t)((at->c - at->b) * grain));
    return at->scale >= LEAST_SCALE && at->scale <= MOST_SCALE;
}

/* ---- what is distinct -------------------------------------------------------------- */

/* How many inliers' registered patches match each inlier's, its own included. */
CW_BODY void alike_body(const struct cw_local *asset, const struct bench *b,
                        const struct inliers *in, uint16_t *out)
{
    for (size_t i = 0; i < in->n; i++) {
        out[i] = 1;
    }
    for (size_t i = 0; i < in->n; i++) {
        uint64_t mine[CW_HASH_BYTES / 8];
        memcpy(mine, asset[b->pairs[in->at[i]].local].bits.b, sizeof mine);
        for (size_t k = 0; k < i; k++) {
            uint64_t other[CW_HASH_BYTES / 8];
            memcpy(other, asset[b->pairs[in->at[k]].local].bits.b, sizeof other);
            const int d = __builtin_popcountll(mine[0] ^ other[0]) +
                          __builtin_popcountll(mine[1] ^ other[1]) +
                          __builtin_popcountll(mine[2] ^ other[2]) +
                          __builtin_popcountll(mine[3] ^ other[3]);
            out[i] = (uint16_t)(out[i] + (d <= CW_LOCAL_RADIUS));
            out[k] = (uint16_t)(out[k] + (d <= CW_LOCAL_RADIUS));
        }
    }
}

CW_FOR_AVX2 static void alike_avx2(const struct cw_local *asset, const struct bench *b,
                                   const struct inliers *in, uint16_t *out)
{
    alike_body(asset, b, in, out);
}

static void alike_plain(const struct cw_local *asset, const struct bench *b,
                        const struct inliers *in, uint16_t *out)
{
    alike_body(asset, b, in, out);
}

static double distinct_of(const struct cw_geometry_pair *pair, const struct bench *b,
                          const struct inliers *in)
{
    uint16_t alike[CW_GEOMETRY_MAX_MATCHES];
    double sum = 0;
    if (pair->asset == NULL) {
        return (double)in->weight / CW_LOCAL_RADIUS;
    }
    (cw_has_avx2() ? alike_avx2 : alike_plain)(pair->asset, b, in, alike);
    for (size_t i = 0; i < in->n; i++) {
        const unsigned weight = 2U * CW_LOCAL_RADIUS - b->pairs[in->at[i]].distance;
        sum += (double)weight / (CW_LOCAL_RADIUS * (double)alike[i]);
    }
    return sum;
}

/* ---- what is told ----------------------------------------------------------------- */

static struct cw_point share_of(double x, double y, bool mirrored,
                                const struct cw_frame *f)
{
    const double longer = f->width > f->height ? f->width : f->height;
    return (struct cw_point){.x = (mirrored ? -x : x) * longer / f->width,
                             .y = y * longer / f->height};
}

static void tell_frame(const struct cw_geometry_pair *pair, const struct placement *at,
                       struct cw_geometry *out)
{
    const struct cw_frame *f = &pair->asset_frame;
    const double longer = f->width > f->height ? f->width : f->height;
    const double area = at->a * at->d - at->b * at->c;
    for (unsigned i = 0; i < 4; i++) {
        const double u = (i == 1 || i == 2 ? f->width / longer : 0) - at->tx;
        const double v = (i >= 2 ? f->height / longer : 0) - at->ty;
        const double x = (at->d * u - at->b * v) / area;
        const double y = (at->a * v - at->c * u) / area;
        out->frame[i] = share_of(x, y, out->mirrored, &pair->query_frame);
    }
}

/* The inliers that lie furthest out in sixteen directions: convex, and in order. */
static void tell_region(const struct cw_geometry_pair *pair, const struct bench *b,
                        const struct inliers *in, struct cw_geometry *out)
{
    size_t last = SIZE_MAX;
    size_t first = SIZE_MAX;
    for (unsigned i = 0; i < CW_GEOMETRY_REGION; i++) {
        const struct cw_turned dir =
            cw_angle_turn((uint16_t)(i * (65536 / CW_GEOMETRY_REGION)));
        size_t best = 0;
        double furthest = -1e30;
        for (size_t k = 0; k < in->n; k++) {
            const struct pose_pair *p = &b->pairs[in->at[k]];
            const double x = out->mirrored ? -p->qx : p->qx;
            const double reach = x * dir.cos + p->qy * dir.sin;
            if (reach > furthest) {
                furthest = reach;
                best = in->at[k];
            }
        }
        if (best != last && (best != first || first == SIZE_MAX)) {
            out->region[out->n_region++] = share_of(b->pairs[best].qx, b->pairs[best].qy,
                                                    out->mirrored, &pair->query_frame);
        }
        first = first == SIZE_MAX ? best : first;
        last = best;
    }
}

static void tell(const struct cw_geometry_pair *pair, const struct bench *b,
                 const struct inliers *in, const struct placement *at,
                 struct cw_geometry *out)
{
    const double sign = out->mirrored ? -1.0 : 1.0;
    const double map[6] = {sign * at->a, at->b, at->tx, sign * at->c, at->d, at->ty};
    memcpy(out->map, map, sizeof map);
    out->inliers = (unsigned)in->n;
    out->score = (double)in->weight / CW_LOCAL_RADIUS;
    out->distinct = distinct_of(pair, b, in);
    tell_frame(pair, at, out);
    tell_region(pair, b, in, out);
}

bool cw_geometry_place(const struct cw_geometry_pair *pair, bool mirrored,
                       struct cw_geometry *out)
{
    struct bench b;
    struct inliers in;
    struct placement at;
    memset(out, 0, sizeof *out);
    if (pair->n_matches < CW_GEOMETRY_LEAST_MATCHES || pair->query_frame.width == 0 ||
        pair->query_frame.height == 0 || pair->asset_frame.width == 0 ||
        pair->asset_frame.height == 0) {
        return false;
    }
    lay_out(pair, mirrored, &b);
    best_proposal(&b, &in);
    for (unsigned i = 0; i < REFINEMENTS; i++) {
        if (in.n < CW_GEOMETRY_LEAST_MATCHES || !refine(&b, &in, &at)) {
            return false;
        }
        count(&b, &at, TIGHT, &in);
    }
    if (in.n < CW_GEOMETRY_LEAST_MATCHES) {
        return false;
    }
    out->mirrored = mirrored;
    tell(pair, &b, &in, &at, out);
    return true;
}

double cw_geometry_loc(double direct, double mirrored)
{
    const double more = direct > mirrored ? direct : mirrored;
    const double less = direct > mirrored ? mirrored : direct;
    return more - 0.7 * less;
}
