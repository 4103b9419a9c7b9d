/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Python's pickle, as data: the part of protocols 2 to 5 in which fail2ban
 * answers, and the lists of strings in which it is asked. A pickle is a
 * program for a machine that can look up and call anything; here that part
 * of it makes a value without meaning, and what is not in the table of
 * pickle_opcode is refused. Pure: no I/O, no clock.
 */
#ifndef FAIL2BAN_PICKLE_H
#define FAIL2BAN_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "fail2ban/pickle_opcode.h"

#define PICKLE_MAX_VALUES ((size_t)1 << 20)
#define PICKLE_MAX_DEPTH 16

/*
 * A value. A text is n bytes inside the decoded buffer, not terminated; it
 * may hold NULs and, as Python writes lone surrogates, need not be UTF-8.
 * Of a container only n is for the reader: see pickle_item.
 */
struct pickle_value {
	enum pickle_kind kind;
	uint32_t n;
	union {
		int64_t integer; /* PICKLE_INT, PICKLE_BOOL */
		double real;
		const char *text;
		struct {
			uint32_t first, last;
		} items;
	} u;
	uint16_t depth;
	bool placed;
};

/* All zeros is an empty one. */
struct pickle {
	struct pickle_value *values;
	size_t nvalues;
	uint32_t *items;
	uint32_t root;
};

/*
 * Decode all of the len bytes at buf, one pickle from PROTO to STOP. Texts
 * point into buf, which has to outlive p. The caller frees p; on failure it
 * is empty. A value that the pickle mentions twice is there once, no value
 * holds itself, and none is nested deeper than PICKLE_MAX_DEPTH; a walk over
 * all of it may still be long, so look only where something is expected.
 * Fails with EX_PROTOCOL for what is no such pickle, cut off or above the
 * limits, and with EX_OSERR when there is no memory.
 */
int pickle_decode(const void *buf, size_t len, struct pickle *p, struct err *e);

void pickle_free(struct pickle *p);

/* The outermost value; NULL for an empty p. */
const struct pickle_value *pickle_root(const struct pickle *p);

/* Item i of v; NULL where v is NULL, no container, or not that long. */
const struct pickle_value *pickle_item(const struct pickle *p,
    const struct pickle_value *v, size_t i);

/* Whether v is of that kind; false for NULL. */
static inline bool
pickle_is(const struct pickle_value *v, enum pickle_kind kind)
{
	return v != NULL && v->kind == kind;
}

/* Whether v is the str s; false for NULL. */
bool pickle_is_str(const struct pickle_value *v, const char *s);

/*
 * The pickle, in protocol 2, of the list of the n strings at argv. Writes no
 * more than cap bytes to dst (which may be NULL when cap is 0) and returns
 * the number that all of it has, or 0 if a string is too long for a pickle.
 */
size_t pickle_encode_request(void *dst, size_t cap, const char *const *argv,
    size_t n);

#endif
