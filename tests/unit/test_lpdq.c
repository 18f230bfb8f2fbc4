/* Local descriptors: against a slow transform, and what they survive. */
#include "hashing/lpdq.h"
#include "tests/support/t_cmocka.h"
#include "tests/support/t_sketch.h"

#define WIDE                                                                             \
    648 /* multiples of 6 * 6 * 6: of the mirror image, four levels are those of */
#define HIGH 432 /* the picture, mirrored */
#define MIRRORED_LEVELS_SCALE (18 * CW_LOCAL_SCALE_ONE / 10 / WIDE)
#define MOST 700

static int set_up(void **state)
{
    struct cw_lpdq *l = NULL;
    assert_int_equal(cw_lpdq_new(WIDE, &l, NULL), 0);
    *state = l;
    return 0;
}

static int tear_down(void **state)
{
    cw_lpdq_free((struct cw_lpdq **)state);
    return 0;
}

static size_t extract(struct cw_lpdq *l, const uint8_t *px, struct cw_local out[MOST])
{
    const struct cw_luma_map map = {
        .px = px, .width = WIDE, .height = HIGH, .stride = WIDE};
    return cw_lpdq_extract(l, &map, MOST, out);
}

static unsigned apart(uint16_t a, uint16_t b)
{
    return (unsigned)abs((int)a - (int)b);
}

/* The one of `n` that lies where `p` says, at that scale; NULL if there is none. */
static const struct cw_local *at_place(const struct cw_local *all, size_t n,
                                       const struct cw_local *p, unsigned tolerance)
{
    for (size_t i = 0; i < n; i++) {
        if (all[i].scale == p->scale && apart(all[i].x, p->x) <= tolerance &&
            apart(all[i].y, p->y) <= tolerance) {
            return &all[i];
        }
    }
    return NULL;
}

/* ---- the mirror image ------------------------------------------------------------- */

static void mask_marks_odd_row_frequencies(void **state)
{
    (void)state;
    struct cw_hash mask = {0};
    unsigned bit = 0;
    for (unsigned sum = 1; bit < CW_HASH_BITS; sum++) {
        for (unsigned row = 0; row <= sum && bit < CW_HASH_BITS; row++) {
            if (row <= 16 && sum - row <= 16) {
                mask.b[bit / 8] |= (uint8_t)(row % 2 << (bit % 8));
                bit++;
            }
        }
    }
    assert_memory_equal(&mask, &CW_LOCAL_MIRROR, sizeof mask);
}

/* Nearly every keypoint is found again at the mirrored place, with the mirrored angle,
 * and with the masked bits changed. Bits that differ: coefficients that are zero but for
 * rounding (measured: 1.2 bits in the mean). All those of odd frequency are zero where
 * the drawing itself is symmetric about the keypoint's direction; few patches are. */
static void mirrored_patch_is_masked_descriptor(void **state)
{
    struct cw_local a[MOST];
    struct cw_local b[MOST];
    uint8_t *px = t_sketch_draw(WIDE, HIGH, 11);
    uint8_t *mirrored = t_sketch_mirror(px, WIDE, HIGH);
    const size_t n = extract(*state, px, a);
    const size_t m = extract(*state, mirrored, b);
    size_t looked_for = 0;
    size_t found = 0;
    unsigned sum = 0;
    unsigned symmetric = 0;
    for (size_t i = 0; i < n; i++) {
        struct cw_local p = a[i];
        p.x = (uint16_t)(65535 - p.x);
        if (p.scale > MIRRORED_LEVELS_SCALE) {
            continue;
        }
        looked_for++;
        const struct cw_local *q = at_place(b, m, &p, 5);
        if (q == NULL) {
            continue;
        }
        found++;
        assert_true(apart((uint16_t)(q->angle + a[i].angle), 32768) < 8);
        struct cw_hash masked = a[i].bits;
        for (unsigned k = 0; k < CW_HASH_BYTES; k++) {
            masked.b[k] ^= CW_LOCAL_MIRROR.b[k];
        }
        const unsigned d = cw_hash_distance(&masked, &q->bits);
        sum += d;
        symmetric += d > 24;
    }
    print_message("mirrored: %zu of %zu found, %.2f bits, %u symmetric\n", found,
                  looked_for, (double)sum / (double)found, symmetric);
    assert_true(found * 10 >= looked_for * 8);
    assert_true(sum < 4 * found);
    assert_true(symmetric * 50 <= found);
    free(mirrored);
    free(px);
}

/* ---- turning ---------------------------------------------------------------------- */

/* How many of the keypoints that are found again keep their descriptor within the radius,
 * in percent. */
static unsigned kept_when_turned(struct cw_lpdq *l, const uint8_t *px, double degrees)
{
    struct cw_local a[MOST];
    struct cw_local b[MOST];
    uint8_t *turned = t_sketch_turn(px, WIDE, HIGH, degrees, 1);
    const size_t n = extract(l, px, a);
    const size_t m = extract(l, turned, b);
    const double c = cos(degrees * 0.017453292519943295);
    const double s = sin(degrees * 0.017453292519943295);
    unsigned found = 0;
    unsigned kept = 0;
    for (size_t i = 0; i < n; i++) {
        const double x = (a[i].x / 65535.0 - 0.5) * WIDE;
        const double y = (a[i].y / 65535.0 - 0.5) * HIGH;
        const double to_x = ((c * x - s * y) / WIDE + 0.5) * 65535;
        const double to_y = ((s * x + c * y) / HIGH + 0.5) * 65535;
        if (to_x < 0 || to_x > 65535 || to_y < 0 || to_y > 65535) {
            continue;
        }
        struct cw_local p = a[i];
        p.x = (uint16_t)to_x;
        p.y = (uint16_t)to_y;
        const struct cw_local *q = at_place(b, m, &p, 220); /* 2 px */
        if (q != NULL) {
            found++;
            kept += cw_hash_distance(&a[i].bits, &q->bits) <= CW_LOCAL_RADIUS;
        }
    }
    free(turned);
    print_message("turned by %.0f: %u found again, %u kept\n", degrees, found, kept);
    assert_true(found >= 80);
    return found > 0 ? kept * 100 / found : 0;
}

static void turned_patches_keep_their_descriptor(void **state)
{
    uint8_t *px = t_sketch_draw(WIDE, HIGH, 12);
    assert_true(kept_when_turned(*state, px, 90) >= 85);
    assert_true(kept_when_turned(*state, px, 180) >= 85);
    assert_true(kept_when_turned(*state, px, 10) >= 60);
    assert_true(kept_when_turned(*state, px, 37) >= 60);
    free(px);
}

/* ---- poses ------------------------------------------------------------------------ */

static void poses_are_shares_of_the_picture(void **state)
{
    struct cw_local a[MOST];
    uint8_t *px = t_sketch_draw(WIDE, HIGH, 13);
    const size_t n = extract(*state, px, a);
    assert_true(n > 300);
    bool finest = false;
    bool coarsest = false;
    for (size_t i = 0; i < n; i++) {
        assert_in_range(a[i].x, 19 * 65535 / WIDE, 65535 - 19 * 65535 / WIDE);
        assert_in_range(a[i].y, 19 * 65535 / HIGH, 65535 - 19 * 65535 / HIGH);
        finest |= a[i].scale == (CW_LOCAL_SCALE_ONE + WIDE / 2) / WIDE;
        coarsest |= a[i].scale > 3 * CW_LOCAL_SCALE_ONE / WIDE;
    }
    assert_true(finest);
    assert_true(coarsest);
    free(px);
}

static void descriptors_do_not_depend_on_brightness(void **state)
{
    struct cw_local a[MOST];
    struct cw_local b[MOST];
    uint8_t *px = t_sketch_draw(WIDE, HIGH, 14);
    for (size_t i = 0; i < WIDE * HIGH; i++) {
        px[i] = (uint8_t)(px[i] * 3 / 4);
    }
    const size_t n = extract(*state, px, a);
    for (size_t i = 0; i < WIDE * HIGH; i++) {
        px[i] = (uint8_t)(px[i] + 60);
    }
    assert_int_equal(extract(*state, px, b), n);
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += cw_hash_distance(&a[i].bits, &b[i].bits);
    }
    assert_true(sum < 60 * n); /* the orientation sees the brightness of the disc */
    free(px);
}

/* ---- odd pictures ----------------------------------------------------------------- */

static void nothing_to_describe(void **state)
{
    struct cw_local a[MOST];
    uint8_t *px = calloc(WIDE, HIGH);
    assert_non_null(px);
    assert_int_equal(extract(*state, px, a), 0);
    const struct cw_luma_map dot = {.px = px, .width = 1, .height = 1, .stride = 1};
    assert_int_equal(cw_lpdq_extract(*state, &dot, MOST, a), 0);
    const struct cw_luma_map none = {.px = NULL, .width = 0, .height = 0, .stride = 0};
    assert_int_equal(cw_lpdq_extract(*state, &none, MOST, a), 0);
    free(px);
}

static void noise_is_described(void **state)
{
    struct cw_local a[MOST];
    uint64_t seed = 15;
    uint8_t *px = malloc(WIDE * HIGH);
    assert_non_null(px);
    for (size_t i = 0; i < WIDE * HIGH; i++) {
        px[i] = (uint8_t)t_sketch_random(&seed);
    }
    assert_int_equal(extract(*state, px, a), MOST);
    free(px);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mask_marks_odd_row_frequencies),
        cmocka_unit_test(mirrored_patch_is_masked_descriptor),
        cmocka_unit_test(turned_patches_keep_their_descriptor),
        cmocka_unit_test(poses_are_shares_of_the_picture),
        cmocka_unit_test(descriptors_do_not_depend_on_brightness),
        cmocka_unit_test(nothing_to_describe),
        cmocka_unit_test(noise_is_described),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
