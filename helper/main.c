/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fail2ban-archive keeps every ban that fail2ban makes. main finds the verb,
 * loads the config, runs the verb's command, and is the only place that prints
 * an error and exits.
 *
 * To change one of these, begin in this file:
 * - the rules for the end of a ban: ban/end.c
 * - a column of list: cmd/list.c
 * - an export format: cmd/export.c, and the fields of a ban in ban/ban_field.h
 * - a config key: config.c
 * - the prefix of a log line: fail2ban/log_prefix.c
 * - a verb: cmd/VERB.c, cmd/command.h and the table below
 */
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/escape.h"
#include "cmd/command.h"
#include "os/db.h"
#include "os/log.h"

static const struct command *const commands[] = {
	&cmd_ban,
	&cmd_unban,
	&cmd_prolong,
	&cmd_flush,
	&cmd_reconcile,
	&cmd_replay,
	&cmd_reban,
	&cmd_runs,
	&cmd_list,
	&cmd_show,
	&cmd_export,
	&cmd_check,
	&cmd_verify,
	&cmd_backup,
	&cmd_restore,
};

static void
print_usage(FILE *out)
{
	fputs(
	    "usage: fail2ban-archive [-c FILE] COMMAND [OPTION...]\n"
	    "       fail2ban-archive --help | --version\n\n"
	    "Keeps every ban that fail2ban makes.\n\n",
	    out);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i]->name,
		    commands[i]->summary);
	fprintf(out,
	    "\n  -c FILE    the config, instead of %s\n"
	    "\nfail2ban-archive COMMAND --help says more; "
	    "the manual is fail2ban-archive(8).\n",
	    CONFIG_FILE);
}

static void
print_command_help(const struct command *command)
{
	char left[40];

	printf("usage: fail2ban-archive [-c FILE] %s%s%s%s\n\n%s\n",
	    command->name,
	    command->options[0].name != NULL ? " [OPTION...]" : "",
	    command->operands[0] != '\0' ? " " : "", command->operands,
	    command->summary);
	for (const struct option_spec *o = command->options; o->name != NULL;
	     o++) {
		snprintf(left, sizeof(left), "--%s%s%s", o->name,
		    o->argument != NULL ? " " : "",
		    o->argument != NULL ? o->argument : "");
		printf("%s  %-20s %s\n", o == command->options ? "\n" : "",
		    left, o->help);
	}
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	}
	return NULL;
}

/*
 * Load the config and run the command. An event takes the defaults when the
 * config is broken; when it could not be read now, the event goes to syslog.
 */
static int
run(const struct command *command, const char *config_file, int argc,
    char **argv, struct err *e)
{
	struct config config;

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		print_command_help(command);
		return 0;
	}
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
take_globals(int argc, char **argv, const char **config_file)
{
	int i = 1;

	while (i + 1 < argc && strcmp(argv[i], "-c") == 0) {
		*config_file = argv[i + 1];
		i += 2;
	}
	if (i < argc &&
	    (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
		print_usage(stdout);
		return argc;
	}
	if (i < argc &&
	    (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "-V") == 0)) {
		printf("fail2ban-archive %s, SQLite %s\n", VERSION,
		    sqlite3_libversion());
		return argc;
	}
	return i < argc ? i : -1;
}

/*
 * Keep only the time zone of the environment. From other variables the
 * libraries would take folders to write to.
 */
static void
forget_environment(void)
{
	const char *zone = getenv("TZ");
	char *kept = zone != NULL ? strdup(zone) : NULL;

	clearenv();
	if (kept != NULL)
		setenv("TZ", kept, 1);
	free(kept);
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
 * Run what the command line asks for. Return the exit status, or -1 and e; -1
 * with an empty e where the usage is the answer.
 */
static int
run_command_line(int argc, char **argv, struct err *e)
{
	const char *config_file = CONFIG_FILE;
	const struct command *command;
	char escaped[80];
	int i = take_globals(argc, argv, &config_file), rc;

	if (i < 0)
		return err_set(e, EX_USAGE, "%s", "");
	if (i == argc)
		return EX_OK;
	if ((command = find_command(argv[i])) == NULL) {
		escape_text(escaped, sizeof(escaped), argv[i], strlen(argv[i]));
		return err_set(e, EX_USAGE,
		    "%s: unknown command; see fail2ban-archive --help",
		    escaped);
	}
	rc = run(command, config_file, argc - i, argv + i, e);
	if (rc >= 0 && fflush(stdout) != 0)
		return err_errno(e, EX_IOERR, "standard output");
	return rc;
}

int
main(int argc, char **argv)
{
	struct err e = { 0 };
	int rc;

	umask(077);
	forget_environment();
	signal(SIGBUS, on_bus_error);
	/* A write beyond RLIMIT_FSIZE then fails as one on a full disk does. */
	signal(SIGXFSZ, SIG_IGN);
	db_be_single_threaded();
	rc = run_command_line(argc, argv, &e);
	if (rc >= 0)
		return rc;
	if (e.text[0] == '\0')
		print_usage(stderr);
	else
		log_line(LOG_ERR, "%s", e.text);
	return e.code;
}
