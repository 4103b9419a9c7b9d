/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/user_names.h"

#include <string.h>

#include "base/json.h"

/* Names that are being collected. */
struct names {
	struct buffer *out;
	size_t begin; /* of the first name in out */
	size_t n;
};

/* Keep the name that out ends with from `from` on, unless it is there. */
static void
end_name(struct names *names, size_t from)
{
	struct buffer *out = names->out;

	buffer_putc(out, '\0');
	if (out->failed)
		return;
	for (size_t at = names->begin; at < from;
	     at += strlen(out->s + at) + 1) {
		if (strcmp(out->s + at, out->s + from) == 0 ||
		    out->s[from] == '\0') {
			buffer_cut(out, from);
			return;
		}
	}
	if (out->s[from] == '\0')
		buffer_cut(out, from);
	else
		names->n++;
}

/* Take the text between two quotes of Python, after the first one. */
static const char *
take_quoted(struct names *names, const char *s, char quote)
{
	size_t from = names->out->len;

	while (*s != '\0' && *s != quote) {
		if (*s == '\\' && s[1] != '\0')
			s++;
		buffer_putc(names->out, *s++);
	}
	end_name(names, from);
	return *s == quote ? s + 1 : s;
}

/* Take the names of a text such as ['root', "o'neill"] or {'root'}. */
static void
take_python(struct names *names, const char *s)
{
	while (*s != '\0') {
		char c = *s++;

		if (c == '\'' || c == '"')
			s = take_quoted(names, s, c);
	}
}

/* Take the name that a text is, or the names of a list that is a text. */
static void
take_text(struct names *names, const struct json *value, bool list)
{
	size_t from = names->out->len;
	struct buffer text = { 0 };

	if (!json_is_text(value))
		return;
	json_put_said(&text, value);
	if (text.s != NULL && list && strchr("[{", text.s[0]) != NULL) {
		take_python(names, text.s);
	} else if (text.s != NULL) {
		buffer_puts(names->out, text.s);
		end_name(names, from);
	}
	buffer_free(&text);
}

/* Take the names of a value: a text, or an array of texts. */
static void
take_value(struct names *names, const struct json *value, bool list)
{
	const char *at = value->at;
	struct json item;

	if (!json_is_array(value)) {
		take_text(names, value, list);
		return;
	}
	while (json_next(&at, NULL, &item))
		take_text(names, &item, false);
}

size_t
user_names(struct buffer *out, const char *captures)
{
	struct names names = { .out = out, .begin = out->len };
	struct json key, value;
	const char *at = captures;

	if (captures == NULL || !json_is(captures, '{'))
		return 0;
	while (json_next(&at, &key, &value)) {
		if (json_equals(&key, "user"))
			take_value(&names, &value, false);
		else if (json_equals(&key, "users"))
			take_value(&names, &value, true);
	}
	return names.n;
}

size_t
user_names_join(struct buffer *out, const char *captures)
{
	size_t begin = out->len, n = user_names(out, captures);

	if (out->failed)
		return n;
	for (size_t i = begin; i + 1 < out->len; i++) {
		if (out->s[i] == '\0')
			out->s[i] = ',';
	}
	return n;
}

bool
user_names_has(const char *captures, const char *name)
{
	struct buffer names = { 0 };
	const char *at;
	bool has = false;

	/* Most captures are decided without parsing them. */
	if (captures == NULL || strstr(captures, "\"user") == NULL)
		return false;
	user_names(&names, captures);
	for (at = names.s; at != NULL && at < names.s + names.len && !has;
	     at += strlen(at) + 1)
		has = strcmp(at, name) == 0;
	buffer_free(&names);
	return has;
}
