#include "server/service.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "server/app.h"
#include "server/audit.h"
#include "server/checkpoint.h"
#include "server/deriving.h"
#include "server/http.h"
#include "server/ingest.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/registry.h"
#include "server/saved_dir.h"
#include "server/stream.h"

struct cw_service {
    struct cw_conf conf;
    struct cw_app app;
    struct cw_http *http;
    struct cw_deriving *deriving; /* NULL = nothing was pending */
    struct cw_saved *saved;       /* NULL = nothing is kept */
    uint64_t saved_ns;            /* when; monotonic */
    struct cw_audit audit;
    bool loaded;
};

int cw_service_store_url(const struct cw_conf *conf, char *out, size_t cap,
                         struct cw_err *err)
{
    if (conf->store[0] == '\0' && conf->data[0] == '\0') {
        return cw_fail(err, CW_E_INVALID, "say where the data is: --data DIR");
    }
    const int n = conf->store[0] != '\0' ? snprintf(out, cap, "%s", conf->store)
                                         : snprintf(out, cap, "lmdb:%s", conf->data);
    if (n < 0 || (size_t)n >= cap) {
        return cw_fail(err, CW_E_TOO_LARGE, "the path of the store is too long");
    }
    return 0;
}

/* celwatch-hasher: as configured, else beside this program, else ../libexec/celwatch. */
static int find_hasher(const struct cw_conf *conf, char out[PATH_MAX], struct cw_err *err)
{
    static const char *const places[] = {"", "/../libexec/celwatch"};
    char self[PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (conf->hasher[0] != '\0') {
        (void)snprintf(out, PATH_MAX, "%s", conf->hasher);
        return 0;
    }
    self[n > 0 ? n : 0] = '\0';
    const char *slash = strrchr(self, '/');
    for (size_t i = 0; slash != NULL && i < sizeof places / sizeof *places; i++) {
        const int len = snprintf(out, PATH_MAX, "%.*s%s/celwatch-hasher",
                                 (int)(slash - self), self, places[i]);
        if (len > 0 && len < PATH_MAX && access(out, X_OK) == 0) {
            return 0;
        }
    }
    return cw_fail(err, CW_E_NOT_FOUND,
                   "celwatch-hasher is not beside celwatchd; set hasher");
}

static int open_hasher(const struct cw_conf *conf, struct cw_app *app, struct cw_err *err)
{
    char path[PATH_MAX];
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct cw_hasher_options options = CW_HASHER_DEFAULTS;
    CW_TRY(find_hasher(conf, path, err));
    options.program = path;
    options.n_processes = conf->hashers != 0 ? (unsigned)conf->hashers
                          : cores > 0        ? (unsigned)cores
                                             : 1;
    options.deadline_ms = (uint32_t)conf->picture_ms;
    options.cpu_seconds = (uint32_t)(conf->picture_ms / 1000 + 1);
    options.max_bytes = conf->picture_bytes;
    options.max_pixels = conf->picture_pixels;
    options.memory_bytes = conf->hasher_memory;
    options.recycle_after = (uint32_t)conf->hasher_recycle;
    return cw_hasher_open(&options, &app->hasher, err);
}

static int open_store(const struct cw_conf *conf, struct cw_app *app, struct cw_err *err)
{
    char url[CW_CONF_TEXT_CAP + 8];
    struct cw_store_options options = CW_STORE_DEFAULTS;
    options.map_bytes = conf->map_bytes;
    options.commit_delay_us = (uint32_t)conf->commit_delay_us;
    options.create = strcmp(conf->store, "memory:") == 0;
    options.sighting_local_bytes = conf->sighting_local_bytes;
    CW_TRY(cw_service_store_url(conf, url, sizeof url, err));
    return cw_store_open(url, &options, &app->store, err);
}

static int open_registry(const struct cw_conf *conf, struct cw_app *app,
                         struct cw_err *err)
{
    const struct cw_registry_options options = cw_registry_options_of(conf);
    return cw_registry_open(app->store, &options, &app->registry, err);
}

/* Not while something is pending: what is saved is taken to be complete. */
static void save(struct cw_service *s)
{
    struct cw_err err;
    if (s->saved != NULL && !atomic_load(&s->app.degraded) &&
        cw_checkpoint_save(s->app.registry, s->saved, &err) != 0) {
        cw_log(CW_LOG_ERROR, "event=save_failed why=\"%s\"", err.text);
    }
    s->saved_ns = cw_mono_ns();
}

/* In this order: hasher processes are started before the store is open, so that none of
 * them can ever hold a file of it. */
static int open_parts(struct cw_service *s, struct cw_err *err)
{
    struct cw_app *app = &s->app;
    CW_TRY(open_hasher(&s->conf, app, err));
    CW_TRY(open_store(&s->conf, app, err));
    s->audit.store = app->store;
    CW_TRY(cw_store_upkeep(app->store, err));
    CW_TRY(cw_store_secret(app->store, app->pepper, err));
    CW_TRY(cw_metrics_open(&app->metrics, err));
    CW_TRY(cw_streams_open(app->store, s->conf.listeners, &app->streams, err));
    cw_store_on_commit(app->store, cw_streams_committed, app->streams);
    CW_TRY(open_registry(&s->conf, app, err));
    s->saved = cw_saved_dir_open(&s->conf, app->pepper);
    CW_TRY(cw_registry_load(app->registry, s->saved, err));
    s->loaded = true;
    s->saved_ns = cw_mono_ns();
    CW_TRY(cw_ingest_recheck(app, err));
    CW_TRY(cw_deriving_open(app, &s->deriving, err));
    atomic_store(&app->ready, true);
    return cw_http_open(app, &s->http, err);
}

int cw_service_start(const struct cw_conf *conf, struct cw_service **out,
                     struct cw_err *err)
{
    struct cw_service *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    s->conf = *conf;
    s->app.conf = &s->conf;
    const int rc = open_parts(s, err);
    if (rc != 0) {
        cw_service_stop(s);
        return rc;
    }
    *out = s;
    return 0;
}

const char *cw_service_address(const struct cw_service *s)
{
    return cw_http_address(s->http);
}

void cw_service_upkeep(struct cw_service *s)
{
    struct cw_err err;
    if (cw_store_upkeep(s->app.store, &err) != 0) {
        cw_log(CW_LOG_ERROR, "event=upkeep_failed why=\"%s\"", err.text);
    }
    cw_audit_tell(&s->audit);
    if (cw_locals_settle(s->app.registry->locals, &err) != 0) {
        cw_log(CW_LOG_ERROR, "event=settle_failed why=\"%s\"", err.text);
    }
    if ((cw_mono_ns() - s->saved_ns) / 1000000000 >= s->conf.save_seconds) {
        save(s);
    }
}

void cw_service_stop(struct cw_service *s)
{
    if (s == NULL) {
        return;
    }
    cw_http_close(s->http);
    cw_hasher_close(s->app.hasher);
    cw_deriving_close(s->deriving);
    if (s->loaded) {
        cw_audit_tell(&s->audit);
        save(s);
    }
    cw_saved_close(s->saved);
    cw_store_close(
        s->app.store); /* ends the writer, which tells the streams of commits */
    cw_streams_close(s->app.streams);
    cw_registry_close(s->app.registry);
    cw_metrics_close(s->app.metrics);
    cw_wipe(s->app.pepper, sizeof s->app.pepper);
    free(s);
}
