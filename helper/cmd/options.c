/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/escape.h"
#include "base/nearest.h"

#define OPTIONS_MAX 40

const struct option_spec options_none[] = { { NULL, NULL, NULL } };

/* Return the program that explains the command. */
static const char *
program_of(const struct command *self)
{
	return self->program != NULL ? self->program : "fail2ban-archive";
}

/* Fail unless there are as many operands as self->operands says. */
static int
check_operands(const struct command *self, int n, struct err *e)
{
	bool none = self->operands[0] == '\0', maybe = self->operands[0] == '[';
	bool some = strstr(self->operands, "...") != NULL;

	if (some && (n > 0 || maybe))
		return 0;
	if (n == (none ? 0 : 1) || (n == 0 && maybe))
		return 0;
	if (none)
		return err_set(e, EX_USAGE,
		    "%s: takes options only; see %s %s --help", self->name,
		    program_of(self), self->name);
	return err_set(e, EX_USAGE, "%s: give %s %s; see %s %s --help",
	    self->name,
	    maybe    ? "at most one" :
		some ? "at least one" :
		       "one",
	    self->operands, program_of(self), self->name);
}

/* Fail for an option; name the nearest one, where there is no such option. */
static int
wrong_option(const struct command *self, const char *option, bool no_value,
    struct err *e)
{
	char escaped[80], word[40];
	struct nearest nearest = { .word = word };

	snprintf(word, sizeof(word), "%s", option + strspn(option, "-"));
	word[strcspn(word, "=")] = '\0';
	for (const struct option_spec *o = self->options;
	     o->name != NULL && !no_value; o++)
		nearest_take(&nearest, o->name);
	escape_text(escaped, sizeof(escaped), option, strlen(option));
	if (nearest.name == NULL)
		return err_set(e, EX_USAGE, "%s: %s: %s; see %s %s --help",
		    self->name, escaped,
		    no_value ? "needs a value" : "unknown option",
		    program_of(self), self->name);
	return err_set(e, EX_USAGE,
	    "%s: %s: unknown option: did you mean --%s? See %s %s --help",
	    self->name, escaped, nearest.name, program_of(self), self->name);
}

char
options_letter(const char *name)
{
	static const char *const letters[] = { "active", "critical", "format",
		"id", "jail", "since", "timeout", "user", "verbose",
		"warning" };

	if (strcmp(name, "limit") == 0)
		return 'n';
	for (size_t i = 0; i < ARRAY_LEN(letters); i++) {
		if (strcmp(name, letters[i]) == 0)
			return name[0];
	}
	return 0;
}

/* Return the option of a letter; getopt has found that there is one. */
static const struct option_spec *
of_letter(const struct command *self, int letter)
{
	const struct option_spec *o = self->options;

	while (options_letter(o->name) != letter)
		o++;
	return o;
}

/* Set list and letters to what getopt_long(3) takes. */
static void
describe(const struct command *self, struct option list[OPTIONS_MAX + 1],
    char letters[2 * OPTIONS_MAX + 2])
{
	const struct option_spec *o = self->options;

	*letters++ = ':';
	for (size_t n = 0; n < OPTIONS_MAX && o->name != NULL; n++, o++) {
		bool optional =
		    o->argument != NULL && strncmp(o->argument, "[=", 2) == 0;

		list[n] = (struct option){ o->name,
			optional		? optional_argument :
			    o->argument != NULL ? required_argument :
						  no_argument,
			NULL, 1 };
		if ((*letters = options_letter(o->name)) == 0)
			continue;
		letters++;
		if (o->argument != NULL)
			*letters++ = ':';
	}
	*letters = '\0';
}

int
options_parse(const struct command *self, int argc, char **argv,
    option_fn *take, void *to, int *operands, struct err *e)
{
	struct option list[OPTIONS_MAX + 1] = { 0 };
	char letters[2 * OPTIONS_MAX + 2], letter[3] = "-";
	int c, i;

	describe(self, list, letters);
	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, letters, list, &i)) != -1) {
		const struct option_spec *o;

		/* optopt has a letter; it is 1 or 0 for a long option. */
		letter[1] = (char)optopt;
		if (c == '?' || c == ':')
			return wrong_option(self,
			    optopt > 1 ? letter : argv[optind - 1], c == ':',
			    e);
		o = c == 1 ? &self->options[i] : of_letter(self, c);
		if (take(to, o->name, optarg, e) != 0)
			return err_wrap(e, "%s", self->name);
	}
	*operands = optind;
	return check_operands(self, argc - optind, e);
}
