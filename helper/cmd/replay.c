/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay: old logs, databases, archives and exports into the archive. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "cmd/command.h"
#include "os/log.h"
#include "os/clock.h"
#include "cmd/options.h"
#include "job/replay.h"
#include "os/signals.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "base/utf8.h"

#define ZONES "/usr/share/zoneinfo/"

static int
take_format(const char *value, enum replay_format *format, struct err *e)
{
	/* A syslog has lines of both. */
	if (strcmp(value, "syslog") == 0)
		value = replay_formats[REPLAY_LOG];
	for (int i = REPLAY_ANY + 1; i < REPLAY_FORMATS; i++) {
		if (strcmp(replay_formats[i], value) == 0) {
			*format = (enum replay_format)i;
			return 0;
		}
	}
	return err_set(e, EX_USAGE,
	    "must be log, syslog, database, archive, json, csv or spool");
}

/* A zone that the C library does not know would be UTC without a word. */
static int
take_zone(const char *value, struct err *e)
{
	char path[sizeof(ZONES) + 80];
	struct stat st;

	if (strstr(value, "..") != NULL || value[0] == '/' ||
	    (size_t)snprintf(path, sizeof(path), ZONES "%s", value) >=
		sizeof(path) ||
	    ((stat(path, &st) != 0 || !S_ISREG(st.st_mode)) &&
		strcmp(value, "UTC") != 0))
		return err_set(e, EX_USAGE,
		    "no such time zone in " ZONES "; such as Europe/Berlin");
	setenv("TZ", value, 1);
	tzset();
	return 0;
}

static int
take_option(void *to, const char *name, const char *value, struct err *e)
{
	struct replay_options *options = to;
	int rc = 0;

	if (strcmp(name, "format") == 0)
		rc = take_format(value, &options->format, e);
	else if (strcmp(name, "tz") == 0)
		rc = take_zone(options->zone = value, e);
	else if (strcmp(name, "year") == 0)
		rc = number_parse(value, 1970, 9999, &options->year, e);
	else if (strcmp(name, "since") == 0)
		rc = timestamp_parse_when(value, clock_wall_us(),
		    &options->since_us, e);
	else if (strcmp(name, "host") == 0)
		options->host = value;
	else if (strcmp(name, "force") == 0)
		options->force = true;
	else
		options->dry_run = true;
	if (rc == 0 && options->host != NULL &&
	    (options->host[0] == '\0' ||
		!utf8_is_valid(options->host, strlen(options->host))))
		rc = err_set(e, EX_USAGE, "must be a name");
	return rc == 0 ? 0 : err_wrap(e, "--%s", name);
}

/* When a source was last written to; what cannot be asked comes last. */
static int64_t
age_of(const char *source)
{
	struct stat st;

	return strcmp(source, "-") == 0 || stat(source, &st) != 0 ?
	    INT64_MAX :
	    st.st_mtim.tv_sec * TIMESTAMP_US + st.st_mtim.tv_nsec / 1000;
}

/*
 * The oldest first, as a log goes on in the next; those of one age as they were
 * named.
 */
static void
sort_sources(char **sources, int n)
{
	for (int i = 1; i < n; i++) {
		char *source = sources[i];
		int64_t age = age_of(source);
		int k = i;

		for (; k > 0 && age_of(sources[k - 1]) > age; k--)
			sources[k] = sources[k - 1];
		sources[k] = source;
	}
}

/* What fails is told of, and the next source is read all the same. */
static int
run_replay(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct replay_options replay_options = {
		.year = UNKNOWN,
		.since_us = UNKNOWN,
	};
	struct replay_context context = { 0 };
	const volatile sig_atomic_t *stop;
	int operands, status = 0;

	if (options_parse(self, argc, argv, take_option, &replay_options,
		&operands, e) != 0)
		return -1;
	stop = signals_stop_flag();
	sort_sources(argv + operands, argc - operands);
	for (int i = operands; i < argc && *stop == 0; i++) {
		context.more = i + 1 < argc;
		if (replay(config, &replay_options, &context, argv[i], stop,
			e) == 0)
			continue;
		/* Most of them name it. */
		if (strncmp(e->text, argv[i], strlen(argv[i])) == 0)
			log_line(LOG_ERR, "replay: %s", e->text);
		else
			log_line(LOG_ERR, "replay: %s: %s", argv[i], e->text);
		if (status == 0)
			status = e->code;
	}
	replay_context_free(&context);
	return status;
}

static const struct option_spec options[] = {
	{ "format", "FORMAT",
	    "log, syslog, database, archive, json, csv or spool, where the "
	    "content does not tell" },
	{ "tz", "ZONE", "the time zone of a log, such as Europe/Berlin" },
	{ "year", "YEAR", "the year of a log that tells none" },
	{ "since", "TIME", "pass over what is older" },
	{ "host", "NAME", "these are another machine's bans" },
	{ "force", NULL, "read again what was read already" },
	{ "dry-run", NULL, "only say what would be added" },
	{ NULL, NULL, NULL },
};

const struct command cmd_replay = {
	.name = "replay",
	.operands = "SOURCE...",
	.summary = "bring old logs, databases and exports into the archive",
	.options = options,
	.run = run_replay,
};
