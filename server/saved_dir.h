/* saved_dir.h - where the derived index is saved: derived/ in the store's directory. */
#ifndef CW_SERVER_SAVED_DIR_H
#define CW_SERVER_SAVED_DIR_H

#include "index/saved.h"
#include "server/conf.h"

/* Opens it, made if missing. Without it everything works, but starts take longer: so what
 * cannot be opened is logged and done without, and a damaged file is discarded.
 *
 * Returns  NULL if nothing is kept, it cannot be, or a service has it open; else the
 *          caller closes it */
struct cw_saved *cw_saved_dir_open(const struct cw_conf *conf, const uint8_t secret[32]);
/* Deletes what is in it; nobody may have it open. True if there was something. */
bool cw_saved_dir_discard(const struct cw_conf *conf);

#endif
