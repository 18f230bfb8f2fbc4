/* recipe.h - bytes of a picture to its fingerprint: decoding and every view of the
 * current recipe. Runs in celwatch-hasher; programs use hasher.h. */
#ifndef CW_HASHING_RECIPE_H
#define CW_HASHING_RECIPE_H

#include "hashing/decode.h"

struct cw_recipe; /* decoder and working memory, kept between pictures */

/* cw_decode_init must have been called. */
int cw_recipe_new(const struct cw_decode_limits *limits, struct cw_recipe **out,
                  struct cw_err *err) CW_CHECKED;
void cw_recipe_free(struct cw_recipe **r);

/* Fingerprints one picture by recipe CW_RECIPE_VIEWS; has_sha256 stays false.
 *
 * how      CW_STRICT is for what is registered: seen whole and without its margins.
 *          CW_LENIENT is for what was found: also taken apart into rectangles.
 *          CW_FAST is the same without local descriptors.
 * out      to be ended with cw_fingerprint_done
 * Errors   those of cw_decode
 * Threads  one per recipe */
int cw_recipe_run(struct cw_recipe *r, struct cw_bytes picture, enum cw_strictness how,
                  struct cw_fingerprint *out, struct cw_err *err) CW_CHECKED;

#endif
