#include "server/templates.h"

#include <string.h>

/* What a weak match may claim to be at most. */
#define WEAK_CONFIDENCE 500000

/* Possible, and by one kind of view. What was registered by recipe 1 has no other kind
 * that could agree, so nothing can be said of it. */
static bool is_suspect(const struct cw_match *m)
{
    const bool alone = (m->agreeing & (m->agreeing - 1)) == 0;
    return m->band == CW_BAND_POSSIBLE && alone && m->view != CW_VIEW_PDQ &&
           m->view != CW_VIEW_LOCAL;
}

static bool same_place(const struct cw_match *a, const struct cw_match *b)
{
    return a->view == b->view && a->n_corners == b->n_corners &&
           memcmp(a->found, b->found, a->n_corners * sizeof *a->found) == 0;
}

static bool is_template(const struct cw_found_list *l, const struct cw_match *m)
{
    unsigned n = 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct cw_match *other = &l->items[i].match;
        n += is_suspect(other) && same_place(other, m);
    }
    return n >= CW_TEMPLATE_ASSETS;
}

void cw_lower_templates(struct cw_found_list *list, enum cw_band least)
{
    bool lowered[CW_MATCHES_MAX] = {false};
    size_t n = 0;
    for (size_t i = 0; i < list->n && i < CW_MATCHES_MAX; i++) {
        const struct cw_match *m = &list->items[i].match;
        lowered[i] = is_suspect(m) && is_template(list, m);
    }
    for (size_t i = 0; i < list->n; i++) {
        struct cw_match *m = &list->items[i].match;
        if (i < CW_MATCHES_MAX && lowered[i]) {
            m->band = CW_BAND_WEAK;
            m->confidence =
                m->confidence < WEAK_CONFIDENCE ? m->confidence : WEAK_CONFIDENCE;
        }
        if (m->band >= least) {
            list->items[n++] = list->items[i];
        }
    }
    list->n = n;
    cw_found_list_sort(list);
}
