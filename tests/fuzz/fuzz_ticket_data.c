/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data of a ticket, which are an attacker's text: any bytes decode to valid
 * JSON and UTF-8 of a bounded length, and no line is lost. A few bytes after a
 * star are repeated.
 */
#include "archive/shared_text.h"
#include "base/utf8.h"
#include "fail2ban/ticket_data.h"
#include "fuzz.h"
#include "os/db.h"

#define FEW 3
#define MANY 1000
#define SHORT 64

/* clang-format off */

enum { IS_OBJECT, LINES, FITS, LENGTH, WHOLE, CHECKS };

static const char *const checks[CHECKS] = {
	[IS_OBJECT] = "SELECT CASE WHEN json_valid(?1) "
	    "THEN json_type(?1) END IS 'object'",
	/*
	 * The length of an array, or of an object's matches; -1 for others.
	 * json_each gives the characters of a key; a path finds a key that is
	 * written with escapes only since SQLite 3.46.
	 */
	[LINES] = "SELECT coalesce(CASE json_type(?1) WHEN 'array' "
	    "THEN json_array_length(?1) ELSE (SELECT CASE type WHEN 'array' "
	    "THEN json_array_length(value) ELSE 0 END FROM json_each(?1) "
	    "WHERE key = 'matches' LIMIT 1) END, -1)",
	/* True when no text of an array is too long, except for the note. */
	[FITS] = "SELECT NOT EXISTS (SELECT 1 FROM json_each(?1) "
	    "WHERE type <> 'text' OR (length(value) > 8192 AND "
	    "substr(value, 8193) NOT GLOB ' [[]cut, [0-9]* characters]'))",
	[LENGTH] = "SELECT total(length(value)) FROM json_each(?1)",
	/* The view "bans" joins shared texts in this way. */
	[WHOLE] = "SELECT replace(replace(replace(replace(?1, x'01', ?2), "
	    "x'02', ?3), x'03', ?4), x'04', ?5) IS ?6",
};

/* clang-format on */

_Static_assert(TICKET_DATA_LINE_MAX == 8192, "FITS has the same number");

static struct db checker;

/* Return the answer of a check; the text must be valid UTF-8. */
static int64_t
ask(int which, const char *text)
{
	struct err e;
	sqlite3_stmt *st = db_statement(&checker, which, &e);
	int64_t answer;

	must(st != NULL && text != NULL && utf8_is_valid(text, strlen(text)));
	db_bind_text(st, 1, text);
	must(db_step(&checker, st, &e) == 1);
	answer = db_int(st, 0);
	sqlite3_reset(st);
	return answer;
}

/* Texts that the lines share are taken out, and put in again. */
static void
check_pieces(const char *lines)
{
	struct err e;
	sqlite3_stmt *st = db_statement(&checker, WHOLE, &e);
	struct shared_text pieces;

	must(st != NULL && shared_text_find(&pieces, lines) == 0);
	must(strlen(pieces.lines) <= strlen(lines));
	db_bind_text(st, 1, pieces.lines);
	for (int i = 0; i < SHARED_TEXT_MAX; i++)
		db_bind_text(st, 2 + i, pieces.piece[i]);
	db_bind_text(st, 6, lines);
	must(db_step(&checker, st, &e) == 1 && db_int(st, 0) == 1);
	sqlite3_reset(st);
	shared_text_free(&pieces);
}

/* Check lines that were decoded twice, with two limits. */
static void
check_lines(const struct ticket_data *few, const struct ticket_data *many,
    int64_t lines)
{
	const char *tail;

	if (lines < 0)
		lines = 0;
	must(ask(LINES, few->matches) == (lines < FEW ? lines : FEW));
	must(ask(LINES, many->matches) == (lines < MANY ? lines : MANY));
	must(ask(FITS, many->matches) == 1);
	check_pieces(many->matches);
	must(strlen(few->matches) <= strlen(many->matches));
	tail = many->matches + strlen(many->matches) - strlen(few->matches);
	must(strcmp(tail + 1, few->matches + 1) == 0);
}

static void
check_data(const char *data, size_t size)
{
	struct ticket_data few, many;
	char *text = utf8_mend(data, size, NULL);
	struct err e;

	must(ticket_data_decode(data, size, FEW, &few, &e) == 0);
	must(ticket_data_decode(data, size, MANY, &many, &e) == 0);
	must(fuzz_same(few.captures, many.captures));
	must(fuzz_same(few.ip, many.ip) && few.failures == many.failures);
	if (ask(IS_OBJECT, text) == 1) {
		check_lines(&few, &many, ask(LINES, text));
		must(ask(IS_OBJECT, many.captures) == 1);
		must(
		    many.ip == NULL || utf8_is_valid(many.ip, strlen(many.ip)));
		must(many.failures == UNKNOWN || many.failures >= 0);
	} else {
		must(few.matches == NULL && many.matches == NULL);
		must(many.captures == NULL && many.ip == NULL);
		must(many.failures == UNKNOWN);
	}
	ticket_data_free(&few);
	ticket_data_free(&many);
	free(text);
}

/* Text after a NUL is not lost: the NUL counts as any other character. */
static void
check_nul(const char *data, size_t size)
{
	struct ticket_data a, b;
	struct err e;
	char *other;

	if (memmem(data, size, "\\u0000", 6) == NULL)
		return;
	must((other = malloc(size)) != NULL);
	memcpy(other, data, size);
	for (size_t i = 0; i + 6 <= size; i++) {
		if (memcmp(other + i, "\\u0000", 6) == 0)
			memcpy(other + i, "\\u0041", 6);
	}
	must(ticket_data_decode(data, size, MANY, &a, &e) == 0);
	must(ticket_data_decode(other, size, MANY, &b, &e) == 0);
	must((a.matches == NULL) == (b.matches == NULL));
	if (a.matches != NULL)
		must(ask(LENGTH, a.matches) == ask(LENGTH, b.matches));
	ticket_data_free(&a);
	ticket_data_free(&b);
	free(other);
}

static void
check_plain(const char *data, size_t size)
{
	struct ticket_data few, many;
	char *text = utf8_mend(data, size, NULL);
	struct err e;
	int64_t lines = 0;

	must(text != NULL);
	for (const char *s = text; *s != '\0'; s++)
		lines += *s != '\n' && (s == text || s[-1] == '\n');
	must(ticket_data_decode_lines(text, FEW, &few, &e) == 0);
	must(ticket_data_decode_lines(text, MANY, &many, &e) == 0);
	check_lines(&few, &many, lines);
	must(many.captures == NULL && many.ip == NULL);
	ticket_data_free(&few);
	ticket_data_free(&many);
	free(text);
}

/* Repeat the bytes until they are longer than the longest line. */
static void
check_long(const char *data, size_t size)
{
	static const char head[] = "{\"matches\":[\"", tail[] = "\"]}";
	size_t times = TICKET_DATA_LINE_MAX / size + 2;
	size_t h = strlen(head), t = strlen(tail);
	char *text = malloc(h + times * size + t);

	must(text != NULL);
	memcpy(text, head, h);
	for (size_t i = 0; i < times; i++)
		memcpy(text + h + i * size, data, size);
	memcpy(text + h + times * size, tail, t);
	check_data(text, h + times * size + t);
	check_plain(text + h, times * size);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e;

	if (checker.handle == NULL)
		must(db_open(&checker, ":memory:", SQLITE_OPEN_READWRITE, NULL,
			 0, checks, CHECKS, &e) == 0);
	if (size > 1 && size <= SHORT && data[0] == '*') {
		check_long((const char *)data + 1, size - 1);
		return 0;
	}
	check_data((const char *)data, size);
	check_nul((const char *)data, size);
	check_plain((const char *)data, size);
	return 0;
}
