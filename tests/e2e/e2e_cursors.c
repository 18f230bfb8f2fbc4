/* A list read page by page misses nothing and repeats nothing while others add to it. */
#include "tests/support/t_api.h"

#include <stdio.h>
#include <string.h>

#define N_ITEMS 35
#define PAGE 10

/* Follows a list to its end. `between` is called after every page; `take` with each item.
 */
struct walk {
    const struct t_server *server;
    const char *path;
    void (*between)(const struct t_server *s, unsigned page);
    void (*take)(const struct cw_json *item, unsigned seen[N_ITEMS]);
    unsigned seen[N_ITEMS];
};

static void expect_link(const struct t_reply *r, const char *cursor)
{
    char link[1024];
    char wanted[512];
    assert_true(t_reply_header(r, "Link", link, sizeof link));
    (void)snprintf(wanted, sizeof wanted, "cursor=%s", cursor);
    assert_non_null(strstr(link, wanted));
    assert_non_null(strstr(link, "rel=\"next\""));
}

static void walk_list(struct walk *w)
{
    char path[T_JSON_CAP];
    char cursor[400];
    t_format(path, "%s?limit=%d", w->path, PAGE);
    for (unsigned page = 0;; page++) {
        assert_true(page < 100);
        CW_AUTO(t_reply_done)
        struct t_reply r = t_get(w->server, w->server->admin_key, path);
        t_expect_status(&r, 200);
        const struct cw_json *items = t_json_at(r.json, "/items");
        assert_true(cw_json_count(items) <= PAGE);
        for (size_t i = 0; i < cw_json_count(items); i++) {
            w->take(cw_json_at(items, i), w->seen);
        }
        if (cw_json_is_null(t_json_at(r.json, "/next"))) {
            assert_false(t_reply_header(&r, "Link", cursor, sizeof cursor));
            return;
        }
        t_json_copy_text(r.json, "/next", cursor, sizeof cursor);
        expect_link(&r, cursor);
        t_format(path, "%s?limit=%d&cursor=%s", w->path, PAGE, cursor);
        w->between(w->server, page);
    }
}

static void expect_each_once(const struct walk *w)
{
    for (unsigned i = 0; i < N_ITEMS; i++) {
        assert_int_equal(w->seen[i], 1);
    }
}

/* Items are called PREFIXnn; others are not counted. */
static void count_name(const char *name, const char *prefix, unsigned seen[N_ITEMS])
{
    size_t len = strlen(prefix);
    if (strncmp(name, prefix, len) == 0) {
        unsigned n = (unsigned)(name[len] - '0') * 10 + (unsigned)(name[len + 1] - '0');
        assert_true(n < N_ITEMS);
        seen[n]++;
    }
}

static void take_asset(const struct cw_json *item, unsigned seen[N_ITEMS])
{
    char id[T_ID_CAP];
    t_json_copy_text(item, "/id", id, sizeof id);
    count_name(id, "m-", seen);
}

static void add_assets_around(const struct t_server *s, unsigned page)
{
    char id[T_JSON_CAP];
    t_format(id, "a-%u", page);
    t_register(s, s->admin_key, "pages", id, 70000 + page);
    t_format(id, "z-%u", page);
    t_register(s, s->admin_key, "pages", id, 71000 + page);
}

static void assets(void **state)
{
    struct walk w = {.server = *state,
                     .path = "/v1/collections/pages/assets",
                     .between = add_assets_around,
                     .take = take_asset};
    for (unsigned i = 0; i < N_ITEMS; i++) {
        char id[T_JSON_CAP];
        t_format(id, "m-%02u", i);
        t_register(w.server, w.server->admin_key, "pages", id, 72000 + i);
    }
    walk_list(&w);
    expect_each_once(&w);
}

static void take_collection(const struct cw_json *item, unsigned seen[N_ITEMS])
{
    char name[T_ID_CAP];
    t_json_copy_text(item, "/name", name, sizeof name);
    count_name(name, "season-", seen);
}

static void add_collection(const struct t_server *s, const char *name)
{
    char body[T_JSON_CAP];
    t_format(body, "{\"name\":\"%s\",\"title\":\"T\"}", name);
    CW_AUTO(t_reply_done)
    struct t_reply r = t_post_json(s, s->admin_key, "/v1/collections", body);
    t_expect_status(&r, 201);
}

static void add_collections_around(const struct t_server *s, unsigned page)
{
    char name[T_JSON_CAP];
    t_format(name, "aaa-%u", page);
    add_collection(s, name);
    t_format(name, "zzz-%u", page);
    add_collection(s, name);
}

static void collections(void **state)
{
    struct walk w = {.server = *state,
                     .path = "/v1/collections",
                     .between = add_collections_around,
                     .take = take_collection};
    for (unsigned i = 0; i < N_ITEMS; i++) {
        char name[T_JSON_CAP];
        t_format(name, "season-%02u", i);
        add_collection(w.server, name);
    }
    walk_list(&w);
    expect_each_once(&w);
}

static void take_incident(const struct cw_json *item, unsigned seen[N_ITEMS])
{
    char host[T_ID_CAP];
    t_json_copy_text(item, "/host", host, sizeof host);
    count_name(host, "host-", seen);
}

static void add_incident(const struct t_server *s, unsigned page)
{
    char host[T_JSON_CAP];
    t_format(host, "later-%u.example", page);
    t_submit(s, s->admin_key, host, 73000, 0, NULL);
}

static void incidents(void **state)
{
    struct walk w = {.server = *state,
                     .path = "/v1/incidents",
                     .between = add_incident,
                     .take = take_incident};
    t_register(w.server, w.server->admin_key, "many-hosts", "frame", 73000);
    for (unsigned i = 0; i < N_ITEMS; i++) {
        char host[T_JSON_CAP];
        t_format(host, "host-%02u.example", i);
        t_submit(w.server, w.server->admin_key, host, 73000, 0, NULL);
    }
    walk_list(&w);
    expect_each_once(&w);
}

static void a_cursor_of_another_list_is_refused_or_harmless(void **state)
{
    const struct t_server *s = *state;
    static const char *const PATHS[] = {"/v1/incidents?cursor=00",
                                        "/v1/incidents?cursor=ffffffffffffffffffffffff",
                                        "/v1/collections?cursor=00"};
    for (size_t i = 0; i < sizeof PATHS / sizeof *PATHS; i++) {
        CW_AUTO(t_reply_done) struct t_reply r = t_get(s, s->admin_key, PATHS[i]);
        if (r.status != 200) {
            t_expect_problem(&r, 400, "bad_query");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assets),
        cmocka_unit_test(collections),
        cmocka_unit_test(incidents),
        cmocka_unit_test(a_cursor_of_another_list_is_refused_or_harmless),
    };
    return cmocka_run_group_tests(tests, t_server_group_setup, t_server_group_teardown);
}
