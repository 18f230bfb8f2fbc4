#include "hashing/recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hashing/pdq.h"
#include "hashing/sampler.h"

struct cw_recipe {
    struct cw_decoder *decoder;
    struct cw_pdq_work *pdq;
    struct cw_sampler sampler;
};

int cw_recipe_new(const struct cw_decode_limits *limits, struct cw_recipe **out,
                  struct cw_err *err)
{
    CW_AUTO(cw_recipe_free) struct cw_recipe *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return cw_fail(err, CW_E_NO_MEMORY, "no memory for a recipe");
    }
    CW_TRY(cw_decoder_new(limits, &r->decoder, err));
    CW_TRY(cw_pdq_work_new(&r->pdq, err));
    cw_sampler_init(&r->sampler, cw_pdq_luma(r->pdq));
    *out = r;
    r = NULL;
    return 0;
}

void cw_recipe_free(struct cw_recipe **r)
{
    if (*r != NULL) {
        cw_decoder_free(&(*r)->decoder);
        cw_pdq_work_free(&(*r)->pdq);
    }
    free(*r);
    *r = NULL;
}

int cw_recipe_run(struct cw_recipe *r, struct cw_bytes picture, enum cw_strictness how,
                  struct cw_fingerprint *out, struct cw_err *err)
{
    struct cw_decoded decoded = {0};
    struct cw_pdq pdq;
    CW_TRY(cw_decode(r->decoder, picture, how, &r->sampler.sink, &decoded, err));
    cw_pdq_hash(r->pdq, r->sampler.width, r->sampler.height, &pdq);
    memset(out, 0, sizeof *out);
    out->recipe = CW_RECIPE_PDQ;
    (void)snprintf(out->library, sizeof out->library, "%s", decoded.library);
    out->width = r->sampler.width;
    out->height = r->sampler.height;
    out->quality = pdq.quality;
    out->truncated = decoded.truncated;
    out->n_views = CW_TURN_COUNT;
    for (uint8_t turn = 0; turn < CW_TURN_COUNT; turn++) {
        out->views[turn] =
            (struct cw_view){.kind = CW_VIEW_PDQ, .turn = turn, .hash = pdq.turns[turn]};
    }
    return 0;
}
