# What the network may ask. Everything but main is an archive, so that tests can link it.
SERVER_SRC := server/conf.c server/log.c server/problem.c server/request.c server/route.c \
    server/routes.c server/names.c server/audit.c server/auth.c server/host.c server/body.c server/asset_body.c \
    server/deadline.c server/lane.c server/work.c server/stream.c server/metrics.c server/registry.c server/registry_load.c server/deriving.c \
    server/settling.c \
    server/checkpoint.c server/saved_dir.c server/check.c server/locals.c server/runs.c server/clues.c server/placing.c \
    server/matching.c server/folding.c server/templates.c server/match_json.c server/ingest.c server/http.c server/service.c \
    server/api_public.c server/api_keys.c server/api_collections.c server/api_assets.c \
    server/api_asset_reads.c server/api_sightings.c server/api_match.c \
    server/api_incidents.c server/api_decisions.c server/api_events.c server/pages.S
SERVER_MAIN := server/main.c
PAGE_FILES := server/pages/page.html server/pages/app.js server/pages/app.css
