#include "hashing/confidence.h"
#include "tests/support/t_cmocka.h"

#include <math.h>
#include <string.h>

static struct cw_judgement judge(unsigned distance, uint64_t n_assets)
{
    const struct cw_evidence evidence = {.kind = CW_VIEW_PDQ,
                                         .distance = distance,
                                         .asset_quality = 100,
                                         .found_quality = 100,
                                         .asset_self_distance = 100};
    struct cw_judgement out;
    cw_judge(&evidence, n_assets, &out);
    return out;
}

static void bands_are_the_documented_distances(void **state)
{
    (void)state;
    assert_int_equal(judge(0, 1000).band, CW_BAND_STRONG);
    assert_int_equal(judge(36, 1000).band, CW_BAND_STRONG);
    assert_int_equal(judge(37, 1000).band, CW_BAND_POSSIBLE);
    assert_int_equal(judge(48, 1000).band, CW_BAND_POSSIBLE);
    assert_int_equal(judge(49, 1000).band, CW_BAND_WEAK);
    assert_int_equal(judge(52, 1000).band, CW_BAND_WEAK);
    assert_int_equal(judge(53, 1000).band, CW_BAND_NONE);
}

static void every_kind_has_its_own_distances(void **state)
{
    static const struct {
        uint8_t kind;
        unsigned strong, possible, weak;
    } KINDS[] = {
        {CW_VIEW_PDQR, 31, 40, 44},
        {CW_VIEW_INK, 36, 44, 46},
        {CW_VIEW_PDQR_RECT, 24, 36, 42},
        {CW_VIEW_INK_RECT, 36, 44, 46},
    };
    (void)state;
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        const unsigned at[] = {KINDS[i].strong, KINDS[i].possible, KINDS[i].weak};
        for (unsigned b = 0; b < 3; b++) {
            struct cw_evidence evidence = {.kind = KINDS[i].kind,
                                           .distance = at[b],
                                           .asset_quality = 100,
                                           .found_quality = 100,
                                           .asset_self_distance = 100};
            struct cw_judgement j;
            cw_judge(&evidence, 1000, &j);
            assert_int_equal(j.band, CW_BAND_STRONG - b);
            evidence.distance++;
            cw_judge(&evidence, 1000, &j);
            assert_int_equal(j.band, CW_BAND_STRONG - b - 1);
        }
        assert_int_equal(cw_radius_weak(KINDS[i].kind), KINDS[i].weak);
    }
}

/* What is farther than is searched is no match, and together with descriptors that tell
 * as much never more than a weak one. */
static void nothing_is_lost_beyond_the_radius(void **state)
{
    static const uint64_t SIZES[] = {0, 900, 10000, 1000000, 100000000, 10000000000};
    (void)state;
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        for (unsigned upright = 0; upright < 2; upright++) {
            for (unsigned kind = CW_VIEW_PDQ; kind < CW_VIEW_HASHES; kind++) {
                const unsigned radius =
                    cw_radius_of((enum cw_view_kind)kind, upright != 0, SIZES[i]);
                struct cw_evidence hash = {.kind = (uint8_t)kind,
                                           .distance = radius + 1,
                                           .upright = upright != 0,
                                           .asset_quality = 100,
                                           .found_quality = 100,
                                           .asset_self_distance = 100};
                struct cw_judgement j;
                cw_judge(&hash, SIZES[i], &j);
                assert_int_equal(j.band, CW_BAND_NONE);
                const struct cw_evidence alike = {
                    .kind = CW_VIEW_LOCAL, .score = 12 + (48 - j.equivalent) / 0.43};
                cw_judge_together(&hash, &alike, SIZES[i], &j);
                assert_true(j.band <= CW_BAND_WEAK);
            }
        }
    }
    assert_int_equal(cw_radius_of(CW_VIEW_PDQ, false, 900), CW_RADIUS_WEAK);
    assert_int_equal(cw_radius_of(CW_VIEW_PDQ, false, 1000000), 46);
    assert_int_equal(cw_radius_of(CW_VIEW_PDQ, true, 1000000), 50);
}

static void a_larger_registry_needs_a_smaller_distance(void **state)
{
    (void)state;
    assert_int_equal(judge(40, 1000000).band, CW_BAND_POSSIBLE);
    assert_int_equal(judge(41, 1000000).band, CW_BAND_WEAK);
    assert_int_equal(judge(35, 100000000).band, CW_BAND_STRONG);
    assert_int_equal(judge(36, 100000000).band, CW_BAND_WEAK);
    assert_int_equal(judge(48, 0).band, CW_BAND_POSSIBLE);
}

static void confidence_falls_with_distance_and_registry(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 100000000; n *= 10) {
        for (unsigned d = 1; d <= 256; d++) {
            const struct cw_judgement j = judge(d, n);
            assert_true(j.confidence >= 0 && j.confidence < 1);
            assert_true(j.confidence <= judge(d - 1, n).confidence);
            assert_true(j.confidence >= judge(d, n * 10).confidence);
            assert_true(j.expected_false > judge(d - 1, n).expected_false);
            assert_true(j.band <= judge(d - 1, n).band);
        }
    }
}

static void an_upright_match_is_less_of_an_accident(void **state)
{
    (void)state;
    struct cw_evidence evidence = {.kind = CW_VIEW_PDQ,
                                   .distance = 47,
                                   .upright = true,
                                   .asset_quality = 100,
                                   .found_quality = 100,
                                   .asset_self_distance = 100};
    struct cw_judgement j;
    cw_judge(&evidence, 10000, &j);
    assert_true(j.expected_false < judge(47, 10000).expected_false);
    assert_true(j.confidence > judge(47, 10000).confidence);
}

static void low_quality_is_never_more_than_weak(void **state)
{
    (void)state;
    struct cw_evidence evidence = {.kind = CW_VIEW_PDQ,
                                   .asset_quality = CW_QUALITY_WEAK - 1,
                                   .found_quality = 100,
                                   .asset_self_distance = 100};
    struct cw_judgement j;
    cw_judge(&evidence, 10, &j);
    assert_int_equal(j.band, CW_BAND_WEAK);
    assert_true(j.confidence <= 0.5);
    evidence.asset_quality = 100;
    evidence.found_quality = 0;
    cw_judge(&evidence, 10, &j);
    assert_int_equal(j.band, CW_BAND_WEAK);
}

static void symmetric_assets_match_only_closely(void **state)
{
    (void)state;
    struct cw_evidence evidence = {.kind = CW_VIEW_PDQ,
                                   .distance = 14,
                                   .asset_quality = 100,
                                   .found_quality = 100,
                                   .asset_self_distance = 48};
    struct cw_judgement j;
    cw_judge(&evidence, 1000, &j);
    assert_int_equal(j.band, CW_BAND_POSSIBLE);
    evidence.distance = 15;
    cw_judge(&evidence, 1000, &j);
    assert_int_equal(j.band, CW_BAND_NONE);
    evidence.asset_self_distance = 49;
    cw_judge(&evidence, 1000, &j);
    assert_int_equal(j.band, CW_BAND_STRONG);
}

static void identical_bytes_are_certain(void **state)
{
    (void)state;
    const struct cw_evidence evidence = {.kind = CW_VIEW_PDQ, .exact_bytes = true};
    struct cw_judgement j;
    cw_judge(&evidence, 100000000, &j);
    assert_int_equal(j.band, CW_BAND_STRONG);
    assert_true(j.confidence == 1.0);
    assert_true(j.expected_false == 0.0);
}

static void self_distance_is_to_the_nearest_turn(void **state)
{
    (void)state;
    struct cw_fingerprint fp = {.n_views = 3};
    memset(fp.views[1].hash.b, 0xff, CW_HASH_BYTES);
    memset(fp.views[2].hash.b, 0x01, CW_HASH_BYTES);
    for (uint8_t i = 0; i < 3; i++) {
        fp.views[i].kind = CW_VIEW_PDQ;
        fp.views[i].turn = i;
    }
    assert_int_equal(cw_fingerprint_self_distance(&fp), 0); /* zero bits transposed */
    struct cw_fingerprint none = {0};
    assert_int_equal(cw_fingerprint_self_distance(&none), CW_HASH_BITS);
}

static void self_distance_uses_the_views_that_are_there(void **state)
{
    (void)state;
    struct cw_fingerprint fp = {.n_views = CW_TURN_COUNT};
    for (uint8_t turn = 0; turn < CW_TURN_COUNT; turn++) {
        fp.views[turn].kind = CW_VIEW_PDQ;
        fp.views[turn].turn = turn;
        memset(fp.views[turn].hash.b,
               turn == 0   ? 0
               : turn == 3 ? 0x01
                           : 0xff,
               CW_HASH_BYTES);
    }
    assert_int_equal(cw_fingerprint_self_distance(&fp), CW_HASH_BYTES);
}

static struct cw_judgement judge_score(double score, uint64_t n_assets)
{
    const struct cw_evidence evidence = {.kind = CW_VIEW_LOCAL, .score = score};
    struct cw_judgement out;
    cw_judge(&evidence, n_assets, &out);
    return out;
}

static void scores_have_bands_of_their_own(void **state)
{
    (void)state;
    assert_int_equal(judge_score(16, 1000).band, CW_BAND_STRONG);
    assert_int_equal(judge_score(15.9, 900).band, CW_BAND_POSSIBLE);
    assert_int_equal(judge_score(12, 900).band, CW_BAND_POSSIBLE);
    assert_int_equal(judge_score(11.9, 900).band, CW_BAND_WEAK);
    assert_int_equal(judge_score(8, 900).band, CW_BAND_WEAK);
    assert_int_equal(judge_score(7.9, 900).band, CW_BAND_NONE);
}

static void a_larger_registry_needs_a_higher_score(void **state)
{
    (void)state;
    assert_int_equal(judge_score(28, 1000000).band, CW_BAND_WEAK);
    assert_int_equal(judge_score(31, 1000000).band, CW_BAND_STRONG);
    for (unsigned half = 2; half < 600; half++) {
        const struct cw_judgement j = judge_score(half / 2.0, 5000);
        const struct cw_judgement less = judge_score((half - 1) / 2.0, 5000);
        assert_true(j.confidence >= less.confidence);
        assert_true(j.expected_false < less.expected_false);
    }
}

static void the_last_possible_ones_of_all_kinds_tell_the_same(void **state)
{
    const struct cw_evidence turned = {.kind = CW_VIEW_INK_RECT,
                                       .distance = 44,
                                       .asset_quality = 100,
                                       .found_quality = 100,
                                       .asset_self_distance = 100};
    struct cw_judgement ink;
    (void)state;
    cw_judge(&turned, 777, &ink);
    assert_true(fabs(ink.equivalent - judge(48, 777).equivalent) < 1e-9);
    assert_true(fabs(ink.equivalent - judge_score(12, 777).equivalent) < 1e-9);
    assert_true(fabs(cw_expected_false_at(ink.equivalent, 777) - ink.expected_false) <
                1e-12);
}

static void a_hash_and_a_score_bear_each_other_out(void **state)
{
    struct cw_evidence hash = {.kind = CW_VIEW_PDQ,
                               .distance = 50,
                               .asset_quality = 20, /* faint, and its own mirror image */
                               .found_quality = 100,
                               .asset_self_distance = 0};
    struct cw_evidence score = {.kind = CW_VIEW_LOCAL, .score = 9};
    struct cw_judgement together;
    struct cw_judgement alone;
    (void)state;
    cw_judge_together(&hash, &score, 900, &together);
    cw_judge(&hash, 900, &alone);
    assert_int_equal(together.band, CW_BAND_POSSIBLE);
    assert_int_equal(alone.band, CW_BAND_NONE);
    cw_judge_together(&hash, &score, 100000000, &together);
    assert_int_equal(together.band, CW_BAND_WEAK);
    hash.distance = CW_RADIUS_WEAK + 1;
    cw_judge_together(&hash, &score, 900, &together);
    assert_int_equal(together.band, CW_BAND_NONE);
    hash.distance = 50;
    score.score = 7.9;
    cw_judge_together(&hash, &score, 900, &together);
    assert_int_equal(together.band, CW_BAND_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_have_bands_of_their_own),
        cmocka_unit_test(nothing_is_lost_beyond_the_radius),
        cmocka_unit_test(a_larger_registry_needs_a_higher_score),
        cmocka_unit_test(the_last_possible_ones_of_all_kinds_tell_the_same),
        cmocka_unit_test(a_hash_and_a_score_bear_each_other_out),
        cmocka_unit_test(bands_are_the_documented_distances),
        cmocka_unit_test(every_kind_has_its_own_distances),
        cmocka_unit_test(nothing_is_lost_beyond_the_radius),
        cmocka_unit_test(a_larger_registry_needs_a_smaller_distance),
        cmocka_unit_test(confidence_falls_with_distance_and_registry),
        cmocka_unit_test(an_upright_match_is_less_of_an_accident),
        cmocka_unit_test(low_quality_is_never_more_than_weak),
        cmocka_unit_test(symmetric_assets_match_only_closely),
        cmocka_unit_test(identical_bytes_are_certain),
        cmocka_unit_test(self_distance_is_to_the_nearest_turn),
        cmocka_unit_test(self_distance_uses_the_views_that_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
