/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/replay.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "archive/backup.h"
#include "archive/file.h"
#include "base/escape.h"
#include "event/event.h"
#include "os/log.h"
#include "os/clock.h"
#include "base/number.h"
#include "base/timestamp.h"

/* So many bad lines are told of. */
#define SHOWN_MAX 5

/* Clocks of two machines are not further apart. */
#define AHEAD_US (INT64_C(600) * TIMESTAMP_US)

/* Until then all is over; a replay has no deadline of its own. */
#define DEADLINE_MS (INT_MAX / 2)

const char *const replay_formats[REPLAY_FORMATS] = {
	[REPLAY_ANY] = "",
	[REPLAY_LOG] = "log",
	[REPLAY_DATABASE] = "database",
	[REPLAY_ARCHIVE] = "archive",
	[REPLAY_JSON] = "json",
	[REPLAY_CSV] = "csv",
	[REPLAY_SPOOL] = "spool",
};

static int (*const readers[REPLAY_FORMATS])(struct replay *, struct err *) = {
	[REPLAY_LOG] = replay_log,
	[REPLAY_DATABASE] = replay_database,
	[REPLAY_ARCHIVE] = replay_archive,
	[REPLAY_JSON] = replay_json,
	[REPLAY_CSV] = replay_csv,
	[REPLAY_SPOOL] = replay_spool,
};

void
replay_bad(struct replay *r, const struct err *why)
{
	r->run.row.bad++;
	if (r->shown++ >= SHOWN_MAX)
		return;
	log_line(LOG_WARNING, "%s: %s %" PRId64 ": %s%s", r->source,
	    r->format == REPLAY_DATABASE || r->format == REPLAY_ARCHIVE ?
		"row" :
		"line",
	    r->line, why->text,
	    r->shown == SHOWN_MAX ? "; further ones are only counted" : "");
}

bool
replay_wants(struct replay *r, int64_t since_us)
{
	struct err why = { .code = EX_DATAERR,
		.text = "of a time that is yet to come: see --tz" };

	if (since_us > number_add_sat(clock_wall_us(), AHEAD_US)) {
		replay_bad(r, &why);
		return false;
	}
	if (r->options->since_us == UNKNOWN || since_us >= r->options->since_us)
		return true;
	r->run.row.skipped++;
	return false;
}

int
replay_line(struct replay *r, const char **line, size_t *len, struct err *e)
{
	int64_t at, size;
	struct err why;
	int rc;

	if (run_is_over(&r->run))
		return 0;
	if ((rc = line_reader_next(&r->input, line, len, e)) != 1) {
		/* A signal ends the waiting for a pipe. */
		return rc < 0 && run_is_over(&r->run) ? 0 : rc;
	}
	r->line++;
	r->run.row.rows++;
	if (r->input.cut) {
		err_set(&why, EX_DATAERR, "longer than %zu bytes",
		    LINE_READER_LINE_MAX);
		replay_bad(r, &why);
		*len = 0;
	}
	line_reader_progress(&r->input, &at, &size);
	progress_show(&r->progress, r->source, at, size, r->run.row.rows);
	return 1;
}

/* SQLite's file, and whose it is (sqlite.org/fileformat2, application id). */
static enum replay_format
tell_database(const unsigned char *bytes, size_t len)
{
	static const char archive[] = "F2BA";

	if (len < 100 || memcmp(bytes, "SQLite format 3", 16) != 0)
		return REPLAY_ANY;
	return memcmp(bytes + 68, archive, 4) == 0 ? REPLAY_ARCHIVE :
						     REPLAY_DATABASE;
}

/* What the first bytes tell; a log has no beginning of its own. */
static enum replay_format
tell_format(const char *bytes, size_t len)
{
	static const char csv[] = "jail,ident,";
	enum replay_format format =
	    tell_database((const unsigned char *)bytes, len);

	if (format != REPLAY_ANY)
		return format;
	for (int kind = EVENT_BAN; kind <= EVENT_FLUSH; kind++) {
		size_t n = strlen(event_verb((enum event_kind)kind)) + 1;

		if (len > n &&
		    memcmp(bytes, event_verb((enum event_kind)kind), n) == 0)
			return REPLAY_SPOOL;
	}
	if (len >= sizeof(csv) && memcmp(bytes, csv, sizeof(csv) - 1) == 0)
		return REPLAY_CSV;
	return len > 0 && bytes[0] == '{' ? REPLAY_JSON : REPLAY_LOG;
}

/*
 * A database is not read while it is open here: its hash is made first. What
 * has not come into it from its WAL is content as well.
 */
static int
hash_database(struct replay *r, struct err *e)
{
	char wal[PATH_MAX];
	const char *paths[] = { r->source, wal };

	line_reader_close(&r->input);
	if ((size_t)snprintf(wal, sizeof(wal), "%s-wal", r->source) >=
	    sizeof(wal))
		return err_set(e, EX_NOINPUT, "path too long");
	return line_reader_hash_files(paths, ARRAY_LEN(paths), r->hash,
	    r->run.stop, e);
}

static bool
is_database(enum replay_format format)
{
	return format == REPLAY_DATABASE || format == REPLAY_ARCHIVE;
}

/* Open it, know its format, and its hash where it can be read twice. */
static int
open_source(struct replay *r, struct err *e)
{
	enum replay_format told;
	const char *bytes;
	size_t len;

	r->input.stop = r->run.stop;
	if (line_reader_peek(&r->input, &bytes, &len, e) != 0)
		return -1;
	told = tell_format(bytes, len);
	r->format =
	    r->options->format != REPLAY_ANY ? r->options->format : told;
	if (is_database(told) != is_database(r->format))
		return err_set(e, EX_DATAERR, "it is no %s",
		    replay_formats[r->format]);
	if (is_database(told) && r->input.stream)
		return err_set(e, EX_NOINPUT,
		    "an SQLite file cannot be read from a pipe: name the file");
	if (is_database(told))
		return hash_database(r, e);
	if (r->input.stream)
		return 0;
	/* What stands before the damage is read all the same. */
	if (line_reader_hash(&r->input, r->hash, r->run.stop, e) != 0) {
		r->hash[0] = '\0';
		return e->code == EX_DATAERR ? 0 : -1;
	}
	return 0;
}

/* Whether this content was completed already; then it is said. */
static int
is_known(struct replay *r, struct err *e)
{
	if (r->hash[0] == '\0')
		return 0;
	r->run.row.content = r->hash;
	return r->options->force ? 0 : run_is_known(&r->run, r->source, e);
}

/* Whether nothing in it was of the format it was taken for. */
static int
check_taken(struct replay *r, struct err *e)
{
	if (r->run.row.rows == 0 || r->taken > 0 || r->run.cut_off ||
	    r->options->format != REPLAY_ANY)
		return 0;
	return err_set(e, EX_DATAERR,
	    "nothing in it is of fail2ban or of an archive; see --format");
}

static void
print_summary(const struct replay *r)
{
	const struct archive_run *row = &r->run.row;
	const char *would = r->options->dry_run ? " would be" : "";
	char name[PATH_MAX];

	escape_text(name, sizeof(name), r->source, strlen(r->source));
	printf("replay: %s: %" PRId64 " rows read, %" PRId64
	       " bans%s added, %" PRId64 "%s changed, %" PRId64
	       " skipped, %" PRId64 " bad%s\n",
	    name, row->rows, row->added, would, row->changed, would,
	    row->skipped, row->bad,
	    r->run.cut_off ? "; interrupted, do it again to go on" : "");
}

static int
read_source(struct replay *r, struct err *e)
{
	/* What is lost in a power cut is read again: the run is not ended. */
	if (archive_set_durable(&r->run.archive, false, e) != 0 ||
	    run_note(&r->run, e) != 0 || run_be_bulk(&r->run, e) != 0)
		return -1;
	progress_begin(&r->progress);
	if (readers[r->format](r, e) != 0 || check_taken(r, e) != 0) {
		progress_end(&r->progress);
		return -1;
	}
	progress_end(&r->progress);
	if (r->input.stream && !r->run.cut_off) {
		if (line_reader_hash_end(&r->input, r->hash, e) != 0)
			return -1;
		/* Only now it is known, and all of it was there already. */
		if (is_known(r, e) < 0)
			return -1;
	}
	return 0;
}

/* The run and its end, whatever becomes of it. */
static int
run_source(struct replay *r, struct err *e)
{
	struct err also;
	int rc = read_source(r, e);

	run_rollback(&r->run);
	if (run_end(&r->run,
		rc != 0		   ? RUN_FAILED :
		    r->run.cut_off ? RUN_INTERRUPTED :
				     RUN_COMPLETED,
		rc != 0 ? e->text : NULL, rc != 0 ? &also : e) != 0)
		rc = -1;
	if (rc == 0 || r->run.row.rows > 0)
		print_summary(r);
	if (rc == 0 && r->run.cut_off)
		rc = err_set(e, EX_TEMPFAIL, "interrupted");
	return rc;
}

/* What it tells of a later log is of use; that it fails is told by nobody. */
static void
read_known(struct replay *r)
{
	struct err ignored;

	r->known = true;
	replay_log(r, &ignored);
}

static int
with_archive(struct replay *r, struct err *e)
{
	int rc;

	if (open_source(r, e) != 0)
		return -1;
	if (archive_open(&r->run.archive, r->run.config->archive,
		run_lock_ms(&r->run), false, e) != 0)
		return -1;
	archive_unlock(&r->run.archive);
	rc = is_known(r, e);
	if (rc == 0)
		rc = run_source(r, e);
	else if (rc == 1 && r->format == REPLAY_LOG && r->context->more)
		read_known(r);
	archive_close(&r->run.archive);
	return rc < 0 ? -1 : 0;
}

/* A dry run reads into a copy of the archive, which is then gone. */
static int
make_copy(const struct config *config, struct config *dry, struct err *e)
{
	struct archive archive;
	int rc;

	*dry = *config;
	if ((size_t)snprintf(dry->archive, sizeof(dry->archive),
		"%s" BESIDE_DRY_RUN, config->archive) >= sizeof(dry->archive))
		return err_set(e, EX_CONFIG, "archive: path too long");
	archive_file_remove(dry->archive);
	if (access(config->archive, F_OK) != 0)
		return 0;
	if (archive_open_read(&archive, config->archive, e) != 0)
		return -1;
	rc = archive_copy(&archive, dry->archive, e);
	archive_close(&archive);
	return rc;
}

static void
remove_copy(const struct config *dry)
{
	static const char *const beside[] = { BESIDE_GATE, BESIDE_WRITE };
	char path[PATH_MAX + 16];

	archive_file_remove(dry->archive);
	for (size_t i = 0; i < ARRAY_LEN(beside); i++) {
		snprintf(path, sizeof(path), "%s%s", dry->archive, beside[i]);
		unlink(path);
	}
}

/* Its name in the list of runs, where it is read long after. */
static void
name_source(const char *source, char *name, size_t room)
{
	char path[PATH_MAX];

	if (strcmp(source, "-") == 0)
		source = "standard input";
	else if (realpath(source, path) != NULL)
		source = path;
	escape_text(name, room, source, strlen(source));
}

/* What was wanted of a source: what was read otherwise was not this. */
static void
describe(const struct replay_options *options, char *how, size_t room)
{
	char year[24] = "", since[32] = "";

	if (options->year != UNKNOWN)
		snprintf(year, sizeof(year), "%" PRId64, options->year);
	if (options->since_us != UNKNOWN)
		snprintf(since, sizeof(since), "%" PRId64,
		    options->since_us / TIMESTAMP_US);
	const struct {
		const char *name, *value;
	} all[] = {
		{ "format", replay_formats[options->format] },
		{ "tz", options->zone },
		{ "year", year },
		{ "since", since },
		{ "host", options->host },
	};
	size_t len = 0;

	how[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(all) && len < room; i++) {
		if (all[i].value == NULL || all[i].value[0] == '\0')
			continue;
		len += (size_t)snprintf(how + len, room - len, "%s--%s %s",
		    len > 0 ? " " : "", all[i].name, all[i].value);
	}
}

static int
replay_alone(const struct config *config, const struct replay_options *options,
    struct replay_context *context, const char *source,
    const volatile sig_atomic_t *stop, struct err *e)
{
	char escaped[PATH_MAX], how[PATH_MAX];
	struct replay r = {
		.options = options,
		.context = context,
		.source = source,
		.run = {
			.config = config,
			.stop = stop,
			.host = options->host,
			.deadline_ms = clock_steady_ms() + DEADLINE_MS,
			.row = {
				.kind = RUN_REPLAY,
				.state = RUN_RUNNING,
				.source = escaped,
				.started_us = clock_wall_us(),
				.finished_us = UNKNOWN,
				.gap_seconds = UNKNOWN,
			},
		},
	};
	int rc;

	name_source(source, escaped, sizeof(escaped));
	describe(options, how, sizeof(how));
	r.run.row.how = how[0] != '\0' ? how : NULL;
	if (line_reader_open(&r.input, source, e) != 0)
		return -1;
	rc = with_archive(&r, e);
	line_reader_close(&r.input);
	return rc;
}

int
replay(const struct config *config, const struct replay_options *options,
    struct replay_context *context, const char *source,
    const volatile sig_atomic_t *stop, struct err *e)
{
	struct config dry;
	int turn = run_wait_turn(config, RUN_REPLAY, stop, e), rc = -1;

	if (turn < 0)
		return -1;
	if (!options->dry_run) {
		rc = replay_alone(config, options, context, source, stop, e);
	} else {
		if (make_copy(config, &dry, e) == 0)
			rc = replay_alone(&dry, options, context, source, stop,
			    e);
		remove_copy(&dry);
	}
	close(turn);
	return rc;
}
