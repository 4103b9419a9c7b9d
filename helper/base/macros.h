/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attributes, the length of an array, the unknown number: no behaviour. */
#ifndef BASE_MACROS_H
#define BASE_MACROS_H

#include <stdint.h>

/* A number that is not known: null in JSON, NULL in a table. */
#define UNKNOWN INT64_MIN

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* A local that is released by fn when it goes out of scope. */
#define AUTO(fn) __attribute__((cleanup(fn)))

/* Arguments from va on are checked against the printf format fmt. */
#define PRINTF(fmt, va) __attribute__((format(printf, fmt, va)))

#define UNUSED __attribute__((unused))

#endif
