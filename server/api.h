/* api.h - the handlers of all routes, grouped by the file that holds them. */
#ifndef CW_SERVER_API_H
#define CW_SERVER_API_H

#include "server/app.h"
#include "server/route.h"

/* api_public.c */
cw_handler cw_api_health, cw_api_ready, cw_api_metrics, cw_api_openapi, cw_api_page,
    cw_api_script, cw_api_style;
/* api_keys.c */
cw_handler cw_api_key_create, cw_api_key_list, cw_api_key_revoke;
/* api_collections.c */
cw_handler cw_api_collection_put, cw_api_collection_get, cw_api_collection_list;
/* api_assets.c */
cw_handler cw_api_asset_put, cw_api_asset_post, cw_api_asset_get, cw_api_asset_list,
    cw_api_asset_delete;
/* api_sightings.c */
cw_handler cw_api_sighting_post, cw_api_sighting_get;
/* api_match.c */
cw_handler cw_api_match;
/* api_incidents.c */
cw_handler cw_api_incident_list, cw_api_incident_get, cw_api_incident_matches;
/* api_decisions.c */
cw_handler cw_api_decide, cw_api_comment;
/* api_events.c */
cw_handler cw_api_events;

/* Answers with an incident, its history and its ETag. */
void cw_answer_incident(struct cw_app *app, struct cw_request *r, unsigned status,
                        const struct cw_incident *i);

#endif
