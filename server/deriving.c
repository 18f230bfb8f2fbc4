#include "server/deriving.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/ingest.h"
#include "server/log.h"
#include "server/registry.h"

#define AT_A_TIME 8      /* assets, between two looks at whether to stop */
#define REST_US 1000000U /* after a failure */

struct cw_deriving {
    struct cw_app *app;           /* borrowed */
    uint64_t sightings[CW_SLOTS]; /* heads of their feed at the start */
    atomic_bool stopping;
    pthread_t thread;
};

static void step(struct cw_deriving *d)
{
    struct cw_err err;
    const bool pending = cw_registry_pending(d->app->registry) > 0;
    const int rc = pending ? cw_registry_derive(d->app->registry, AT_A_TIME, &err)
                           : cw_ingest_recheck_since(d->app, d->sightings, &err);
    if (rc != 0) {
        cw_log(CW_LOG_ERROR, "event=deriving_failed why=\"%s\"", err.text);
        (void)usleep(REST_US);
    } else if (!pending) {
        atomic_store(&d->app->degraded, false);
        cw_log(CW_LOG_INFO, "event=derived");
    }
}

static void *run(void *arg)
{
    struct cw_deriving *d = arg;
    while (!atomic_load(&d->stopping) && atomic_load(&d->app->degraded)) {
        step(d);
    }
    return NULL;
}

int cw_deriving_open(struct cw_app *app, struct cw_deriving **out, struct cw_err *err)
{
    *out = NULL;
    if (cw_registry_pending(app->registry) == 0) {
        return 0;
    }
    struct cw_deriving *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "out of memory");
    }
    d->app = app;
    const int rc = cw_store_heads(app->store, CW_FEED_SIGHTINGS, d->sightings, err);
    if (rc != 0) {
        free(d);
        return rc;
    }
    atomic_store(&app->degraded, true);
    if (pthread_create(&d->thread, NULL, run, d) != 0) {
        free(d);
        return cw_fail(err, CW_E_NO_MEMORY, "cannot start the deriving thread");
    }
    (void)pthread_setname_np(d->thread, "cw-derive");
    *out = d;
    return 0;
}

void cw_deriving_close(struct cw_deriving *d)
{
    if (d != NULL) {
        atomic_store(&d->stopping, true);
        pthread_join(d->thread, NULL);
        free(d);
    }
}
