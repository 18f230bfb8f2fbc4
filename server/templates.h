/* templates.h - what many assets share is not what one of them shows: the header of a
 * production sheet, the frame of a colour model, an empty storyboard page. */
#ifndef CW_SERVER_TEMPLATES_H
#define CW_SERVER_TEMPLATES_H

#include "server/matching.h"

/* Lowers matches that a template explains: one and the same place of the found picture
 * resembles CW_TEMPLATE_ASSETS assets of different runs or more, each by no other kind of
 * view and none of them strongly. They become weak; those below `least` are left out.
 *
 * list  folded (server/folding.h); stays best first
 * Cost  the square of the matches that only one kind of view makes */
#define CW_TEMPLATE_ASSETS 4
void cw_lower_templates(struct cw_found_list *list, enum cw_band least);

#endif
