/* test_views.c - what the global hashes of recipe 2 are for: margins, sheets, negatives
 * and exposures of a picture are near it, other pictures are not. The bounds are what was
 * measured on these drawings, with some room. */
#include "hashing/views.h"
#include "tests/support/t_canvas.h"
#include "tests/support/t_cmocka.h"

#include <math.h>
#include <stdlib.h>

#define N_DRAWINGS 6

static struct t_canvas canvas;
static struct cw_views *views;
static struct cw_pdq_work *pdq;
static struct cw_seen_list registered[N_DRAWINGS];
static struct cw_seen_list seen;

static void look(enum cw_purpose purpose, struct cw_seen_list *out)
{
    assert_int_equal(cw_views_look(views, pdq, &canvas.plane, purpose, out, NULL), 0);
}

static void draw(unsigned seed)
{
    t_blank(&canvas, 720, 480, 0);
    t_draw(&canvas, (struct cw_rect){0, 0, 720, 480}, seed);
}

static int open_views(void **state)
{
    (void)state;
    if (cw_views_new(&views, NULL) != 0 || cw_pdq_work_new(&pdq, NULL) != 0) {
        return -1;
    }
    for (unsigned i = 0; i < N_DRAWINGS; i++) {
        draw(i);
        look(CW_TO_REGISTER, &registered[i]);
    }
    return 0;
}

static int close_views(void **state)
{
    (void)state;
    cw_views_free(&views);
    cw_pdq_work_free(&pdq);
    return 0;
}

struct nearest {
    unsigned luma, ink;
};

static void keep_nearer(unsigned *best, const struct cw_pdq *asked,
                        const struct cw_pdq *stored)
{
    for (unsigned turn = 0; turn < CW_TURN_COUNT; turn++) {
        const unsigned d =
            cw_hash_distance(&asked->turns[turn], &stored->turns[CW_TURN_ORIG]);
        *best = d < *best ? d : *best;
    }
}

/* Smallest distances of any part and turn that was seen to any part of a drawing. */
static struct nearest nearest_of_seen(unsigned drawing)
{
    struct nearest best = {CW_HASH_BITS, CW_HASH_BITS};
    const struct cw_seen_list *stored = &registered[drawing];
    for (size_t i = 0; i < seen.n; i++) {
        for (size_t k = 0; k < stored->n; k++) {
            keep_nearer(&best.luma, &seen.items[i].luma, &stored->items[k].luma);
            keep_nearer(&best.ink, &seen.items[i].ink, &stored->items[k].ink);
        }
    }
    return best;
}

static struct nearest nearest_to(unsigned drawing)
{
    look(CW_TO_MATCH, &seen);
    return nearest_of_seen(drawing);
}

static void the_picture_itself_is_at_distance_0(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_DRAWINGS; i++) {
        draw(i);
        const struct nearest d = nearest_to(i);
        assert_int_equal(d.luma, 0);
        assert_int_equal(d.ink, 0);
        assert_int_equal(seen.items[0].part, CW_PART_WHOLE);
        assert_int_equal(seen.items[0].where.width, 720);
    }
}

static void other_pictures_are_far(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_DRAWINGS; i++) {
        draw(i);
        look(CW_TO_MATCH, &seen);
        for (unsigned k = 0; k < N_DRAWINGS; k++) {
            const struct nearest d = nearest_of_seen(k);
            assert_true(i == k || (d.luma > 80 && d.ink > 80));
        }
    }
}

static void a_negative_keeps_its_ink(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_DRAWINGS; i++) {
        draw(i);
        for (size_t k = 0; k < (size_t)720 * 480; k++) {
            canvas.px[k] = (uint8_t)(255 - canvas.px[k]);
        }
        assert_true(nearest_to(i).ink <= 2);
    }
}

static void gamma_keeps_the_ink(void **state)
{
    static const double GAMMAS[] = {0.5, 0.7, 1.4, 2};
    (void)state;
    for (unsigned i = 0; i < N_DRAWINGS; i++) {
        for (size_t g = 0; g < sizeof GAMMAS / sizeof GAMMAS[0]; g++) {
            draw(i);
            for (size_t k = 0; k < (size_t)720 * 480; k++) {
                canvas.px[k] =
                    (uint8_t)(255 * pow(canvas.px[k] / 255.0, GAMMAS[g]) + 0.5);
            }
            assert_true(nearest_to(i).ink <= 14);
        }
    }
}

static void margins_are_seen_through(void **state)
{
    static const struct cw_rect PLACES[] = {
        {60, 50, 600, 400}, {0, 90, 720, 300}, {100, 0, 500, 576}};
    (void)state;
    for (unsigned i = 0; i < N_DRAWINGS; i++) {
        for (size_t p = 0; p < sizeof PLACES / sizeof PLACES[0]; p++) {
            t_blank(&canvas, 720, 576, p == 0 ? 255 : 0);
            t_draw(&canvas, PLACES[p], i);
            const struct nearest d = nearest_to(i);
            assert_true(d.luma <= 12);
            assert_true(d.ink <= 28);
            assert_int_equal(seen.items[1].part, CW_PART_TRIMMED);
        }
    }
}

static void a_frame_on_a_sheet_is_found(void **state)
{
    const struct cw_rect frame = {90, 140, 420, 280};
    (void)state;
    for (unsigned i = 0; i < N_DRAWINGS; i++) {
        t_blank(&canvas, 700, 560, 248);
        t_fill(&canvas, (struct cw_rect){90, 40, 300, 14}, 40);
        t_fill(&canvas, (struct cw_rect){90, 470, 200, 10}, 40);
        t_fill(&canvas, (struct cw_rect){560, 200, 90, 60}, 120);
        t_draw(&canvas, frame, i);
        const struct nearest d = nearest_to(i);
        assert_true(d.luma <= 20 && d.ink <= 36);
    }
}

static void a_turned_picture_is_found(void **state)
{
    static uint8_t turned[720 * 480];
    (void)state;
    draw(2);
    memcpy(turned, canvas.px, sizeof turned);
    t_blank(&canvas, 480, 720, 0);
    for (unsigned y = 0; y < 720; y++) {
        for (unsigned x = 0; x < 480; x++) {
            canvas.px[y * 480 + x] = turned[(479 - x) * 720 + y];
        }
    }
    const struct nearest d = nearest_to(2);
    assert_true(d.luma <= 8);
    assert_true(d.ink <= 12);
}

static void looking_again_gives_the_same(void **state)
{
    static struct cw_seen_list again;
    (void)state;
    draw(1);
    look(CW_TO_MATCH, &seen);
    t_noise(&canvas, 768, 768);
    look(CW_TO_MATCH, &again);
    draw(1);
    look(CW_TO_MATCH, &again);
    assert_int_equal(seen.n, again.n);
    for (size_t i = 0; i < seen.n; i++) {
        assert_memory_equal(&seen.items[i].luma, &again.items[i].luma,
                            sizeof seen.items[i].luma);
        assert_memory_equal(&seen.items[i].ink, &again.items[i].ink,
                            sizeof seen.items[i].ink);
    }
}

static void registering_takes_no_rectangles(void **state)
{
    (void)state;
    t_blank(&canvas, 700, 560, 248);
    t_draw(&canvas, (struct cw_rect){90, 140, 420, 280}, 3);
    t_draw(&canvas, (struct cw_rect){550, 20, 120, 100}, 4);
    look(CW_TO_REGISTER, &seen);
    assert_int_equal(seen.n, 2);
    look(CW_TO_MATCH, &seen);
    assert_true(seen.n > 2);
}

static void blank_tiny_and_narrow_pictures_have_weak_hashes(void **state)
{
    static const unsigned SIDES[] = {1, 2, 4, 5, 8, 31, 47, 64, 100, 768};
    (void)state;
    for (size_t i = 0; i < sizeof SIDES / sizeof SIDES[0]; i++) {
        for (size_t j = 0; j < sizeof SIDES / sizeof SIDES[0]; j++) {
            t_blank(&canvas, SIDES[i], SIDES[j], 200);
            look(CW_TO_MATCH, &seen);
            assert_int_equal(seen.items[0].luma.quality, 0);
            assert_int_equal(seen.items[0].ink.quality, 0);
            t_noise(&canvas, SIDES[i], SIDES[j]);
            look(CW_TO_MATCH, &seen);
            assert_true(seen.n >= 1 && seen.n <= CW_VIEWS_MAX);
        }
    }
}

/* A line of one pixel is all there is. */
static void one_line_is_seen(void **state)
{
    (void)state;
    t_blank(&canvas, 768, 500, 255);
    t_line_frame(&canvas, (struct cw_rect){200, 100, 300, 300}, 1, 0);
    look(CW_TO_MATCH, &seen);
    bool found = false;
    for (size_t i = 1; i < seen.n; i++) {
        found = found || (abs((int)seen.items[i].where.x - 200) <= 3 &&
                          abs((int)seen.items[i].where.width - 300) <= 5);
    }
    assert_true(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_picture_itself_is_at_distance_0),
        cmocka_unit_test(other_pictures_are_far),
        cmocka_unit_test(a_negative_keeps_its_ink),
        cmocka_unit_test(gamma_keeps_the_ink),
        cmocka_unit_test(margins_are_seen_through),
        cmocka_unit_test(a_frame_on_a_sheet_is_found),
        cmocka_unit_test(a_turned_picture_is_found),
        cmocka_unit_test(looking_again_gives_the_same),
        cmocka_unit_test(registering_takes_no_rectangles),
        cmocka_unit_test(blank_tiny_and_narrow_pictures_have_weak_hashes),
        cmocka_unit_test(one_line_is_seen),
    };
    return cmocka_run_group_tests(tests, open_views, close_views);
}
