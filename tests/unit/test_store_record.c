/* test_store_record.c - records survive the round trip, and damaged ones are noticed. */
#include <stdlib.h>
#include <string.h>

#include "index/store_record.h"
#include "tests/support/t_cmocka.h"

/* One record type: writes a sample, and reads and compares it. */
struct codec {
    const char *name;
    void (*put_sample)(struct cw_buf *b);
    int (*get)(struct cw_bytes in);
};

static const struct cw_key_record KEY = {.studio = 3,
                                         .role = CW_ROLE_CRAWLER,
                                         .disclosure = CW_DISCLOSE_DETAIL,
                                         .secret_hash = {1, 2, 3},
                                         .created_us = 5,
                                         .revoked_us = 6,
                                         .label = "label"};
static const struct cw_collection_record COLLECTION = {
    .c = {.title = "Title", .embargo_until_us = 7, .created_us = 8, .n_assets = 9},
    .no = 10};
static const struct cw_asset_name NAME = {.no = 11, .version = 12, .live = true};
static const struct cw_match_record MATCH = {.m = {.distance = 256,
                                                   .equivalent = -512,
                                                   .score = 377,
                                                   .n_corners = 2,
                                                   .found = {{1, 2}, {3, 4}},
                                                   .shown = {{5, 6}, {7, 8}},
                                                   .view = 2,
                                                   .turn = 3,
                                                   .inverted = true,
                                                   .lookback = true,
                                                   .band = 1,
                                                   .confidence = 999999,
                                                   .at_us = 13},
                                             .incident = 14};
static const struct cw_incident INCIDENT = {.version = 1,
                                            .state = CW_STATE_CLOSED,
                                            .band = 2,
                                            .confidence = 3,
                                            .collection = "c",
                                            .host = "h",
                                            .n_matches = 4,
                                            .n_undecided = 5,
                                            .first_seen_us = 6,
                                            .last_seen_us = 7,
                                            .opened_us = 8,
                                            .changed_us = UINT64_MAX};
static const struct cw_history_record HISTORY = {.h = {.act = CW_ACT_UNDO,
                                                       .state_before = CW_STATE_CLOSED,
                                                       .state_after = CW_STATE_NEW,
                                                       .actor = {1},
                                                       .at_us = 2,
                                                       .text = "because"},
                                                 .undecided_before = 3};
static const struct cw_event EVENT = {.at_us = 1,
                                      .studio = 2,
                                      .type = CW_EVENT_INCIDENT_COMMENTED,
                                      .actor = {9},
                                      .collection = "c",
                                      .subject = "s",
                                      .incident = 3,
                                      .detail = "d",
                                      .hash = {5},
                                      .chain = {6}};
static const struct cw_feed_entry FEED = {
    .studio = 1, .no = 2, .n_rows = 2, .rows = {{.kind = 1}, {.kind = 2, .hash = {{7}}}}};

static struct cw_asset sample_asset(void)
{
    return (struct cw_asset){.version = 1,
                             .kind = CW_KIND_SHEET,
                             .weak = true,
                             .collection = "c",
                             .id = "a/b.png",
                             .embargo_until_us = 2,
                             .registered_us = 3,
                             .digest = {4},
                             .fingerprint = cw_bytes_str("fp")};
}

static struct cw_sighting sample_sighting(void)
{
    return (struct cw_sighting){.id = {1},
                                .digest = {2},
                                .actor = {3},
                                .url = "https://h/",
                                .ip = "::1",
                                .host = "h",
                                .fetched_us = 4,
                                .received_us = 5,
                                .fingerprint = cw_bytes_str("fp")};
}

static void put_key(struct cw_buf *b)
{
    cw_record_put_key(b, &KEY);
}

static int get_key(struct cw_bytes in)
{
    struct cw_key_record out = {0};
    const int rc = cw_record_get_key(in, &out, NULL);
    if (rc == 0) {
        assert_memory_equal(&out, &KEY, sizeof out);
    }
    return rc;
}

static void put_collection(struct cw_buf *b)
{
    cw_record_put_collection(b, &COLLECTION);
}

static int get_collection(struct cw_bytes in)
{
    struct cw_collection_record out = {0};
    const int rc = cw_record_get_collection(in, &out, NULL);
    if (rc == 0) {
        assert_int_equal(out.no, COLLECTION.no);
        assert_int_equal(out.c.n_assets, COLLECTION.c.n_assets);
        assert_int_equal(out.c.embargo_until_us, COLLECTION.c.embargo_until_us);
        assert_string_equal(out.c.title, COLLECTION.c.title);
    }
    return rc;
}

static void put_name(struct cw_buf *b)
{
    cw_record_put_asset_name(b, &NAME);
}

static int get_name(struct cw_bytes in)
{
    struct cw_asset_name out = {0};
    const int rc = cw_record_get_asset_name(in, &out, NULL);
    if (rc == 0) {
        assert_true(out.no == NAME.no && out.version == NAME.version && out.live);
    }
    return rc;
}

static void put_asset(struct cw_buf *b)
{
    const struct cw_asset a = sample_asset();
    cw_record_put_asset(b, &a);
}

static int get_asset(struct cw_bytes in)
{
    const struct cw_asset a = sample_asset();
    struct cw_asset out = {0};
    const int rc = cw_record_get_asset(in, &out, NULL);
    if (rc == 0) {
        assert_true(out.version == a.version && out.kind == a.kind && out.weak);
        assert_string_equal(out.id, a.id);
        assert_string_equal(out.collection, a.collection);
        assert_int_equal(out.registered_us, a.registered_us);
        assert_memory_equal(out.digest, a.digest, sizeof a.digest);
        assert_true(cw_bytes_equal(out.fingerprint, a.fingerprint));
    }
    return rc;
}

static void put_sighting(struct cw_buf *b)
{
    const struct cw_sighting s = sample_sighting();
    cw_record_put_sighting(b, &s);
}

static int get_sighting(struct cw_bytes in)
{
    const struct cw_sighting s = sample_sighting();
    struct cw_sighting out = {0};
    const int rc = cw_record_get_sighting(in, &out, NULL);
    if (rc == 0) {
        assert_memory_equal(out.id, s.id, sizeof s.id);
        assert_memory_equal(out.actor, s.actor, sizeof s.actor);
        assert_string_equal(out.url, s.url);
        assert_string_equal(out.ip, s.ip);
        assert_string_equal(out.host, s.host);
        assert_int_equal(out.received_us, s.received_us);
        assert_true(cw_bytes_equal(out.fingerprint, s.fingerprint));
    }
    return rc;
}

static void put_match(struct cw_buf *b)
{
    cw_record_put_match(b, &MATCH);
}

static int get_match(struct cw_bytes in)
{
    struct cw_match_record out = {0};
    const int rc = cw_record_get_match(in, &out, NULL);
    if (rc == 0) {
        assert_int_equal(out.incident, MATCH.incident);
        assert_int_equal(out.m.distance, 256);
        assert_true(out.m.inverted && out.m.lookback && !out.m.exact_bytes);
        assert_int_equal(out.m.confidence, MATCH.m.confidence);
        assert_int_equal(out.m.at_us, MATCH.m.at_us);
        assert_int_equal(out.m.equivalent, -512);
        assert_int_equal(out.m.score, 377);
        assert_int_equal(out.m.n_corners, 2);
        assert_memory_equal(out.m.found, MATCH.m.found, sizeof out.m.found);
        assert_memory_equal(out.m.shown, MATCH.m.shown, sizeof out.m.shown);
    }
    return rc;
}

static void put_incident(struct cw_buf *b)
{
    cw_record_put_incident(b, &INCIDENT);
}

static int get_incident(struct cw_bytes in)
{
    struct cw_incident out = {0};
    const int rc = cw_record_get_incident(in, &out, NULL);
    if (rc == 0) {
        assert_int_equal(out.state, INCIDENT.state);
        assert_string_equal(out.collection, INCIDENT.collection);
        assert_string_equal(out.host, INCIDENT.host);
        assert_int_equal(out.n_undecided, INCIDENT.n_undecided);
        assert_true(out.changed_us == UINT64_MAX);
    }
    return rc;
}

static void put_history(struct cw_buf *b)
{
    cw_record_put_history(b, &HISTORY);
}

static int get_history(struct cw_bytes in)
{
    struct cw_history_record out = {0};
    const int rc = cw_record_get_history(in, &out, NULL);
    if (rc == 0) {
        assert_int_equal(out.h.act, HISTORY.h.act);
        assert_int_equal(out.undecided_before, HISTORY.undecided_before);
        assert_string_equal(out.h.text, HISTORY.h.text);
    }
    return rc;
}

static void put_event(struct cw_buf *b)
{
    cw_record_put_event(b, &EVENT);
}

static int get_event(struct cw_bytes in)
{
    struct cw_event out = {0};
    const int rc = cw_record_get_event(in, &out, NULL);
    if (rc == 0) {
        assert_int_equal(out.type, EVENT.type);
        assert_string_equal(out.subject, EVENT.subject);
        assert_string_equal(out.detail, EVENT.detail);
        assert_int_equal(out.incident, EVENT.incident);
        assert_memory_equal(out.hash, EVENT.hash, sizeof out.hash);
        assert_memory_equal(out.chain, EVENT.chain, sizeof out.chain);
    }
    return rc;
}

static void put_feed(struct cw_buf *b)
{
    cw_record_put_feed(b, &FEED);
}

static int get_feed(struct cw_bytes in)
{
    struct cw_feed_entry out = {0};
    const int rc = cw_record_get_feed(in, &out, NULL);
    if (rc == 0) {
        assert_int_equal(out.n_rows, 2);
        assert_int_equal(out.no, FEED.no);
        assert_memory_equal(&out.rows[1], &FEED.rows[1], sizeof out.rows[1]);
    }
    return rc;
}

static void put_number(struct cw_buf *b)
{
    cw_record_put_number(b, UINT64_MAX);
}

static int get_number(struct cw_bytes in)
{
    uint64_t out = 0;
    const int rc = cw_record_get_number(in, &out, NULL);
    if (rc == 0) {
        assert_true(out == UINT64_MAX);
    }
    return rc;
}

static const struct codec codecs[] = {
    {"key", put_key, get_key},
    {"collection", put_collection, get_collection},
    {"asset name", put_name, get_name},
    {"asset", put_asset, get_asset},
    {"sighting", put_sighting, get_sighting},
    {"match", put_match, get_match},
    {"incident", put_incident, get_incident},
    {"history", put_history, get_history},
    {"event", put_event, get_event},
    {"feed", put_feed, get_feed},
    {"number", put_number, get_number},
};
#define N_CODECS (sizeof codecs / sizeof codecs[0])

static void every_record_survives_the_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_CODECS; i++) {
        CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(CW_RECORD_MAX);
        codecs[i].put_sample(&b);
        assert_int_equal(cw_buf_check(&b, "record", NULL), 0);
        if (codecs[i].get(cw_buf_view(&b)) != 0) {
            fail_msg("%s", codecs[i].name);
        }
    }
}

/* Each prefix is copied to memory of just its size, so that reading past it is noticed.
 */
static void every_truncated_record_is_corrupt(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_CODECS; i++) {
        CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(CW_RECORD_MAX);
        codecs[i].put_sample(&b);
        for (size_t len = 0; len < b.len; len++) {
            uint8_t *part = malloc(len + (len == 0));
            assert_non_null(part);
            memcpy(part, b.p, len);
            assert_int_equal(codecs[i].get(cw_bytes_of(part, len)), CW_E_CORRUPT);
            free(part);
        }
    }
}

static void a_byte_too_many_is_corrupt(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_CODECS; i++) {
        CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(CW_RECORD_MAX);
        codecs[i].put_sample(&b);
        cw_put_u8(&b, 0);
        assert_int_equal(codecs[i].get(cw_buf_view(&b)), CW_E_CORRUPT);
    }
}

static void another_version_is_corrupt(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_CODECS; i++) {
        CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(CW_RECORD_MAX);
        codecs[i].put_sample(&b);
        b.p[0]++;
        assert_int_equal(codecs[i].get(cw_buf_view(&b)), CW_E_CORRUPT);
    }
}

static void values_no_encoder_writes_are_corrupt(void **state)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(CW_RECORD_MAX);
    (void)state;
    put_name(&b);
    b.p[b.len - 1] = 2; /* a bool */
    assert_int_equal(get_name(cw_buf_view(&b)), CW_E_CORRUPT);
    cw_buf_clear(&b);
    put_key(&b);
    b.p[5] = 99; /* a role */
    assert_int_equal(get_key(cw_buf_view(&b)), CW_E_CORRUPT);
    cw_buf_clear(&b);
    put_feed(&b);
    b.p[1] = 1; /* rows that retire */
    assert_int_equal(get_feed(cw_buf_view(&b)), CW_E_CORRUPT);
    cw_buf_clear(&b);
    put_key(&b);
    b.p[b.len - 1] = '\0'; /* inside a text */
    assert_int_equal(get_key(cw_buf_view(&b)), CW_E_CORRUPT);
}

static void garbage_is_never_read_past_its_end(void **state)
{
    uint32_t random = 1;
    (void)state;
    for (int round = 0; round < 3000; round++) {
        uint8_t *junk = malloc(64);
        assert_non_null(junk);
        for (size_t i = 0; i < 64; i++) {
            random = random * 1664525U + 1013904223U;
            junk[i] = (uint8_t)(random >> (round % 3 == 0 ? 30 : 24));
        }
        junk[0] = CW_RECORD_VERSION;
        const struct codec *c =
            &codecs[(size_t)round % (N_CODECS - 1)]; /* numbers pass */
        assert_int_equal(c->get(cw_bytes_of(junk, 64)), CW_E_CORRUPT);
        free(junk);
    }
}

/* Version 1 had the edges of a rectangle, and no score. */
static void a_match_of_version_1_is_still_read(void **state)
{
    static const uint8_t V1[] = {1,                       /* version */
                                 0, 0,  0, 0, 0, 0, 0, 9, /* incident */
                                 0, 40, 3, 1, 8, /* distance, view, turn, kinds */
                                 0, 1,  0, 2, 0, 3, 0, 4, /* left, top, right, bottom */
                                 0, 0,  0, 2,             /* flags, band */
                                 0, 1,  0, 0,             /* confidence */
                                 0, 0,  0, 0, 0, 0, 0, 5};
    struct cw_match_record out = {0};
    (void)state;
    assert_int_equal(cw_record_get_match(cw_bytes_of(V1, sizeof V1), &out, NULL), 0);
    assert_int_equal(out.incident, 9);
    assert_int_equal(out.m.distance, 40);
    assert_int_equal(out.m.equivalent, 40 * CW_MATCH_ONE);
    assert_int_equal(out.m.score, 0);
    assert_int_equal(out.m.n_corners, 4);
    assert_int_equal(out.m.found[2].x, 3);
    assert_int_equal(out.m.found[2].y, 4);
    assert_int_equal(out.m.shown[2].x, UINT16_MAX);
    assert_int_equal(out.m.at_us, 5);
}

static void a_match_has_no_more_corners_than_fit(void **state)
{
    CW_AUTO(cw_buf_done) struct cw_buf b = CW_BUF_INIT(1024);
    struct cw_match_record out = {0};
    (void)state;
    cw_record_put_match(&b, &MATCH);
    assert_int_equal(b.p[18],
                     2); /* after version, incident, three numbers and three bytes */
    b.p[18] = CW_MATCH_CORNERS + 1;
    assert_int_equal(cw_record_get_match(cw_buf_view(&b), &out, NULL), CW_E_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_match_of_version_1_is_still_read),
        cmocka_unit_test(a_match_has_no_more_corners_than_fit),
        cmocka_unit_test(every_record_survives_the_round_trip),
        cmocka_unit_test(every_truncated_record_is_corrupt),
        cmocka_unit_test(a_byte_too_many_is_corrupt),
        cmocka_unit_test(another_version_is_corrupt),
        cmocka_unit_test(values_no_encoder_writes_are_corrupt),
        cmocka_unit_test(garbage_is_never_read_past_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
