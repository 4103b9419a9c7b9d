/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Macros that every folder needs: attributes, array lengths, UNKNOWN. */
#ifndef BASE_MACROS_H
#define BASE_MACROS_H

#include <stdint.h>

/* A number that is not known: null in JSON, NULL in a table. */
#define UNKNOWN INT64_MIN

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* fn releases this local variable when it goes out of scope. */
#define AUTO(fn) __attribute__((cleanup(fn)))

/* The compiler checks the arguments from va on against the format fmt. */
#define PRINTF(fmt, va) __attribute__((format(printf, fmt, va)))

#define UNUSED __attribute__((unused))

/* The value of a macro as text. */
#define MACRO_TEXT(macro) MACRO_NAME(macro)
#define MACRO_NAME(name) #name

#endif
