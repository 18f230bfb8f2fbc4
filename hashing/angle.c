/* Volder's CORDIC: an angle is a sum of plus or minus atan(2^-i), and turning by each of
 * those takes two shifts and two additions. */
#include "hashing/angle.h"

#include <stddef.h>

#define STEPS 20
#define HALF_TURN 0x80000000U
#define GAIN 652032874 /* product of cos(atan(2^-i)), times 2^CW_ANGLE_ONE */

/* atan(2^-i) in units of 2^-32 turns. */
static const int32_t ATAN[STEPS] = {536870912, 316933406, 167458907, 85004756, 42667331,
                                    21354465,  10679838,  5340245,   2670163,  1335087,
                                    667544,    333772,    166886,    83443,    41722,
                                    20861,     10430,     5215,      2608,     1304};

/* Brings the longer of the two to 2^40 .. 2^41, where shifts lose nothing that counts. */
static void scale_up(int64_t *x, int64_t *y)
{
    const uint64_t ax = (uint64_t)(*x < 0 ? -*x : *x);
    const uint64_t ay = (uint64_t)(*y < 0 ? -*y : *y);
    const int top = 63 - __builtin_clzll(ax | ay);
    if (top > 40) {
        *x >>= top - 40;
        *y >>= top - 40;
    } else {
        *x *= (int64_t)1 << (40 - top);
        *y *= (int64_t)1 << (40 - top);
    }
}

uint16_t cw_angle_of(int64_t x, int64_t y)
{
    if (x == 0 && y == 0) {
        return 0;
    }
    uint32_t angle = 0;
    if (x < 0) {
        x = -x;
        y = -y;
        angle = HALF_TURN;
    }
    scale_up(&x, &y);
    for (unsigned i = 0; i < STEPS; i++) {
        const int64_t old_x = x;
        if (y > 0) {
            x += y >> i;
            y -= old_x >> i;
            angle += (uint32_t)ATAN[i];
        } else {
            x -= y >> i;
            y += old_x >> i;
            angle -= (uint32_t)ATAN[i];
        }
    }
    return (uint16_t)((angle + 0x8000U) >> 16);
}

struct cw_turned cw_angle_turn(uint16_t angle)
{
    /* CORDIC reaches a quarter turn to either side; beyond it, start from the back. */
    const uint32_t turn = (uint32_t)angle << 16;
    const int back = turn >= HALF_TURN / 2 && turn < HALF_TURN + HALF_TURN / 2;
    int32_t left = (int32_t)(back ? turn - HALF_TURN : turn);
    int64_t x = back ? -(int64_t)GAIN : GAIN;
    int64_t y = 0;
    for (unsigned i = 0; i < STEPS; i++) {
        const int64_t old_x = x;
        if (left >= 0) {
            x -= y >> i;
            y += old_x >> i;
            left -= ATAN[i];
        } else {
            x += y >> i;
            y -= old_x >> i;
            left += ATAN[i];
        }
    }
    return (struct cw_turned){.cos = (int32_t)x, .sin = (int32_t)y};
}
