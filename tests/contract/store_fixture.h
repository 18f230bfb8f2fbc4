/* store_fixture.h - stores to test on, and short ways to fill them. */
#ifndef CW_TESTS_CONTRACT_STORE_FIXTURE_H
#define CW_TESTS_CONTRACT_STORE_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "index/store.h"
#include "index/store_failing.h"
#include "tests/support/t_cmocka.h"
#include "tests/support/t_folder.h"

static const uint8_t FIX_ACTOR[CW_KEY_ID_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};

struct fixture {
    const char *engine; /* "memory", "lmdb" or "failing" (around memory) */
    char dir[64];       /* of lmdb; else "" */
    char url[80];
    struct cw_store *s;
    cw_studio_no studio;
};

static inline void fix_remove_dir(const char *dir)
{
    (void)t_folder_remove(dir);
}

static inline void fix_temp_dir(char dir[64])
{
    (void)snprintf(dir, 64, "/tmp/cw-store-XXXXXX");
    assert_non_null(mkdtemp(dir));
}

/* Fails the test with the error's own words. */
static inline void fix_ok(int rc, const struct cw_err *err)
{
    if (rc != 0) {
        fail_msg("%s: %s", cw_code_name((enum cw_code)rc), err->text);
    }
}

/* local_budget  of the local descriptors of sightings, bytes */
static inline struct cw_store *fix_open_url_with(const char *url, uint64_t local_budget)
{
    struct cw_store_options o = CW_STORE_DEFAULTS;
    struct cw_store *s = NULL;
    struct cw_err err = {0};
    o.create = true;
    o.sighting_local_bytes = local_budget;
    fix_ok(cw_store_open(url, &o, &s, &err), &err);
    return s;
}

static inline struct cw_store *fix_open_url(const char *url)
{
    return fix_open_url_with(url, CW_STORE_DEFAULTS.sighting_local_bytes);
}

static inline void fix_open_with(struct fixture *x, const char *engine,
                                 uint64_t local_budget)
{
    struct cw_err err = {0};
    memset(x, 0, sizeof *x);
    x->engine = engine;
    (void)snprintf(x->url, sizeof x->url, "memory:");
    if (strcmp(engine, "lmdb") == 0) {
        fix_temp_dir(x->dir);
        (void)snprintf(x->url, sizeof x->url, "lmdb:%s", x->dir);
    }
    x->s = fix_open_url_with(x->url, local_budget);
    if (strcmp(engine, "failing") == 0) {
        struct cw_store *inner = x->s;
        fix_ok(cw_store_failing_new(inner, &x->s, &err), &err);
    }
    fix_ok(cw_store_studio(x->s, "acme", true, &x->studio, &err), &err);
}

static inline void fix_open(struct fixture *x, const char *engine)
{
    fix_open_with(x, engine, CW_STORE_DEFAULTS.sighting_local_bytes);
}

static inline void fix_close(struct fixture *x)
{
    cw_store_close(x->s);
    if (x->dir[0] != '\0') {
        fix_remove_dir(x->dir);
    }
}

/* Everything refers to everything as it should. */
static inline void fix_verify(struct cw_store *s)
{
    struct cw_verify_report report;
    struct cw_err err = {0};
    fix_ok(cw_store_verify(s, &report, &err), &err);
    if (report.problems != 0) {
        fail_msg("%llu problems, the first: %s", (unsigned long long)report.problems,
                 report.first);
    }
}

/* An asset with one search row; `content` stands for its picture. */
static inline struct cw_registration fix_item(cw_studio_no studio, const char *collection,
                                              const char *id, uint8_t content)
{
    struct cw_registration r = {.n_rows = 1, .replace = true};
    r.asset.studio = studio;
    r.asset.kind = CW_KIND_FRAME;
    r.asset.registered_us = 1000;
    (void)snprintf(r.asset.collection, sizeof r.asset.collection, "%s", collection);
    (void)snprintf(r.asset.id, sizeof r.asset.id, "%s", id);
    memset(r.asset.digest, content, sizeof r.asset.digest);
    memset(r.rows[0].hash.b, content, CW_HASH_BYTES);
    r.rows[0].kind = 1;
    r.asset.fingerprint = cw_bytes_str("fingerprint");
    return r;
}

static inline struct cw_registered fix_register(struct cw_store *s,
                                                const struct cw_registration *item)
{
    struct cw_registered out = {0};
    struct cw_err err = {0};
    fix_ok(cw_store_register(s, item, 1, FIX_ACTOR, &out, &err), &err);
    return out;
}

static inline cw_asset_no fix_asset(struct fixture *x, const char *collection,
                                    const char *id)
{
    const struct cw_registration item = fix_item(x->studio, collection, id, 1);
    return fix_register(x->s, &item).no;
}

static inline struct cw_new_sighting fix_new_sighting(cw_studio_no studio,
                                                      const char *host, uint8_t id)
{
    struct cw_new_sighting n = {.n_rows = 1};
    n.sighting.studio = studio;
    memset(n.sighting.id, id, sizeof n.sighting.id);
    memset(n.sighting.digest, id, sizeof n.sighting.digest);
    memcpy(n.sighting.actor, FIX_ACTOR, sizeof n.sighting.actor);
    (void)snprintf(n.sighting.host, sizeof n.sighting.host, "%s", host);
    (void)snprintf(n.sighting.url, sizeof n.sighting.url, "https://%s/x.png", host);
    n.sighting.fetched_us = 5000U + id;
    n.sighting.received_us = 6000U + id;
    n.sighting.fingerprint = cw_bytes_str("found");
    n.local = cw_bytes_str("descriptors");
    memset(n.rows[0].hash.b, id, CW_HASH_BYTES);
    n.rows[0].kind = 1;
    return n;
}

/* Records a sighting that matches the n assets given. */
static inline struct cw_recorded fix_sight(struct fixture *x, const char *host,
                                           uint8_t id, const cw_asset_no *assets,
                                           size_t n)
{
    struct cw_new_sighting item = fix_new_sighting(x->studio, host, id);
    struct cw_match matches[8] = {{0}};
    struct cw_recorded out = {0};
    struct cw_err err = {0};
    assert_true(n <= 8);
    for (size_t i = 0; i < n; i++) {
        matches[i] = (struct cw_match){.asset = assets[i],
                                       .distance = 10,
                                       .view = 1,
                                       .band = 2,
                                       .confidence = 500000U + id,
                                       .at_us = 7000U + id};
    }
    item.matches = matches;
    item.n_matches = n;
    fix_ok(cw_store_record_sightings(x->s, &item, 1, &out, &err), &err);
    return out;
}

#endif
