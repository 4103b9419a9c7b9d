/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/pickle_opcode.h"

#include <sysexits.h>

#define PROTO 0x80
#define MAX_LINES ((size_t)510)

#define OP(name, shape, act, kind, n) \
	{ \
		name, PICKLE_ARG_##shape, PICKLE_ACT_##act, PICKLE_##kind, n \
	}

/* By opcode. Whatever is not here is refused. */
static const struct pickle_opcode opcodes[256] = {
	[0x80] = OP("PROTO", 1, PROTO, NONE, 0),
	[0x95] = OP("FRAME", 8, FRAME, NONE, 0),
	['N'] = OP("NONE", NONE, PUSH, NONE, 0),
	[0x88] = OP("NEWTRUE", NONE, PUSH, BOOL, 1),
	[0x89] = OP("NEWFALSE", NONE, PUSH, BOOL, 0),
	['K'] = OP("BININT1", 1, INT, INT, 0),
	['M'] = OP("BININT2", 2, INT, INT, 0),
	['J'] = OP("BININT", 4, INT32, INT, 0),
	[0x8a] = OP("LONG1", LEN1, LONG, INT, 0),
	['G'] = OP("BINFLOAT", 8, FLOAT, FLOAT, 0),
	[0x8c] = OP("SHORT_BINUNICODE", LEN1, TEXT, STR, 0),
	['X'] = OP("BINUNICODE", LEN4, TEXT, STR, 0),
	[0x8d] = OP("BINUNICODE8", LEN8, TEXT, STR, 0),
	['C'] = OP("SHORT_BINBYTES", LEN1, TEXT, BYTES, 0),
	['B'] = OP("BINBYTES", LEN4, TEXT, BYTES, 0),
	[']'] = OP("EMPTY_LIST", NONE, PUSH, LIST, 0),
	['}'] = OP("EMPTY_DICT", NONE, PUSH, DICT, 0),
	[')'] = OP("EMPTY_TUPLE", NONE, PUSH, TUPLE, 0),
	[0x8f] = OP("EMPTY_SET", NONE, PUSH, SET, 0),
	['('] = OP("MARK", NONE, MARK, NONE, 0),
	['a'] = OP("APPEND", NONE, PUT, LIST, 1),
	['e'] = OP("APPENDS", NONE, PUT, LIST, 0),
	['s'] = OP("SETITEM", NONE, PUT, DICT, 2),
	['u'] = OP("SETITEMS", NONE, PUT, DICT, 0),
	[0x90] = OP("ADDITEMS", NONE, PUT, SET, 0),
	['t'] = OP("TUPLE", NONE, PACK, TUPLE, 0),
	[0x85] = OP("TUPLE1", NONE, PACK, TUPLE, 1),
	[0x86] = OP("TUPLE2", NONE, PACK, TUPLE, 2),
	[0x87] = OP("TUPLE3", NONE, PACK, TUPLE, 3),
	['c'] = OP("GLOBAL", LINES, PUSH, OPAQUE, 0),
	[0x93] = OP("STACK_GLOBAL", NONE, PACK, OPAQUE, 2),
	['R'] = OP("REDUCE", NONE, PACK, OPAQUE, 2),
	['b'] = OP("BUILD", NONE, PACK, OPAQUE, 2),
	[0x81] = OP("NEWOBJ", NONE, PACK, OPAQUE, 2),
	[0x94] = OP("MEMOIZE", NONE, MEMOIZE, NONE, 0),
	['q'] = OP("BINPUT", 1, MEMO_PUT, NONE, 0),
	['r'] = OP("LONG_BINPUT", 4, MEMO_PUT, NONE, 0),
	['h'] = OP("BINGET", 1, MEMO_GET, NONE, 0),
	['j'] = OP("LONG_BINGET", 4, MEMO_GET, NONE, 0),
	['.'] = OP("STOP", NONE, STOP, NONE, 0),
};

/* Bytes of an argument that are a number, and whether it counts a text. */
static const struct {
	size_t head;
	bool text;
} shapes[] = {
	[PICKLE_ARG_NONE] = { 0, false },
	[PICKLE_ARG_1] = { 1, false },
	[PICKLE_ARG_2] = { 2, false },
	[PICKLE_ARG_4] = { 4, false },
	[PICKLE_ARG_8] = { 8, false },
	[PICKLE_ARG_LEN1] = { 1, true },
	[PICKLE_ARG_LEN4] = { 4, true },
	[PICKLE_ARG_LEN8] = { 8, true },
};

/* The length of two lines, 0 when they are not all there, -1: too long. */
static long
lines_length(const char *p, size_t len)
{
	size_t i, at = 0;

	for (i = 0; i < len && i <= MAX_LINES; i++) {
		if (p[i] == '\n' && ++at == 2)
			return (long)i + 1;
	}
	return i < len ? -1 : 0;
}

/*
 * The argument of s, at the start of the left bytes at p. Returns as
 * pickle_opcode_read does; *used is the length of a whole one.
 */
static int
read_argument(const char *p, size_t left, struct pickle_step *s, size_t *used,
    struct err *e)
{
	size_t i, head;
	long lines;

	if (s->op->shape == PICKLE_ARG_LINES) {
		if ((lines = lines_length(p, left)) < 0)
			return err_set(e, EX_PROTOCOL,
			    "pickle: %s: a line too long", s->op->name);
		*used = (size_t)lines;
		return lines > 0;
	}
	if (left < (head = shapes[s->op->shape].head))
		return 0;
	for (s->u = 0, i = head; i > 0; i--)
		s->u = s->u << 8 | (unsigned char)p[i - 1];
	s->arg = p;
	*used = head;
	if (!shapes[s->op->shape].text)
		return 1;
	if (s->u > PICKLE_MAX_BYTES)
		return err_set(e, EX_PROTOCOL, "pickle: %s: too long",
		    s->op->name);
	s->arg += head;
	s->len = (size_t)s->u;
	*used += s->len;
	return *used <= left;
}

int
pickle_opcode_read(const char *buf, size_t len, size_t *at,
    struct pickle_step *s, struct err *e)
{
	size_t used = 0;
	unsigned char byte;
	int whole;

	if (*at == len)
		return 0;
	byte = (unsigned char)buf[*at];
	*s = (struct pickle_step){ .op = &opcodes[byte] };
	if ((*at == 0) != (byte == PROTO) || s->op->act == PICKLE_ACT_NONE)
		return err_set(e, EX_PROTOCOL,
		    "pickle: 0x%02x at byte %zu is not understood", byte, *at);
	whole = read_argument(buf + *at + 1, len - *at - 1, s, &used, e);
	if (whole == 1) {
		*at += 1 + used;
		s->behind = len - *at;
	}
	return whole;
}

int
pickle_opcode_scan(const char *buf, size_t len, size_t *at, bool *done,
    struct err *e)
{
	struct pickle_step s;
	int whole;

	*done = false;
	while ((whole = pickle_opcode_read(buf, len, at, &s, e)) == 1) {
		if (s.op->act == PICKLE_ACT_STOP) {
			*done = true;
			return 0;
		}
	}
	return whole;
}
