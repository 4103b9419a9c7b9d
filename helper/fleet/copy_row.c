/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fleet/copy_row.h"

#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/json.h"
#include "base/macros.h"
#include "base/utf8.h"

#define JSON_BYTES ((size_t)64 << 20)
#define NUMBER_CHARACTERS 300
#define EXPONENT_DIGITS 3

/* The first and the last microsecond of the years 1 and 9999. */
#define FIRST_US INT64_C(-62135596800000000)
#define LAST_US INT64_C(253402300799999999)

static void
put_null(struct buffer *out)
{
	buffer_puts(out, "\\N");
}

/* Append text that is valid UTF-8, of len bytes, a NUL after them. */
static void
put_escaped(struct buffer *out, const char *s, size_t len)
{
	for (size_t n; len > 0; s += n, len -= n) {
		n = strcspn(s, "\\\n\r\t");
		buffer_put(out, s, n);
		if (n >= len)
			break;
		buffer_putc(out, '\\');
		buffer_puts(out,
		    s[n] == '\n'     ? "n" :
			s[n] == '\r' ? "r" :
			s[n] == '\t' ? "t" :
				       "\\");
		n++;
	}
}

static void
put_text(struct buffer *out, const char *s)
{
	size_t len = s != NULL ? strlen(s) : 0;
	char *mended;

	if (s == NULL) {
		put_null(out);
	} else if (utf8_is_valid(s, len)) {
		put_escaped(out, s, len);
	} else if ((mended = utf8_mend(s, len, &len)) != NULL) {
		put_escaped(out, mended, len);
		free(mended);
	} else {
		out->failed = true;
	}
}

static void
put_number(struct buffer *out, int64_t v)
{
	if (v == UNKNOWN)
		put_null(out);
	else
		buffer_put_number(out, v);
}

static void
put_time(struct buffer *out, int64_t us)
{
	put_number(out,
	    us == UNKNOWN     ? us :
		us < FIRST_US ? FIRST_US :
		us > LAST_US  ? LAST_US :
				us);
}

/* Return the length of the text at s with its quotes; s is JSON. */
static size_t
text_length(const char *s)
{
	size_t n = 1;

	while (s[n] != '"')
		n += s[n] == '\\' ? 2 : 1;
	return n + 1;
}

static bool
is_too_large(const char *s, size_t len)
{
	size_t e = 0;

	while (e < len && s[e] != 'e' && s[e] != 'E')
		e++;
	e += e < len;
	e += e < len && (s[e] == '-' || s[e] == '+');
	return len > NUMBER_CHARACTERS || len - e > EXPONENT_DIGITS;
}

/* Append JSON to `to`, its numbers so that jsonb takes them. */
static void
put_numbers(struct buffer *to, const char *s)
{
	static const char in_number[] = "+-.0123456789eE";
	size_t n;

	for (; *s != '\0'; s += n) {
		if (*s == '"') {
			n = text_length(s);
			buffer_put(to, s, n);
		} else if (*s == '-' || (*s >= '0' && *s <= '9')) {
			n = strspn(s, in_number);
			if (is_too_large(s, n))
				json_put_text(to, s, n);
			else
				buffer_put(to, s, n);
		} else {
			n = strcspn(s, "\"-0123456789");
			buffer_put(to, s, n);
		}
	}
}

/* Append JSON that begins with open; what is none becomes a text in one. */
static void
put_json(struct buffer *out, const char *s, char open)
{
	struct buffer to = { 0 };
	size_t len = s != NULL ? strlen(s) : 0;
	char *mended;

	if (s == NULL || len > JSON_BYTES) {
		put_null(out);
		return;
	}
	if ((mended = utf8_mend(s, len, &len)) == NULL) {
		out->failed = true;
		return;
	}
	json_mend(mended);
	if (json_is(mended, open)) {
		put_numbers(&to, mended);
	} else {
		buffer_puts(&to, open == '[' ? "[" : "{\"text\":");
		json_put_text(&to, mended, strlen(mended));
		buffer_putc(&to, open == '[' ? ']' : '}');
	}
	free(mended);
	if (to.failed)
		out->failed = true;
	else
		put_escaped(out, to.s, to.len);
	buffer_free(&to);
}

/* Append the ip, or the id, if it is an address or a network. */
static void
put_address(struct buffer *out, const char *ip, const char *ident)
{
	char text[ADDRESS_TEXT];
	struct address a;

	if ((ip != NULL && address_parse(ip, strlen(ip), &a)) ||
	    (ident != NULL && address_parse(ident, strlen(ident), &a)))
		buffer_puts(out, address_print(&a, text));
	else
		put_null(out);
}

static void
put_field(struct buffer *out, const struct copy_row *row, enum ban_field field)
{
	int64_t number = row->number[field];

	switch (ban_field_kind(field)) {
	case BAN_FIELD_KIND_TEXT:
		put_text(out, row->text[field]);
		break;
	case BAN_FIELD_KIND_ARRAY:
	case BAN_FIELD_KIND_OBJECT:
		put_json(out, row->text[field], (char)ban_field_kind(field));
		break;
	case BAN_FIELD_KIND_NUMBER:
		if (field == BAN_FIELD_SINCE || field == BAN_FIELD_ENDED)
			put_time(out, number);
		else if (field == BAN_FIELD_SECONDS && number != UNKNOWN &&
		    number < 0)
			put_number(out, -1);
		else
			put_number(out, number);
		break;
	}
}

void
copy_row_put(struct buffer *out, const struct copy_row *row)
{
	buffer_puts(out, "\\N\t\\N\t");
	put_number(out, row->ban);
	buffer_putc(out, '\t');
	put_number(out, row->number[BAN_FIELD_REV]);
	buffer_putc(out, '\t');
	for (int i = 0; i < BAN_FIELDS; i++)
		if (i != BAN_FIELD_REV) {
			put_field(out, row, (enum ban_field)i);
			buffer_putc(out, '\t');
		}
	put_address(out, row->text[BAN_FIELD_IP], row->text[BAN_FIELD_IDENT]);
	buffer_putc(out, '\n');
}

void
copy_row_put_gone(struct buffer *out, int64_t ban, int64_t rev, int64_t gone_us,
    bool pruned)
{
	buffer_puts(out, pruned ? "pruned\t" : "gone\t");
	put_time(out, gone_us);
	buffer_putc(out, '\t');
	put_number(out, ban);
	buffer_putc(out, '\t');
	put_number(out, rev);
	/* The fields but for rev, and the address. */
	for (int i = 0; i < BAN_FIELDS; i++)
		buffer_puts(out, "\t\\N");
	buffer_putc(out, '\n');
}
