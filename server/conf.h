/* conf.h - the settings of celwatchd: one struct, one file, one table.
 *
 * Every limit of the service is a row of the table in conf.c: name, unit, default, range
 * and the reason. The table reads the file (`key = value`, `#` starts a comment) and
 * prints `celwatchd --help-config`. Settings never change once the service runs. */
#ifndef CW_SERVER_CONF_H
#define CW_SERVER_CONF_H

#include <stdbool.h>
#include <stdio.h>

#include "base/bytes.h"

#define CW_CONF_TEXT_CAP 1024

struct cw_conf {
    char listen[CW_CONF_TEXT_CAP];
    char data[CW_CONF_TEXT_CAP];
    char store[CW_CONF_TEXT_CAP];  /* "" = lmdb: in data */
    char hasher[CW_CONF_TEXT_CAP]; /* "" = beside this program */
    uint64_t http_threads;
    uint64_t work_threads;
    uint64_t work_queue;
    uint64_t picture_queue;
    uint64_t review_threads;
    uint64_t hashers;
    uint64_t connections;
    uint64_t connections_per_address;
    uint64_t idle_seconds;
    uint64_t header_seconds;
    uint64_t body_seconds;
    uint64_t body_min_rate;
    uint64_t answer_seconds;
    uint64_t picture_bytes;
    uint64_t json_bytes;
    uint64_t bulk_bytes;
    uint64_t bulk_lines;
    uint64_t batch_hashes;
    uint64_t picture_pixels;
    uint64_t picture_ms;
    uint64_t hasher_memory;
    uint64_t hasher_recycle;
    uint64_t map_bytes;
    uint64_t index_rows;
    uint64_t local_points;
    uint64_t local_descriptors;
    uint64_t sighting_local_bytes;
    uint64_t derive_at_once;
    uint64_t save_seconds;
    uint64_t save_bytes;
    uint64_t inline_us;
    uint64_t listeners;
    uint64_t commit_delay_us;
};

/* Fills *out with the defaults. */
void cw_conf_defaults(struct cw_conf *out);
/* Sets one key from text, as a line of the file or a flag would.
 * Errors  CW_E_INVALID with the key and what is allowed */
int cw_conf_set(struct cw_conf *conf, const char *key, struct cw_bytes value,
                struct cw_err *err) CW_CHECKED;
/* Reads a file's text over *conf. All problems are written to `report`, a line each with
 * its line number; CW_E_INVALID if there was one (conf is then not to be used). */
int cw_conf_parse(struct cw_bytes text, struct cw_conf *conf, struct cw_buf *report,
                  struct cw_err *err) CW_CHECKED;
int cw_conf_load(const char *path, struct cw_conf *conf, struct cw_buf *report,
                 struct cw_err *err) CW_CHECKED;
/* Prints the table as a commented file of the defaults. */
void cw_conf_help(FILE *out);

#endif
