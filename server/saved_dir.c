#include "server/saved_dir.h"

#include <string.h>
#include <unistd.h>

#include "server/log.h"
#include "server/service.h"

#define PATH_CAP (CW_CONF_TEXT_CAP + 64)

/* False if nothing is kept. */
static bool dir_of(const struct cw_conf *conf, char out[PATH_CAP])
{
    char url[CW_CONF_TEXT_CAP + 8];
    if (cw_service_store_url(conf, url, sizeof url, NULL) != 0 ||
        strncmp(url, "lmdb:", 5) != 0) {
        return false;
    }
    (void)snprintf(out, PATH_CAP, "%s/derived", url + 5);
    return true;
}

static int open_at(const struct cw_conf *conf, const char *dir, const uint8_t secret[32],
                   struct cw_saved **out, struct cw_err *err)
{
    struct cw_kv *kv = NULL;
    const struct cw_kv_lmdb_options lmdb = {.dir = dir,
                                            .first_map_bytes = (uint64_t)64 << 20,
                                            .max_map_bytes = conf->save_bytes,
                                            .max_readers = 8,
                                            .n_tables = CW_SAVED_TABLES,
                                            .create = true,
                                            .derived = true};
    CW_TRY(cw_kv_open_lmdb(&lmdb, &kv, err));
    return cw_saved_open(kv, secret, out, err);
}

struct cw_saved *cw_saved_dir_open(const struct cw_conf *conf, const uint8_t secret[32])
{
    char dir[PATH_CAP];
    struct cw_saved *saved = NULL;
    struct cw_err err;
    if (conf->save_seconds == 0 || !dir_of(conf, dir)) {
        return NULL;
    }
    int rc = open_at(conf, dir, secret, &saved, &err);
    if (rc == CW_E_CORRUPT) {
        cw_log(CW_LOG_WARN, "event=saved_index_discarded dir=\"%s\" why=\"%s\"", dir,
               err.text);
        (void)cw_saved_dir_discard(conf);
        rc = open_at(conf, dir, secret, &saved, &err);
    }
    if (rc != 0 && rc != CW_E_BUSY) {
        cw_log(CW_LOG_WARN, "event=saved_index_unusable dir=\"%s\" why=\"%s\"", dir,
               err.text);
    }
    return saved;
}

bool cw_saved_dir_discard(const struct cw_conf *conf)
{
    static const char *const FILES[] = {"data.mdb", "lock.mdb"};
    char dir[PATH_CAP];
    char path[PATH_CAP + 16];
    bool there = false;
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES && dir_of(conf, dir); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, FILES[i]);
        there = unlink(path) == 0 || there;
    }
    return there;
}
