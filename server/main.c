/* main.c - celwatchd: the command line, and the life of the service.
 *
 * Threads of the running service:
 *   main       waits for signals (sigwait); upkeep of the store once a minute
 *   http       `http_threads`, libmicrohttpd's epoll pool; never decodes, never blocks
 *   work       `work_threads`, requests that wait for a hasher, the disk or a long search
 *   review     `review_threads`, decisions, comments and keys
 *   writer     one, in the store: group commit
 *   settle     one, merges what the hash searches hold (server/settling.c)
 *   events     one, wakes event streams
 *   deadlines  one, shuts down connections that are too slow
 * Processes: `hashers` x celwatch-hasher (see hashing/hasher.h). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "base/json_read.h"
#include "base/signed_head.h"
#include "server/auth.h"
#include "server/check.h"
#include "server/log.h"
#include "server/saved_dir.h"
#include "server/service.h"

#define EXIT_DONE 0
#define EXIT_FAILED 1
#define EXIT_USAGE 2

static const char usage[] =
    "celwatchd --data DIR [--listen ADDR:PORT] [--config FILE] [--store URL]   serve\n"
    "celwatchd init --data DIR [--store URL]     make a store, print the first admin "
    "key\n"
    "celwatchd check --data DIR [--repair]       verify every record, also beside the\n"
    "                                            service; beside none the saved index\n"
    "                                            too: --repair discards a wrong one\n"
    "celwatchd audit verify --data DIR [--head N:HEX | --checkpoint N:HEX:SIG]\n"
    "                  [--key HEX]               verify the log alone, also beside the\n"
    "                                            service; that it holds a head it once\n"
    "                                            had; --key: who signed it, if not the\n"
    "                                            store as it is now\n"
    "celwatchd audit key --data DIR              the public key of its checkpoints\n"
    "celwatchd backup --data DIR FILE            copy the store, also beside the "
    "service\n"
    "celwatchd restore --data DIR FILE           make a store of a backup and check it\n"
    "celwatchd --help-config                     every setting, as a commented file\n"
    "celwatchd --check-config --config FILE      is the file well-formed?\n";

struct arguments {
    const char *command; /* "" = serve */
    const char *file;    /* backup, restore; what to do with the audit log */
    const char *head, *checkpoint, *key; /* audit verify; NULL = none */
    bool help, help_config, check_config, repair;
    struct cw_conf conf;
};

static int complain(const struct cw_err *err, int status)
{
    (void)fprintf(stderr, "celwatchd: %s\n", err->text);
    return status;
}

/* ---- arguments -------------------------------------------------------------------- */

static int load_config(const char *path, struct cw_conf *conf, struct cw_err *err)
{
    CW_AUTO(cw_buf_done) struct cw_buf report = CW_BUF_INIT(16384);
    const int rc = cw_conf_load(path, conf, &report, err);
    (void)fputs(cw_buf_str(&report), stderr);
    return rc;
}

static bool takes_word(const char *command)
{
    return strcmp(command, "backup") == 0 || strcmp(command, "restore") == 0 ||
           strcmp(command, "audit") == 0;
}

static bool is_command(const char *word)
{
    return strcmp(word, "init") == 0 || strcmp(word, "check") == 0 || takes_word(word);
}

/* Flags override the file, so the file is read first whatever their order. */
static int read_config_flag(int argc, char **argv, struct cw_conf *conf,
                            struct cw_err *err)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--config") == 0) {
            return load_config(argv[i + 1], conf, err);
        }
    }
    return 0;
}

static bool read_audit_flag(struct arguments *a, const char *flag, const char *value)
{
    const char **const to = strcmp(flag, "--head") == 0         ? &a->head
                            : strcmp(flag, "--checkpoint") == 0 ? &a->checkpoint
                            : strcmp(flag, "--key") == 0        ? &a->key
                                                                : NULL;
    if (to != NULL) {
        *to = value;
    }
    return to != NULL;
}

static int read_flag(struct arguments *a, const char *flag, const char *value,
                     struct cw_err *err)
{
    static const char *const settings[] = {"data", "listen", "store"};
    if (strncmp(flag, "--", 2) == 0 && value != NULL) {
        if (strcmp(a->command, "audit") == 0 && read_audit_flag(a, flag, value)) {
            return 0;
        }
        if (strcmp(flag, "--config") == 0) {
            return 0; /* read already */
        }
        for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
            if (strcmp(flag + 2, settings[i]) == 0) {
                return cw_conf_set(&a->conf, settings[i], cw_bytes_str(value), err);
            }
        }
    }
    return cw_fail(err, CW_E_INVALID, "do not understand '%.80s'; see celwatchd --help",
                   flag);
}

static int read_arguments(int argc, char **argv, struct arguments *a, struct cw_err *err)
{
    cw_conf_defaults(&a->conf);
    a->command = "";
    CW_TRY(read_config_flag(argc, argv, &a->conf, err));
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            a->help = true;
        } else if (strcmp(argv[i], "--help-config") == 0) {
            a->help_config = true;
        } else if (strcmp(argv[i], "--check-config") == 0) {
            a->check_config = true;
        } else if (strcmp(argv[i], "--repair") == 0 && strcmp(a->command, "check") == 0) {
            a->repair = true;
        } else if (i == 1 && is_command(argv[i])) {
            a->command = argv[i];
        } else if (argv[i][0] != '-' && takes_word(a->command) && a->file == NULL) {
            a->file = argv[i];
        } else {
            CW_TRY(read_flag(a, argv[i], i + 1 < argc ? argv[i + 1] : NULL, err));
            i++;
        }
    }
    return 0;
}

/* ---- init, check, audit, backup, restore
 * -------------------------------------------------- */

static void close_store(struct cw_store **s)
{
    cw_store_close(*s);
}

/* To make it if there is none, or to read it, which is done beside the service. */
static int open_store(const struct cw_conf *conf, bool create, struct cw_store **out,
                      struct cw_err *err)
{
    char url[CW_CONF_TEXT_CAP + 8];
    struct cw_store_options options = CW_STORE_DEFAULTS;
    options.map_bytes = conf->map_bytes;
    options.create = create;
    options.read_only = !create;
    CW_TRY(cw_service_store_url(conf, url, sizeof url, err));
    return cw_store_open(url, &options, out, err);
}

static bool has_key(void *ctx, const struct cw_key_record *key)
{
    (void)key;
    *(bool *)ctx = true;
    return false;
}

/* Makes the store and the first admin key of studio `default`. Refuses a store that has
 * keys already: nobody gets an admin key by running init again. */
static int init_store(const struct cw_conf *conf, struct cw_err *err)
{
    CW_AUTO(close_store) struct cw_store *store = NULL;
    struct cw_key_record key = {.role = CW_ROLE_ADMIN,
                                .disclosure = CW_DISCLOSE_DETAIL,
                                .created_us = cw_utc_us(),
                                .studio_name = CW_FIRST_STUDIO,
                                .label = "first admin"};
    uint8_t pepper[32];
    char text[CW_KEY_TEXT_CAP];
    bool found = false;
    CW_TRY(open_store(conf, true, &store, err));
    CW_TRY(cw_store_studio(store, key.studio_name, true, &key.studio, err));
    CW_TRY(cw_store_list_keys(store, key.studio, has_key, &found, err));
    if (found) {
        return cw_fail(err, CW_E_EXISTS,
                       "this store is made already and has its admin key");
    }
    CW_TRY(cw_store_secret(store, pepper, err));
    cw_key_make(pepper, &key, text);
    /* Printed before it is stored: a key that nobody has seen would lock the store for
     * ever, one that is not stored can be made again. */
    if (printf("%s\n", text) < 0 || fflush(stdout) != 0) {
        return cw_fail(err, CW_E_IO, "the key could not be printed; nothing was stored");
    }
    cw_wipe(text, sizeof text);
    return cw_store_put_key(store, &key, key.id, err);
}

static void close_saved(struct cw_saved **s)
{
    cw_saved_close(*s);
}

static int check_saved(const struct cw_conf *conf, struct cw_store *store,
                       struct cw_check_report *report, struct cw_err *err)
{
    uint8_t secret[32];
    CW_TRY(cw_store_secret(store, secret, err));
    CW_AUTO(close_saved) struct cw_saved *saved = cw_saved_dir_open(conf, secret);
    cw_wipe(secret, sizeof secret);
    *report = (struct cw_check_report){0};
    if (saved == NULL) {
        (void)printf(
            "saved index: not checked, a service has it open or nothing is kept\n");
        return 0;
    }
    CW_TRY(cw_check_saved(store, conf, saved, report, err));
    if (report->saved) {
        (void)printf("saved index: %llu hashes, %llu problems\n",
                     (unsigned long long)report->rows,
                     (unsigned long long)report->problems);
    }
    return 0;
}

/* An index that is wrong is no loss: a start derives it again. */
static int repair_saved(const struct cw_conf *conf, const struct cw_check_report *report,
                        bool repair, struct cw_err *err)
{
    if (report->problems == 0) {
        return 0;
    }
    if (!repair) {
        return cw_fail(err, CW_E_CORRUPT,
                       "the saved index is wrong (--repair discards it): %s",
                       report->first);
    }
    (void)cw_saved_dir_discard(conf);
    (void)printf(
        "repaired: the saved index is discarded, the next start derives it again\n");
    return 0;
}

static int check_store(const struct cw_conf *conf, bool repair, struct cw_err *err)
{
    struct cw_check_report saved;
    CW_AUTO(close_store) struct cw_store *store = NULL;
    struct cw_verify_report report;
    CW_TRY(open_store(conf, false, &store, err));
    CW_TRY(cw_store_verify(store, &report, err));
    (void)printf("verified %llu records, %llu problems\n",
                 (unsigned long long)report.records, (unsigned long long)report.problems);
    if (report.problems > 0) {
        return cw_fail(err, CW_E_CORRUPT, "first problem: %s", report.first);
    }
    CW_TRY(check_saved(conf, store, &saved, err));
    return repair_saved(conf, &saved, repair, err);
}

static int own_key(struct cw_store *store, uint8_t out[CW_PUBLIC_KEY_BYTES],
                   struct cw_err *err)
{
    uint8_t seed[CW_SEED_BYTES];
    CW_TRY(cw_store_audit_seed(store, seed, err));
    cw_public_key(seed, out);
    cw_wipe(seed, sizeof seed);
    return 0;
}

/* The head that the log must hold, from --head or --checkpoint.
 *
 * Errors  CW_E_NOT_FOUND neither was given, CW_E_DENIED the signature is not by the key
 */
static int known_head(const struct arguments *a, struct cw_store *store,
                      struct cw_chain_head *out, struct cw_err *err)
{
    struct cw_signed_head h;
    uint8_t key[CW_PUBLIC_KEY_BYTES];
    if (a->checkpoint == NULL) {
        return a->head == NULL ? CW_E_NOT_FOUND : cw_chain_head_parse(a->head, out, err);
    }
    CW_TRY(cw_signed_head_parse(a->checkpoint, &h, err));
    if (a->key == NULL) {
        CW_TRY(own_key(store, key, err));
    } else if (cw_hex_decode(cw_bytes_str(a->key), key, sizeof key, NULL) != 0) {
        return cw_fail(err, CW_E_INVALID, "--key is what audit key printed");
    }
    if (!cw_signed_head_is_by(&h, key)) {
        return cw_fail(err, CW_E_DENIED, "the checkpoint is not signed by %s",
                       a->key == NULL ? "this store" : "that key");
    }
    *out = h.head;
    return 0;
}

static int verify_log(const struct arguments *a, struct cw_store *store,
                      struct cw_err *err)
{
    struct cw_verify_report report;
    struct cw_chain_head known, head;
    char text[CW_CHAIN_HEAD_CAP];
    const int rc = known_head(a, store, &known, err);
    if (rc != CW_E_NOT_FOUND) {
        CW_TRY(rc);
    }
    CW_TRY(cw_store_verify_log(store, rc == 0 ? &known : NULL, &report, &head, err));
    if (report.problems > 0) {
        return cw_fail(err, CW_E_CORRUPT, "the log is not whole: %s", report.first);
    }
    cw_chain_head_format(&head, text);
    (void)printf("verified %llu events, head %s\n", (unsigned long long)head.seq, text);
    return 0;
}

static int print_key(struct cw_store *store, struct cw_err *err)
{
    uint8_t key[CW_PUBLIC_KEY_BYTES];
    char hex[2 * CW_PUBLIC_KEY_BYTES + 1];
    CW_TRY(own_key(store, key, err));
    cw_hex_encode(key, sizeof key, hex);
    (void)puts(hex);
    return 0;
}

static int audit(const struct arguments *a, struct cw_err *err)
{
    CW_AUTO(close_store) struct cw_store *store = NULL;
    const bool key = a->file != NULL && strcmp(a->file, "key") == 0;
    if (!key && (a->file == NULL || strcmp(a->file, "verify") != 0)) {
        return cw_fail(err, CW_E_INVALID, "audit wants to be told: verify or key");
    }
    if (a->head != NULL && a->checkpoint != NULL) {
        return cw_fail(err, CW_E_INVALID, "either --head or --checkpoint");
    }
    CW_TRY(open_store(&a->conf, false, &store, err));
    return key ? print_key(store, err) : verify_log(a, store, err);
}

static int backup_store(const struct cw_conf *conf, const char *file, struct cw_err *err)
{
    CW_AUTO(close_store) struct cw_store *store = NULL;
    if (file == NULL) {
        return cw_fail(err, CW_E_INVALID, "backup wants the name of a new file");
    }
    CW_TRY(open_store(conf, false, &store, err));
    return cw_store_backup(store, file, err);
}

static int restore_store(const struct cw_conf *conf, const char *file, struct cw_err *err)
{
    char url[CW_CONF_TEXT_CAP + 8];
    struct cw_store_options options = CW_STORE_DEFAULTS;
    options.map_bytes = conf->map_bytes;
    if (file == NULL) {
        return cw_fail(err, CW_E_INVALID, "restore wants the name of a backup");
    }
    CW_TRY(cw_service_store_url(conf, url, sizeof url, err));
    CW_TRY(cw_store_restore(url, &options, file, err));
    return check_store(conf, false, err);
}

static int run_command(const struct arguments *a)
{
    struct cw_err err;
    int rc;
    if (strcmp(a->command, "init") == 0) {
        rc = init_store(&a->conf, &err);
    } else if (strcmp(a->command, "check") == 0) {
        rc = check_store(&a->conf, a->repair, &err);
    } else if (strcmp(a->command, "audit") == 0) {
        rc = audit(a, &err);
    } else if (strcmp(a->command, "restore") == 0) {
        rc = restore_store(&a->conf, a->file, &err);
    } else {
        rc = backup_store(&a->conf, a->file, &err);
    }
    return rc == 0 ? EXIT_DONE
                   : complain(&err, rc == CW_E_INVALID ? EXIT_USAGE : EXIT_FAILED);
}

/* ---- serve ------------------------------------------------------------------------ */

/* Blocks the signals that end the service in every thread, so that only sigwait sees
 * them. A client that hangs up must not end it at all. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    sigdelset(set, SIGPIPE);
}

static void wait_for_end(struct cw_service *service, const sigset_t *set)
{
    const struct timespec minute = {.tv_sec = 60};
    for (;;) {
        const int signal_no = sigtimedwait(set, NULL, &minute);
        if (signal_no == SIGTERM || signal_no == SIGINT) {
            return;
        }
        if (signal_no < 0 && errno == EAGAIN) {
            cw_service_upkeep(service);
        }
    }
}

static int serve(const struct cw_conf *conf)
{
    struct cw_service *service;
    struct cw_err err;
    sigset_t set;
    block_signals(&set);
    const int rc = cw_service_start(conf, &service, &err);
    if (rc == CW_E_NOT_FOUND) {
        (void)fprintf(stderr, "celwatchd: %s (celwatchd init makes a store)\n", err.text);
        return EXIT_FAILED;
    }
    if (rc != 0) {
        return complain(&err, rc == CW_E_INVALID ? EXIT_USAGE : EXIT_FAILED);
    }
    (void)printf("listening on http://%s\n", cw_service_address(service));
    (void)fflush(stdout);
    wait_for_end(service, &set);
    cw_log(CW_LOG_INFO, "event=stopping");
    cw_service_stop(service);
    return EXIT_DONE;
}

int main(int argc, char **argv)
{
    struct arguments a = {0};
    struct cw_err err;
    if (cw_crypto_init(&err) != 0 || read_arguments(argc, argv, &a, &err) != 0) {
        return complain(&err, EXIT_USAGE);
    }
    cw_json_init();
    if (a.help) {
        (void)fputs(usage, stdout);
        return EXIT_DONE;
    }
    if (a.help_config) {
        cw_conf_help(stdout);
        return EXIT_DONE;
    }
    if (a.check_config) {
        (void)puts("the configuration is well-formed");
        return EXIT_DONE;
    }
    return a.command[0] != '\0' ? run_command(&a) : serve(&a.conf);
}
