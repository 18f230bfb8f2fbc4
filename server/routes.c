/* routes.c - every route of the service. api-spec/openapi.yaml has the same list; a test
 * compares the two, roles included. */
#include "server/api.h"

#define STUDIO CW_MAY(CW_ROLE_STUDIO)
#define CRAWLER CW_MAY(CW_ROLE_CRAWLER)
#define REVIEWER CW_MAY(CW_ROLE_REVIEWER)
#define AUDITOR CW_MAY(CW_ROLE_AUDITOR)
#define ADMIN CW_MAY(CW_ROLE_ADMIN)
#define PICTURE CW_BODY_PICTURE
#define JSON CW_BODY_JSON
#define NDJSON CW_BODY_NDJSON
#define HASHES CW_BODY_HASHES
#define FINGERPRINTS CW_BODY_FINGERPRINTS
#define INLINE CW_LANE_INLINE
#define SEARCH CW_LANE_SEARCH
#define WORK CW_LANE_WORK
#define REVIEW CW_LANE_REVIEW

const struct cw_route cw_routes[] = {
    {CW_GET, "/", CW_MAY_PUBLIC, 0, INLINE, cw_api_page},
    {CW_GET, "/ui/app.js", CW_MAY_PUBLIC, 0, INLINE, cw_api_script},
    {CW_GET, "/ui/app.css", CW_MAY_PUBLIC, 0, INLINE, cw_api_style},
    {CW_GET, "/openapi.json", CW_MAY_PUBLIC, 0, INLINE, cw_api_openapi},
    {CW_GET, "/healthz", CW_MAY_PUBLIC, 0, INLINE, cw_api_health},
    {CW_GET, "/readyz", CW_MAY_PUBLIC, 0, INLINE, cw_api_ready},
    {CW_GET, "/metrics", CW_MAY_PUBLIC, 0, INLINE, cw_api_metrics},

    {CW_POST, "/v1/keys", ADMIN, JSON, REVIEW, cw_api_key_create},
    {CW_GET, "/v1/keys", ADMIN, 0, INLINE, cw_api_key_list},
    {CW_DELETE, "/v1/keys/{id}", ADMIN, 0, REVIEW, cw_api_key_revoke},

    {CW_POST, "/v1/collections", STUDIO | ADMIN, JSON, WORK, cw_api_collection_put},
    {CW_GET, "/v1/collections", STUDIO | REVIEWER | ADMIN, 0, INLINE,
     cw_api_collection_list},
    {CW_GET, "/v1/collections/{c}", STUDIO | REVIEWER | ADMIN, 0, INLINE,
     cw_api_collection_get},
    {CW_POST, "/v1/collections/{c}/assets", STUDIO | ADMIN,
     PICTURE | JSON | NDJSON | FINGERPRINTS, WORK, cw_api_asset_post},
    {CW_GET, "/v1/collections/{c}/assets", STUDIO | REVIEWER | ADMIN, 0, INLINE,
     cw_api_asset_list},
    {CW_PUT, "/v1/collections/{c}/assets/{id}", STUDIO | ADMIN, PICTURE | JSON, WORK,
     cw_api_asset_put},
    {CW_GET, "/v1/collections/{c}/assets/{id}", STUDIO | REVIEWER | ADMIN, 0, INLINE,
     cw_api_asset_get},
    {CW_DELETE, "/v1/collections/{c}/assets/{id}", STUDIO | ADMIN, 0, WORK,
     cw_api_asset_delete},

    {CW_POST, "/v1/sightings", CRAWLER | ADMIN, PICTURE | JSON | NDJSON, WORK,
     cw_api_sighting_post},
    {CW_GET, "/v1/sightings/{id}", CRAWLER | REVIEWER | ADMIN, 0, INLINE,
     cw_api_sighting_get},
    {CW_POST, "/v1/match", STUDIO | CRAWLER | REVIEWER | ADMIN, PICTURE | JSON | HASHES,
     SEARCH, cw_api_match},

    {CW_GET, "/v1/incidents", STUDIO | REVIEWER | ADMIN, 0, INLINE, cw_api_incident_list},
    {CW_GET, "/v1/incidents/{id}", STUDIO | REVIEWER | ADMIN, 0, INLINE,
     cw_api_incident_get},
    {CW_GET, "/v1/incidents/{id}/matches", STUDIO | REVIEWER | ADMIN, 0, INLINE,
     cw_api_incident_matches},
    {CW_POST, "/v1/incidents/{id}/decisions", REVIEWER | ADMIN, JSON, REVIEW,
     cw_api_decide},
    {CW_POST, "/v1/incidents/{id}/comments", REVIEWER | ADMIN, JSON, REVIEW,
     cw_api_comment},

    {CW_GET, "/v1/events", STUDIO | REVIEWER | AUDITOR | ADMIN, 0, INLINE, cw_api_events},
};
const size_t cw_n_routes = sizeof cw_routes / sizeof *cw_routes;
