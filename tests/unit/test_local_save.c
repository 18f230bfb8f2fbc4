/* A local index saved and restored: the same answers, saved again cheaply, refused when
 * damaged. */
#include "index/local_save.h"
#include "index/local_snapshot.h"
#include "tests/support/t_cmocka.h"
#include "tests/support/t_saved.h"
#include "tests/support/t_sketch.h"

#define STUDIO 3
#define POINTS 200

static struct cw_local_index *new_index(void)
{
    const struct cw_local_options o = {.max_descriptors = 1000000};
    struct cw_local_index *ix = NULL;
    assert_int_equal(cw_local_open(&o, &ix, NULL), 0);
    return ix;
}

/* Descriptors of picture `asset`, the same each time. */
static void picture_of(uint64_t asset, struct cw_local out[POINTS])
{
    uint64_t seed = asset * 77 + 1;
    for (unsigned i = 0; i < POINTS; i++) {
        for (unsigned k = 0; k < CW_HASH_BYTES; k++) {
            out[i].bits.b[k] = (uint8_t)t_sketch_random(&seed);
        }
        out[i].x = (uint16_t)t_sketch_random(&seed);
        out[i].y = (uint16_t)t_sketch_random(&seed);
        out[i].scale = 2048;
        out[i].angle = (uint16_t)t_sketch_random(&seed);
    }
}

static void add(struct cw_local_index *ix, uint64_t first, uint64_t n)
{
    struct cw_local local[POINTS];
    for (uint64_t asset = first; asset < first + n; asset++) {
        picture_of(asset, local);
        const struct cw_local_picture p = {.asset = asset,
                                           .page = (uint32_t)asset % 5,
                                           .studio = STUDIO,
                                           .frame = {640, 360},
                                           .n = POINTS,
                                           .local = local};
        assert_int_equal(cw_local_add(ix, &p, NULL), 0);
    }
}

/* What a query for a picture finds. */
static void find(struct cw_local_index *ix, uint64_t asset, struct cw_local_found *out)
{
    struct cw_local local[POINTS];
    picture_of(asset, local);
    const struct cw_local_query q = {.studio = STUDIO, .n = POINTS, .local = local};
    assert_int_equal(cw_local_find(ix, &q, out, NULL), 0);
}

static void assert_alike(struct cw_local_index *a, struct cw_local_index *b, uint64_t n)
{
    struct cw_local_stats x;
    struct cw_local_stats y;
    cw_local_get_stats(a, &x);
    cw_local_get_stats(b, &y);
    assert_int_equal(x.descriptors, y.descriptors);
    assert_int_equal(x.pictures, y.pictures);
    assert_int_equal(x.removed, y.removed);
    for (uint64_t asset = 1; asset <= n; asset += 7) {
        struct cw_local_found fa;
        struct cw_local_found fb;
        find(a, asset, &fa);
        find(b, asset, &fb);
        assert_int_equal(fa.n, fb.n);
        for (size_t i = 0; i < fa.n; i++) {
            assert_int_equal(fa.items[i].asset, fb.items[i].asset);
            assert_int_equal(fa.items[i].page, fb.items[i].page);
            assert_int_equal(fa.items[i].frame.width, fb.items[i].frame.width);
            assert_int_equal(fa.items[i].n_matches, fb.items[i].n_matches);
            assert_memory_equal(fa.items[i].matches, fb.items[i].matches,
                                fa.items[i].n_matches * sizeof *fa.items[i].matches);
        }
        cw_local_found_done(&fa);
        cw_local_found_done(&fb);
    }
}

static bool finds(struct cw_local_index *ix, uint64_t asset)
{
    struct cw_local_found f;
    find(ix, asset, &f);
    const bool found = f.n > 0 && f.items[0].asset == asset;
    cw_local_found_done(&f);
    return found;
}

/* Saves an index; the list is to be ended. */
static struct cw_buf save(struct cw_local_index *ix, struct cw_saved *s)
{
    struct cw_buf list = CW_BUF_INIT((size_t)1 << 30);
    struct cw_local_frozen *f = NULL;
    assert_int_equal(cw_local_freeze(ix, &f, NULL), 0);
    assert_int_equal(cw_local_save(f, s, "local", &list, NULL), 0);
    cw_local_frozen_free(f);
    return list;
}

static int restore(struct cw_local_index *ix, struct cw_saved *s,
                   const struct cw_buf *list)
{
    return cw_local_restore(ix, s, "local", cw_buf_view(list), NULL);
}

static void sweep(struct cw_saved *s, const struct cw_buf *list)
{
    assert_int_equal(cw_local_sweep(s, "local", cw_buf_view(list), NULL), 0);
}

/* ---- tests ------------------------------------------------------------------------ */

static void comes_back_as_it_was(void **state)
{
    (void)state;
    static const uint64_t NUMBERS[] = {0, 1, 200, 700}; /* the last: packs as well */
    for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++) {
        struct cw_saved *s = t_saved_in_memory();
        struct cw_local_index *a = new_index();
        struct cw_local_index *b = new_index();
        add(a, 1, NUMBERS[i]);
        cw_local_remove(a, 5);
        struct cw_buf list = save(a, s);
        sweep(s, &list);
        assert_int_equal(restore(b, s, &list), 0);
        cw_buf_done(&list);
        assert_alike(a, b, NUMBERS[i]);
        assert_false(NUMBERS[i] > 5 && finds(b, 5));
        cw_local_close(a);
        cw_local_close(b);
        cw_saved_close(s);
    }
}

/* What was restored goes on like any other index, and is saved again. */
static void goes_on_after_it(void **state)
{
    (void)state;
    struct cw_saved *s = t_saved_in_memory();
    struct cw_local_index *a = new_index();
    add(a, 1, 400);
    struct cw_buf list = save(a, s);
    for (uint64_t round = 1; round <= 3; round++) {
        struct cw_local_index *b = new_index();
        assert_int_equal(restore(b, s, &list), 0);
        add(a, round * 1000, 400);
        add(b, round * 1000, 400);
        cw_local_remove(a, round * 1000 + 3);
        cw_local_remove(b, round * 1000 + 3);
        assert_int_equal(cw_local_settle(a, NULL), 0);
        assert_int_equal(cw_local_settle(b, NULL), 0);
        assert_alike(a, b, 400);
        assert_true(finds(b, round * 1000 + 100));
        assert_false(finds(b, round * 1000 + 3));
        cw_buf_done(&list);
        list = save(b, s);
        sweep(s, &list);
        cw_local_close(b);
    }
    cw_buf_done(&list);
    cw_local_close(a);
    cw_saved_close(s);
}

/* An older list names packs that a later saving must not replace until it is swept. */
static void a_save_that_is_cut_off_changes_nothing(void **state)
{
    (void)state;
    struct cw_saved *s = t_saved_in_memory();
    struct cw_local_index *a = new_index();
    struct cw_local_index *b = new_index();
    add(a, 1, 700);
    struct cw_buf old = save(a, s);
    add(a, 1000, 700);
    assert_int_equal(cw_local_settle(a, NULL), 0);
    struct cw_buf list = save(a, s);
    assert_int_equal(restore(b, s, &old), 0);
    assert_true(finds(b, 699));
    assert_false(finds(b, 1500));
    cw_local_close(b);
    b = new_index();
    sweep(s, &list); /* merging has replaced the packs of the older one */
    assert_int_equal(restore(b, s, &old), CW_E_CORRUPT);
    assert_int_equal(restore(b, s, &list), 0);
    assert_true(finds(b, 1500));
    cw_buf_done(&old);
    cw_buf_done(&list);
    cw_local_close(a);
    cw_local_close(b);
    cw_saved_close(s);
}

/* Every length that is too short, and bytes changed here and there: an error or an index
 * that can be asked, and an empty one to go on with. */
static void damaged_lists_are_refused(void **state)
{
    (void)state;
    struct cw_saved *s = t_saved_in_memory();
    struct cw_local_index *a = new_index();
    uint64_t seed = 5;
    add(a, 1, 400);
    struct cw_buf list = save(a, s);
    for (unsigned i = 0; i < 60; i++) {
        struct cw_local_index *b = new_index();
        const bool cut = i < 30;
        const size_t at = t_sketch_below(&seed, (unsigned)list.len);
        const uint8_t before = list.p[at];
        list.p[at] ^= cut ? 0 : (uint8_t)(1 + t_sketch_below(&seed, 255));
        const int rc = cw_local_restore(b, s, "local",
                                        cw_bytes_of(list.p, cut ? at : list.len), NULL);
        list.p[at] = before;
        assert_true(rc == 0 || rc == CW_E_CORRUPT);
        assert_true(!cut || rc == CW_E_CORRUPT);
        if (rc != 0) {
            add(b, 1, 3);
            assert_true(finds(b, 2));
        }
        cw_local_close(b);
    }
    cw_buf_done(&list);
    cw_local_close(a);
    cw_saved_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(goes_on_after_it),
        cmocka_unit_test(a_save_that_is_cut_off_changes_nothing),
        cmocka_unit_test(damaged_lists_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
