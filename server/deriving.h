/* deriving.h - the thread that finishes what a start left pending: descriptors of assets
 * that were in no checkpoint. Until it is done the service is degraded: hashes are
 * searched, parts of those assets are not found. What was seen meanwhile is compared once
 * more then, so no alarm is lost. */
#ifndef CW_SERVER_DERIVING_H
#define CW_SERVER_DERIVING_H

#include "server/app.h"

struct cw_deriving;

/* Call after the registry was loaded, before requests. Sets app->degraded while there is
 * something to do; *out is NULL if there is nothing.
 * Errors  CW_E_NO_MEMORY, and those of the store */
int cw_deriving_open(struct cw_app *app, struct cw_deriving **out,
                     struct cw_err *err) CW_CHECKED;
/* Stops it, finished or not. NULL is fine. */
void cw_deriving_close(struct cw_deriving *d);

#endif
