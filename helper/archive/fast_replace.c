/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/fast_replace.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct text {
	const char *s;
	size_t len;
};

static struct text
text_of(sqlite3_value *value)
{
	const char *s = (const char *)sqlite3_value_text(value);

	return (struct text){
		.s = s,
		.len = s != NULL ? (size_t)sqlite3_value_bytes(value) : 0,
	};
}

/* Return where `what` first is in a text; NULL: it is not there, or empty. */
static const char *
find(struct text in, struct text what)
{
	const char *end = in.s + in.len, *at = in.s;

	if (what.len == 0)
		return NULL;
	while (in.len >= what.len && (size_t)(end - at) >= what.len &&
	    (at = memchr(at, what.s[0], (size_t)(end - at) - what.len + 1)) !=
		NULL) {
		if (memcmp(at, what.s, what.len) == 0)
			return at;
		at++;
	}
	return NULL;
}

/* Return how often `what` is in a text, one after the other. */
static uint64_t
count(struct text in, struct text what)
{
	const char *end = in.s + in.len, *at;
	uint64_t n = 0;

	for (; (at = find(in, what)) != NULL; n++) {
		in.s = at + what.len;
		in.len = (size_t)(end - in.s);
	}
	return n;
}

/* Write the text with `to` in each place of `from`. */
static void
write_to(char *out, struct text in, struct text from, struct text to)
{
	const char *end = in.s + in.len, *at;

	for (; (at = find(in, from)) != NULL; in.len = (size_t)(end - in.s)) {
		memcpy(out, in.s, (size_t)(at - in.s));
		out += at - in.s;
		memcpy(out, to.s, to.len);
		out += to.len;
		in.s = at + from.len;
	}
	memcpy(out, in.s, in.len);
}

/* Let the result be the text with `to` in each place of `from`. */
static void
build(sqlite3_context *context, struct text in, struct text from,
    struct text to)
{
	sqlite3 *db = sqlite3_context_db_handle(context);
	uint64_t n = count(in, from), len = in.len - n * from.len + n * to.len;
	char *out;

	if (len > (uint64_t)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, -1)) {
		sqlite3_result_error_toobig(context);
	} else if ((out = sqlite3_malloc64(len + 1)) == NULL) {
		sqlite3_result_error_nomem(context);
	} else {
		write_to(out, in, from, to);
		sqlite3_result_text64(context, out, len, sqlite3_free,
		    SQLITE_UTF8);
	}
}

/* The function replace(X, Y, Z) of SQL. */
static void
replace(sqlite3_context *context, int n, sqlite3_value **values)
{
	struct text in = text_of(values[0]), from = text_of(values[1]), to;
	bool is_text = sqlite3_value_type(values[0]) == SQLITE_TEXT;

	/* NULL for NULL, and where memory is short. */
	if (n != 3 || in.s == NULL || from.s == NULL)
		return;
	to = text_of(values[2]);
	if (to.s == NULL && from.len > 0)
		return;
	if (from.len == 0 || (is_text && find(in, from) == NULL))
		sqlite3_result_value(context, values[0]);
	else
		build(context, in, from, to);
}

int
fast_replace_install(struct archive *a, struct err *e)
{
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;

	return sqlite3_create_function(a->db.handle, "replace", 3, flags, NULL,
		   replace, NULL, NULL) == SQLITE_OK ?
	    0 :
	    db_error(&a->db, e);
}
