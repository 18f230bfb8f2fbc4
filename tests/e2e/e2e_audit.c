/* The log is tamper-evident: exports and the store itself are found whole, and neither
 * stays so when somebody changes it. */
#include "tests/support/t_api.h"
#include "tests/support/t_cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/signed_head.h"

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define TEXT_MAX ((size_t)64 << 20)
#define WAIT_S 60

/* ---- tools ------------------------------------------------------------------------ */

static void path_of(const struct t_server *s, const char *name, char out[T_PATH_CAP + 32])
{
    (void)snprintf(out, T_PATH_CAP + 32, "%s/%s", s->dir, name);
}

/* What GET /v1/events says after `after`, byte for byte, appended; pages of 3 lines. */
static void export_log(const struct t_server *s, const char *key, uint64_t after,
                       struct cw_buf *out)
{
    for (bool more = true; more;) {
        char path[T_JSON_CAP];
        t_format(path, "/v1/events?limit=3&after=%llu", (unsigned long long)after);
        CW_AUTO(t_reply_done) struct t_reply r = t_get(s, key, path);
        t_expect_status(&r, 200);
        cw_buf_add(out, r.body.p, r.body.len);
        more = r.n_lines > 0;
        if (more) {
            after = t_json_u64(r.lines[r.n_lines - 1], "/seq");
        }
    }
    assert_false(out->failed);
}

/* The word that follows `name` in a text; fails the test if there is none or it does not
 * fit. */
static void word_after(const char *text, const char *name, char *out, size_t cap)
{
    const char *at = strstr(text, name);
    assert_non_null(at);
    at += strlen(name);
    const size_t len = strcspn(at, " \n");
    assert_in_range(len, 1, cap - 1);
    memcpy(out, at, len);
    out[len] = '\0';
}

/* Makes another one of a hexadecimal digit. */
static void change_digit(char *digit)
{
    *digit = *digit == '0' ? '1' : '0';
}

/* Runs `celwatch audit verify` on a text; `option` with its value, or NULL.
 *
 * out_head  the head it printed; NULL = it is to fail and to say `says` */
static void expect_verify(const struct t_server *s, struct cw_bytes text,
                          const char *option, const char *value, char *out_head,
                          const char *says)
{
    char file[T_PATH_CAP + 32];
    path_of(s, "export", file);
    t_write_file(file, text);
    CW_AUTO(t_cli_done)
    struct t_cli_result r =
        option == NULL ? t_cli(NULL, NULL, ARGS("audit", "verify", file))
                       : t_cli(NULL, NULL, ARGS("audit", "verify", option, value, file));
    if (out_head == NULL) {
        t_expect_exit(&r, 1);
        if (strstr(cw_buf_str(&r.err), says) == NULL) {
            fail_msg("'%s' does not say '%s'", cw_buf_str(&r.err), says);
        }
        return;
    }
    t_expect_exit(&r, 0);
    word_after(cw_buf_str(&r.out), ", head ", out_head, CW_CHAIN_HEAD_CAP);
}

/* Runs `celwatchd audit COMMAND`; options and their values, NULL = none. Returns the exit
 * status.
 *
 * out  what it printed on both outputs */
static int audit(const struct t_server *s, const char *command, const char *const more[4],
                 struct cw_buf *out)
{
    char program[T_PATH_CAP], store[T_PATH_CAP + 32], errors[T_PATH_CAP + 32];
    t_program("celwatchd", program);
    path_of(s, "store", store);
    path_of(s, "audit", errors);
    t_write_file(errors, cw_bytes_str(""));
    const char *const argv[] = {program, "audit", command, "--data", store,
                                more[0], more[1], more[2], more[3],  NULL};
    struct t_process p =
        t_process_start(&(struct t_spawn){.argv = argv, .stderr_path = errors});
    t_process_read_all(&p, WAIT_S, out);
    const int status = t_process_wait(&p, WAIT_S);
    t_read_file(errors, out);
    t_expect_no_sanitizer_report(cw_buf_str(out));
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int verify_store(const struct t_server *s, const char *head, struct cw_buf *out)
{
    const char *const more[4] = {head == NULL ? NULL : "--head", head};
    return audit(s, "verify", more, out);
}

static void store_head(const struct t_server *s, const char *known,
                       char out[CW_CHAIN_HEAD_CAP])
{
    CW_AUTO(cw_buf_done) struct cw_buf said = CW_BUF_INIT(65536);
    if (verify_store(s, known, &said) != 0) {
        fail_msg("celwatchd audit verify: %s", cw_buf_str(&said));
    }
    word_after(cw_buf_str(&said), ", head ", out, CW_CHAIN_HEAD_CAP);
}

static void expect_store_bad(const struct t_server *s, const char *head, const char *says)
{
    CW_AUTO(cw_buf_done) struct cw_buf said = CW_BUF_INIT(65536);
    assert_int_equal(verify_store(s, head, &said), 1);
    if (strstr(cw_buf_str(&said), says) == NULL) {
        fail_msg("'%s' does not say '%s'", cw_buf_str(&said), says);
    }
}

/* ---- tests ------------------------------------------------------------------------ */

static void an_export_is_verified_without_the_service(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(TEXT_MAX);
    char key[T_KEY_CAP];
    char head[CW_CHAIN_HEAD_CAP];
    char incident[T_ID_CAP];
    t_server_add_key(s, "auditor", "between", NULL, key); /* numbers have a gap now */
    t_open_incident(s, s->admin_key, "kept", 800, incident);
    export_log(s, s->admin_key, 0, &text);
    expect_verify(s, cw_buf_view(&text), NULL, NULL, head, NULL);

    CW_AUTO(cw_buf_done) struct cw_buf later = CW_BUF_INIT(TEXT_MAX);
    char later_head[CW_CHAIN_HEAD_CAP];
    t_register(s, s->admin_key, "kept", "later", 801);
    export_log(s, s->admin_key, strtoull(head, NULL, 10), &later);
    expect_verify(s, cw_buf_view(&later), "--after", head, later_head, NULL);
    expect_verify(s, cw_buf_view(&later), NULL, NULL, NULL, "line 1, record");
    assert_string_not_equal(head, later_head);

    CW_AUTO(cw_buf_done) struct cw_buf theirs = CW_BUF_INIT(TEXT_MAX);
    export_log(s, key, 0, &theirs);
    assert_int_not_equal(theirs.len, 0);
    expect_verify(s, cw_buf_view(&theirs), NULL, NULL, head, NULL);
}

static void a_changed_export_is_not_whole(void **state)
{
    const struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(TEXT_MAX);
    char head[CW_CHAIN_HEAD_CAP];
    t_register(s, s->admin_key, "kept", "to-be-denied", 810);
    export_log(s, s->admin_key, 0, &text);
    expect_verify(s, cw_buf_view(&text), NULL, NULL, head, NULL);
    size_t cut = text.len - 1;
    while (text.p[cut - 1] != '\n') {
        cut--;
    }
    char short_head[CW_CHAIN_HEAD_CAP];
    const struct cw_bytes truncated = cw_bytes_of(text.p, cut);
    expect_verify(s, truncated, NULL, NULL, short_head, NULL); /* whole to itself */
    expect_verify(s, truncated, "--head", head, NULL, "ends with record");
    expect_verify(s, cw_buf_view(&text), "--head", short_head, head, NULL);
    expect_verify(s, cw_bytes_of(text.p, text.len - 1), NULL, NULL, NULL, "cut short");
    char *at = strstr((char *)text.p, "to-be-denied");
    assert_non_null(at);
    *at = 'T';
    expect_verify(s, cw_buf_view(&text), NULL, NULL, NULL, "changed, or does not follow");
}

static void wrong_use_of_audit_is_said(void **state)
{
    (void)state;
    CW_AUTO(t_cli_done) struct t_cli_result none = t_cli(NULL, NULL, ARGS("audit"));
    t_expect_exit(&none, 2);
    CW_AUTO(t_cli_done)
    struct t_cli_result head =
        t_cli(NULL, NULL, ARGS("audit", "verify", "--head", "12", "x"));
    t_expect_exit(&head, 2);
    CW_AUTO(t_cli_done)
    struct t_cli_result file =
        t_cli(NULL, NULL, ARGS("audit", "verify", "/nonexistent/x"));
    t_expect_exit(&file, 2);
    CW_AUTO(t_cli_done) struct t_cli_result help = t_cli(NULL, NULL, ARGS("audit", "-h"));
    t_expect_exit(&help, 0);
}

static void the_store_is_verified_beside_the_service(void **state)
{
    struct t_server *s = *state;
    char before[CW_CHAIN_HEAD_CAP], after[CW_CHAIN_HEAD_CAP], again[CW_CHAIN_HEAD_CAP];
    store_head(s, NULL, before);
    t_register(s, s->admin_key, "kept", "beside", 820);
    store_head(s, before, after);
    assert_string_not_equal(before, after);
    change_digit(&before[strlen(before) - 1]);
    expect_store_bad(s, before, "is not the one of the known head");
    t_server_kill(s);
    store_head(s, after, again);
    assert_string_equal(again, after);
    t_server_start(s);
    t_register(s, s->admin_key, "kept", "after-the-kill", 821);
    store_head(s, after, again);
}

static void a_changed_database_is_not_whole(void **state)
{
    (void)state;
    struct t_server *s = t_server_new(NULL);
    CW_AUTO(cw_buf_done) struct cw_buf said = CW_BUF_INIT(65536);
    CW_AUTO(cw_buf_done) struct cw_buf data = CW_BUF_INIT(TEXT_MAX * 4);
    static const char word[] = "what-they-deny";
    char file[T_PATH_CAP + 32];
    size_t n = 0;
    t_register(s, s->admin_key, "kept", "first", 830);
    t_register(s, s->admin_key, "kept", word, 831);
    t_register(s, s->admin_key, "kept", "last", 832);
    t_server_stop(s);
    path_of(s, "store/data.mdb", file);
    t_read_file(file, &data);
    assert_false(data.failed);
    for (size_t i = 0; i + sizeof word <= data.len; i++) {
        if (memcmp(data.p + i, word, sizeof word - 1) == 0) {
            data.p[i] = 'W';
            n++;
        }
    }
    assert_int_not_equal(n, 0);
    t_write_file(file, cw_buf_view(&data));
    expect_store_bad(s, NULL, "event 4: changed");
    assert_int_equal(t_server_command(s, "check", NULL, &said), 1);
    assert_non_null(strstr(cw_buf_str(&said), "event 4: changed"));
    t_server_free(s);
}

/* The last checkpoint that the service told, as `audit verify` takes it. */
static void last_checkpoint(const struct t_server *s, char out[CW_SIGNED_HEAD_CAP])
{
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(TEXT_MAX);
    char file[T_PATH_CAP + 32];
    char seq[21], head[65], sig[129];
    path_of(s, "stderr", file);
    t_read_file(file, &text);
    const char *line = ""; /* until there is one */
    for (const char *at = cw_buf_str(&text);
         (at = strstr(at, "event=audit_checkpoint")) != NULL; at++) {
        line = at;
    }
    word_after(line, " seq=", seq, sizeof seq);
    word_after(line, " head=", head, sizeof head);
    word_after(line, " sig=", sig, sizeof sig);
    (void)snprintf(out, CW_SIGNED_HEAD_CAP, "%s:%s:%s", seq, head, sig);
}

static void expect_audit(const struct t_server *s, const char *const more[4], int status,
                         const char *says)
{
    CW_AUTO(cw_buf_done) struct cw_buf said = CW_BUF_INIT(65536);
    const int got = audit(s, "verify", more, &said);
    if (got != status || strstr(cw_buf_str(&said), says) == NULL) {
        fail_msg("status %d, '%s' does not say '%s'", got, cw_buf_str(&said), says);
    }
}

static void a_checkpoint_is_told_at_the_end_and_can_be_verified(void **state)
{
    struct t_server *s = *state;
    CW_AUTO(cw_buf_done) struct cw_buf key = CW_BUF_INIT(4096);
    char checkpoint[CW_SIGNED_HEAD_CAP];
    char head[CW_CHAIN_HEAD_CAP];
    char other[65];
    t_register(s, s->admin_key, "kept", "signed", 840);
    t_server_stop(s);
    t_server_start(s);
    last_checkpoint(s, checkpoint);
    store_head(s, NULL, head);
    assert_memory_equal(checkpoint, head, strlen(head)); /* it was the newest event */
    t_register(s, s->admin_key, "kept", "signed-after", 841);
    assert_int_equal(audit(s, "key", (const char *const[4]){NULL}, &key), 0);
    assert_int_equal(key.len, 65);
    key.p[64] = '\0';
    memcpy(other, key.p, sizeof other);
    change_digit(&other[0]);
    expect_audit(s, (const char *const[4]){"--checkpoint", checkpoint}, 0, "verified");
    expect_audit(
        s,
        (const char *const[4]){"--checkpoint", checkpoint, "--key", (const char *)key.p},
        0, "verified");
    expect_audit(s, (const char *const[4]){"--checkpoint", checkpoint, "--key", other}, 1,
                 "not signed by that key");
    expect_audit(s, (const char *const[4]){"--checkpoint", checkpoint, "--key", "12"}, 2,
                 "--key is what");
    expect_audit(s, (const char *const[4]){"--checkpoint", checkpoint, "--head", head}, 2,
                 "either");
    expect_audit(s, (const char *const[4]){"--checkpoint", head}, 2, "a checkpoint is");
    change_digit(&checkpoint[strlen(head) - 1]);
    expect_audit(s, (const char *const[4]){"--checkpoint", checkpoint}, 1,
                 "not signed by this store");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_export_is_verified_without_the_service),
        cmocka_unit_test(a_changed_export_is_not_whole),
        cmocka_unit_test(wrong_use_of_audit_is_said),
        cmocka_unit_test(the_store_is_verified_beside_the_service),
        cmocka_unit_test(a_changed_database_is_not_whole),
        cmocka_unit_test(a_checkpoint_is_told_at_the_end_and_can_be_verified),
    };
    return cmocka_run_group_tests(tests, t_server_group_setup, t_server_group_teardown);
}
