/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/pickle.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define NO_LINK UINT32_MAX

struct numbers {
	uint32_t *v;
	size_t n, cap;
};

/* An item of a container and its successor, both by index. */
struct link {
	uint32_t value, next;
};

struct decoder {
	struct pickle *out;
	size_t cap;
	struct link *links;
	size_t nlinks, links_cap;
	struct numbers stack, memo;
	size_t marks[PICKLE_MAX_DEPTH]; /* heights of the stack */
	size_t nmarks;
	struct err *e;
};

static int
bad(struct decoder *d, const struct pickle_step *s, const char *why)
{
	return err_set(d->e, EX_PROTOCOL, "pickle: %s: %s", s->op->name, why);
}

/* v with room for one more than its n elements; NULL on failure. */
static void *
grow(void *v, size_t *cap, size_t n, size_t size, struct err *e)
{
	size_t more = *cap == 0 ? 64 : *cap * 2;

	if (n < *cap)
		return v;
	if (n >= PICKLE_MAX_VALUES) {
		err_set(e, EX_PROTOCOL, "pickle: too many values");
		return NULL;
	}
	if ((v = realloc(v, more * size)) == NULL)
		err_set(e, EX_OSERR, "pickle: out of memory");
	else
		*cap = more;
	return v;
}

static int
numbers_add(struct decoder *d, struct numbers *s, size_t number)
{
	uint32_t *v = grow(s->v, &s->cap, s->n, sizeof(*v), d->e);

	if (v == NULL)
		return -1;
	s->v = v;
	s->v[s->n++] = (uint32_t)number;
	return 0;
}

/* A new value on the stack; NULL on failure. Moves all others. */
static struct pickle_value *
push_value(struct decoder *d, enum pickle_kind kind)
{
	struct pickle_value *v;
	size_t i = d->out->nvalues;

	v = grow(d->out->values, &d->cap, i, sizeof(*v), d->e);
	if (v == NULL)
		return NULL;
	d->out->values = v;
	d->out->nvalues++;
	v[i] = (struct pickle_value){ .kind = kind };
	return numbers_add(d, &d->stack, i) == -1 ? NULL : &v[i];
}

/* How many values lie on the stack above the last mark. */
static size_t
reach(const struct decoder *d)
{
	return d->stack.n - (d->nmarks == 0 ? 0 : d->marks[d->nmarks - 1]);
}

/* Put one value into another that is not yet in a third. */
static int
place(struct decoder *d, const struct pickle_step *s, uint32_t into,
    uint32_t item)
{
	struct pickle_value *c = &d->out->values[into];
	struct pickle_value *v = &d->out->values[item];
	struct link *l;

	/* Otherwise values could hold themselves, and a depth be wrong. */
	if (c->placed || into == item)
		return bad(d, s, "a value grows where it is in another");
	if (v->depth + 1 > PICKLE_MAX_DEPTH)
		return bad(d, s, "nested too deep");
	l = grow(d->links, &d->links_cap, d->nlinks, sizeof(*l), d->e);
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

/* Take all above height from off the stack, into the value into. */
static int
place_from(struct decoder *d, const struct pickle_step *s, uint32_t into,
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
push_long(struct decoder *d, const struct pickle_step *s)
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

/* All other values that need no other value. */
static int
push(struct decoder *d, const struct pickle_step *s)
{
	struct pickle_value *v;
	uint64_t u = 0;
	size_t i;

	if ((v = push_value(d, s->op->kind)) == NULL)
		return -1;
	switch (s->op->act) {
	case PICKLE_ACT_INT:
		v->u.integer = (int64_t)s->u;
		break;
	case PICKLE_ACT_INT32:
		v->u.integer = (int64_t)s->u;
		if (v->u.integer > INT32_MAX)
			v->u.integer -= INT64_C(1) << 32;
		break;
	case PICKLE_ACT_FLOAT:
		for (i = 0; i < sizeof(u); i++)
			u = u << 8 | (unsigned char)s->arg[i];
		memcpy(&v->u.real, &u, sizeof(u));
		break;
	case PICKLE_ACT_TEXT:
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
mark(struct decoder *d, const struct pickle_step *s)
{
	if (d->nmarks == ARRAY_LEN(d->marks))
		return bad(d, s, "nested too deep");
	d->marks[d->nmarks++] = d->stack.n;
	return 0;
}

/* How many values s takes: what the table says, or all above the mark. */
static int
count(struct decoder *d, const struct pickle_step *s, size_t *n)
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
pack(struct decoder *d, const struct pickle_step *s)
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
put_in(struct decoder *d, const struct pickle_step *s)
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

/* Python counts what it notes from 0 upwards, without gaps. */
static int
memo_put(struct decoder *d, const struct pickle_step *s, uint64_t at)
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
memo_get(struct decoder *d, const struct pickle_step *s)
{
	if (s->u >= d->memo.n)
		return bad(d, s, "nothing was noted there");
	return numbers_add(d, &d->stack, d->memo.v[s->u]);
}

static int
stop(struct decoder *d, const struct pickle_step *s)
{
	if (d->nmarks != 0 || d->stack.n != 1)
		return bad(d, s, "not one value");
	if (s->behind != 0)
		return bad(d, s, "bytes behind the end");
	d->out->root = d->stack.v[0];
	return 0;
}

static int
run(struct decoder *d, const struct pickle_step *s)
{
	switch (s->op->act) {
	case PICKLE_ACT_PROTO:
		return s->u < 2 || s->u > 5 ? bad(d, s, "not 2 to 5") : 0;
	case PICKLE_ACT_FRAME:
		return s->u > s->behind ? bad(d, s, "cut off") : 0;
	case PICKLE_ACT_LONG:
		return push_long(d, s);
	case PICKLE_ACT_PUSH:
	case PICKLE_ACT_INT:
	case PICKLE_ACT_INT32:
	case PICKLE_ACT_FLOAT:
	case PICKLE_ACT_TEXT:
		return push(d, s);
	case PICKLE_ACT_MARK:
		return mark(d, s);
	case PICKLE_ACT_PACK:
		return pack(d, s);
	case PICKLE_ACT_PUT:
		return put_in(d, s);
	case PICKLE_ACT_MEMOIZE:
		return memo_put(d, s, d->memo.n);
	case PICKLE_ACT_MEMO_PUT:
		return memo_put(d, s, s->u);
	case PICKLE_ACT_MEMO_GET:
		return memo_get(d, s);
	case PICKLE_ACT_STOP:
		return stop(d, s);
	case PICKLE_ACT_NONE:
		break;
	}
	return bad(d, s, "not understood");
}

/* The items of each container side by side, in place of its links. */
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
	struct pickle_step s = { 0 };
	size_t at = 0;
	int whole, ret = -1;

	*p = (struct pickle){ 0 };
	if (len > PICKLE_MAX_BYTES)
		return err_set(e, EX_PROTOCOL, "pickle: too long");
	do {
		whole = pickle_opcode_read(buf, len, &at, &s, e);
		if (whole == 0)
			err_set(e, EX_PROTOCOL,
			    "pickle: cut off after %zu bytes", len);
		if (whole != 1 || run(&d, &s) == -1)
			goto done;
	} while (s.op->act != PICKLE_ACT_STOP);
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

/* Write n bytes at *at as far as they fit; *at moves on all the same. */
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
