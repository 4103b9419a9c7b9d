/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/replay/source.h"

#include <inttypes.h>
#include <sysexits.h>

#include "base/number.h"
#include "base/timestamp.h"
#include "fail2ban/log.h"
#include "os/clock.h"

/* The number of bad lines that are logged. */
#define SHOWN_MAX 5

/* A log in which nobody has written for so long has only whole lines. */
#define WRITING_US (INT64_C(60) * TIMESTAMP_US)

/* The clocks of two machines are not further apart. */
#define AHEAD_US (INT64_C(600) * TIMESTAMP_US)

void
replay_context_free(struct replay_context *context)
{
	fail2ban_log_free(context->log);
	context->log = NULL;
}

void
replay_source_bad(struct replay_source *s, const struct err *why)
{
	s->run.row.bad++;
	if (s->shown++ >= SHOWN_MAX)
		return;
	run_say(&s->run, LOG_WARNING, "%s: %s %" PRId64 ": %s%s", s->name,
	    s->format == REPLAY_DATABASE || s->format == REPLAY_ARCHIVE ?
		"row" :
		"line",
	    s->line, why->text,
	    s->shown == SHOWN_MAX ? "; further ones are only counted" : "");
}

bool
replay_source_is_whole(struct replay_source *s)
{
	const struct line_reader *in = &s->input;
	struct err why = { .code = EX_DATAERR,
		.text =
		    "it has no newline yet, and is left for the next "
		    "replay" };

	if (!in->unfinished || in->stream || in->gzipped ||
	    s->context->goes_on || clock_wall_us() - in->mtime_us > WRITING_US)
		return true;
	if (!s->known)
		replay_source_bad(s, &why);
	s->left = true;
	return false;
}

bool
replay_source_wants(struct replay_source *s, int64_t since_us)
{
	struct err why = { .code = EX_DATAERR,
		.text = "its time is in the future: see --tz" };

	if (since_us > number_add_sat(clock_wall_us(), AHEAD_US)) {
		replay_source_bad(s, &why);
		s->ahead = true;
		return false;
	}
	if (s->options->since_us == UNKNOWN || since_us >= s->options->since_us)
		return true;
	s->run.row.skipped++;
	return false;
}

/* Show that rows were read: done of all bytes, as far as that is known. */
static void
show_reading(const struct replay_source *s, int64_t done, int64_t all)
{
	struct work work = {
		.name = s->name,
		.count = s->run.row.rows,
		.unit = "rows",
		.done = done,
		.all = all,
	};

	if (!s->known)
		work_show(s->run.watch, &work);
}

void
replay_source_show_rows(const struct replay_source *s)
{
	show_reading(s, 0, UNKNOWN);
}

void
replay_source_show_writing(const struct replay_source *s, int64_t done,
    int64_t all)
{
	struct work work = {
		.name = s->name,
		.doing = "all is read; writing",
		.count = done,
		.unit = "lines of bans",
		.done = done,
		.all = all,
	};

	if (!s->known)
		work_show(s->run.watch, &work);
}

int
replay_source_line(struct replay_source *s, const char **line, size_t *len,
    struct err *e)
{
	int64_t done, all;
	struct err why;
	int rc;

	if (run_is_over(&s->run))
		return 0;
	if ((rc = line_reader_next(&s->input, line, len, e)) != 1) {
		/* A signal ends the waiting for a pipe. */
		return rc < 0 && run_is_over(&s->run) ? 0 : rc;
	}
	s->line++;
	s->run.row.rows++;
	if (s->input.cut) {
		err_set(&why, EX_DATAERR, "longer than %zu bytes",
		    LINE_READER_LINE_MAX);
		replay_source_bad(s, &why);
		*len = 0;
	}
	line_reader_progress(&s->input, &done, &all);
	show_reading(s, done, all);
	return 1;
}
