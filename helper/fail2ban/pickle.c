/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first part cuts the bytes into steps, an opcode and its argument each,
 * without running them; the second runs the steps on a stack of values.
 */
#include "fail2ban/pickle.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/list.h"

#define NO_LINK UINT32_MAX
#define PROTO 0x80
#define MAX_LINES ((size_t)510)

/* The effect of a step. */
enum act {
	ACT_NONE, /* not in the table */
	ACT_PROTO,
	ACT_FRAME,
	ACT_PUSH,  /* push an empty value of that kind, or the number n */
	ACT_INT,   /* push the argument, unsigned */
	ACT_INT32, /* push the argument, two's complement */
	ACT_LONG,  /* the same: little-endian bytes of any number */
	ACT_FLOAT, /* push the argument, big-endian IEEE 754 */
	ACT_TEXT,
	ACT_MARK,
	/* Make one value of the n topmost; n 0: of all above the mark. */
	ACT_PACK,
	/* Put the n topmost (0: all above the mark) into the one below. */
	ACT_PUT,
	ACT_MEMOIZE,
	ACT_MEMO_PUT,
	ACT_MEMO_GET,
	ACT_STOP
};

/* The form of the argument that follows an opcode. */
enum shape {
	ARG_NONE,
	ARG_1,
	ARG_2,
	ARG_4,
	ARG_8,
	ARG_LEN1, /* a length in 1, 4 or 8 bytes, then that much text */
	ARG_LEN4,
	ARG_LEN8,
	ARG_LINES /* two lines */
};

struct opcode {
	const char *name;
	enum shape shape;
	enum act act;
	enum pickle_kind kind;
	unsigned int n;
};

struct step {
	const struct opcode *op;
	const char *arg; /* inside the buffer */
	size_t len;	 /* of arg */
	uint64_t u;	 /* arg, or the length before it, as a number */
	size_t left;	 /* bytes of the buffer that follow the step */
};

#define OP(name, shape, act, kind, n) \
	{ \
		name, ARG_##shape, ACT_##act, PICKLE_##kind, n \
	}

/* The table of opcodes. An opcode that is not in it is refused. */
static const struct opcode opcodes[256] = {
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

/*
 * head bytes of an argument are a number; where text is true, the number is the
 * length of a text that follows it.
 */
static const struct {
	size_t head;
	bool text;
} shapes[] = {
	[ARG_NONE] = { 0, false },
	[ARG_1] = { 1, false },
	[ARG_2] = { 2, false },
	[ARG_4] = { 4, false },
	[ARG_8] = { 8, false },
	[ARG_LEN1] = { 1, true },
	[ARG_LEN4] = { 4, true },
	[ARG_LEN8] = { 8, true },
};

/* Return the length of two lines, 0 when they are cut off, -1 if too long. */
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
 * Read the argument of s at the start of the left bytes at p. Returns as
 * read_step does; *used becomes the argument's length when it is whole.
 */
static int
read_argument(const char *p, size_t left, struct step *s, size_t *used,
    struct err *e)
{
	size_t i, head;
	long lines;

	if (s->op->shape == ARG_LINES) {
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

/*
 * Read the step at *at in the len bytes at buf and move *at past it. Returns 1
 * when the step is whole, 0 when it goes on after the end of buf, and -1 as
 * pickle_find_end fails.
 */
static int
read_step(const char *buf, size_t len, size_t *at, struct step *s,
    struct err *e)
{
	size_t used = 0;
	unsigned char byte;
	int whole;

	if (*at == len)
		return 0;
	byte = (unsigned char)buf[*at];
	*s = (struct step){ .op = &opcodes[byte] };
	if ((*at == 0) != (byte == PROTO) || s->op->act == ACT_NONE) {
		err_set(e, EX_PROTOCOL,
		    "pickle: 0x%02x at byte %zu is not understood", byte, *at);
		return -1;
	}
	whole = read_argument(buf + *at + 1, len - *at - 1, s, &used, e);
	if (whole == 1) {
		*at += 1 + used;
		s->left = len - *at;
	}
	return whole;
}

int
pickle_find_end(const char *buf, size_t len, size_t *at, bool *done,
    struct err *e)
{
	struct step s;
	int whole;

	*done = false;
	while ((whole = read_step(buf, len, at, &s, e)) == 1) {
		if (s.op->act == ACT_STOP) {
			*done = true;
			return 0;
		}
	}
	return whole;
}

struct numbers {
	uint32_t *v;
	size_t n, room;
};

/* An item of a container and its successor, both by index. */
struct link {
	uint32_t value, next;
};

struct decoder {
	struct pickle *out;
	size_t room;
	struct link *links;
	size_t nlinks, links_room;
	struct numbers stack, memo;
	size_t marks[PICKLE_MAX_DEPTH]; /* heights of the stack */
	size_t nmarks;
	struct err *e;
};

static int
bad(struct decoder *d, const struct step *s, const char *why)
{
	return err_set(d->e, EX_PROTOCOL, "pickle: %s: %s", s->op->name, why);
}

/* Return v with room for one more than its n elements; NULL on failure. */
static void *
grow(void *v, size_t *room, size_t n, size_t size, struct err *e)
{
	if (n >= PICKLE_MAX_VALUES) {
		err_set(e, EX_PROTOCOL, "pickle: too many values");
		return NULL;
	}
	if ((v = list_grow(v, room, n + 1, size)) == NULL)
		err_set(e, EX_OSERR, "pickle: out of memory");
	return v;
}

static int
numbers_add(struct decoder *d, struct numbers *s, size_t number)
{
	uint32_t *v = grow(s->v, &s->room, s->n, sizeof(*v), d->e);

	if (v == NULL)
		return -1;
	s->v = v;
	s->v[s->n++] = (uint32_t)number;
	return 0;
}

/*
 * Push a new value on the stack; NULL on failure. All other values move, so no
 * pointer to them stays valid.
 */
static struct pickle_value *
push_value(struct decoder *d, enum pickle_kind kind)
{
	struct pickle_value *v;
	size_t i = d->out->nvalues;

	v = grow(d->out->values, &d->room, i, sizeof(*v), d->e);
	if (v == NULL)
		return NULL;
	d->out->values = v;
	d->out->nvalues++;
	v[i] = (struct pickle_value){ .kind = kind };
	return numbers_add(d, &d->stack, i) == -1 ? NULL : &v[i];
}

/* Return the number of values on the stack above the last mark. */
static size_t
reach(const struct decoder *d)
{
	return d->stack.n - (d->nmarks == 0 ? 0 : d->marks[d->nmarks - 1]);
}

/* Put one value into another that is not yet in a third. */
static int
place(struct decoder *d, const struct step *s, uint32_t into, uint32_t item)
{
	struct pickle_value *c = &d->out->values[into];
	struct pickle_value *v = &d->out->values[item];
	struct link *l;

	/* Otherwise a value could hold itself, and depths would be wrong. */
	if (c->placed || into == item)
		return bad(d, s, "a value grows where it is in another");
	if (v->depth + 1 > PICKLE_MAX_DEPTH)
		return bad(d, s, "nested too deep");
	l = grow(d->links, &d->links_room, d->nlinks, sizeof(*l), d->e);
	if (l == NULL)
		return -1;
	d->links = l;
	l[d->nlinks] = (struct link){ item, NO_LINK };
	if (c->n == 0)
		c->u.items.first = (uint32_t)d->nlinks;
	else
		l[c->u.items.last].next = (uint32_t)d->nlinks;
	c->u.items.last = (uint32_t)d->nlinks++;
	c->n++;
	v->placed = true;
	if (c->depth < v->depth + 1)
		c->depth = (uint16_t)(v->depth + 1);
	return 0;
}

/* Move all values above height from the stack into the value into. */
static int
place_from(struct decoder *d, const struct step *s, uint32_t into,
    size_t height)
{
	size_t i;

	for (i = height; i < d->stack.n; i++) {
		if (place(d, s, into, d->stack.v[i]) == -1)
			return -1;
	}
	d->stack.n = height;
	return 0;
}

static int
push_long(struct decoder *d, const struct step *s)
{
	struct pickle_value *v;
	uint64_t u = 0;
	size_t i;

	if (s->len > sizeof(u))
		return bad(d, s, "an integer of more than 64 bits");
	if (s->len > 0 && (s->arg[s->len - 1] & 0x80) != 0)
		u = UINT64_MAX;
	for (i = s->len; i > 0; i--)
		u = u << 8 | (unsigned char)s->arg[i - 1];
	if ((v = push_value(d, PICKLE_INT)) == NULL)
		return -1;
	memcpy(&v->u.integer, &u, sizeof(u));
	return 0;
}

/* Push any other value that is not made of values. */
static int
push(struct decoder *d, const struct step *s)
{
	struct pickle_value *v;
	uint64_t u = 0;
	size_t i;

	if ((v = push_value(d, s->op->kind)) == NULL)
		return -1;
	switch (s->op->act) {
	case ACT_INT:
		v->u.integer = (int64_t)s->u;
		break;
	case ACT_INT32:
		v->u.integer = (int64_t)s->u;
		if (v->u.integer > INT32_MAX)
			v->u.integer -= INT64_C(1) << 32;
		break;
	case ACT_FLOAT:
		for (i = 0; i < sizeof(u); i++)
			u = u << 8 | (unsigned char)s->arg[i];
		memcpy(&v->u.real, &u, sizeof(u));
		break;
	case ACT_TEXT:
		v->n = (uint32_t)s->len;
		v->u.text = s->arg;
		break;
	default:
		v->u.integer = s->op->n;
		break;
	}
	return 0;
}

static int
mark(struct decoder *d, const struct step *s)
{
	if (d->nmarks == ARRAY_LEN(d->marks))
		return bad(d, s, "nested too deep");
	d->marks[d->nmarks++] = d->stack.n;
	return 0;
}

/* Set *n to the number of values that s takes: the table's number, or all above
 * the mark. */
static int
count(struct decoder *d, const struct step *s, size_t *n)
{
	*n = s->op->n;
	if (*n != 0)
		return 0;
	if (d->nmarks == 0)
		return bad(d, s, "there is no mark");
	*n = d->stack.n - d->marks[--d->nmarks];
	return 0;
}

static int
pack(struct decoder *d, const struct step *s)
{
	uint32_t into;
	size_t n;

	if (count(d, s, &n) == -1)
		return -1;
	if (reach(d) < n)
		return bad(d, s, "there is nothing to take");
	if (push_value(d, s->op->kind) == NULL)
		return -1;
	into = d->stack.v[--d->stack.n];
	if (place_from(d, s, into, d->stack.n - n) == -1)
		return -1;
	return numbers_add(d, &d->stack, into);
}

static int
put_in(struct decoder *d, const struct step *s)
{
	const struct pickle_value *c;
	uint32_t into;
	size_t n;

	if (count(d, s, &n) == -1)
		return -1;
	if (reach(d) < n + 1)
		return bad(d, s, "there is nothing to put it in");
	into = d->stack.v[d->stack.n - n - 1];
	c = &d->out->values[into];
	if (c->kind != s->op->kind && c->kind != PICKLE_OPAQUE)
		return bad(d, s, "the wrong kind to put it in");
	if (s->op->kind == PICKLE_DICT && n % 2 != 0)
		return bad(d, s, "a key without a value");
	return place_from(d, s, into, d->stack.n - n);
}

/* Python numbers the values that it notes from 0 upwards, without gaps. */
static int
memo_put(struct decoder *d, const struct step *s, uint64_t at)
{
	if (reach(d) == 0)
		return bad(d, s, "there is nothing to note");
	if (at > d->memo.n)
		return bad(d, s, "a number out of turn");
	if (at == d->memo.n)
		return numbers_add(d, &d->memo, d->stack.v[d->stack.n - 1]);
	d->memo.v[at] = d->stack.v[d->stack.n - 1];
	return 0;
}

static int
memo_get(struct decoder *d, const struct step *s)
{
	if (s->u >= d->memo.n)
		return bad(d, s, "nothing was noted there");
	return numbers_add(d, &d->stack, d->memo.v[s->u]);
}

static int
stop(struct decoder *d, const struct step *s)
{
	if (d->nmarks != 0 || d->stack.n != 1)
		return bad(d, s, "not one value");
	if (s->left != 0)
		return bad(d, s, "bytes after the end");
	d->out->root = d->stack.v[0];
	return 0;
}

static int
run(struct decoder *d, const struct step *s)
{
	switch (s->op->act) {
	case ACT_PROTO:
		return s->u < 2 || s->u > 5 ? bad(d, s, "not 2 to 5") : 0;
	case ACT_FRAME:
		return s->u > s->left ? bad(d, s, "cut off") : 0;
	case ACT_LONG:
		return push_long(d, s);
	case ACT_PUSH:
	case ACT_INT:
	case ACT_INT32:
	case ACT_FLOAT:
	case ACT_TEXT:
		return push(d, s);
	case ACT_MARK:
		return mark(d, s);
	case ACT_PACK:
		return pack(d, s);
	case ACT_PUT:
		return put_in(d, s);
	case ACT_MEMOIZE:
		return memo_put(d, s, d->memo.n);
	case ACT_MEMO_PUT:
		return memo_put(d, s, s->u);
	case ACT_MEMO_GET:
		return memo_get(d, s);
	case ACT_STOP:
		return stop(d, s);
	case ACT_NONE:
		break;
	}
	return bad(d, s, "not understood");
}

/* Lay out the items of each container side by side, in place of its links. */
static int
flatten(struct decoder *d)
{
	struct pickle *p = d->out;
	struct pickle_value *v;
	uint32_t at;
	size_t i, n = 0;

	if (d->nlinks == 0)
		return 0;
	if ((p->items = calloc(d->nlinks, sizeof(*p->items))) == NULL)
		return err_set(d->e, EX_OSERR, "pickle: out of memory");
	for (i = 0; i < p->nvalues; i++) {
		v = &p->values[i];
		if (v->kind < PICKLE_LIST || v->n == 0)
			continue;
		at = v->u.items.first;
		v->u.items.first = (uint32_t)n;
		for (; at != NO_LINK; at = d->links[at].next)
			p->items[n++] = d->links[at].value;
	}
	return 0;
}

int
pickle_decode(const void *buf, size_t len, struct pickle *p, struct err *e)
{
	struct decoder d = { .out = p, .e = e };
	struct step s = { 0 };
	size_t at = 0;
	int whole, ret = -1;

	*p = (struct pickle){ 0 };
	if (len > PICKLE_MAX_BYTES)
		return err_set(e, EX_PROTOCOL, "pickle: too long");
	do {
		whole = read_step(buf, len, &at, &s, e);
		if (whole == 0)
			err_set(e, EX_PROTOCOL,
			    "pickle: cut off after %zu bytes", len);
		if (whole != 1 || run(&d, &s) == -1)
			goto done;
	} while (s.op->act != ACT_STOP);
	ret = flatten(&d);
done:
	free(d.links);
	free(d.stack.v);
	free(d.memo.v);
	if (ret == -1)
		pickle_free(p);
	return ret;
}

void
pickle_free(struct pickle *p)
{
	free(p->values);
	free(p->items);
	*p = (struct pickle){ 0 };
}

const struct pickle_value *
pickle_root(const struct pickle *p)
{
	return p->nvalues == 0 ? NULL : &p->values[p->root];
}

const struct pickle_value *
pickle_item(const struct pickle *p, const struct pickle_value *v, size_t i)
{
	if (v == NULL || v->kind < PICKLE_LIST || i >= v->n)
		return NULL;
	return &p->values[p->items[v->u.items.first + i]];
}

bool
pickle_is_str(const struct pickle_value *v, const char *s)
{
	return pickle_is(v, PICKLE_STR) && v->n == strlen(s) &&
	    memcmp(v->u.text, s, v->n) == 0;
}

/* Write as many of n bytes at *at as fit, and move *at by n. */
static void
put(unsigned char *dst, size_t cap, size_t *at, const void *src, size_t n)
{
	if (*at < cap)
		memcpy(dst + *at, src, n < cap - *at ? n : cap - *at);
	*at += n;
}

size_t
pickle_encode_request(void *dst, size_t cap, const char *const *argv, size_t n)
{
	unsigned char head[5] = "X";
	size_t i, j, len, at = 0;

	put(dst, cap, &at, "\x80\x02](", 4);
	for (i = 0; i < n; i++) {
		if ((len = strlen(argv[i])) > PICKLE_MAX_BYTES)
			return 0;
		for (j = 0; j < 4; j++)
			head[1 + j] = (unsigned char)(len >> 8 * j);
		put(dst, cap, &at, head, sizeof(head));
		put(dst, cap, &at, argv[i], len);
	}
	put(dst, cap, &at, "e.", 2);
	return at;
}
