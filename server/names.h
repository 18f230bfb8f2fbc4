/* names.h - the wire names of numbered things: states, bands, kinds, roles,
 * turns. */
#ifndef CW_SERVER_NAMES_H
#define CW_SERVER_NAMES_H

#include <stdbool.h>

#include "base/json_write.h"
#include "index/event_json.h"

/* Each returns a static name, or "unknown" for a number that has none; each parse returns
 * false for a name that is not known. */
const char *cw_state_name(uint8_t state);
bool cw_state_parse(struct cw_bytes name, uint8_t *out);
const char *cw_kind_name(uint8_t kind);
bool cw_kind_parse(struct cw_bytes name, uint8_t *out);
const char *cw_band_name(uint8_t band);
const char *cw_turn_name(uint8_t turn);
const char *cw_role_name(uint8_t role);
bool cw_role_parse(struct cw_bytes name, uint8_t *out);
const char *cw_disclosure_name(uint8_t disclosure);
bool cw_disclosure_parse(struct cw_bytes name, uint8_t *out);
const char *cw_act_name(uint8_t act);

/* Incidents are INC-1, INC-2, ... within a studio; index/event_json.h writes them. */
bool cw_incident_id_parse(const char *text, uint64_t *out);

#endif
