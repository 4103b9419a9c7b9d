/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Old bans into the archive: logs, databases, archives, exports, events that
 * waited elsewhere. Each source is a run, known by its content. What is read is
 * read first, with no lock of ours, then written in short transactions. All of
 * it may be done again: what the archive has, it has once.
 */
#ifndef JOB_REPLAY_H
#define JOB_REPLAY_H

#include "os/line_reader.h"
#include "job/run.h"
#include "os/progress.h"

enum replay_format {
	REPLAY_ANY, /* the content tells */
	REPLAY_LOG,
	REPLAY_DATABASE,
	REPLAY_ARCHIVE,
	REPLAY_JSON,
	REPLAY_CSV,
	REPLAY_SPOOL,
	REPLAY_FORMATS
};

/* Their names, for --format and for people; "" for REPLAY_ANY. */
extern const char *const replay_formats[REPLAY_FORMATS];

struct replay_options {
	enum replay_format format;
	int64_t year;	  /* of log lines that have none; UNKNOWN */
	int64_t since_us; /* what is older is passed over; UNKNOWN */
	const char *host; /* whose bans they are; NULL: this machine's */
	const char *zone; /* of a log; TZ has it already. NULL: none is named */
	bool force;	  /* though the content was read before */
	bool dry_run;	  /* only say what would be */
};

/*
 * What a log tells is of use for the next one, which a rotation made of the
 * same: when the server started, with which ban times. All zero at first.
 */
struct replay_context {
	struct fail2ban_log *log; /* of the logs so far */
	bool more;		  /* another source follows */
	int64_t mtime_us;	  /* of the last of them, or UNKNOWN */
};

void replay_context_free(struct replay_context *context);

/* One source on its way. */
struct replay {
	const struct replay_options *options;
	struct replay_context *context;
	const char *source; /* as it was named */
	enum replay_format format;
	struct run run;
	struct line_reader input; /* not of a database or an archive */
	char hash[LINE_READER_HASH];
	int64_t line;  /* the line, or row, that is looked at */
	int64_t taken; /* lines that are of the format */
	int64_t shown; /* bad ones that were told of */
	bool known;    /* it is read for the next source only */
	struct progress progress;
};

/*
 * Replay one source. What was done is said on standard output. Fails with the
 * codes of what went wrong; what was read until then is archived.
 */
int replay(const struct config *config, const struct replay_options *options,
    struct replay_context *context, const char *source,
    const volatile sig_atomic_t *stop, struct err *e);

/*
 * The kinds of sources, each in a file of its own: read all of it. They stop
 * when run_is_over.
 */
int replay_log(struct replay *r, struct err *e);
int replay_database(struct replay *r, struct err *e);
int replay_archive(struct replay *r, struct err *e);
int replay_json(struct replay *r, struct err *e);
int replay_csv(struct replay *r, struct err *e);
int replay_spool(struct replay *r, struct err *e);

/* Count the present line as bad; the first few are told of, with its number. */
void replay_bad(struct replay *r, const struct err *why);

/*
 * Whether something of that time is wanted. What is too old is counted as
 * skipped; what lies in the future, as bad: a clock, or a time zone, is wrong.
 */
bool replay_wants(struct replay *r, int64_t since_us);

/*
 * The next line of the input, counted: 1, 0 at the end or when the run is over,
 * or -1. Progress is shown.
 */
int replay_line(struct replay *r, const char **line, size_t *len,
    struct err *e);

#endif
