/* t_hostile.h - pictures that nobody honest sends, and odd ones that are sent: bombs,
 * lying headers, polyglots, cut and flipped files, every oddity a format allows. All are
 * made when asked for, the same each time; none is a file in the tree.
 *
 * A new one is a row in a table of one of the t_hostile_*.c. */
#ifndef CW_TESTS_SUPPORT_T_HOSTILE_H
#define CW_TESTS_SUPPORT_T_HOSTILE_H

#include "base/bytes.h"

#define T_HOSTILE_MAX ((size_t)64 << 20)

/* What a strict reader must say to it. */
enum t_verdict {
    T_TAKEN,   /* a picture, if an odd one */
    T_REFUSED, /* no picture, or too much of one */
    T_EITHER,  /* whatever it says is right, as long as it says it in time */
};

struct t_hostile_file {
    char name[64];
    enum t_verdict verdict;
    struct cw_buf bytes; /* owned */
};

size_t t_hostile_count(void);
/* The file of that number, below the count. t_encode_init must have been called.
 * Owns  caller ends the file with t_hostile_done */
struct t_hostile_file t_hostile_make(size_t number);
void t_hostile_done(struct t_hostile_file *f);

#endif
