#include "tests/support/t_api.h"

#include "base/crypto.h"

#include <stdarg.h>
#include <stdio.h>

void t_format(char out[T_JSON_CAP], const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(out, T_JSON_CAP, fmt, ap);
    va_end(ap);
    assert_in_range(n, 0, T_JSON_CAP - 1);
}

struct cw_hash t_hash(uint64_t seed, unsigned flipped)
{
    struct cw_hash h;
    cw_sha256(cw_bytes_of(&seed, sizeof seed), h.b);
    for (unsigned bit = 0; bit < flipped; bit++) {
        h.b[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
    return h;
}

void t_hash_text(uint64_t seed, unsigned flipped, char out[CW_HASH_TEXT_CAP])
{
    struct cw_hash h = t_hash(seed, flipped);
    cw_hash_format(&h, out);
}

void t_fingerprint_json(uint64_t seed, unsigned flipped, const char *more,
                        char out[T_JSON_CAP])
{
    char hex[CW_HASH_TEXT_CAP];
    t_hash_text(seed, flipped, hex);
    t_format(out, "{\"fingerprint\":{\"pdq\":\"%s\"}%s}", hex, more);
}

void t_register(const struct t_server *s, const char *key, const char *collection,
                const char *id, uint64_t seed)
{
    char path[T_JSON_CAP];
    char body[T_JSON_CAP];
    t_format(path, "/v1/collections/%s/assets/%s", collection, id);
    t_fingerprint_json(seed, 0, "", body);
    CW_AUTO(t_reply_done) struct t_reply r = t_put_json(s, key, path, body);
    t_expect_status(&r, 201);
}

void t_add_record(struct cw_buf *out, const char *id, uint8_t kind,
                  const struct cw_fingerprint *fp)
{
    CW_AUTO(cw_buf_done) struct cw_buf record = CW_BUF_INIT(CW_FP_MAX_BYTES + 1024);
    cw_put_u8(&record, 1); /* version */
    cw_put_u8(&record, kind);
    cw_put_u64(&record, 0); /* no embargo */
    cw_put_bytes16(&record, cw_bytes_str(id));
    cw_fingerprint_encode(fp, &record);
    cw_put_bytes32(out, cw_buf_view(&record));
    assert_false(out->failed);
}

struct t_reply t_post_records(const struct t_server *s, const char *key,
                              const char *collection, const struct cw_buf *records)
{
    char path[T_JSON_CAP];
    t_format(path, "/v1/collections/%s/assets", collection);
    return t_http(
        s, &(struct t_request){.method = "POST",
                               .path = path,
                               .key = key,
                               .content_type = "application/vnd.celwatch.fingerprints",
                               .body = cw_buf_view(records)});
}

void t_submit(const struct t_server *s, const char *key, const char *host, uint64_t seed,
              unsigned flipped, char out_id[T_ID_CAP])
{
    char where[T_JSON_CAP];
    char body[T_JSON_CAP];
    t_format(where, ",\"url\":\"http://%s/%llu.png\"", host, (unsigned long long)seed);
    t_fingerprint_json(seed, flipped, where, body);
    CW_AUTO(t_reply_done) struct t_reply r = t_post_json(s, key, "/v1/sightings", body);
    t_expect_status(&r, 202);
    if (out_id != NULL) {
        t_json_copy_text(r.json, "/sighting", out_id, T_ID_CAP);
    }
}

bool t_find_incident(const struct t_server *s, const char *key, const char *collection,
                     char out_id[T_ID_CAP])
{
    CW_AUTO(t_reply_done) struct t_reply r = t_get(s, key, "/v1/incidents?limit=1000");
    t_expect_status(&r, 200);
    bool found = false;
    size_t n = t_json_count(r.json, "/items");
    for (size_t i = 0; i < n; i++) {
        const struct cw_json *item = cw_json_at(t_json_at(r.json, "/items"), i);
        if (t_json_text_is(item, "/collection", collection)) {
            assert_false(found);
            found = true;
            t_json_copy_text(item, "/id", out_id, T_ID_CAP);
        }
    }
    return found;
}

void t_open_incident(const struct t_server *s, const char *key, const char *collection,
                     uint64_t seed, char out_id[T_ID_CAP])
{
    t_register(s, key, collection, "the-asset", seed);
    t_submit(s, key, "found.example", seed, 0, NULL);
    assert_true(t_find_incident(s, key, collection, out_id));
}
