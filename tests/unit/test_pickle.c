/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pickles of a fail2ban 1.0.2 under Python 3.11, and hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "fail2ban/pickle.h"
#include "watched.h"

#define BYTES(s) s, sizeof(s) - 1
#define P "\x80\x05"

struct row {
	const char *bytes;
	size_t len;
	const char *expected;
};

/* clang-format off */

/* Captured answers; the comment before each has the question. */
static const struct row captured[] = {
	/* get dbfile */
	{ BYTES("\x80\x05\x95*\x00\x00\x00\x00\x00\x00\x00K\x00\x8c\""
		"/var/lib/fail2ban/fail2ban.sqlite3\x94\x86\x94."),
	    "(0, '/var/lib/fail2ban/fail2ban.sqlite3')" },
	{ BYTES("\x80\x05\x95\x06\x00\x00\x00\x00\x00\x00\x00K\x00N\x86"
		"\x94."),
	    "(0, None)" },
	/* get dbpurgeage: 86400, -1 and 1.5d */
	{ BYTES("\x80\x05\x95\x0a\x00\x00\x00\x00\x00\x00\x00K\x00J\x80Q"
		"\x01\x00\x86\x94."),
	    "(0, 86400)" },
	{ BYTES("\x80\x05\x95\x0a\x00\x00\x00\x00\x00\x00\x00K\x00J\xff"
		"\xff\xff\xff\x86\x94."),
	    "(0, -1)" },
	{ BYTES("\x80\x05\x95\x0e\x00\x00\x00\x00\x00\x00\x00K\x00G@\xff"
		"\xa4\x00\x00\x00\x00\x00\x86\x94."),
	    "(0, 129600.000000)" },
	/* status */
	{ BYTES("\x80\x05\x95""A\x00\x00\x00\x00\x00\x00\x00K\x00]\x94("
		"\x8c\x0eNumber of jail\x94K\x03\x86\x94\x8c\x09Jail list"
		"\x94\x8c\x12""alpha, beta, gamma\x94\x86\x94""e\x86\x94."),
	    "(0, [('Number of jail', 3), "
	    "('Jail list', 'alpha, beta, gamma')])" },
	/* get alpha banip --with-time */
	{ BYTES("\x80\x05\x95\x07\x00\x00\x00\x00\x00\x00\x00K\x00]\x94\x86"
		"\x94."),
	    "(0, [])" },
	{ BYTES("\x80\x05\x95\x05\x01\x00\x00\x00\x00\x00\x00K\x00]\x94("
		"\x8c:192.0.2.1 \x09""2026-11-23 21:47:30 + 600 = 2026-11-23"
		" 21:57:30\x94\x8c<2001:db8::1 \x09""2026-11-23 21:47:30 + "
		"600 = 2026-11-23 21:57:30\x94\x8c@198.51.100.0/24 \x09"
		"2026-11-23 21:47:30 + 600 = 2026-11-23 21:57:30\x94\x8c:"
		"not-an-ip \x09""2026-11-23 21:47:31 + 600 = 2026-11-23 "
		"21:57:31\x94""e\x86\x94."),
	    "(0, ['192.0.2.1 \t2026-11-23 21:47:30 + 600 = "
	    "2026-11-23 21:57:30', '2001:db8::1 \t2026-11-23 21:47:30 + 600 "
	    "= 2026-11-23 21:57:30', '198.51.100.0/24 \t2026-11-23 21:47:30 "
	    "+ 600 = 2026-11-23 21:57:30', 'not-an-ip \t2026-11-23 21:47:31 "
	    "+ 600 = 2026-11-23 21:57:31'])" },
	/* get alpha banip: str is mentioned again and again */
	{ BYTES("\x80\x05\x95j\x00\x00\x00\x00\x00\x00\x00K\x00]\x94(\x8c"
		"\x08""builtins\x94\x8c\x03str\x94\x93\x94\x8c\x09""192.0."
		"2.1\x94\x85\x94R\x94h\x03\x8c\x0b""2001:db8::1\x94\x85\x94R"
		"\x94h\x03\x8c\x0f""198.51.100.0/24\x94\x85\x94R\x94h\x03"
		"\x8c\x09not-an-ip\x94\x85\x94R\x94""e\x86\x94."),
	    "(0, [<<'builtins', 'str'>, ('192.0.2.1')>, "
	    "<<'builtins', 'str'>, ('2001:db8::1')>, "
	    "<<'builtins', 'str'>, ('198.51.100.0/24')>, "
	    "<<'builtins', 'str'>, ('not-an-ip')>])" },
	/* get nosuch banip --with-time */
	{ BYTES("\x80\x05\x95""A\x00\x00\x00\x00\x00\x00\x00K\x01\x8c\x13"
		"fail2ban.exceptions\x94\x8c\x14UnknownJailException\x94\x93"
		"\x94\x8c\x06nosuch\x94\x85\x94R\x94\x86\x94."),
	    "(1, <<'fail2ban.exceptions', 'UnknownJailException'>, "
	    "('nosuch')>)" },
	/* a question of four letters that are no pickle */
	{ BYTES("\x80\x05\x95$\x00\x00\x00\x00\x00\x00\x00\x8c ERROR: pickle"
		" data was truncated\x94."),
	    "'ERROR: pickle data was truncated'" },
	/* any question, while the server stops */
	{ BYTES("\x80\x05\x95\x0f\x00\x00\x00\x00\x00\x00\x00]\x94\x8c\x08"
		"SHUTDOWN\x94""a."),
	    "['SHUTDOWN']" },
};

static const struct row kinds[] = {
	{ BYTES("\x80\x02N."), "None" },
	{ BYTES("\x80\x03N."), "None" },
	{ BYTES("\x80\x04N."), "None" },
	{ BYTES(P "\x88."), "True" },
	{ BYTES(P "\x89."), "False" },
	{ BYTES(P "K\xff."), "255" },
	{ BYTES(P "M\xff\xff."), "65535" },
	{ BYTES(P "J\xff\xff\xff\x7f."), "2147483647" },
	{ BYTES(P "J\x00\x00\x00\x80."), "-2147483648" },
	{ BYTES(P "\x8a\x00."), "0" },
	{ BYTES(P "\x8a\x01\xff."), "-1" },
	{ BYTES(P "\x8a\x05\x00\x00\x00\x00\x01."), "4294967296" },
	{ BYTES(P "\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80."),
	    "-9223372036854775808" },
	{ BYTES(P "G\xbf\xe0\x00\x00\x00\x00\x00\x00."), "-0.500000" },
	{ BYTES(P "X\x03\x00\x00\x00""abc."), "'abc'" },
	{ BYTES(P "\x8d\x03\x00\x00\x00\x00\x00\x00\x00""abc."), "'abc'" },
	{ BYTES(P "\x8c\x00."), "''" },
	{ BYTES(P "\x8c\x03\xed\xb2\x80."), "'\xed\xb2\x80'" },
	{ BYTES(P "C\x02""ab."), "b'ab'" },
	{ BYTES(P "B\x02\x00\x00\x00""ab."), "b'ab'" },
	{ BYTES(P "(])}\x8ft."), "([], (), {}, set())" },
	{ BYTES(P "]K\x01""aK\x02""a."), "[1, 2]" },
	{ BYTES(P "](K\x01K\x02""e(K\x03""e(e."), "[1, 2, 3]" },
	{ BYTES(P "}K\x01K\x02s(K\x03K\x04K\x05K\x06u."),
	    "{1, 2, 3, 4, 5, 6}" },
	{ BYTES(P "\x8f(K\x01K\x02\x90."), "set(1, 2)" },
	{ BYTES(P "(t."), "()" },
	{ BYTES(P "(K\x01K\x02K\x03K\x04t."), "(1, 2, 3, 4)" },
	{ BYTES(P "K\x01\x85."), "(1)" },
	{ BYTES(P "K\x01q\x00h\x00\x86."), "(1, 1)" },
	{ BYTES(P "K\x01r\x00\x00\x00\x00j\x00\x00\x00\x00\x86."),
	    "(1, 1)" },
	{ BYTES(P "K\x01q\x00K\x02q\x00h\x00\x87."), "(1, 2, 2)" },
	/* Lists in a list, filled in turn. */
	{ BYTES(P "](](K\x01""e](K\x02""ee."), "[[1], [2]]" },
	/* A name that Python would look up and call becomes an opaque value. */
	{ BYTES(P "cos\nsystem\n."), "<>" },
	{ BYTES(P "cos\nsystem\n\x8c\x02id\x85R."), "<<>, ('id')>" },
	{ BYTES(P "\x8c\x02os\x8c\x06system\x93."), "<'os', 'system'>" },
	{ BYTES(P "cos\nx\n)\x81}b."), "<<<>, ()>, {}>" },
	{ BYTES(P "cos\nx\n)R(K\x01K\x02u."), "<<>, (), 1, 2>" },
};

/* Each pickle is refused, and the error holds this text. */
static const struct row hostile[] = {
	{ BYTES("junk"), "0x6a at byte 0" },
	{ BYTES("K\x01."), "0x4b at byte 0" },
	{ BYTES("\x80\x01K\x01."), "PROTO: not 2 to 5" },
	{ BYTES("\x80\x06K\x01."), "PROTO: not 2 to 5" },
	{ BYTES(P P "K\x01."), "0x80 at byte 2" },
	{ BYTES(P "."), "STOP: not one value" },
	{ BYTES(P "K\x01K\x01."), "STOP: not one value" },
	{ BYTES(P "(K\x01."), "STOP: not one value" },
	{ BYTES(P "K\x01(."), "STOP: not one value" },
	{ BYTES(P "K\x01.."), "STOP: bytes after the end" },
	{ BYTES(P "K\x01.\x00"), "STOP: bytes after the end" },
	{ BYTES(P "\x95\x04\x00\x00\x00\x00\x00\x00\x00K\x01."),
	    "FRAME: cut off" },
	{ BYTES(P "\x95\xff\xff\xff\xff\xff\xff\xff\xffK\x01."),
	    "FRAME: cut off" },
	/* Impossible lengths. */
	{ BYTES(P "X\xff\xff\xff\xff""abc."), "BINUNICODE: too long" },
	{ BYTES(P "B\xff\xff\xff\xff""abc."), "BINBYTES: too long" },
	{ BYTES(P "\x8d\xff\xff\xff\xff\xff\xff\xff\xff""abc."),
	    "BINUNICODE8: too long" },
	{ BYTES(P "\x8d\x01\x00\x00\x02\x00\x00\x00\x00""abc."),
	    "BINUNICODE8: too long" },
	{ BYTES(P "X\x00\x00\x00\x02""abc."), "cut off after 11 bytes" },
	{ BYTES(P "\x8c\xff""abc."), "cut off after 8 bytes" },
	{ BYTES(P "\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00."),
	    "LONG1: an integer of more than 64 bits" },
	{ BYTES(P "\x8a\xff\x01."), "cut off" },
	/* The stack has too few values. */
	{ BYTES(P "t."), "TUPLE: there is no mark" },
	{ BYTES(P "e."), "APPENDS: there is no mark" },
	{ BYTES(P "]K\x01""e."), "APPENDS: there is no mark" },
	{ BYTES(P "}u."), "SETITEMS: there is no mark" },
	{ BYTES(P "\x8f\x90."), "ADDITEMS: there is no mark" },
	{ BYTES(P "\x85."), "TUPLE1: there is nothing" },
	{ BYTES(P "K\x01\x86."), "TUPLE2: there is nothing" },
	{ BYTES(P "K\x01K\x02\x87."), "TUPLE3: there is nothing" },
	{ BYTES(P "a."), "APPEND: there is nothing" },
	{ BYTES(P "]a."), "APPEND: there is nothing" },
	{ BYTES(P "(K\x01""e."), "APPENDS: there is nothing" },
	{ BYTES(P "}K\x01s."), "SETITEM: there is nothing" },
	{ BYTES(P "R."), "REDUCE: there is nothing" },
	{ BYTES(P "b."), "BUILD: there is nothing" },
	{ BYTES(P "\x81."), "NEWOBJ: there is nothing" },
	{ BYTES(P "\x93."), "STACK_GLOBAL: there is nothing" },
	/* No opcode takes values from below the mark. */
	{ BYTES(P "K\x01(K\x02\x86."), "TUPLE2: there is nothing" },
	{ BYTES(P "](K\x01""a."), "APPEND: there is nothing" },
	{ BYTES(P "]((K\x01""e."), "APPENDS: there is nothing" },
	{ BYTES(P "K\x01(\x94."), "MEMOIZE: there is nothing" },
	/* The wrong kind. */
	{ BYTES(P "K\x01K\x02""a."), "APPEND: the wrong kind" },
	{ BYTES(P ")K\x02""a."), "APPEND: the wrong kind" },
	{ BYTES(P "}(K\x01""e."), "APPENDS: the wrong kind" },
	{ BYTES(P "](K\x01K\x02u."), "SETITEMS: the wrong kind" },
	{ BYTES(P "](K\x01\x90."), "ADDITEMS: the wrong kind" },
	{ BYTES(P "\x8c\x01""aK\x01""a."), "APPEND: the wrong kind" },
	{ BYTES(P "}(K\x01u."), "SETITEMS: a key without a value" },
	/* The memo. */
	{ BYTES(P "\x94."), "MEMOIZE: there is nothing" },
	{ BYTES(P "h\x00."), "BINGET: nothing was noted there" },
	{ BYTES(P "K\x01\x94h\x01."), "BINGET: nothing was noted there" },
	{ BYTES(P "j\xff\xff\xff\xff."), "LONG_BINGET: nothing was noted" },
	{ BYTES(P "K\x01q\x01."), "BINPUT: a number out of turn" },
	{ BYTES(P "K\x01r\xff\xff\xff\xff."),
	    "LONG_BINPUT: a number out of turn" },
	/* Values that hold themselves. */
	{ BYTES(P "]\x94h\x00""a."), "APPEND: a value grows" },
	{ BYTES(P "]\x94(h\x00""e."), "APPENDS: a value grows" },
	{ BYTES(P "}\x94K\x01h\x00s."), "SETITEM: a value grows" },
	{ BYTES(P "]\x94]\x94h\x00""ah\x00h\x01""a."), "APPEND: a value" },
	{ BYTES(P "]\x94\x85h\x00K\x01""a."), "APPEND: a value grows" },
	/* Sixteen marks and one more; seventeen tuples. */
	{ BYTES(P "((((((((((((((((("), "MARK: nested too deep" },
	{ BYTES(P "N\x85\x85\x85\x85\x85\x85\x85\x85\x85\x85\x85\x85\x85"
		"\x85\x85\x85\x85."),
	    "TUPLE1: nested too deep" },
};

/* clang-format on */

struct text {
	char s[4096];
	size_t n;
};

static void
say(struct text *t, const char *s, size_t len)
{
	assert_true(t->n + len < sizeof(t->s));
	memcpy(t->s + t->n, s, len);
	t->s[t->n += len] = '\0';
}

/* Append v to t, much as Python's repr() prints it. */
static void
show(struct text *t, const struct pickle *p, const struct pickle_value *v)
{
	static const char *const brackets[][2] = {
		[PICKLE_STR] = { "'", "'" },
		[PICKLE_BYTES] = { "b'", "'" },
		[PICKLE_LIST] = { "[", "]" },
		[PICKLE_TUPLE] = { "(", ")" },
		[PICKLE_DICT] = { "{", "}" },
		[PICKLE_SET] = { "set(", ")" },
		[PICKLE_OPAQUE] = { "<", ">" },
	};
	char number[400] = "";
	size_t i;

	assert_non_null(v);
	if (v->kind == PICKLE_NONE)
		strcpy(number, "None");
	else if (v->kind == PICKLE_BOOL)
		strcpy(number, v->u.integer != 0 ? "True" : "False");
	else if (v->kind == PICKLE_INT)
		snprintf(number, sizeof(number), "%lld",
		    (long long)v->u.integer);
	else if (v->kind == PICKLE_FLOAT)
		snprintf(number, sizeof(number), "%f", v->u.real);
	say(t, number, strlen(number));
	if (v->kind < PICKLE_STR)
		return;
	say(t, brackets[v->kind][0], strlen(brackets[v->kind][0]));
	if (v->kind < PICKLE_LIST)
		say(t, v->u.text, v->n);
	else
		for (i = 0; i < v->n; i++) {
			if (i > 0)
				say(t, ", ", 2);
			show(t, p, pickle_item(p, v, i));
		}
	say(t, brackets[v->kind][1], 1);
}

static void
assert_shown(const struct row *r)
{
	struct text t = { .n = 0 };
	struct pickle p;
	struct err e = { .text = "" };
	char *buf = watched_copy(r->bytes, r->len);

	if (pickle_decode(buf, r->len, &p, &e) == -1)
		fail_msg("%s", e.text);
	show(&t, &p, pickle_root(&p));
	assert_string_equal(t.s, r->expected);
	pickle_free(&p);
	free(buf);
}

static void
assert_refused(const char *bytes, size_t len, const char *why)
{
	struct pickle p;
	struct err e = { .text = "" };
	char *buf = watched_copy(bytes, len);

	assert_int_equal(pickle_decode(buf, len, &p, &e), -1);
	assert_int_equal(e.code, EX_PROTOCOL);
	if (strstr(e.text, why) == NULL)
		fail_msg("\"%s\" in \"%s\"", why, e.text);
	assert_null(pickle_root(&p));
	free(buf);
}

static void
answers_of_fail2ban_are_read(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(captured); i++)
		assert_shown(&captured[i]);
}

static void
each_kind_of_value_is_read(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(kinds); i++)
		assert_shown(&kinds[i]);
}

static void
a_pickle_cut_off_anywhere_is_refused(void **state)
{
	size_t i, len;

	(void)state;
	for (i = 0; i < ARRAY_LEN(captured); i++) {
		for (len = 0; len < captured[i].len; len++)
			assert_refused(captured[i].bytes, len, "cut off");
	}
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		for (len = 0; len < kinds[i].len; len++)
			assert_refused(kinds[i].bytes, len, "cut off");
	}
}

static void
a_senseless_pickle_is_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(hostile); i++)
		assert_refused(hostile[i].bytes, hostile[i].len,
		    hostile[i].expected);
}

static void
an_opcode_outside_the_list_is_refused(void **state)
{
	static const char list[] =
	    "()BCGJKMNRX]abcehjqrstu}."
	    "\x81\x85\x86\x87\x88\x89\x8a\x8c\x8d\x8f\x90\x93\x94\x95";
	char pickle[] = "\x80\x05?";
	struct err e;
	size_t at;
	bool done;
	int byte;

	(void)state;
	for (byte = 0; byte < 256; byte++) {
		pickle[2] = (char)byte;
		at = 0;
		if (memchr(list, byte, sizeof(list) - 1) != NULL) {
			assert_int_equal(
			    pickle_find_end(pickle, 3, &at, &done, &e), 0);
			continue;
		}
		assert_refused(pickle, 3, "is not understood");
		assert_int_equal(pickle_find_end(pickle, 3, &at, &done, &e),
		    -1);
		assert_int_equal(e.code, EX_PROTOCOL);
	}
}

static void
the_end_of_a_pickle_in_pieces_is_found(void **state)
{
	const struct row *r;
	struct err e;
	size_t len, at;
	bool done;
	char *buf;

	(void)state;
	for (r = captured; r < captured + ARRAY_LEN(captured); r++) {
		at = 0;
		for (len = 0; len <= r->len; len++) {
			buf = watched_copy(r->bytes, len);
			assert_int_equal(
			    pickle_find_end(buf, len, &at, &done, &e), 0);
			assert_int_equal(done, len == r->len);
			free(buf);
		}
		assert_int_equal(at, r->len);
	}
	at = 0;
	assert_int_equal(
	    pickle_find_end(BYTES("\x80\x05N.more"), &at, &done, &e), 0);
	assert_true(done);
	assert_int_equal(at, 4);
}

static void
lines_without_an_end_are_refused(void **state)
{
	char buf[600] = P "cos\n";

	(void)state;
	memset(buf + 6, 'x', sizeof(buf) - 6);
	assert_refused(buf, sizeof(buf), "GLOBAL: a line too long");
	assert_refused(buf, 300, "cut off");
}

/* [None, (None, None), ((None, None), (None, None)), ...], levels of them. */
static size_t
write_levels(char *buf, int levels)
{
	size_t n = 5;
	int i;

	memcpy(buf, "\x80\x05(N\x94", n);
	for (i = 0; i < levels; i++) {
		memcpy(buf + n, "h_h_\x86\x94", 6);
		buf[n + 1] = buf[n + 3] = (char)i;
		n += 6;
	}
	memcpy(buf + n, "t.", 2);
	return n + 2;
}

static void
a_shared_value_is_decoded_once(void **state)
{
	char buf[200];
	struct pickle p;
	struct err e;
	size_t len;

	(void)state;
	len = write_levels(buf, PICKLE_MAX_DEPTH - 1);
	assert_int_equal(pickle_decode(buf, len, &p, &e), 0);
	assert_int_equal(p.nvalues, PICKLE_MAX_DEPTH + 1);
	pickle_free(&p);
	len = write_levels(buf, PICKLE_MAX_DEPTH);
	assert_refused(buf, len, "TUPLE: nested too deep");
}

/* Return head, what n times over, and tail; the caller frees the text. */
static char *
repeat(const char *head, const char *what, size_t n, const char *tail,
    size_t *len)
{
	size_t i, each = strlen(what);
	char *buf = malloc(strlen(head) + n * each + strlen(tail) + 1);

	assert_non_null(buf);
	strcpy(buf, head);
	for (i = 0; i < n; i++)
		memcpy(buf + strlen(head) + i * each, what, each);
	strcpy(buf + strlen(head) + n * each, tail);
	*len = strlen(head) + n * each + strlen(tail);
	return buf;
}

static void
too_many_values_are_refused(void **state)
{
	static const struct {
		const char *head, *what, *tail;
		size_t n;
		bool ok;
	} rows[] = {
		{ P "](", "N", "e.", PICKLE_MAX_VALUES - 1, true },
		{ P "](", "N", "e.", PICKLE_MAX_VALUES, false },
		{ P "](N", "\x94", "e.", PICKLE_MAX_VALUES, true },
		{ P "](N", "\x94", "e.", PICKLE_MAX_VALUES + 1, false },
		{ P "]", "(NNe", ".", PICKLE_MAX_VALUES / 2 - 1, true },
		{ P "]", "(NNe", ".", PICKLE_MAX_VALUES / 2, false },
	};
	struct pickle p;
	struct err e;
	size_t i, len;
	char *buf;
	int ret;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		buf = repeat(rows[i].head, rows[i].what, rows[i].n,
		    rows[i].tail, &len);
		ret = pickle_decode(buf, len, &p, &e);
		assert_int_equal(ret, rows[i].ok ? 0 : -1);
		if (ret == -1)
			assert_string_equal(e.text, "pickle: too many values");
		pickle_free(&p);
		free(buf);
	}
}

static void
mentions_of_one_value_are_counted_too(void **state)
{
	char *buf, *h;
	struct pickle p;
	struct err e;
	size_t len;

	(void)state;
	buf = repeat(P "N\x94(", "h_", PICKLE_MAX_VALUES + 1, "t.", &len);
	for (h = buf + 5; h < buf + len - 2; h += 2)
		h[1] = 0;
	assert_int_equal(pickle_decode(buf, len, &p, &e), -1);
	assert_string_equal(e.text, "pickle: too many values");
	free(buf);
}

static void
a_long_list_in_batches_keeps_its_order(void **state)
{
	enum { N = 100000 };
	char *buf = malloc(N * 20 + 100);
	const struct pickle_value *v;
	struct pickle p;
	struct err e;
	char item[16];
	size_t len, i;

	(void)state;
	assert_non_null(buf);
	memcpy(buf, "\x80\x05]\x94(", len = 5);
	for (i = 0; i < N; i++) {
		if (i > 0 && i % 1000 == 0) {
			memcpy(buf + len, "e(", 2);
			len += 2;
		}
		memcpy(buf + len, "\x8c\x0a", 2);
		snprintf(item, sizeof(item), "%010zu", i);
		memcpy(buf + len + 2, item, 10);
		buf[len + 12] = '\x94';
		len += 13;
	}
	memcpy(buf + len, "e.", 2);
	assert_int_equal(pickle_decode(buf, len + 2, &p, &e), 0);
	v = pickle_root(&p);
	assert_int_equal(v->n, N);
	for (i = 0; i < N; i++) {
		snprintf(item, sizeof(item), "%010zu", i);
		assert_true(pickle_is_str(pickle_item(&p, v, i), item));
	}
	assert_null(pickle_item(&p, v, N));
	pickle_free(&p);
	free(buf);
}

static void
a_missing_item_is_null(void **state)
{
	struct pickle p;
	struct err e;

	(void)state;
	assert_int_equal(pickle_decode(BYTES("\x80\x05\x8c\x01x."), &p, &e), 0);
	assert_null(pickle_item(&p, pickle_root(&p), 0));
	assert_null(pickle_item(&p, NULL, 0));
	assert_false(pickle_is(NULL, PICKLE_NONE));
	assert_false(pickle_is_str(NULL, ""));
	assert_false(pickle_is_str(pickle_root(&p), "xy"));
	assert_true(pickle_is_str(pickle_root(&p), "x"));
	pickle_free(&p);
}

static void
a_question_is_a_list_in_protocol_2(void **state)
{
	static const char *const argv[] = { "get", "dbfile" };
	static const char expected[] =
	    "\x80\x02](X\3\0\0\0getX\6\0\0\0dbfilee.";
	char buf[sizeof(expected) + 4];
	size_t cap, len = sizeof(expected) - 1;
	struct row r = { buf, len, "['get', 'dbfile']" };

	(void)state;
	assert_int_equal(pickle_encode_request(NULL, 0, argv, 2), len);
	for (cap = 0; cap < sizeof(buf); cap++) {
		memset(buf, '?', sizeof(buf));
		assert_int_equal(pickle_encode_request(buf, cap, argv, 2), len);
		assert_memory_equal(buf, expected, cap < len ? cap : len);
		assert_int_equal(buf[cap < len ? cap : len], '?');
	}
	assert_shown(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_of_fail2ban_are_read),
		cmocka_unit_test(each_kind_of_value_is_read),
		cmocka_unit_test(a_pickle_cut_off_anywhere_is_refused),
		cmocka_unit_test(a_senseless_pickle_is_refused),
		cmocka_unit_test(an_opcode_outside_the_list_is_refused),
		cmocka_unit_test(the_end_of_a_pickle_in_pieces_is_found),
		cmocka_unit_test(lines_without_an_end_are_refused),
		cmocka_unit_test(a_shared_value_is_decoded_once),
		cmocka_unit_test(too_many_values_are_refused),
		cmocka_unit_test(mentions_of_one_value_are_counted_too),
		cmocka_unit_test(a_long_list_in_batches_keeps_its_order),
		cmocka_unit_test(a_missing_item_is_null),
		cmocka_unit_test(a_question_is_a_list_in_protocol_2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
