/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay: archive old logs, databases, archives and exports. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "base/escape.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/progress.h"
#include "cmd/summary.h"
#include "job/replay/order.h"
#include "job/replay/replay.h"
#include "os/clock.h"
#include "os/log.h"
#include "os/signals.h"

#define ZONES "/usr/share/zoneinfo/"

static int
take_format(const char *value, enum replay_format *format, struct err *e)
{
	/* A syslog is a log with other lines in between. */
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

/* Refuse an unknown zone, which the C library would take for UTC. */
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

static void
print_summary(const char *source, const struct run_summary *summary,
    bool dry_run)
{
	const char *would = dry_run ? " would be" : "";
	char name[PATH_MAX];

	escape_text(name, sizeof(name), source, strlen(source));
	printf("replay: %s: %" PRId64 " rows read, %" PRId64
	       " bans%s added, %" PRId64 "%s changed, %" PRId64
	       " skipped, %" PRId64 " bad%s\n",
	    name, summary->rows, summary->added, would, summary->changed, would,
	    summary->skipped, summary->bad, summary_rest(summary));
	if (summary->events > 0)
		printf("replay: %s: %" PRId64
		       " events that syslog kept were read\n",
		    name, summary->events);
}

/* Log a failure with the source's name, which most failures begin with. */
static void
log_failure(const char *source, const struct err *e)
{
	if (strncmp(e->text, source, strlen(source)) == 0)
		log_line(LOG_ERR, "replay: %s", e->text);
	else
		log_line(LOG_ERR, "replay: %s: %s", source, e->text);
}

static int
replay_one(const struct run_caller *wanted,
    const struct replay_options *options, struct replay_context *context,
    const char *source, struct err *e)
{
	struct run_caller caller = *wanted;
	struct run_summary summary;
	struct progress progress;
	int rc;

	caller.watch = progress_begin(&progress);
	rc = replay(&caller, options, context, source, &summary, e);
	progress_end(&progress);
	summary_print_known("replay", source, &summary);
	if (summary.done)
		print_summary(source, &summary, options->dry_run);
	if (rc != 0)
		log_failure(source, e);
	return rc;
}

/*
 * Replay each source, also after one failed; the first failure's code is ours.
 */
static int
replay_all(const struct run_caller *caller,
    const struct replay_options *options, struct replay_order *sources,
    size_t n, struct err *e)
{
	struct replay_context context = { 0 };
	int status = 0;
	size_t i;

	replay_order(sources, n, options, caller->stop);
	for (i = 0; i < n && *caller->stop == 0; i++) {
		replay_order_turn(sources, n, i, &context);
		if (replay_one(caller, options, &context, sources[i].source,
			e) != 0 &&
		    status == 0)
			status = e->code;
	}
	replay_context_free(&context);
	return i < n && status == 0 ? err_set(e, EX_TEMPFAIL, "interrupted") :
				      status;
}

static int
run_replay(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct replay_options replay_options = {
		.year = UNKNOWN,
		.since_us = UNKNOWN,
	};
	struct run_caller caller = { .config = config, .say = log_line };
	struct replay_order *sources;
	int operands, status;

	if (options_parse(self, argc, argv, take_option, &replay_options,
		&operands, e) != 0)
		return -1;
	/*
	 * Name the machine's zone: otherwise glibc looks for another one
	 * whenever it converts a time, several times for each minute of a log.
	 */
	setenv("TZ", ":/etc/localtime", 0);
	caller.stop = signals_stop_flag();
	sources = calloc((size_t)(argc - operands) + 1, sizeof(*sources));
	if (sources == NULL)
		return err_no_memory(e);
	for (int i = operands; i < argc; i++)
		sources[i - operands].source = argv[i];
	status = replay_all(&caller, &replay_options, sources,
	    (size_t)(argc - operands), e);
	free(sources);
	return status;
}

static const struct option_spec options[] = {
	{ "format", "FORMAT",
	    "log, syslog, database, archive, json, csv or spool, where the "
	    "content does not show it" },
	{ "tz", "ZONE", "the time zone of a log, such as Europe/Berlin" },
	{ "year", "YEAR", "the year of a log that has none" },
	{ "since", "TIME", "skip what is older" },
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
