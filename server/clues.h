/* clues.h - what the searches find near a picture, before anything is judged. */
#ifndef CW_SERVER_CLUES_H
#define CW_SERVER_CLUES_H

#include "server/matching.h"
#include "server/registry.h"

/* Views of kind `asked` are looked for among rows of kind `rows`; what they meet counts
 * as kind `seen`. */
struct cw_clue_route {
    uint8_t asked, rows, seen;
};
/* All there are on that side; static storage. */
#define CW_CLUE_ROUTES 5
const struct cw_clue_route *cw_clue_routes(enum cw_locals_side side);

/* A pair of views that are near; or, of kind CW_VIEW_LOCAL, the advice to compare local
 * descriptors: that clue has no view and no distance. */
struct cw_clue {
    uint64_t owner;              /* asset or sighting number */
    const struct cw_view *asked; /* borrowed from the fingerprint that asks */
    struct cw_clue_route route;
    uint16_t distance;
    bool inverted;
};

struct cw_clues {
    size_t n, cap;
    struct cw_clue *items; /* owned; those of one owner beside each other */
};
void cw_clues_done(struct cw_clues *c);

/* Looks for a picture among the assets or the sightings of a studio.
 *
 * Local descriptors are the costly part. They are left out if options->fast says so, if
 * nothing came to them since options->late, and if the picture as a whole is already
 * known to be a registered one all but exactly: whatever they found would not change
 * that. */
int cw_clues_gather(struct cw_registry *registry, enum cw_locals_side side,
                    cw_studio_no studio, const struct cw_fingerprint *fp,
                    const struct cw_match_options *options, struct cw_clues *out,
                    struct cw_err *err) CW_CHECKED;

#endif
