/* match_json.h - matches as people and programs see them. */
#ifndef CW_SERVER_MATCH_JSON_H
#define CW_SERVER_MATCH_JSON_H

#include "base/json_write.h"
#include "server/matching.h"

/* A recorded match without its two sides, as members of an object that is open:
 * distance, score, view, the kinds agreeing, the outline in both pictures, turn, band,
 * confidence. */
void cw_match_evidence_write(struct cw_jw *w, const struct cw_match *m);
/* The member "run" of an object that is open: null for an asset that is alone. */
void cw_run_write(struct cw_jw *w, const struct cw_run_note *run);
/* The member "matches" of an object that is open: what a detail key may know. */
void cw_found_list_write(struct cw_jw *w, const struct cw_found_list *l);

#endif
