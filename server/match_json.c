#include "server/match_json.h"

#include "server/names.h"

/* "Strong: 6 of 256 bits differ, turned a quarter to the left." */
static void write_words(struct cw_jw *w, const struct cw_match *m)
{
    static const char *const bands[] = {[CW_BAND_NONE] = "No match",
                                        [CW_BAND_WEAK] = "Weak",
                                        [CW_BAND_POSSIBLE] = "Possible",
                                        [CW_BAND_STRONG] = "Strong"};
    static const char *const turns[CW_TURN_COUNT] = {
        [CW_TURN_ORIG] = "",
        [CW_TURN_ROT90] = ", turned a quarter to the left",
        [CW_TURN_ROT180] = ", turned upside down",
        [CW_TURN_ROT270] = ", turned a quarter to the right",
        [CW_TURN_FLIPX] = ", mirrored top to bottom",
        [CW_TURN_FLIPY] = ", mirrored left to right",
        [CW_TURN_FLIPPLUS] = ", mirrored and turned a quarter",
        [CW_TURN_FLIPMINUS] = ", mirrored and turned a quarter",
    };
    static const char *const views[CW_VIEW_KINDS] = {
        [CW_VIEW_PDQ] = "",
        [CW_VIEW_PDQR] = ", margins left out",
        [CW_VIEW_INK] = ", compared as drawings",
        [CW_VIEW_PDQR_RECT] = ", in a part of the found picture",
        [CW_VIEW_INK_RECT] = ", in a part of the found picture, compared as drawings",
        [CW_VIEW_LOCAL] = "",
    };
    CW_AUTO(cw_buf_done) struct cw_buf words = CW_BUF_INIT(256);
    if (m->exact_bytes) {
        cw_buf_printf(&words, "%s: the very same file", bands[m->band]);
    } else if (m->view == CW_VIEW_LOCAL) {
        cw_buf_printf(&words, "%s: details lie as in the registered picture, score %.0f",
                      bands[m->band], (double)m->score / CW_MATCH_ONE);
    } else {
        cw_buf_printf(&words, "%s: %u of 256 bits differ", bands[m->band], m->distance);
    }
    cw_buf_printf(&words, "%s%s%s.", m->exact_bytes ? "" : views[m->view], turns[m->turn],
                  m->inverted ? ", light and dark exchanged" : "");
    cw_jw_text(w, cw_buf_view(&words));
}

/* [[x,y],...] in shares of width and height. */
static void write_corners(struct cw_jw *w, const char *name, const struct cw_place *at,
                          unsigned n)
{
    cw_jw_key(w, name);
    cw_jw_begin_array(w);
    for (unsigned i = 0; i < n; i++) {
        cw_jw_begin_array(w);
        cw_jw_fixed(w, at[i].x / (double)UINT16_MAX, 4);
        cw_jw_fixed(w, at[i].y / (double)UINT16_MAX, 4);
        cw_jw_end_array(w);
    }
    cw_jw_end_array(w);
}

/* What made the match: figures, the view, the kinds that agree, where it lies in either
 * picture, and how sure it is. */
void cw_match_evidence_write(struct cw_jw *w, const struct cw_match *m)
{
    cw_jw_key(w, "confidence");
    cw_jw_fixed(w, m->confidence / 1e6, 6);
    cw_jw_kstr(w, "band", cw_band_name(m->band));
    cw_jw_ku64(w, "distance", m->distance);
    cw_jw_key(w, "score");
    cw_jw_fixed(w, (double)m->score / CW_MATCH_ONE, 1);
    cw_jw_kstr(w, "view", cw_view_name(m->view, CW_TURN_ORIG));
    cw_jw_key(w, "agreeing");
    cw_jw_begin_array(w);
    for (uint8_t kind = CW_VIEW_PDQ; kind < CW_VIEW_KINDS; kind++) {
        if ((m->agreeing & 1U << kind) != 0) {
            cw_jw_str(w, cw_view_name(kind, CW_TURN_ORIG));
        }
    }
    cw_jw_end_array(w);
    cw_jw_key(w, "polygon");
    cw_jw_begin_object(w);
    write_corners(w, "found", m->found, m->n_corners);
    write_corners(w, "asset", m->shown, m->n_corners);
    cw_jw_end_object(w);
    cw_jw_kstr(w, "turn", cw_turn_name(m->turn));
    cw_jw_kbool(w, "inverted", m->inverted);
    cw_jw_kbool(w, "exact_bytes", m->exact_bytes);
}

void cw_run_write(struct cw_jw *w, const struct cw_run_note *run)
{
    cw_jw_key(w, "run");
    if (run->frames <= 1) {
        cw_jw_null(w);
        return;
    }
    cw_jw_begin_object(w);
    cw_jw_kstr(w, "keyframe", run->keyframe);
    cw_jw_ku64(w, "frames", run->frames);
    cw_jw_end_object(w);
}

static void write_found(struct cw_jw *w, const struct cw_found *f)
{
    const struct cw_match *m = &f->match;
    cw_jw_begin_object(w);
    cw_jw_kstr(w, "collection", f->asset.collection);
    cw_jw_kstr(w, "asset", f->asset.id);
    cw_jw_ku64(w, "version", f->asset.version);
    cw_run_write(w, &f->run);
    cw_match_evidence_write(w, m);
    cw_jw_key(w, "false_matches_expected");
    cw_jw_fixed(w, f->expected_false, 9);
    cw_jw_key(w, "words");
    write_words(w, m);
    cw_jw_end_object(w);
}

void cw_found_list_write(struct cw_jw *w, const struct cw_found_list *l)
{
    cw_jw_key(w, "matches");
    cw_jw_begin_array(w);
    for (size_t i = 0; i < l->n && i < CW_MATCHES_SHOWN; i++) {
        write_found(w, &l->items[i]);
    }
    cw_jw_end_array(w);
}
