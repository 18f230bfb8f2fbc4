#include "index/event_json.h"

#include <inttypes.h>

static const char *const events[] = {
    [CW_EVENT_KEY_CREATED] = "key.created",
    [CW_EVENT_KEY_REVOKED] = "key.revoked",
    [CW_EVENT_COLLECTION_PUT] = "collection.put",
    [CW_EVENT_ASSET_REGISTERED] = "asset.registered",
    [CW_EVENT_ASSET_REPLACED] = "asset.replaced",
    [CW_EVENT_ASSET_RETIRED] = "asset.retired",
    [CW_EVENT_SIGHTING_RECORDED] = "sighting.recorded",
    [CW_EVENT_INCIDENT_OPENED] = "incident.opened",
    [CW_EVENT_INCIDENT_GREW] = "incident.grew",
    [CW_EVENT_INCIDENT_DECIDED] = "incident.decided",
    [CW_EVENT_INCIDENT_UNDONE] = "incident.undone",
    [CW_EVENT_INCIDENT_COMMENTED] = "incident.commented",
};

const char *cw_event_name(uint8_t type)
{
    const char *name = type < sizeof events / sizeof *events ? events[type] : NULL;
    return name == NULL ? "unknown" : name;
}

void cw_incident_id_write(struct cw_jw *w, uint64_t no)
{
    CW_AUTO(cw_buf_done) struct cw_buf text = CW_BUF_INIT(32);
    cw_buf_printf(&text, "INC-%" PRIu64, no);
    cw_jw_text(w, cw_buf_view(&text));
}

/* Begins the object and leaves it open. */
static struct cw_jw write_hashed(struct cw_buf *out, const struct cw_event *e)
{
    struct cw_jw w = cw_jw_of(out);
    cw_jw_begin_object(&w);
    cw_jw_ku64(&w, "seq", e->seq);
    cw_jw_ktime(&w, "at", e->at_us);
    cw_jw_kstr(&w, "type", cw_event_name(e->type));
    cw_jw_khex(&w, "actor", e->actor, sizeof e->actor);
    cw_jw_kstr(&w, "collection", e->collection[0] == '\0' ? NULL : e->collection);
    cw_jw_kstr(&w, "subject", e->subject[0] == '\0' ? NULL : e->subject);
    cw_jw_key(&w, "incident");
    if (e->incident == 0) {
        cw_jw_null(&w);
    } else {
        cw_incident_id_write(&w, e->incident);
    }
    cw_jw_kstr(&w, "detail", e->detail[0] == '\0' ? NULL : e->detail);
    return w;
}

void cw_event_write_hashed(struct cw_buf *out, const struct cw_event *e)
{
    (void)write_hashed(out, e);
}

void cw_event_write(struct cw_buf *out, const struct cw_event *e)
{
    struct cw_jw w = write_hashed(out, e);
    cw_jw_khex(&w, "hash", e->hash, sizeof e->hash);
    cw_jw_end_object(&w);
}
