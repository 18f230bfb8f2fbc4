/* placing.h - where a match lies in its two pictures: an outline in each, corner by
 * corner, and how the found picture was turned. */
#ifndef CW_SERVER_PLACING_H
#define CW_SERVER_PLACING_H

#include "hashing/compare.h"
#include "index/store.h"

/* From two areas that have the same hash once the found picture is turned by `turn`. */
void cw_place_areas(struct cw_match *m, const struct cw_area16 *found,
                    const struct cw_area16 *asset, uint8_t turn);
/* From a placement by local descriptors; the turn is the nearest of the eight. */
void cw_place_local(struct cw_match *m, const struct cw_geometry *placed,
                    const struct cw_fingerprint *found,
                    const struct cw_fingerprint *asset);
/* The turn of the other picture: undoing a quarter turn is turning the other way, every
 * other turn undoes itself. */
uint8_t cw_undo_turn(uint8_t turn);

#endif
