/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/shell_word: names of files in commands, as a shell reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/shell_word.h"

static void
a_name_becomes_one_word(void **state)
{
	static const struct {
		const char *name, *word;
	} rows[] = {
		{ "/var/log/fail2ban.log-20240101.xz",
		    "/var/log/fail2ban.log-20240101.xz" },
		{ "a b", "'a b'" },
		{ "$(reboot)", "'$(reboot)'" },
		{ "`id`;*?[a]~", "'`id`;*?[a]~'" },
		{ "it's", "'it'\"'\"'s'" },
		{ "~root", "'~root'" },
		{ "-rf", "./-rf" },
		{ "-", "./-" },
		{ "- x", "'./- x'" },
		/* tar takes these for files of another machine. */
		{ "host:b.tar", "./host:b.tar" },
		{ ":", "./:" },
		{ "a/b:c", "a/b:c" },
		{ "\xc3\xa4", "'\xc3\xa4'" },
		/* A terminal would not show these as they are. */
		{ "", "FILE" },
		{ "a\nb", "FILE" },
		{ "a\033[1mb", "FILE" },
		{ "a\\b", "FILE" },
		{ "\xff", "FILE" },
	};
	char word[SHELL_WORD];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(shell_word(word, rows[i].name, "FILE"),
		    rows[i].word);
}

static void
a_name_that_is_too_long_is_not_cut(void **state)
{
	char name[4096], word[SHELL_WORD];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[SHELL_WORD - 1] = '\0';
	assert_string_equal(shell_word(word, name, "FILE"), name);
	name[SHELL_WORD - 1] = 'x';
	name[sizeof(name) - 1] = '\0';
	assert_string_equal(shell_word(word, name, "FILE"), "FILE");
	memset(name, '\'', sizeof(name));
	name[100] = '\0';
	assert_string_equal(shell_word(word, name, "FILE"), "FILE");
}

static void
a_text_that_is_no_name_stays_as_it_is(void **state)
{
	static const struct {
		const char *text, *word;
	} rows[] = {
		{ "2001:db8::1", "2001:db8::1" },
		{ "-x", "-x" },
		{ "a b's", "'a b'\"'\"'s'" },
		{ "", "ID" },
		{ "a\nb", "ID" },
	};
	char word[SHELL_WORD];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(shell_text(word, rows[i].text, "ID"),
		    rows[i].word);
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_becomes_one_word),
		cmocka_unit_test(a_text_that_is_no_name_stays_as_it_is),
		cmocka_unit_test(a_name_that_is_too_long_is_not_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
