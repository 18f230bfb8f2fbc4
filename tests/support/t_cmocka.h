/* t_cmocka.h - cmocka with the headers it wants included before it. */
#ifndef CW_TESTS_SUPPORT_T_CMOCKA_H
#define CW_TESTS_SUPPORT_T_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
