/* Who may do what: every route with every role, and what belongs to another studio. */
#include "tests/support/t_api.h"

#include <string.h>

enum role { STUDIO, CRAWLER, REVIEWER, AUDITOR, ADMIN, N_ROLES };
#define MAY(role) (1U << (role))

static const char *const ROLE_NAMES[N_ROLES] = {"studio", "crawler", "reviewer",
                                                "auditor", "admin"};

/* Keys of two studios and what the first of them owns. */
struct world {
    struct t_server *server;
    char own[N_ROLES][T_KEY_CAP];
    char foreign[N_ROLES][T_KEY_CAP];
    char incident[T_ID_CAP];
    char sighting[T_ID_CAP];
};

#define READERS (MAY(STUDIO) | MAY(REVIEWER) | MAY(ADMIN))
#define WRITERS (MAY(STUDIO) | MAY(ADMIN))
#define REVIEWERS (MAY(REVIEWER) | MAY(ADMIN))
#define CRAWLERS (MAY(CRAWLER) | MAY(ADMIN))

/* INC and SIGHTING in a path stand for the ids of the world. The bodies are good JSON
 * that no route accepts as it is, so that nothing changes while roles are tried. */
struct route {
    const char *method, *path;
    unsigned roles;
    const char
        *absent; /* the same path to something that does not exist; NULL: no such */
};

static const struct route ROUTES[] = {
    {"POST", "/v1/keys", MAY(ADMIN), NULL},
    {"GET", "/v1/keys", MAY(ADMIN), NULL},
    {"DELETE", "/v1/keys/0000000000000000", MAY(ADMIN), NULL},
    {"POST", "/v1/collections", WRITERS, NULL},
    {"GET", "/v1/collections", READERS, NULL},
    {"GET", "/v1/collections/mine", READERS, "/v1/collections/none"},
    {"PUT", "/v1/collections/mine/assets/x", WRITERS, NULL},
    {"POST", "/v1/collections/mine/assets", WRITERS, NULL},
    {"GET", "/v1/collections/mine/assets", READERS, "/v1/collections/none/assets"},
    {"GET", "/v1/collections/mine/assets/the-asset", READERS,
     "/v1/collections/none/assets/the-asset"},
    {"DELETE", "/v1/collections/mine/assets/absent", WRITERS, NULL},
    {"POST", "/v1/sightings", CRAWLERS, NULL},
    {"GET", "/v1/sightings/SIGHTING", CRAWLERS | MAY(REVIEWER),
     "/v1/sightings/00000000000000000000000000000000"},
    {"POST", "/v1/match", READERS | MAY(CRAWLER), NULL},
    {"GET", "/v1/incidents", READERS, NULL},
    {"GET", "/v1/incidents/INC", READERS, "/v1/incidents/INC-9999"},
    {"GET", "/v1/incidents/INC/matches", READERS, "/v1/incidents/INC-9999/matches"},
    {"POST", "/v1/incidents/INC/decisions", REVIEWERS, NULL},
    {"POST", "/v1/incidents/INC/comments", REVIEWERS, NULL},
    {"GET", "/v1/events", READERS | MAY(AUDITOR), NULL},
};
#define N_ROUTES (sizeof ROUTES / sizeof *ROUTES)

static void fill_path(const struct world *w, const char *pattern, char out[T_JSON_CAP])
{
    const char *inc = strstr(pattern, "/INC");
    const char *sighting = strstr(pattern, "/SIGHTING");
    if (inc != NULL && (inc[4] == '\0' || inc[4] == '/')) {
        t_format(out, "%.*s/%s%s", (int)(inc - pattern), pattern, w->incident, inc + 4);
    } else if (sighting != NULL) {
        t_format(out, "%.*s/%s", (int)(sighting - pattern), pattern, w->sighting);
    } else {
        t_format(out, "%s", pattern);
    }
}

static struct t_reply ask(const struct world *w, const struct route *route,
                          const char *key, const char *pattern)
{
    char path[T_JSON_CAP];
    bool has_body =
        strcmp(route->method, "PUT") == 0 || strcmp(route->method, "POST") == 0;
    fill_path(w, pattern, path);
    return t_http(w->server, &(struct t_request){
                                 .method = route->method,
                                 .path = path,
                                 .key = key,
                                 .content_type = has_body ? "application/json" : NULL,
                                 .body = cw_bytes_str(has_body ? "{\"unknown\":1}" : ""),
                             });
}

static void a_role_may_what_the_table_says(void **state)
{
    const struct world *w = *state;
    for (size_t i = 0; i < N_ROUTES; i++) {
        for (unsigned role = 0; role < N_ROLES; role++) {
            CW_AUTO(t_reply_done)
            struct t_reply r = ask(w, &ROUTES[i], w->own[role], ROUTES[i].path);
            bool refused =
                r.status == 403 && t_json_text_is(r.json, "/code", "role_forbidden");
            if (r.status == 401 || refused != ((ROUTES[i].roles & MAY(role)) == 0)) {
                fail_msg("%s %s as %s: status %d", ROUTES[i].method, ROUTES[i].path,
                         ROLE_NAMES[role], r.status);
            }
        }
    }
}

static void nobody_may_anything_without_a_key(void **state)
{
    const struct world *w = *state;
    for (size_t i = 0; i < N_ROUTES; i++) {
        CW_AUTO(t_reply_done) struct t_reply r = ask(w, &ROUTES[i], NULL, ROUTES[i].path);
        char scheme[64];
        t_expect_problem(&r, 401, "no_key");
        assert_true(t_reply_header(&r, "WWW-Authenticate", scheme, sizeof scheme));
        assert_memory_equal(scheme, "Bearer", 6);
    }
}

static void what_is_public_needs_no_key(void **state)
{
    static const char *const PATHS[] = {"/healthz",      "/readyz", "/metrics",
                                        "/openapi.json", "/",       "/ui/app.js",
                                        "/ui/app.css"};
    const struct world *w = *state;
    for (size_t i = 0; i < sizeof PATHS / sizeof *PATHS; i++) {
        CW_AUTO(t_reply_done) struct t_reply r = t_get(w->server, NULL, PATHS[i]);
        t_expect_status(&r, 200);
    }
}

/* Overwrites the request id in a body. */
static void blank_request_id(struct t_reply *r)
{
    char id[64];
    t_json_copy_text(r->json, "/request_id", id, sizeof id);
    char *at = strstr((char *)r->body.p, id);
    assert_non_null(at);
    memset(at, 'x', strlen(id));
}

static void what_another_studio_owns_is_as_if_absent(void **state)
{
    const struct world *w = *state;
    for (size_t i = 0; i < N_ROUTES; i++) {
        for (unsigned role = 0; role < N_ROLES; role++) {
            if (ROUTES[i].absent == NULL || (ROUTES[i].roles & MAY(role)) == 0) {
                continue;
            }
            CW_AUTO(t_reply_done)
            struct t_reply theirs = ask(w, &ROUTES[i], w->foreign[role], ROUTES[i].path);
            CW_AUTO(t_reply_done)
            struct t_reply none = ask(w, &ROUTES[i], w->foreign[role], ROUTES[i].absent);
            t_expect_problem(&theirs, 404, "not_found");
            t_expect_problem(&none, 404, "not_found");
            blank_request_id(&theirs);
            blank_request_id(&none);
            assert_string_equal(cw_buf_str(&theirs.body), cw_buf_str(&none.body));
            assert_int_equal(theirs.head.len, none.head.len);
        }
    }
}

static void studios_do_not_match_each_others_work(void **state)
{
    const struct world *w = *state;
    char hex[CW_HASH_TEXT_CAP];
    char body[T_JSON_CAP];
    char incident[T_ID_CAP];
    t_hash_text(300, 0, hex);
    t_format(body, "{\"pdq\":\"%s\"}", hex);
    CW_AUTO(t_reply_done)
    struct t_reply r = t_post_json(w->server, w->foreign[STUDIO], "/v1/match", body);
    t_expect_status(&r, 200);
    assert_int_equal(t_json_count(r.json, "/matches"), 0);
    t_submit(w->server, w->foreign[CRAWLER], "other.example", 300, 0, NULL);
    assert_false(t_find_incident(w->server, w->foreign[REVIEWER], "mine", incident));
}

static void only_the_first_studio_makes_keys_for_others(void **state)
{
    const struct world *w = *state;
    CW_AUTO(t_reply_done)
    struct t_reply r = t_post_json(w->server, w->foreign[ADMIN], "/v1/keys",
                                   "{\"role\":\"admin\",\"studio\":\"default\"}");
    t_expect_status(&r, 403);
}

static int make_world(void **state)
{
    static struct world world;
    world = (struct world){.server = t_server_new(NULL)};
    *state = &world;
    for (unsigned role = 0; role < N_ROLES; role++) {
        const char *disclosure = role == CRAWLER ? "detail" : NULL;
        t_server_add_key(world.server, ROLE_NAMES[role], "own-studio", disclosure,
                         world.own[role]);
        t_server_add_key(world.server, ROLE_NAMES[role], "foreign-studio", disclosure,
                         world.foreign[role]);
    }
    t_register(world.server, world.own[STUDIO], "mine", "the-asset", 300);
    t_submit(world.server, world.own[CRAWLER], "found.example", 300, 0, world.sighting);
    assert_true(
        t_find_incident(world.server, world.own[REVIEWER], "mine", world.incident));
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    t_server_free(w->server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_role_may_what_the_table_says),
        cmocka_unit_test(nobody_may_anything_without_a_key),
        cmocka_unit_test(what_is_public_needs_no_key),
        cmocka_unit_test(what_another_studio_owns_is_as_if_absent),
        cmocka_unit_test(studios_do_not_match_each_others_work),
        cmocka_unit_test(only_the_first_studio_makes_keys_for_others),
    };
    return cmocka_run_group_tests(tests, make_world, end_world);
}
