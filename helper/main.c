/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/command.h"
#include "os/db.h"
#include "base/escape.h"
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
	    "\nfail2ban-archive COMMAND --help tells more; "
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

/* In an event a broken config is complained of, and the defaults serve. */
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
		/* Nobody may read our standard error any more. */
		signal(SIGPIPE, SIG_IGN);
		log_to_syslog();
	}
	if (config_load(&config, config_file, e) != 0) {
		if (!command->event)
			return -1;
		log_line(LOG_ERR, "%s; the defaults are used", e->text);
	}
	return command->run(command, &config, argc, argv, e);
}

/* The options before the verb; its index, or 0 after --help and --version. */
static int
take_globals(int argc, char **argv, const char **config_file, struct err *e)
{
	int i = 1;

	while (i + 1 < argc && strcmp(argv[i], "-c") == 0) {
		*config_file = argv[i + 1];
		i += 2;
	}
	if (i < argc &&
	    (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
		print_usage(stdout);
		return 0;
	}
	if (i < argc &&
	    (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "-V") == 0)) {
		printf("fail2ban-archive %s, SQLite %s\n", VERSION,
		    sqlite3_libversion());
		return 0;
	}
	if (i >= argc)
		return err_set(e, EX_USAGE, "no command given");
	return i;
}

/*
 * Of the environment only the time zone is taken: the libraries would look
 * there for folders to write to.
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
 * SQLite maps a file of the WAL's, which a full disk may have no room for.
 * (sqlite3 3.40.1, os_unix.c: unixShmMap.)
 */
static void
on_bus_error(int sig UNUSED)
{
	static const char said[] =
	    "fail2ban-archive: no room on disk for the archive's -shm\n";
	ssize_t ignored = write(STDERR_FILENO, said, sizeof(said) - 1);

	(void)ignored;
	_exit(EX_IOERR);
}

int
main(int argc, char **argv)
{
	const char *config_file = CONFIG_FILE;
	const struct command *command;
	char escaped[80];
	struct err e = { 0 };
	int i, rc;

	umask(077);
	forget_environment();
	signal(SIGBUS, on_bus_error);
	db_be_single_threaded();
	i = take_globals(argc, argv, &config_file, &e);
	if (i == 0)
		return EX_OK;
	if (i < 0) {
		print_usage(stderr);
		return e.code;
	}
	if ((command = find_command(argv[i])) == NULL) {
		escape_text(escaped, sizeof(escaped), argv[i], strlen(argv[i]));
		log_line(LOG_ERR,
		    "%s: unknown command; see fail2ban-archive --help",
		    escaped);
		return EX_USAGE;
	}
	rc = run(command, config_file, argc - i, argv + i, &e);
	if (rc >= 0 && fflush(stdout) != 0)
		rc = err_errno(&e, EX_IOERR, "standard output");
	if (rc < 0)
		log_line(LOG_ERR, "%s", e.text);
	return rc < 0 ? e.code : rc;
}
