#include "server/placing.h"

/* What a turn does to a place of a picture, seen from its middle: x' = xx x + xy y,
 * y' = yx x + yy y, y pointing down. */
static const struct turning {
    int xx, xy, yx, yy;
} TURNS[CW_TURN_COUNT] = {
    [CW_TURN_ORIG] = {1, 0, 0, 1},     [CW_TURN_ROT90] = {0, 1, -1, 0},
    [CW_TURN_ROT180] = {-1, 0, 0, -1}, [CW_TURN_ROT270] = {0, -1, 1, 0},
    [CW_TURN_FLIPX] = {1, 0, 0, -1},   [CW_TURN_FLIPY] = {-1, 0, 0, 1},
    [CW_TURN_FLIPPLUS] = {0, 1, 1, 0}, [CW_TURN_FLIPMINUS] = {0, -1, -1, 0},
};

/* Clockwise from top left, seen from the middle. */
static const struct {
    int x, y;
} CORNERS[4] = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};

uint8_t cw_undo_turn(uint8_t turn)
{
    switch (turn) {
    case CW_TURN_ROT90:
        return CW_TURN_ROT270;
    case CW_TURN_ROT270:
        return CW_TURN_ROT90;
    default:
        return turn;
    }
}

static struct cw_place corner(const struct cw_area16 *a, int x, int y)
{
    return (struct cw_place){.x = x < 0 ? a->left : a->right,
                             .y = y < 0 ? a->top : a->bottom};
}

void cw_place_areas(struct cw_match *m, const struct cw_area16 *found,
                    const struct cw_area16 *asset, uint8_t turn)
{
    const struct turning *t = &TURNS[turn];
    m->turn = turn;
    m->n_corners = 4;
    for (unsigned i = 0; i < 4; i++) {
        const int x = CORNERS[i].x;
        const int y = CORNERS[i].y;
        m->found[i] = corner(found, x, y);
        m->shown[i] = corner(asset, t->xx * x + t->xy * y, t->yx * x + t->yy * y);
    }
}

static uint8_t nearest_turn(const double map[6])
{
    uint8_t best = CW_TURN_ORIG;
    double most = -1e30;
    for (uint8_t turn = 0; turn < CW_TURN_COUNT; turn++) {
        const struct turning *t = &TURNS[turn];
        const double agreement =
            t->xx * map[0] + t->xy * map[1] + t->yx * map[3] + t->yy * map[4];
        if (agreement > most) {
            most = agreement;
            best = turn;
        }
    }
    return best;
}

static struct cw_place place_of(struct cw_point p)
{
    return (struct cw_place){.x = (uint16_t)(p.x * UINT16_MAX + 0.5),
                             .y = (uint16_t)(p.y * UINT16_MAX + 0.5)};
}

void cw_place_local(struct cw_match *m, const struct cw_geometry *placed,
                    const struct cw_fingerprint *found,
                    const struct cw_fingerprint *asset)
{
    struct cw_outline outline;
    cw_outline_of(
        placed, (struct cw_frame){.width = found->width, .height = found->height},
        (struct cw_frame){.width = asset->width, .height = asset->height}, &outline);
    m->turn = nearest_turn(placed->map);
    m->n_corners = (uint8_t)outline.n;
    for (unsigned i = 0; i < outline.n; i++) {
        m->found[i] = place_of(outline.found[i]);
        m->shown[i] = place_of(outline.asset[i]);
    }
}
