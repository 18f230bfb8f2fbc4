/* Most pixels of a drawing are no corner, so the first look is one that vector
 * instructions can take at every pixel: of two opposite pixels on the circle, an arc of
 * nine of sixteen holds at least one. What passes is gathered, and scored side by side.
 *
 * Selection is as in ORB: each level may send in its share, twice as many by corner
 * score, of those its share by Harris response. Ties are settled by place, so the outcome
 * depends on the pixels alone. */
#include "hashing/keypoints.h"

#include <stdlib.h>
#include <string.h>

#include "base/simd.h"
#include "hashing/angle.h"

#define THRESHOLD 8 /* grey levels */
#define CIRCLE 16
#define FIELDS 10     /* of the picture, per side */
#define OVERSAMPLE 4  /* candidates of all levels per keypoint wanted */
#define TIES 4        /* times its share that a level may look at closely */
#define BLOCK 32      /* px looked at together */
#define RADIUS 15     /* px; of the disc that gives the orientation */
#define HARRIS_SIDE 7 /* px; of the square that gives the rank */
#define MAX_CORNERS (CW_PYRAMID_MAX_SIDE * CW_PYRAMID_MAX_SIDE / 4)
#define MAX_CANDIDATES (CW_PYRAMID_LEVELS * OVERSAMPLE * CW_KEYPOINTS_MAX)

struct corner {
    uint16_t x, y;
    uint8_t score;
};

/* One row of corner scores, and where it is not zero. */
struct score_row {
    unsigned n;
    uint16_t at[CW_PYRAMID_MAX_SIDE + BLOCK];
    uint8_t score[CW_PYRAMID_MAX_SIDE + BLOCK];
};

struct cw_keypoints {
    struct score_row rows[3];
    size_t n_corners;
    struct corner corners[MAX_CORNERS]; /* of one level */
    size_t n_found;
    struct cw_keypoint found[MAX_CANDIDATES]; /* of all levels */
    uint32_t order[MAX_CANDIDATES];           /* found, by field, best first */
    int16_t disc_x[2 * RADIUS + 1][BLOCK];    /* weights of the disc's pixels: their x, */
    int16_t disc_1[2 * RADIUS + 1][BLOCK];    /* and 1; 0 outside */
};

/* The circle of radius 3, in order. */
static const int8_t CIRCLE_X[CIRCLE] = {0, 1,  2,  3,  3,  3,  2,  1,
                                        0, -1, -2, -3, -3, -3, -2, -1};
static const int8_t CIRCLE_Y[CIRCLE] = {-3, -3, -2, -1, 0, 1,  2,  3,
                                        3,  3,  2,  1,  0, -1, -2, -3};

/* The disc of the orientation: pixels within 15.5 of its middle. */
static void fill_disc(struct cw_keypoints *k)
{
    for (int y = -RADIUS; y <= RADIUS; y++) {
        for (int x = -RADIUS; x <= RADIUS; x++) {
            const bool inside = 4 * (x * x + y * y) <= 31 * 31;
            k->disc_x[y + RADIUS][x + RADIUS] = (int16_t)(inside ? x : 0);
            k->disc_1[y + RADIUS][x + RADIUS] = (int16_t)(inside ? 1 : 0);
        }
    }
}

int cw_keypoints_new(struct cw_keypoints **out, struct cw_err *err)
{
    struct cw_keypoints *k = calloc(1, sizeof *k);
    if (k == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for keypoints");
    }
    fill_disc(k);
    *out = k;
    return 0;
}

void cw_keypoints_free(struct cw_keypoints **k)
{
    free(*k);
    *k = NULL;
}

/* ---- corners ---------------------------------------------------------------------- */

static inline uint8_t min8(uint8_t a, uint8_t b)
{
    return a < b ? a : b;
}

static inline uint8_t max8(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

/* Brighter and darker of two opposite pixels, folded into what earlier pairs left. */
CW_BODY void look_at_pairs(const uint8_t *px, const ptrdiff_t *c, uint8_t bright[BLOCK],
                           uint8_t dark[BLOCK])
{
    const uint8_t *a = px + c[0], *a2 = px + c[CIRCLE / 2];
    const uint8_t *b = px + c[1], *b2 = px + c[1 + CIRCLE / 2];
    for (unsigned i = 0; i < BLOCK; i++) {
        const uint8_t up = min8(max8(a[i], a2[i]), max8(b[i], b2[i]));
        const uint8_t down = max8(min8(a[i], a2[i]), min8(b[i], b2[i]));
        bright[i] = min8(bright[i], up);
        dark[i] = max8(dark[i], down);
    }
}

/* flags[i] is 1 where pixel i of BLOCK may be a corner, else 0. */
CW_BODY void first_look(const uint8_t *px, const ptrdiff_t circle[CIRCLE],
                        uint8_t flags[BLOCK])
{
    uint8_t bright[BLOCK]; /* the dimmest of the brighter ones of all opposite pairs */
    uint8_t dark[BLOCK];
    memset(bright, 255, sizeof bright);
    memset(dark, 0, sizeof dark);
    look_at_pairs(px, circle, bright, dark);
    look_at_pairs(px, circle + 2, bright, dark);
    look_at_pairs(px, circle + 4, bright, dark);
    look_at_pairs(px, circle + 6, bright, dark);
    for (unsigned i = 0; i < BLOCK; i++) {
        const uint8_t up = (uint8_t)(max8(bright[i], px[i]) - px[i]);
        const uint8_t down = (uint8_t)(px[i] - min8(dark[i], px[i]));
        flags[i] = max8(up, down) > THRESHOLD;
    }
}

/* Corner scores of BLOCK pixels: the largest t at which nine neighbours on the circle are
 * all t brighter, or all t darker. around[c][i] is neighbour c of pixel i.
 *
 * Nine in a row are eight, from an odd place on, and one of the two next to those. */
CW_BODY void corner_scores(const uint8_t around[CIRCLE][BLOCK], const uint8_t mid[BLOCK],
                           uint8_t out[BLOCK])
{
    uint8_t low[CIRCLE / 2][BLOCK]; /* over 2, then 4 neighbours from 2 h + 1 on */
    uint8_t high[CIRCLE / 2][BLOCK];
    uint8_t low4[CIRCLE / 2][BLOCK];
    uint8_t high4[CIRCLE / 2][BLOCK];
    uint8_t best_low[BLOCK] = {0};
    uint8_t best_high[BLOCK];
    memset(best_high, 255, sizeof best_high);
    for (unsigned h = 0; h < CIRCLE / 2; h++) {
        const uint8_t *a = around[2 * h + 1];
        const uint8_t *b = around[(2 * h + 2) % CIRCLE];
        for (unsigned i = 0; i < BLOCK; i++) {
            low[h][i] = min8(a[i], b[i]);
            high[h][i] = max8(a[i], b[i]);
        }
    }
    for (unsigned h = 0; h < CIRCLE / 2; h++) {
        const unsigned next = (h + 1) % (CIRCLE / 2);
        for (unsigned i = 0; i < BLOCK; i++) {
            low4[h][i] = min8(low[h][i], low[next][i]);
            high4[h][i] = max8(high[h][i], high[next][i]);
        }
    }
    for (unsigned h = 0; h < CIRCLE / 2; h++) {
        const unsigned next = (h + 2) % (CIRCLE / 2);
        const uint8_t *a = around[2 * h];
        const uint8_t *b = around[(2 * h + 9) % CIRCLE];
        for (unsigned i = 0; i < BLOCK; i++) {
            const uint8_t low8 = min8(low4[h][i], low4[next][i]);
            const uint8_t high8 = max8(high4[h][i], high4[next][i]);
            best_low[i] = max8(best_low[i], min8(low8, max8(a[i], b[i])));
            best_high[i] = min8(best_high[i], max8(high8, min8(a[i], b[i])));
        }
    }
    for (unsigned i = 0; i < BLOCK; i++) {
        const uint8_t up = (uint8_t)(max8(best_low[i], mid[i]) - mid[i]);
        const uint8_t down = (uint8_t)(mid[i] - min8(best_high[i], mid[i]));
        out[i] = max8(up, down);
    }
}

/* Lists the pixels of a row that may be corners; returns how many. */
CW_BODY unsigned list_row(const uint8_t *row, unsigned width,
                          const ptrdiff_t circle[CIRCLE], uint16_t *out)
{
    const unsigned end = width - CW_KEYPOINT_MARGIN + 1;
    const unsigned last = width - BLOCK - 3; /* where a block still lies within the row */
    unsigned n = 0;
    for (unsigned x = CW_KEYPOINT_MARGIN - 1; x < end; x += BLOCK) {
        const unsigned from = x < last ? x : last;
        uint8_t flags[BLOCK];
        uint64_t words[BLOCK / 8];
        first_look(row + from, circle, flags);
        memcpy(words, flags, sizeof words);
        for (unsigned w = 0; w < BLOCK / 8; w++) {
            for (unsigned i = 8 * w; words[w] != 0 && i < 8 * w + 8; i++) {
                out[n] = (uint16_t)(from + i); /* stays only if it may be a corner */
                n += flags[i] & (from + i >= x) & (from + i < end);
            }
        }
    }
    return n;
}

/* Scores the pixels of one row within one pixel of where keypoints may be. */
CW_BODY void score_row(const struct cw_luma_map *m, const ptrdiff_t circle[CIRCLE],
                       unsigned y, struct score_row *out)
{
    const uint8_t *row = m->px + (size_t)y * m->stride;
    const unsigned n = list_row(row, m->width, circle, out->at);
    memset(out->score, 0, m->width);
    out->n = 0;
    for (unsigned from = 0; from < n; from += BLOCK) {
        const unsigned some = n - from < BLOCK ? n - from : BLOCK;
        uint8_t around[CIRCLE][BLOCK];
        uint8_t mid[BLOCK];
        uint8_t scores[BLOCK];
        for (unsigned i = 0; i < BLOCK; i++) {
            const uint8_t *px = row + out->at[from + (i < some ? i : 0)];
            mid[i] = *px;
            for (unsigned c = 0; c < CIRCLE; c++) {
                around[c][i] = px[circle[c]];
            }
        }
        corner_scores(around, mid, scores);
        for (unsigned i = 0; i < some; i++) {
            if (scores[i] > THRESHOLD) {
                out->score[out->at[from + i]] = scores[i];
                out->at[out->n++] = out->at[from + i];
            }
        }
    }
}

/* Keeps the corners of a row that score higher than all eight neighbours. */
static void keep_peaks(struct cw_keypoints *k, const struct cw_luma_map *m, unsigned y)
{
    const struct score_row *mid = &k->rows[y % 3];
    const uint8_t *above = k->rows[(y - 1) % 3].score;
    const uint8_t *below = k->rows[(y + 1) % 3].score;
    for (unsigned i = 0; i < mid->n; i++) {
        const unsigned x = mid->at[i];
        const uint8_t s = mid->score[x];
        if (x < CW_KEYPOINT_MARGIN || x >= m->width - CW_KEYPOINT_MARGIN ||
            s <= mid->score[x - 1] || s <= mid->score[x + 1] || s <= above[x - 1] ||
            s <= above[x] || s <= above[x + 1] || s <= below[x - 1] || s <= below[x] ||
            s <= below[x + 1]) {
            continue;
        }
        k->corners[k->n_corners++] =
            (struct corner){.x = (uint16_t)x, .y = (uint16_t)y, .score = s};
    }
}

CW_BODY void corners_body(struct cw_keypoints *k, const struct cw_luma_map *m)
{
    ptrdiff_t circle[CIRCLE];
    for (unsigned i = 0; i < CIRCLE; i++) {
        circle[i] = CIRCLE_Y[i] * (ptrdiff_t)m->stride + CIRCLE_X[i];
    }
    k->n_corners = 0;
    const unsigned first = CW_KEYPOINT_MARGIN - 1;
    const unsigned end = m->height - CW_KEYPOINT_MARGIN + 1;
    for (unsigned y = first; y < end; y++) {
        score_row(m, circle, y, &k->rows[y % 3]);
        if (y > first + 1) {
            keep_peaks(k, m, y - 1);
        }
    }
}

/* ---- ranking ---------------------------------------------------------------------- */

/* Drops the lowest scores until about `most` are left: all ties of the last score stay,
 * up to TIES times as many. */
static void keep_best_scores(struct cw_keypoints *k, size_t most)
{
    size_t with[256] = {0};
    if (k->n_corners <= most) {
        return;
    }
    for (size_t i = 0; i < k->n_corners; i++) {
        with[k->corners[i].score]++;
    }
    unsigned lowest = 255;
    for (size_t sum = with[255]; sum < most && lowest > 0; sum += with[lowest]) {
        lowest--;
    }
    size_t kept = 0;
    for (size_t i = 0; i < k->n_corners && kept < most * TIES; i++) {
        if (k->corners[i].score >= lowest) {
            k->corners[kept++] = k->corners[i];
        }
    }
    k->n_corners = kept;
}

/* Harris: 25 (ab - cc) - (a + b)^2, which is 25 times the response with k = 0.04. */
CW_BODY int64_t harris(const uint8_t *px, ptrdiff_t stride)
{
    int16_t dx[HARRIS_SIDE * 8];
    int16_t dy[HARRIS_SIDE * 8];
    const uint8_t *row = px - HARRIS_SIDE / 2 * stride - HARRIS_SIDE / 2;
    for (unsigned y = 0; y < HARRIS_SIDE; y++, row += stride) {
        const uint8_t *up = row - stride;
        const uint8_t *down = row + stride;
        for (int x = 0; x < 8; x++) {
            dx[8 * y + (unsigned)x] =
                (int16_t)(2 * (row[x + 1] - row[x - 1]) + up[x + 1] - up[x - 1] +
                          down[x + 1] - down[x - 1]);
            dy[8 * y + (unsigned)x] = (int16_t)(2 * (down[x] - up[x]) + down[x - 1] -
                                                up[x - 1] + down[x + 1] - up[x + 1]);
        }
        dx[8 * y + HARRIS_SIDE] = 0; /* eight were easier to compute than seven */
        dy[8 * y + HARRIS_SIDE] = 0;
    }
    int32_t xx = 0;
    int32_t yy = 0;
    int32_t xy = 0;
    for (unsigned i = 0; i < HARRIS_SIDE * 8; i++) {
        xx += dx[i] * dx[i];
        yy += dy[i] * dy[i];
        xy += dx[i] * dy[i];
    }
    const int64_t a = xx;
    const int64_t b = yy;
    const int64_t c = xy;
    return 25 * (a * b - c * c) - (a + b) * (a + b);
}

/* Better rank first, then by place. */
static bool before(const struct cw_keypoint *a, const struct cw_keypoint *b)
{
    if (a->rank != b->rank) {
        return a->rank > b->rank;
    }
    if (a->level != b->level) {
        return a->level < b->level;
    }
    return a->y != b->y ? a->y < b->y : a->x < b->x;
}

static int compare(const void *a, const void *b)
{
    return before(a, b) ? -1 : 1;
}

CW_BODY void rank_body(struct cw_keypoints *k, const struct cw_luma_map *m, uint8_t level,
                       size_t share)
{
    keep_best_scores(k, 2 * share);
    struct cw_keypoint *found = k->found + k->n_found;
    for (size_t i = 0; i < k->n_corners; i++) {
        const struct corner c = k->corners[i];
        const uint8_t *px = m->px + (size_t)c.y * m->stride + c.x;
        found[i] = (struct cw_keypoint){
            .rank = harris(px, (ptrdiff_t)m->stride), .x = c.x, .y = c.y, .level = level};
    }
    if (k->n_corners > share) {
        qsort(found, k->n_corners, sizeof *found, compare);
    }
    k->n_found += k->n_corners < share ? k->n_corners : share;
}

/* ---- orientation ------------------------------------------------------------------ */

/* The direction from a keypoint to the centre of brightness of the disc around it. */
CW_BODY uint16_t orientation(const struct cw_keypoints *k, const struct cw_luma_map *m,
                             const struct cw_keypoint *p)
{
    int32_t sum_x = 0;
    int32_t sum_y = 0;
    for (int y = -RADIUS; y <= RADIUS; y++) {
        const uint8_t *row =
            m->px + (size_t)((int)p->y + y) * m->stride + (p->x - RADIUS);
        const int16_t *wx = k->disc_x[y + RADIUS];
        const int16_t *w1 = k->disc_1[y + RADIUS];
        int32_t sum = 0;
        for (unsigned x = 0; x < BLOCK; x++) {
            const int16_t v = row[x];
            sum_x += v * wx[x];
            sum += v * w1[x];
        }
        sum_y += y * sum;
    }
    return cw_angle_of(sum_x, sum_y);
}

/* ---- levels ----------------------------------------------------------------------- */

/* How many of `total` candidates level i may send in: a sixth less than the one before.
 */
static size_t level_share(unsigned i, size_t total)
{
    uint64_t weight[CW_PYRAMID_LEVELS];
    uint64_t sum = 0;
    uint64_t w = 279936; /* 6^7 */
    for (unsigned j = 0; j < CW_PYRAMID_LEVELS; j++, w = w / 6 * 5) {
        weight[j] = w;
        sum += w;
    }
    return (size_t)((total * weight[i] + sum / 2) / sum);
}

static void level_plain(struct cw_keypoints *k, const struct cw_luma_map *m,
                        uint8_t level, size_t share)
{
    corners_body(k, m);
    rank_body(k, m, level, share);
}

CW_FOR_AVX2 static void level_avx2(struct cw_keypoints *k, const struct cw_luma_map *m,
                                   uint8_t level, size_t share)
{
    corners_body(k, m);
    rank_body(k, m, level, share);
}

CW_FOR_AVX2 static uint16_t orientation_avx2(const struct cw_keypoints *k,
                                             const struct cw_luma_map *m,
                                             const struct cw_keypoint *p)
{
    return orientation(k, m, p);
}

static uint16_t orientation_plain(const struct cw_keypoints *k,
                                  const struct cw_luma_map *m,
                                  const struct cw_keypoint *p)
{
    return orientation(k, m, p);
}

/* ---- spreading over the picture --------------------------------------------------- */

static unsigned field_of(const struct cw_keypoint *p, const struct cw_luma_map *base)
{
    const unsigned x =
        cw_pyramid_place(p->level, p->x, base->width, 1000 * FIELDS) / 1000;
    const unsigned y =
        cw_pyramid_place(p->level, p->y, base->height, 1000 * FIELDS) / 1000;
    return (y < FIELDS ? y : FIELDS - 1) * FIELDS + (x < FIELDS ? x : FIELDS - 1);
}

/* Takes the best of each field, then the second best of each, and so on. */
static size_t spread(struct cw_keypoints *k, const struct cw_luma_map *base, size_t want,
                     struct cw_keypoint *out)
{
    size_t start[FIELDS * FIELDS + 1] = {0};
    size_t fill[FIELDS * FIELDS];
    for (size_t i = 0; i < k->n_found; i++) {
        start[field_of(&k->found[i], base) + 1]++;
    }
    for (unsigned f = 0; f < FIELDS * FIELDS; f++) {
        start[f + 1] += start[f];
        fill[f] = start[f];
    }
    for (size_t i = 0; i < k->n_found; i++) {
        k->order[fill[field_of(&k->found[i], base)]++] = (uint32_t)i;
    }
    size_t n = 0;
    for (size_t round = 0, any = 1; any != 0 && n < want; round++) {
        any = 0;
        for (unsigned f = 0; f < FIELDS * FIELDS && n < want; f++) {
            if (start[f] + round < start[f + 1]) {
                out[n++] = k->found[k->order[start[f] + round]];
                any = 1;
            }
        }
    }
    return n;
}

size_t cw_keypoints_find(struct cw_keypoints *k, const struct cw_pyramid *pyramid,
                         size_t want, struct cw_keypoint *out)
{
    const unsigned n_levels = cw_pyramid_count(pyramid);
    const bool avx2 = cw_has_avx2();
    if (n_levels == 0 || want == 0) {
        return 0;
    }
    want = want < CW_KEYPOINTS_MAX ? want : CW_KEYPOINTS_MAX;
    k->n_found = 0;
    for (unsigned i = 0; i < n_levels; i++) {
        const struct cw_luma_map *m = &cw_pyramid_level(pyramid, i)->sharp;
        const size_t share = level_share(i, OVERSAMPLE * want);
        (avx2 ? level_avx2 : level_plain)(k, m, (uint8_t)i, share);
    }
    qsort(k->found, k->n_found, sizeof *k->found, compare);
    const size_t n = spread(k, &cw_pyramid_level(pyramid, 0)->sharp, want, out);
    for (size_t i = 0; i < n; i++) {
        const struct cw_luma_map *m = &cw_pyramid_level(pyramid, out[i].level)->sharp;
        out[i].angle = (avx2 ? orientation_avx2 : orientation_plain)(k, m, &out[i]);
    }
    return n;
}
