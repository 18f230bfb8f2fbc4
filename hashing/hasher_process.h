/* hasher_process.h - one celwatch-hasher as a child process. hasher_client.c keeps a set
 * of them. */
#ifndef CW_HASHING_HASHER_PROCESS_H
#define CW_HASHING_HASHER_PROCESS_H

#include <sys/types.h>

#include "hashing/hasher_protocol.h"

struct cw_hasher_process {
    pid_t pid;         /* 0: there is none */
    int fd;            /* our end of the socket pair */
    bool ready;        /* it has said so */
    uint32_t pictures; /* it was given */
};

/* Starts one and returns at once; its libraries take about 0.1 s to load.
 *
 * Errors   CW_E_IO
 * Owns     ended by cw_hasher_process_kill
 * Threads  any: posix_spawn, never fork */
int cw_hasher_process_start(const struct cw_hasher_options *options,
                            struct cw_hasher_process *out, struct cw_err *err) CW_CHECKED;

/* Kills and reaps it. Says by which signal it died or would have: SIGPROF means that it
 * used up its CPU time. Accepts a process that is not there, and leaves one. */
int cw_hasher_process_kill(struct cw_hasher_process *p);

/* Waits until it is ready, at most until `deadline_ns` of cw_mono_ns. Not to be called
 * while an answer is due: a process that has something to say unasked is taken for dead.
 * Errors CW_E_TIMEOUT, CW_E_INTERNAL if it died */
int cw_hasher_process_wait_ready(struct cw_hasher_process *p, uint64_t deadline_ns,
                                 struct cw_err *err) CW_CHECKED;
/* True if it is ready; does not wait. */
bool cw_hasher_process_is_ready(struct cw_hasher_process *p);

/* Sends one message; fd goes along unless it is negative. CW_E_INTERNAL if it is gone. */
int cw_hasher_process_send(const struct cw_hasher_process *p,
                           const struct cw_buf *message, int fd,
                           struct cw_err *err) CW_CHECKED;
/* Waits for one message of at most `cap` bytes.
 * Errors CW_E_TIMEOUT, CW_E_INTERNAL if it died or sent too much */
int cw_hasher_process_receive(const struct cw_hasher_process *p, uint64_t deadline_ns,
                              uint8_t *out, size_t cap, size_t *out_len,
                              struct cw_err *err) CW_CHECKED;

#endif
