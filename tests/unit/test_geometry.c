/* Geometry: placements planted among outliers are found, and nothing is found where there
 * is nothing. */
#include "hashing/geometry.h"
#include "tests/support/t_cmocka.h"
#include "tests/support/t_sketch.h"

#define MOST 2000

/* The found picture is 800 x 600, the asset 400 x 500. */
static const struct cw_frame FOUND = {.width = 800, .height = 600};
static const struct cw_frame ASSET = {.width = 400, .height = 500};

struct scene {
    struct cw_local query[MOST];
    struct cw_local_match matches[MOST];
    size_t n;
    uint64_t seed;
};

/* Found picture px = m applied to asset px. */
struct plant {
    double m[6];
    double degrees, scale; /* of m */
    bool mirrored;
};

static struct plant plant_of(double degrees, double scale, double x, double y)
{
    const double c = cos(degrees * 0.017453292519943295) * scale;
    const double s = sin(degrees * 0.017453292519943295) * scale;
    return (struct plant){.m = {c, -s, x, s, c, y}, .degrees = degrees, .scale = scale};
}

static uint16_t share(double px, double side)
{
    const double v = px / side * 65535;
    return (uint16_t)(v < 0 ? 0 : v > 65535 ? 65535 : lround(v));
}

/* A match of the patch of the asset at (x, y) with where the plant puts it. */
static void add_inlier(struct scene *s, const struct plant *p, double x, double y,
                       uint16_t distance)
{
    const double to_x = p->m[0] * x + p->m[1] * y + p->m[2];
    const double to_y = p->m[3] * x + p->m[4] * y + p->m[5];
    const uint16_t angle = (uint16_t)t_sketch_random(&s->seed);
    const double turned = angle + p->degrees / 360 * 65536;
    const uint16_t there = (uint16_t)(int64_t)lround(turned);
    s->query[s->n] =
        (struct cw_local){.x = share(p->mirrored ? 800 - to_x : to_x, 800),
                          .y = share(to_y, 600),
                          .scale = (uint16_t)lround(4000 * p->scale * 500 / 800),
                          .angle = (uint16_t)(p->mirrored ? 32768 - there : there)};
    s->matches[s->n] = (struct cw_local_match){.query = (uint16_t)s->n,
                                               .local = (uint16_t)s->n,
                                               .distance = distance,
                                               .x = share(x, 400),
                                               .y = share(y, 500),
                                               .scale = 4000,
                                               .angle = angle};
    s->n++;
}

static void add_inliers(struct scene *s, const struct plant *p, unsigned n)
{
    for (unsigned i = 0; i < n; i++) { /* a lattice: no two share a field */
        add_inlier(s, p, 20 + 45 * (i % 8), 20 + 45 * (i / 8 % 10), 40);
    }
}

static void add_outliers(struct scene *s, unsigned n)
{
    for (unsigned i = 0; i < n; i++, s->n++) {
        const uint64_t a = t_sketch_random(&s->seed);
        const uint64_t b = t_sketch_random(&s->seed);
        s->query[s->n] = (struct cw_local){.x = (uint16_t)a,
                                           .y = (uint16_t)(a >> 16),
                                           .scale = (uint16_t)(1400 + (a >> 32) % 4000),
                                           .angle = (uint16_t)(a >> 48)};
        s->matches[s->n] =
            (struct cw_local_match){.query = (uint16_t)s->n,
                                    .local = (uint16_t)s->n,
                                    .distance = (uint16_t)(20 + b % 43),
                                    .x = (uint16_t)(b >> 8),
                                    .y = (uint16_t)(b >> 24),
                                    .scale = (uint16_t)(1400 + (b >> 40) % 4000),
                                    .angle = (uint16_t)(b >> 48)};
    }
}

static bool place(const struct scene *s, bool mirrored, struct cw_geometry *out)
{
    const struct cw_geometry_pair pair = {.query = s->query,
                                          .n_query = s->n,
                                          .query_frame = FOUND,
                                          .asset_frame = ASSET,
                                          .matches = s->matches,
                                          .n_matches = s->n};
    return cw_geometry_place(&pair, mirrored, out);
}

static struct scene *new_scene(uint64_t seed)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->seed = seed;
    return s;
}

static void assert_frame(const struct cw_geometry *g, const struct plant *p)
{
    static const double X[4] = {0, 400, 400, 0};
    static const double Y[4] = {0, 0, 500, 500};
    for (unsigned i = 0; i < 4; i++) {
        const double x = p->m[0] * X[i] + p->m[1] * Y[i] + p->m[2];
        const double y = p->m[3] * X[i] + p->m[4] * Y[i] + p->m[5];
        assert_true(fabs(g->frame[i].x * 800 - (p->mirrored ? 800 - x : x)) < 6);
        assert_true(fabs(g->frame[i].y * 600 - y) < 6);
    }
}

/* ---- planted ---------------------------------------------------------------------- */

static void finds_a_turned_drawing_among_outliers(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 12; k++) {
        struct scene *s = new_scene(k);
        const double turn = 30.0 * k;
        const double c = cos(turn * 0.017453292519943295);
        const double n = sin(turn * 0.017453292519943295);
        const struct plant p = plant_of(turn, 0.7, 400 - 0.7 * (c * 200 - n * 250),
                                        300 - 0.7 * (n * 200 + c * 250));
        add_inliers(s, &p, 40);
        add_outliers(s, 200);
        struct cw_geometry g;
        assert_true(place(s, false, &g));
        assert_in_range(g.inliers, 40, 46);
        assert_true(g.score >= 40 * 84 / 62.0);
        assert_frame(&g, &p);
        free(s);
    }
}

static void score_is_exact(void **state)
{
    (void)state;
    struct scene *s = new_scene(1);
    const struct plant p = plant_of(0, 1, 100, 50);
    add_inlier(s, &p, 100, 100, 0);
    add_inlier(s, &p, 200, 120, 62);
    add_inlier(s, &p, 300, 300, 31);
    struct cw_geometry g;
    assert_true(place(s, false, &g));
    assert_int_equal(g.inliers, 3);
    assert_true(fabs(g.score - 4.5) < 1e-12);
    free(s);
}

static void follows_a_squeezed_drawing(void **state)
{
    (void)state;
    struct scene *s = new_scene(2);
    struct plant p = plant_of(0, 1, 100, 40);
    p.m[0] = 1.1;
    p.m[4] = 0.9;
    add_inliers(s, &p, 60);
    add_outliers(s, 60);
    struct cw_geometry g;
    assert_true(place(s, false, &g));
    assert_true(g.inliers >= 60);
    assert_frame(&g, &p);
    free(s);
}

static void finds_a_mirrored_drawing_in_mirrored_matches_only(void **state)
{
    (void)state;
    struct scene *s = new_scene(3);
    struct plant p = plant_of(20, 0.8, 300, 40);
    p.mirrored = true;
    add_inliers(s, &p, 50);
    struct cw_geometry g;
    assert_true(place(s, true, &g));
    assert_true(g.mirrored);
    assert_int_equal(g.inliers, 50);
    assert_frame(&g, &p);
    assert_true(!place(s, false, &g) || g.inliers < 8);
    free(s);
}

static void map_leads_from_the_picture_to_the_asset(void **state)
{
    (void)state;
    for (int mirrored = 0; mirrored < 2; mirrored++) {
        struct scene *s = new_scene(4);
        struct plant p = plant_of(75, 0.6, 500, 100);
        p.mirrored = mirrored != 0;
        add_inliers(s, &p, 50);
        struct cw_geometry g;
        assert_true(place(s, mirrored != 0, &g));
        for (size_t i = 0; i < s->n; i++) {
            const double x = s->query[i].x / 65535.0;
            const double y = s->query[i].y / 65535.0 * 0.75;
            const double u = g.map[0] * x + g.map[1] * y + g.map[2];
            const double v = g.map[3] * x + g.map[4] * y + g.map[5];
            assert_true(fabs(u - s->matches[i].x / 65535.0 * 0.8) < 0.01);
            assert_true(fabs(v - s->matches[i].y / 65535.0) < 0.01);
        }
        free(s);
    }
}

static void region_is_convex_and_holds_the_inliers(void **state)
{
    (void)state;
    struct scene *s = new_scene(5);
    const struct plant p = plant_of(15, 1, 200, 20);
    add_inliers(s, &p, 70);
    struct cw_geometry g;
    assert_true(place(s, false, &g));
    assert_in_range(g.n_region, 3, CW_GEOMETRY_REGION);
    for (size_t i = 0; i < g.n_region; i++) {
        const struct cw_point a = g.region[i];
        const struct cw_point b = g.region[(i + 1) % g.n_region];
        for (size_t k = 0; k < s->n; k++) {
            const double x = s->query[k].x / 65535.0;
            const double y = s->query[k].y / 65535.0;
            const double side = (b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x);
            assert_true(side > -0.02);
        }
    }
    free(s);
}

/* ---- rules ------------------------------------------------------------------------ */

static void one_patch_and_one_field_count_once(void **state)
{
    (void)state;
    struct scene *s = new_scene(6);
    const struct plant p = plant_of(0, 1, 100, 50);
    add_inliers(s, &p, 10);
    for (unsigned i = 0; i < 10; i++) { /* the same fields again, a bit worse */
        const unsigned row = i / 8;
        add_inlier(s, &p, 20 + 45 * (i % 8) + 1, 20 + 45 * row, 50);
    }
    for (unsigned i = 0; i < 10; i++) { /* the same patches of the query again */
        s->matches[s->n] = s->matches[i];
        s->matches[s->n].x = (uint16_t)(s->matches[s->n].x + 800);
        s->matches[s->n++].distance = 60;
    }
    struct cw_geometry g;
    assert_true(place(s, false, &g));
    assert_int_equal(g.inliers, 10);
    assert_true(fabs(g.score - 10 * 84 / 62.0) < 1e-9);
    free(s);
}

static void chance_scores_little(void **state)
{
    (void)state;
    double most = 0;
    for (unsigned k = 0; k < 200; k++) {
        struct scene *s = new_scene(100 + k);
        add_outliers(s, 60);
        struct cw_geometry g;
        place(s, false, &g);
        most = g.score > most ? g.score : most;
        free(s);
    }
    assert_true(most < 11);
}

/* ---- what is distinct ------------------------------------------------------------- */

/* Descriptors that are no nearer than chance, but for `same` of them that are all one. */
static void describe(struct scene *s, struct cw_local *asset, unsigned same)
{
    for (size_t i = 0; i < s->n; i++) {
        for (unsigned b = 0; b < CW_HASH_BYTES; b++) {
            asset[i].bits.b[b] = (uint8_t)(i < same ? 85 : t_sketch_random(&s->seed));
        }
    }
}

static double distinct_of_lattice(unsigned same, double *out_score)
{
    struct scene *s = new_scene(11);
    struct cw_local *asset = calloc(MOST, sizeof *asset);
    const struct plant p = plant_of(0, 1, 100, 50);
    struct cw_geometry g;
    assert_non_null(asset);
    add_inliers(s, &p, 40);
    describe(s, asset, same);
    const struct cw_geometry_pair pair = {.query = s->query,
                                          .n_query = s->n,
                                          .query_frame = FOUND,
                                          .asset_frame = ASSET,
                                          .matches = s->matches,
                                          .n_matches = s->n,
                                          .asset = asset,
                                          .n_asset = s->n};
    assert_true(cw_geometry_place(&pair, false, &g));
    assert_int_equal(g.inliers, 40);
    *out_score = g.score;
    free(asset);
    free(s);
    return g.distinct;
}

static void patches_that_are_alike_count_once(void **state)
{
    (void)state;
    const double one = 84 / 62.0; /* each inlier of the lattice */
    double score = 0;
    assert_true(fabs(distinct_of_lattice(0, &score) - 40 * one) < 1e-9);
    assert_true(fabs(score - 40 * one) < 1e-9);
    assert_true(fabs(distinct_of_lattice(30, &score) - 11 * one) < 1e-9);
    assert_true(fabs(score - 40 * one) < 1e-9);
    assert_true(fabs(distinct_of_lattice(40, &score) - one) < 1e-9);
}

static void without_the_asset_all_is_distinct(void **state)
{
    (void)state;
    struct scene *s = new_scene(12);
    const struct plant p = plant_of(20, 1.2, 200, 10);
    struct cw_geometry g;
    add_inliers(s, &p, 20);
    assert_true(place(s, false, &g));
    assert_true(fabs(g.distinct - g.score) < 1e-12);
    free(s);
}

static void matches_beyond_the_asset_are_left_out(void **state)
{
    (void)state;
    struct scene *s = new_scene(13);
    struct cw_local asset[15];
    const struct plant p = plant_of(0, 1, 100, 50);
    struct cw_geometry g;
    add_inliers(s, &p, 20);
    memset(asset, 0, sizeof asset);
    const struct cw_geometry_pair pair = {.query = s->query,
                                          .n_query = s->n,
                                          .query_frame = FOUND,
                                          .asset_frame = ASSET,
                                          .matches = s->matches,
                                          .n_matches = s->n,
                                          .asset = asset,
                                          .n_asset = 15};
    assert_true(cw_geometry_place(&pair, false, &g));
    assert_int_equal(g.inliers, 15);
    free(s);
}

static void circles_prove_little(void **state)
{
    (void)state;
    assert_true(fabs(cw_geometry_loc(30, 28) - 10.4) < 1e-9);
    assert_true(fabs(cw_geometry_loc(0, 28) - 28) < 1e-9);
    assert_true(fabs(cw_geometry_loc(5, 0) - 5) < 1e-9);
}

/* ---- odd input -------------------------------------------------------------------- */

static void nothing_comes_of_nothing(void **state)
{
    (void)state;
    struct scene *s = new_scene(7);
    struct cw_geometry g;
    assert_false(place(s, false, &g));
    add_outliers(s, 2);
    assert_false(place(s, false, &g));
    for (unsigned i = 0; i < 500; i++) { /* all at one place */
        s->query[i] = (struct cw_local){.x = 100, .y = 100, .scale = 2000};
        s->matches[i] = (struct cw_local_match){
            .query = (uint16_t)i, .x = 200, .y = 200, .scale = 2000, .distance = 10};
    }
    s->n = 500;
    assert_false(place(s, false, &g));
    for (unsigned i = 0; i < 500; i++) { /* all on one line */
        s->query[i].x = s->matches[i].x = (uint16_t)(i * 131);
    }
    s->n = 500;
    place(s, false, &g);
    assert_true(g.inliers <= 29);
    free(s);
}

static void hostile_matches_are_left_out(void **state)
{
    (void)state;
    struct scene *s = new_scene(8);
    const struct plant p = plant_of(0, 1, 100, 50);
    add_inliers(s, &p, 20);
    s->matches[0].query = 5000;
    s->matches[1].distance = 63;
    s->matches[2].scale = 0;
    s->query[3].scale = 0;
    struct cw_geometry g;
    assert_true(place(s, false, &g));
    assert_int_equal(g.inliers, 16);
    struct cw_geometry_pair pair = {.query = s->query,
                                    .n_query = s->n,
                                    .query_frame = FOUND,
                                    .asset_frame = {.width = 0, .height = 500},
                                    .matches = s->matches,
                                    .n_matches = s->n};
    assert_false(cw_geometry_place(&pair, false, &g));
    assert_int_equal(g.inliers, 0);
    free(s);
}

static void many_matches_are_bounded(void **state)
{
    (void)state;
    struct scene *s = new_scene(9);
    const struct plant p = plant_of(0, 1, 100, 50);
    add_inliers(s, &p, 30);
    add_outliers(s, MOST - 30);
    for (unsigned i = 0; i < 30; i++) {
        s->matches[i].distance = 10;
    }
    struct cw_geometry g;
    assert_true(place(s, false, &g));
    assert_true(g.inliers >= 30);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_turned_drawing_among_outliers),
        cmocka_unit_test(score_is_exact),
        cmocka_unit_test(follows_a_squeezed_drawing),
        cmocka_unit_test(finds_a_mirrored_drawing_in_mirrored_matches_only),
        cmocka_unit_test(map_leads_from_the_picture_to_the_asset),
        cmocka_unit_test(region_is_convex_and_holds_the_inliers),
        cmocka_unit_test(one_patch_and_one_field_count_once),
        cmocka_unit_test(chance_scores_little),
        cmocka_unit_test(patches_that_are_alike_count_once),
        cmocka_unit_test(without_the_asset_all_is_distinct),
        cmocka_unit_test(matches_beyond_the_asset_are_left_out),
        cmocka_unit_test(circles_prove_little),
        cmocka_unit_test(nothing_comes_of_nothing),
        cmocka_unit_test(hostile_matches_are_left_out),
        cmocka_unit_test(many_matches_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
