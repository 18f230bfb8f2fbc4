/* json_read.h - parsing small JSON documents from outside, on jansson.
 *
 * Numbers come as unsigned integers or doubles; hashes and ids are always strings.
 * Strings are valid UTF-8 and hold no NUL. */
#ifndef CW_BASE_JSON_READ_H
#define CW_BASE_JSON_READ_H

#include <stdbool.h>

#include "base/bytes.h"

#define CW_JSON_MAX_DEPTH 16

struct cw_json; /* one value; the root owns all values below it */

/* Must be called once before threads exist (seeds jansson's hash tables). */
void cw_json_init(void);
/* text   one JSON object or array, nothing after it, at most CW_JSON_MAX_DEPTH deep
 * Errors CW_E_INVALID with line and reason; repeated members are refused
 * Owns   caller frees *out with cw_json_free */
int cw_json_parse(struct cw_bytes text, struct cw_json **out,
                  struct cw_err *err) CW_CHECKED;
void cw_json_free(struct cw_json **root);

/* All below: `v` may be NULL (absent) and then answers false, NULL or 0. Results are
 * borrowed until the root is freed. */
bool cw_json_is_object(const struct cw_json *v);
bool cw_json_is_array(const struct cw_json *v);
bool cw_json_is_null(const struct cw_json *v);
const struct cw_json *cw_json_get(const struct cw_json *object, const char *member);
size_t cw_json_count(const struct cw_json *array);
const struct cw_json *cw_json_at(const struct cw_json *array, size_t i);
bool cw_json_text(const struct cw_json *v, struct cw_bytes *out);
bool cw_json_u64(const struct cw_json *v, uint64_t *out);
bool cw_json_double(const struct cw_json *v, double *out);
bool cw_json_bool(const struct cw_json *v, bool *out);
/* Name of the first member of `object` that is not among the n allowed names, else NULL.
 */
const char *cw_json_unknown(const struct cw_json *object, const char *const *allowed,
                            size_t n);
/* Appends the value as compact JSON on one line, members in their order; a NULL `v`
 * appends null. A value that cannot be written marks `out` as failed. */
void cw_json_dump(const struct cw_json *v, struct cw_buf *out);

#endif
