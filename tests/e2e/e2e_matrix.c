/* Who may do what, for every route that the server has: tests/print_routes prints its
 * table, so a route that is not known here fails the test instead of being forgotten.
 *
 * Each route is tried with keys of the five roles, with none, with revoked and wrong
 * ones, and with keys of strangers: other studios, for whom what they do not own must be
 * as if it were not there, byte for byte. A new route needs a row in GOOD if it has a
 * body and one in thing() if it names a new kind of thing. */
#include "tests/support/t_api.h"
#include "tests/support/t_routes.h"

#include <string.h>

#define STUDIO T_ROLE_STUDIO
#define CRAWLER T_ROLE_CRAWLER
#define REVIEWER T_ROLE_REVIEWER
#define AUDITOR T_ROLE_AUDITOR
#define ADMIN T_ROLE_ADMIN
#define N_ROLES T_N_ROLES
#define MAY(role) T_MAY(role)
#define MAX_HOLES T_MAX_HOLES
#define SEED 300 /* of the owner's picture; strangers send the same one */

static const char *const METHODS[] = {"GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"};
#define N_METHODS (sizeof METHODS / sizeof *METHODS)

/* What the owner has, one thing for each kind of placeholder. */
struct world {
    struct t_server *server;
    struct t_routes routes;
    char own[N_ROLES][T_KEY_CAP];
    char revoked[N_ROLES][T_KEY_CAP];
    char incident[T_ID_CAP];
    char sighting[T_ID_CAP];
    char key_id[T_ID_CAP];
    unsigned n_made; /* numbers what must be new each time */
};

static bool has_body(const struct t_route *route)
{
    return strcmp(route->method, "POST") == 0 || strcmp(route->method, "PUT") == 0;
}

/* ---- requests that would be granted ----------------------------------------------- */

/* A body that the route takes; %s is the hash of SEED. */
static const struct good {
    const char *route;
    const char *body;
    bool creates;  /* under a name that the asker may choose: it is there afterwards */
    bool if_match; /* wants the version of the incident */
} GOOD[] = {
    {"POST /v1/keys", "{\"role\":\"auditor\"}", false, false},
    {"POST /v1/collections", "{\"name\":\"made\"}", false, false},
    {"POST /v1/collections/{c}/assets",
     "{\"id\":\"posted\",\"fingerprint\":{\"pdq\":\"%s\"}}", true, false},
    {"PUT /v1/collections/{c}/assets/{id}", "{\"fingerprint\":{\"pdq\":\"%s\"}}", true,
     false},
    {"POST /v1/sightings",
     "{\"fingerprint\":{\"pdq\":\"%s\"},\"url\":\"http://found.example/1.png\"}", false,
     false},
    {"POST /v1/match", "{\"pdq\":\"%s\"}", false, false},
    {"POST /v1/incidents/{id}/decisions", "{\"decision\":\"triaged\"}", false, true},
    {"POST /v1/incidents/{id}/comments", "{\"text\":\"seen\"}", false, false},
};

static const struct good *good_of(const struct t_route *route)
{
    static const struct good NO_BODY = {0};
    char name[T_JSON_CAP];
    t_format(name, "%s %s", route->method, route->path);
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        if (strcmp(GOOD[i].route, name) == 0) {
            return &GOOD[i];
        }
    }
    if (has_body(route)) {
        fail_msg("%s is not covered: it has no row in GOOD", name);
    }
    return &NO_BODY;
}

/* Sends what GOOD says to that path. The version is the first one: strangers cannot know
 * another, and the owner's incident is asked for it. */
static struct t_reply send_good(const struct world *w, const struct t_route *route,
                                const char *key, const char *path)
{
    const struct good *good = good_of(route);
    char hex[CW_HASH_TEXT_CAP];
    char body[T_JSON_CAP] = "";
    char if_match[T_JSON_CAP] = "If-Match: \"1\"";
    t_hash_text(SEED, 0, hex);
    const char *hole = good->body == NULL ? NULL : strstr(good->body, "%s");
    if (hole != NULL) {
        t_format(body, "%.*s%s%s", (int)(hole - good->body), good->body, hex, hole + 2);
    } else if (good->body != NULL) {
        t_format(body, "%s", good->body);
    }
    if (good->if_match && strstr(path, w->incident) != NULL) {
        char etag[64];
        char where[T_JSON_CAP];
        t_format(where, "/v1/incidents/%s", w->incident);
        CW_AUTO(t_reply_done) struct t_reply r = t_get(w->server, w->own[ADMIN], where);
        assert_true(t_reply_header(&r, "ETag", etag, sizeof etag));
        t_format(if_match, "If-Match: %s", etag);
    }
    return t_http(w->server,
                  &(struct t_request){
                      .method = route->method,
                      .path = path,
                      .key = key,
                      .content_type = has_body(route) ? "application/json" : NULL,
                      .body = cw_bytes_str(body),
                      .headers = {good->if_match ? if_match : NULL},
                  });
}

/* ---- what a placeholder stands for ------------------------------------------------- */

enum whose { OWNERS, ABSENT, ASKERS };

/* Collections, assets, sightings and so on by the segment that comes before them. What
 * is absent has a name as long as what is there. */
static const char *thing(const struct world *w, const char *kind, enum whose whose)
{
    if (strcmp(kind, "collections") == 0) {
        static const char *const NAMES[] = {"mine", "none", "your"};
        return NAMES[whose];
    }
    if (strcmp(kind, "assets") == 0 && whose != ASKERS) {
        return whose == OWNERS ? "the-asset" : "non-asset";
    }
    if (strcmp(kind, "incidents") == 0 && whose != ASKERS) {
        return whose == OWNERS ? w->incident : "INC-9";
    }
    if (strcmp(kind, "sightings") == 0 && whose != ASKERS) {
        return whose == OWNERS ? w->sighting : "0123456789abcdef0123456789abcdef";
    }
    if (strcmp(kind, "keys") == 0 && whose != ASKERS) {
        return whose == OWNERS ? w->key_id : "0123456789abcdef";
    }
    fail_msg("a path is not covered: nothing is known that comes after /%s/", kind);
    return NULL;
}

/* The route's path with its holes filled. */
static void fill(const struct t_route *route, const char *const names[MAX_HOLES],
                 char out[T_JSON_CAP])
{
    struct cw_bytes rest = cw_bytes_str(route->path + 1);
    size_t hole = 0;
    t_format(out, "%s", route->path[1] == '\0' ? "/" : "");
    while (rest.len > 0) {
        char so_far[T_JSON_CAP];
        const struct cw_bytes part = cw_bytes_cut(&rest, '/');
        memcpy(so_far, out, sizeof so_far);
        if (part.p[0] == '{') {
            t_format(out, "%s/%s", so_far, names[hole++]);
        } else {
            t_format(out, "%s/%.*s", so_far, (int)part.len, (const char *)part.p);
        }
    }
}

static void fill_with(const struct world *w, const struct t_route *route,
                      const enum whose whose[MAX_HOLES], char out[T_JSON_CAP])
{
    const char *names[MAX_HOLES] = {NULL};
    for (size_t i = 0; i < route->n_holes; i++) {
        names[i] = thing(w, route->holes[i], whose[i]);
    }
    fill(route, names, out);
}

static void new_key(const struct world *w, const char *role, const char *studio,
                    const char *disclosure, char out[T_KEY_CAP], char out_id[T_ID_CAP])
{
    t_server_add_key(w->server, role, studio, disclosure, out);
    if (out_id != NULL) {
        const char *id = out + strlen("cw_") + strlen(role) + 1;
        memcpy(out_id, id, 16);
        out_id[16] = '\0';
    }
}

/* The path of something of the owner's. What is to be deleted is made for that. */
static void own_path(struct world *w, const struct t_route *route, char out[T_JSON_CAP])
{
    static const enum whose ALL[MAX_HOLES] = {OWNERS};
    char made[T_JSON_CAP];
    char key[T_KEY_CAP];
    char key_id[T_ID_CAP];
    fill_with(w, route, ALL, out);
    if (strcmp(route->method, "DELETE") != 0 || route->n_holes == 0) {
        return;
    }
    const char *kind = route->holes[route->n_holes - 1];
    t_format(made, "gone-%u", w->n_made++);
    if (strcmp(kind, "assets") == 0) {
        t_register(w->server, w->own[STUDIO], "mine", made, SEED + 1);
        fill(route, (const char *const[MAX_HOLES]){"mine", made}, out);
    } else if (strcmp(kind, "keys") == 0) {
        new_key(w, "auditor", "own-studio", NULL, key, key_id);
        fill(route, (const char *const[MAX_HOLES]){key_id}, out);
    } else {
        fail_msg("%s %s is not covered: nothing is made for it to delete", route->method,
                 route->path);
    }
}

/* ---- roles ------------------------------------------------------------------------- */

static void fail_route(const struct t_route *route, const char *who,
                       const struct t_reply *r)
{
    fail_msg("%s %s as %s: status %d, %.500s", route->method, route->path, who, r->status,
             cw_buf_str(&r->body));
}

static void each_role_may_what_the_table_says_and_no_more(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < w->routes.n; i++) {
        const struct t_route *route = &w->routes.list[i];
        for (unsigned role = 0; role < N_ROLES; role++) {
            char path[T_JSON_CAP];
            own_path(w, route, path);
            CW_AUTO(t_reply_done)
            struct t_reply r = send_good(w, route, w->own[role], path);
            const bool may = route->roles == 0 || (route->roles & MAY(role)) != 0;
            if (may ? r.status < 200 || r.status > 299 : r.status != 403) {
                fail_route(route, t_role_names[role], &r);
            }
            if (!may) {
                t_expect_problem(&r, 403, "role_forbidden");
            }
        }
    }
}

static void head_is_asked_for_the_same_key_as_get(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < w->routes.n; i++) {
        struct t_route head = w->routes.list[i];
        if (strcmp(head.method, "GET") != 0) {
            continue;
        }
        memcpy(head.method, "HEAD", sizeof "HEAD");
        for (unsigned role = 0; role <= N_ROLES; role++) {
            char path[T_JSON_CAP];
            own_path(w, &head, path);
            CW_AUTO(t_reply_done)
            struct t_reply r =
                send_good(w, &head, role < N_ROLES ? w->own[role] : NULL, path);
            const int refused = role < N_ROLES ? 403 : 401;
            const bool may =
                head.roles == 0 || (role < N_ROLES && (head.roles & MAY(role)) != 0);
            if (r.status != (may ? 200 : refused) || r.body.len != 0) {
                fail_route(&head, role < N_ROLES ? t_role_names[role] : "nobody", &r);
            }
        }
    }
}

/* A wrong method is told to everybody: the methods are in /openapi.json. */
static void other_methods_are_refused(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < w->routes.n; i++) {
        for (size_t m = 0; m < N_METHODS; m++) {
            struct t_route route = w->routes.list[i];
            char path[T_JSON_CAP];
            char allow[64];
            if (t_has_route(&w->routes, METHODS[m], route.path)) {
                continue;
            }
            own_path(w, &route, path);
            for (unsigned with_key = 0; with_key < 2; with_key++) {
                CW_AUTO(t_reply_done)
                struct t_reply r =
                    t_http(w->server,
                           &(struct t_request){.method = METHODS[m],
                                               .path = path,
                                               .key = with_key ? w->own[ADMIN] : NULL});
                t_expect_problem(&r, 405, "method_not_allowed");
                assert_true(t_reply_header(&r, "Allow", allow, sizeof allow));
                assert_non_null(strstr(allow, route.method));
                assert_null(strstr(allow, METHODS[m]));
            }
        }
    }
}

/* ---- keys that are none ------------------------------------------------------------ */

static void expect_no_key(const struct world *w, const struct t_route *route,
                          const char *key, const char *who)
{
    static const enum whose ALL[MAX_HOLES] = {OWNERS};
    char path[T_JSON_CAP];
    char scheme[64];
    fill_with(w, route, ALL, path);
    CW_AUTO(t_reply_done) struct t_reply r = send_good(w, route, key, path);
    if (r.status != (route->roles == 0 ? 200 : 401)) {
        fail_route(route, who, &r);
    }
    if (route->roles != 0) {
        t_expect_problem(&r, 401, "no_key");
        assert_true(t_reply_header(&r, "WWW-Authenticate", scheme, sizeof scheme));
        assert_memory_equal(scheme, "Bearer", 6);
    }
}

static void nobody_may_anything_without_a_key(void **state)
{
    const struct world *w = *state;
    for (size_t i = 0; i < w->routes.n; i++) {
        expect_no_key(w, &w->routes.list[i], NULL, "nobody");
        expect_no_key(w, &w->routes.list[i], "", "an empty key");
        expect_no_key(w, &w->routes.list[i], "cw_admin_0123456789abcdef_secret",
                      "nonsense");
    }
}

static void a_revoked_key_may_nothing(void **state)
{
    const struct world *w = *state;
    for (size_t i = 0; i < w->routes.n; i++) {
        for (unsigned role = 0; role < N_ROLES; role++) {
            expect_no_key(w, &w->routes.list[i], w->revoked[role], "a revoked key");
        }
    }
}

/* A good key with its last letter changed, and one that calls itself an admin's. */
static void a_changed_key_may_nothing(void **state)
{
    const struct world *w = *state;
    for (size_t i = 0; i < w->routes.n; i++) {
        for (unsigned role = 0; role < N_ROLES; role++) {
            char key[T_JSON_CAP];
            t_format(key, "%s", w->own[role]);
            char *last = key + strlen(key) - 1;
            *last = *last == 'a' ? 'q' : 'a';
            expect_no_key(w, &w->routes.list[i], key, "a changed key");
            if (role != ADMIN) {
                t_format(key, "cw_admin_%s",
                         w->own[role] + strlen("cw__") + strlen(t_role_names[role]));
                expect_no_key(w, &w->routes.list[i], key, "a key with another role");
            }
        }
    }
}

/* ---- strangers ----------------------------------------------------------------------
 */

/* Overwrites every `text` in a reply's part. */
static void blank(struct cw_buf *in, const char *text)
{
    for (char *at = (char *)in->p; at != NULL && (at = strstr(at, text)) != NULL;) {
        memset(at, '-', strlen(text));
    }
}

static void blank_header(struct t_reply *r, const char *name)
{
    char value[128];
    if (t_reply_header(r, name, value, sizeof value)) {
        blank(&r->head, value);
        blank(&r->body, value);
    }
}

/* Makes two replies to the same question about two things comparable: without the time,
 * the request's number and the names that were asked for. */
static void blank_reply(const struct world *w, const struct t_route *route,
                        const enum whose whose[MAX_HOLES], struct t_reply *r)
{
    (void)cw_buf_str(&r->head);
    (void)cw_buf_str(&r->body);
    blank_header(r, "Date");
    blank_header(r, "X-Request-Id");
    for (size_t i = 0; i < route->n_holes; i++) {
        char quoted[T_JSON_CAP];
        t_format(quoted, "\"%s\"", thing(w, route->holes[i], whose[i]));
        blank(&r->body, quoted);
    }
}

/* Compares two blanked replies, of what is another's and of what is absent, and ends
 * them. */
static void expect_equal(const char *question, struct t_reply r[2])
{
    if (r[0].status != r[1].status ||
        strcmp(cw_buf_str(&r[0].head), cw_buf_str(&r[1].head)) != 0 ||
        strcmp(cw_buf_str(&r[0].body), cw_buf_str(&r[1].body)) != 0) {
        fail_msg("%s: what is another's:\n%s%s\nwhat is absent:\n%s%s", question,
                 cw_buf_str(&r[0].head), cw_buf_str(&r[0].body), cw_buf_str(&r[1].head),
                 cw_buf_str(&r[1].body));
    }
    t_reply_done(&r[0]);
    t_reply_done(&r[1]);
}

struct stranger {
    enum t_role role;
    const char *disclosure; /* of crawlers */
};

static const struct stranger STRANGERS[] = {
    {STUDIO, NULL},       {REVIEWER, NULL},     {AUDITOR, NULL},     {ADMIN, NULL},
    {CRAWLER, "receipt"}, {CRAWLER, "verdict"}, {CRAWLER, "detail"},
};
#define N_STRANGERS (sizeof STRANGERS / sizeof *STRANGERS)

/* What a stranger is told: that there is no such thing, unless what was named came into
 * being by it. */
static void expect_stranger(const struct t_route *route, const struct stranger *who,
                            const struct t_reply *r)
{
    const bool receipts =
        who->disclosure != NULL && strcmp(who->disclosure, "receipt") == 0;
    if ((route->roles & MAY(who->role)) == 0) {
        t_expect_problem(r, 403, "role_forbidden");
    } else if (receipts && r->status == 403) {
        t_expect_problem(r, 403, "disclosure_forbidden");
    } else if (good_of(route)->creates) {
        t_expect_status(r, 201);
    } else {
        t_expect_problem(r, 404, "not_found");
    }
}

/* Asks for two paths that differ in whose things they name; the answers may not. Both
 * askers are new, because what they register is theirs afterwards. */
static void expect_same(struct world *w, const struct t_route *route,
                        const struct stranger *who, const enum whose theirs[MAX_HOLES],
                        const enum whose none[MAX_HOLES])
{
    const enum whose *const whose[2] = {theirs, none};
    struct t_reply r[2];
    char question[T_JSON_CAP];
    for (size_t i = 0; i < 2; i++) {
        char studio[T_JSON_CAP];
        char key[T_KEY_CAP];
        char registrar[T_KEY_CAP];
        char path[T_JSON_CAP];
        t_format(studio, "stranger-%u", w->n_made++);
        new_key(w, t_role_names[who->role], studio, who->disclosure, key, NULL);
        if (whose[i][0] == ASKERS) {
            new_key(w, "studio", studio, NULL, registrar, NULL);
            t_register(w->server, registrar, "your", "one", SEED + 2);
        }
        fill_with(w, route, whose[i], path);
        r[i] = send_good(w, route, key, path);
        expect_stranger(route, who, &r[i]);
        blank_reply(w, route, whose[i], &r[i]);
    }
    t_format(question, "%s %s as a strange %s", route->method, route->path,
             t_role_names[who->role]);
    expect_equal(question, r);
}

/* Every placeholder in turn: the owner's thing and none, beside things of the owner's;
 * and below the asker's own collection. */
static void try_stranger(struct world *w, const struct t_route *route,
                         const struct stranger *who)
{
    static const enum whose ALL[MAX_HOLES] = {OWNERS};
    for (size_t i = 0; i < route->n_holes; i++) {
        enum whose none[MAX_HOLES] = {OWNERS};
        none[i] = ABSENT;
        expect_same(w, route, who, ALL, none);
    }
    if (route->n_holes == 2 && strcmp(route->holes[0], "collections") == 0) {
        const enum whose theirs[MAX_HOLES] = {ASKERS, OWNERS};
        const enum whose none[MAX_HOLES] = {ASKERS, ABSENT};
        expect_same(w, route, who, theirs, none);
    }
}

/* Everything that the owner can see, the log included. */
static void look_round(const struct world *w, struct cw_buf *out)
{
    for (size_t i = 0; i < w->routes.n; i++) {
        static const enum whose ALL[MAX_HOLES] = {OWNERS};
        const struct t_route *route = &w->routes.list[i];
        char path[T_JSON_CAP];
        if (strcmp(route->method, "GET") != 0 || (route->roles & MAY(ADMIN)) == 0) {
            continue;
        }
        fill_with(w, route, ALL, path);
        CW_AUTO(t_reply_done) struct t_reply r = t_get(w->server, w->own[ADMIN], path);
        t_expect_status(&r, 200);
        cw_buf_printf(out, "%s: %s\n", path, cw_buf_str(&r.body));
    }
    assert_false(out->failed);
}

static void what_another_studio_owns_is_as_if_absent(void **state)
{
    struct world *w = *state;
    CW_AUTO(cw_buf_done) struct cw_buf before = CW_BUF_INIT((size_t)1 << 20);
    CW_AUTO(cw_buf_done) struct cw_buf after = CW_BUF_INIT((size_t)1 << 20);
    look_round(w, &before);
    for (size_t i = 0; i < w->routes.n; i++) {
        for (size_t j = 0; j < N_STRANGERS; j++) {
            try_stranger(w, &w->routes.list[i], &STRANGERS[j]);
        }
    }
    look_round(w, &after);
    assert_string_equal(cw_buf_str(&before), cw_buf_str(&after));
}

/* Routes that name nothing answer a stranger as if the owner were not there. */
static void what_strangers_list_and_match_is_empty(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < w->routes.n; i++) {
        const struct t_route *route = &w->routes.list[i];
        for (size_t j = 0; j < N_STRANGERS; j++) {
            char studio[T_JSON_CAP];
            char key[T_KEY_CAP];
            if (route->n_holes > 0 || (route->roles & MAY(STRANGERS[j].role)) == 0) {
                continue;
            }
            t_format(studio, "stranger-%u", w->n_made++);
            new_key(w, t_role_names[STRANGERS[j].role], studio, STRANGERS[j].disclosure,
                    key, NULL);
            CW_AUTO(t_reply_done)
            struct t_reply r = send_good(w, route, key, route->path);
            if (r.status == 403) {
                t_expect_problem(&r, 403, "disclosure_forbidden");
            } else if (r.status < 200 || r.status > 299) {
                fail_route(route, t_role_names[STRANGERS[j].role], &r);
            }
            if (strstr(cw_buf_str(&r.body), "\"mine\"") != NULL ||
                strstr(cw_buf_str(&r.body), "own-studio") != NULL ||
                strstr(cw_buf_str(&r.body), w->key_id) != NULL ||
                strstr(cw_buf_str(&r.body), "\"INC-") != NULL) {
                fail_route(route, t_role_names[STRANGERS[j].role], &r);
            }
        }
    }
}

static void studios_do_not_match_each_others_work(void **state)
{
    struct world *w = *state;
    char key[T_KEY_CAP];
    char incident[T_ID_CAP];
    new_key(w, "admin", "other-studio", NULL, key, NULL);
    t_submit(w->server, key, "other.example", SEED, 0, NULL);
    assert_false(t_find_incident(w->server, key, "mine", incident));
    t_register(w->server, key, "mine", "the-asset", SEED);
    assert_true(t_find_incident(w->server, key, "mine", incident));
    CW_AUTO(t_reply_done)
    struct t_reply r = t_get(w->server, w->own[ADMIN], "/v1/incidents");
    t_expect_status(&r, 200);
    assert_int_equal(t_json_count(r.json, "/items"), 1);
    t_expect_text(r.json, "/items/0/host", "found.example");
}

/* The one query parameter that names a thing. */
static void a_match_within_a_foreign_collection_is_as_if_within_none(void **state)
{
    struct world *w = *state;
    static const struct t_route ROUTE = {.method = "POST", .path = "/v1/match"};
    static const char *const PATHS[] = {"/v1/match?collection=mine",
                                        "/v1/match?collection=none"};
    struct t_reply r[2];
    char key[T_KEY_CAP];
    new_key(w, "admin", "third-studio", NULL, key, NULL);
    for (size_t i = 0; i < 2; i++) {
        r[i] = send_good(w, &ROUTE, key, PATHS[i]);
        t_expect_status(&r[i], 200);
        blank_reply(w, &ROUTE, NULL, &r[i]);
    }
    expect_equal("POST /v1/match?collection=", r);
}

/* ---- within a studio ----------------------------------------------------------------
 */

static void a_crawler_does_not_see_what_another_one_found(void **state)
{
    struct world *w = *state;
    static const struct t_route ROUTE = {
        "GET", "/v1/sightings/{id}", MAY(CRAWLER), 1, {"sightings"}};
    struct t_reply r[2];
    char key[T_KEY_CAP];
    new_key(w, "crawler", "own-studio", "detail", key, NULL);
    for (size_t i = 0; i < 2; i++) {
        const enum whose whose[MAX_HOLES] = {i == 0 ? OWNERS : ABSENT};
        char path[T_JSON_CAP];
        fill_with(w, &ROUTE, whose, path);
        r[i] = t_get(w->server, key, path);
        t_expect_problem(&r[i], 404, "not_found");
        blank_reply(w, &ROUTE, whose, &r[i]);
    }
    expect_equal("GET /v1/sightings/{id} as another crawler", r);
}

static void only_the_first_studio_makes_keys_for_others(void **state)
{
    const struct world *w = *state;
    CW_AUTO(t_reply_done)
    struct t_reply theirs = t_post_json(w->server, w->own[ADMIN], "/v1/keys",
                                        "{\"role\":\"admin\",\"studio\":\"default\"}");
    t_expect_problem(&theirs, 403, "role_forbidden");
    CW_AUTO(t_reply_done)
    struct t_reply none = t_post_json(w->server, w->own[ADMIN], "/v1/keys",
                                      "{\"role\":\"admin\",\"studio\":\"nothing\"}");
    t_expect_problem(&none, 403, "role_forbidden");
    assert_int_equal(theirs.body.len, none.body.len);
}

/* ---- the world ----------------------------------------------------------------------
 */

static int make_world(void **state)
{
    static struct world world;
    struct world *w = &world;
    w->server = t_server_new(NULL);
    *state = w;
    t_read_routes(&w->routes);
    for (unsigned role = 0; role < N_ROLES; role++) {
        new_key(w, t_role_names[role], "own-studio", role == CRAWLER ? "detail" : NULL,
                w->own[role], w->key_id);
    }
    for (unsigned role = 0; role < N_ROLES; role++) {
        char id[T_ID_CAP];
        char path[T_JSON_CAP];
        new_key(w, t_role_names[role], "own-studio", NULL, w->revoked[role], id);
        t_format(path, "/v1/keys/%s", id);
        CW_AUTO(t_reply_done) struct t_reply r = t_delete(w->server, w->own[ADMIN], path);
        t_expect_status(&r, 204);
    }
    t_register(w->server, w->own[STUDIO], "mine", "the-asset", SEED);
    t_submit(w->server, w->own[CRAWLER], "found.example", SEED, 0, w->sighting);
    assert_true(t_find_incident(w->server, w->own[REVIEWER], "mine", w->incident));
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
        cmocka_unit_test(each_role_may_what_the_table_says_and_no_more),
        cmocka_unit_test(head_is_asked_for_the_same_key_as_get),
        cmocka_unit_test(other_methods_are_refused),
        cmocka_unit_test(nobody_may_anything_without_a_key),
        cmocka_unit_test(a_revoked_key_may_nothing),
        cmocka_unit_test(a_changed_key_may_nothing),
        cmocka_unit_test(what_another_studio_owns_is_as_if_absent),
        cmocka_unit_test(what_strangers_list_and_match_is_empty),
        cmocka_unit_test(studios_do_not_match_each_others_work),
        cmocka_unit_test(a_match_within_a_foreign_collection_is_as_if_within_none),
        cmocka_unit_test(a_crawler_does_not_see_what_another_one_found),
        cmocka_unit_test(only_the_first_studio_makes_keys_for_others),
    };
    return cmocka_run_group_tests(tests, make_world, end_world);
}
