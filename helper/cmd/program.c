/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/program.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/nearest.h"
#include "cmd/options.h"
#include "os/db.h"
#include "os/log.h"
#include "render/plugin.h"

/* The environment. (POSIX: environ.) */
extern char **environ;

static bool
asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool
asks_for_version(const char *word)
{
	return strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0;
}

static void
print_version(const struct program *program)
{
	printf("%s %s, SQLite %s\n", program->name, VERSION,
	    sqlite3_libversion());
}

static void
print_usage(const struct program *program, FILE *out)
{
	fprintf(out,
	    "usage: %s [-c FILE] %s [OPTION...]\n"
	    "       %s --help | --version\n\n"
	    "%s\n\n",
	    program->name,
	    program->without_verb != NULL ? "[COMMAND]" : "COMMAND",
	    program->name, program->summary);
	for (size_t i = 0; i < program->n; i++)
		fprintf(out, "  %-10s %s\n", program->commands[i]->name,
		    program->commands[i]->summary);
	if (program->without_verb != NULL)
		fprintf(out, "\nWithout a COMMAND it does %s.\n",
		    program->without_verb->name);
	fprintf(out,
	    "\n  -c FILE    the config, instead of %s\n"
	    "\n%s COMMAND --help says more; the manual is %s(8).\n",
	    CONFIG_FILE, program->name, program->name);
}

static void
print_command_help(const struct program *program, const struct command *command)
{
	char left[80], right[8];

	printf("usage: %s [-c FILE] %s%s%s%s\n\n%s\n", program->name,
	    command->name,
	    command->options[0].name != NULL ? " [OPTION...]" : "",
	    command->operands[0] != '\0' ? " " : "", command->operands,
	    command->summary);
	for (const struct option_spec *o = command->options; o->name != NULL;
	     o++) {
		snprintf(left, sizeof(left), "--%s%s%s", o->name,
		    o->argument != NULL && o->argument[1] != '=' ? " " : "",
		    o->argument != NULL ? o->argument : "");
		snprintf(right, sizeof(right), " (-%c)",
		    options_letter(o->name));
		printf("%s  %-24s %s%s\n", o == command->options ? "\n" : "",
		    left, o->help, options_letter(o->name) != 0 ? right : "");
	}
}

/* Fail because there is no such command; name the nearest one. */
static int
unknown_command(const struct program *program, const char *word, struct err *e)
{
	struct nearest nearest = { .word = word };
	char escaped[80];

	for (size_t i = 0; i < program->n; i++)
		nearest_take(&nearest, program->commands[i]->name);
	escape_text(escaped, sizeof(escaped), word, strlen(word));
	if (nearest.name == NULL)
		return err_set(e, EX_USAGE,
		    "%s: unknown command; see %s --help", escaped,
		    program->name);
	return err_set(e, EX_USAGE,
	    "%s: unknown command: did you mean %s? See %s --help", escaped,
	    nearest.name, program->name);
}

const struct command *
program_find_command(const struct program *program, const char *name)
{
	for (size_t i = 0; i < program->n; i++) {
		if (strcmp(program->commands[i]->name, name) == 0)
			return program->commands[i];
	}
	return NULL;
}

/*
 * Answer --help, and a plugin's --version. Return true when the command line
 * asks for one of them. The values of an event's options may be any text.
 */
static bool
answer(const struct program *program, const struct command *command, int argc,
    char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (command->fail != NULL && asks_for_version(argv[i])) {
			print_version(program);
			return true;
		}
		if (asks_for_help(argv[i]) && (i == 1 || !command->event)) {
			print_command_help(program, command);
			return true;
		}
	}
	return false;
}

/*
 * Load the config and run the command. An event takes the defaults when the
 * config is broken; when it could not be read now, the event goes to syslog.
 */
static int
run(const struct program *program, const struct command *command,
    const char *config_file, int argc, char **argv, struct err *e)
{
	struct config config;

	if (answer(program, command, argc, argv))
		return command->fail != NULL ? PLUGIN_UNKNOWN : 0;
	if (command->event) {
		/* A closed standard error must not end the process, nor must
		 * a soft limit on processor time. */
		signal(SIGPIPE, SIG_IGN);
		signal(SIGXCPU, SIG_IGN);
		log_to_syslog();
	}
	if (config_load(&config, config_file, e) != 0) {
		if (!command->event)
			return -1;
		log_line(LOG_ERR, "%s%s", e->text,
		    config.unread ? "" : "; the defaults are used");
	}
	return command->run(command, &config, argc, argv, e);
}

/*
 * Take the options before the verb, and do --help and --version. Return the
 * index of the verb; argc when there is nothing left to do; -1 when there is no
 * verb.
 */
static int
take_globals(const struct program *program, int argc, char **argv,
    const char **config_file)
{
	int i = 1;

	while (i + 1 < argc && strcmp(argv[i], "-c") == 0) {
		*config_file = argv[i + 1];
		i += 2;
	}
	if (i < argc && asks_for_help(argv[i])) {
		print_usage(program, stdout);
		return argc;
	}
	if (i < argc && asks_for_version(argv[i])) {
		print_version(program);
		return argc;
	}
	return i < argc ? i : -1;
}

/* Return true when a program keeps a variable, which is NAME=VALUE. */
static bool
is_kept(const struct program *program, const char *variable)
{
	size_t len = strcspn(variable, "=");

	if (program->keeps_pg && strncmp(variable, "PG", 2) == 0)
		return true;
	for (size_t i = 0; i < PROGRAM_KEPT; i++) {
		const char *name = program->environment[i];

		if (name != NULL && strlen(name) == len &&
		    strncmp(variable, name, len) == 0)
			return true;
	}
	return false;
}

/*
 * Keep only what the program asks for of the environment. From other variables
 * the libraries would take folders to write to.
 */
static void
forget_environment(const struct program *program)
{
	char **to = environ;

	for (char **from = environ; from != NULL && *from != NULL; from++) {
		if (is_kept(program, *from))
			*to++ = *from;
	}
	if (to != NULL)
		*to = NULL;
}

/*
 * SQLite maps the archive's -shm file into memory. A bus error says that a full
 * disk has no room for it. (sqlite3 3.40.1, os_unix.c: unixShmMap.)
 */
static void
on_bus_error(int sig UNUSED)
{
	static const char text[] =
	    "fail2ban-archive: no room on disk for the archive's -shm\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)ignored;
	_exit(EX_IOERR);
}

/*
 * Return true when the words from argv[i] on have no verb: they begin with an
 * option, or there are none and take_globals has said -1.
 */
static bool
lacks_verb(int i, char **argv)
{
	return i < 0 || argv[i][0] == '-';
}

/* Run push or the like for a command line without a verb. */
static int
run_without_verb(const struct program *program, const char *config_file, int i,
    int argc, char **argv, struct err *e)
{
	int before = i < 0 ? argc - 1 : i - 1;

	/* The word before the options stands where a verb would. */
	return run(program, program->without_verb, config_file, argc - before,
	    argv + before, e);
}

/*
 * Run what the command line asks for. Return the exit status, or -1 and e; -1
 * with an empty e where the usage is the answer.
 */
static int
run_command_line(const struct program *program, int argc, char **argv,
    struct err *e)
{
	const char *config_file = CONFIG_FILE;
	const struct command *command;
	int i = take_globals(program, argc, argv, &config_file), rc;

	if (i == argc)
		return EX_OK;
	if (program->without_verb != NULL && argc > 0 && lacks_verb(i, argv))
		return run_without_verb(program, config_file, i, argc, argv, e);
	if (i < 0)
		return err_set(e, EX_USAGE, "%s", "");
	/* "help list" is "list --help". */
	if (strcmp(argv[i], "help") == 0) {
		if (i + 1 == argc) {
			print_usage(program, stdout);
			return EX_OK;
		}
		command = program_find_command(program, argv[i + 1]);
		if (command == NULL)
			return unknown_command(program, argv[i + 1], e);
		print_command_help(program, command);
		return EX_OK;
	}
	if (program->complete != NULL && strcmp(argv[i], "complete") == 0) {
		program->complete(program, argc - i - 1, argv + i + 1);
		return EX_OK;
	}
	if ((command = program_find_command(program, argv[i])) == NULL)
		return unknown_command(program, argv[i], e);
	rc = run(program, command, config_file, argc - i, argv + i, e);
	if (rc < 0 && command->fail != NULL) {
		command->fail(argc - i, argv + i, e);
		rc = PLUGIN_UNKNOWN;
	}
	if (rc < 0 || fflush(stdout) == 0)
		return rc;
	err_errno(e, EX_IOERR, "standard output");
	if (command->fail == NULL)
		return -1;
	log_line(LOG_ERR, "%s", e->text);
	return PLUGIN_UNKNOWN;
}

int
program_main(const struct program *program, int argc, char **argv)
{
	struct err e = { 0 };
	int rc;

	umask(077);
	forget_environment(program);
	signal(SIGBUS, on_bus_error);
	/* A write beyond RLIMIT_FSIZE then fails as one on a full disk does. */
	signal(SIGXFSZ, SIG_IGN);
	db_be_single_threaded();
	rc = run_command_line(program, argc, argv, &e);
	if (rc >= 0)
		return rc;
	if (e.text[0] == '\0')
		print_usage(program, stderr);
	else
		log_line(LOG_ERR, "%s", e.text);
	return e.code;
}
