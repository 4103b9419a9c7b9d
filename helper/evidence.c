/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "text.h"

/* A copy of column i, valid UTF-8 whatever its escapes made of it. */
static int
copy_column(sqlite3_stmt *st, int i, char **copy, struct err *e)
{
	const char *s = db_text(st, i);

	*copy = NULL;
	if (s == NULL)
		return 0;
	*copy = text_to_utf8(s, (size_t)sqlite3_column_bytes(st, i), NULL);
	return *copy != NULL ? 0 : err_set(e, EX_OSERR, "out of memory");
}

/* The value of the four hexadecimal digits at s, -1 if they are none. */
static int
hex4(const char *s)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		const char *digits = "0123456789abcdef0123456789ABCDEF";
		const char *at = s[i] == '\0' ? NULL : strchr(digits, s[i]);

		if (at == NULL)
			return -1;
		v = v * 16 + (int)(at - digits) % 16;
	}
	return v;
}

/* Whether s is the escape of the second half of a surrogate pair. */
static bool
is_low_surrogate(const char *s)
{
	int v = s[0] == '\\' && s[1] == 'u' ? hex4(s + 2) : -1;

	return v >= 0xdc00 && v <= 0xdfff;
}

/*
 * Make escapes in JSON that stand for no character of a text, NUL and half a
 * surrogate pair, those of U+FFFD: SQLite would cut the text at the one, and
 * make invalid UTF-8 of the other.
 */
static void
mend_escapes(char *s)
{
	for (; *s != '\0'; s++) {
		int v;

		if (s[0] != '\\')
			continue;
		if (*++s == '\0')
			return;
		if (*s != 'u' || (v = hex4(s + 1)) < 0)
			continue;
		if (v >= 0xd800 && v <= 0xdbff && is_low_surrogate(s + 5))
			s += 10;
		else if (v == 0 || (v >= 0xd800 && v <= 0xdfff))
			memcpy(s + 1, "fffd", 4);
	}
}

int
evidence_decode(struct db *db, int statement, const char *data, size_t len,
    int64_t max_matches, struct evidence *ev, struct err *e)
{
	sqlite3_stmt *st;
	char *text;
	int rc;

	*ev = (struct evidence){ .failures = UNKNOWN };
	if (data == NULL)
		return 0;
	if ((st = db_statement(db, statement, e)) == NULL)
		return -1;
	if ((text = text_to_utf8(data, len, NULL)) == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	mend_escapes(text);
	db_bind_text(st, 1, text);
	db_bind_int(st, 2, max_matches);
	db_bind_int(st, 3, EVIDENCE_LINE_MAX);
	rc = db_step(db, st, e);
	if (rc == 1) {
		ev->failures = db_int(st, 0);
		if (copy_column(st, 1, &ev->ip, e) != 0 ||
		    copy_column(st, 2, &ev->matches, e) != 0 ||
		    copy_column(st, 3, &ev->captures, e) != 0)
			rc = -1;
	}
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	free(text);
	return rc < 0 ? -1 : 0;
}

/* The start of the last max lines of text; empty ones are not counted. */
static const char *
last_lines(const char *text, int64_t max)
{
	const char *at = text + strlen(text);

	for (; at > text; at--) {
		if (at[-1] != '\n' || *at == '\n' || *at == '\0')
			continue;
		if (--max <= 0)
			break;
	}
	return at;
}

static int
put_line(struct db *db, int statement, const char *line, size_t len, FILE *out,
    struct err *e)
{
	sqlite3_stmt *st = db_statement(db, statement, e);
	int rc;

	if (st == NULL)
		return -1;
	sqlite3_bind_text(st, 1, line, (int)len, SQLITE_STATIC);
	db_bind_int(st, 2, EVIDENCE_LINE_MAX);
	if ((rc = db_step(db, st, e)) == 1)
		fputs(db_text(st, 0), out);
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

int
evidence_decode_lines(struct db *db, int statement, const char *lines,
    int64_t max_matches, struct evidence *ev, struct err *e)
{
	const char *comma = "";
	size_t len;
	int rc = 0;
	FILE *out;

	*ev = (struct evidence){ .failures = UNKNOWN };
	if ((out = open_memstream(&ev->matches, &len)) == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	fputs("[", out);
	lines = max_matches > 0 ? last_lines(lines, max_matches) : "";
	for (; rc == 0 && *lines != '\0'; lines += *lines != '\0') {
		len = strcspn(lines, "\n");
		if (len > 0) {
			fputs(comma, out);
			rc = put_line(db, statement, lines, len, out, e);
			comma = ",";
		}
		lines += len;
	}
	fputs("]", out);
	if (fclose(out) != 0)
		rc = err_set(e, EX_OSERR, "out of memory");
	return rc;
}

void
evidence_free(struct evidence *ev)
{
	free(ev->matches);
	free(ev->captures);
	free(ev->ip);
	*ev = (struct evidence){ .failures = UNKNOWN };
}
