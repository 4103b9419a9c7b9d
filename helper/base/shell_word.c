/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/shell_word.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/escape.h"

/* The characters that mean nothing to a shell, wherever they stand. */
static const char plain[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX"
    "YZ0123456789_./,:@%+-";

/* Put the name into single quotes, and each of its own into double ones. */
static void
put_quoted(struct buffer *b, const char *name)
{
	buffer_putc(b, '\'');
	for (const char *s = name; *s != '\0'; s++) {
		if (*s == '\'')
			buffer_puts(b, "'\"'\"'");
		else
			buffer_putc(b, *s);
	}
	buffer_putc(b, '\'');
}

/*
 * Return true for a name that a program takes for an option, or, as tar does,
 * for a file of another machine.
 */
static bool
is_taken_amiss(const char *name)
{
	return name[0] == '-' || name[strcspn(name, ":/")] == ':';
}

const char *
shell_text(char word[SHELL_WORD], const char *text, const char *instead)
{
	char shown[SHELL_WORD];
	struct buffer b = { 0 };
	bool fits;

	escape_text(shown, sizeof(shown), text, strlen(text));
	if (strspn(text, plain) == strlen(text))
		buffer_puts(&b, text);
	else
		put_quoted(&b, text);
	fits = text[0] != '\0' && strcmp(shown, text) == 0 && !b.failed &&
	    b.len < SHELL_WORD;
	snprintf(word, SHELL_WORD, "%s", fits ? b.s : instead);
	buffer_free(&b);
	return word;
}

const char *
shell_word(char word[SHELL_WORD], const char *name, const char *instead)
{
	char path[SHELL_WORD];
	bool fits = (size_t)snprintf(path, sizeof(path), "%s%s",
			is_taken_amiss(name) ? "./" : "", name) < sizeof(path);

	/* A text of no bytes is replaced. */
	return shell_text(word, fits ? path : "", instead);
}
