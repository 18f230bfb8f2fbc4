/* t_json.h - looking into JSON answers by JSON pointer; a member that is missing or of
 * another type fails the test and names the pointer. */
#ifndef CW_TESTS_SUPPORT_T_JSON_H
#define CW_TESTS_SUPPORT_T_JSON_H

#include "base/json_read.h"

/* The value at a pointer such as "/items/0/id", NULL if there is none. Members whose
 * names hold '~' or '/' are not supported. */
const struct cw_json *t_json_at(const struct cw_json *root, const char *pointer);

uint64_t t_json_u64(const struct cw_json *root, const char *pointer);
double t_json_double(const struct cw_json *root, const char *pointer);
bool t_json_bool(const struct cw_json *root, const char *pointer);
size_t t_json_count(const struct cw_json *root, const char *pointer); /* of an array */
void t_json_copy_text(const struct cw_json *root, const char *pointer, char *out,
                      size_t cap);
bool t_json_text_is(const struct cw_json *root, const char *pointer,
                    const char *expected);

void t_expect_text(const struct cw_json *root, const char *pointer, const char *expected);
void t_expect_u64(const struct cw_json *root, const char *pointer, uint64_t expected);
void t_expect_null(const struct cw_json *root, const char *pointer);
void t_expect_absent(const struct cw_json *root, const char *pointer);

#endif
