/* A search saved and restored: the same answers, saved again cheaply, refused when
 * damaged. */
#include "index/search_internal.h"
#include "index/search_save.h"
#include "tests/support/t_cmocka.h"
#include "tests/support/t_saved.h"
#include "tests/support/t_sketch.h"

#define STUDIOS 3
#define KINDS 2
#define NAME "hashes"

/* Everything is packed when it is settled. */
static struct cw_search *new_search(void)
{
    const struct cw_search_options o = {
        .max_rows = 1000000, .engine = "bands", .pack_rows = 1};
    struct cw_search *s = NULL;
    assert_int_equal(cw_search_open(&o, &s, NULL), 0);
    return s;
}

/* The hash of a number; every fifth is that of another. */
static struct cw_hash hash_of(uint64_t no)
{
    uint64_t seed = no % 5 == 0 ? no / 2 : no;
    struct cw_hash h;
    for (unsigned k = 0; k < CW_HASH_BYTES; k++) {
        h.b[k] = (uint8_t)t_sketch_random(&seed);
    }
    return h;
}

/* Rows of owners first..first+n-1, two each; some owners are beyond 32 bits. */
static void add(struct cw_search *s, uint64_t first, uint64_t n)
{
    for (uint64_t no = first; no < first + n; no++) {
        const struct cw_search_row rows[] = {{.hash = hash_of(no),
                                              .owner = no % 7 == 0 ? no << 33 : no,
                                              .studio = (uint32_t)(no % STUDIOS),
                                              .kind = (uint8_t)(no % KINDS)},
                                             {.hash = hash_of(no + 1000000),
                                              .owner = no % 7 == 0 ? no << 33 : no,
                                              .studio = (uint32_t)(no % STUDIOS),
                                              .kind = (uint8_t)(no % KINDS)}};
        assert_int_equal(cw_search_add(s, rows, 2, NULL), 0);
    }
}

static void settle(struct cw_search *s)
{
    assert_int_equal(cw_search_settle(s, NULL), 0);
}

static struct cw_hits find(struct cw_search *s, uint64_t no)
{
    struct cw_hits hits = {0};
    const struct cw_search_hash h = {
        .hash = hash_of(no), .kind = (uint8_t)(no % KINDS), .radius = 100};
    const struct cw_search_query q = {
        .studio = (uint32_t)(no % STUDIOS), .n_hashes = 1, .hashes = &h};
    assert_int_equal(cw_search_find(s, &q, 1000, &hits, NULL), 0);
    return hits;
}

static void assert_alike(struct cw_search *a, struct cw_search *b, uint64_t n)
{
    for (uint64_t no = 1; no <= n; no += 3) {
        CW_AUTO(cw_hits_done) struct cw_hits x = find(a, no);
        CW_AUTO(cw_hits_done) struct cw_hits y = find(b, no);
        assert_int_equal(x.n, y.n);
        for (size_t i = 0; i < x.n; i++) {
            assert_int_equal(x.items[i].owner, y.items[i].owner);
            assert_int_equal(x.items[i].distance, y.items[i].distance);
        }
    }
}

static struct cw_buf save(struct cw_search *s, struct cw_saved *saved)
{
    struct cw_buf list = CW_BUF_INIT((size_t)1 << 30);
    struct cw_search_frozen *f = NULL;
    assert_int_equal(cw_search_freeze(s, &f, NULL), 0);
    assert_int_equal(cw_search_save(f, saved, NAME, &list, NULL), 0);
    cw_search_frozen_free(f);
    return list;
}

static int restore(struct cw_search *s, struct cw_saved *saved, const struct cw_buf *list)
{
    return cw_search_restore(s, saved, NAME, cw_buf_view(list), NULL);
}

static void sweep(struct cw_saved *saved, const struct cw_buf *list)
{
    assert_int_equal(cw_search_sweep(saved, NAME, cw_buf_view(list), NULL), 0);
}

static void comes_back_as_it_was(void **state)
{
    static const uint64_t NUMBERS[] = {0, 1, 2, 400};
    (void)state;
    for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++) {
        struct cw_saved *saved = t_saved_in_memory();
        struct cw_search *a = new_search();
        struct cw_search *b = new_search();
        add(a, 1, NUMBERS[i]);
        cw_search_remove(a, 2); /* before and after it is packed */
        settle(a);
        cw_search_remove(a, 100);
        cw_search_remove(a, (uint64_t)14 << 33);
        add(a, 5000, NUMBERS[i] / 4); /* in no segment */
        cw_search_remove(a, 5003);
        struct cw_buf list = save(a, saved);
        sweep(saved, &list);
        assert_int_equal(restore(b, saved, &list), 0);
        assert_alike(a, b, NUMBERS[i]);
        cw_buf_done(&list);
        cw_search_close(a);
        cw_search_close(b);
        cw_saved_close(saved);
    }
}

static void goes_on_after_it(void **state)
{
    struct cw_saved *saved = t_saved_in_memory();
    struct cw_search *a = new_search();
    (void)state;
    add(a, 1, 300);
    settle(a);
    struct cw_buf list = save(a, saved);
    for (uint64_t round = 1; round <= 3; round++) {
        struct cw_search *b = new_search();
        assert_int_equal(restore(b, saved, &list), 0);
        const uint64_t mark = cw_search_mark(b);
        add(a, round * 1000, 200);
        add(b, round * 1000, 200);
        assert_int_equal(cw_search_mark(b), mark + 400);
        cw_search_remove(a, round * 1000 + 4);
        cw_search_remove(b, round * 1000 + 4);
        cw_search_remove(a, round);
        cw_search_remove(b, round);
        settle(a);
        settle(b);
        assert_alike(a, b, 300);
        assert_alike(a, b, round * 1000 + 10);
        cw_buf_done(&list);
        list = save(b, saved);
        sweep(saved, &list);
        cw_search_close(b);
    }
    cw_buf_done(&list);
    cw_search_close(a);
    cw_saved_close(saved);
}

/* Nothing but a list names segments: those of an older one are there until it is swept.
 */
static void a_save_that_is_cut_off_changes_nothing(void **state)
{
    struct cw_saved *saved = t_saved_in_memory();
    struct cw_search *a = new_search();
    struct cw_search *b = new_search();
    struct cw_search *c = new_search();
    (void)state;
    add(a, 1, 300);
    settle(a);
    struct cw_buf old = save(a, saved);
    add(a, 1000, 300);
    settle(a);
    struct cw_buf list = save(a, saved);
    assert_int_equal(restore(b, saved, &old), 0);
    CW_AUTO(cw_hits_done) struct cw_hits there = find(b, 299);
    CW_AUTO(cw_hits_done) struct cw_hits not_yet = find(b, 1298);
    assert_int_equal(there.items[0].distance, 0);
    assert_true(not_yet.n == 0 || not_yet.items[0].distance > 0);
    sweep(saved, &list);
    assert_int_equal(restore(c, saved, &old), CW_E_CORRUPT);
    assert_int_equal(restore(c, saved, &list), 0);
    assert_alike(a, c, 1300);
    cw_buf_done(&old);
    cw_buf_done(&list);
    cw_search_close(a);
    cw_search_close(b);
    cw_search_close(c);
    cw_saved_close(saved);
}

static void more_than_it_may_hold_is_refused(void **state)
{
    const struct cw_search_options small = {.max_rows = 100};
    struct cw_saved *saved = t_saved_in_memory();
    struct cw_search *a = new_search();
    struct cw_search *b = NULL;
    (void)state;
    assert_int_equal(cw_search_open(&small, &b, NULL), 0);
    add(a, 1, 60);
    settle(a);
    struct cw_buf list = save(a, saved);
    assert_int_equal(restore(b, saved, &list), CW_E_BUSY);
    cw_buf_done(&list);
    cw_search_close(a);
    cw_search_close(b);
    cw_saved_close(saved);
}

/* An error, or a search that can be asked and settled; never more. */
static void try_restore(struct cw_saved *saved, struct cw_bytes list, bool must_fail)
{
    struct cw_search *b = new_search();
    const int rc = cw_search_restore(b, saved, NAME, list, NULL);
    assert_true(rc == 0 || rc == CW_E_CORRUPT || rc == CW_E_BUSY || rc == CW_E_NO_MEMORY);
    assert_true(!must_fail || rc != 0);
    for (uint64_t no = 1; no < 60 && rc == 0; no += 20) {
        CW_AUTO(cw_hits_done) struct cw_hits hits = find(b, no);
    }
    if (rc == 0) {
        settle(b);
    }
    cw_search_close(b);
}

static void damaged_lists_are_refused(void **state)
{
    struct cw_saved *saved = t_saved_in_memory();
    struct cw_search *a = new_search();
    uint64_t seed = 5;
    (void)state;
    add(a, 1, 100);
    settle(a);
    add(a, 500, 10);
    struct cw_buf list = save(a, saved);
    for (unsigned i = 0; i < 80; i++) {
        const bool cut = i < 40;
        const size_t at = t_sketch_below(&seed, (unsigned)list.len);
        const uint8_t before = list.p[at];
        list.p[at] ^= cut ? 0 : (uint8_t)(1 + t_sketch_below(&seed, 255));
        try_restore(saved, cw_bytes_of(list.p, cut ? at : list.len), cut);
        list.p[at] = before;
    }
    cw_buf_done(&list);
    cw_search_close(a);
    cw_saved_close(saved);
}

/* Segments whose bytes were changed by somebody who could make the digests again. */
static void damaged_segments_lead_nowhere(void **state)
{
    struct cw_saved *saved = t_saved_in_memory();
    struct cw_search *a = new_search();
    struct cw_saved_reader *r = NULL;
    char name[CW_SAVED_NAME_MAX + 1];
    uint64_t seed = 6;
    (void)state;
    add(a, 1, 100);
    settle(a);
    struct cw_buf list = save(a, saved);
    cw_saved_part_name(NAME, 1, name);
    assert_int_equal(cw_saved_get(saved, name, &r, NULL), 0);
    const size_t len = (size_t)cw_saved_left(r);
    uint8_t *segment = malloc(len);
    assert_non_null(segment);
    assert_int_equal(cw_saved_read(r, segment, len, NULL), 0);
    cw_saved_end(&r);
    for (unsigned i = 0; i < 300; i++) {
        const size_t within = i < 200 ? 1500 : len; /* most of it is the header */
        const size_t at = t_sketch_below(&seed, (unsigned)(within < len ? within : len));
        const uint8_t before = segment[at];
        segment[at] ^= (uint8_t)(1 + t_sketch_below(&seed, 255));
        const struct cw_bytes view =
            cw_bytes_of(segment, i % 10 == 0 ? at : len); /* and some too short */
        assert_int_equal(cw_saved_put(saved, name, &view, 1, NULL), 0);
        try_restore(saved, cw_buf_view(&list), i % 10 == 0);
        segment[at] = before;
    }
    free(segment);
    cw_buf_done(&list);
    cw_search_close(a);
    cw_saved_close(saved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(goes_on_after_it),
        cmocka_unit_test(a_save_that_is_cut_off_changes_nothing),
        cmocka_unit_test(more_than_it_may_hold_is_refused),
        cmocka_unit_test(damaged_lists_are_refused),
        cmocka_unit_test(damaged_segments_lead_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
