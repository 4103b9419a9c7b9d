/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ban, unban, prolong, flush: fail2ban's action calls these. fail2ban bans
 * nothing else meanwhile, so each millisecond counts. No event may be lost: one
 * that cannot be archived in time goes to the spool, and one that cannot be
 * spooled goes to syslog.
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
#include "base/buffer.h"
#include "base/path.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "event/last_resort.h"
#include "event/spool.h"
#include "event/syslog_event.h"
#include "fail2ban/database_path.h"
#include "ingest/sightings.h"
#include "os/clock.h"
#include "os/log.h"
#include "os/sandbox.h"

/* The most bytes of <matches>, and of a row's data, that are taken. */
#define MATCHES_MAX (1024 * 1024)
#define DATA_MAX (1024 * 1024)
/*
 * The look-up in fail2ban's database may take LOOK_UP_MS. It waits BUSY_MS for
 * fail2ban to write, which takes fail2ban a millisecond, and sleeps NAPS times
 * for a row that fail2ban has not written yet.
 */
#define BUSY_MS 10
#define NAPS 4
#define NAP_NS 3000000
#define LOOK_UP_MS 100

/*
 * The command opens these and does not close them: the end of the process does
 * it, and saves a tenth of the event's time.
 */
struct handles {
	struct fail2ban_database database;
	struct archive archive;
};

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
 * Read the log lines that the action writes to our standard input, to the end:
 * if we closed it early, a signal would kill the action's shell.
 */
static void
read_matches(struct event *event)
{
	struct buffer raw = { 0 };
	char some[8192];
	ssize_t n;

	while ((n = read(STDIN_FILENO, some, sizeof(some))) > 0 ||
	    (n < 0 && errno == EINTR)) {
		size_t room = MATCHES_MAX - raw.len;

		if (n > 0)
			buffer_put(&raw, some,
			    (size_t)n < room ? (size_t)n : room);
	}
	if (!raw.failed)
		event->data =
		    utf8_mend(raw.len > 0 ? raw.s : "", raw.len, NULL);
	if (event->data == NULL)
		log_line(LOG_ERR,
		    "out of memory: the log lines of the ban of %s are lost",
		    event->ident != NULL ? event->ident : "-");
	buffer_free(&raw);
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
 * Take the jail from fail2ban's database where the action has hidden its name.
 * Returns as find_row does.
 */
static int
find_jail(struct event *event, struct fail2ban_database *f, int64_t timeofban)
{
	char *jail;
	int rc = fail2ban_database_find_jail(f, event->ident, timeofban, &jail,
	    NULL);

	if (rc != 1)
		return rc;
	free(event->jail);
	free(event->action);
	event->jail = jail;
	event->action = NULL;
	return 1;
}

/*
 * Find the event's row: 1, 0 when there is none, -1 on failure. Another thread
 * of fail2ban writes the row of a new ban; on a busy machine it does so a
 * moment after the action was called.
 */
static int
find_row(const struct config *config, struct event *event,
    struct fail2ban_database *f, int64_t timeofban, struct fail2ban_row *row)
{
	struct timespec nap = { .tv_nsec = NAP_NS };
	int64_t max_data =
	    config->evidence == CONFIG_EVIDENCE_DATABASE ? DATA_MAX : 0;
	int rc = 0,
	    naps = event->kind == EVENT_BAN && !event->restored ? NAPS : 0;

	for (; rc == 0 && naps >= 0; naps--) {
		rc = event->action != NULL ? find_jail(event, f, timeofban) : 1;
		if (rc == 1)
			rc = fail2ban_database_find(f, event->jail,
			    event->ident, timeofban, max_data, row, NULL);
		if (rc == 0 && naps > 0)
			nanosleep(&nap, NULL);
	}
	return rc;
}

/* Add to the event what fail2ban's database has of its ban. */
static void
look_up(struct fail2ban_database *f, const struct config *config,
    struct event *event)
{
	struct fail2ban_row row = { 0 };
	char path[PATH_MAX];
	int64_t timeofban;
	int rc;

	database_path_get(config, path);
	if (path[0] == '\0' ||
	    timestamp_parse_ticket(event->time, NULL, &timeofban, NULL, NULL) !=
		0)
		return;
	if (fail2ban_database_open(f, path, BUSY_MS, LOOK_UP_MS, NULL) != 0)
		return;
	rc = find_row(config, event, f, timeofban, &row);
	if (event->action != NULL)
		return;
	event->row_dev = f->dev;
	event->row_ino = f->ino;
	event->row_born_us = f->born_us;
	if (rc == 0)
		event->row = EVENT_ROW_GONE;
	else if (rc == 1)
		take_row(event, &row);
	fail2ban_row_free(&row);
}

static int
write_event(struct archive *archive, const struct config *config,
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
archive_event(struct archive *archive, const struct config *config,
    const struct event *event, int lock_ms, struct err *e)
{
	struct err ignored;
	int rc;

	if (archive_open(archive, config->archive, lock_ms, true, e) != 0)
		return -1;
	rc = write_event(archive, config, event, e);
	/* On a full disk there may be room at the beginning of the WAL. */
	if (rc != 0 && e->code == EX_IOERR &&
	    archive_make_room(archive, &ignored) == 0)
		rc = write_event(archive, config, event, e);
	if (rc != 0)
		archive_close(archive);
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
 * Archive the event, or else put it into the spool. Only the first spooled
 * event is logged; the next reconcile logs what becomes of the others.
 */
static int
keep_event(struct archive *archive, const struct config *config,
    const struct event *event, struct err *e)
{
	bool fresh = spool_is_fresh(config->spool, event->at_us);
	struct spool_state spool;
	struct err why;

	if (config->unread)
		return err_set(e, EX_OSERR,
		    "the config could not be read: where the archive and the "
		    "spool lie is not known");
	/* While another event's spooling is fresh, do not wait for the lock. */
	if (archive_event(archive, config, event,
		fresh ? 0 : (int)config->lock_deadline, &why) == 0)
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

/* Make the folders where they are missing; then allow writing only there. */
static void
confine_to_folders(const struct config *config)
{
	char folder[PATH_MAX];
	const char *folders[] = { folder, config->spool };
	struct err ignored;

	if (config->unread)
		return;
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
	/* Static, so that a leak checker finds what it owns. */
	static struct handles handles;
	struct event event;
	int operands, rc;
	bool whole; /* it is an event, and not a wrong command line */

	event_init(&event, (enum event_kind)event_kind_from_verb(self->name),
	    clock_wall_us());
	rc = options_parse(self, argc, argv, take_option, &event, &operands, e);
	if (rc == 0)
		rc = event_check(&event, e);
	whole = rc == 0;
	if (whole) {
		event_settle_jail(&event);
		confine_to_folders(config);
		if (event.tag)
			read_matches(&event);
		if (event.kind != EVENT_FLUSH)
			look_up(&handles.database, config, &event);
		rc = event.action == NULL ?
		    keep_event(&handles.archive, config, &event, e) :
		    err_set(e, EX_CONFIG,
			"the jail is not known: remove the parameter name=%s "
			"from the action fail2ban-archive",
			event.jail);
	}
	if (rc != 0) {
		syslog_event_write(&event, e->text);
		if (whole && !config->unread)
			last_resort_note(config->archive);
		/* syslog has the error now; it is printed once more. */
		log_leave_syslog();
	}
	event_free(&event);
	return rc;
}

#define JAIL \
	{ \
		"jail", "NAME", "the jail, fail2ban's <name>" \
	}
#define ACTION \
	{ \
		"action", "NAME", "the action's name, fail2ban's <actname>" \
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
	ACTION,
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
	ACTION,
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
