#include "cli/render.h"

#include <inttypes.h>

#include "base/json_write.h"
#include "cli/plain_text.h"

#define DUMP_MAX ((size_t)32 * 1024 * 1024)
#define TIME_COLUMNS 27 /* "2026-11-23T05:43:00.123456Z" */

void cw_add_member(struct cw_buf *out, const struct cw_json *object, const char *name)
{
    const struct cw_json *v = cw_json_get(object, name);
    struct cw_bytes text;
    uint64_t whole;
    double number;
    if (cw_json_text(v, &text) && text.len > 0) {
        cw_add_plain(out, text);
    } else if (cw_json_u64(v, &whole)) {
        cw_buf_printf(out, "%" PRIu64, whole);
    } else if (cw_json_double(v, &number)) {
        cw_buf_printf(out, "%.4g", number);
    } else {
        cw_buf_add_str(out, "-");
    }
}

/* Like cw_add_member, filled up with blanks to `columns` (bytes: a help for ASCII). */
static void add_column(struct cw_buf *out, const struct cw_json *object, const char *name,
                       int columns)
{
    CW_AUTO(cw_buf_done) struct cw_buf cell = CW_BUF_INIT(8192);
    cw_add_member(&cell, object, name);
    cw_buf_printf(out, "%-*s  ", columns, cw_buf_str(&cell));
}

static void add_named(struct cw_buf *out, const struct cw_json *object, const char *name)
{
    cw_buf_printf(out, "  %s ", name);
    cw_add_member(out, object, name);
}

static bool is_true(const struct cw_json *object, const char *name)
{
    bool v = false;
    return cw_json_bool(cw_json_get(object, name), &v) && v;
}

static void add_confidence(struct cw_buf *out, const struct cw_json *object)
{
    double confidence;
    if (cw_json_double(cw_json_get(object, "confidence"), &confidence)) {
        cw_buf_printf(out, "  confidence %.2f", confidence);
    }
}

/* How the match came about: distance, score, view, turn, exactness. */
static void add_evidence(struct cw_buf *out, const struct cw_json *match)
{
    struct cw_bytes turn, view;
    double score;
    add_named(out, match, "distance");
    if (cw_json_double(cw_json_get(match, "score"), &score) && score > 0) {
        cw_buf_printf(out, "  score %.0f", score);
    }
    if (cw_json_text(cw_json_get(match, "view"), &view) &&
        !cw_bytes_equal_str(view, "pdq")) {
        cw_buf_add_str(out, "  by ");
        cw_add_plain(out, view);
    }
    if (cw_json_text(cw_json_get(match, "turn"), &turn) &&
        !cw_bytes_equal_str(turn, "orig")) {
        cw_buf_add_str(out, "  turned ");
        cw_add_plain(out, turn);
    }
    if (is_true(match, "inverted")) {
        cw_buf_add_str(out, "  inverted");
    }
    if (is_true(match, "exact_bytes")) {
        cw_buf_add_str(out, "  the very same file");
    }
}

/* "(1 of 12 near-identical frames)" */
static void add_run(struct cw_buf *out, const struct cw_json *match)
{
    uint64_t frames;
    if (cw_json_u64(cw_json_get(cw_json_get(match, "run"), "frames"), &frames)) {
        cw_buf_printf(out, "  (1 of %" PRIu64 " near-identical frames)", frames);
    }
}

void cw_render_match(struct cw_buf *out, const struct cw_json *match)
{
    add_column(out, match, "band", 8);
    cw_add_member(out, match, "collection");
    cw_buf_add_str(out, ": ");
    cw_add_member(out, match, "asset");
    add_run(out, match);
    add_confidence(out, match);
    add_evidence(out, match);
}

/* The found URL, or the address where there is none. */
static void add_place(struct cw_buf *out, const struct cw_json *found)
{
    struct cw_bytes url;
    const bool has_url = cw_json_text(cw_json_get(found, "url"), &url) && url.len > 0;
    cw_add_member(out, found, has_url ? "url" : "ip");
}

void cw_render_seen(struct cw_buf *out, const struct cw_json *seen)
{
    add_column(out, seen, "band", 8);
    add_place(out, seen);
    cw_buf_add_str(out, "  on ");
    cw_add_member(out, seen, "fetched_at");
    add_evidence(out, seen);
}

void cw_render_incident(struct cw_buf *out, const struct cw_json *incident)
{
    add_column(out, incident, "id", 8);
    add_column(out, incident, "state", 10);
    add_column(out, incident, "band", 8);
    add_column(out, incident, "matches", 6);
    add_column(out, incident, "last_seen", TIME_COLUMNS);
    cw_add_member(out, incident, "collection");
    cw_buf_add_str(out, " on ");
    cw_add_member(out, incident, "host");
}

void cw_render_incident_match(struct cw_buf *out, const struct cw_json *match)
{
    add_column(out, match, "band", 8);
    cw_add_member(out, match, "asset");
    cw_buf_add_str(out, "  at ");
    add_place(out, match);
    add_run(out, match);
    cw_buf_add_str(out, "  on ");
    cw_add_member(out, match, "fetched_at");
    add_evidence(out, match);
    if (is_true(match, "lookback")) {
        cw_buf_add_str(out, "  (seen before it was registered)");
    }
}

static bool same_text(const struct cw_json *object, const char *a, const char *b)
{
    struct cw_bytes one, other;
    return cw_json_text(cw_json_get(object, a), &one) &&
           cw_json_text(cw_json_get(object, b), &other) && cw_bytes_equal(one, other);
}

void cw_render_history(struct cw_buf *out, const struct cw_json *entry)
{
    struct cw_bytes text;
    add_column(out, entry, "at", TIME_COLUMNS);
    add_column(out, entry, "act", 8);
    if (!same_text(entry, "state_before", "state_after")) {
        cw_add_member(out, entry, "state_before");
        cw_buf_add_str(out, " -> ");
        cw_add_member(out, entry, "state_after");
        cw_buf_add_str(out, "  ");
    }
    cw_buf_add_str(out, "by ");
    cw_add_member(out, entry, "actor");
    if (cw_json_text(cw_json_get(entry, "text"), &text) && text.len > 0) {
        cw_buf_add_str(out, ": ");
        cw_add_plain(out, text);
    }
}

void cw_json_line_with_file(struct cw_buf *out, const char *file,
                            const struct cw_json *object)
{
    struct cw_jw w = cw_jw_of(out);
    CW_AUTO(cw_buf_done) struct cw_buf members = CW_BUF_INIT(DUMP_MAX);
    cw_json_dump(object, &members);
    cw_buf_add_str(out, "{");
    cw_jw_kstr(&w, "file", file);
    if (members.failed || members.len < 2) {
        out->failed = true;
    } else if (members.len == 2) {
        cw_buf_add_str(out, "}\n");
    } else {
        cw_buf_add_str(out, ",");
        cw_buf_add(out, members.p + 1, members.len - 1);
        cw_buf_add_str(out, "\n");
    }
}

void cw_json_line_failed(struct cw_buf *out, const char *file, const char *status,
                         const char *why)
{
    struct cw_jw w = cw_jw_of(out);
    cw_jw_begin_object(&w);
    cw_jw_kstr(&w, "file", file);
    cw_jw_kstr(&w, "status", status);
    cw_jw_kstr(&w, "error", why);
    cw_jw_end_object(&w);
    cw_buf_add_str(out, "\n");
}

void cw_json_line(struct cw_buf *out, const struct cw_json *v)
{
    cw_json_dump(v, out);
    cw_buf_add_str(out, "\n");
}
