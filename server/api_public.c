/* api_public.c - what everybody may ask: health, metrics, the contract, the page. */
#include <string.h>

#include "index/search.h"
#include "server/api.h"
#include "server/auth.h"
#include "server/metrics.h"
#include "server/registry.h"

/* The files of pages.S; each ends where its _end begins. */
extern const uint8_t cw_page_html[], cw_page_html_end[];
extern const uint8_t cw_page_script[], cw_page_script_end[];
extern const uint8_t cw_page_style[], cw_page_style_end[];
extern const uint8_t cw_page_openapi[], cw_page_openapi_end[];

static void answer_file(struct cw_request *r, const char *type, const uint8_t *start,
                        const uint8_t *end)
{
    cw_answer(r, 200, type);
    cw_answer_header(r, "X-Content-Type-Options", "nosniff");
    cw_answer_header(r, "Cache-Control", "no-cache");
    cw_buf_add(&r->answer, start, (size_t)(end - start));
}

void cw_api_page(struct cw_app *app, struct cw_request *r)
{
    (void)app;
    answer_file(r, "text/html; charset=utf-8", cw_page_html, cw_page_html_end);
    cw_answer_header(r, "Content-Security-Policy",
                     "default-src 'none'; script-src 'self'; style-src 'self'; "
                     "connect-src 'self'; img-src 'self'; base-uri 'none'; "
                     "form-action 'none'; frame-ancestors 'none'");
    cw_answer_header(r, "Referrer-Policy", "no-referrer");
}

void cw_api_script(struct cw_app *app, struct cw_request *r)
{
    (void)app;
    answer_file(r, "text/javascript; charset=utf-8", cw_page_script, cw_page_script_end);
}

void cw_api_style(struct cw_app *app, struct cw_request *r)
{
    (void)app;
    answer_file(r, "text/css; charset=utf-8", cw_page_style, cw_page_style_end);
}

void cw_api_openapi(struct cw_app *app, struct cw_request *r)
{
    (void)app;
    answer_file(r, "application/json", cw_page_openapi, cw_page_openapi_end);
}

void cw_api_health(struct cw_app *app, struct cw_request *r)
{
    struct cw_jw w = cw_answer_json(r, 200);
    (void)app;
    cw_jw_begin_object(&w);
    cw_jw_kstr(&w, "status", "ok");
    cw_jw_end_object(&w);
}

static const char *status_of(const struct cw_app *app)
{
    if (!atomic_load(&app->ready)) {
        return "loading";
    }
    return atomic_load(&app->degraded) ? "degraded" : "ready";
}

void cw_api_ready(struct cw_app *app, struct cw_request *r)
{
    struct cw_store_stats stats;
    struct cw_err err;
    if (cw_store_get_stats(app->store, &stats, &err) != 0) {
        cw_answer_failure(r, &err);
        return;
    }
    struct cw_jw w = cw_answer_json(r, atomic_load(&app->ready) ? 200 : 503);
    cw_jw_begin_object(&w);
    cw_jw_kstr(&w, "status", status_of(app));
    cw_jw_ku64(&w, "assets", stats.assets);
    cw_jw_ku64(&w, "sightings", stats.sightings);
    if (atomic_load(&app->degraded)) {
        cw_jw_ku64(&w, "pending", cw_registry_pending(app->registry));
    }
    cw_jw_end_object(&w);
}

void cw_api_metrics(struct cw_app *app, struct cw_request *r)
{
    const bool operator_key =
        r->known_key && strcmp(r->key.studio_name, CW_FIRST_STUDIO) == 0 &&
        (r->key.role == CW_ROLE_ADMIN || r->key.role == CW_ROLE_AUDITOR);
    cw_answer(r, 200, "text/plain; version=0.0.4");
    cw_metrics_write(app, operator_key, &r->answer);
}
