/* lint-model.h - what the static analyser must know of functions whose code it does not
 * see: that they report a failure, so that no path goes on with an output that was not
 * set. scripts/lint includes it before every file but the two that define these
 * functions. */
#ifndef CW_SCRIPTS_LINT_MODEL_H
#define CW_SCRIPTS_LINT_MODEL_H

#include "base/error.h"
#include "server/problem.h"

#ifndef CW_LINT_DEFINES_MODEL
#define cw_fail(err, code, ...) ((void)(err), (void)(__VA_ARGS__), (int)(code))
#define cw_refuse(out, kind, pointer, ...)                                               \
    ((out)->problem = (kind), (void)(pointer), (void)(__VA_ARGS__), -1)
#endif

#endif
