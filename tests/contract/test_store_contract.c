/* test_store_contract.c - what store.h promises, on every engine. */
#include "base/hex.h"
#include "tests/contract/store_fixture.h"

static const char *engine; /* of the group that runs */

static int set_up(void **state)
{
    struct fixture *x = calloc(1, sizeof *x);
    assert_non_null(x);
    fix_open(x, engine);
    *state = x;
    return 0;
}

/* Whatever a test did, the store must be whole after it. */
static int tear_down(void **state)
{
    struct fixture *x = *state;
    fix_verify(x->s);
    fix_close(x);
    free(x);
    return 0;
}

/* ---- collectors for the list verbs ------------------------------------------------ */

struct texts {
    size_t n, max; /* max 0 = no limit */
    char items[32][CW_ASSET_ID_CAP];
};

static bool add_text(struct texts *t, const char *text)
{
    assert_true(t->n < 32);
    (void)snprintf(t->items[t->n++], CW_ASSET_ID_CAP, "%s", text);
    return t->n != t->max;
}

static bool collect_asset(void *ctx, const struct cw_asset *a)
{
    return add_text(ctx, a->id);
}

static bool collect_collection(void *ctx, const struct cw_collection *c)
{
    return add_text(ctx, c->name);
}

static bool collect_key(void *ctx, const struct cw_key_record *k)
{
    return add_text(ctx, k->label);
}

struct events {
    size_t n;
    struct cw_event items[64];
};

static bool collect_event(void *ctx, const struct cw_event *e)
{
    struct events *all = ctx;
    assert_true(all->n < 64);
    all->items[all->n++] = *e;
    return true;
}

struct matches {
    size_t n, max;
    struct cw_match items[32];
};

static bool collect_match(void *ctx, const struct cw_match *m)
{
    struct matches *all = ctx;
    assert_true(all->n < 32);
    all->items[all->n++] = *m;
    return all->n != all->max;
}

struct numbers {
    size_t n;
    uint64_t items[32];
};

static bool collect_incident(void *ctx, const struct cw_incident *i)
{
    struct numbers *all = ctx;
    assert_true(all->n < 32);
    all->items[all->n++] = i->no;
    return true;
}

struct lines {
    size_t n;
    struct cw_history items[16];
};

static bool collect_line(void *ctx, const struct cw_history *h)
{
    struct lines *all = ctx;
    assert_true(all->n < 16);
    all->items[all->n++] = *h;
    return true;
}

struct feed {
    size_t n;
    struct cw_feed_entry items[32];
};

static bool collect_feed(void *ctx, const struct cw_feed_entry *e)
{
    struct feed *all = ctx;
    assert_true(all->n < 32);
    assert_int_equal(e->seq, all->n == 0 ? e->seq : all->items[all->n - 1].seq + 1);
    all->items[all->n++] = *e;
    return true;
}

static struct cw_incident incident_of(struct fixture *x, uint64_t no)
{
    struct cw_incident in = {0};
    struct cw_err err = {0};
    fix_ok(cw_store_get_incident(x->s, x->studio, no, &in, &err), &err);
    return in;
}

static int decide(struct fixture *x, uint64_t expected, uint8_t act, uint8_t state,
                  struct cw_incident *out)
{
    struct cw_history h = {
        .act = act, .state_after = state, .at_us = 9000, .text = "why"};
    memcpy(h.actor, FIX_ACTOR, sizeof h.actor);
    return cw_store_decide(x->s, x->studio, 1, expected, &h, out, NULL);
}

/* ---- studios, keys, collections --------------------------------------------------- */

static void studio_names_keep_their_numbers(void **state)
{
    struct fixture *x = *state;
    cw_studio_no a = 0, b = 0;
    struct cw_err err = {0};
    fix_ok(cw_store_studio(x->s, "acme", true, &a, &err), &err);
    fix_ok(cw_store_studio(x->s, "other", true, &b, &err), &err);
    assert_int_equal(a, x->studio);
    assert_int_not_equal(a, b);
    assert_int_equal(cw_store_studio(x->s, "none", false, &a, &err), CW_E_NOT_FOUND);
}

static struct cw_key_record make_key(cw_studio_no studio, uint8_t id, const char *label)
{
    struct cw_key_record k = {.studio = studio,
                              .role = CW_ROLE_REVIEWER,
                              .disclosure = CW_DISCLOSE_VERDICT,
                              .created_us = 42};
    memset(k.id, id, sizeof k.id);
    memset(k.secret_hash, id, sizeof k.secret_hash);
    (void)snprintf(k.label, sizeof k.label, "%s", label);
    return k;
}

static void keys_are_kept_listed_and_revoked_once(void **state)
{
    struct fixture *x = *state;
    const struct cw_key_record a = make_key(x->studio, 7, "seven");
    const struct cw_key_record b = make_key(x->studio, 3, "three");
    struct cw_key_record got;
    struct texts labels = {0};
    struct events log = {0};
    struct cw_err err = {0};
    fix_ok(cw_store_put_key(x->s, &a, FIX_ACTOR, &err), &err);
    fix_ok(cw_store_put_key(x->s, &b, FIX_ACTOR, &err), &err);
    assert_int_equal(cw_store_put_key(x->s, &a, FIX_ACTOR, &err), CW_E_EXISTS);
    fix_ok(cw_store_list_keys(x->s, x->studio, collect_key, &labels, &err), &err);
    assert_int_equal(labels.n, 2);
    assert_string_equal(labels.items[0], "three");
    fix_ok(cw_store_revoke_key(x->s, x->studio, a.id, 99, FIX_ACTOR, &err), &err);
    fix_ok(cw_store_revoke_key(x->s, x->studio, a.id, 100, FIX_ACTOR, &err), &err);
    fix_ok(cw_store_get_key(x->s, a.id, &got, &err), &err);
    assert_int_equal(got.revoked_us, 99);
    assert_string_equal(got.studio_name, "acme");
    assert_memory_equal(got.secret_hash, a.secret_hash, sizeof got.secret_hash);
    fix_ok(cw_store_read_log(x->s, x->studio, 0, collect_event, &log, &err), &err);
    assert_int_equal(log.n, 3);
    assert_int_equal(log.items[2].type, CW_EVENT_KEY_REVOKED);
    assert_string_equal(log.items[2].subject, "0707070707070707");
}

static void a_key_of_another_studio_cannot_be_revoked(void **state)
{
    struct fixture *x = *state;
    const struct cw_key_record a = make_key(x->studio, 7, "seven");
    struct cw_err err = {0};
    fix_ok(cw_store_put_key(x->s, &a, FIX_ACTOR, &err), &err);
    assert_int_equal(cw_store_revoke_key(x->s, x->studio + 1, a.id, 99, FIX_ACTOR, &err),
                     CW_E_NOT_FOUND);
}

static void collections_are_made_changed_and_listed_by_name(void **state)
{
    struct fixture *x = *state;
    struct cw_collection c = {.studio = x->studio, .name = "b", .created_us = 5};
    struct cw_collection got;
    struct texts names = {0};
    struct cw_err err = {0};
    bool created = false;
    fix_ok(cw_store_put_collection(x->s, &c, FIX_ACTOR, &created, &err), &err);
    assert_true(created);
    c.embargo_until_us = 77;
    c.created_us = 6;
    (void)snprintf(c.title, sizeof c.title, "Title");
    fix_ok(cw_store_put_collection(x->s, &c, FIX_ACTOR, &created, &err), &err);
    assert_false(created);
    (void)fix_asset(x, "a", "one");
    fix_ok(cw_store_get_collection(x->s, x->studio, "b", &got, &err), &err);
    assert_int_equal(got.embargo_until_us, 77);
    assert_int_equal(got.created_us, 5);
    assert_string_equal(got.title, "Title");
    fix_ok(cw_store_get_collection(x->s, x->studio, "a", &got, &err), &err);
    assert_int_equal(got.n_assets, 1);
    fix_ok(
        cw_store_list_collections(x->s, x->studio, "", collect_collection, &names, &err),
        &err);
    fix_ok(
        cw_store_list_collections(x->s, x->studio, "a", collect_collection, &names, &err),
        &err);
    assert_int_equal(names.n, 3);
    assert_string_equal(names.items[0], "a");
    assert_string_equal(names.items[2], "b");
}

/* ---- assets ----------------------------------------------------------------------- */

static void registering_the_same_again_changes_nothing(void **state)
{
    struct fixture *x = *state;
    const struct cw_registration item = fix_item(x->studio, "c", "id", 1);
    struct cw_store_stats before, after;
    struct cw_err err = {0};
    const struct cw_registered first = fix_register(x->s, &item);
    fix_ok(cw_store_get_stats(x->s, &before, &err), &err);
    const struct cw_registered again = fix_register(x->s, &item);
    fix_ok(cw_store_get_stats(x->s, &after, &err), &err);
    assert_int_equal(first.outcome, CW_CREATED);
    assert_int_equal(again.outcome, CW_UNCHANGED);
    assert_int_equal(again.no, first.no);
    assert_int_equal(after.events, before.events);
    assert_int_equal(after.commits, before.commits);
}

static void other_content_replaces_and_keeps_the_old_version(void **state)
{
    struct fixture *x = *state;
    struct cw_registration item = fix_item(x->studio, "c", "id", 1);
    struct cw_asset a;
    struct cw_err err = {0};
    CW_AUTO(cw_buf_done) struct cw_buf fp = CW_BUF_INIT(1000);
    const struct cw_registered first = fix_register(x->s, &item);
    item = fix_item(x->studio, "c", "id", 2);
    const struct cw_registered second = fix_register(x->s, &item);
    assert_int_equal(second.outcome, CW_REPLACED);
    assert_int_equal(second.replaced, first.no);
    assert_int_equal(second.version, 2);
    fix_ok(cw_store_get_asset(x->s, x->studio, "c", "id", &a, &fp, &err), &err);
    assert_int_equal(a.no, second.no);
    assert_true(cw_bytes_equal_str(a.fingerprint, "fingerprint"));
    fix_ok(cw_store_get_asset_no(x->s, x->studio, first.no, &a, NULL, &err), &err);
    assert_int_equal(a.version, 1);
    assert_int_equal(a.fingerprint.len, 0);
}

static void a_conflict_does_not_hold_up_the_others(void **state)
{
    struct fixture *x = *state;
    struct cw_registration items[2];
    struct cw_registered out[2];
    struct cw_err err = {0};
    (void)fix_asset(x, "c", "one");
    items[0] = fix_item(x->studio, "c", "one", 9);
    items[0].replace = false;
    items[1] = fix_item(x->studio, "c", "two", 9);
    fix_ok(cw_store_register(x->s, items, 2, FIX_ACTOR, out, &err), &err);
    assert_int_equal(out[0].rc, CW_E_CONFLICT);
    assert_int_equal(out[1].rc, 0);
    assert_int_equal(out[1].outcome, CW_CREATED);
}

static void a_retired_asset_is_gone_by_id_and_there_by_number(void **state)
{
    struct fixture *x = *state;
    const cw_asset_no no = fix_asset(x, "c", "id");
    struct cw_asset a;
    cw_asset_no gone = 0;
    struct cw_err err = {0};
    fix_ok(cw_store_retire(x->s, x->studio, "c", "id", 8, FIX_ACTOR, &gone, &err), &err);
    assert_int_equal(gone, no);
    assert_int_equal(
        cw_store_retire(x->s, x->studio, "c", "id", 8, FIX_ACTOR, &gone, &err),
        CW_E_NOT_FOUND);
    assert_int_equal(cw_store_get_asset(x->s, x->studio, "c", "id", &a, NULL, &err),
                     CW_E_NOT_FOUND);
    fix_ok(cw_store_get_asset_no(x->s, x->studio, no, &a, NULL, &err), &err);
    const struct cw_registration item = fix_item(x->studio, "c", "id", 1);
    const struct cw_registered back = fix_register(x->s, &item);
    assert_int_equal(back.outcome, CW_CREATED);
    assert_int_equal(back.version, 2);
    assert_true(back.no > no);
}

static void assets_are_listed_in_order_from_a_cursor(void **state)
{
    struct fixture *x = *state;
    struct texts page = {.max = 2}, rest = {0}, none = {0};
    cw_asset_no gone;
    struct cw_err err = {0};
    (void)fix_asset(x, "c", "d");
    (void)fix_asset(x, "c", "b");
    (void)fix_asset(x, "c", "a");
    (void)fix_asset(x, "c", "c");
    (void)fix_asset(x, "ca", "z");
    fix_ok(cw_store_retire(x->s, x->studio, "c", "b", 8, FIX_ACTOR, &gone, &err), &err);
    fix_ok(cw_store_list_assets(x->s, x->studio, "c", "", collect_asset, &page, &err),
           &err);
    assert_int_equal(page.n, 2);
    assert_string_equal(page.items[1], "c");
    fix_ok(cw_store_list_assets(x->s, x->studio, "c", "c", collect_asset, &rest, &err),
           &err);
    assert_int_equal(rest.n, 1);
    assert_string_equal(rest.items[0], "d");
    assert_int_equal(
        cw_store_list_assets(x->s, x->studio, "no", "", collect_asset, &none, &err),
        CW_E_NOT_FOUND);
}

static void the_longest_names_fit(void **state)
{
    struct fixture *x = *state;
    struct cw_registration item = fix_item(x->studio, "c", "id", 1);
    struct cw_asset a;
    struct cw_err err = {0};
    memset(item.asset.collection, 'c', CW_COLLECTION_CAP - 1);
    memset(item.asset.id, 'i', CW_ASSET_ID_CAP - 1);
    (void)fix_register(x->s, &item);
    fix_ok(cw_store_get_asset(x->s, x->studio, item.asset.collection, item.asset.id, &a,
                              NULL, &err),
           &err);
    char host[CW_HOST_CAP] = {0};
    memset(host, 'h', CW_HOST_CAP - 1);
    (void)fix_sight(x, host, 1, &a.no, 1);
    assert_string_equal(incident_of(x, 1).host, host);
}

static void bad_items_are_refused_whole(void **state)
{
    struct fixture *x = *state;
    struct cw_registration items[2];
    struct cw_registered out[2];
    struct cw_asset a;
    struct cw_err err = {0};
    items[0] = fix_item(x->studio, "c", "good", 1);
    items[1] = fix_item(x->studio, "c", "bad", 1);
    items[1].asset.kind = 9;
    assert_int_equal(cw_store_register(x->s, items, 2, FIX_ACTOR, out, &err),
                     CW_E_INVALID);
    const struct cw_match m = {.sighting = 12345, .at_us = 1};
    items[1] = fix_item(x->studio, "c", "bad", 1);
    items[1].matches = &m;
    items[1].n_matches = 1;
    assert_int_equal(cw_store_register(x->s, items, 2, FIX_ACTOR, out, &err),
                     CW_E_NOT_FOUND);
    assert_int_equal(cw_store_get_asset(x->s, x->studio, "c", "good", &a, NULL, &err),
                     CW_E_NOT_FOUND);
}

/* ---- feed ------------------------------------------------------------------------- */

static void the_feed_tells_every_version_in_order(void **state)
{
    struct fixture *x = *state;
    struct cw_registration item = fix_item(x->studio, "c", "id", 1);
    struct feed all = {0};
    uint64_t heads[CW_SLOTS], total = 0;
    cw_asset_no gone;
    unsigned slot = CW_SLOTS;
    struct cw_err err = {0};
    (void)fix_register(x->s, &item);
    item = fix_item(x->studio, "c", "id", 2);
    const cw_asset_no second = fix_register(x->s, &item).no;
    fix_ok(cw_store_retire(x->s, x->studio, "c", "id", 8, FIX_ACTOR, &gone, &err), &err);
    fix_ok(cw_store_heads(x->s, CW_FEED_ASSETS, heads, &err), &err);
    for (unsigned i = 0; i < CW_SLOTS; i++) {
        total += heads[i];
        slot = heads[i] != 0 ? i : slot;
    }
    assert_int_equal(total, 4); /* in, out, in, out */
    fix_ok(cw_store_read_feed(x->s, CW_FEED_ASSETS, slot, 0, collect_feed, &all, &err),
           &err);
    assert_int_equal(all.n, 4);
    assert_true(all.items[1].retire && !all.items[2].retire && all.items[3].retire);
    assert_int_equal(all.items[2].no, second);
    assert_int_equal(all.items[2].n_rows, 1);
    assert_int_equal(all.items[2].rows[0].hash.b[31], 2);
    all.n = 0;
    fix_ok(cw_store_read_feed(x->s, CW_FEED_ASSETS, slot, 3, collect_feed, &all, &err),
           &err);
    assert_int_equal(all.n, 1);
    fix_ok(cw_store_heads(x->s, CW_FEED_SIGHTINGS, heads, &err), &err);
    assert_int_equal(heads[slot], 0);
    assert_int_equal(
        cw_store_read_feed(x->s, CW_FEED_ASSETS, CW_SLOTS, 0, collect_feed, &all, &err),
        CW_E_INVALID);
}

static void the_slot_is_the_published_function_of_the_id(void **state)
{
    struct fixture *x = *state;
    uint8_t digest[CW_SHA256_BYTES];
    uint64_t heads[CW_SLOTS], number = 0;
    struct cw_err err = {0};
    (void)fix_asset(x, "c", "some/path.png");
    cw_sha256(cw_bytes_str("some/path.png"), digest);
    for (size_t i = 0; i < 8; i++) {
        number = number << 8 | digest[i];
    }
    fix_ok(cw_store_heads(x->s, CW_FEED_ASSETS, heads, &err), &err);
    assert_int_equal(heads[number % CW_SLOTS], 1);
}

/* ---- sightings and matches -------------------------------------------------------- */

static void a_sighting_sent_twice_is_recorded_once(void **state)
{
    struct fixture *x = *state;
    struct cw_new_sighting item = fix_new_sighting(x->studio, "h", 1);
    struct cw_recorded first = {0}, again = {0};
    struct cw_sighting s;
    struct cw_err err = {0};
    CW_AUTO(cw_buf_done) struct cw_buf fp = CW_BUF_INIT(100);
    fix_ok(cw_store_record_sightings(x->s, &item, 1, &first, &err), &err);
    fix_ok(cw_store_record_sightings(x->s, &item, 1, &again, &err), &err);
    assert_int_equal(first.rc, 0);
    assert_int_equal(again.rc, CW_E_EXISTS);
    assert_int_equal(again.no, first.no);
    item.sighting.digest[0] ^= 1;
    fix_ok(cw_store_record_sightings(x->s, &item, 1, &again, &err), &err);
    assert_int_equal(again.rc, CW_E_CONFLICT);
    fix_ok(cw_store_get_sighting(x->s, x->studio, item.sighting.id, &s, &fp, &err), &err);
    assert_int_equal(s.no, first.no);
    assert_string_equal(s.url, "https://h/x.png");
    assert_true(cw_bytes_equal_str(s.fingerprint, "found"));
}

static void matches_open_an_incident_and_let_it_grow(void **state)
{
    struct fixture *x = *state;
    const cw_asset_no assets[2] = {fix_asset(x, "c", "1"), fix_asset(x, "c", "2")};
    struct events log = {0};
    struct cw_err err = {0};
    (void)fix_sight(x, "h", 1, assets, 2);
    struct cw_incident in = incident_of(x, 1);
    assert_int_equal(in.state, CW_STATE_NEW);
    assert_int_equal(in.version, 1);
    assert_int_equal(in.n_matches, 2);
    assert_int_equal(in.n_undecided, 2);
    (void)fix_sight(x, "h", 9, assets, 2);
    in = incident_of(x, 1);
    assert_int_equal(in.version, 2);
    assert_int_equal(in.n_matches, 4);
    assert_int_equal(in.first_seen_us, 5001);
    assert_int_equal(in.last_seen_us, 5009);
    assert_int_equal(in.confidence, 500009);
    fix_ok(cw_store_read_log(x->s, x->studio, 0, collect_event, &log, &err), &err);
    const struct cw_event *last = &log.items[log.n - 1];
    assert_int_equal(last->type, CW_EVENT_INCIDENT_GREW);
    assert_int_equal(last->incident, 1);
    assert_string_equal(last->detail, "2 matches");
    assert_int_equal(log.items[log.n - 3].type, CW_EVENT_INCIDENT_OPENED);
}

static void one_incident_for_each_collection_and_host(void **state)
{
    struct fixture *x = *state;
    const cw_asset_no assets[2] = {fix_asset(x, "c", "1"), fix_asset(x, "d", "1")};
    struct numbers all = {0}, older = {0}, closed = {0};
    struct cw_store_stats st;
    struct cw_err err = {0};
    (void)fix_sight(x, "h", 1, assets, 2);
    (void)fix_sight(x, "g", 2, assets, 1);
    fix_ok(cw_store_list_incidents(x->s, x->studio, 0, 0, collect_incident, &all, &err),
           &err);
    assert_int_equal(all.n, 3);
    assert_int_equal(all.items[0], 3);
    fix_ok(cw_store_list_incidents(x->s, x->studio, CW_STATE_NEW, 3, collect_incident,
                                   &older, &err),
           &err);
    assert_int_equal(older.n, 2);
    assert_int_equal(older.items[0], 2);
    fix_ok(cw_store_list_incidents(x->s, x->studio, CW_STATE_CLOSED, 0, collect_incident,
                                   &closed, &err),
           &err);
    assert_int_equal(closed.n, 0);
    fix_ok(cw_store_get_stats(x->s, &st, &err), &err);
    assert_int_equal(st.incidents, 3);
    assert_int_equal(st.incidents_open, 3);
}

static void a_match_that_is_there_is_skipped(void **state)
{
    struct fixture *x = *state;
    const cw_asset_no asset = fix_asset(x, "c", "1");
    const cw_sighting_no seen = fix_sight(x, "h", 1, &asset, 1).no;
    const struct cw_match m = {.asset = asset, .sighting = seen, .at_us = 8000};
    struct cw_err err = {0};
    fix_ok(cw_store_record_matches(x->s, x->studio, &m, 1, &err), &err);
    assert_int_equal(incident_of(x, 1).n_matches, 1);
    assert_int_equal(incident_of(x, 1).version, 1);
}

static void lookback_matches_come_with_a_registration(void **state)
{
    struct fixture *x = *state;
    struct cw_registration item = fix_item(x->studio, "c", "1", 1);
    struct matches found = {0};
    struct cw_err err = {0};
    const cw_sighting_no seen = fix_sight(x, "h", 1, NULL, 0).no;
    const struct cw_match m = {.sighting = seen,
                               .distance = 3,
                               .lookback = true,
                               .confidence = 900000,
                               .at_us = 8000};
    item.matches = &m;
    item.n_matches = 1;
    const cw_asset_no asset = fix_register(x->s, &item).no;
    fix_ok(cw_store_list_sighting_matches(x->s, x->studio, seen, collect_match, &found,
                                          &err),
           &err);
    fix_ok(
        cw_store_list_asset_matches(x->s, x->studio, asset, collect_match, &found, &err),
        &err);
    assert_int_equal(found.n, 2);
    assert_int_equal(found.items[0].asset, asset);
    assert_int_equal(found.items[1].sighting, seen);
    assert_true(found.items[1].lookback);
    assert_int_equal(found.items[0].confidence, 900000);
}

static void matches_of_an_incident_are_paged_by_pair(void **state)
{
    struct fixture *x = *state;
    const cw_asset_no assets[2] = {fix_asset(x, "c", "1"), fix_asset(x, "c", "2")};
    struct matches page = {.max = 3}, rest = {0};
    struct cw_err err = {0};
    (void)fix_sight(x, "h", 1, assets, 2);
    (void)fix_sight(x, "h", 2, assets, 2);
    fix_ok(cw_store_list_matches(x->s, x->studio, 1, 0, 0, collect_match, &page, &err),
           &err);
    assert_int_equal(page.n, 3);
    const struct cw_match *last = &page.items[2];
    fix_ok(cw_store_list_matches(x->s, x->studio, 1, last->asset, last->sighting,
                                 collect_match, &rest, &err),
           &err);
    assert_int_equal(rest.n, 1);
    assert_int_equal(rest.items[0].asset, assets[1]);
}

/* ---- decisions -------------------------------------------------------------------- */

static void a_decision_needs_the_version_the_reviewer_saw(void **state)
{
    struct fixture *x = *state;
    const cw_asset_no asset = fix_asset(x, "c", "1");
    struct cw_incident in = {0};
    struct numbers confirmed = {0};
    struct cw_err err = {0};
    (void)fix_sight(x, "h", 1, &asset, 1);
    assert_int_equal(decide(x, 0, CW_ACT_DECISION, CW_STATE_REJECTED, &in),
                     CW_E_CONFLICT);
    assert_int_equal(in.version, 1);
    assert_int_equal(decide(x, 1, CW_ACT_DECISION, CW_STATE_CONFIRMED, &in), 0);
    assert_int_equal(in.version, 2);
    assert_int_equal(in.n_undecided, 0);
    assert_int_equal(decide(x, 1, CW_ACT_DECISION, CW_STATE_REJECTED, &in),
                     CW_E_CONFLICT);
    assert_int_equal(in.state, CW_STATE_CONFIRMED);
    fix_ok(cw_store_list_incidents(x->s, x->studio, CW_STATE_CONFIRMED, 0,
                                   collect_incident, &confirmed, &err),
           &err);
    assert_int_equal(confirmed.n, 1);
    assert_int_equal(decide(x, 2, CW_ACT_DECISION, 99, &in), CW_E_INVALID);
}

static void undo_goes_back_decision_by_decision(void **state)
{
    struct fixture *x = *state;
    const cw_asset_no asset = fix_asset(x, "c", "1");
    struct cw_incident in = {0};
    struct lines lines = {0};
    struct cw_store_stats st;
    struct cw_err err = {0};
    (void)fix_sight(x, "h", 1, &asset, 1);
    assert_int_equal(decide(x, 1, CW_ACT_UNDO, 0, &in), CW_E_INVALID);
    assert_int_equal(decide(x, 1, CW_ACT_DECISION, CW_STATE_CONFIRMED, &in), 0);
    assert_int_equal(decide(x, 2, CW_ACT_DECISION, CW_STATE_RELEASED, &in), 0);
    fix_ok(cw_store_get_stats(x->s, &st, &err), &err);
    assert_int_equal(st.incidents_open, 0);
    assert_int_equal(decide(x, 3, CW_ACT_UNDO, 0, &in), 0);
    assert_int_equal(in.state, CW_STATE_CONFIRMED);
    assert_int_equal(decide(x, 0, CW_ACT_COMMENT, 0, &in), 0);
    assert_int_equal(decide(x, 5, CW_ACT_UNDO, 0, &in), 0);
    assert_int_equal(in.state, CW_STATE_NEW);
    assert_int_equal(in.n_undecided, 1);
    assert_int_equal(decide(x, 6, CW_ACT_UNDO, 0, &in), CW_E_INVALID);
    fix_ok(cw_store_list_history(x->s, x->studio, 1, collect_line, &lines, &err), &err);
    assert_int_equal(lines.n, 5);
    assert_int_equal(lines.items[3].act, CW_ACT_COMMENT);
    assert_int_equal(lines.items[4].version, 6);
    assert_int_equal(lines.items[4].state_after, CW_STATE_NEW);
    assert_string_equal(lines.items[0].text, "why");
}

static void a_decided_incident_keeps_growing_undecided(void **state)
{
    struct fixture *x = *state;
    const cw_asset_no asset = fix_asset(x, "c", "1");
    struct cw_incident in = {0};
    (void)fix_sight(x, "h", 1, &asset, 1);
    assert_int_equal(decide(x, 1, CW_ACT_DECISION, CW_STATE_CLOSED, &in), 0);
    (void)fix_sight(x, "h", 2, &asset, 1);
    in = incident_of(x, 1);
    assert_int_equal(in.state, CW_STATE_CLOSED);
    assert_int_equal(in.n_undecided, 1);
    assert_int_equal(in.version, 3);
    assert_int_equal(decide(x, 2, CW_ACT_UNDO, 0, &in), CW_E_CONFLICT);
    assert_int_equal(decide(x, 3, CW_ACT_UNDO, 0, &in), 0);
    assert_int_equal(in.n_undecided, 2);
}

/* ---- tenants, log ----------------------------------------------------------------- */

static void another_studio_sees_nothing(void **state)
{
    struct fixture *x = *state;
    const cw_asset_no asset = fix_asset(x, "c", "1");
    const struct cw_recorded seen = fix_sight(x, "h", 1, &asset, 1);
    const struct cw_new_sighting same = fix_new_sighting(x->studio, "h", 1);
    struct cw_err err = {0};
    cw_studio_no other = 0;
    struct cw_asset a;
    struct cw_sighting s;
    struct cw_incident in;
    struct numbers incidents = {0};
    struct matches matches = {0};
    struct events log = {0};
    fix_ok(cw_store_studio(x->s, "other", true, &other, &err), &err);
    assert_int_equal(cw_store_get_asset_no(x->s, other, asset, &a, NULL, &err),
                     CW_E_NOT_FOUND);
    assert_int_equal(cw_store_get_asset(x->s, other, "c", "1", &a, NULL, &err),
                     CW_E_NOT_FOUND);
    assert_int_equal(cw_store_get_sighting_no(x->s, other, seen.no, &s, NULL, &err),
                     CW_E_NOT_FOUND);
    assert_int_equal(cw_store_get_sighting(x->s, other, same.sighting.id, &s, NULL, &err),
                     CW_E_NOT_FOUND);
    assert_int_equal(cw_store_get_incident(x->s, other, 1, &in, &err), CW_E_NOT_FOUND);
    fix_ok(cw_store_list_incidents(x->s, other, 0, 0, collect_incident, &incidents, &err),
           &err);
    fix_ok(cw_store_list_asset_matches(x->s, other, asset, collect_match, &matches, &err),
           &err);
    fix_ok(cw_store_read_log(x->s, other, 0, collect_event, &log, &err), &err);
    assert_int_equal(incidents.n + matches.n + log.n, 0);
    const struct cw_match m = {.asset = asset, .sighting = seen.no, .at_us = 1};
    assert_int_equal(cw_store_record_matches(x->s, other, &m, 1, &err), CW_E_NOT_FOUND);
}

static void the_log_is_read_from_a_position(void **state)
{
    struct fixture *x = *state;
    struct events all = {0}, tail = {0};
    struct cw_err err = {0};
    (void)fix_asset(x, "c", "1");
    (void)fix_asset(x, "c", "2");
    fix_ok(cw_store_read_log(x->s, x->studio, 0, collect_event, &all, &err), &err);
    assert_int_equal(all.n, 3);
    assert_int_equal(all.items[0].type, CW_EVENT_COLLECTION_PUT);
    assert_int_equal(all.items[2].type, CW_EVENT_ASSET_REGISTERED);
    assert_string_equal(all.items[2].subject, "2");
    assert_string_equal(all.items[2].collection, "c");
    assert_memory_equal(all.items[2].actor, FIX_ACTOR, sizeof FIX_ACTOR);
    fix_ok(
        cw_store_read_log(x->s, x->studio, all.items[1].seq, collect_event, &tail, &err),
        &err);
    assert_int_equal(tail.n, 1);
}

static void note_commit(void *ctx, uint64_t seq)
{
    *(uint64_t *)ctx = seq;
}

static void the_listener_hears_the_newest_event_before_the_answer(void **state)
{
    struct fixture *x = *state;
    uint64_t heard = 0;
    cw_store_on_commit(x->s, note_commit, &heard);
    (void)fix_asset(x, "c", "1");
    assert_int_equal(heard, 2);
    (void)fix_asset(x, "c", "2");
    assert_int_equal(heard, 3);
}

static void the_secret_stays_the_same(void **state)
{
    struct fixture *x = *state;
    const uint8_t zero[32] = {0};
    uint8_t a[32], b[32];
    struct cw_err err = {0};
    fix_ok(cw_store_secret(x->s, a, &err), &err);
    fix_ok(cw_store_secret(x->s, b, &err), &err);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, zero, sizeof a);
    fix_ok(cw_store_upkeep(x->s, &err), &err);
}

int main(void)
{
    const char *const engines[] = {"memory", "lmdb", "failing"};
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(studio_names_keep_their_numbers),
        CASE(keys_are_kept_listed_and_revoked_once),
        CASE(a_key_of_another_studio_cannot_be_revoked),
        CASE(collections_are_made_changed_and_listed_by_name),
        CASE(registering_the_same_again_changes_nothing),
        CASE(other_content_replaces_and_keeps_the_old_version),
        CASE(a_conflict_does_not_hold_up_the_others),
        CASE(a_retired_asset_is_gone_by_id_and_there_by_number),
        CASE(assets_are_listed_in_order_from_a_cursor),
        CASE(the_longest_names_fit),
        CASE(bad_items_are_refused_whole),
        CASE(the_feed_tells_every_version_in_order),
        CASE(the_slot_is_the_published_function_of_the_id),
        CASE(a_sighting_sent_twice_is_recorded_once),
        CASE(matches_open_an_incident_and_let_it_grow),
        CASE(one_incident_for_each_collection_and_host),
        CASE(a_match_that_is_there_is_skipped),
        CASE(lookback_matches_come_with_a_registration),
        CASE(matches_of_an_incident_are_paged_by_pair),
        CASE(a_decision_needs_the_version_the_reviewer_saw),
        CASE(undo_goes_back_decision_by_decision),
        CASE(a_decided_incident_keeps_growing_undecided),
        CASE(another_studio_sees_nothing),
        CASE(the_log_is_read_from_a_position),
        CASE(the_listener_hears_the_newest_event_before_the_answer),
        CASE(the_secret_stays_the_same),
    };
    int failed = 0;
    if (cw_crypto_init(NULL) != 0) {
        return 1;
    }
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++) {
        engine = engines[i];
        failed += cmocka_run_group_tests_name(engine, tests, NULL, NULL);
    }
    return failed;
}
