/* What people type: hash, register, match, submit, incidents, show, decide, key; their
 * JSON lines and exit codes, as scripts rely on them. */
#include "tests/support/t_api.h"
#include "tests/support/t_cli.h"
#include "tests/support/t_pictures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { EXIT_DONE = 0, EXIT_SOME_FAILED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3 };

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A service, a folder art/ with two drawings, one of them in a subfolder, and files
 * beside it that are no member of the collection. */
struct studio {
    struct t_server *server;
    char dir[T_PATH_CAP];
    char art[T_PATH_CAP + 16];
    char first[T_PATH_CAP + 32];
    char copy[T_PATH_CAP + 32];     /* a smaller copy of the first */
    char stranger[T_PATH_CAP + 32]; /* like none of them */
    char broken[T_PATH_CAP + 32];   /* no picture, though its name says so */
};

/* The n-th line of an output as JSON. Owns: caller frees it with cw_json_free */
static struct cw_json *json_line(const struct cw_buf *out, unsigned n)
{
    const char *line = cw_buf_str(out);
    for (unsigned i = 0; i < n; i++) {
        line = strchr(line, '\n');
        assert_non_null(line);
        line++;
    }
    struct cw_json *v = NULL;
    struct cw_err err;
    if (cw_json_parse(cw_bytes_of(line, strcspn(line, "\n")), &v, &err) != 0) {
        fail_msg("line %u is no JSON (%s): %s", n, err.text, line);
    }
    return v;
}

static unsigned count_lines(const struct cw_buf *out)
{
    unsigned n = 0;
    for (const char *p = cw_buf_str(out); (p = strchr(p, '\n')) != NULL; p++) {
        n++;
    }
    return n;
}

static void hash_prints_the_text_form_of_pdq(void **state)
{
    const struct studio *w = *state;
    CW_AUTO(t_cli_done) struct t_cli_result r = t_cli(NULL, NULL, ARGS("hash", w->first));
    t_expect_exit(&r, EXIT_DONE);
    assert_int_equal(count_lines(&r.out), 1);
    const char *line = cw_buf_str(&r.out);
    assert_int_equal(strspn(line, "0123456789abcdef"), 64);
    assert_int_equal(line[64], ',');
    size_t quality_len = strspn(line + 65, "0123456789");
    assert_in_range(quality_len, 1, 3);
    assert_int_equal(line[65 + quality_len], ',');
    const char *name = line + 65 + quality_len + 1;
    assert_int_equal(strncmp(name, w->first, strlen(w->first)), 0);
}

static void hash_prints_the_whole_fingerprint_as_json(void **state)
{
    const struct studio *w = *state;
    CW_AUTO(t_cli_done)
    struct t_cli_result r = t_cli(NULL, NULL, ARGS("hash", "--json", w->first));
    t_expect_exit(&r, EXIT_DONE);
    CW_AUTO(cw_json_free) struct cw_json *line = json_line(&r.out, 0);
    t_expect_text(line, "/file", w->first);
    t_expect_u64(line, "/recipe", 2);
    t_expect_u64(line, "/width", 320);
    t_expect_text(line, "/views/0/kind", "pdq");
}

static void hash_says_which_file_it_cannot_read(void **state)
{
    const struct studio *w = *state;
    CW_AUTO(t_cli_done)
    struct t_cli_result r = t_cli(NULL, NULL, ARGS("hash", w->first, w->broken));
    t_expect_exit(&r, EXIT_SOME_FAILED);
    assert_int_equal(count_lines(&r.out), 1);
    assert_non_null(strstr(cw_buf_str(&r.err), w->broken));
}

static void registering_twice_changes_nothing(void **state)
{
    const struct studio *w = *state;
    static const char *const EXPECTED[] = {"registered", "unchanged"};
    for (unsigned round = 0; round < 2; round++) {
        CW_AUTO(t_cli_done)
        struct t_cli_result r = t_cli(
            w->server, w->server->admin_key,
            ARGS("register", "--collection", "film", "--root", w->art, "--json", w->art));
        t_expect_exit(&r, EXIT_DONE);
        assert_int_equal(count_lines(&r.out), 2);
        for (unsigned i = 0; i < 2; i++) {
            CW_AUTO(cw_json_free) struct cw_json *line = json_line(&r.out, i);
            t_expect_text(line, "/status", EXPECTED[round]);
            assert_non_null(t_json_at(line, "/file"));
            assert_int_equal(t_json_count(line, "/seen_before"), 0);
        }
    }
    CW_AUTO(t_reply_done)
    struct t_reply r =
        t_get(w->server, w->server->admin_key, "/v1/collections/film/assets/sub%2Fb.png");
    t_expect_status(&r, 200);
}

static void registering_names_what_it_cannot_read(void **state)
{
    const struct studio *w = *state;
    CW_AUTO(t_cli_done)
    struct t_cli_result r =
        t_cli(w->server, w->server->admin_key,
              ARGS("register", "--collection", "film-2", "--json", w->broken));
    t_expect_exit(&r, EXIT_SOME_FAILED);
    CW_AUTO(cw_json_free) struct cw_json *line = json_line(&r.out, 0);
    t_expect_text(line, "/status", "unreadable");
}

static void match_finds_a_copy_and_no_stranger(void **state)
{
    const struct studio *w = *state;
    CW_AUTO(t_cli_done)
    struct t_cli_result r = t_cli(w->server, w->server->admin_key,
                                  ARGS("match", "--json", w->copy, w->stranger));
    t_expect_exit(&r, EXIT_DONE);
    CW_AUTO(cw_json_free) struct cw_json *copy = json_line(&r.out, 0);
    CW_AUTO(cw_json_free) struct cw_json *stranger = json_line(&r.out, 1);
    t_expect_text(copy, "/file", w->copy);
    t_expect_text(copy, "/matches/0/asset", "a.png");
    t_expect_text(copy, "/matches/0/band", "strong");
    t_expect_text(stranger, "/file", w->stranger);
    assert_int_equal(t_json_count(stranger, "/matches"), 0);
}

static void a_find_is_submitted_shown_and_decided(void **state)
{
    const struct studio *w = *state;
    char key[T_KEY_CAP];
    char id[T_ID_CAP];
    t_server_add_key(w->server, "crawler", NULL, NULL, key);
    CW_AUTO(t_cli_done)
    struct t_cli_result submitted =
        t_cli(w->server, key,
              ARGS("submit", "--url", "http://pirates.example/1", "--json", w->copy));
    t_expect_exit(&submitted, EXIT_DONE);
    CW_AUTO(cw_json_free) struct cw_json *receipt = json_line(&submitted.out, 0);
    t_expect_text(receipt, "/disclosure", "receipt");

    CW_AUTO(t_cli_done)
    struct t_cli_result listed =
        t_cli(w->server, w->server->admin_key, ARGS("incidents", "--json"));
    t_expect_exit(&listed, EXIT_DONE);
    assert_int_equal(count_lines(&listed.out), 1);
    CW_AUTO(cw_json_free) struct cw_json *incident = json_line(&listed.out, 0);
    t_expect_text(incident, "/host", "pirates.example");
    t_json_copy_text(incident, "/id", id, sizeof id);

    CW_AUTO(t_cli_done)
    struct t_cli_result shown =
        t_cli(w->server, w->server->admin_key, ARGS("show", "--json", id));
    t_expect_exit(&shown, EXIT_DONE);
    CW_AUTO(cw_json_free) struct cw_json *details = json_line(&shown.out, 0);
    t_expect_text(details, "/matches/0/asset", "a.png");

    CW_AUTO(t_cli_done)
    struct t_cli_result decided =
        t_cli(w->server, w->server->admin_key,
              ARGS("decide", id, "confirmed", "--reason", "it is ours", "--json"));
    t_expect_exit(&decided, EXIT_DONE);
    CW_AUTO(cw_json_free) struct cw_json *after = json_line(&decided.out, 0);
    t_expect_text(after, "/state", "confirmed");
}

static void submitting_again_records_nothing_new(void **state)
{
    const struct studio *w = *state;
    char first[T_ID_CAP] = "";
    for (unsigned round = 0; round < 2; round++) {
        CW_AUTO(t_cli_done)
        struct t_cli_result r =
            t_cli(w->server, w->server->admin_key,
                  ARGS("submit", "--ip", "192.0.2.1", "--at", "2026-01-02T03:04:05Z",
                       "--json", w->stranger));
        t_expect_exit(&r, EXIT_DONE);
        CW_AUTO(cw_json_free) struct cw_json *line = json_line(&r.out, 0);
        if (round == 0) {
            t_json_copy_text(line, "/sighting", first, sizeof first);
        } else {
            t_expect_text(line, "/sighting", first);
        }
    }
}

static void key_create_prints_the_key_alone(void **state)
{
    const struct studio *w = *state;
    char key[T_KEY_CAP];
    CW_AUTO(t_cli_done)
    struct t_cli_result r = t_cli(w->server, w->server->admin_key,
                                  ARGS("key", "create", "--role", "auditor"));
    t_expect_exit(&r, EXIT_DONE);
    assert_int_equal(count_lines(&r.out), 1);
    size_t len = strcspn(cw_buf_str(&r.out), "\n");
    assert_int_equal(
        cw_copy_text(key, sizeof key, cw_bytes_of(r.out.p, len), "the key", NULL), 0);
    CW_AUTO(t_reply_done) struct t_reply events = t_get(w->server, key, "/v1/events");
    t_expect_status(&events, 200);
}

static void wrong_use_is_exit_2_with_one_line(void **state)
{
    const struct studio *w = *state;
    const char *const *const USES[] = {
        ARGS("hash"),
        ARGS("dance"),
        ARGS("hash", "--colour", "x"),
        ARGS("register", w->first),
        ARGS("submit", w->first),
        ARGS("key", "create", "--role", "king"),
        ARGS("decide", "INC-1", "burn"),
    };
    for (size_t i = 0; i < sizeof USES / sizeof *USES; i++) {
        CW_AUTO(t_cli_done)
        struct t_cli_result r = t_cli(w->server, w->server->admin_key, USES[i]);
        print_message("celwatch %s\n", USES[i][0]);
        t_expect_exit(&r, EXIT_USAGE);
        assert_int_equal(r.out.len, 0);
        assert_int_equal(count_lines(&r.err), 1);
    }
}

static void every_command_has_help(void **state)
{
    static const char *const COMMANDS[] = {"hash",   "key",       "register", "match",
                                           "submit", "incidents", "show",     "decide"};
    (void)state;
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++) {
        CW_AUTO(t_cli_done)
        struct t_cli_result r = t_cli(NULL, NULL, ARGS(COMMANDS[i], "--help"));
        t_expect_exit(&r, EXIT_DONE);
        assert_non_null(strstr(cw_buf_str(&r.out), COMMANDS[i]));
    }
}

static void an_unreachable_service_is_exit_3(void **state)
{
    const struct studio *w = *state;
    CW_AUTO(t_cli_done)
    struct t_cli_result r = t_cli(NULL, w->server->admin_key,
                                  ARGS("incidents", "--server", "http://127.0.0.1:1"));
    t_expect_exit(&r, EXIT_UNREACHABLE);
    assert_int_equal(count_lines(&r.err), 1);
}

static void a_refused_key_is_exit_1(void **state)
{
    const struct studio *w = *state;
    CW_AUTO(t_cli_done)
    struct t_cli_result r = t_cli(w->server, "cw_admin_wrong", ARGS("incidents"));
    t_expect_exit(&r, EXIT_SOME_FAILED);
}

static void write_drawing(const char *path, const struct t_picture *p)
{
    CW_AUTO(cw_buf_done) struct cw_buf png = CW_BUF_INIT(T_PICTURE_MAX_PNG);
    t_picture_png(p, &png);
    t_write_file(path, cw_buf_view(&png));
}

static void write_files(struct studio *w)
{
    char path[T_PATH_CAP + 32];
    t_make_folder(w->dir);
    (void)snprintf(w->art, sizeof w->art, "%s/art", w->dir);
    (void)snprintf(path, sizeof path, "%s/sub", w->art);
    assert_int_equal(mkdir(w->art, 0700), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/sub/b.png", w->art);
    (void)snprintf(w->first, sizeof w->first, "%s/a.png", w->art);
    (void)snprintf(w->copy, sizeof w->copy, "%s/copy.png", w->dir);
    (void)snprintf(w->stranger, sizeof w->stranger, "%s/stranger.png", w->dir);
    (void)snprintf(w->broken, sizeof w->broken, "%s/broken.png", w->dir);
    CW_AUTO(t_picture_done) struct t_picture a = t_picture_draw(1, 320, 240);
    CW_AUTO(t_picture_done) struct t_picture b = t_picture_draw(2, 320, 240);
    CW_AUTO(t_picture_done) struct t_picture copy = t_picture_resized(&a, 240, 180);
    CW_AUTO(t_picture_done) struct t_picture stranger = t_picture_draw(3, 320, 240);
    write_drawing(w->first, &a);
    write_drawing(path, &b);
    write_drawing(w->copy, &copy);
    write_drawing(w->stranger, &stranger);
    t_write_file(w->broken, cw_bytes_str("no picture"));
}

static int set_up(void **state)
{
    struct studio *w = calloc(1, sizeof *w);
    assert_non_null(w);
    *state = w;
    w->server = t_server_new(NULL);
    write_files(w);
    return 0;
}

static int tear_down(void **state)
{
    struct studio *w = *state;
    t_remove_tree(w->dir);
    t_server_free(w->server);
    free(w);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_prints_the_text_form_of_pdq),
        cmocka_unit_test(hash_prints_the_whole_fingerprint_as_json),
        cmocka_unit_test(hash_says_which_file_it_cannot_read),
        cmocka_unit_test(registering_twice_changes_nothing),
        cmocka_unit_test(registering_names_what_it_cannot_read),
        cmocka_unit_test(match_finds_a_copy_and_no_stranger),
        cmocka_unit_test(a_find_is_submitted_shown_and_decided),
        cmocka_unit_test(submitting_again_records_nothing_new),
        cmocka_unit_test(key_create_prints_the_key_alone),
        cmocka_unit_test(wrong_use_is_exit_2_with_one_line),
        cmocka_unit_test(every_command_has_help),
        cmocka_unit_test(an_unreachable_service_is_exit_3),
        cmocka_unit_test(a_refused_key_is_exit_1),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
