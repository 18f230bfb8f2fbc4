#include "tests/support/t_json.h"

#include "base/num.h"
#include "tests/support/t_cmocka.h"

#include <stdio.h>
#include <string.h>

static const struct cw_json *step(const struct cw_json *v, const char *name, size_t len)
{
    if (cw_json_is_array(v)) {
        uint64_t i = 0;
        if (cw_parse_u64(cw_bytes_of(name, len), 0, UINT32_MAX, "index", &i, NULL) != 0) {
            return NULL;
        }
        return i < cw_json_count(v) ? cw_json_at(v, i) : NULL;
    }
    char member[64];
    assert_true(len < sizeof member);
    memcpy(member, name, len);
    member[len] = '\0';
    return cw_json_get(v, member);
}

const struct cw_json *t_json_at(const struct cw_json *root, const char *pointer)
{
    const struct cw_json *v = root;
    for (const char *p = pointer; v != NULL && *p == '/';) {
        const char *name = p + 1;
        size_t len = strcspn(name, "/");
        v = step(v, name, len);
        p = name + len;
    }
    return v;
}

static void fail_type(const char *pointer, const char *wanted)
{
    fail_msg("no %s at %s", wanted, pointer);
}

uint64_t t_json_u64(const struct cw_json *root, const char *pointer)
{
    uint64_t v = 0;
    if (!cw_json_u64(t_json_at(root, pointer), &v)) {
        fail_type(pointer, "whole number");
    }
    return v;
}

double t_json_double(const struct cw_json *root, const char *pointer)
{
    double v = 0;
    if (!cw_json_double(t_json_at(root, pointer), &v)) {
        fail_type(pointer, "number");
    }
    return v;
}

bool t_json_bool(const struct cw_json *root, const char *pointer)
{
    bool v = false;
    if (!cw_json_bool(t_json_at(root, pointer), &v)) {
        fail_type(pointer, "boolean");
    }
    return v;
}

size_t t_json_count(const struct cw_json *root, const char *pointer)
{
    const struct cw_json *v = t_json_at(root, pointer);
    if (!cw_json_is_array(v)) {
        fail_type(pointer, "array");
    }
    return cw_json_count(v);
}

static struct cw_bytes text_at(const struct cw_json *root, const char *pointer)
{
    struct cw_bytes text = {0};
    if (!cw_json_text(t_json_at(root, pointer), &text)) {
        fail_type(pointer, "string");
    }
    return text;
}

void t_json_copy_text(const struct cw_json *root, const char *pointer, char *out,
                      size_t cap)
{
    assert_int_equal(cw_copy_text(out, cap, text_at(root, pointer), pointer, NULL), 0);
}

bool t_json_text_is(const struct cw_json *root, const char *pointer, const char *expected)
{
    return cw_bytes_equal_str(text_at(root, pointer), expected);
}

void t_expect_text(const struct cw_json *root, const char *pointer, const char *expected)
{
    struct cw_bytes got = text_at(root, pointer);
    if (!cw_bytes_equal_str(got, expected)) {
        fail_msg("%s is \"%.*s\", expected \"%s\"", pointer, (int)got.len,
                 (const char *)got.p, expected);
    }
}

void t_expect_u64(const struct cw_json *root, const char *pointer, uint64_t expected)
{
    uint64_t got = t_json_u64(root, pointer);
    if (got != expected) {
        fail_msg("%s is %llu, expected %llu", pointer, (unsigned long long)got,
                 (unsigned long long)expected);
    }
}

void t_expect_null(const struct cw_json *root, const char *pointer)
{
    if (!cw_json_is_null(t_json_at(root, pointer))) {
        fail_type(pointer, "null");
    }
}

void t_expect_absent(const struct cw_json *root, const char *pointer)
{
    if (t_json_at(root, pointer) != NULL) {
        fail_msg("%s is there, but should not be", pointer);
    }
}
