/* plain_text.h - text from the service, from files and from names, made safe for a
 * terminal.
 *
 * A studio's name, a found URL or a file name may hold escape sequences that rewrite what
 * stands on the screen, or marks that turn the direction of writing. They are shown, not
 * obeyed. */
#ifndef CW_CLI_PLAIN_TEXT_H
#define CW_CLI_PLAIN_TEXT_H

#include "base/bytes.h"

/* Appends `text` with every control character (C0, DEL, C1) and every byte that is not
 * UTF-8 as \xNN, and line separators and directional marks as \u{NNNN}. Nothing else is
 * changed, a backslash neither: use --json where the exact text matters. */
void cw_add_plain(struct cw_buf *out, struct cw_bytes text);
/* The same for a string; NULL appends a dash. */
void cw_add_plain_str(struct cw_buf *out, const char *text);

#endif
