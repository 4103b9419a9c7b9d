/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/replay/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "archive/copy/backup.h"
#include "archive/file.h"
#include "archive/kind.h"
#include "base/escape.h"
#include "base/packed.h"
#include "base/shell_word.h"
#include "base/timestamp.h"
#include "event/event.h"
#include "fail2ban/log_json.h"
#include "job/replay/bans.h"
#include "job/replay/database.h"
#include "job/replay/log.h"
#include "job/replay/spool.h"

const char *const replay_formats[REPLAY_FORMATS] = {
	[REPLAY_ANY] = "",
	[REPLAY_LOG] = "log",
	[REPLAY_DATABASE] = "database",
	[REPLAY_ARCHIVE] = "archive",
	[REPLAY_JSON] = "json",
	[REPLAY_CSV] = "csv",
	[REPLAY_SPOOL] = "spool",
};

static int (*const readers[REPLAY_FORMATS])(struct replay_source *,
    struct err *) = {
	[REPLAY_LOG] = replay_log,
	[REPLAY_DATABASE] = replay_database,
	[REPLAY_ARCHIVE] = replay_archive,
	[REPLAY_JSON] = replay_json,
	[REPLAY_CSV] = replay_csv,
	[REPLAY_SPOOL] = replay_spool,
};

/*
 * Recognise an SQLite file, and an archive by its application id.
 * (sqlite.org/fileformat2.html)
 */
static enum replay_format
guess_database(const unsigned char *bytes, size_t len)
{
	static const char archive[] = "F2BA";

	if (len < 100 || memcmp(bytes, "SQLite format 3", 16) != 0)
		return REPLAY_ANY;
	return memcmp(bytes + 68, archive, 4) == 0 ? REPLAY_ARCHIVE :
						     REPLAY_DATABASE;
}

/*
 * Return true where the first line is a JSON object with a log's line in it,
 * and has no jail, as a ban has.
 */
static bool
is_logged_json(const char *bytes, size_t len)
{
	static const char jail[] = "\"jail\"";
	const char *newline = memchr(bytes, '\n', len), *s = bytes;
	const char *end = newline != NULL ? newline : bytes + len;
	struct buffer text = { 0 };
	bool cut, is;

	for (; (s = memchr(s, '"', (size_t)(end - s))) != NULL; s++) {
		if ((size_t)(end - s) >= strlen(jail) &&
		    memcmp(s, jail, strlen(jail)) == 0)
			return false;
	}
	is = log_json_read(&text, bytes, (size_t)(end - bytes), &cut);
	buffer_free(&text);
	return is;
}

enum replay_format
replay_guess_format(const char *bytes, size_t len)
{
	static const char csv[] = "jail,ident,";
	enum replay_format format =
	    guess_database((const unsigned char *)bytes, len);

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
	return len > 0 && bytes[0] == '{' && !is_logged_json(bytes, len) ?
	    REPLAY_JSON :
	    REPLAY_LOG;
}

/*
 * Hash a database and its WAL, which is content too. This comes before SQLite
 * opens the file: closing it here later would drop SQLite's locks.
 */
static int
hash_database(struct replay_source *s, struct err *e)
{
	char wal[PATH_MAX];
	const char *paths[] = { s->name, wal };

	line_reader_close(&s->input);
	if ((size_t)snprintf(wal, sizeof(wal), "%s-wal", s->name) >=
	    sizeof(wal))
		return err_set(e, EX_NOINPUT, "path too long");
	return line_reader_hash_files(paths, ARRAY_LEN(paths), s->hash,
	    s->run.stop, e);
}

static bool
is_database(enum replay_format format)
{
	return format == REPLAY_DATABASE || format == REPLAY_ARCHIVE;
}

/*
 * Find out what an SQLite file is. Where it cannot be opened its header must
 * do, and the reader says why.
 */
static int
recognise_database(struct replay_source *s, enum replay_format guess,
    struct err *e)
{
	enum archive_kind kind;
	struct err ignored;

	if (archive_kind(s->name, &kind, &ignored) != 0)
		kind = guess == REPLAY_ARCHIVE ? ARCHIVE_KIND_ARCHIVE :
						 ARCHIVE_KIND_OTHER;
	if (kind == ARCHIVE_KIND_EMPTY)
		return err_set(e, EX_DATAERR,
		    "an SQLite file without tables: if it is a copy of an "
		    "archive, its -wal is missing: copy the archive with "
		    "fail2ban-archive backup");
	if (kind == ARCHIVE_KIND_UNMARKED)
		return err_set(e, EX_DATAERR,
		    "it has the tables of an archive, and not its mark: copy "
		    "the archive with fail2ban-archive backup");
	if (kind == ARCHIVE_KIND_ARCHIVE && s->format == REPLAY_DATABASE &&
	    s->options->format != REPLAY_ANY)
		return err_set(e, EX_DATAERR,
		    "it is an archive: leave out --format");
	if (s->options->format == REPLAY_ANY)
		s->format = kind == ARCHIVE_KIND_ARCHIVE ? REPLAY_ARCHIVE :
							   REPLAY_DATABASE;
	return 0;
}

/* Return true when the source has no name, or can be read only once. */
static bool
is_nameless(const struct replay_source *s)
{
	return s->input.stream || strcmp(s->name, "-") == 0;
}

/* Fail with the command that unpacks the source. */
static int
refuse_packed(const struct replay_source *s, const struct packed *packed,
    struct err *e)
{
	const char *options = s->run.row.how != NULL ? "OPTION... " : "";
	const char *several = packed->of_files ?
	    "; if it holds several files, unpack them and name them all" :
	    "";
	char word[SHELL_WORD];

	if (is_nameless(s))
		return err_set(e, EX_DATAERR,
		    "it is %s: unpack it first, with "
		    "%s%s",
		    packed->name, packed->command, several);
	return err_set(e, EX_DATAERR,
	    "it is %s; this reads it: %s %s | fail2ban-archive replay %s-%s",
	    packed->name, packed->command, shell_word(word, s->name, "FILE"),
	    options, several);
}

/* Find out the format, and the hash unless the source is a stream. */
static int
open_source(struct replay_source *s, struct err *e)
{
	const struct packed *packed;
	enum replay_format guess;
	const char *bytes;
	size_t len;

	s->input.stop = s->run.stop;
	if (line_reader_peek(&s->input, &bytes, &len, e) != 0)
		return -1;
	packed = packed_find(bytes, len, s->input.gzipped);
	if (packed != NULL)
		return refuse_packed(s, packed, e);
	guess = replay_guess_format(bytes, len);
	s->format =
	    s->options->format != REPLAY_ANY ? s->options->format : guess;
	if (is_database(guess) != is_database(s->format))
		return err_set(e, EX_DATAERR, "it is no %s",
		    replay_formats[s->format]);
	if (is_database(guess) && (is_nameless(s) || s->input.gzipped))
		return err_set(e, EX_NOINPUT,
		    "an SQLite file cannot be read %s",
		    is_nameless(s) ? "from a pipe: name the file" :
				     "while it is gzipped: unpack it first");
	if (is_database(guess))
		return hash_database(s, e) != 0 ?
		    -1 :
		    recognise_database(s, guess, e);
	if (s->input.stream)
		return 0;
	/* The lines before damage are read all the same, with no hash. */
	if (line_reader_hash(&s->input, s->hash, s->run.stop, e) != 0) {
		s->hash[0] = '\0';
		return e->code == EX_DATAERR ? 0 : -1;
	}
	return 0;
}

/* Say that bans were left out, which someone may have wanted. */
static void
report_refused(struct replay_source *s)
{
	char text[160];

	if (s->run.refused == 0)
		return;
	s->run.row.skipped += s->run.refused;
	snprintf(text, sizeof(text),
	    "%" PRId64
	    " lines or bans are left out: they are of a forgotten "
	    "id, or from before the end of a ban that was pruned; --force "
	    "replays them",
	    s->run.refused);
	run_report(&s->run, LOG_NOTICE, text);
}

/* Find a run that completed the same content: 1, 0, or -1 on failure. */
static int
find_known(struct replay_source *s, struct err *e)
{
	if (s->hash[0] == '\0')
		return 0;
	s->run.row.content = s->hash;
	return s->options->force ? 0 : run_find_known(&s->run, s->summary, e);
}

/* Fail when no line was of the format that the content seemed to have. */
static int
check_usable(const struct replay_source *s, struct err *e)
{
	/* A line that was left may be of any kind; zeros are of none. */
	int64_t read = s->run.row.rows + s->input.zeros - s->left;

	if (read == 0 || s->usable > 0 || s->run.cut_off ||
	    s->options->format != REPLAY_ANY)
		return 0;
	return err_set(e, EX_DATAERR,
	    "nothing in it is of fail2ban or of an archive; see --format");
}

static int
work(void *job, struct err *e)
{
	struct replay_source *s = job;

	/* A run that a power cut ends is not completed, and is done again. */
	if (archive_set_durable(&s->run.archive, false, e) != 0 ||
	    run_note(&s->run, e) != 0 || run_be_bulk(&s->run, e) != 0 ||
	    readers[s->format](s, e) != 0 || check_usable(s, e) != 0)
		return -1;
	/* The hash of a stream is known at its end. */
	if (s->input.stream && !s->run.cut_off &&
	    (line_reader_hash_end(&s->input, s->hash, e) != 0 ||
		find_known(s, e) < 0))
		return -1;
	if (s->left || s->ahead)
		s->run.row.content = NULL;
	report_refused(s);
	return 0;
}

static int
run_source(struct replay_source *s, struct err *e)
{
	int rc = run_main(&s->run, work, NULL, s, e);

	run_sum_up(&s->run, s->summary);
	s->summary->done = rc == 0 || s->run.row.rows > 0;
	if (rc == 0 && s->run.cut_off)
		rc = err_set(e, EX_TEMPFAIL, "interrupted");
	return rc;
}

/* Read a log again for the facts that the next log needs; ignore a failure. */
static void
read_known(struct replay_source *s)
{
	struct err ignored;

	s->known = true;
	replay_log(s, &ignored);
}

static int
with_archive(struct replay_source *s, struct err *e)
{
	int rc = run_open(&s->run, e);

	if (rc == 0)
		rc = find_known(s, e);
	if (rc == 0)
		rc = run_source(s, e);
	else if (rc == 1 && s->format == REPLAY_LOG && s->context->more)
		read_known(s);
	run_close(&s->run);
	return rc < 0 ? -1 : 0;
}

/*
 * Copy the archive, if there is one, for a dry run; dry is the config for it.
 */
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

/* Make the name for the list of runs, which people read much later. */
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

/* Write the options that change the result; a run is known by them, too. */
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
replay_into(const struct run_caller *caller, struct replay_source *s,
    struct err *e)
{
	char escaped[PATH_MAX], how[PATH_MAX];
	int rc;

	run_init(&s->run, caller, RUN_REPLAY);
	s->run.host = s->options->host;
	s->run.refuse = s->options->force ? REFUSE_NONE : REFUSE_PAST;
	name_source(s->name, escaped, sizeof(escaped));
	s->run.row.source = escaped;
	describe(s->options, how, sizeof(how));
	s->run.row.how = how[0] != '\0' ? how : NULL;
	if (line_reader_open(&s->input, s->name, e) != 0)
		return -1;
	rc = open_source(s, e);
	if (rc == 0)
		rc = with_archive(s, e);
	line_reader_close(&s->input);
	return rc;
}

/* A dry run replays into a copy of the archive, which is removed then. */
static int
replay_dry(const struct run_caller *caller, struct replay_source *s,
    struct err *e)
{
	struct config config;
	struct run_caller dry = *caller;
	int rc;

	dry.config = &config;
	rc = make_copy(caller->config, &config, e);
	if (rc == 0)
		rc = replay_into(&dry, s, e);
	remove_copy(&config);
	return rc;
}

int
replay(const struct run_caller *caller, const struct replay_options *options,
    struct replay_context *context, const char *source,
    struct run_summary *summary, struct err *e)
{
	struct replay_source s = {
		.options = options,
		.context = context,
		.summary = summary,
		.name = source,
	};
	int turn, rc;

	*summary = (struct run_summary){ .busy = false };
	if ((turn = run_wait_turn(caller, RUN_REPLAY, e)) < 0)
		return -1;
	rc = options->dry_run ? replay_dry(caller, &s, e) :
				replay_into(caller, &s, e);
	close(turn);
	return rc;
}
