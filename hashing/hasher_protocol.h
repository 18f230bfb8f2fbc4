/* hasher_protocol.h - what a program and its celwatch-hasher say to each other, one
 * message a datagram of a SOCK_SEQPACKET pair.
 *
 *     program                                   celwatch-hasher
 *     SETUP  limits                         ->  (starts its libraries)
 *                                           <-  READY
 *     PICTURE  strictness + file descriptor ->  (decodes, hashes)
 *                                           <-  FINGERPRINT record  or  FAILED code, text
 *
 * Every message begins with a version and a type; numbers are big-endian. Both sides
 * treat what they receive as hostile. The end of the stream means: the other one is gone.
 */
#ifndef CW_HASHING_HASHER_PROTOCOL_H
#define CW_HASHING_HASHER_PROTOCOL_H

#include "hashing/hasher.h"

#define CW_HASHER_FD 3 /* where the program finds its end of the socket pair */
/* Longest message: a fingerprint and the two bytes before it. */
#define CW_HASHER_MAX_MESSAGE (CW_FP_MAX_BYTES + 2)

enum cw_hasher_message {
    CW_HASHER_SETUP = 1,
    CW_HASHER_READY = 2,
    CW_HASHER_PICTURE = 3,
    CW_HASHER_FINGERPRINT = 4,
    CW_HASHER_FAILED = 5,
};

struct cw_hasher_setup {
    uint32_t cpu_seconds;
    uint64_t max_pixels;
    uint64_t memory_bytes;
};

struct cw_hasher_picture {
    enum cw_strictness how;
    uint64_t len; /* of the file behind the descriptor that comes along */
};

/* Writers append to `out`; a lack of room is found by cw_buf_check. */
void cw_hasher_put_setup(const struct cw_hasher_setup *setup, struct cw_buf *out);
void cw_hasher_put_ready(struct cw_buf *out);
void cw_hasher_put_picture(const struct cw_hasher_picture *picture, struct cw_buf *out);
void cw_hasher_put_fingerprint(const struct cw_fingerprint *fp, struct cw_buf *out);
void cw_hasher_put_failed(const struct cw_err *failure, struct cw_buf *out);

/* Readers take a whole message and refuse every other with CW_E_CORRUPT. */
int cw_hasher_get_setup(struct cw_bytes in, struct cw_hasher_setup *out,
                        struct cw_err *err) CW_CHECKED;
int cw_hasher_get_ready(struct cw_bytes in, struct cw_err *err) CW_CHECKED;
int cw_hasher_get_picture(struct cw_bytes in, struct cw_hasher_picture *out,
                          struct cw_err *err) CW_CHECKED;
/* The answer to PICTURE: 0 with *out (to be ended), or, after FAILED, 0 with *out_failure
 * set to what the hasher reports and *out untouched. out_failure->code is 0 otherwise. */
int cw_hasher_get_answer(struct cw_bytes in, struct cw_fingerprint *out,
                         struct cw_err *out_failure, struct cw_err *err) CW_CHECKED;

#endif
