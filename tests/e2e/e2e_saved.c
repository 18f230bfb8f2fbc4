/* A start has the derived index back, after a stop and after a kill; without it, or with
 * one that is damaged, it derives all again. Nothing is lost either way. */
#include "tests/support/t_api.h"
#include "tests/support/t_pictures.h"
#include "tests/support/t_sketch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WIDTH 640
#define HEIGHT 480

/* PUTs a drawing, or asks for three quarters of it. */
static struct t_reply send(const struct t_server *s, const char *method, const char *path,
                           uint64_t seed, bool part)
{
    CW_AUTO(cw_buf_done) struct cw_buf png = CW_BUF_INIT(T_PICTURE_MAX_PNG);
    CW_AUTO(t_picture_done)
    struct t_picture p = {.width = WIDTH,
                          .height = part ? HEIGHT * 3 / 4 : HEIGHT,
                          .luma = t_sketch_draw(WIDTH, HEIGHT, seed)};
    t_picture_png(&p, &png);
    return t_send_picture(s, s->admin_key, method, path, cw_buf_view(&png));
}

static void put(const struct t_server *s, unsigned no)
{
    char path[T_JSON_CAP];
    t_format(path, "/v1/collections/film/assets/%u", no);
    CW_AUTO(t_reply_done) struct t_reply r = send(s, "PUT", path, no, false);
    t_expect_status(&r, 201);
}

static void expect_part(const struct t_server *s, unsigned no)
{
    char id[16];
    (void)snprintf(id, sizeof id, "%u", no);
    CW_AUTO(t_reply_done) struct t_reply r = send(s, "POST", "/v1/match", no, true);
    t_expect_status(&r, 200);
    assert_int_equal(t_json_count(r.json, "/matches"), 1);
    t_expect_text(r.json, "/matches/0/asset", id);
}

/* Whether the last start said so. */
static bool said(const struct t_server *s, const char *what)
{
    char path[T_PATH_CAP + 16];
    char line[1024];
    bool found = false;
    (void)snprintf(path, sizeof path, "%s/stderr", s->dir);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        found = strstr(line, what) != NULL || (found && strstr(line, "_loaded") == NULL);
    }
    (void)fclose(f);
    return found;
}

static void derived_file(const struct t_server *s, char out[T_PATH_CAP + 32])
{
    (void)snprintf(out, T_PATH_CAP + 32, "%s/store/derived/data.mdb", s->dir);
}

static void a_stop_saves_and_a_start_restores(void **state)
{
    struct t_server *s = *state;
    put(s, 1);
    put(s, 2);
    t_server_stop(s);
    t_server_start(s);
    assert_true(said(s, "derived_assets=0 "));
    expect_part(s, 1);
    put(s, 3);
    expect_part(s, 3);
}

static void a_kill_loses_nothing(void **state)
{
    struct t_server *s = *state;
    t_server_kill(s);
    t_server_start(s);
    assert_true(said(s, "derived_assets=1 ")); /* the one since it was saved */
    expect_part(s, 2);
    expect_part(s, 3);
}

static void without_it_all_is_derived(void **state)
{
    struct t_server *s = *state;
    char path[T_PATH_CAP + 32];
    t_server_stop(s);
    derived_file(s, path);
    assert_int_equal(unlink(path), 0);
    t_server_start(s);
    assert_true(said(s, "derived_assets=3 "));
    expect_part(s, 1);
    t_server_stop(s);
    t_server_start(s);
    assert_true(said(s, "derived_assets=0 "));
}

/* Writes over a part of the file, or cuts it. */
static void damage(const struct t_server *s, off_t from, size_t n, off_t keep)
{
    char path[T_PATH_CAP + 32];
    uint8_t rubbish[4096];
    derived_file(s, path);
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    memset(rubbish, 0x5a, sizeof rubbish);
    for (size_t done = 0; done < n; done += sizeof rubbish) {
        assert_int_equal(pwrite(fd, rubbish, sizeof rubbish, from + (off_t)done),
                         sizeof rubbish);
    }
    if (keep > 0) {
        assert_int_equal(ftruncate(fd, keep), 0);
    }
    close(fd);
}

static void a_damaged_one_is_derived_again(void **state)
{
    struct t_server *s = *state;
    char path[T_PATH_CAP + 32];
    struct stat st;
    derived_file(s, path);
    for (unsigned round = 0; round < 3; round++) {
        t_server_stop(s);
        assert_int_equal(stat(path, &st), 0);
        if (round == 0) {
            damage(s, 0, 8192, 0); /* the pages that say where everything is */
        } else {
            damage(s, 0, 0, round == 1 ? st.st_size / 2 : 5000);
        }
        t_server_start(s);
        assert_true(said(s, "derived_assets=3 "));
        expect_part(s, 1);
        expect_part(s, 3);
    }
    t_server_stop(s);
    t_server_start(s);
    assert_true(said(s, "derived_assets=0 "));
}

/* Changes a bit of each header of the blob that names all others. */
static void change_header(const struct t_server *s)
{
    char path[T_PATH_CAP + 32];
    static const char mark[] = "registry";
    char block[4096];
    unsigned changed = 0;
    derived_file(s, path);
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    for (long at = 0; fread(block, sizeof block, 1, f) == 1; at += (long)sizeof block) {
        for (size_t i = 0; i + sizeof mark + 40 < sizeof block; i++) {
            if (memcmp(block + i, mark, sizeof mark - 1) == 0) {
                block[i + sizeof mark + 10] ^= 1;
                assert_int_equal(fseek(f, at, SEEK_SET), 0);
                assert_int_equal(fwrite(block, sizeof block, 1, f), 1);
                assert_int_equal(fseek(f, at + (long)sizeof block, SEEK_SET), 0);
                changed++;
            }
        }
    }
    (void)fclose(f);
    assert_true(changed > 0);
}

static void changed_bytes_are_noticed(void **state)
{
    struct t_server *s = *state;
    t_server_stop(s);
    change_header(s);
    t_server_start(s);
    assert_true(said(s, "derived_assets=3 "));
    expect_part(s, 2);
}

static void a_check_compares_it_with_the_truth(void **state)
{
    struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf out = CW_BUF_INIT(1 << 20);
    t_server_stop(s);
    assert_int_equal(t_server_command(s, "check", NULL, &out), 0);
    assert_non_null(strstr(cw_buf_str(&out), "saved index: "));
    assert_non_null(strstr(cw_buf_str(&out), " 0 problems"));
    change_header(s);
    assert_int_not_equal(t_server_command(s, "check", NULL, &out), 0);
    cw_buf_clear(&out);
    assert_int_equal(t_server_command(s, "check", "--repair", &out), 0);
    assert_non_null(strstr(cw_buf_str(&out), "repaired"));
    assert_int_equal(t_server_command(s, "check", NULL, &out), 0);
    t_server_start(s);
    assert_true(said(s, "derived_assets=3 "));
    expect_part(s, 1);
}

/* A start that lost the derived index answers at once, says that it is degraded, and what
 * was seen meanwhile is found in the end. */
static void a_degraded_start_loses_no_alarm(void **state)
{
    struct t_server *s = t_server_new("derive_at_once = 0\nsave_seconds = 0\n");
    char incident[T_ID_CAP];
    bool ready = false;
    (void)state;
    for (unsigned no = 1; no <= 25; no++) {
        put(s, no);
    }
    t_server_stop(s);
    t_server_start(s);
    assert_true(said(s, "derived_assets=0 "));
    CW_AUTO(t_reply_done)
    struct t_reply seen =
        send(s, "POST", "/v1/sightings?url=http%3A%2F%2Fx.example%2F25.png", 25, true);
    t_expect_status(&seen, 202);
    for (unsigned i = 0; i < 600 && !ready; i++) {
        CW_AUTO(t_reply_done) struct t_reply r = t_get(s, NULL, "/readyz");
        t_expect_status(&r, 200);
        t_expect_u64(r.json, "/assets", 25);
        ready = t_json_text_is(r.json, "/status", "ready");
        (void)usleep(100000);
    }
    assert_true(ready);
    expect_part(s, 1);
    expect_part(s, 25);
    assert_true(t_find_incident(s, s->admin_key, "film", incident));
    t_server_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stop_saves_and_a_start_restores),
        cmocka_unit_test(a_kill_loses_nothing),
        cmocka_unit_test(without_it_all_is_derived),
        cmocka_unit_test(a_damaged_one_is_derived_again),
        cmocka_unit_test(changed_bytes_are_noticed),
        cmocka_unit_test(a_check_compares_it_with_the_truth),
        cmocka_unit_test(a_degraded_start_loses_no_alarm),
    };
    return cmocka_run_group_tests(tests, t_server_group_setup, t_server_group_teardown);
}
