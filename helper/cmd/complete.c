/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/complete.h"

#include <stdio.h>
#include <string.h>

#include "archive/jails.h"
#include "base/escape.h"
#include "cmd/options.h"

/* The most jails that are offered. */
#define JAILS_MAX 1000

/* The letters of a word in a help's list. */
#define WORD_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789_"

/* The last word, and what is known of the words before it. */
struct line {
	const struct program *program;
	const char *config_file;
	const char *word;
	const char *before; /* the word's beginning, which is complete */
	const struct command *command;	  /* NULL: the word is to be the verb */
	const struct option_spec *option; /* the word is its value, or NULL */
	int operands;			  /* before the word */
	bool first;			  /* the word follows the verb */
	bool no_more; /* -- stands before the word: it is no option */
};

static bool
begins(const char *s, const char *start)
{
	return strncmp(s, start, strlen(start)) == 0;
}

/* Offer what follows line->before, if the line's word begins so. */
static void
offer(const struct line *line, const char *text, const char *meaning)
{
	if (begins(text, line->word + strlen(line->before)))
		printf("%s%s\t%s\n", line->before, text, meaning);
}

/* An archive_jail_fn; to is the line. */
static void
offer_jail(void *to, const char *name)
{
	char shown[512];

	if (name[0] != '-' &&
	    escape_text(shown, sizeof(shown), name, strlen(name)) <
		sizeof(shown) &&
	    strcmp(shown, name) == 0)
		offer(to, name, "jail");
}

static void
offer_jails(struct line *line)
{
	struct archive archive;
	struct config config;
	struct err e;

	if (config_load(&config, line->config_file, &e) != 0 ||
	    archive_open_read(&archive, config.archive, &e) != 0)
		return;
	archive_jail_names(&archive, JAILS_MAX, offer_jail, line, &e);
	archive_close(&archive);
}

/* Offer each of the words of a list, of which one follows another after
 * between. */
static void
offer_list(const struct line *line, const char *list, size_t len)
{
	char word[32];

	while (len > 0) {
		size_t n = strspn(list, WORD_LETTERS);

		if (n > 0 && n < sizeof(word) &&
		    strncmp(list, "or ", strlen("or ")) != 0) {
			memcpy(word, list, n);
			word[n] = '\0';
			offer(line, word, "");
		}
		n = n > 0 ? n : 1;
		list += n;
		len -= n < len ? n : len;
	}
}

/* Return the length of a list such as "a, b or c" at s, or 0. */
static size_t
list_length(const char *s)
{
	size_t len = strspn(s, WORD_LETTERS), n;
	int commas = 0;

	while (len > 0 && begins(s + len, ", ") &&
	    (n = strspn(s + len + 2, WORD_LETTERS)) > 0) {
		len += 2 + n;
		commas++;
	}
	if (commas == 0 || !begins(s + len, " or ") ||
	    (n = strspn(s + len + 4, WORD_LETTERS)) == 0)
		return 0;
	return len + 4 + n;
}

/* Offer the values of an option: those that its table names, or jails. */
static void
offer_values(struct line *line, const struct option_spec *option)
{
	const char *help = option->help;
	size_t len = 0;

	if (strcmp(option->name, "jail") == 0) {
		offer_jails(line);
	} else if (option->argument[0] != '[' &&
	    strchr(option->argument, '|') != NULL) {
		offer_list(line, option->argument, strlen(option->argument));
	} else {
		while (help != NULL && (len = list_length(help)) == 0) {
			help = strchr(help, ' ');
			help += help != NULL ? 1 : 0;
		}
		if (help != NULL)
			offer_list(line, help, len);
	}
}

/* Return the option that a word names, as --format or -f does, or NULL. */
static const struct option_spec *
find_option(const struct command *command, const char *word)
{
	for (const struct option_spec *o = command->options; o->name != NULL;
	     o++) {
		if (word[0] == '-' && word[1] != '\0' &&
		    (strcmp(word + 2, o->name) == 0 ?
			    word[1] == '-' :
			    word[1] == options_letter(o->name) &&
				word[2] == '\0'))
			return o;
	}
	return NULL;
}

static void
offer_options(struct line *line)
{
	const struct option_spec *o = line->command->options;
	char option[64];

	for (; o->name != NULL; o++) {
		snprintf(option, sizeof(option), "--%s=", o->name);
		if (o->argument != NULL && begins(line->word, option)) {
			line->before = option;
			offer_values(line, o);
			line->before = "";
		}
		option[strlen(option) - 1] = '\0';
		offer(line, option, o->help);
	}
	if (line->first)
		offer(line, "--help", "print the options");
}

/* Return true where the command takes a further operand. */
static bool
takes_operand(const struct line *line)
{
	const char *operands = line->command->operands;

	return operands[0] != '\0' &&
	    (line->operands == 0 || strstr(operands, "...") != NULL) &&
	    (line->no_more || line->word[0] != '-');
}

/* Return true where the name of a file may stand for the word. */
static bool
may_be_file(const struct line *line)
{
	const char *operands;

	if (line->command == NULL)
		return false;
	operands = line->command->operands;
	if (line->option != NULL)
		return strcmp(line->option->argument, "FILE") == 0;
	return takes_operand(line) &&
	    (strstr(operands, "FILE") != NULL ||
		strstr(operands, "PATH") != NULL ||
		strstr(operands, "SOURCE") != NULL);
}

/* Read the words from the verb on, all but the last one. */
static void
read_words(struct line *line, int n, char *const *words)
{
	const struct option_spec *option = NULL;

	for (int i = 1; i < n; i++) {
		bool value = option != NULL;

		option = NULL;
		if (value)
			continue;
		if (line->no_more || words[i][0] != '-' ||
		    strcmp(words[i], "-") == 0)
			line->operands++;
		else if (strcmp(words[i], "--") == 0)
			line->no_more = true;
		else
			option = find_option(line->command, words[i]);
		if (option != NULL &&
		    (option->argument == NULL || option->argument[0] == '['))
			option = NULL;
	}
	line->option = option;
	line->first = n == 1;
}

/* Offer the verbs, and, where no "help" stands before, what may replace one. */
static void
offer_verbs(const struct line *line, bool help)
{
	const struct program *program = line->program;

	for (size_t i = 0; i < program->n; i++)
		offer(line, program->commands[i]->name,
		    program->commands[i]->summary);
	if (help)
		return;
	offer(line, "-c", "the config");
	offer(line, "--help", "print the commands");
	offer(line, "--version", "print the version");
}

void
complete_words(const struct program *program, int n, char *const *words)
{
	struct line line = { .program = program,
		.config_file = CONFIG_FILE,
		.before = "" };
	int i = 0;

	for (; i + 2 < n && strcmp(words[i], "-c") == 0; i += 2)
		line.config_file = words[i + 1];
	if (n == 0)
		return;
	line.word = words[n - 1];
	if (i + 2 == n && strcmp(words[i], "-c") == 0) {
		puts("files");
		return;
	}
	if (i + 1 == n || (i + 2 == n && strcmp(words[i], "help") == 0)) {
		puts("words");
		offer_verbs(&line, i + 2 == n);
		return;
	}
	line.command = program_find_command(program, words[i]);
	if (line.command == NULL) {
		puts("words");
		return;
	}
	read_words(&line, n - 1 - i, words + i);
	puts(may_be_file(&line) ? "files" : "words");
	if (line.option != NULL) {
		offer_values(&line, line.option);
		return;
	}
	if (!line.no_more)
		offer_options(&line);
	if (takes_operand(&line) &&
	    strstr(line.command->operands, "JAIL") != NULL)
		offer_jails(&line);
}
