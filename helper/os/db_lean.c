/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The events' program is linked with this file, which leaves out what no event
 * uses of SQLite: some extensions, and SQL's functions of mathematics with the
 * half of libm that they need. Each function here takes the place of the one in
 * a static library. Where SQLite's library is one object, or shared, the
 * extensions stay, because their functions are no symbols there. The program is
 * a quarter smaller for it, and a connection opens faster. (sqlite3 3.40.1 and
 * 3.46.1, main.c: sqlite3BuiltinExtensions; func.c:
 * sqlite3RegisterBuiltinFunctions.)
 */
#include <math.h>
#include <sqlite3.h>

#include "base/macros.h"

/* Registers nothing. */
#define NO_EXTENSION(name) \
	int name(sqlite3 *db); \
	int name(sqlite3 *db UNUSED) \
	{ \
		return SQLITE_OK; \
	}

/* Gives no number, which is NULL in SQL. */
#define NO_FUNCTION(name) \
	double name(double x UNUSED) \
	{ \
		return (double)NAN; \
	}

#define NO_FUNCTION_OF_TWO(name) \
	double name(double x UNUSED, double y UNUSED) \
	{ \
		return (double)NAN; \
	}

NO_EXTENSION(sqlite3Fts3Init)
NO_EXTENSION(sqlite3Fts5Init)
NO_EXTENSION(sqlite3RtreeInit)
NO_EXTENSION(sqlite3DbstatRegister)
NO_EXTENSION(sqlite3StmtVtabInit)
NO_EXTENSION(sqlite3VdbeBytecodeVtabInit)

NO_FUNCTION(acos)
NO_FUNCTION(acosh)
NO_FUNCTION(asin)
NO_FUNCTION(asinh)
NO_FUNCTION(atan)
NO_FUNCTION(atanh)
NO_FUNCTION(cos)
NO_FUNCTION(cosh)
NO_FUNCTION(exp)
NO_FUNCTION(log)
NO_FUNCTION(log10)
NO_FUNCTION(log2)
NO_FUNCTION(sin)
NO_FUNCTION(sinh)
NO_FUNCTION(tan)
NO_FUNCTION(tanh)
NO_FUNCTION_OF_TWO(atan2)
NO_FUNCTION_OF_TWO(pow)
