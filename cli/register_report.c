#include "cli/register_report.h"

#include "base/json_write.h"
#include "cli/cli.h"
#include "cli/plain_text.h"
#include "cli/render.h"

#define REPORT_MAX ((size_t)8 * 1024 * 1024)

/* What became of a file, in the words of the interface, and where it is counted. */
static const char *settle(const struct cw_register_item *item,
                          struct cw_register_totals *totals)
{
    struct cw_bytes status = {0};
    bool weak = false;
    if (item->answer == NULL) {
        totals->n_unreadable++;
        return "unreadable";
    }
    (void)cw_json_text(cw_json_get(item->answer, "status"), &status);
    (void)cw_json_bool(cw_json_get(item->answer, "weak"), &weak);
    const bool unchanged = cw_bytes_equal_str(status, "unchanged");
    const bool upgraded = cw_bytes_equal_str(status, "upgraded");
    const bool replaced = upgraded || cw_bytes_equal_str(status, "replaced");
    if (!unchanged && !replaced && !cw_bytes_equal_str(status, "registered")) {
        totals->n_refused++;
        return "refused";
    }
    if (weak) {
        totals->n_weak++;
        return "weak";
    }
    totals->n_unchanged += unchanged ? 1 : 0;
    totals->n_replaced += replaced ? 1 : 0;
    totals->n_registered += unchanged || replaced ? 0 : 1;
    return unchanged  ? "unchanged"
           : upgraded ? "upgraded"
           : replaced ? "replaced"
                      : "registered";
}

/* Copies a member of the answer as it is, if it is there. */
static void copy_member(struct cw_jw *w, const struct cw_json *answer, const char *member,
                        const char *name)
{
    const struct cw_json *v = cw_json_get(answer, member);
    if (v != NULL) {
        cw_jw_key(w, name);
        w->comma = true;
        cw_json_dump(v, w->out);
    }
}

static void render_json(const struct cw_register_item *item, const char *status,
                        struct cw_buf *out)
{
    static const char *const members[] = {"collection", "version", "kind", "quality",
                                          "code"};
    const struct cw_json *seen = cw_json_get(item->answer, "seen_before");
    struct cw_jw w = cw_jw_of(out);
    cw_jw_begin_object(&w);
    cw_jw_kstr(&w, "file", item->file);
    cw_jw_kstr(&w, "asset", item->asset[0] == '\0' ? NULL : item->asset);
    cw_jw_kstr(&w, "status", status);
    copy_member(&w, item->answer, "status", "stored");
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        copy_member(&w, item->answer, members[i], members[i]);
    }
    if (item->answer == NULL) {
        cw_jw_kstr(&w, "error", item->why);
    } else {
        copy_member(&w, item->answer, "detail", "error");
    }
    cw_jw_key(&w, "seen_before");
    if (cw_json_is_array(seen)) {
        w.comma = true;
        cw_json_dump(seen, out);
    } else {
        cw_jw_begin_array(&w);
        cw_jw_end_array(&w);
    }
    cw_jw_end_object(&w);
    cw_buf_add_str(out, "\n");
}

static void render_seen(const struct cw_register_item *item, struct cw_buf *out)
{
    const struct cw_json *seen = cw_json_get(item->answer, "seen_before");
    const size_t n = cw_json_count(seen);
    if (n == 0) {
        return;
    }
    cw_buf_add_str(out, "SEEN BEFORE  ");
    cw_add_plain_str(out, item->file);
    cw_buf_add_str(out, "\n");
    for (size_t i = 0; i < n; i++) {
        cw_buf_add_str(out, "    ");
        cw_render_seen(out, cw_json_at(seen, i));
        cw_buf_add_str(out, "\n");
    }
}

static void render_problem(const struct cw_register_item *item, const char *status,
                           struct cw_buf *problem)
{
    if (item->answer == NULL) {
        cw_buf_printf(problem, "%s: %s", item->file, item->why);
    } else if (cw_bytes_equal_str(cw_bytes_str(status), "weak")) {
        cw_buf_printf(problem, "%s: registered, but weak (quality ", item->file);
        cw_add_member(problem, item->answer, "quality");
        cw_buf_add_str(problem, ")");
    } else if (cw_bytes_equal_str(cw_bytes_str(status), "refused")) {
        cw_buf_printf(problem, "%s: refused: ", item->file);
        cw_add_member(problem, item->answer, "detail");
        cw_buf_add_str(problem, " (");
        cw_add_member(problem, item->answer, "code");
        cw_buf_add_str(problem, ")");
    }
}

void cw_register_render(const struct cw_register_item *item, bool json,
                        struct cw_register_totals *totals, struct cw_buf *out,
                        struct cw_buf *problem)
{
    const char *status = settle(item, totals);
    totals->n_seen += cw_json_count(cw_json_get(item->answer, "seen_before")) > 0 ? 1 : 0;
    if (json) {
        render_json(item, status, out);
    } else {
        render_seen(item, out);
        render_problem(item, status, problem);
    }
}

void cw_register_report(const struct cw_register_item *item, bool json,
                        struct cw_register_totals *totals)
{
    CW_AUTO(cw_buf_done) struct cw_buf out = CW_BUF_INIT(REPORT_MAX);
    CW_AUTO(cw_buf_done) struct cw_buf problem = CW_BUF_INIT(REPORT_MAX);
    cw_register_render(item, json, totals, &out, &problem);
    cw_print(&out);
    if (problem.len > 0) {
        cw_complain("%s", cw_buf_str(&problem));
    }
}

static void add_size(struct cw_buf *out, uint64_t n_bytes)
{
    if (n_bytes < 1000) {
        cw_buf_printf(out, "%u B", (unsigned)n_bytes);
    } else if (n_bytes < 10000000) {
        cw_buf_printf(out, "%.0f kB", (double)n_bytes / 1e3);
    } else {
        cw_buf_printf(out, "%.0f MB", (double)n_bytes / 1e6);
    }
}

void cw_register_render_totals(const struct cw_register_totals *totals,
                               const char *collection, struct cw_buf *out)
{
    cw_add_plain_str(out, collection);
    cw_buf_printf(out,
                  ": %zu registered, %zu unchanged, %zu replaced, %zu weak, "
                  "%zu unreadable, %zu refused\n",
                  totals->n_registered, totals->n_unchanged, totals->n_replaced,
                  totals->n_weak, totals->n_unreadable, totals->n_refused);
    cw_buf_printf(out, "sent %zu fingerprint%s, ", totals->n_sent,
                  totals->n_sent == 1 ? "" : "s");
    add_size(out, totals->n_bytes);
    cw_buf_add_str(out, ", 0 pixels\n");
    if (totals->n_seen > 0) {
        cw_buf_printf(out, "SEEN BEFORE: %zu; `celwatch incidents` shows where\n",
                      totals->n_seen);
    }
}

void cw_register_print_totals(const struct cw_register_totals *totals,
                              const char *collection)
{
    CW_AUTO(cw_buf_done) struct cw_buf out = CW_BUF_INIT(REPORT_MAX);
    cw_register_render_totals(totals, collection, &out);
    cw_print(&out);
}

bool cw_register_all_well(const struct cw_register_totals *totals)
{
    return totals->n_weak + totals->n_unreadable + totals->n_refused == 0;
}
