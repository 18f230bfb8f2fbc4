/* t_app.h - the parts of the service that need no socket, on a store in memory: for unit
 * tests of what the service does with pictures. */
#ifndef CW_TESTS_SUPPORT_T_APP_H
#define CW_TESTS_SUPPORT_T_APP_H

#include <string.h>

#include "base/crypto.h"
#include "server/app.h"
#include "server/metrics.h"
#include "server/registry.h"

struct t_app {
    struct cw_conf conf;
    struct cw_app app;
    struct cw_key_record who, stranger; /* of two studios */
};

/* Returns 0, as a cmocka fixture does. */
static inline int t_app_open(struct t_app *t)
{
    struct cw_store_options options = CW_STORE_DEFAULTS;
    options.create = true;
    memset(t, 0, sizeof *t);
    cw_conf_defaults(&t->conf);
    t->app.conf = &t->conf;
    t->who = (struct cw_key_record){.id = {1}};
    t->stranger = (struct cw_key_record){.id = {2}};
    if (cw_crypto_init(NULL) != 0 ||
        cw_store_open("memory:", &options, &t->app.store, NULL) != 0 ||
        cw_metrics_open(&t->app.metrics, NULL) != 0 ||
        cw_registry_open(t->app.store, &CW_REGISTRY_DEFAULTS, &t->app.registry, NULL) !=
            0) {
        return -1;
    }
    return cw_store_studio(t->app.store, "ours", true, &t->who.studio, NULL) != 0 ||
           cw_store_studio(t->app.store, "theirs", true, &t->stranger.studio, NULL) != 0;
}

static inline int t_app_close(struct t_app *t)
{
    cw_registry_close(t->app.registry);
    cw_metrics_close(t->app.metrics);
    cw_store_close(t->app.store);
    return 0;
}

#endif
