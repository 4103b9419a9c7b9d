/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ban, unban, prolong, flush: what fail2ban's action calls. Each millisecond
 * here is one in which no jail can ban, and nothing may be lost: what cannot
 * be archived in time goes to the spool, and what cannot be spooled to syslog.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "archive/file.h"
#include "cmd/command.h"
#include "os/sandbox.h"
#include "ingest/sightings.h"
#include "event/syslog_event.h"
#include "os/log.h"
#include "os/clock.h"
#include "cmd/options.h"
#include "event/spool.h"
#include "base/path.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "fail2ban/database_path.h"

/* The most of <matches> that is taken, and of a row's data. */
#define MATCHES_MAX (1024 * 1024)
#define DATA_MAX (1024 * 1024)
/*
 * How long a write of fail2ban's is waited for (its own take a millisecond),
 * a row that is not there yet, and all of the look-up.
 */
#define BUSY_MS 10
#define NAPS 4
#define NAP_NS 3000000
#define LOOK_UP_MS 100

static int
take_option(void *to, const char *name, const char *value, struct err *e)
{
	struct event *event = to;

	if (strcmp(name, "matches") == 0) {
		event->tag = true;
		return 0;
	}
	return event_set(event, name, value, e);
}

/*
 * The log lines that the action writes to our standard input, to its end:
 * the shell would be killed if it were closed before.
 */
static void
read_matches(struct event *event)
{
	char *raw = malloc(MATCHES_MAX), rest[4096];
	size_t len = 0;
	ssize_t n;

	while (raw != NULL && len < MATCHES_MAX &&
	    ((n = read(STDIN_FILENO, raw + len, MATCHES_MAX - len)) > 0 ||
		(n < 0 && errno == EINTR)))
		len += n > 0 ? (size_t)n : 0;
	while ((n = read(STDIN_FILENO, rest, sizeof(rest))) > 0 ||
	    (n < 0 && errno == EINTR))
		continue;
	event->data = raw != NULL ? utf8_mend(raw, len, NULL) : NULL;
	free(raw);
}

static void
take_row(struct event *event, const struct fail2ban_row *row)
{
	event->row = EVENT_ROW_THERE;
	event->row_seconds = row->seconds;
	event->row_bancount = row->bancount;
	if (!event->tag && row->data != NULL)
		event->data = utf8_mend(row->data, row->data_len, NULL);
}

/*
 * Find the event's row. Another thread of fail2ban's writes that of a new ban,
 * which on a busy machine comes a moment after the action.
 */
static int
find_row(const struct config *config, const struct event *event,
    struct fail2ban_database *f, int64_t timeofban, struct fail2ban_row *row)
{
	struct timespec nap = { .tv_nsec = NAP_NS };
	int64_t max_data =
	    config->evidence == CONFIG_EVIDENCE_DATABASE ? DATA_MAX : 0;
	int rc = 0,
	    naps = event->kind == EVENT_BAN && !event->restored ? NAPS : 0;

	for (; rc == 0 && naps >= 0; naps--) {
		rc = fail2ban_database_find(f, event->jail, event->ident,
		    timeofban, max_data, row, NULL);
		if (rc == 0 && naps > 0)
			nanosleep(&nap, NULL);
	}
	return rc;
}

/* What fail2ban's database says of the event's ban, if it says it at once. */
static void
look_up(const struct config *config, struct event *event)
{
	/* Left open for the process's end to close: it takes a tenth of all. */
	static struct fail2ban_database f;
	struct fail2ban_row row = { 0 };
	char path[PATH_MAX];
	int64_t timeofban;
	int rc;

	database_path_get(config, path);
	if (path[0] == '\0' ||
	    timestamp_parse_ticket(event->time, NULL, &timeofban, NULL, NULL) !=
		0)
		return;
	if (fail2ban_database_open(&f, path, BUSY_MS, LOOK_UP_MS, NULL) == 0) {
		rc = find_row(config, event, &f, timeofban, &row);
		event->row_dev = f.dev;
		event->row_ino = f.ino;
		event->row_born_us = f.born_us;
		if (rc == 0)
			event->row = EVENT_ROW_GONE;
		else if (rc == 1)
			take_row(event, &row);
		fail2ban_row_free(&row);
	}
}

static int
take_event(struct archive *archive, const struct config *config,
    const struct event *event, struct err *e)
{
	struct merge merge = {
		.archive = archive,
		.change = { .now_us = event->at_us },
	};

	if (archive_begin(archive, e) != 0 ||
	    sightings_add_event(&merge, config, event, e) != 0)
		return -1;
	return archive_commit(archive, e);
}

static int
archive_event(const struct config *config, const struct event *event,
    int lock_ms, struct err *e)
{
	/* Left open, too, once all is committed. */
	static struct archive archive;
	struct err ignored;
	int rc;

	if (archive_open(&archive, config->archive, lock_ms, true, e) != 0)
		return -1;
	rc = take_event(&archive, config, event, e);
	/* On a full disk there may be room in the WAL's beginning. */
	if (rc != 0 && e->code == EX_IOERR &&
	    archive_make_room(&archive, &ignored) == 0)
		rc = take_event(&archive, config, event, e);
	if (rc != 0)
		archive_close(&archive);
	return rc;
}

static int
put_in_spool(const struct config *config, const struct event *event,
    int64_t waiting, struct err *e)
{
	if (waiting < config->spool_limit)
		return spool_put(config->spool, event, e);
	return err_set(e, EX_CANTCREAT,
	    "spool: %s: full, %" PRId64 " events wait for a reconcile",
	    config->spool, waiting);
}

/*
 * Into the archive, else into the spool. Only the first event that waits is
 * told of: a reconcile says what became of the others.
 */
static int
keep_event(const struct config *config, const struct event *event,
    struct err *e)
{
	bool fresh = spool_is_fresh(config->spool, event->at_us);
	struct spool_state spool;
	struct err why;

	if (archive_event(config, event, fresh ? 0 : (int)config->lock_deadline,
		&why) == 0)
		return 0;
	spool = spool_look(config->spool, config->spool_limit, event->at_us);
	if (put_in_spool(config, event, spool.waiting, e) != 0)
		return err_wrap(e, "%s", why.text);
	if (spool.waiting == 0)
		log_line(LOG_WARNING,
		    "%s; events wait in %s for the next reconcile", why.text,
		    config->spool);
	return 0;
}

/* Folders that are missing are made, then nothing else can be written to. */
static void
confine_to_folders(const struct config *config)
{
	char folder[PATH_MAX];
	const char *folders[] = { folder, config->spool };
	struct err ignored;

	archive_file_make_folder(config->archive, &ignored);
	spool_make_folder(config->spool, &ignored);
	snprintf(folder, sizeof(folder), "%s", config->archive);
	path_cut_to_folder(folder);
	sandbox_enter(folders, ARRAY_LEN(folders));
}

static int
run_event(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct event event;
	int operands, rc;

	event_init(&event, (enum event_kind)event_kind_from_verb(self->name),
	    clock_wall_us());
	rc = options_parse(self, argc, argv, take_option, &event, &operands, e);
	if (rc == 0)
		rc = event_check(&event, e);
	if (rc == 0) {
		confine_to_folders(config);
		if (event.tag)
			read_matches(&event);
		if (event.kind != EVENT_FLUSH)
			look_up(config, &event);
		rc = keep_event(config, &event, e);
	}
	if (rc != 0) {
		syslog_event_write(&event, e->text);
		/* syslog has the error now; main prints it once more. */
		log_leave_syslog();
	}
	event_free(&event);
	return rc;
}

#define JAIL \
	{ \
		"jail", "NAME", "the jail, fail2ban's <name>" \
	}
#define FAMILY \
	{ \
		"family", "FAMILY", "fail2ban's <family>; not kept" \
	}
#define TIME \
	{ \
		"time", "SECONDS", "the ticket's time, fail2ban's <time>" \
	}

static const struct option_spec ban_options[] = {
	JAIL,
	{ "id", "ID", "what is banned, fail2ban's <fid>" },
	{ "ip", "ADDRESS", "its address, fail2ban's <ip>" },
	FAMILY,
	TIME,
	{ "bantime", "SECONDS", "the ban time, -1 for ever" },
	{ "bancount", "N", "how often it was banned" },
	{ "failures", "N", "how many failures led to the ban" },
	{ "restored", "0|1", "1: it comes back after a restart" },
	{ "matches", NULL, "read the log lines from standard input" },
	{ NULL, NULL, NULL },
};

static const struct option_spec flush_options[] = {
	JAIL,
	FAMILY,
	TIME,
	{ NULL, NULL, NULL },
};

const struct command cmd_ban = {
	.name = "ban",
	.operands = "",
	.summary = "archive a ban (called by fail2ban's action)",
	.options = ban_options,
	.event = true,
	.run = run_event,
};

const struct command cmd_unban = {
	.name = "unban",
	.operands = "",
	.summary = "archive the end of a ban (called by fail2ban's action)",
	.options = ban_options,
	.event = true,
	.run = run_event,
};

const struct command cmd_prolong = {
	.name = "prolong",
	.operands = "",
	.summary = "archive a longer ban time (called by fail2ban's action)",
	.options = ban_options,
	.event = true,
	.run = run_event,
};

const struct command cmd_flush = {
	.name = "flush",
	.operands = "",
	.summary = "note that a jail was flushed (called by fail2ban's action)",
	.options = flush_options,
	.event = true,
	.run = run_event,
};
