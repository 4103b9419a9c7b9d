/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The opcodes of Python's pickle that fail2ban's answers are made of, and how
 * long each is: cuts bytes into steps, without running them. Pure.
 * (Python 3.11, Lib/pickletools.py.)
 */
#ifndef FAIL2BAN_PICKLE_OPCODE_H
#define FAIL2BAN_PICKLE_OPCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define PICKLE_MAX_BYTES ((size_t)32 << 20)

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

/* What a step does. */
enum pickle_act {
	PICKLE_ACT_NONE, /* not in the table */
	PICKLE_ACT_PROTO,
	PICKLE_ACT_FRAME,
	PICKLE_ACT_PUSH,  /* a value of that kind: empty, or the number n */
	PICKLE_ACT_INT,	  /* the integer, unsigned */
	PICKLE_ACT_INT32, /* the integer, two's complement */
	PICKLE_ACT_LONG,  /* bytes: little-endian, two's complement */
	PICKLE_ACT_FLOAT, /* bytes: big-endian IEEE 754 */
	PICKLE_ACT_TEXT,
	PICKLE_ACT_MARK,
	PICKLE_ACT_PACK, /* one value of the n topmost; 0: down to the mark */
	PICKLE_ACT_PUT,	 /* the same, into the value below */
	PICKLE_ACT_MEMOIZE,
	PICKLE_ACT_MEMO_PUT,
	PICKLE_ACT_MEMO_GET,
	PICKLE_ACT_STOP
};

/* How the argument behind an opcode is told. */
enum pickle_shape {
	PICKLE_ARG_NONE,
	PICKLE_ARG_1,
	PICKLE_ARG_2,
	PICKLE_ARG_4,
	PICKLE_ARG_8,
	PICKLE_ARG_LEN1, /* a text, its length before it in 1, 4 or 8 bytes */
	PICKLE_ARG_LEN4,
	PICKLE_ARG_LEN8,
	PICKLE_ARG_LINES /* two lines */
};

struct pickle_opcode {
	const char *name;
	enum pickle_shape shape;
	enum pickle_act act;
	enum pickle_kind kind;
	unsigned int n;
};

struct pickle_step {
	const struct pickle_opcode *op;
	const char *arg; /* inside the buffer */
	size_t len;	 /* of arg */
	uint64_t u;	 /* arg, or the length before it, as a number */
	size_t behind;	 /* bytes of the buffer that follow the step */
};

/*
 * Read the step at *at in the len bytes at buf and move *at behind it.
 * Returns 1 when it is whole, 0 when it goes on behind buf, and -1 with
 * EX_PROTOCOL for an opcode that is not in the table or a text longer than
 * PICKLE_MAX_BYTES.
 */
int pickle_opcode_read(const char *buf, size_t len, size_t *at,
    struct pickle_step *s, struct err *e);

/*
 * Follow a pickle that arrives in pieces. *at, 0 at first, moves over the
 * steps that are whole in the len bytes at buf; *done tells whether the last
 * was STOP, and *at is then the pickle's length. A byte is looked at once,
 * however small the pieces. Fails as pickle_opcode_read does.
 */
int pickle_opcode_scan(const char *buf, size_t len, size_t *at, bool *done,
    struct err *e);

#endif
