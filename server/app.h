/* app.h - what the parts of the service share. Made by main.c, then read-only but for the
 * objects behind the pointers, which look after their own threads. */
#ifndef CW_SERVER_APP_H
#define CW_SERVER_APP_H

#include <stdatomic.h>

#include "hashing/hasher.h"
#include "index/store.h"
#include "server/conf.h"

struct cw_registry;
struct cw_metrics;
struct cw_streams;

struct cw_app {
    const struct cw_conf *conf;
    struct cw_store *store;
    struct cw_registry *registry;
    struct cw_hasher *hasher;
    struct cw_metrics *metrics;
    struct cw_streams *streams;
    uint8_t pepper[32];   /* keys the BLAKE2b of API keys */
    atomic_bool ready;    /* the index is loaded */
    atomic_bool degraded; /* but descriptors are still derived (deriving.h) */
};

#endif
