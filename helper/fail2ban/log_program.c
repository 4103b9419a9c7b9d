/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/log_program.h"

#include <string.h>
#include <strings.h>

#include "base/macros.h"

/* Docker numbers a container with so many digits, or with all 64. */
#define CONTAINER_DIGITS 12

/*
 * Return true when what follows the name "fail2ban" belongs to a name of it,
 * and not to that of another program.
 */
static bool
may_follow(const char *s, size_t len)
{
	static const char marks[] = { '.', '@', '/', ':' };
	static const char *const others[] = { "archive", "client", "exporter",
		"regex", "testcases" };

	if (len == 0 || memchr(marks, *s, sizeof(marks)) != NULL)
		return true;
	if (*s != '-' && *s != '_')
		return false;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		size_t n = strlen(others[i]);

		if (len > n && memcmp(s + 1, others[i], n) == 0)
			return false;
	}
	return true;
}

bool
log_program_is_fail2ban(const struct log_word *name)
{
	static const char *const names[] = { "fail2ban", "f2b" };
	const char *end = name->s + name->len;

	for (const char *c = name->s; c < end; c++) {
		if (c > name->s && log_word_is_alnum(c[-1]))
			continue;
		for (size_t i = 0; i < ARRAY_LEN(names); i++) {
			size_t n = strlen(names[i]);

			if ((size_t)(end - c) >= n &&
			    strncasecmp(c, names[i], n) == 0 &&
			    may_follow(c + n, (size_t)(end - c) - n))
				return true;
		}
	}
	return false;
}

/* Return true for the number of a container, which does not tell its name. */
static bool
is_container(const struct log_word *name)
{
	if (name->len != CONTAINER_DIGITS && name->len != 64)
		return false;
	for (size_t i = 0; i < name->len; i++) {
		if (!log_word_is_digit(name->s[i]) &&
		    (name->s[i] < 'a' || name->s[i] > 'f'))
			return false;
	}
	return true;
}

static enum log_program
program_of(const struct log_word *name)
{
	if (log_word_is(name, "fail2ban-archive"))
		return LOG_PROGRAM_ARCHIVE;
	return log_program_is_fail2ban(name) || is_container(name) ?
	    LOG_PROGRAM_FAIL2BAN :
	    LOG_PROGRAM_FOREIGN;
}

void
log_program_skip_mark(struct log_rest *r)
{
	struct log_rest at = *r;

	if (!log_word_take(&at, " <"))
		return;
	while (at.s < at.end && log_word_is_alnum(*at.s))
		at.s++;
	if (log_word_take(&at, ">"))
		*r = at;
}

/* Take "sshd[4117]:" or "sshd:". */
static bool
take_plain(struct log_rest *r, struct log_program_tag *tag)
{
	struct log_word *name = &tag->name;
	const char *bracket = memchr(name->s, '[', name->len), *digits;
	struct log_rest at = *r;

	if (bracket == NULL) {
		if (name->len < 2 || name->s[name->len - 1] != ':')
			return false;
		r->s += name->len--;
		return true;
	}
	at.s = digits = bracket + 1;
	tag->pid = log_word_take_number(&at);
	if (bracket == name->s || at.s == digits || !log_word_take(&at, "]"))
		return false;
	log_program_skip_mark(&at);
	if (!log_word_take(&at, ":"))
		return false;
	name->len = (size_t)(bracket - name->s);
	r->s = at.s;
	return true;
}

/* Skip the structured data of RFC 5424, "-" or elements in brackets. */
static bool
skip_structured(struct log_rest *r)
{
	bool quoted = false;

	if (log_word_take(r, "-"))
		return true;
	if (r->s == r->end || *r->s != '[')
		return false;
	for (char c; r->s < r->end; r->s++) {
		c = *r->s;
		if (quoted && c == '\\' && r->s + 1 < r->end)
			r->s++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && c == ']' &&
		    (r->s + 1 == r->end || r->s[1] != '['))
			return log_word_take(r, "]");
	}
	return false;
}

/* Take "sshd 4117 - - ": name, process, kind of message, structured data. */
static bool
take_apart(struct log_rest *r, struct log_program_tag *tag)
{
	struct log_word pid = log_word_after(&tag->name, r->end);
	struct log_word id = log_word_after(&pid, r->end);
	struct log_rest at = { pid.s, r->end };

	tag->pid = log_word_take_number(&at);
	if (pid.len == 0 ||
	    (at.s != pid.s + pid.len && !log_word_is(&pid, "-")))
		return false;
	at.s = log_word_after(&id, r->end).s;
	if (!skip_structured(&at) ||
	    (!log_word_take_blanks(&at) && at.s < at.end))
		return false;
	log_word_take(&at, "\xef\xbb\xbf");
	r->s = at.s;
	tag->apart = true;
	return true;
}

bool
log_program_take_tag(struct log_rest *r, struct log_program_tag *tag)
{
	struct log_word word = log_word_at(r->s, r->end);

	*tag = (struct log_program_tag){ .name = word };
	if (word.len == 0)
		return false;
	if (take_plain(r, tag) || take_apart(r, tag)) {
		tag->program = program_of(&tag->name);
		return true;
	}
	/* Any other word that ends so is a tag, too. */
	tag->program = LOG_PROGRAM_FOREIGN;
	return *word.s != '[' && word.s[word.len - 1] == ':';
}
