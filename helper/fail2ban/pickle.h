/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Python's pickle, as data: the part of protocols 2 to 5 in which fail2ban
 * answers, and the lists of strings in which it is asked. A pickle is a
 * program for a machine that can look up and call anything. Here a look-up or
 * a call becomes a value without meaning, and an opcode that is not in our
 * table is refused. Pure: no I/O, no clock.
 * (Python 3.11, Lib/pickletools.py.)
 */
#ifndef FAIL2BAN_PICKLE_H
#define FAIL2BAN_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The longest pickle, and the longest text in one. */
#define PICKLE_MAX_BYTES ((size_t)32 << 20)
#define PICKLE_MAX_VALUES ((size_t)1 << 20)
#define PICKLE_MAX_DEPTH 16

enum pickle_kind {
	PICKLE_NONE,
	PICKLE_BOOL,
	PICKLE_INT,
	PICKLE_FLOAT,
	PICKLE_STR,
	PICKLE_BYTES,
	PICKLE_LIST,
	PICKLE_TUPLE,
	PICKLE_DICT, /* items: key, value, key, value */
	PICKLE_SET,
	PICKLE_OPAQUE /* items: what Python would have called, and with what */
};

/*
 * A value. A text is n bytes inside the decoded buffer, not terminated; it
 * may hold NULs and, as Python writes lone surrogates, need not be UTF-8.
 * A container has n items, which pickle_item returns.
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
 * holds itself, and none is nested deeper than PICKLE_MAX_DEPTH. A walk over
 * the whole pickle may still be long: look only at the items that you expect.
 * Fails with EX_PROTOCOL when the bytes are no such pickle, are cut off or
 * above the limits, and with EX_OSERR when there is no memory.
 */
int pickle_decode(const void *buf, size_t len, struct pickle *p, struct err *e);

void pickle_free(struct pickle *p);

/*
 * Find the end of a pickle that arrives in pieces. *at, 0 at first, moves over
 * the steps that are whole in the len bytes at buf. *done becomes true when the
 * last of them was STOP; *at is then the pickle's length. Each byte is looked
 * at once, however small the pieces. Fails with EX_PROTOCOL for an opcode that
 * is not in the table or a text longer than PICKLE_MAX_BYTES.
 */
int pickle_find_end(const char *buf, size_t len, size_t *at, bool *done,
    struct err *e);

/* Return the outermost value; NULL for an empty p. */
const struct pickle_value *pickle_root(const struct pickle *p);

/* Return item i of v; NULL where v is NULL, no container, or not that long. */
const struct pickle_value *pickle_item(const struct pickle *p,
    const struct pickle_value *v, size_t i);

/* Return true when v is of that kind; false for NULL. */
static inline bool
pickle_is(const struct pickle_value *v, enum pickle_kind kind)
{
	return v != NULL && v->kind == kind;
}

/* Return true when v is the str s; false for NULL. */
bool pickle_is_str(const struct pickle_value *v, const char *s);

/*
 * Write the pickle, in protocol 2, of the list of the n strings at argv: no
 * more than cap bytes of it to dst, which may be NULL when cap is 0. Returns
 * the length of the whole pickle, or 0 if a string is too long for one.
 */
size_t pickle_encode_request(void *dst, size_t cap, const char *const *argv,
    size_t n);

#endif
