/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/escape.h"
#include "base/nearest.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "os/clock.h"

#define OPTIONS_MAX 24

const struct option_spec options_none[] = { { NULL, NULL, NULL } };

/* Fail unless there are as many operands as self->operands says. */
static int
check_operands(const struct command *self, int n, struct err *e)
{
	bool none = self->operands[0] == '\0', maybe = self->operands[0] == '[';
	bool some = strstr(self->operands, "...") != NULL;

	if (some && n > 0)
		return 0;
	if (n == (none ? 0 : 1) || (n == 0 && maybe))
		return 0;
	if (none)
		return err_set(e, EX_USAGE,
		    "%s: takes options only; see fail2ban-archive %s --help",
		    self->name, self->name);
	return err_set(e, EX_USAGE,
	    "%s: give %s %s; see fail2ban-archive %s --help", self->name,
	    maybe    ? "at most one" :
		some ? "at least one" :
		       "one",
	    self->operands, self->name);
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
		return err_set(e, EX_USAGE,
		    "%s: %s: %s; see fail2ban-archive %s --help", self->name,
		    escaped, no_value ? "needs a value" : "unknown option",
		    self->name);
	return err_set(e, EX_USAGE,
	    "%s: %s: unknown option: did you mean --%s? See "
	    "fail2ban-archive %s --help",
	    self->name, escaped, nearest.name, self->name);
}

int
options_parse(const struct command *self, int argc, char **argv,
    option_fn *take, void *to, int *operands, struct err *e)
{
	struct option list[OPTIONS_MAX + 1] = { 0 };
	const struct option_spec *specs = self->options;
	int c, i, n = 0;

	for (; n < OPTIONS_MAX && specs[n].name != NULL; n++)
		list[n] = (struct option){ specs[n].name,
			specs[n].argument != NULL, NULL, 1 };
	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, "+:", list, &i)) != -1) {
		if (c == 1) {
			if (take(to, specs[i].name, optarg, e) != 0)
				return err_wrap(e, "%s", self->name);
			continue;
		}
		return wrong_option(self, argv[optind - 1], c == ':', e);
	}
	*operands = optind;
	return check_operands(self, argc - optind, e);
}

int
options_take_wanted(void *to, const char *name, const char *value,
    struct err *e)
{
	struct archive_filter *wanted = to;
	int rc = 0;

	if (strcmp(name, "jail") == 0)
		wanted->jail = value;
	else if (strcmp(name, "id") == 0)
		wanted->ident = value;
	else if (strcmp(name, "since") == 0)
		rc = timestamp_parse_when(value, clock_wall_us(),
		    &wanted->since_us, e);
	else if (strcmp(name, "until") == 0)
		rc = timestamp_parse_when(value, clock_wall_us(),
		    &wanted->until_us, e);
	else if (strcmp(name, "limit") == 0)
		rc = number_parse(value, 0, INT64_MAX, &wanted->limit, e);
	else
		wanted->active = true;
	return rc == 0 ? 0 : err_wrap(e, "--%s", name);
}
