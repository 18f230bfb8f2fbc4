#include "cli/hash_pool.h"
#include "tests/support/t_cmocka.h"

#include <stdlib.h>
#include <string.h>

static void without_files_nothing_is_started(void **state)
{
    (void)state;
    const struct cw_paths none = {0};
    struct cw_hashed item;
    struct cw_hash_pool *pool = NULL;
    (void)setenv("CELWATCH_HASHER", "/nowhere/celwatch-hasher", 1);
    assert_int_equal(cw_hash_pool_open(&none, CW_LENIENT, &pool, NULL), 0);
    assert_false(cw_hash_pool_next(pool, &item));
    cw_hash_pool_close(&pool);
    assert_null(pool);
    cw_hash_pool_close(&pool);
}

static void a_missing_hasher_is_named(void **state)
{
    (void)state;
    char path[64];
    struct cw_err err = {0};
    (void)setenv("CELWATCH_HASHER", "/nowhere/celwatch-hasher", 1);
    assert_int_equal(cw_find_hasher(path, sizeof path, &err), CW_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "/nowhere/celwatch-hasher"));
}

static void the_environment_names_the_hasher(void **state)
{
    (void)state;
    char path[64];
    char tiny[4];
    (void)setenv("CELWATCH_HASHER", "/bin/true", 1);
    assert_int_equal(cw_find_hasher(path, sizeof path, NULL), 0);
    assert_string_equal(path, "/bin/true");
    assert_int_equal(cw_find_hasher(tiny, sizeof tiny, NULL), CW_E_TOO_LARGE);
}

static void problems_are_in_words(void **state)
{
    (void)state;
    const struct cw_err damaged = {.code = CW_E_CORRUPT, .text = "png: bad CRC"};
    const struct cw_err other = {.code = CW_E_IO, .text = "Permission denied"};
    assert_string_equal(cw_hash_problem(&damaged), "damaged picture");
    assert_string_equal(cw_hash_problem(&other), "Permission denied");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_files_nothing_is_started),
        cmocka_unit_test(a_missing_hasher_is_named),
        cmocka_unit_test(the_environment_names_the_hasher),
        cmocka_unit_test(problems_are_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
