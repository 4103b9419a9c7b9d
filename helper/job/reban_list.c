/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/reban_list.h"

#include <stdbool.h>
#include <string.h>

#include "base/json.h"
#include "base/macros.h"
#include "base/utf8.h"

#define MAX_WORDS 4
#define MARK "\xef\xbb\xbf"

/* A piece of a line. */
struct piece {
	const char *at;
	size_t len;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' ||
	    c == '\f';
}

/* Return true for a character that separates words. */
static bool
is_between(char c)
{
	return is_blank(c) || c == ',' || c == '"' || c == '\'';
}

static void
skip(struct piece *p, size_t n)
{
	p->at += n;
	p->len -= n;
}

static void
skip_between(struct piece *p)
{
	while (p->len > 0 && is_between(p->at[0]))
		skip(p, 1);
}

static void
cut_comment(struct piece *p)
{
	size_t i;

	for (i = 0; i < p->len; i++) {
		if (p->at[i] == '#' || p->at[i] == ';' ||
		    (p->at[i] == '/' && i + 1 < p->len && p->at[i + 1] == '/' &&
			(i == 0 || is_between(p->at[i - 1]))))
			p->len = i;
	}
}

/* Return the next word, which may be empty, and cut it from rest. */
static struct piece
take_word(struct piece *rest)
{
	struct piece word;

	skip_between(rest);
	word = (struct piece){ rest->at, 0 };
	while (word.len < rest->len && !is_between(rest->at[word.len]))
		word.len++;
	skip(rest, word.len);
	return word;
}

/* Return true when the word, or what it has before a -, is an address. */
static bool
take_address(struct piece word, struct piece *rest, struct address *a)
{
	const char *dash;

	if (address_parse(word.at, word.len, a))
		return true;
	dash = word.len == 0 ? NULL : memchr(word.at, '-', word.len);
	if (dash == NULL ||
	    !address_parse(word.at, (size_t)(dash - word.at), a))
		return false;
	rest->len += (size_t)(rest->at - dash);
	rest->at = dash;
	return true;
}

static enum reban_list_kind
bad(const char **why, const char *reason)
{
	*why = reason;
	return REBAN_LIST_BAD;
}

static enum reban_list_kind
span(const struct address *last, struct address *a, const char **why)
{
	struct address first = *a;

	if (!address_span(&first, last, a))
		return bad(why, "a range that is no network");
	return REBAN_LIST_ADDRESS;
}

/* Return true when the word is this number. */
static bool
is_number(struct piece word, int number)
{
	int n = 0;
	size_t i;

	for (i = 0; i < word.len && i < 3; i++) {
		if (word.at[i] < '0' || word.at[i] > '9')
			return false;
		n = n * 10 + (word.at[i] - '0');
	}
	return word.len > 0 && word.len == i && n == number;
}

/* Read the words after the address a, which may make it a network. */
static enum reban_list_kind
read_second(struct piece rest, struct address *a, const char **why)
{
	struct address last, net;
	struct piece word;
	bool glued;

	skip_between(&rest);
	if (rest.len > 0 && rest.at[0] == '-') {
		skip(&rest, 1);
		glued = rest.len > 0 && !is_between(rest.at[0]);
		word = take_word(&rest);
		if (address_parse(word.at, word.len, &last))
			return span(&last, a, why);
		return glued ? bad(why, "not an address") : REBAN_LIST_ADDRESS;
	}
	word = take_word(&rest);
	if (!address_is_single(a) || !address_parse(word.at, word.len, &last) ||
	    memcmp(&last, a, sizeof(last)) == 0)
		return REBAN_LIST_ADDRESS;
	word = take_word(&rest);
	if (!address_span(a, &last, &net) || !is_number(word, net.bits))
		return bad(why, "two addresses");
	*a = net;
	return REBAN_LIST_ADDRESS;
}

static enum reban_list_kind
read_words(struct piece rest, struct address *a, const char **why)
{
	struct address found;
	struct piece word;
	enum reban_list_kind kind;
	int i;

	for (i = 0; i < MAX_WORDS; i++) {
		word = take_word(&rest);
		if (word.len == 0)
			break;
		if (!take_address(word, &rest, &found))
			continue;
		kind = read_second(rest, &found, why);
		if (kind == REBAN_LIST_ADDRESS)
			*a = found;
		return kind;
	}
	return i == 0 ? REBAN_LIST_NOTHING : bad(why, "not an address");
}

/* Read a JSON text as an address; it may have no escape but that of /. */
static bool
json_address(const struct json *value, struct address *a)
{
	char text[2 * ADDRESS_TEXT];
	size_t i, n = 0;

	if (!json_is_text(value) || value->len > sizeof(text))
		return false;
	for (i = 1; i + 1 < value->len; i++) {
		if (value->at[i] == '\\' && value->at[i + 1] == '/')
			i++;
		text[n++] = value->at[i];
	}
	return address_parse(text, n, a);
}

static enum reban_list_kind
read_object(struct piece line, struct address *a, const char **why)
{
	char text[REBAN_LIST_JSON + 1];
	struct json key, value;
	struct address found;
	const char *at = text;
	bool metadata = false;

	if (line.len > REBAN_LIST_JSON)
		return bad(why, "too long");
	if (!utf8_is_valid(line.at, line.len))
		return bad(why, "not UTF-8");
	memcpy(text, line.at, line.len);
	text[line.len] = '\0';
	if (!json_is(text, '{'))
		return bad(why, "not JSON");
	while (json_next(&at, &key, &value)) {
		if ((json_equals(&key, "cidr") || json_equals(&key, "ip")) &&
		    json_address(&value, &found)) {
			*a = found;
			return REBAN_LIST_ADDRESS;
		}
		metadata |= json_equals(&key, "type") && json_is_text(&value) &&
		    json_equals(&value, "metadata");
	}
	return metadata ? REBAN_LIST_NOTHING : bad(why, "not an address");
}

enum reban_list_kind
reban_list_read(const char *line, size_t len, struct address *a,
    const char **why)
{
	struct piece p = { line, len };

	if (len >= sizeof(MARK) - 1 &&
	    memcmp(line, MARK, sizeof(MARK) - 1) == 0)
		skip(&p, sizeof(MARK) - 1);
	while (p.len > 0 && is_blank(p.at[0]))
		skip(&p, 1);
	if (p.len > 0 && p.at[0] == '{')
		return read_object(p, a, why);
	if (p.len > 0 && p.at[0] == '[')
		return bad(why, "not an address");
	cut_comment(&p);
	return read_words(p, a, why);
}
