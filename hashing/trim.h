/* trim.h - where the picture begins: margins, letterboxes and frames of one tone cut off.
 */
#ifndef CW_HASHING_TRIM_H
#define CW_HASHING_TRIM_H

#include "hashing/plane.h"

#define CW_TRIM_MIN_SIDE 48 /* px; what would leave less is not trimmed at all */

/* The plane without its margins, or the whole plane.
 *
 * Threads   pure
 * Cost      about 0.1 ms for 768 x 576 with margins
 * Source    section on views in hashing/RECIPES.md */
struct cw_rect cw_trim(const struct cw_plane *plane);

#endif
