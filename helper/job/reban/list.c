/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/reban/list.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "base/macros.h"

#define BOM "\xef\xbb\xbf"

/* The characters between the fields of CSV, and those around them. */
#define MARKS ",;|"
#define QUOTES "\"'"

/* The most numbers, dates and times before an entry. */
#define STAMPS_MAX 6

/* Count the line as bad, and take none of its entries. */
static void
refuse(struct reban_found *found, struct piece part, const char *why)
{
	found->n = 0;
	reban_found_bad(found, part, why);
}

/* Return true for a character that stands between the fields of CSV. */
static bool
is_mark(char c)
{
	return piece_is_one(c, MARKS);
}

/*
 * Cut what follows a # outside of quotes, or a // before which a word
 * ends.
 */
static struct piece
cut_comment(struct piece p)
{
	bool quoted = false;

	for (size_t i = 0; i < p.len; i++) {
		bool first = i == 0 || piece_is_blank(p.at[i - 1]) ||
		    is_mark(p.at[i - 1]);

		quoted = quoted != (p.at[i] == '"');
		if ((p.at[i] == '#' && !quoted) ||
		    (p.at[i] == '/' && i + 1 < p.len && p.at[i + 1] == '/' &&
			first))
			p.len = i;
	}
	return p;
}

/* Return the rest after a text in which d is a digit; at is NULL otherwise. */
static struct piece
match(struct piece p, const char *pattern)
{
	size_t len = strlen(pattern);

	for (size_t i = 0; i < len; i++) {
		if (i == p.len ||
		    (pattern[i] == 'd' ? p.at[i] < '0' || p.at[i] > '9' :
					 p.at[i] != pattern[i]))
			return (struct piece){ NULL, 0 };
	}
	return piece_from(p, len);
}

/* Return true for what may end a time: a fraction, a zone, both or nothing. */
static bool
ends_time(struct piece p)
{
	static const char *const zones[] = { "Z", "UTC", "+dd:dd", "-dd:dd",
		"+dddd", "-dddd" };

	if (p.len > 1 && p.at[0] == '.')
		for (p = piece_from(p, 1); match(p, "d").at != NULL;)
			p = piece_from(p, 1);
	for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
		struct piece rest = match(p, zones[i]);

		if (rest.at != NULL && rest.len == 0)
			return true;
	}
	return p.len == 0;
}

/* Return true for a number, a date, a time, both, or the zone of a time. */
static bool
is_stamp(struct piece word)
{
	static const struct {
		const char *pattern;
		bool time;
	} forms[] = {
		{ "dddd-dd-dd", false },
		{ "dddd/dd/dd", false },
		{ "dd/dd/dddd", false },
		{ "dd.dd.dddd", false },
		{ "dd:dd", true },
		{ "dd:dd:dd", true },
		{ "dddd-dd-ddTdd:dd", true },
		{ "dddd-dd-ddTdd:dd:dd", true },
		{ "UTC", false },
		{ "+dddd", false },
		{ "+dd:dd", false },
	};
	struct piece rest;
	int n;

	if (piece_number(word, &n))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		rest = match(word, forms[i].pattern);
		if (rest.at != NULL &&
		    (rest.len == 0 || (forms[i].time && ends_time(rest))))
			return true;
	}
	return false;
}

/* Cut a keyword that may stand before an entry; return true when one does. */
static bool
take_keyword(struct piece *line)
{
	static const char *const keywords[] = { "-", "*", "deny from", "deny",
		"require not ip", "exitaddress", "blackhole", "unreachable",
		"prohibit", "would ban" };

	for (size_t i = 0; i < ARRAY_LEN(keywords); i++) {
		size_t len = strlen(keywords[i]);

		if (line->len > len && piece_is_blank(line->at[len]) &&
		    strncasecmp(line->at, keywords[i], len) == 0) {
			*line = piece_trim(piece_from(*line, len));
			return true;
		}
	}
	return false;
}

/* The line while its words are read. */
struct words {
	struct piece rest;
	bool field; /* a mark of CSV or a tab was before the last word */
};

/* Return the next word, which may be empty at the end. */
static struct piece
next_word(struct words *w)
{
	struct piece before = w->rest, word;

	word = piece_take_between(&w->rest, MARKS QUOTES);
	w->field = false;
	for (; before.at < word.at; before = piece_from(before, 1))
		w->field =
		    w->field || before.at[0] == '\t' || is_mark(before.at[0]);
	return word;
}

/* Return true for a word after a - that was meant as the end of a range. */
static bool
is_meant_as_end(struct piece word)
{
	return match(word, "d").at != NULL || reban_entry_resembles(word);
}

/*
 * Read the entry at the word, which may be a range with blanks around its -.
 * A - before a remark is part of the remark. Return false when there is none.
 */
static bool
take_entry(struct words *w, struct piece word, bool *range,
    struct reban_found *found)
{
	const char *dash = memchr(word.at, '-', word.len);
	struct piece first = word, second;
	struct address from, to;
	struct words after = *w;
	bool glued;

	if (dash != NULL) {
		first.len = (size_t)(dash - word.at);
		second = piece_from(word, first.len + 1);
	} else {
		second = next_word(&after);
		if (after.field || second.len == 0 || second.at[0] != '-')
			return reban_entry_read(word, found);
		second = piece_from(second, 1);
	}
	glued = second.len > 0;
	if (!glued)
		second = next_word(&after);
	if (reban_entry_read_end(first, &from) &&
	    reban_entry_read_end(second, &to)) {
		*w = after;
		*range = true;
		return reban_entry_put_range(&from, &to, found);
	}
	return !glued && !is_meant_as_end(second) &&
	    reban_entry_read(first, found);
}

/* Return true when the first and the last address are a network of bits. */
static bool
is_dshield(const struct address ends[2], struct piece word, struct address *net)
{
	struct address nets[ADDRESS_COVER_MAX];
	int bits;

	if (address_cover(&ends[0], &ends[1], nets) != 1 ||
	    !piece_number(word, &bits) || bits != nets[0].bits)
		return false;
	*net = nets[0];
	return true;
}

/* Read all words as entries, with only blanks between them. */
static void
read_ids(struct words *w, struct piece word, struct reban_found *found)
{
	for (; word.len > 0 && !found->full; word = next_word(w)) {
		if (w->field) {
			refuse(found, word, "two addresses");
			return;
		}
		if (!reban_entry_read(word, found)) {
			refuse(found, word, "not an address");
			return;
		}
	}
}

/* Look for an address in a remark; that of the line itself may be in it. */
static void
read_remark(struct words *w, struct piece word, struct reban_found *found)
{
	struct address a;

	for (; word.len > 0 && !w->field; word = next_word(w)) {
		if (address_parse(word.at, word.len, &a) ?
			memcmp(&a, &found->list[0], sizeof(a)) != 0 :
			reban_entry_resembles(word)) {
			refuse(found, word, "two addresses");
			return;
		}
	}
}

/* Read the words after the entry; alone: it is the first word of the line. */
static void
read_after(struct words *w, bool range, bool alone, struct reban_found *found)
{
	struct piece word = next_word(w);
	struct words third = *w;
	struct address ends[2];
	int level;

	if (word.len == 0 || found->failed)
		return;
	if (range && w->field && piece_number(word, &level) && level >= 128 &&
	    level <= 255) {
		refuse(found, word, "a range that its level allows");
		return;
	}
	ends[0] = found->list[0];
	if (!address_parse(word.at, word.len, &ends[1])) {
		if (reban_entry_resembles(word))
			refuse(found, word, "not an address");
		else if (!w->field)
			read_remark(w, word, found);
		return;
	}
	if (found->n == 1 &&
	    is_dshield(ends, next_word(&third), &found->list[0]))
		return;
	if (w->field && memcmp(&ends[0], &ends[1], sizeof(ends[0])) == 0)
		return;
	/* 255.255.255.0 and 0.0.0.255 are masks, not ids. */
	if (w->field || !alone || range || ends[1].bytes[0] >= 240 ||
	    (ends[1].family == AF_INET && ends[1].bytes[0] == 0))
		refuse(found, word, "two addresses");
	else
		read_ids(w, word, found);
}

/* Read a line of words: see the header. */
static void
read_words(struct piece line, struct reban_found *found)
{
	bool keyword = take_keyword(&line), range = false;
	struct words w = { .rest = line };
	struct piece word = next_word(&w);
	int stamps = 0;

	while (
	    !keyword && word.len > 0 && is_stamp(word) && stamps++ < STAMPS_MAX)
		word = next_word(&w);
	if (word.len == 0) {
		if (keyword || stamps > 0)
			refuse(found, line, "not an address");
		return;
	}
	if (!take_entry(&w, word, &range, found))
		refuse(found, word, "not an address");
	else
		read_after(&w, range, stamps == 0, found);
}

/* Read a line of PeerGuardian; return false when it is none. */
static bool
read_p2p(struct piece line, struct reban_found *found)
{
	struct piece rest = line, first = piece_take(&rest), range;
	size_t n = line.len;

	while (n > 0 && line.at[n - 1] != ':')
		n--;
	range = piece_from(line, n);
	if (n < 2 || memchr(range.at, '-', range.len) == NULL ||
	    reban_entry_resembles(first) || reban_entry_read(first, found)) {
		found->n = 0;
		return false;
	}
	return !piece_is_blank(range.at[0]) && reban_entry_read(range, found);
}

/* Cut the next field from a row of CSV, without blanks and quotes around it. */
static struct piece
take_field(struct piece *row, char mark)
{
	struct piece field = { row->at, 0 };
	bool quoted = false;

	while (field.len < row->len && (quoted || row->at[field.len] != mark)) {
		quoted = quoted != (row->at[field.len] == '"');
		field.len++;
	}
	*row = piece_from(*row, field.len + (field.len < row->len));
	field = piece_trim(field);
	if (field.len > 1 && field.at[0] == '"' &&
	    field.at[field.len - 1] == '"')
		field = (struct piece){ field.at + 1, field.len - 2 };
	return field;
}

/*
 * Learn which columns name an address, when this first line names columns.
 * Return true when it does.
 */
static bool
read_names(struct reban_list *list, struct piece line)
{
	static const char marks[] = { ',', ';', '\t', '|' };
	struct piece row = line, field;
	size_t i = 0;

	while (i < sizeof(marks) && memchr(line.at, marks[i], line.len) == NULL)
		i++;
	if (i == sizeof(marks))
		return reban_document_names_address(line);
	list->mark = marks[i];
	for (i = 0; i < REBAN_LIST_COLUMNS && row.len > 0; i++) {
		field = take_field(&row, list->mark);
		if (reban_entry_resembles(field)) {
			list->columns = 0;
			return false;
		}
		if (reban_document_names_address(field))
			list->columns |= UINT64_C(1) << i;
	}
	return list->columns != 0;
}

/* Read a row of CSV whose columns have names. */
static void
read_row(const struct reban_list *list, struct piece line,
    struct reban_found *found)
{
	struct piece texts[REBAN_LIST_COLUMNS], row = line, field;
	size_t n = 0;

	for (size_t i = 0; i < REBAN_LIST_COLUMNS && row.len > 0; i++) {
		field = take_field(&row, list->mark);
		if ((list->columns >> i & 1) != 0 && field.len > 0)
			texts[n++] = field;
	}
	if (n == 0)
		refuse(found, line, "not an address");
	else
		reban_document_put_one(texts, n, line, found);
}

static bool
is_comment(struct piece p)
{
	return p.at[0] == '#' || p.at[0] == ';' || piece_begins(p, "//");
}

/* Read a line that is no part of a document and has no blanks around it. */
static void
read_line(struct reban_list *list, struct piece line)
{
	struct reban_found *found = &list->found;
	struct piece code;

	if (line.len == 0 || is_comment(line))
		return;
	if (list->columns != 0) {
		read_row(list, line, found);
		return;
	}
	code = piece_trim(cut_comment(line));
	if (code.len > 0 && !read_p2p(line, found) &&
	    !reban_tools_read(&list->nft, code, found))
		read_words(code, found);
	if (found->bad > 0 && !list->begun && read_names(list, line))
		found->bad = 0;
	list->begun = true;
	if (found->bad > 0)
		found->n = 0;
}

/*
 * Return true for the first line of a document: a bracket, and at its side what
 * may stand there where entries follow. So [2001:db8::1]:443 is none, nor a
 * rule of iptables with its counters.
 */
static bool
begins_document(const struct reban_list *list, struct piece line)
{
	struct piece inside;

	if (line.len == 0 || list->nft.elements ||
	    (line.at[0] != '{' && line.at[0] != '['))
		return false;
	inside = piece_trim(piece_from(line, 1));
	return inside.len == 0 || piece_is_one(inside.at[0], "\"'{}[]");
}

/* Return true when the document, with this line, ends. */
static bool
ends_document(struct reban_list *list, struct piece line)
{
	for (size_t i = 0; i < line.len; i++) {
		char c = line.at[i];

		if (list->quote != '\0') {
			if (c == list->quote && !list->escaped)
				list->quote = '\0';
			list->escaped = c == '\\' && !list->escaped;
		} else if (c == '"' || c == '\'') {
			list->quote = c;
		} else if (c == '{' || c == '[') {
			list->depth++;
		} else if ((c == '}' || c == ']') && list->depth > 0) {
			list->depth--;
		}
	}
	return list->depth == 0;
}

/* Read the document that is gathered, and begin without one. */
static void
finish_document(struct reban_list *list)
{
	list->lines = list->document_lines;
	reban_document_read(&list->document, &list->found);
	buffer_cut(&list->document, 0);
	list->document_lines = 0;
	list->depth = 0;
	list->quote = '\0';
	list->escaped = false;
	list->begun = true;
}

static int
read_document(struct reban_list *list, struct piece line, struct err *e)
{
	bool ends = ends_document(list, line);

	if (list->document.len + line.len > REBAN_LIST_DOCUMENT)
		return err_set(e, EX_DATAERR,
		    "a document longer than %zu bytes", REBAN_LIST_DOCUMENT);
	buffer_put(&list->document, line.at, line.len);
	buffer_putc(&list->document, '\n');
	if (list->document.failed)
		return err_no_memory(e);
	list->document_lines++;
	list->lines = 0;
	if (ends || (list->begun && list->document_lines == 1))
		finish_document(list);
	return 0;
}

static int
check_room(const struct reban_list *list, struct err *e)
{
	if (list->found.failed)
		return err_no_memory(e);
	if (list->found.full)
		return err_set(e, EX_DATAERR, "more than %d entries",
		    REBAN_ENTRIES_MAX);
	return 0;
}

int
reban_list_read(struct reban_list *list, const char *line, size_t len,
    struct err *e)
{
	struct piece p = { line, len };

	list->found.n = 0;
	list->found.bad = 0;
	list->lines = 1;
	if (piece_begins(p, BOM))
		p = piece_from(p, sizeof(BOM) - 1);
	p = piece_trim(p);
	if (list->document_lines == 0 && !begins_document(list, p))
		read_line(list, p);
	else if (read_document(list, p, e) != 0)
		return -1;
	return check_room(list, e);
}

int
reban_list_end(struct reban_list *list, struct err *e)
{
	list->found.n = 0;
	list->found.bad = 0;
	list->lines = 0;
	if (list->document_lines > 0)
		finish_document(list);
	return check_room(list, e);
}

void
reban_list_free(struct reban_list *list)
{
	free(list->found.list);
	buffer_free(&list->document);
	*list = (struct reban_list){ .begun = false };
}
