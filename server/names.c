#include "server/names.h"

#include <inttypes.h>
#include <string.h>

#include "base/num.h"
#include "hashing/confidence.h"
#include "hashing/fingerprint.h"
#include "index/store.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const states[] = {
    [CW_STATE_NEW] = "new",
    [CW_STATE_TRIAGED] = "triaged",
    [CW_STATE_CONFIRMED] = "confirmed",
    [CW_STATE_REJECTED] = "rejected",
    [CW_STATE_DUPLICATE] = "duplicate",
    [CW_STATE_AUTHORISED] = "authorised",
    [CW_STATE_RELEASED] = "released",
    [CW_STATE_CLOSED] = "closed",
};
static const char *const kinds[] = {
    [CW_KIND_FRAME] = "frame",
    [CW_KIND_SKETCH] = "sketch",
    [CW_KIND_STORYBOARD] = "storyboard",
    [CW_KIND_SHEET] = "sheet",
};
static const char *const bands[] = {
    [CW_BAND_NONE] = "none",
    [CW_BAND_WEAK] = "weak",
    [CW_BAND_POSSIBLE] = "possible",
    [CW_BAND_STRONG] = "strong",
};
static const char *const turns[] = {
    [CW_TURN_ORIG] = "orig",         [CW_TURN_ROT90] = "rot90",
    [CW_TURN_ROT180] = "rot180",     [CW_TURN_ROT270] = "rot270",
    [CW_TURN_FLIPX] = "flipx",       [CW_TURN_FLIPY] = "flipy",
    [CW_TURN_FLIPPLUS] = "flipplus", [CW_TURN_FLIPMINUS] = "flipminus",
};
static const char *const roles[] = {
    [CW_ROLE_STUDIO] = "studio",     [CW_ROLE_CRAWLER] = "crawler",
    [CW_ROLE_REVIEWER] = "reviewer", [CW_ROLE_AUDITOR] = "auditor",
    [CW_ROLE_ADMIN] = "admin",
};
static const char *const disclosures[] = {
    [CW_DISCLOSE_RECEIPT] = "receipt",
    [CW_DISCLOSE_VERDICT] = "verdict",
    [CW_DISCLOSE_DETAIL] = "detail",
};
static const char *const acts[] = {
    [CW_ACT_DECISION] = "decision",
    [CW_ACT_UNDO] = "undo",
    [CW_ACT_COMMENT] = "comment",
};
static const char *name_of(const char *const *names, size_t n, uint8_t number)
{
    return number < n && names[number] != NULL ? names[number] : "unknown";
}

static bool number_of(const char *const *names, size_t n, struct cw_bytes name,
                      uint8_t *out)
{
    for (size_t i = 0; i < n; i++) {
        if (names[i] != NULL && cw_bytes_equal_str(name, names[i])) {
            *out = (uint8_t)i;
            return true;
        }
    }
    return false;
}

const char *cw_state_name(uint8_t state)
{
    return name_of(states, COUNT(states), state);
}

bool cw_state_parse(struct cw_bytes name, uint8_t *out)
{
    return number_of(states, COUNT(states), name, out);
}

const char *cw_kind_name(uint8_t kind)
{
    return name_of(kinds, COUNT(kinds), kind);
}

bool cw_kind_parse(struct cw_bytes name, uint8_t *out)
{
    return number_of(kinds, COUNT(kinds), name, out);
}

const char *cw_band_name(uint8_t band)
{
    return name_of(bands, COUNT(bands), band);
}

const char *cw_turn_name(uint8_t turn)
{
    return name_of(turns, COUNT(turns), turn);
}

const char *cw_role_name(uint8_t role)
{
    return name_of(roles, COUNT(roles), role);
}

bool cw_role_parse(struct cw_bytes name, uint8_t *out)
{
    return number_of(roles, COUNT(roles), name, out);
}

const char *cw_disclosure_name(uint8_t disclosure)
{
    return name_of(disclosures, COUNT(disclosures), disclosure);
}

bool cw_disclosure_parse(struct cw_bytes name, uint8_t *out)
{
    return number_of(disclosures, COUNT(disclosures), name, out);
}

const char *cw_act_name(uint8_t act)
{
    return name_of(acts, COUNT(acts), act);
}

bool cw_incident_id_parse(const char *text, uint64_t *out)
{
    static const char prefix[] = "INC-";
    return strncmp(text, prefix, sizeof prefix - 1) == 0 &&
           cw_parse_u64(cw_bytes_str(text + sizeof prefix - 1), 1, UINT64_MAX, "incident",
                        out, NULL) == 0;
}
