/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One source of a replay, while it is read, and what its readers have in
 * common: the next line, which bans are wanted, what to do with a bad line.
 * There is a reader for each kind of source: replay_log, replay_database,
 * replay_bans, replay_spool. A reader reads all of its source, and stops when
 * run_is_over.
 */
#ifndef JOB_REPLAY_SOURCE_H
#define JOB_REPLAY_SOURCE_H

#include "job/run.h"
#include "os/line_reader.h"

enum replay_format {
	REPLAY_ANY, /* the content decides */
	REPLAY_LOG,
	REPLAY_DATABASE,
	REPLAY_ARCHIVE,
	REPLAY_JSON,
	REPLAY_CSV,
	REPLAY_SPOOL,
	REPLAY_FORMATS /* how many there are */
};

struct replay_options {
	enum replay_format format;
	int64_t year;	  /* of log lines without a year; UNKNOWN: find out */
	int64_t since_us; /* older bans are skipped; UNKNOWN: none are */
	const char *host; /* whose bans they are; NULL: this machine's */
	const char *zone; /* the log's, which TZ has already; NULL: TZ's own */
	bool force;	  /* replay a source again that was completed before */
	bool dry_run;	  /* only count what would be added */
};

/*
 * The reader of a rotated log needs facts from the log before it: when the
 * server was started, and with which ban times. All zero before the first
 * source. Release with replay_context_free.
 */
struct replay_context {
	struct fail2ban_log *log; /* the reader of the logs so far, or NULL */
	int64_t mtime_us;	  /* when the last of them was written to */
	/* The caller says: another source follows, and it is the same log. */
	bool more, goes_on;
};

/* Forget the logs so far. */
void replay_context_free(struct replay_context *context);

struct replay_source {
	const struct replay_options *options;
	struct replay_context *context;
	struct run_summary *summary;
	const char *name; /* as the user gave it */
	enum replay_format format;
	struct run run;
	struct line_reader input; /* closed for a database or an archive */
	char hash[DIGEST_HEX];	  /* of the content; "": not known yet */
	int64_t line;		  /* the number of the present line, or row */
	int64_t usable; /* the number of lines that are of the format */
	int64_t shown;	/* the number of bad lines that were logged */
	bool known; /* completed before, and read for the next source only */
	bool left;  /* its last line was left: another run must read it again */
	bool ahead; /* some of it is in the future: the same */
};

/*
 * Read the next line of the input and count it. It lives until the next call.
 * A line that is too long is counted as bad, and returned empty. Returns 1, 0
 * at the end or when the run is over, or -1 as line_reader_next does.
 */
int replay_source_line(struct replay_source *s, const char **line, size_t *len,
    struct err *e);

/*
 * Count the present line as bad; log why, with its number, for the first few.
 */
void replay_source_bad(struct replay_source *s, const struct err *why);

/*
 * Return true when all of the present line is there. The last line of a log
 * without a newline may be half of one, and "Ban 192.0.2.1" half of another
 * address. It counts as whole in a stream and in a packed file, where a younger
 * file of the same log follows, and where nobody has written to the file for a
 * minute: fail2ban writes a line at once. Otherwise it is counted as bad, and
 * the run is not taken for one that completed the file.
 */
bool replay_source_is_whole(struct replay_source *s);

/*
 * Return true when a ban or an event of that time is wanted. One that is too
 * old is counted as skipped. One in the future is counted as bad: a clock or a
 * time zone is wrong. The run is then not taken for one that completed the
 * source, because the clock may be right at the next one.
 */
bool replay_source_wants(struct replay_source *s, int64_t since_us);

/* Show the work: the rows that were read, or done lines of all written. */
void replay_source_show_rows(const struct replay_source *s);
void replay_source_show_writing(const struct replay_source *s, int64_t done,
    int64_t all);

#endif
