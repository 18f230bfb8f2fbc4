/* error.h - how a function of celwatch says that it failed.
 *
 * Every function that can fail returns 0 or a negative `enum cw_code` and takes a
 * `struct cw_err *` as its last argument. The text is written once, where the failure is
 * noticed, and passed upward unchanged. It is for operators: the network only ever sees
 * the public message of the code (server/problem.c). */
#ifndef CW_BASE_ERROR_H
#define CW_BASE_ERROR_H

#define CW_CHECKED __attribute__((warn_unused_result))
#define CW_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* The closed list of ways to fail. */
enum cw_code {
    CW_OK = 0,
    CW_E_INVALID = -1,     /* the caller's data is wrong */
    CW_E_TOO_LARGE = -2,   /* over a limit */
    CW_E_UNSUPPORTED = -3, /* well-formed, but nothing we handle */
    CW_E_CORRUPT = -4,     /* damaged input or damaged store */
    CW_E_NOT_FOUND = -5,
    CW_E_EXISTS = -6,   /* the very same thing is already there */
    CW_E_CONFLICT = -7, /* something else is there, or the version moved on */
    CW_E_DENIED = -8,
    CW_E_BUSY = -9, /* try again later: a queue is full, a limit is reached */
    CW_E_TIMEOUT = -10,
    CW_E_NO_MEMORY = -11,
    CW_E_IO = -12,       /* disk or network; nothing was done */
    CW_E_UNKNOWN = -13,  /* it may or may not have been written: settle by id */
    CW_E_INTERNAL = -14, /* our own fault */
};

struct cw_err {
    enum cw_code code;
    char text[240]; /* one line, UTF-8, no secrets */
};

/* Records a failure and returns its code, so that a failing function can end with
 * `return cw_fail(err, CW_E_INVALID, "...")`.
 *
 * err       may be NULL: only the code is returned then
 * Threads   any; no global state */
int cw_fail(struct cw_err *err, enum cw_code code, const char *fmt, ...) CW_PRINTF(3, 4);

/* Lower-case stable name of a code, such as "not_found". Static storage. */
const char *cw_code_name(enum cw_code code);

/* Passes a failure of `call` upward unchanged. Ownership is safe because clean-up is by
 * attribute (CW_AUTO below). */
#define CW_TRY(call)                                                                     \
    do {                                                                                 \
        int cw_try_rc_ = (call);                                                         \
        if (cw_try_rc_ != 0) {                                                           \
            return cw_try_rc_;                                                           \
        }                                                                                \
    } while (0)

/* Frees automatically at the end of the scope: CW_AUTO(cw_buf_done) struct cw_buf b = ...
 * The ender takes a pointer to the variable and accepts zeroed and half-built objects. */
#define CW_AUTO(ender) __attribute__((cleanup(ender)))

#endif
