/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/reban/document.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/macros.h"
#include "base/utf8.h"

/* The most entries that one object may name, and the longest text of one. */
#define NAMED_MAX 8
#define ENTRY_BYTES 128

/* Frames in frames, at most: each level is stepped through once more. */
#define FRAMES_MAX 16

/*
 * The names are in small letters, without _ and -; a plural has s or es more.
 * A general name counts where no other one is there.
 */
static const char *const address_names[] = { "cidr", "clientip", "dstip",
	"ident", "ip", "ipaddr", "ipaddress", "ipcidr", "ipnetwork", "ipprefix",
	"iprange", "ipstr", "ipv4", "ipv4addr", "ipv4address", "ipv4cidr",
	"ipv4prefix", "ipv6", "ipv6addr", "ipv6address", "ipv6cidr",
	"ipv6prefix", "remoteaddr", "remoteip", "sourceip", "srcaddr",
	"srcip" };
static const char *const general_names[] = { "addr", "address", "indicator",
	"net", "netblock", "network", "prefix", "range", "subnet", "value" };
static const char *const frame_names[] = { "attacker", "attribute", "ban",
	"banned", "blacklist", "block", "blocked", "blocklist", "data",
	"decision", "deny", "denylist", "drop", "element", "entries", "feed",
	"hit", "item", "list", "member", "new", "object", "record", "response",
	"result", "row", "source" };

/* Return true when the name, or the name without an s, is in the list. */
static bool
has_name(const char *const *names, size_t n, struct piece name)
{
	char plain[24] = "";
	size_t len = 0;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];

		if (c == '_' || c == '-' || c == ' ')
			continue;
		if (len + 1 == sizeof(plain))
			return false;
		plain[len++] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	plain[len] = '\0';
	for (size_t i = 0; i < n; i++) {
		size_t k = strlen(names[i]);

		if (strncmp(plain, names[i], k) == 0 &&
		    (plain[k] == '\0' || strcmp(plain + k, "s") == 0 ||
			strcmp(plain + k, "es") == 0))
			return true;
	}
	return false;
}

bool
reban_document_names_address(struct piece name)
{
	return has_name(address_names, ARRAY_LEN(address_names), name) ||
	    has_name(general_names, ARRAY_LEN(general_names), name);
}

void
reban_document_put_one(const struct piece *texts, size_t n, struct piece whole,
    struct reban_found *found)
{
	struct reban_found one = { 0 };
	size_t narrow = 0;

	for (size_t i = 0; i < n; i++) {
		size_t before = one.n;

		if (!reban_entry_read(texts[i], &one)) {
			reban_found_bad(found, texts[i], "not an address");
			goto done;
		}
		/* A range of several networks stands alone. */
		if (n > 1 && one.n > before + 1) {
			reban_found_bad(found, whole, "two addresses");
			goto done;
		}
	}
	for (size_t i = 1; i < one.n && n > 1; i++) {
		if (one.list[i].bits > one.list[narrow].bits)
			narrow = i;
	}
	for (size_t i = 0; i < one.n && n > 1; i++) {
		if (!address_holds(&one.list[i], &one.list[narrow])) {
			reban_found_bad(found, whole, "two addresses");
			goto done;
		}
	}
	for (size_t i = 0; i < one.n; i++) {
		if (n == 1 || i == narrow)
			reban_found_put(found, &one.list[i]);
	}
done:
	found->failed = found->failed || one.failed;
	free(one.list);
}

/*
 * Put the characters of a JSON text into buf; a text that is longer than an
 * entry becomes one that is none.
 */
static struct piece
said(const struct json *text, char buf[ENTRY_BYTES])
{
	struct buffer b = { 0 };
	struct piece p = { buf, 0 };

	if (text->len > ENTRY_BYTES)
		return (struct piece){ text->at, ENTRY_BYTES };
	json_put_said(&b, text);
	if (b.len > 0 && b.len <= ENTRY_BYTES) {
		memcpy(buf, b.s, b.len);
		p.len = b.len;
	}
	buffer_free(&b);
	return piece_trim(p);
}

static struct piece
piece_of(const struct json *value)
{
	return (struct piece){ value->at, value->len };
}

static bool
is_container(const struct json *value)
{
	return value->at[0] == '{' || value->at[0] == '[';
}

/* The texts of one object that name its entry. */
struct named {
	char room[NAMED_MAX][ENTRY_BYTES];
	struct piece texts[NAMED_MAX];
	size_t n;
};

static void
name_entries(const struct json *object, const char *const *names, size_t n,
    struct named *named)
{
	struct json key = { NULL, 0 }, value = { NULL, 0 };
	const char *at = object->at;
	char buf[ENTRY_BYTES];

	while (named->n < NAMED_MAX && json_next(&at, &key, &value)) {
		if (!json_is_text(&value) || value.len == 2 ||
		    !has_name(names, n, said(&key, buf)))
			continue;
		named->texts[named->n] = said(&value, named->room[named->n]);
		named->n++;
	}
}

static bool
is_metadata(const struct json *object)
{
	struct json key = { NULL, 0 }, value = { NULL, 0 };
	const char *at = object->at;

	while (json_next(&at, &key, &value)) {
		if (json_equals(&key, "type") && json_is_text(&value) &&
		    json_equals(&value, "metadata"))
			return true;
	}
	return false;
}

/* Read an object's own entry; return false when it has none. */
static bool
read_own(const struct json *object, struct reban_found *found)
{
	struct named named = { .n = 0 };

	name_entries(object, address_names, ARRAY_LEN(address_names), &named);
	if (named.n == 0)
		name_entries(object, general_names, ARRAY_LEN(general_names),
		    &named);
	if (named.n > 0)
		reban_document_put_one(named.texts, named.n, piece_of(object),
		    found);
	return named.n > 0 || is_metadata(object);
}

/* Return true when an object's only value is an array. */
static bool
is_jail(const struct json *object)
{
	struct json key = { NULL, 0 }, value = { NULL, 0 };
	const char *at = object->at;

	return json_next(&at, &key, &value) && json_is_array(&value) &&
	    !json_next(&at, &key, &value);
}

/* An array, or an object that is a frame, while it is read. */
struct frame {
	struct json whole;
	const char *at;
	bool array, any; /* any: an object's names do not matter */
	bool empty;	 /* an object had nothing to read so far */
};

/* Those that are open, from the outside in. */
struct frames {
	struct frame list[FRAMES_MAX];
	size_t n;
};

static void
open_frame(struct frames *frames, const struct json *container, bool any,
    struct reban_found *found)
{
	if (frames->n == FRAMES_MAX) {
		reban_found_bad(found, piece_of(container), "nested too deep");
		return;
	}
	frames->list[frames->n++] = (struct frame){
		.whole = *container,
		.at = container->at,
		.array = json_is_array(container),
		.any = any,
		.empty = true,
	};
}

/* Read a value: an entry, or a container, whose frame is opened. */
static void
read_value(struct frames *frames, const struct json *value, bool in_array,
    struct reban_found *found)
{
	char buf[ENTRY_BYTES];

	if (json_is_array(value)) {
		open_frame(frames, value, false, found);
	} else if (is_container(value)) {
		if (in_array && is_jail(value))
			open_frame(frames, value, true, found);
		else if (!read_own(value, found))
			open_frame(frames, value, false, found);
	} else if (!json_is_null(value) &&
	    (!json_is_text(value) ||
		!reban_entry_read(said(value, buf), found))) {
		reban_found_bad(found, piece_of(value), "not an address");
	}
}

/* Return true when what stands under this name in the object is read. */
static bool
is_wanted(const struct frame *frame, const struct json *key)
{
	char buf[ENTRY_BYTES];
	struct piece name = said(key, buf);

	return frame->any || reban_document_names_address(name) ||
	    has_name(frame_names, ARRAY_LEN(frame_names), name);
}

static void
read_root(const struct json *root, struct reban_found *found)
{
	struct frames frames = { .n = 0 };
	struct json key = { NULL, 0 }, value = { NULL, 0 };

	read_value(&frames, root, false, found);
	while (frames.n > 0 && !found->full) {
		struct frame *frame = &frames.list[frames.n - 1];

		if (!json_next(&frame->at, frame->array ? NULL : &key,
			&value)) {
			if (frame->empty && !frame->array)
				reban_found_bad(found, piece_of(&frame->whole),
				    "no name of an address that is known");
			frames.n--;
		} else if (frame->array) {
			read_value(&frames, &value, true, found);
		} else if (is_container(&value) && is_wanted(frame, &key)) {
			frame->empty = false;
			read_value(&frames, &value, false, found);
		}
	}
}

/*
 * Append the text of Python that begins at s, with ' or " around it, as JSON.
 * Return the byte after it, or NULL when it does not end.
 */
static const char *
put_python_text(struct buffer *json, const char *s)
{
	char quote = *s;

	buffer_putc(json, '"');
	for (s++; *s != quote; s++) {
		if (*s == '\0')
			return NULL;
		if (*s == '"' || (*s == '\\' && s[1] != '\'' && s[1] != 'x'))
			buffer_putc(json, '\\');
		if (*s == '\\' && s[1] == 'x')
			buffer_puts(json, "\\u00");
		if (*s == '\\' && *++s == '\0')
			return NULL;
		if (*s != 'x' || s[-1] != '\\')
			buffer_putc(json, *s);
	}
	buffer_putc(json, '"');
	return s + 1;
}

/* Write a list that Python printed as JSON, unless a text does not end. */
static bool
from_python(const char *s, struct buffer *json)
{
	while (s != NULL && *s != '\0') {
		if (*s == '\'' || *s == '"')
			s = put_python_text(json, s);
		else
			buffer_putc(json, *s++);
	}
	return s != NULL && !json->failed && json->len > 0;
}

void
reban_document_read(struct buffer *text, struct reban_found *found)
{
	struct piece whole = piece_trim((struct piece){ text->s, text->len });
	struct buffer python = { 0 };
	struct piece json = whole;
	struct json root;

	if (!utf8_is_valid(text->s, text->len)) {
		reban_found_bad(found, whole, "not UTF-8");
		return;
	}
	if (!json_is(json.at, *json.at) && from_python(json.at, &python))
		json = piece_trim((struct piece){ python.s, python.len });
	if (!json_is(json.at, *json.at)) {
		reban_found_bad(found, whole, "not JSON");
	} else {
		json_mend(python.s != NULL ? python.s : text->s);
		root = (struct json){ json.at, json.len };
		read_root(&root, found);
	}
	found->failed = found->failed || python.failed;
	buffer_free(&python);
}
