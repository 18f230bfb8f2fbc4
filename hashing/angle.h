/* angle.h - angles as 16-bit fractions of a turn, in integers only: libm picks its code
 * by processor, and its last bit may differ from one machine to the next. */
#ifndef CW_HASHING_ANGLE_H
#define CW_HASHING_ANGLE_H

#include <stdint.h>

#define CW_ANGLE_ONE 30 /* sine and cosine are in units of 2^-30 */

struct cw_turned {
    int32_t cos, sin; /* times 2^CW_ANGLE_ONE */
};

/* Direction of (x, y) from the x axis towards the y axis, 65536 = one turn; 0 for (0, 0).
 * |x| and |y| below 2^61. Within one unit of the true angle. Threads: pure. */
uint16_t cw_angle_of(int64_t x, int64_t y);
/* Cosine and sine of an angle, within 2^-15. Threads: pure. */
struct cw_turned cw_angle_turn(uint16_t angle);

#endif
