#include "hashing/tee_sink.h"

static int begin(struct cw_sink *sink, const struct cw_layout *layout, struct cw_err *err)
{
    const struct cw_tee_sink *tee = (const struct cw_tee_sink *)sink;
    CW_TRY(tee->first->begin(tee->first, layout, err));
    return tee->second->begin(tee->second, layout, err);
}

static void row(struct cw_sink *sink, uint32_t y, const uint8_t *pixels)
{
    const struct cw_tee_sink *tee = (const struct cw_tee_sink *)sink;
    tee->first->row(tee->first, y, pixels);
    tee->second->row(tee->second, y, pixels);
}

void cw_tee_sink_init(struct cw_tee_sink *tee, struct cw_sink *first,
                      struct cw_sink *second)
{
    *tee = (struct cw_tee_sink){
        .sink = {.begin = begin, .row = row},
        .first = first,
        .second = second,
    };
}
